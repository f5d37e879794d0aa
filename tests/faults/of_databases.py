"""Faults of the database, F11, F12 and F16: PostgreSQL and SQLite away, cut off, full, locked, slow."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import psycopg

from tests.faults.fault import RESTARTED, fault
from tests.faults.worlds import ROOMS, One, Two, until
from tests.processes import temporary_folder


@fault("F11", "PostgreSQL restarted", Two)
async def postgres_restarted(world: Two) -> None:
    await asyncio.to_thread(world.postgres.stop)
    await asyncio.to_thread(world.postgres.start)


@fault("F11", "PostgreSQL crashed, and recovers", Two)
async def postgres_crashed(world: Two) -> None:
    await asyncio.to_thread(world.postgres.kill)
    await asyncio.to_thread(world.postgres.start)


@fault("F11", "connections to PostgreSQL reset", Two)
async def postgres_cut(world: Two) -> None:
    world.to_postgres.reset()
    await world.more_said()


async def _cut_at_commit(world: Two, where: str) -> None:
    cuts = world.to_postgres.cuts
    world.to_postgres.cut_at = where
    await until(lambda: world.to_postgres.cuts > cuts, 10, "a commit came by")


@fault("F11", "connection lost before its COMMIT arrived", Two)
async def cut_before_the_commit(world: Two) -> None:
    await _cut_at_commit(world, "before")


@fault("F11", "connection lost with the answer to COMMIT", Two)
async def cut_after_the_commit(world: Two) -> None:
    await _cut_at_commit(world, "after")


@fault("F11", "statements time out: a room's row is locked for 1.5 s", Two)
async def statements_time_out(world: Two) -> None:
    async with _as_role(world, statement_timeout="300ms"):
        await asyncio.to_thread(_hold_rooms, world.url, 1.5, ROOMS)


@fault("F11", "dead-locks with another writer", Two)
async def dead_locks(world: Two) -> None:
    for _ in range(5):
        await asyncio.to_thread(_hold_rooms, world.url, 0.05, ROOMS[::-1], 0.05)


@fault("F11", "transactions that cannot be serialised", Two)
async def not_serialisable(world: Two) -> None:
    async with _as_role(world, default_transaction_isolation="serializable"):
        await world.more_said(60)


@contextlib.asynccontextmanager
async def _as_role(world: Two, **settings: str) -> AsyncIterator[None]:
    """Connections that are opened meanwhile have these settings; all are opened anew, before and after."""
    role = world.postgres.user
    for name, value in settings.items():
        await world.sql(f"ALTER ROLE {role} SET {name} = '{value}'")
    world.to_postgres.reset()
    try:
        yield
    finally:
        for name in settings:
            await world.sql(f"ALTER ROLE {role} RESET {name}")
        world.to_postgres.reset()


def _hold_rooms(url: str, seconds: float, rooms: tuple[str, ...], between: float = 0.0) -> None:
    """Locks the rows of rooms, one after the other, for so long. Dead-locked, it gives up."""

    with contextlib.suppress(psycopg.errors.DeadlockDetected), psycopg.connect(url) as other:
        for slug in rooms:
            other.execute("SELECT id FROM teahouse_room WHERE slug = %s FOR UPDATE", (slug,))
            time.sleep(between)
        time.sleep(seconds)
        other.rollback()


@fault("F12", "another process holds the write lock for 2 s", One)
async def database_held(world: One) -> None:
    await asyncio.to_thread(_hold, world, 2.0)


def _hold(world: One, seconds: float) -> None:
    with world.held():
        time.sleep(seconds)


@fault("F12", "killed while the log is put into the database", One, closes=RESTARTED)
async def killed_in_a_checkpoint(world: One) -> None:
    checkpoints = await asyncio.to_thread(
        subprocess.Popen,
        [sys.executable, "-c", CHECKPOINTS, str(world.database)],
        stdout=subprocess.PIPE,
    )
    assert checkpoints.stdout is not None
    try:
        await asyncio.to_thread(checkpoints.stdout.readline)
        await world.more_said(20)
    finally:
        checkpoints.kill()
        await asyncio.to_thread(world.server.kill)
        checkpoints.wait()
        checkpoints.stdout.close()
    await world.server.again()


CHECKPOINTS: Final = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
while True:
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    print("done", flush=True)
"""


@fault("F12", "an older backup in its place, behind its back", One, closes=RESTARTED)
async def put_back(world: One) -> None:
    copy = world.server.folder / "older.sqlite3"
    await world.hush()
    await asyncio.to_thread(_copy, world.database, copy)
    said = world.record.acknowledged
    world.go_on()
    await world.more_said(30)
    await world.hush()
    lost = world.record.acknowledged - said
    # Who reads comes back only when the numbers that they had are given again.
    for line in world.reading:
        line.refuses = True
    await asyncio.to_thread(world.server.terminate)
    await asyncio.to_thread(copy.replace, world.database)
    world.was_put_back(await world.rows())
    world.go_on()
    await world.server.again()
    assert "older than what was served" in world.server.output_of_this_start()
    await world.more_said(2 * lost)
    for line in world.reading:
        line.refuses = False


def _copy(database: Path, copy: Path) -> None:
    with (
        contextlib.closing(sqlite3.connect(database)) as source,
        contextlib.closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)


class Small(One):
    """SQLite on a disk of 24 MB of its own."""

    name = "SQLite, a small disk"

    @classmethod
    def is_possible(cls) -> bool:
        """Only root may mount."""
        return os.geteuid() == 0

    async def _open_servers(self) -> None:
        self.data = await self.enter(temporary_folder("disk"))
        unmounts = ["umount", "-l", str(self.data)]
        await asyncio.to_thread(
            subprocess.run,
            ["mount", "-t", "tmpfs", "-o", "size=24m", "teahouse", str(self.data)],
            check=True,
        )
        self._exit.push_async_callback(asyncio.to_thread, lambda: subprocess.run(unmounts, check=True))
        await super()._open_servers()


@fault("F12", "the disk is full", Small)
async def disk_full(world: Small) -> None:
    assert world.data is not None
    rest = world.data / "rest"
    with rest.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    waits = asyncio.create_task(world.more_said(2000))
    await asyncio.wait({waits}, timeout=3)
    said, full = world.record.acknowledged, shutil.disk_usage(world.data).free < 65536
    rest.unlink()
    waits.cancel()
    await asyncio.gather(waits, return_exceptions=True)
    assert full, f"the disk was full, {said} messages were said"


@fault("F16", "PostgreSQL 200 ms late, 3 s long", Two)
async def postgres_late(world: Two) -> None:
    world.to_postgres.delay = 0.1
    await asyncio.sleep(3)
    world.to_postgres.delay = 0.0


@fault("F16", "SQLite held for 200 ms at a time, 3 s long", One)
async def sqlite_late(world: One) -> None:
    for _ in range(12):
        await asyncio.to_thread(_hold, world, 0.2)
        await asyncio.sleep(0.05)
