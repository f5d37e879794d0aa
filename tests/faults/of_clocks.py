"""Faults of the clock, F14: an hour ahead, an hour behind."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import struct
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from tests.faults.fault import fault
from tests.faults.worlds import One, Server
from tests.processes import temporary_folder


class Clock(One):
    """SQLite, under a clock that can be set: clock.c between the process and the system's."""

    name = "SQLite, another clock"

    async def _open_servers(self) -> None:
        folder = await self.enter(temporary_folder("clock"))
        self.library, self.ahead = folder / "clock.so", folder / "ahead"
        command = [
            "cc",
            "-O2",
            "-Wall",
            "-shared",
            "-fPIC",
            "-o",
            self.library,
            Path(__file__).with_name("clock.c"),
        ]
        await asyncio.to_thread(subprocess.run, command, check=True)
        self.set(0)
        await super()._open_servers()

    def new_server(self) -> Server:
        server = super().new_server()
        server.env |= {"LD_PRELOAD": str(self.library), "CLOCK_AHEAD": str(self.ahead)}
        return server

    def seconds_ahead(self) -> float:
        """How far the server's clock is ahead of ours, from the last event that it stored."""
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            (at,) = connection.execute("SELECT at FROM teahouse_event ORDER BY rowid DESC LIMIT 1").fetchone()
        then = datetime.fromisoformat(at).replace(tzinfo=UTC)
        return (then - datetime.now(UTC)).total_seconds()

    def set(self, seconds: int) -> None:
        """How far it is ahead of the right time. Written in place: the server has the file mapped."""
        with self.ahead.open("r+b" if self.ahead.exists() else "wb", buffering=0) as file:
            file.write(struct.pack("l", seconds))


async def _another_time(world: Clock, seconds: int) -> None:
    world.set(seconds)
    await world.more_said(40)
    moved = await asyncio.to_thread(world.seconds_ahead)
    assert abs(moved - seconds) < 60, f"the server's clock is {moved:.0f} s ahead"
    world.set(0)
    await world.more_said(40)


@fault("F14", "the clock an hour ahead, and right again", Clock)
async def clock_ahead(world: Clock) -> None:
    await _another_time(world, 3600)


@fault("F14", "the clock an hour behind, and right again", Clock)
async def clock_behind(world: Clock) -> None:
    await _another_time(world, -3600)
