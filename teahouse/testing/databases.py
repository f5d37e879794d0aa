"""Test databases that a server's threads can use beside the test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from django.db import connections

SHARED: Final = {"transaction_mode": "IMMEDIATE", "timeout": 20}
"""SQLite's options where several threads write: who begins to write waits, and does not fail half-way."""


@contextmanager
def shared_by_threads() -> Iterator[None]:
    """Replaces SQLite's databases by such as several threads can use at once; others stay as they are.

    One in memory, SQLite's default in tests, refuses at once whoever meets a writer there ("table is locked"). Its
    content goes into a file, which is the database inside; what was done there is gone afterwards, as after a test's
    flush.
    """
    before: dict[str, tuple[Any, dict[str, Any]]] = {}
    files: dict[str, str] = {}
    with TemporaryDirectory(prefix="teahouse-test-") as folder:
        try:
            for alias in connections:
                if connections[alias].vendor == "sqlite":
                    before[alias] = connections[alias], connections.settings[alias]
                    _replace(alias, files, Path(folder))
            yield
        finally:
            for alias, (connection, options) in before.items():
                connections[alias].close()
                connections.settings[alias] = options
                connections[alias] = connection


def drop_own() -> None:
    """Closes and forgets the calling thread's connections: the next test's databases may be others."""
    for alias in list(connections):
        connections[alias].close()
        del connections[alias]


def _replace(alias: str, files: dict[str, str], folder: Path) -> None:
    connection: Any = connections[alias]
    name = str(connection.settings_dict["NAME"])
    if connection.is_in_memory_db():
        if name not in files:
            files[name] = str(folder / f"{len(files)}.sqlite3")
            _copy(connection, files[name])
        name = files[name]
    else:
        connection.close()
    options = connections.settings[alias]
    connections.settings[alias] = {**options, "NAME": name, "OPTIONS": {**options["OPTIONS"], **SHARED}}
    connections[alias] = replaced = connections.create_connection(alias)
    with replaced.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode=WAL")


def _copy(connection: Any, file: str) -> None:
    import sqlite3

    connection.ensure_connection()
    target = sqlite3.connect(file)
    try:
        connection.connection.backup(target)
    finally:
        target.close()
