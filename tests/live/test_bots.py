"""The bots of docs/bots.md, each as it stands there, in a room with somebody who wants tea."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from tests import seen
from tests.clients import Client
from tests.live.cast import fresh
from tests.processes import Process
from tests.servers import Teahouse

PAGE = (Path(__file__).parents[2] / "docs" / "bots.md").read_text(encoding="utf-8")
BOTS = {
    "py": [sys.executable, *seen.in_python(), "bot.py"],
    "sh": ["sh", "bot.sh"],
    # Node 20 has WebSocket behind this option, 22 without it.
    "mjs": ["node", "--experimental-websocket", "--no-warnings", *seen.in_node(), "bot.mjs"],
}


def block(name: str) -> str:
    found = re.search(
        rf"^```\w+\n((?:#|//) bot\.{name}: URL TOKEN ROOM\n.*?)^```", PAGE, re.DOTALL | re.MULTILINE
    )
    assert found is not None
    return found[1]


@pytest.mark.parametrize("language", BOTS)
def test_it_answers_who_wants_tea(server: Teahouse, tmp_path: Path, language: str) -> None:
    room, name = fresh("tea"), fresh("Tea bot")
    status, token = server.command_line("manage", "teahouse_token", name)
    assert status == 0, token
    code = block(language)
    assert len([line for line in code.splitlines() if line]) <= 15
    (tmp_path / f"bot.{language}").write_text(code, encoding="utf-8")
    with Client(server.url, "Alice") as alice:
        alice.ok(do="subscribe", room=room, make=True)
        command = [*BOTS[language], server.url, token.split()[-1], room]
        bot = Process(command, log=tmp_path / "log", env={**os.environ, "PYTHONPATH": ""}, cwd=tmp_path)
        try:
            alice.signal("presence", lambda signal: any(who.get("name") == name for who in signal["came"]))
            alice.say(room, "Who makes it?")
            for _ in range(2):
                alice.say(room, "!tea please")
                answer = alice.event(text="🍵 for Alice")
                assert (answer["by"]["name"], answer["by"]["kind"]) == (name, "bot")
        finally:
            bot.kill()
