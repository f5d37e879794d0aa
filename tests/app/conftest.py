"""Tests of the app inside pytest's own process, on both databases, with real commits."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connections, transaction
from pytest_django.plugin import DjangoDbBlocker

from teahouse import history
from teahouse.access import Speaker
from teahouse.actions import people
from teahouse.actions.people import Cut
from teahouse.journal import Journal
from teahouse.models import Person, Room
from tests.app.journals import journal as running_journal
from tests.app.recording import Recording, person, recording
from tests.processes import Process
from tests.services import Postgres
from tests.shared import once

ROOT = Path(__file__).parents[2]


class Database:
    """A migrated database that is `default` while a test runs, and which child processes can be given."""

    def __init__(self, settings: dict[str, Any], folder: Path) -> None:
        self.settings = settings
        self.folder = folder
        self.children = 0

    @property
    def vendor(self) -> str:
        return str(connections["default"].vendor)

    def child(self, *arguments: str) -> Process:
        """Starts `python ARGUMENTS` as a process of the same project on this database."""
        self.children += 1
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "tests.app.child_settings",
            "TEST_DATABASE": json.dumps(self.settings),
            "TMPDIR": str(self.folder),  # What a process that dies at once leaves behind goes with the test.
            "PYTHONPATH": str(ROOT),
        }
        log = self.folder / f"child-{self.children}.log"
        return Process([sys.executable, "-W", "error", *arguments], log=log, env=environment, cwd=ROOT)

    def manage(self, *arguments: str) -> tuple[int, str]:
        """Runs a management command in a process of its own: its exit status and all it printed."""
        child = self.child("-m", "django", *arguments)
        return child.wait(), child.output()


def use(settings: dict[str, Any]) -> dict[str, Any]:
    """Makes this the database `default` of all threads that connect from now on; the one it was before."""
    before: dict[str, Any] = connections.settings["default"]
    connections["default"].close()
    del connections["default"]
    connections.settings["default"] = settings
    connections.configure_settings(connections.settings)  # Fills in what is left out.
    return before


@pytest.fixture(scope="session")
def sqlite_database(
    tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker
) -> dict[str, Any]:
    file = tmp_path_factory.mktemp("app") / "db.sqlite3"
    options = {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": "PRAGMA journal_mode=WAL"}
    settings = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(file), "OPTIONS": options}

    def made() -> bytes:
        migrated(settings, django_db_blocker)
        assert not file.with_name(f"{file.name}-wal").exists()
        return file.read_bytes()

    file.write_bytes(once("app.sqlite3", made))
    return settings


@pytest.fixture(scope="session")
def postgres_database(postgres_server: Postgres, django_db_blocker: DjangoDbBlocker) -> dict[str, Any]:
    def made() -> bytes:
        url = postgres_server.create_database()
        migrated(settings_of(url), django_db_blocker)
        return postgres_server.dump(url)

    url = postgres_server.create_database()
    postgres_server.load(url, once("app.sql", made))
    return settings_of(url)


def settings_of(postgres: str) -> dict[str, Any]:
    url = urlsplit(postgres)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": url.path[1:],
        "USER": url.username,
        "PASSWORD": url.password,
        "HOST": url.hostname,
        "PORT": url.port,
    }


def migrated(settings: dict[str, Any], blocker: DjangoDbBlocker) -> None:
    with blocker.unblock():
        before = use(dict(settings))
        try:
            call_command("migrate", verbosity=0)
        finally:
            use(before)


def emptied(settings: dict[str, Any], folder: Path, blocker: DjangoDbBlocker) -> Iterator[Database]:
    with blocker.unblock():
        before = use(dict(settings))
        try:
            yield Database(settings, folder)
        finally:
            empty()
            use(before)


def empty() -> None:
    """Deletes all rows but those that came with the migrations.

    Not `flush`: TRUNCATE makes PostgreSQL write a file anew for each table and wait for the disk, a second in all.
    """
    kept = {"contenttypes.ContentType", "auth.Permission"}
    with transaction.atomic(), connections["default"].cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            if model._meta.label not in kept:
                cursor.execute(f"DELETE FROM {connections['default'].ops.quote_name(model._meta.db_table)}")


@pytest.fixture(params=["sqlite", "postgres"])
def database(
    request: pytest.FixtureRequest, tmp_path: Path, django_db_blocker: DjangoDbBlocker
) -> Iterator[Database]:
    """An empty database, once SQLite and once PostgreSQL."""
    settings = request.getfixturevalue(f"{request.param}_database")
    yield from emptied(settings, tmp_path, django_db_blocker)


@pytest.fixture
def postgres(
    postgres_database: dict[str, Any], tmp_path: Path, django_db_blocker: DjangoDbBlocker
) -> Iterator[Database]:
    """An empty PostgreSQL database, for what SQLite has not: two writers at once."""
    yield from emptied(postgres_database, tmp_path, django_db_blocker)


@pytest.fixture
def cuts() -> Iterator[list[Cut]]:
    """What the runtime of a server would hear."""
    heard: list[Cut] = []
    people.on_cut.append(heard.append)
    yield heard
    people.on_cut.remove(heard.append)


# The cast of the journal's tests


@pytest.fixture
def tea(database: Database) -> Room:
    return Room.objects.create(slug="tea", title="Tea")


@pytest.fixture
def journal(database: Database) -> Iterator[Recording]:
    with recording() as made:
        yield made


@pytest.fixture
def alice(database: Database) -> Person:
    return person("Alice")


@pytest.fixture
def bob(database: Database) -> Person:
    return person("Bob")


# For what is read back


@pytest.fixture
def running(database: Database) -> Iterator[Journal]:
    """A journal as a server has it, with nobody to hand anything on to."""
    with running_journal() as journal:
        yield journal


@pytest.fixture
def owner(alice: Person) -> Speaker:
    """Alice, as the owner of the site."""
    return Speaker(history.who(alice), is_owner=True)
