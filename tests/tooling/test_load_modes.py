"""What the load generator does for crowds: coming back, never reading, many addresses, senders that roam."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from socket import SO_LINGER, SOL_SOCKET
from typing import Any

import pytest
from websockets import ConnectionClosed
from websockets.asyncio.server import ServerConnection, serve

from benchmarks.field import LOAD, build_load

Enter = Callable[[ServerConnection], Awaitable[None]]
PAGE = 3
UNREAD = 2**20


async def load(port: int, dialect: str, *more: str) -> dict[str, Any]:
    words = ["--port", str(port), "--dialect", dialect, "--warmup", "0", "--seconds", "0.3", *more]
    running = await asyncio.create_subprocess_exec(LOAD, *words, stdout=asyncio.subprocess.PIPE)
    printed, _ = await running.communicate()
    assert running.returncode == 0
    answer: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return answer


def loaded(enter: Enter, dialect: str, *more: str) -> dict[str, Any]:
    build_load()

    async def run() -> dict[str, Any]:
        async with serve(enter, "127.0.0.1", 0, compression=None) as server:
            return await load(server.sockets[0].getsockname()[1], dialect, *more)

    return asyncio.run(run())


def compact(frame: dict[str, Any]) -> str:
    """As Teahouse writes it: the load generator looks for pieces of it."""
    return json.dumps(frame, separators=(",", ":"))


class Room:
    """A room that can be resumed. When so much was said it tells nobody of the next, forgets one and cuts everyone.

    Its fault befalls what a session that comes back has missed: the first event is lost or repeated.
    """

    def __init__(self, fault: str, cut_at: int) -> None:
        self.fault = fault
        self.cut_at = cut_at
        self.events: list[str] = []
        self.keys: set[str] = set()
        self.live: set[ServerConnection] = set()
        self.pages = 0
        self.was_cut = False

    async def enter(self, member: ServerConnection) -> None:
        try:
            async for frame in member:
                command = json.loads(frame)
                if command["do"] == "send":
                    await self.say(command)
                else:
                    await member.send(compact({"re": command["id"], "ok": self.answer(member, command)}))
        finally:
            self.live.discard(member)

    def answer(self, member: ServerConnection, command: dict[str, Any]) -> dict[str, Any]:
        if command["do"] == "hello":
            return {"you": command["token"]}
        since = command.get("since", {"seq": len(self.events)})["seq"]
        page = [self.event(seq) for seq in range(since + 1, min(since + PAGE, len(self.events)) + 1)]
        seq = since + len(page)
        self.pages += 1
        if page and self.fault == "lost" and since == self.cut_at:
            page = page[1:]
        if page and self.fault == "repeated" and since == self.cut_at:
            page = [page[0], *page]
        more = seq < len(self.events)
        if not more:
            self.live.add(member)
        return {"position": {"epoch": "e1", "seq": seq}, "events": page, "more": more}

    def event(self, seq: int) -> dict[str, Any]:
        return {"event": "message", "seq": seq, "message": {"text": self.events[seq - 1]}}

    async def say(self, command: dict[str, Any]) -> None:
        if len(self.events) > self.cut_at and not self.was_cut:  # This one is not stored.
            self.was_cut = True
            self.events += ["of somebody else"] * PAGE
            for member in list(self.live):
                member.transport.abort()
            return
        if command["key"] in self.keys:
            return
        self.keys.add(command["key"])
        self.events.append(command["text"])
        if len(self.events) == self.cut_at + 1:  # This one is, and nobody hears of it.
            return
        event = compact(self.event(len(self.events)))
        for member in list(self.live):
            with suppress(ConnectionClosed):  # Who was cut is not gone yet; who speaks is not cut for it.
                await member.send(event)


@pytest.mark.parametrize("fault", ["", "lost", "repeated"])
def test_sessions_that_are_cut_come_back_and_see_what_is_wrong(fault: str, tmp_path: Path) -> None:
    room = Room(fault, cut_at=8)
    tickets = tmp_path / "tickets"
    tickets.write_text("tkt_1\ntkt_2\n")
    options = [
        "--sessions",
        "6",
        "--publishers",
        "2",
        "--rate",
        "20",
        "--returning",
        "--tickets",
        str(tickets),
        "--stragglers",
        "1",
    ]

    answer = loaded(room.enter, "teahouse-returning", *options)

    assert answer["returned"] == 6
    assert answer["lost_connections"] == 6
    assert 0 < answer["back_seconds"] < 30
    assert answer["sent"] == len(room.keys)
    assert answer["sent"] <= 20 * answer["seconds"] + 2, "more was said than the rate is"
    assert room.pages >= 6 * 3, "nobody needed a second page"
    found = {name for name in ("lost", "repeated", "disordered") if answer[name]}
    assert found == ({fault} if fault else set())


def test_a_deaf_session_never_reads_and_hears_that_it_was_cut() -> None:
    members: list[ServerConnection] = []
    cut: list[int] = []

    async def enter(member: ServerConnection) -> None:
        members.append(member)
        await member.send("ready")
        async for text in member:
            for number, one in enumerate(members):
                if number in cut:
                    continue
                one.transport.write(framed(str(text).ljust(60_000).encode()))
                if one.transport.get_write_buffer_size() > UNREAD:
                    cut.append(number)
                    reset(one)
            await asyncio.sleep(0)

    options = ["--sessions", "4", "--publishers", "1", "--rate", "200", "--deaf", "1", "--seconds", "4"]
    answer = loaded(enter, "ready", *options)

    assert cut == [3]
    assert 0 < answer["deaf_closed_seconds"] < 4
    assert answer["lost_connections"] == 0
    assert answer["lost"] == 0


def reset(member: ServerConnection) -> None:
    """Cuts it at once; without SO_LINGER the end would wait behind what is never read."""
    member.transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    member.transport.abort()


def framed(payload: bytes) -> bytes:
    """A text frame of 126 to 65,535 bytes (RFC 6455, 5.2)."""
    return b"\x81\x7e" + len(payload).to_bytes(2, "big") + payload


def test_sessions_come_from_as_many_addresses_as_they_need() -> None:
    addresses: list[str] = []

    async def enter(member: ServerConnection) -> None:
        addresses.append(member.remote_address[0])
        await member.send("ready")
        await member.wait_closed()

    loaded(enter, "ready", "--sessions", "5", "--publishers", "0", "--per-address", "2")

    assert sorted(addresses) == ["127.0.0.1"] * 2 + ["127.0.0.2"] * 2 + ["127.0.0.3"]


def test_senders_that_roam_say_each_message_in_the_next_room() -> None:
    rooms: list[str] = []

    async def enter(member: ServerConnection) -> None:
        async for frame in member:
            command = json.loads(frame)
            if command["do"] == "send":
                rooms.append(command["room"])
                await asyncio.sleep(0.01)
            await member.send(compact({"re": command["id"], "ok": {}}))

    options = [
        "--sessions",
        "2",
        "--publishers",
        "2",
        "--rooms",
        "6",
        "--acknowledged",
        "--roaming",
        "--seconds",
        "1",
    ]
    answer = loaded(enter, "teahouse-sender", *options)

    assert set(rooms) == {f"room{number}" for number in range(6)}
    assert max(map(rooms.count, rooms)) - min(map(rooms.count, rooms)) <= 2
    assert answer["messages"] > 6
    assert answer["lost"] == 0
