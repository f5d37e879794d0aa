"""docs/testing.md in a small project of somebody else: what it shows runs there as it stands, with pytest and with
Django's own runner, on SQLite's database in memory."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.processes import temporary_folder
from tests.servers import ROOT, environment

PAGE = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
FILES = dict(
    re.findall(r"^```python\n# (test_\w+\.py|conftest\.py)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
)
PREFIX = re.search(r"^```python\n# conftest\.py, below a prefix\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)

SETTINGS = """
SECRET_KEY = "only for tests"
USE_TZ = True
ROOT_URLCONF = "urls"
STATIC_URL = "/static/"
INSTALLED_APPS = [
    "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.staticfiles",
    "channels", "teahouse",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "never-made.sqlite3"}}
"""
URLS = """
from django.urls import include, path
urlpatterns = [path("chat/", include("teahouse.urls"))]
"""
MORE = '''
import urllib.request

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from teahouse import testing


@pytest.mark.parametrize("round", range(3))
def test_each_test_begins_with_nothing(teahouse_server, round):
    """A server after the other, each on an own database; pages, static files, threads that write at once."""
    cast = testing.cast("orders")
    assert cast.room.pk == 1
    with urllib.request.urlopen(teahouse_server.chat_url + "manifest.webmanifest") as page:
        assert page.status == 200
    with urllib.request.urlopen(teahouse_server.url + "/static/teahouse/chat.js") as script:
        assert script.status == 200
    clients = [teahouse_server.connect(who) for who in (cast.owner, cast.member, cast.bot)]
    rooms = [client.room("orders") for client in clients]
    for number in range(10):
        for room in rooms:
            room.send(f"{room!r} {number}")
        cast.room.title = f"Orders {number}"
        cast.room.save(update_fields=["title"])
    assert len(testing.posted("orders")) == 30
    guest = teahouse_server.connect(cast.guest)
    assert guest.you["name"] == "Gast" and guest.ticket
    assert teahouse_server.connect(name="Gina").you["kind"] == "guest"


def test_in_a_transaction_it_says_what_to_do(db):
    with pytest.raises(ImproperlyConfigured, match="transaction=True"):
        testing.Server().__enter__()


def test_the_database_in_memory_is_back(transactional_db):
    assert connection.is_in_memory_db()
    assert connection.introspection.table_names()
'''


@pytest.fixture(scope="module")
def project() -> Iterator[Path]:
    assert PREFIX is not None
    with temporary_folder("host") as folder:
        for name, text in {**FILES, "settings.py": SETTINGS, "urls.py": URLS, "test_more.py": MORE}.items():
            (folder / name).write_text(text)
        with (folder / "conftest.py").open("a") as conftest:
            conftest.write(PREFIX[1])
        yield folder


def run(project: Path, *words: str, module: str = "settings") -> str:
    env = environment(DJANGO_SETTINGS_MODULE=module, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    env["PYTHONPATH"] += f":{project}"
    command = [sys.executable, "-W", "error", "-m", *words]
    done = subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, timeout=55)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_with_pytest(project: Path) -> None:
    assert set(FILES) == {"test_orders.py", "conftest.py", "test_live.py", "test_live_case.py"}
    said = run(
        project,
        "pytest",
        "-q",
        "-p",
        "pytest_django.plugin",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(project),
    )
    assert " 9 passed" in f" {said.splitlines()[-1]}", said


def test_on_postgresql(project: Path, postgres_url: str) -> None:
    """Where no connection may be left when the database is removed."""
    where = urlsplit(postgres_url)
    options = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": where.path.lstrip("/"),
        "USER": where.username or "",
        "PASSWORD": where.password or "",
        "HOST": where.hostname or "",
        "PORT": where.port or "",
    }
    (project / "on_postgresql.py").write_text(
        f"from settings import *\nDATABASES = {{'default': {options!r}}}\n"
    )
    words = [
        "pytest",
        "-q",
        "-p",
        "pytest_django.plugin",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(project),
    ]
    said = run(project, *words, "test_live.py", "test_live_case.py", module="on_postgresql")
    assert " 3 passed" in f" {said.splitlines()[-1]}", said


def test_with_unittest(project: Path) -> None:
    assert "Ran 1 test" in run(project, "django", "test", "--pattern", "test_live_case.py")
    assert not (project / "never-made.sqlite3").exists()
