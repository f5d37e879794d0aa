"""Counts the SQL that a process gives to SQLite, from outside: Python imports a module of this name by itself.

With STATEMENTS=FILE in the environment each process writes what it has run so far, five times a second, to FILE.PID:
a JSON object, from the beginning of each statement to how often it ran. `executemany` counts once for each row.
What stands in a transaction that writes begins with a `~`.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sqlite3.dbapi2
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

LENGTH = 150
_counted: Counter[str] = Counter()
_connect = sqlite3.dbapi2.connect


def main(file: Path) -> None:
    sqlite3.connect = sqlite3.dbapi2.connect = connect  # type: ignore[assignment]
    threading.Thread(target=keep_written, args=(file,), daemon=True).start()


def connect(*arguments: Any, **more: Any) -> sqlite3.Connection:
    connection: sqlite3.Connection = _connect(*arguments, **more)
    connection.set_trace_callback(counter())
    return connection


def counter() -> Callable[[str], None]:
    """Counts what one connection is given."""
    writing = False

    def count(statement: str) -> None:
        nonlocal writing
        writing = writing or statement.startswith("BEGIN IMMEDIATE")
        _counted["~" * writing + statement[:LENGTH]] += 1
        writing = writing and not statement.startswith(("COMMIT", "ROLLBACK"))

    return count


def keep_written(file: Path) -> None:
    target, draft = Path(f"{file}.{os.getpid()}"), Path(f"{file}.{os.getpid()}.draft")
    while True:
        draft.write_text(json.dumps(_counted.copy()))
        draft.replace(target)
        time.sleep(0.2)


if name := os.environ.get("STATEMENTS"):
    main(Path(name))
