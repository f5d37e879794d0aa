"""The ES module that the pages use, as a script of somebody else uses it: in Node, with a server that is killed."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from teahouse.client import SyncClient
from tests import seen
from tests.guard import guard
from tests.live.cast import accounts, fresh
from tests.servers import ROOT, Teahouse
from tests.services import MissingProgram

SCRIPT = ROOT / "tests" / "js" / "connected.mjs"
SENDS = 30


@pytest.fixture(scope="module")
def server() -> Iterator[Teahouse]:
    with Teahouse(env={"TEAHOUSE_LIMITS": "off"}) as server:
        yield server


def node(*words: str | Path) -> list[str]:
    """Node 22 has WebSockets; before, they are asked for."""
    program = shutil.which("node")
    if program is None:
        raise MissingProgram("node", "nodejs")
    return [program, "--experimental-websocket", "--no-warnings", *seen.in_node(), *map(str, words)]


class Script:
    """A script of Node that speaks in lines of JSON."""

    def __init__(self, *words: str | Path) -> None:
        self.process = subprocess.Popen(
            node(*words), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        guard.process(self.process.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.communicate()
        guard.ended(self.process.pid)

    def put(self, *command: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()

    def next(self, fits: Callable[[dict[str, Any]], bool] = lambda told: True) -> dict[str, Any]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            told: dict[str, Any] = json.loads(line)
            assert "ended" not in told, told
            if fits(told):
                return told
        raise AssertionError("it has ended")


def test_a_script_over_a_killed_server_loses_and_repeats_nothing(server: Teahouse) -> None:
    room = fresh("js")
    with Script(SCRIPT, server.url, room, "Node") as script, SyncClient(server.url, name="Python") as chat:
        begun = script.next()
        assert (begun["you"]["name"], begun["ticket"][:4]) == ("Node", "tkt_")
        chat._client._connection._chance = lambda: 0.02  # It comes back at once.
        here = chat.room(room)
        for number in range(SENDS):
            script.put("send", f"js {number}")
            here.send(f"py {number}")
        server.kill()
        for number in range(SENDS, 2 * SENDS):
            script.put("send", f"js {number}")
        server.start()
        for number in range(SENDS, 2 * SENDS):
            here.send(f"py {number}")
        heard: list[dict[str, Any]] = []
        stored: dict[str, int] = {}
        while len(heard) < 4 * SENDS or len(stored) < 2 * SENDS:
            told = script.next()
            if "event" in told:
                heard.append(told["event"])
            else:
                assert told["text"] not in stored
                stored[told["text"]] = told["stored"]["seq"]
        assert [event["seq"] for event in heard] == list(range(heard[0]["seq"], heard[0]["seq"] + 4 * SENDS))
        texts = {event["seq"]: event["message"]["text"] for event in heard}
        for who in ("js", "py"):
            assert [text for text in texts.values() if text.startswith(who)] == [
                f"{who} {n}" for n in range(2 * SENDS)
            ]
        assert {text: seq for seq, text in texts.items() if text.startswith("js")} == stored
        assert len({event["message"]["by"]["id"] for event in heard}) == 2, "the same guest again"
        script.put("react", "🍵")
        assert script.next()["event"]["message"]["reactions"] == {"🍵": [begun["you"]["id"]]}
        script.put("close")
        last = [script.next(), script.next()]
        assert {"left": True} in last
        assert {"late": {"error": "Closed", "code": 1000}} in last
        assert script.process.wait(10) == 0


def test_what_is_refused_says_why(server: Teahouse) -> None:
    room = fresh("refused")
    with Script(SCRIPT, server.url, room, "Rita") as script, SyncClient(server.url, name="Python") as chat:
        script.next()
        script.put("send", "x" * 10_001)
        assert script.next()["refused"] == {"error": "Refused", "code": "too_long"}
        script.put("other", "nowhere")
        assert script.next()["refused"] == {"error": "Refused", "code": "not_found"}
        chat.room(room).send("and on")
        assert script.next()["event"]["message"]["text"] == "and on"
    accounts(server, "Taken")
    with Script(SCRIPT, server.url, room, "Taken") as script:
        told = script.next()
        assert (told["error"], told["code"]) == ("Refused", "name_taken")
        assert script.process.wait(10) == 0
    with Script(SCRIPT, f"{server.url}/elsewhere/", room, "Rita") as script:
        told = script.next()
        assert (told["error"], told["code"]) == ("Closed", 4004)
        assert "no chat at this address" in told["said"]


def test_where_nobody_answers_it_says_so_in_time(server: Teahouse) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # It does not listen.
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/"
        with Script(SCRIPT, url, "main", "Rita", "0.5") as script:
            told = script.next()
            assert told["error"] == "Unreachable"
            assert told["said"] == f"No answer from {url.replace('http', 'ws')}ws/ within 0.5 s."
            assert script.process.wait(10) == 0, "nothing goes on trying"
    with Script(SCRIPT, server.url, fresh("reached"), "Rita", "Infinity") as script:
        assert script.next()["you"]["name"] == "Rita"


def test_a_thread_is_read_answered_and_left(server: Teahouse) -> None:
    (token,) = accounts(server, fresh("Python"))
    with (
        Script(SCRIPT, server.url, fresh("js"), fresh("Node")) as script,
        SyncClient(server.url, token=token) as chat,
    ):
        script.next()
        script.put("send", "the root")
        room = chat.room(script.next(lambda told: "event" in told)["event"]["room"])
        root = room.history()["messages"][0]["id"]
        before = room.send("below", thread=root)["message"]
        script.put("thread", json.dumps([root, "further below"]))
        heard = [script.next(lambda told: "inThread" in told) for _ in range(2)]
        assert [told["inThread"]["event"] for told in heard] == ["message", "thread"]
        assert heard[0]["inThread"]["message"]["root"]["id"] == root
        assert heard[0]["held"] == ["below", "further below"]
        room.send("beside it")
        room.react(before, "🍵")
        told = script.next(lambda told: "inThread" in told)["inThread"]
        assert (told["event"], told["message"]["id"]) == ("reactions", before), "nothing of what is beside it"
        room.send("an answer", thread=root)
        assert script.next(lambda told: "inThread" in told)["held"][-1] == "an answer"
        script.put("threads")
        (listed,) = script.next(lambda told: "threads" in told)["threads"]
        assert (listed["message"]["id"], listed["last"]["text"]) == (root, "an answer")
        script.put("leave thread")
        script.next(lambda told: "leftThread" in told)
        script.put("thread", json.dumps([root + 1000, "nowhere"]))
        assert script.next(lambda told: "refused" in told)["refused"]["code"] == "not_found"


def test_a_restored_site_is_told_as_a_reset(server: Teahouse) -> None:
    with Script(SCRIPT, server.url, fresh("restored"), "Restored") as script:
        script.next()
        script.put("send", "before")
        script.next(lambda told: "stored" in told)
        server.kill()
        status, said = server.command_line("manage", "teahouse_restored")
        assert status == 0, said
        server.start()
        script.next(lambda told: told.get("event", {}).get("event") == "reset")
        script.put("send", "after")
        assert script.next(lambda told: "event" in told)["event"]["message"]["text"] == "after"


def test_the_bot_of_the_documentation(server: Teahouse, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
    (source,) = re.findall(r"^```js\n// bot\.mjs\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert len([line for line in source.splitlines() if line.strip()]) <= 15
    module = (ROOT / "teahouse" / "static" / "teahouse" / "client.js").as_uri()
    (tmp_path / "bot.mjs").write_text(source.replace("./teahouse/client.js", module))
    (token,) = accounts(server, "EchoJs")
    with SyncClient(server.url, name="Mei") as mei, Script(tmp_path / "bot.mjs", server.url, token):
        room = mei.room("main")
        while "EchoJs" not in {one.get("name") for one in room.here}:
            room.typing()
        sent = room.send("!echo tea?")
        said = [message for _, message in zip(range(2), room.messages(timeout=15), strict=False)]
        assert (said[1]["text"], said[1]["reply"]["id"]) == ("tea?", sent["message"])
