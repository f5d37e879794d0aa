"""Ends live sessions in every process before whoever signed out is told that it is done (P6). In: a `Cut` from any
thread. Out: closed sessions here, a question to the other processes, a future that is done when all have answered.

A process that does not answer within the lease cannot be reached. It notices that by its own bus, looks at all logins
by itself from then on (`live/sweep.py`), and has done so when the lease is over.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Final

from teahouse.actions.people import Cut
from teahouse.bus import LEASE_SECONDS

if TYPE_CHECKING:
    from teahouse.live.runtime import Runtime

log = logging.getLogger("teahouse.cuts")

AGAIN_SECONDS: Final = 0.5
"""A question may be lost like everything on the bus, or its answer; so it is asked again."""


class Cuts:
    """The cuts of one runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self._numbers = itertools.count(1)
        self._answers: dict[int, set[str]] = {}  # Question → the processes that have answered.
        self._answered = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def here(self, cut: Cut) -> None:
        """Ends the sessions of this process that are meant."""
        for session in [session for session in self.runtime.sessions if session.is_meant_by(cut)]:
            session.cut(cut)

    def everywhere(self, cut: Cut) -> Future[None]:
        """Ends them in all processes; done when all have, or their lease is over. From any thread."""
        done: Future[None] = Future()
        self.runtime.loop.call_soon_threadsafe(self._begin, cut, done)
        return done

    def heard(self, data: dict[str, Any]) -> None:
        """What another process said of cuts."""
        if cut := data.get("cut"):
            self.here(Cut(*cut))
            if "ask" in data:
                self.runtime.bus.tell({"cut_done": [data["from"], data["ask"]]})
        process, number = data.get("cut_done", (None, None))
        if process == self.runtime.process and number in self._answers:
            self._answers[number].add(data["from"])
            self._answered.set()

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, cut: Cut, done: Future[None]) -> None:
        self.here(cut)
        task = self.runtime.loop.create_task(self._ask(cut))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: done.set_result(None))

    async def _ask(self, cut: Cut) -> None:
        bus, loop = self.runtime.bus, self.runtime.loop
        number, until = next(self._numbers), loop.time() + LEASE_SECONDS
        answers: set[str] = set()
        self._answers[number] = answers
        question = {"cut": [cut.person, cut.session_key_digest, cut.token_digest], "ask": number}
        try:
            bus.tell(question)
            again = loop.time() + AGAIN_SECONDS
            # Who has said nothing for a lease is dead, or cuts by itself.
            while (bus.others() - answers or bus.may_miss_others) and loop.time() < until:
                self._answered.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._answered.wait(), AGAIN_SECONDS)
                if loop.time() >= again:
                    bus.tell(question)
                    again = loop.time() + AGAIN_SECONDS
            if waiting := bus.others() - answers:
                log.warning("%d processes did not answer that sessions have ended there", len(waiting))
        finally:
            del self._answers[number]
