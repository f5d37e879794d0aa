"""The Python client while its server is killed, stopped and started: nothing lost, nothing twice, nothing out of order,
and each send stored once."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from teahouse.client import Client, Room
from tests.live.cast import fresh
from tests.live.dying import AFTER_COMMIT
from tests.servers import Teahouse

SECONDS = 40
SENDS = 40
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def server() -> Iterator[Teahouse]:
    with Teahouse(env={"TEAHOUSE_LIMITS": "off"}) as server:
        yield server


def eager(server: Teahouse, name: str) -> Client:
    """A client whose chance is small: it comes back at once."""
    client = Client(server.url, name=fresh(name))
    client._connection._chance = lambda: 0.02
    return client


async def talk(room: Room, who: str, half: asyncio.Event, ended: asyncio.Event) -> list[int]:
    """Says so many things, each after the one before, and goes on until the server has ended; their numbers."""
    seqs: list[int] = []
    while len(seqs) < SENDS or not ended.is_set():
        seqs.append((await room.send(f"{who} {len(seqs)}"))["seq"])
        if len(seqs) == SENDS // 2:
            half.set()
    return seqs


async def listen(room: Room, until: str) -> list[dict[str, Any]]:
    heard = []
    async for event in room.events():
        heard.append(dict(event))
        if event.get("message", {}).get("text") == until:
            break
    return heard


@pytest.mark.parametrize("end", ["kill", "terminate"])
async def test_a_server_that_ends_in_mid_conversation(server: Teahouse, end: str) -> None:
    name = fresh("tea")
    async with eager(server, "Mei") as mei, eager(server, "Bob") as bob, eager(server, "Reader") as reader:
        rooms = [await one.room(name, make=True) for one in (mei, bob, reader)]
        before = rooms[2].position["seq"]
        half, ended = asyncio.Event(), asyncio.Event()
        listening = asyncio.create_task(listen(rooms[2], "the end"))
        talking = [
            asyncio.create_task(talk(room, who, half, ended)) for room, who in zip(rooms, "mb", strict=False)
        ]
        # What is said at once is stored in this order too.
        at_once = [asyncio.create_task(rooms[0].send(f"all {n}")) for n in range(SENDS)]
        await half.wait()
        await asyncio.to_thread(getattr(server, end))
        ended.set()
        await asyncio.to_thread(server.start)
        async with asyncio.timeout(SECONDS):
            results = await asyncio.gather(*talking)
            await asyncio.gather(*at_once)
            await rooms[0].send("the end")
            heard = await listening

    said = {"m": len(results[0]), "b": len(results[1]), "all": SENDS}
    assert [event["seq"] for event in heard] == list(range(before + 1, before + sum(said.values()) + 2))
    texts = [event["message"]["text"] for event in heard]
    for who, times in said.items():
        assert [text for text in texts if text.startswith(f"{who} ")] == [f"{who} {n}" for n in range(times)]
    stored = {event["seq"]: event["message"]["text"] for event in heard}
    for seqs, who in zip(results, "mb", strict=False):
        assert [stored[seq] for seq in seqs] == [f"{who} {n}" for n in range(len(seqs))]


class Mortal(Teahouse):
    """A server that dies where a message tells it to."""

    def command(self) -> list[str]:
        command = super().command()
        return [sys.executable, "-m", "tests.live.dying", *command[command.index("serve") :]]


async def test_what_was_stored_and_not_answered_is_stored_once() -> None:
    with Mortal(env={"TEAHOUSE_LIMITS": "off"}) as mortal:
        async with eager(mortal, "Mei") as mei:
            room = await mei.room("main")
            before = room.position["seq"]
            sending = [asyncio.create_task(room.send(text)) for text in (AFTER_COMMIT, "and then")]
            assert mortal.process is not None
            assert await asyncio.to_thread(mortal.process.wait) == -signal.SIGKILL
            mortal.process = None
            await asyncio.to_thread(mortal.start)
            async with asyncio.timeout(SECONDS):
                stored = await asyncio.gather(*sending)
                heard = await listen(room, "and then")
    assert [one["seq"] for one in stored] == [before + 1, before + 2]
    assert [event["message"]["text"] for event in heard] == [AFTER_COMMIT, "and then"]


async def test_away_for_longer_than_a_page_and_then_in_a_restored_site(server: Teahouse) -> None:
    name = fresh("tea")
    async with eager(server, "Reader") as reader:
        room = await reader.room(name, make=True)
        position = room.position
    async with eager(server, "Mei") as mei:
        there = await mei.room(name)
        await asyncio.gather(*(there.send(f"{n}") for n in range(600)))
        async with eager(server, "Reader") as back:
            room = await back.room(name, since=position)
            async with asyncio.timeout(SECONDS):
                heard = await listen(room, "599")
            assert [event["message"]["text"] for event in heard] == [str(n) for n in range(600)]
            await asyncio.to_thread(server.kill)
            # A backup was put in place, as far as positions can tell.
            status, said = await asyncio.to_thread(server.command_line, "manage", "teahouse_restored")
            assert status == 0, said
            await asyncio.to_thread(server.start)
            async with asyncio.timeout(SECONDS):
                # What is said before the reader is back is in the position that it goes on from.
                reset = await anext(room.events())
                await there.send("new times")
                heard = await listen(room, "new times")
            assert reset["event"] == "reset"
            assert reset["position"]["epoch"] != position["epoch"]
            assert [event["event"] for event in heard] == ["message"]
