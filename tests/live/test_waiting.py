"""A thousand readers who wait over HTTP: each costs a connection and some memory, no thread and no database."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.clients import Client, Posting
from tests.live.cast import fresh
from tests.servers import Teahouse

MANY = 1000
FEW = 20

pytestmark = pytest.mark.asyncio


class Waiting:
    """One request that waits; its answer is read when it comes."""

    def __init__(self, server: Teahouse, ticket: str, command: dict[str, Any]) -> None:
        self.port = server.port
        body = json.dumps({"id": 1, **command})
        head = {
            "Host": f"127.0.0.1:{server.port}",
            "Authorization": f"Bearer {ticket}",
            "Content-Type": "application/x-ndjson",
            "Content-Length": str(len(body)),
            "Connection": "close",
        }
        lines = [
            "POST /frames/?wait=25 HTTP/1.1",
            *(f"{name}: {value}" for name, value in head.items()),
            "",
            body,
        ]
        self.request = "\r\n".join(lines).encode()

    async def begin(self) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writer.write(self.request)
        await self.writer.drain()

    async def leave(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()

    async def told(self) -> list[dict[str, Any]]:
        """The events of the answer."""
        answer = await self.reader.read()
        await self.leave()
        frames = [json.loads(line) for line in answer.partition(b"\r\n\r\n")[2].split(b"\n") if line]
        missed = [event for frame in frames for event in frame.get("ok", {}).get("events", [])]
        return missed + [frame for frame in frames if "event" in frame]


async def until_sessions(server: Teahouse, count: int) -> None:
    while await asyncio.to_thread(server.sessions) != count:
        pass


def held(server: Teahouse) -> tuple[int, int]:
    """Threads of the server, and its connections to the database."""
    process = Path(f"/proc/{server.pid}")
    files = [file.readlink().name for file in (process / "fd").iterdir() if file.is_symlink()]
    return len(list((process / "task").iterdir())), sum(file.endswith(".sqlite3") for file in files)


async def test_a_thousand_wait_and_each_is_told(server: Teahouse) -> None:
    room = fresh("crowd")
    with Client(server.url, fresh("Ben")) as ben, Posting(server.url) as nobody:
        ben.ok(do="subscribe", room=room, make=True)
        ticket = nobody.ok(do="hello", v=1, name=fresh("Ada"))["ticket"]
        with Posting(server.url, ticket) as ada:
            since = ada.ok(do="subscribe", room=room)["position"]
        command = {"do": "subscribe", "room": room, "since": since}
        crowd = [Waiting(server, ticket, command) for _ in range(MANY)]
        for waiting in crowd:
            await waiting.begin()
        await until_sessions(server, MANY + 1)
        threads, connections = held(server)
        assert 1 < threads < FEW
        assert 1 < connections < FEW
        ben.say(room, "to all of you")
        told = await asyncio.gather(*(waiting.told() for waiting in crowd))
        assert {tuple(event["message"]["text"] for event in events) for events in told} == {
            ("to all of you",)
        }
        await until_sessions(server, 1)


async def test_who_leaves_is_not_waited_for(server: Teahouse) -> None:
    with Posting(server.url) as nobody:
        ticket = nobody.ok(do="hello", v=1, name=fresh("Ada"))["ticket"]
    waiting = Waiting(server, ticket, {"do": "subscribe", "room": "@me"})
    await waiting.begin()
    await until_sessions(server, 1)
    await waiting.leave()
    await until_sessions(server, 0)
