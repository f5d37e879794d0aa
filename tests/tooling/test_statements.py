"""What counts the SQL of a server sees every way in which Python gives a statement to SQLite."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from time import monotonic

from benchmarks.returning import HELPERS

ASKS = """
import sqlite3, sys, time
connection = sqlite3.connect(":memory:", isolation_level=None)
connection.execute("CREATE TABLE tea (kind)")
connection.executemany("INSERT INTO tea VALUES (?)", [(1,), (2,)])
connection.cursor().execute("SELECT 1")
connection.execute("SELECT 2")
connection.execute("BEGIN IMMEDIATE")
connection.execute("SELECT 3")
connection.execute("COMMIT")
sys.stdin.read()
"""
EXPECTED = {
    "CREATE TABLE tea (kind)": 1,
    "INSERT INTO tea VALUES (?)": 1,
    "SELECT 1": 1,
    "SELECT 2": 1,
    "~BEGIN IMMEDIATE": 1,
    "~SELECT 3": 1,
    "~COMMIT": 1,
}


def test_every_statement_is_counted_once(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(HELPERS), "STATEMENTS": str(tmp_path / "statements")}
    with subprocess.Popen([sys.executable, "-c", ASKS], env=environment, stdin=subprocess.PIPE) as process:
        file = tmp_path / f"statements.{process.pid}"
        counted: dict[str, int] = {}
        end = monotonic() + 60
        try:
            while counted != EXPECTED and monotonic() < end:
                counted = json.loads(file.read_text()) if file.exists() else {}
        finally:
            process.communicate()
    assert counted == EXPECTED
