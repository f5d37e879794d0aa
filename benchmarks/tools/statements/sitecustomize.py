"""Counts the SQL that a process gives to SQLite, from outside: Python imports a module of this name by itself.

With STATEMENTS=FILE in the environment each process writes what it has run so far, five times a second, to FILE.PID:
a JSON object, from the beginning of each statement to how often it ran. `executemany` counts once. What stands in a
transaction that writes begins with a `~`.

Not SQLite's own trace callback: it takes the GIL once more for each statement, and a busy server waits for that so
long that 2,000 sessions came back in minutes instead of seconds.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sqlite3.dbapi2
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

LENGTH = 150
_counted: Counter[str] = Counter()
_connect = sqlite3.dbapi2.connect


class CountingCursor(sqlite3.Cursor):
    """A cursor that counts; Django's own derives from it, because it is what `sqlite3.Cursor` is."""

    def execute(self, sql: str, *parameters: Any) -> CountingCursor:
        count(self.connection, sql)
        super().execute(sql, *parameters)
        return self

    def executemany(self, sql: str, *parameters: Any) -> CountingCursor:
        count(self.connection, sql)
        super().executemany(sql, *parameters)
        return self


class CountedConnection(sqlite3.Connection):
    """A connection whose every statement goes through its cursors; some versions of Python pass by them."""

    def cursor(self, factory: Any = CountingCursor) -> Any:
        return super().cursor(factory)

    def execute(self, sql: str, *parameters: Any) -> Any:
        return self.cursor().execute(sql, *parameters)

    def executemany(self, sql: str, *parameters: Any) -> Any:
        return self.cursor().executemany(sql, *parameters)


def count(connection: sqlite3.Connection, sql: str) -> None:
    writing = connection.in_transaction or sql.startswith("BEGIN IMMEDIATE")
    _counted["~" * writing + sql[:LENGTH]] += 1


def connect(*arguments: Any, **more: Any) -> sqlite3.Connection:
    connection: sqlite3.Connection = _connect(*arguments, **{"factory": CountedConnection} | more)
    return connection


def keep_written(file: Path) -> None:
    target, draft = Path(f"{file}.{os.getpid()}"), Path(f"{file}.{os.getpid()}.draft")
    while True:
        draft.write_text(json.dumps(_counted.copy()))
        draft.replace(target)
        time.sleep(0.2)


def main(file: Path) -> None:
    sqlite3.connect = sqlite3.dbapi2.connect = connect  # type: ignore[assignment]
    sqlite3.Cursor = sqlite3.dbapi2.Cursor = CountingCursor  # type: ignore[misc]
    threading.Thread(target=keep_written, args=(file,), daemon=True).start()


if name := os.environ.get("STATEMENTS"):
    main(Path(name))
