"""What docs/clients.md shows of Python does what it says there."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from teahouse.client import SyncClient
from tests import seen
from tests.live.cast import accounts
from tests.processes import Process
from tests.servers import ROOT, Teahouse, environment

PAGE = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def server() -> Iterator[Teahouse]:
    with Teahouse(env={"TEAHOUSE_LIMITS": "off"}) as server:
        yield server


def block(holding: str) -> str:
    (found,) = (text for text in BLOCKS if holding in text)
    return str(found)


def test_the_bot_answers_and_has_fifteen_lines(server: Teahouse, tmp_path: Path) -> None:
    source = block("# bot.py")
    assert len([line for line in source.splitlines() if line.strip() and not line.startswith("#")]) <= 15
    (token,) = accounts(server, "Echo")
    (tmp_path / "bot.py").write_text(source)
    command: list[str | Path] = [sys.executable, *seen.in_python(), tmp_path / "bot.py", server.url, token]
    with SyncClient(server.url, name="Mei") as chat:
        room = chat.room("main")
        bot = Process(command, log=tmp_path / "log", env=environment(), cwd=tmp_path)
        try:
            arrived = (one for one in iter(lambda: [who.get("name") for who in room.here], None))
            while "Echo" not in next(arrived):
                room.typing()  # An answer each time; presence comes beside it.
            sent = room.send("!echo tea?")
            said = [message for _, message in zip(range(2), room.messages(timeout=15), strict=False)]
            assert said[1]["text"] == "tea?"
            assert said[1]["reply"]["id"] == sent["message"]
        finally:
            bot.kill()


def test_a_page_of_history_and_then_what_comes(server: Teahouse, tmp_path: Path) -> None:
    with SyncClient(server.url, name="Mei") as chat:
        chat.room("main").send("before")
    with SyncClient(server.url, name="Mei") as chat:

        async def shown() -> list[str]:
            names = {"chat": chat._client}
            lines = "\n".join(f"    {line}" for line in block("since=page").splitlines())
            exec(f"async def found(chat):\n{lines}\n    return page, room", names)
            page, room = await names["found"](chat._client)  # type: ignore[operator]
            await room.send("after")
            return [page["messages"][-1]["text"], (await anext(room.messages()))["text"]]

        assert chat.wait(shown()) == ["before", "after"]


def test_an_announcement(server: Teahouse) -> None:
    (token,) = accounts(server, "Announcer")
    names: dict[str, object] = {}
    exec(block("def announce"), names)
    with SyncClient(server.url, name="Reader") as chat:
        room = chat.room("main")
        names["announce"](server.url, token, "It is open.")  # type: ignore[operator]
        assert next(iter(room.messages(timeout=15)))["text"] == "It is open."
