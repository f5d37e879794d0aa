"""Faults of connections, F3 to F9: cut, slow, half-open, a crowd at once, and clients that do not do their part."""

from __future__ import annotations

import asyncio
import json

from tests.faults.fault import LOST, RESTARTED, fault
from tests.faults.people import Person
from tests.faults.worlds import ROOMS, One, Server, Two, World, address_of, also_there
from tests.live.rawsocket import RawSocket


@fault("F3", "connections reset", One, Two, closes=LOST)
async def reset(world: World) -> None:
    for line in world.lines:
        line.reset()


@fault("F3", "a network that swallows everything for 5 s", One, Two, closes=LOST)
async def swallowed(world: World) -> None:
    for line in world.reading:
        line.swallows = True
    await asyncio.sleep(5)
    for line in world.reading:
        line.swallows = False


@fault("F3", "half-open: the client is gone, the server was not told", One, Two, closes=LOST)
async def half_open(world: World) -> None:
    for line in world.lines:
        line.leave_half()


@fault("F3", "1 KB/s for 3 s", One, Two, closes=LOST)
async def slow(world: World) -> None:
    for line in world.reading:
        line.rate = 1024
    await asyncio.sleep(3)
    for line in world.reading:
        line.rate = None


@fault("F3", "0.3 s late, 3 s long", One, Two)
async def late(world: World) -> None:
    for line in world.lines:
        line.delay = 0.3
    await asyncio.sleep(3)
    for line in world.lines:
        line.delay = 0.0


@fault("F4", "ten clients cut eight times each", One, Two, closes=LOST)
async def kicked(world: World) -> None:
    some = [
        Person(world.record, f"kicked {number}", address_of(world.reading[-1]), *ROOMS)
        for number in range(10)
    ]
    async with also_there(world, some):
        for _ in range(8):
            await world.all_live()
            for person in some:
                person.cut()
        await world.all_is_well()


@fault("F5", "every connection cut, 2 s away", One, Two, closes=LOST)
async def away(world: World) -> None:
    for line in world.lines:
        line.refuses = True
        line.reset()
    await asyncio.sleep(2)
    for line in world.lines:
        line.refuses = False


@fault("F6", "100 return at once after `kill -9`", One, Two, closes=RESTARTED)
async def crowd(world: World) -> None:
    some = [
        Person(world.record, f"crowd {number}", address_of(world.reading[-1]), *ROOMS)
        for number in range(100)
    ]
    async with also_there(world, some):
        await world.all_live()
        server = world.servers[-1]
        await asyncio.to_thread(server.kill)
        await server.again()
        await world.all_is_well()


@fault("F7", "a reader that never reads, until it is closed", One, Two)
async def never_reads(world: World) -> None:
    server = world.servers[-1]
    with await asyncio.to_thread(RawSocket, server.port, "/ws/", receive_buffer=4096, timeout=30) as deaf:
        await asyncio.to_thread(_introduce, deaf)
        talker = world.talkers[-1]
        for number in range(700):
            said = talker.say(ROOMS[0], f"{number} " + "x" * 9000)
        await talker.said(said)
        await world.all_is_well()
        await asyncio.to_thread(deaf.wait_for_the_end)


def _introduce(raw: RawSocket) -> None:
    raw.send(json.dumps({"id": 1, "do": "hello", "v": 1, "name": "somebody"}))
    raw.send(json.dumps({"id": 2, "do": "subscribe", "room": ROOMS[0]}))


class Patient(One):
    """SQLite, and faults that take so long that a short run waits for them beside others."""

    def __init__(self) -> None:
        super().__init__(rate=2.0)

    def new_server(self) -> Server:
        server = super().new_server()
        server.env["TEAHOUSE_PING"] = "5"
        return server


@fault("F8", "a client that never answers a ping, until it is closed with 4102", Patient)
async def never_pongs(world: Patient) -> None:
    with await asyncio.to_thread(RawSocket, world.servers[0].port, "/ws/", timeout=40) as raw:
        await asyncio.to_thread(_introduce, raw)
        assert await asyncio.to_thread(_end_of, raw) == 4102


@fault("F9", "a client that never says hello, until it is closed with 4105", Patient)
async def never_says_hello(world: Patient) -> None:
    with await asyncio.to_thread(RawSocket, world.servers[0].port, "/ws/", timeout=20) as raw:
        assert await asyncio.to_thread(_end_of, raw) == 4105


def _end_of(raw: RawSocket) -> int:
    """The code of the close frame; pings are left unanswered."""
    return raw.read_until_close()[1]
