"""A program that is forked is like one that is started: its words, environment, folder, output, end and pid."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.forked import Forked, Starter
from tests.servers import environment


@pytest.fixture(scope="module")
def starter() -> Iterator[Starter]:
    starter = Starter()
    starter.allowed = True
    yield starter
    starter.close()


def started(starter: Starter, folder: Path, *words: str, **env: str) -> Forked | None:
    with (folder / "output").open("wb") as output:
        return starter.start(words, environment(**env), folder, output.fileno())


def test_it_says_and_returns_what_the_program_does(starter: Starter, tmp_path: Path) -> None:
    for words, status, says in [
        (["version"], 0, "Teahouse "),
        (["serve", "--port", "tea"], 2, "--port"),
        (["manage", "--data", "here", "diffsettings", "--output=unified"], 0, f"'{tmp_path}/here'"),
    ]:
        forked = started(starter, tmp_path, *words)
        assert forked is not None
        assert forked.wait(60) == status
        assert says in (tmp_path / "output").read_text(), words


def test_two_are_two_processes_and_each_ends_for_itself(starter: Starter, tmp_path: Path) -> None:
    first = started(starter, tmp_path, "serve", "--port", "0", TEAHOUSE_DATA=str(tmp_path / "one"))
    second = started(starter, tmp_path, "serve", "--port", "0", TEAHOUSE_DATA=str(tmp_path / "two"))
    assert first is not None
    assert second is not None
    assert len({first.pid, second.pid, os.getpid()}) == 3
    assert os.getpgid(first.pid) == first.pid
    with pytest.raises(subprocess.TimeoutExpired):
        first.wait(0.01)
    second.send_signal(signal.SIGKILL)
    assert second.wait(20) == -signal.SIGKILL
    assert first.poll() is None
    first.send_signal(signal.SIGKILL)
    assert first.wait(20) == -signal.SIGKILL


def test_it_may_be_another_module_that_runs_the_program(starter: Starter, tmp_path: Path) -> None:
    """As `tests.live.dying` is."""
    with (tmp_path / "output").open("wb") as output:
        words = ("serve", "--port", "tea")
        forked = starter.start(words, environment(), tmp_path, output.fileno(), "tests.live.dying")
    assert forked is not None
    assert forked.wait(60) == 2
    assert "--port" in (tmp_path / "output").read_text()


TOLD = """
from django.db import connections
from django.utils import timezone, translation
from teahouse.conf import conf
print(connections["default"].vendor, conf().PING, timezone.get_default_timezone_name(), translation.get_language())
"""


def test_each_has_the_settings_of_its_own_environment(starter: Starter, tmp_path: Path) -> None:
    """Also where Django had made something of those with which the program that forks was loaded."""
    others = {
        "DATABASE_URL": "postgres://teahouse@127.0.0.1:1/teahouse", "TEAHOUSE_PING": "7",
        "TEAHOUSE_TIME_ZONE": "Asia/Shanghai", "TEAHOUSE_LANGUAGE": "zh-hans",
    }  # fmt: skip
    for env, told in [
        ({}, "sqlite 25 UTC en"),
        (others, "postgresql 7 Asia/Shanghai zh-hans"),
        ({}, "sqlite 25 UTC en"),
    ]:
        words = ("manage", "--data", "here", "shell", "--no-imports", "-c", TOLD)
        forked = started(starter, tmp_path, *words, **env)
        assert forked is not None
        assert forked.wait(60) == 0, (tmp_path / "output").read_text()
        assert (tmp_path / "output").read_text().strip() == told


@pytest.mark.parametrize("name", ["LD_PRELOAD", "PYTHONWARNINGS", "LANG"])
def test_what_an_interpreter_reads_first_needs_a_new_one(starter: Starter, tmp_path: Path, name: str) -> None:
    assert started(starter, tmp_path, "version", **{name: "C"}) is None
    assert started(starter, tmp_path, "version", TEAHOUSE_PORT="1") is not None
