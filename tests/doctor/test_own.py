"""`teahouse doctor` without arguments: the installation that it runs from, as the program."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.doctor.conftest import Told

pytestmark = pytest.mark.timeout(120)


class Program:
    """The command `teahouse` with its own data folder and nothing else in the environment."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(data.parent), "LC_ALL": "C.UTF-8"}
        self.environment["TEAHOUSE_DATA"] = str(data)

    def run(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "teahouse", *arguments]
        given: dict[str, Any] = {"env": self.environment | environment, "cwd": self.data.parent}
        return subprocess.run(command, capture_output=True, text=True, **given)

    def doctor(self, **environment: str) -> Told:
        done = self.run("doctor", "--json", **environment)
        assert not done.stderr, done.stderr
        return Told(done.returncode, done.stdout)


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path / "data")


def test_before_the_first_start(program: Program) -> None:
    told = program.doctor()
    assert told.ids == ["I070"]
    assert told.status == 0
    assert told.says("Teahouse's wire works with uvicorn")
    assert not program.data.exists(), "what is not there is not made by looking"


def test_settings_that_are_not_right(program: Program) -> None:
    told = program.doctor(TEAHOUSE_PROT="80")
    assert told.errors == ["E070"]
    assert "TEAHOUSE_PROT" in told["E070"]["why"]
    assert "TEAHOUSE_PORT" in told["E070"]["why"]


def test_a_program_that_was_made(program: Program) -> None:
    made = program.run("manage", "migrate")
    assert made.returncode == 0, made.stderr
    told = program.doctor()
    assert told.errors == []
    assert told.says('The database "default" answers.')
    assert told.says("WebSocket routes: /ws/?$")
    assert told.facts["about"]["settings"] == "teahouse.server.settings"


def test_postgresql_and_redis_that_answer(program: Program, postgres_url: str, redis_url: str) -> None:
    given = {"DATABASE_URL": postgres_url, "REDIS_URL": redis_url}
    assert program.run("manage", "migrate", **given).returncode == 0
    told = program.doctor(**given)
    assert told.ids == []
    assert told.says('The channel layer "default" reaches Redis.')


def test_postgresql_and_redis_that_do_not(program: Program, free_port: int) -> None:
    program.data.mkdir()
    told = program.doctor(
        DATABASE_URL=f"postgres://teahouse:oolong@127.0.0.1:{free_port}/x",
        REDIS_URL=f"redis://:puer@127.0.0.1:{free_port}/0",
    )
    assert set(told.errors) == {"E050", "E051"}
    assert "oolong" not in json.dumps(told.facts)
    assert "puer" not in json.dumps(told.facts)
