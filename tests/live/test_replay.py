"""The replay of conversations counts what it should, through a kill -9 too; and it is seen to fail."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.replay import JsonReader, PlainReader, Tally
from benchmarks.tools.irc import conversation

ROOT = Path(__file__).parent.parent.parent
DATA = Path(__file__).parent / "data"


@pytest.mark.timeout(120)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_replay_through_a_kill_loses_nothing(workers: str, request: pytest.FixtureRequest) -> None:
    env = os.environ.copy()
    if workers == "2":
        env["DATABASE_URL"] = request.getfixturevalue("postgres_url")
        env["REDIS_URL"] = request.getfixturevalue("redis_url")
    options = ["--speed", "400", "--kill", "1", "--readers", "2", "--", "--workers", workers]
    done = subprocess.run(
        [sys.executable, "benchmarks/replay.py", DATA, *options],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "messages 300, acknowledged 300, refused 0" in done.stdout
    assert "kill -9 after" in done.stdout
    assert done.stdout.endswith("lost 0, repeated 0, disordered 0\n")


def test_a_conversation_goes_on_over_midnight() -> None:
    lines = conversation(DATA / "2026-01-01.tea.txt")
    assert len(lines) == 150
    assert [line.second for line in lines] == sorted(line.second for line in lines)
    assert lines[-1].second == pytest.approx(24 * 60 + 50)
    assert lines[3].text.startswith("* ")


def test_the_checks_see_what_is_wrong() -> None:
    tally = Tally()
    reader = JsonReader("http://x", "r", tally)
    reader.position = {"epoch": "e", "seq": 4}
    for seq in (5, 5, 7):
        reader._take({"event": "message", "room": "r", "seq": seq, "message": {"text": "t"}})
    assert (tally.repeated, tally.disordered, tally.is_clean) == (1, 1, False)


@pytest.mark.parametrize(
    "spells", [[["a", "b", "c"]], [["a"], ["c"]], [["a"], []], [[], ["c"]], [["a"], ["b"], ["c"]]]
)
def test_what_a_plain_reader_misses_while_away_is_not_counted(spells: list[list[str]]) -> None:
    assert checked(spells).is_clean


@pytest.mark.parametrize(
    "spells", [[["a", "c"]], [["b", "c"]], [["a", "b"]], [[]], [["b"], ["c"]], [["a"], ["b"]]]
)
def test_what_a_plain_reader_misses_while_it_reads_is_counted(spells: list[list[str]]) -> None:
    assert not checked(spells).is_clean


def checked(spells: list[list[str]]) -> Tally:
    """The count for a plain reader with these spells of a room where "a", "b", "c" were said."""
    tally = Tally()
    plain = PlainReader("http://x", "r", tally)
    plain.spells = spells
    plain.check(["a", "b", "c"])
    return tally
