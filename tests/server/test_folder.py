"""A data folder, or a file in it, that belongs to somebody else: said with the way out, before anything is begun."""

from __future__ import annotations

import os
import pwd
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from django.db.utils import ConnectionHandler
from pytest_django.plugin import DjangoDbBlocker

from teahouse.server import databases, environ, folder
from teahouse.server.words import Refused


@contextmanager
def ordinary_user() -> Iterator[None]:
    """For root no folder is closed and no file read-only."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that everybody may enter, as pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="teahouse-folder-") as path:
        Path(path).chmod(0o777)
        yield Path(path)


def test_a_folder_that_cannot_even_be_looked_into_is_named(place: Path) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0)
    with ordinary_user(), pytest.raises(Refused) as refused:
        folder.prepare(environ.read({"TEAHOUSE_DATA": str(closed / "data")}).data)
    assert f"The data folder {closed}/data cannot be written: Permission denied" in str(refused.value)
    assert "--data FOLDER" in str(refused.value)


def test_a_lock_of_another_user_is_not_taken_for_a_network_file_system(place: Path) -> None:
    (place / "lock").touch(mode=0)
    with ordinary_user(), pytest.raises(Refused) as refused:
        folder.Lock(place / "lock", "It")
    assert "must belong to the user" in str(refused.value)
    assert "Network" not in str(refused.value)


def test_a_database_that_can_only_be_read_is_named(place: Path, django_db_blocker: DjangoDbBlocker) -> None:
    file = place / "teahouse.sqlite3"
    with closing(sqlite3.connect(file)) as made:
        made.execute("PRAGMA journal_mode=WAL")
    file.chmod(0o444)
    entry = databases.django_database(None, place, 16)
    connection = ConnectionHandler({"default": entry})["default"]
    with django_db_blocker.unblock(), ordinary_user(), pytest.raises(Refused) as refused:
        databases.look_at(connection, None, allow_data_loss=False)
    connection.close()
    said = str(refused.value)
    assert str(file) in said
    assert "readonly" in said
    assert "must belong to the user" in said
    assert "password" not in said, "nobody logs in to a file"


def test_a_file_of_somebody_else_is_left_as_it_is() -> None:
    file = Path("/etc/passwd")
    mode = file.stat().st_mode
    with ordinary_user():
        folder.keep_private(file)
    assert file.stat().st_mode == mode


def test_an_own_file_is_for_its_owner_alone(place: Path) -> None:
    file = place / "own"
    file.touch(mode=0o644)
    folder.keep_private(file)
    assert file.stat().st_mode & 0o777 == 0o600
