"""One read for many who ask at once. In: questions of sessions, one after another. Out: to each its answer.

When a server starts again, all its sessions come back within seconds. Asked one by one, each costs the database
several queries and this process as many hops to a thread and back; asked together, a few hundred cost hardly more
than one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import islice
from time import monotonic
from typing import Final, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

MOST: Final = 512
"""Questions that one read answers."""
GATHER_SECONDS: Final = 1.5
"""500 who connect at the same time need 0.26 s until they have all asked, three times that on a busy machine."""
CROWD: Final = 8
"""So many who ask at once are taken for a part of many more."""
STILL_SECONDS: Final = 0.4
"""Nobody has asked for so long: no more are coming, whatever the loop is busy with. A flush to 10,000 takes half."""
PAUSE_SECONDS: Final = 0.005
"""An idle loop may be waiting for a crowd that is on its way through the network: so long, no longer."""
BUSY_SECONDS: Final = 0.0002
"""A round of the event loop that takes longer than this had something else to do: an idle one takes 20 µs."""


class Together(Generic[K, V]):
    """Answers questions of one kind. `read` gets different ones, at most MOST, and answers each.

    A read begins after the question was asked, so it sees what had been stored until then. It waits for more
    questions as long as each round of the event loop brings some, and for a CROWD as long as the loop is busy with
    others, of whom some will ask, and do: at most `patience` seconds. Who asks alone does not wait. A read has at
    most `most`.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        read: Callable[[list[K]], Awaitable[dict[K, V]]],
        *,
        most: int = MOST,
        patience: float = GATHER_SECONDS,
    ) -> None:
        self._loop = loop
        self._read = read
        self._most = most
        self._patience = patience
        self._waiting: dict[K, list[asyncio.Future[V]]] = {}
        self._task: asyncio.Task[None] | None = None

    async def ask(self, question: K) -> V:
        """The answer to one question.

        Raises:
            Exception: what `read` raised, to everyone who asked with it.
        """
        future: asyncio.Future[V] = self._loop.create_future()
        self._waiting.setdefault(question, []).append(future)
        if self._task is None:
            self._task = self._loop.create_task(self._answer_all())
        return await future

    async def _answer_all(self) -> None:
        try:
            while self._waiting:
                await self._gathered()
                asked = list(islice(self._waiting, self._most))
                await self._answer({question: self._waiting.pop(question) for question in asked})
        finally:
            self._task = None

    async def _gathered(self) -> None:
        last = monotonic()
        end = last + self._patience
        while (before := len(self._waiting)) < self._most and (now := monotonic()) < end:
            await asyncio.sleep(0)
            if len(self._waiting) > before:
                last = now
                continue
            if before < CROWD or now - last > STILL_SECONDS:
                return
            if monotonic() - now < BUSY_SECONDS:
                await asyncio.sleep(PAUSE_SECONDS)
                if len(self._waiting) == before:
                    return

    async def _answer(self, asked: dict[K, list[asyncio.Future[V]]]) -> None:
        try:
            answers = await self._read(list(asked))
            told = {question: answers[question] for question in asked}
        except asyncio.CancelledError:
            for future in _open(asked):
                future.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, those who asked are told
            for future in _open(asked):
                future.set_exception(error)
            return
        for question, futures in asked.items():
            for future in _open({question: futures}):
                future.set_result(told[question])

    def close(self) -> None:
        """Nobody is answered any more."""
        for future in _open(self._waiting):
            future.cancel()
        if self._task is not None:
            self._task.cancel()


def _open(asked: dict[K, list[asyncio.Future[V]]]) -> list[asyncio.Future[V]]:
    """Of those who asked, who is still there."""
    return [future for futures in asked.values() for future in futures if not future.done()]
