"""Faults of the processes that serve: killed, drained, stopped, without files, held up."""

from __future__ import annotations

import asyncio
import os
import resource
import socket

from tests.faults.fault import LOST, RESTARTED, fault
from tests.faults.people import Person
from tests.faults.worlds import ROOMS, One, Server, Two, World, also_there, open_files
from tests.live import dying
from tests.processes import temporary_folder
from tests.server.next_version import next_version
from tests.servers import ROOT


async def _killed_at(world: World, point: str) -> None:
    await world.servers[0].dies_at(point)
    await world.servers[0].again()


@fault("F1", "`kill -9`, rows written, not committed", One, Two, closes=RESTARTED)
async def killed_before_the_commit(world: World) -> None:
    await _killed_at(world, dying.BEFORE_COMMIT)


@fault("F1", "`kill -9`, committed, nobody told", One, Two, closes=RESTARTED)
async def killed_after_the_commit(world: World) -> None:
    await _killed_at(world, dying.AFTER_COMMIT)


@fault("F1", "`kill -9`, acknowledged, other processes not told", One, Two, closes=RESTARTED)
async def killed_before_the_broadcast(world: World) -> None:
    await _killed_at(world, dying.BEFORE_BROADCAST)


@fault("F2", "SIGTERM, and a start", One, Two, closes=RESTARTED)
async def drained(world: World) -> None:
    server = world.servers[0]
    assert await asyncio.to_thread(server.terminate) == 0, "a drained server ends well"
    await server.again()


@fault("F13", "one of two servers stopped for 8 s, and continued", Two, closes=LOST)
async def stopped(world: Two) -> None:
    with world.servers[0].frozen():
        await asyncio.sleep(8)


@fault("F13", "one of two servers stopped for 30 s, and continued", Two, closes=LOST, takes_long=True)
async def stopped_for_long(world: Two) -> None:
    with world.servers[0].frozen():
        await asyncio.sleep(30)


@fault("F19", "the loop does not run for 2 s: nobody is closed", One, Two)
async def held_up(world: World) -> None:
    with world.servers[-1].frozen():
        await asyncio.sleep(2)


@fault("F17", "one server after the other restarted", Two, closes=RESTARTED)
async def rolled(world: Two) -> None:
    for server in world.servers:
        await asyncio.to_thread(server.terminate)
        await server.again()


class Rolling(Two):
    """The same, and a newer version of the program: a migration more, and what `newer.py` adds."""

    name = "PostgreSQL and Redis, and a newer version"

    async def _open_servers(self) -> None:
        folder = await self.enter(temporary_folder("newer"))
        self.added = await asyncio.to_thread(next_version, folder)
        self.path = f"{folder}{os.pathsep}{ROOT}"
        await super()._open_servers()

    def replace(self, server: Server) -> None:
        """From its next start on it is the newer version."""
        server.module = ("tests.faults.newer",)
        server.env["PYTHONPATH"] = self.path


@fault("F17", "one server after the other replaced by a newer version", Rolling, closes=RESTARTED)
async def replaced(world: Rolling) -> None:
    for server in world.servers:
        await asyncio.to_thread(server.terminate)
        world.replace(server)
        await server.again()
        await world.all_live()
        await world.more_said(40)
    first, second = (server.output_of_this_start() for server in world.servers)
    assert "up to date (1 to apply)" in first, first
    assert "up to date" not in second, "the first one has migrated, beside the old version that went on"


@fault("F18", "no file descriptors left: who is in goes on, who comes waits", One, Two)
async def no_more_files(world: World) -> None:
    server = world.servers[0]
    pid = server.pid
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (open_files(server) + 3, hard))
    waiting = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
    try:
        await world.more_said(20)
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))
        for one in waiting:
            one.close()
    newcomer = Person(world.record, "newcomer", lambda: server.url, *ROOMS)
    async with also_there(world, [newcomer]):
        await world.all_live()
