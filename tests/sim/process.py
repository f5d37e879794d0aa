"""A serving process of the simulation: the program's own runtime, sessions, hub, journal and bus, on the virtual clock.

Replaced are only what would leave the process: threads, the database, the channel layer, sockets.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context
from dataclasses import replace
from datetime import datetime, tzinfo
from functools import cache
from typing import TYPE_CHECKING, Any

from django.db import transaction

from teahouse import bus, database, emitted, entries, journal, outbox
from teahouse.actions import people, profiles
from teahouse.live import runtime as runtimes
from teahouse.live import together
from teahouse.live.plain import PlainSession
from teahouse.live.protocol import Problem
from teahouse.live.session import Session
from tests.sim.database import Database
from tests.sim.loop import LIFE, Life, Loop

if TYPE_CHECKING:
    from tests.sim.network import Layer, Socket

HERE: ContextVar[Process] = ContextVar("here")


class Process:
    """One that serves; made dead, until `start`."""

    def __init__(self, loop: Loop, database: Database, layer: Layer, chance: random.Random) -> None:
        self.loop, self.database, self.layer, self.chance = loop, database, layer, chance
        self.life = Life()
        self.life.is_over = True
        self.context: Context = copy_context()
        self.sockets: dict[Socket, None] = {}  # In their order: that of a set is another in each run.
        self.runtime: runtimes.Runtime | None = None
        self.ahead = 0.0  # Seconds by which the clock on its wall is wrong.

    @property
    def serves(self) -> bool:
        return self.runtime is not None

    def start(self) -> None:
        self.life = Life()
        self.context = copy_context()
        self.context.run(HERE.set, self)
        self.context.run(LIFE.set, self.life)
        self.loop.call_soon(lambda: self.loop.create_task(self._start()), context=self.context)

    async def _start(self) -> None:
        runtime = runtimes.Runtime(self.loop, "sim")
        await runtime.start()
        self.runtime = runtime

    def kill(self) -> None:
        """Ends it as `kill -9` does: the kernel resets its sockets, and nothing else happens."""
        self.life.is_over = True
        self.runtime = None
        self.layer.forget(self)
        for socket in list(self.sockets):
            socket.reset()

    def accept(self, socket: Socket) -> None:
        """A socket that arrived is served until its session ends."""
        self.sockets[socket] = None
        self.loop.call_soon(lambda: self.loop.create_task(self._serve(socket)), context=self.context)

    async def _serve(self, socket: Socket) -> None:
        try:
            kind = Session if socket.group is None else PlainSession
            await kind()(socket.scope, socket.receive, socket.send)
        finally:
            self.sockets.pop(socket, None)

    @property
    def wall(self) -> float:
        """What the clock on its wall shows."""
        return 1_800_000_000 + self.loop.time() + self.ahead

    def moment(self, longest: float = 0.02) -> float:
        """Seconds that something takes, mostly short."""
        return longest * self.chance.random() ** 3


class Readers:
    """Stands in for the threads that read: an answer is of some moment between question and return."""

    async def run(self, read: Any) -> Any:
        here = HERE.get()
        await asyncio.sleep(here.moment())
        found = here.database.answer(read)
        await asyncio.sleep(here.moment())
        return found

    def close(self) -> None:
        pass


class Journal:
    """Stands in for the writer's thread: the program's own batches, one after another, each a step of its own."""

    def __init__(self, settled: Callable[[journal.Commit, journal.Settled], None]) -> None:
        self._settled = settled
        self._queue: deque[tuple[journal.Entry, Callable[[Any], None]]] = deque()
        self._works = False
        self._at = 0.0

    def start(self) -> None:
        pass

    @property
    def waiting(self) -> int:
        return len(self._queue)

    def submit(self, entry: journal.Entry, done: Callable[[Any], None]) -> None:
        self._queue.append((entry, done))
        if not self._works:
            self._works = True
            self._later(self._work)

    def _work(self) -> None:
        here = HERE.get()
        count = min(len(self._queue), here.chance.randint(1, 8))
        entries = [self._queue.popleft() for _ in range(count)]
        # A process may be killed between the commit and the end of this.
        for outcomes, commit in journal._stored([entry for entry, _ in entries]):
            here.database.gave_up |= any(isinstance(one, Problem) and one.retry for one in outcomes)
            dones, entries = [done for _, done in entries[: len(outcomes)]], entries[len(outcomes) :]
            self._later(self._settled, commit, list(zip(dones, outcomes, strict=True)))
        self._later(self._go_on)

    def _go_on(self) -> None:
        self._works = bool(self._queue)
        if self._works:
            self._later(self._work)

    def _later(self, run: Callable[..., Any], *args: Any) -> None:
        """In the order of the calls; of two that are due at once the loop takes any."""
        here = HERE.get()
        self._at = max(self._at + 1e-6, here.loop.time() + here.moment())
        here.loop.call_at(self._at, run, *args)


class Renderer:
    """Stands in for Markdown: nothing here has any."""

    async def render(self, text: str) -> None:
        return None


async def write(run: Any) -> Any:
    """Stands in for `database.awrite`."""
    return await Readers().run(run)


async def started() -> Any:
    """Stands in for `runtime.start` of a process that has started."""
    return HERE.get().runtime


@contextmanager
def replaced(loop: Loop) -> Iterator[None]:
    """The program with its outside replaced, for all processes of a simulation."""
    clock = _Clock(loop)
    # A process that was killed takes itself off no list.
    told: list[list[Any]] = [people.on_cut, profiles.on_person, outbox.on_hint]
    before = [list(those) for those in told]
    with swapped({**_outside(), (runtimes, "monotonic"): clock, (together, "monotonic"): clock}):
        try:
            yield
        finally:
            for those, old in zip(told, before, strict=True):
                those[:] = old


@contextmanager
def swapped(values: Mapping[tuple[Any, str], Any]) -> Iterator[None]:
    """Other values of attributes that are there. `patch` does the same and took a twelfth of all schedules' time."""
    before = {where: vars(where[0])[where[1]] for where in values}
    try:
        for (owner, name), value in values.items():
            setattr(owner, name, value)
        yield
    finally:
        for (owner, name), value in before.items():
            setattr(owner, name, value)


@cache
def _outside() -> dict[tuple[Any, str], Any]:
    """What would leave the process, and what stands in for it."""
    here: Any = HERE.get
    return {
        (database, "Readers"): Readers,
        (database, "awrite"): write,
        (runtimes, "Journal"): Journal,
        (runtimes, "Renderer"): Renderer,
        (runtimes, "start"): started,
        (journal, "Sql"): lambda connection: connection,
        (database, "connection"): lambda: here().database,
        (transaction, "atomic"): _transaction,
        (journal.Transaction, "change_rights"): _change_rights,
        (emitted, "taken"): lambda row: bool(here().database.take_outbox([row])),
        (emitted, "told_before"): _asked("told_before"),
        (emitted, "keep"): _asked("keep"),
        (entries, "datetime"): _Wall,
        (bus, "get_channel_layer"): lambda: here().layer.seen_by(here()),
    }


class _Wall:
    """Stands in for `datetime`: the clock on the wall of whoever asks."""

    @staticmethod
    def now(zone: tzinfo) -> datetime:
        return datetime.fromtimestamp(HERE.get().wall, zone)


def _asked(name: str) -> Any:
    """A method of the database of whoever asks."""

    def ask(*arguments: Any) -> Any:
        return getattr(HERE.get().database, name)(*arguments)

    return ask


def _transaction(**how: Any) -> Any:
    return HERE.get().database.transaction()


class _Clock:
    """What a callback sees of time: it goes on while something is done, by up to 20 ms."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._ahead = 0.0

    def __call__(self) -> float:
        self._ahead += HERE.get().moment()
        return self._loop.time() + self._ahead


def _change_rights(tx: journal.Transaction, room: int) -> None:
    HERE.get().database.change_rights(room)
    tx.rooms[room] = replace(tx.rooms[room], rights=tx.rooms[room].rights + 1)
