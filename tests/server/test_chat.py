"""`teahouse chat` as a person types it: in a terminal of 80 by 24, and in scripts."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

from teahouse.client import SyncClient
from tests import seen
from tests.guard import guard
from tests.live.cast import accounts
from tests.processes import free_port
from tests.servers import Teahouse, environment

SECONDS = 45.0
CHAT = [sys.executable, *seen.in_python(), "-m", "teahouse", "chat"]
PAGE_UP, END, CTRL_L, CTRL_P = "\x1b[5~", "\x1b[F", "\x0c", "\x10"


@pytest.fixture(scope="module")
def server() -> Iterator[Teahouse]:
    with Teahouse(env={"TEAHOUSE_LIMITS": "off"}) as server:
        yield server


@pytest.fixture(scope="module")
def tokens(server: Teahouse) -> list[str]:
    return accounts(server, "Mei", "Bob")


def settings(state: Path, **more: str) -> dict[str, str]:
    return environment(TERM="xterm-256color", XDG_STATE_HOME=str(state), **more)


class Terminal:
    """The command in a pseudo-terminal. What is on its screen is what it draws when it is told to draw it anew."""

    def __init__(self, state: Path, *words: str, columns: int = 80, **env: str) -> None:
        self.fd, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.process = subprocess.Popen(
            [*CHAT, *words],
            stdin=inner, stdout=inner, stderr=inner, env=settings(state, **env), start_new_session=True,
        )  # fmt: skip
        guard.process(self.process.pid)
        os.close(inner)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.wait()
        guard.ended(self.process.pid)
        os.close(self.fd)

    def type(self, text: str) -> None:
        os.write(self.fd, text.encode())

    def shows(self, *wanted: str) -> str:
        """Waits until all of this is on the screen."""
        end, screen = time.monotonic() + SECONDS, ""
        while time.monotonic() < end:
            self.type(CTRL_L)
            screen = self._drawn()
            if all(word in screen for word in wanted):
                return screen
        raise AssertionError(f"{wanted} not on the screen:\n{screen}")

    def shows_without(self, word: str, *wanted: str) -> None:
        """Waits until all of this is on the screen, on which the word is not."""
        # Drawn once more: what was drawn first may have changed while it was read.
        self.shows(*wanted)
        assert word not in self.shows(*wanted)

    def _drawn(self) -> str:
        drawn = b""
        while select.select([self.fd], [], [], 0.15)[0]:
            try:
                drawn += os.read(self.fd, 65_536)
            except OSError:  # It has ended.
                break
        # From where the screen was cleared last.
        text = drawn.rpartition(b"\x1b[2J")[2].decode(errors="replace")
        return re.sub(r"\x1b(\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>])", "", text)


def test_a_conversation_in_a_terminal(server: Teahouse, tokens: list[str], tmp_path: Path) -> None:
    with (
        SyncClient(server.url, token=tokens[1]) as bob,
        Terminal(tmp_path, server.url, TEAHOUSE_TOKEN=tokens[0]) as mei,
    ):
        main = bob.room("main")
        main.send("来喝茶 *now*")
        assert "\x1b]0;" not in mei.shows("来喝茶 now", "[Main]", "2 here")
        mei.type("Hello @B\t")
        mei.shows("> Hello @Bob")
        mei.type("\r")
        sent = next(message for message in main.messages(timeout=SECONDS) if message["by"]["name"] == "Mei")
        assert sent["text"].strip() == "Hello @Bob"
        main.typing()
        mei.shows("Mei: Hello @Bob", "Bob typing")
        mei.type("/reply with milk\r")
        mei.shows("Mei ↱ Bob: 来喝茶", "with milk")
        mei.type("/edit without milk\r")
        mei.shows("without milk (edited)")
        mei.type("/react 🍵\r/nosuch\r")
        mei.shows("🍵 1", "There is no /nosuch")
        mei.type("/help\r")
        mei.shows("/msg NAME", "PageUp")
        mei.type("/join kitchen\r")
        mei.shows("[kitchen]")
        main.send("@Mei where are you?")
        mei.shows("Main(1)")
        mei.type("/who\r")
        mei.shows("Here: Mei", "Mei (owner)")
        mei.type(CTRL_P)
        mei.shows("where are you?", "[Main]")
        for number in range(40):
            main.send(f"line {number}")
        mei.shows("line 39")
        mei.type(PAGE_UP)
        mei.shows_without("line 39", "End: back")
        mei.type(END)
        mei.shows("line 39")
        server.kill()
        mei.shows("Connection lost")
        mei.type("said meanwhile\r")
        mei.shows("1 waiting")
        server.start()
        mei.shows("Mei: said meanwhile", "/help")
        assert [one["text"] for one in main.history(limit=1)["messages"]] == ["said meanwhile"]
        mei.type("/quit\r")
        assert mei.process.wait(SECONDS) == 0


def test_threads_in_a_terminal(server: Teahouse, tokens: list[str], tmp_path: Path) -> None:
    with (
        SyncClient(server.url, token=tokens[1]) as bob,
        Terminal(tmp_path, server.url, TEAHOUSE_TOKEN=tokens[0]) as mei,
    ):
        room = bob.room("pots", make=True)
        first = room.send("green or black?")["message"]
        mei.type("/join pots\r")
        mei.shows("[pots]", "green or black?")
        room.send("I mean the pot", thread=first)
        mei.shows("Bob ↳ in a thread Bob: green or black?", "I mean the pot", "↳ 1 in its thread")
        mei.type("/reply the black one\r")
        mei.shows("the black one", "↳ 2 in its thread")
        mei.type("/thread and the cups?\r")
        mei.shows("and the cups?", "↳ 3 in its thread")
        said = room.history(thread=first)["messages"]
        assert [one["text"] for one in said] == ["I mean the pot", "the black one", "and the cups?"]
        assert said[1]["reply"]["id"] == said[0]["id"]
        room.send("beside the thread")
        mei.shows("beside the thread")
        mei.type("/thread\r")
        mei.shows_without("beside the thread", "› thread", "green or black?", "────", "the black one")
        mei.type("white ones\r")
        mei.shows("Mei: white ones")
        room.typing(first)
        mei.shows("Bob typing")
        assert room.history(thread=first)["messages"][-1]["text"] == "white ones"
        mei.type("/back\r")
        mei.shows("beside the thread", "↳ 4 in its thread")
        mei.type("/join main\r")
        mei.shows("[Main]")
        room.send("all white, then", thread=first)
        mei.shows("Something new in 1 of your threads")
        mei.type("/threads\r")
        mei.shows("1. pots (1 unread): green or black?")
        mei.type("/thread 1\r")
        mei.shows("› thread", "all white, then", "/help")


def test_in_a_small_window_all_of_the_help_is_there(
    server: Teahouse, tokens: list[str], tmp_path: Path
) -> None:
    with Terminal(tmp_path, server.url, columns=30, TEAHOUSE_TOKEN=tokens[0]) as mei:
        mei.type("/help\r")
        mei.shows_without("/join ROOM", "Markdown")
        mei.type(PAGE_UP)
        mei.shows("/reply")
        mei.type(PAGE_UP)
        mei.shows("/join ROOM")


def test_in_chinese_as_a_guest_who_is_asked_for_a_name(server: Teahouse, tmp_path: Path) -> None:
    with Terminal(tmp_path, server.url, LANG="zh_CN.UTF-8") as terminal:
        terminal.shows("你的名字")
        terminal.type("梅\r")
        terminal.shows("人在")
        terminal.type("/help\r")
        terminal.shows("离开聊天")
        terminal.type("\x03")
        assert terminal.process.wait(SECONDS) == 0
    (kept,) = tmp_path.rglob("tickets.json")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700


def script(state: Path, *words: str, said: str = "", **env: str) -> tuple[int, str]:
    command = [*CHAT, *words]
    done = subprocess.run(
        command, input=said, env=settings(state, **env), capture_output=True, text=True, timeout=SECONDS
    )
    return done.returncode, done.stdout + done.stderr


def test_a_script_says_lines_and_is_the_same_guest_each_time(server: Teahouse, tmp_path: Path) -> None:
    with SyncClient(server.url, name="Reader") as reader:
        room = reader.room("main")
        assert script(tmp_path, server.url, "--name", "Cron", said="one\n\ntwo without an end") == (0, "")
        assert script(tmp_path, server.url, said="three\n") == (0, "")
        heard = [message for _, message in zip(range(3), room.messages(timeout=SECONDS), strict=False)]
        assert [message["text"] for message in heard] == ["one", "two without an end", "three"]
        assert len({message["by"]["id"] for message in heard}) == 1


def test_a_script_prints_what_others_say(server: Teahouse, tmp_path: Path) -> None:
    command = [
        *CHAT,
        f"{server.url}/rooms/ops/",
        "--name",
        "Watch",
        "--follow",
    ]
    with SyncClient(server.url, name="Ops") as ops:
        room = ops.room("ops", make=True)
        watch = subprocess.Popen(
            command, env=settings(tmp_path), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
        )
        guard.process(watch.pid)
        try:
            while "Watch" not in {one.get("name") for one in room.here}:
                room.typing()
            room.send("alarm\x1b[2J\nsecond line")
            assert watch.stdout is not None
            lines = [watch.stdout.readline().decode() for _ in range(2)]
            assert lines == ["Ops: alarm\ufffd[2J\n", "    second line\n"]
        finally:
            watch.kill()
            watch.wait()
            guard.ended(watch.pid)
            if watch.stdout is not None:
                watch.stdout.close()


def test_what_is_wrong_is_said_in_one_line(server: Teahouse, tmp_path: Path) -> None:
    status, said = script(tmp_path, server.url)
    assert (status, "--name NAME, as a guest; or --token TOKEN." in said) == (2, True)
    status, said = script(tmp_path, server.url, "--token", "tok_no")
    assert (status, "(bad_token)" in said, said.count("\n")) == (1, True, 1)
    status, said = script(tmp_path, server.url, "--name", "Mei2", "--room", "nowhere", said="x")
    assert (status, "no room 'nowhere'" in said) == (1, True)
    status, said = script(tmp_path, "ftp://x", LANG="zh_CN.UTF-8")
    assert (status, "不是聊天地址" in said) == (2, True)


def test_who_waits_for_a_server_is_told_so(tmp_path: Path) -> None:
    with Terminal(tmp_path, f"http://127.0.0.1:{free_port()}/", "--name", "Mei") as terminal:
        terminal.shows("No answer from ws://127.0.0.1:", "still trying")


def test_who_leaves_learns_what_was_not_sent(server: Teahouse, tmp_path: Path) -> None:
    with Terminal(tmp_path, server.url, "--name", "Lea") as terminal:
        terminal.shows("here")
        terminal.type("stored before I leave\r\x03")
        assert terminal.process.wait(SECONDS) == 0
        with SyncClient(server.url, name="Reader") as reader:
            assert reader.room("main").history()["messages"][-1]["text"] == "stored before I leave"
    with Terminal(tmp_path, server.url) as terminal:
        terminal.shows("stored before")
        server.kill()
        try:
            terminal.shows("Connection lost")
            terminal.type("said to nobody\r")
            terminal.shows("1 waiting to be sent")
            terminal.type("\x03")
            assert terminal.process.wait(SECONDS) == 1
            left = terminal._drawn()
            assert "perhaps not sent" in left
            assert "said to nobody" in left
        finally:
            server.start()


def test_without_the_library_it_says_what_to_install(server: Teahouse, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['prompt_toolkit'] = None")
    path = f"{tmp_path}:{environment()['PYTHONPATH']}"
    with Terminal(tmp_path, server.url, PYTHONPATH=path) as terminal:
        assert terminal.process.wait(SECONDS) == 1
        assert "pip install 'teahouse[terminal]'" in terminal._drawn()
    assert script(tmp_path, server.url, "--name", "NoScreen", said="x", PYTHONPATH=path)[0] == 0
