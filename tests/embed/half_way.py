"""`manage.py migrate --plan` in a project that somebody has come half-way with, in many ways: a child of this process
for each. Prints a line of JSON for each: which lines are there, how it ended, what it said.

    python -m tests.embed.half_way FOLDER
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.management import execute_from_command_line

from tests.forked import load_libraries

LINES = ("daphne", "asgi setting", "urls", "sockets", "policy")
WAYS = (
    (),
    *((one,) for one in LINES),
    ("daphne", "asgi setting"),
    ("daphne", "urls", "sockets"),
    ("asgi setting", "urls"),
    ("asgi setting", "sockets"),
    ("daphne", "asgi setting", "urls"),
    LINES,
)
ASGI = """
from django.core.asgi import get_asgi_application
application = get_asgi_application()
"""
SOCKETS = """
from teahouse.routing import application as with_teahouse
application = with_teahouse(application)
"""
URLS = """
from django.urls import include, path
urlpatterns = []
"""
OURS = """
urlpatterns += [path("chat/", include("teahouse.urls"))]
"""


class Nowhere:
    """A router that lets no tables of Teahouse be made."""

    def allow_migrate(self, db: str, app_label: str, **hints: object) -> bool | None:
        return False if app_label == "teahouse" else None


def settings_of(there: frozenset[str], folder: Path) -> dict[str, Any]:
    """As `django-admin startproject` has them, with the app and these lines."""
    package = f"shop_{'_'.join(str(LINES.index(one)) for one in sorted(there))}"
    home = folder / package
    home.mkdir()
    (home / "__init__.py").touch()
    (home / "asgi.py").write_text(ASGI + (SOCKETS if "sockets" in there else ""))
    (home / "urls.py").write_text(URLS + (OURS if "urls" in there else ""))
    contrib = ("admin", "auth", "contenttypes", "sessions", "messages", "staticfiles")
    found: dict[str, Any] = {
        "SECRET_KEY": "x" * 60,
        "DEBUG": True,
        "INSTALLED_APPS": [
            *(["daphne"] if "daphne" in there else []),
            *(f"django.contrib.{one}" for one in contrib),
            "teahouse",
        ],
        "MIDDLEWARE": [
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
        ],
        "TEMPLATES": [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        "ROOT_URLCONF": f"{package}.urls",
        "DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": home / "db.sqlite3"}},
        "STATIC_URL": "static/",
        "USE_TZ": True,
    }
    if "asgi setting" in there:
        found["ASGI_APPLICATION"] = f"{package}.asgi.application"
    if "policy" in there:  # Which names a module that is not written yet.
        found["TEAHOUSE"] = {"POLICY": f"{package}.chat.Policy"}
    return found


def migrate(there: frozenset[str], folder: Path) -> dict[str, Any]:
    """What `migrate` says in such a project."""
    settings.configure(**settings_of(there, folder))
    sys.argv = ["manage.py", "migrate", "--plan"]
    said = io.StringIO()
    status: object = 0
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            django.setup()
            execute_from_command_line(sys.argv)
        except SystemExit as end:
            status = end.code
        except Exception as error:  # noqa: BLE001  Whatever it is, the test shows it.
            status = f"{type(error).__name__}: {error}"
    return {"there": sorted(there), "status": status, "said": said.getvalue()}


def main(folder: Path) -> None:
    sys.path.insert(0, str(folder))
    load_libraries()  # Once for all.
    for some in WAYS:
        if os.fork() == 0:
            print(json.dumps(migrate(frozenset(some), folder)), flush=True)
            os._exit(0)
        os.wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
