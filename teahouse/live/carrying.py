"""Takes what transactions on databases of the project have left into the outbox (P9). In: rows of `elsewhere.py`, a
hint after each commit of this process, a look each second. Out: rows of the outbox, which the sweep is told of.

Each database is looked after by itself, on a thread of its own: one that does not answer holds up nothing but itself.
What is put and cannot be dropped yet, since somebody writes to that file of SQLite, is remembered and holds up nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from django.db import connections

from teahouse import elsewhere
from teahouse.database import close_threads

if TYPE_CHECKING:
    from datetime import datetime

    from teahouse.live.runtime import Runtime

log = logging.getLogger("teahouse.carrying")

SECONDS: Final = 1.0
"""What another process has left is looked for so often."""
SECONDS_WITHOUT: Final = 15.0
"""So often, whether somebody has made the tables meanwhile."""


class Carrying:
    """Of one runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self._carriers = [_Carrier(runtime, alias) for alias in elsewhere.databases()]
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(carrier.run()) for carrier in self._carriers]

    def hint(self) -> None:
        """A transaction of this process may have left something."""
        for carrier in self._carriers:
            carrier.due.set()

    def waiting(self) -> list[datetime]:
        """Since when each message or event waits that was found and is not put yet."""
        return [row.made_at for carrier in self._carriers for row in carrier.rows.said]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(asyncio.to_thread(carrier.close) for carrier in self._carriers))


class _Carrier:
    """Of one database."""

    def __init__(self, runtime: Runtime, using: str) -> None:
        self.runtime, self.using = runtime, using
        self.rows = elsewhere.Left([], [])  # Those found last, until they are put.
        self._put = elsewhere.Ids()  # In Teahouse's tables, and not dropped yet.
        self._refused = elsewhere.Ids()  # Left alone until the next start.
        self.due = asyncio.Event()
        self.due.set()
        self._thread = ThreadPoolExecutor(1, f"teahouse-carrier-{using}")
        self._failed = False

    def close(self) -> None:
        close_threads(self._thread, 1)

    async def run(self) -> None:
        wait = 0.0
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.due.wait(), wait)
            self.due.clear()
            try:
                if self._failed:
                    await self._there(_disconnect)  # Whatever became of it, the next look makes another.
                wait = await self._look()
                self._failed = False
            except Exception as error:  # noqa: BLE001  A project's database may fail in any way; all is there still.
                self._tell(error)
                wait = SECONDS

    async def _look(self) -> float:
        """Takes all that is there; seconds until the next look."""
        if not await self._there(elsewhere.is_there):
            await self._there(_disconnect)
            return SECONDS_WITHOUT
        while await self._carry():
            pass
        return SECONDS

    async def _carry(self) -> bool:
        """Whether there was anything new."""
        self.rows = await self._there(elsewhere.left, self._put | self._refused)
        if found := bool(self.rows):
            self._refused.add(await self.runtime.write(elsewhere.put, self.rows))
            self._put.add(self.rows)
            self._put.discard(self._refused)
            self.rows = elsewhere.Left([], [])
            self.runtime.sweep.hint()
        if self._put:
            self._put.discard(await self._there(elsewhere.drop, self._put))
        return found

    async def _there(self, run: Callable[..., Any], *args: Any) -> Any:
        """Runs it on the thread that has a connection to the database."""
        return await self.runtime.loop.run_in_executor(self._thread, run, self.using, *args)

    def _tell(self, error: Exception) -> None:
        """Once, until it is well again."""
        if not self._failed:
            log.error(
                "What was left in the database %r, if anything, waits there: %s: %s",
                self.using,
                type(error).__name__,
                error,
            )
        self._failed = True


def _disconnect(using: str) -> None:
    connections[using].close()
