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
PREFIX = re.search(
    r"^```python\n# conftest\.py, with sockets elsewhere\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE
)
OWN_DATABASE = re.search(
    r"^```python\n# test_orders\.py, with a database of its own\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE
)

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
ELSEWHERE = """
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path
pages = get_asgi_application()
from teahouse import routing
application = ProtocolTypeRouter(
    {"http": pages, "websocket": URLRouter([path("live/", URLRouter(routing.websocket_urlpatterns))])}
)
"""
ROUTER = """
class Router:
    def db_for_read(self, model, **hints):
        return "talk" if model._meta.app_label == "teahouse" else None

    db_for_write = db_for_read

    def allow_migrate(self, db, app_label, **hints):
        return (db == "talk") == (app_label == "teahouse")
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
    with temporary_folder("host") as folder:
        write(folder, {**FILES, "settings.py": SETTINGS, "urls.py": URLS, "test_more.py": MORE})
        yield folder


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).write_text(text)


def run(project: Path, *words: str) -> str:
    env = environment(DJANGO_SETTINGS_MODULE="settings", PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    env["PYTHONPATH"] += f":{project}"
    command = [sys.executable, "-W", "error", "-m", *words]
    done = subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, timeout=110)
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


def test_on_postgresql_with_the_sockets_elsewhere(tmp_path: Path, postgres_url: str) -> None:
    """Where no connection may be left when the database is removed."""
    assert PREFIX is not None
    where = urlsplit(postgres_url)
    options = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": where.path.lstrip("/"),
        "USER": where.username or "",
        "PASSWORD": where.password or "",
        "HOST": where.hostname or "",
        "PORT": where.port or "",
    }
    more = f"DATABASES = {{'default': {options!r}}}\nASGI_APPLICATION = 'elsewhere.application'\n"
    case = FILES["test_live_case.py"].replace("Case):\n", 'Case):\n    chat_prefix = "/live/"\n\n')
    files = {
        **FILES, "conftest.py": FILES["conftest.py"] + PREFIX[1], "test_live_case.py": case,
        "settings.py": SETTINGS + more, "urls.py": URLS, "elsewhere.py": ELSEWHERE,
    }  # fmt: skip
    write(tmp_path, files)
    words = [
        "pytest",
        "-q",
        "-p",
        "pytest_django.plugin",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(tmp_path),
    ]
    said = run(tmp_path, *words, "test_live.py", "test_live_case.py")
    assert " 3 passed" in f" {said.splitlines()[-1]}", said


def test_with_a_database_of_its_own(tmp_path: Path) -> None:
    assert OWN_DATABASE is not None
    more = (
        'DATABASES["talk"] = {**DATABASES["default"], "NAME": "never-made-talk.sqlite3"}\n'
        'DATABASE_ROUTERS = ["router.Router"]\nINSTALLED_APPS += ["teahouse.project_outbox"]\n'
    )
    files = {
        "conftest.py": FILES["conftest.py"], "settings.py": SETTINGS + more, "urls.py": URLS, "router.py": ROUTER,
        "test_orders.py": OWN_DATABASE[1],
    }  # fmt: skip
    write(tmp_path, files)
    words = ["pytest", "-q", "-p", "pytest_django.plugin", "-p", "no:cacheprovider"]
    said = run(tmp_path, *words, "--rootdir", str(tmp_path))
    assert " 3 passed" in f" {said.splitlines()[-1]}", said


def test_with_unittest(project: Path) -> None:
    assert "Ran 1 test" in run(project, "django", "test", "--pattern", "test_live_case.py")
    assert not (project / "never-made.sqlite3").exists()
