"""The bar that `backup`, `restore`, `move` and `audit` show a person at a terminal, and nobody else."""

from __future__ import annotations

import errno
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.clients import Client
from tests.servers import Teahouse, environment

BAR = re.compile("[█░]{30}")
CLEARED = "\r\033[K"


class Shown(NamedTuple):
    """What a command printed, and what of it went to the terminal for progress."""

    status: int
    output: str
    terminal: str


def at_a_terminal(server: Teahouse, *words: str, **env: str) -> Shown:
    """Runs a command whose errors go to a terminal, and whose output is piped, as in `teahouse audit | less`."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "teahouse", *words],
        env=environment(**{**server.env, "TEAHOUSE_DATA": str(server.data), **env}),
        cwd=server.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
    ) as running:
        os.close(theirs)
        seen = b"".join(_until_closed(ours))
        os.close(ours)
        assert running.stdout is not None
        output = running.stdout.read().decode()
    return Shown(running.returncode, output, seen.decode())


def _until_closed(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            yield os.read(terminal, 4096)
        except OSError as error:
            assert error.errno == errno.EIO, "nobody has the other end open"
            return


@pytest.fixture(scope="module")
def stopped() -> Iterator[Teahouse]:
    """A server that was stopped, with something said in it."""
    with Teahouse(env={"TEAHOUSE_LIMITS": "off"}) as server:
        with Client(server.url, "Alice") as alice:
            alice.say("main", "hello")
        server.terminate()
        yield server


def bar_came_and_went(shown: Shown, what: str) -> None:
    """It is seen, it reaches the end, and what is printed last is that it is gone."""
    assert shown.status == 0, shown
    assert f"{what} {'█' * 30} 100 %" in shown.terminal
    begun, _, rest = shown.terminal.rpartition(CLEARED)
    assert BAR.search(begun)
    assert not BAR.search(rest), "nothing of it is left on the screen"
    assert not BAR.search(shown.output)
    assert CLEARED not in shown.output


def test_it_comes_and_goes(stopped: Teahouse, tmp_path: Path, postgres_url: str) -> None:
    file = tmp_path / "tea.tar"
    bar_came_and_went(at_a_terminal(stopped, "backup", str(file)), "Copying")
    bar_came_and_went(at_a_terminal(stopped, "audit"), "Looking")
    bar_came_and_went(at_a_terminal(stopped, "move", postgres_url), "Moving")
    there = {"DATABASE_URL": postgres_url}
    bar_came_and_went(at_a_terminal(stopped, "restore", "--replace", str(file), **there), "Storing")


def test_it_speaks_the_language_of_the_terminal(stopped: Teahouse) -> None:
    bar_came_and_went(at_a_terminal(stopped, "audit", LANG="zh_CN.UTF-8"), "正在检查")


def test_where_nobody_looks_there_is_nothing_of_it(stopped: Teahouse) -> None:
    status, printed = stopped.command_line("audit")
    assert status == 0
    assert not BAR.search(printed)
    assert "\033" not in printed
    assert "\r" not in printed


def test_an_error_is_not_written_behind_it(stopped: Teahouse, tmp_path: Path) -> None:
    """The bar is gone before anything else is said."""
    taken = tmp_path / "taken.tar"
    taken.touch()
    shown = at_a_terminal(stopped, "backup", str(taken))
    assert shown.status == 1
    assert "is there already" in shown.terminal
    assert not BAR.search(shown.terminal)
