"""The one object per process that owns hub, journal, bus, presence and timers, and wires them: after a commit,
in order, the own hub, the acknowledgements, the bus. In: entries and subscriptions of sessions. Out: their outcomes.
It starts with the first session or request; lifespan only makes that eager.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Callable, Iterable
from functools import partial
from threading import Lock
from time import monotonic
from typing import Any, Final, Protocol, TypeVar, cast

from django.db import connections

from teahouse import access, attention, database, history, outbox, signals
from teahouse.access import Grant, Speaker
from teahouse.actions import people, profiles, site, tokens
from teahouse.bus import Bus
from teahouse.conf import conf
from teahouse.events import ABOUT_RIGHTS, Event, Who, encode
from teahouse.followers.service import Service
from teahouse.journal import Commit, Entry, Journal, Settled, Stored
from teahouse.limits import Buckets, Counted, address_key
from teahouse.live import pages
from teahouse.live.around import Around
from teahouse.live.carrying import Carrying
from teahouse.live.counts import Counts
from teahouse.live.cuts import Cuts
from teahouse.live.figures import Watch
from teahouse.live.following import Following
from teahouse.live.hub import Hub
from teahouse.live.pace import Pace
from teahouse.live.pings import PingWheel
from teahouse.live.place import PlaceName
from teahouse.live.presence import Presence
from teahouse.live.protocol import Problem
from teahouse.live.renamed import Renamed
from teahouse.live.rights import Rights
from teahouse.live.sweep import Sweep
from teahouse.live.together import Together
from teahouse.models import Room
from teahouse.render import Renderer

K = TypeVar("K")
V = TypeVar("V")

log = logging.getLogger("teahouse.runtime")

GAP_SECONDS: Final = 0.02
"""How long a gap may close by itself (another process's event is on its way) before the database is read."""
DRAIN_BATCH: Final = 500
DRAIN_JITTER: Final = 5


class Beside(Protocol):
    """What runs beside the chat in a process that serves. Nothing that it does may hold up the loop."""

    def moved(self, rooms: Iterable[int]) -> None:
        """These rooms have new events."""

    def stop(self) -> None:
        """Ends it; called on a thread."""


class Runtime:
    """Everything live of this process. Made by `start`; lives as long as its event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, key: str) -> None:
        settings = conf()
        self.loop = loop
        self.process = secrets.token_hex(6)
        self.hub = Hub()
        self.pace = Pace()
        self._unsettled: list[tuple[list[Event], Settled]] = []  # Committed, not yet handed on.
        self._handing_on: asyncio.Handle | None = None
        self._hands_on_next = False
        self._under_way = 0  # Entries that the journal has and has not settled.
        self.readers = database.Readers()
        # What everyone asks who comes.
        self._asked: list[Together[Any, Any]] = []
        self.guests = self._together(people.guests)
        self.tokens = self._together(tokens.holders_of_tokens)
        self.own = self._together(attention.own_of)
        self.rooms = self._together(access.rooms)
        self.positions = self._together(history.positions_of)
        self.between = self._together(history.people_between)  # Whose a conversation is.
        self.pages = self._together(pages.read, most=pages.MOST, patience=pages.GATHER_SECONDS)
        self.journal = Journal(self._settled)
        self.bus = Bus(key, self.process, self._heard)
        self.presence = Presence()
        self.names: dict[int, Who] = {}  # Of people who are present somewhere.
        self.renderer = Renderer()
        self.pings = PingWheel(float(settings.PING))
        self.sessions: dict[Any, None] = {}
        self.used_tokens: set[str] = set()  # Digests, until the sweep has noted it.
        self.watched: dict[int, set[Any]] = {}  # Own rooms of the sessions here: who hears of unread counts.
        self.addresses = Counted(settings.LIMITS.sessions if settings.RATES else float("inf"))
        self.sends = Buckets(settings.LIMITS.per_second, settings.LIMITS.burst)
        self.starts = Buckets(settings.LIMITS.per_minute / 60, settings.LIMITS.per_minute)
        self._new_guests = Buckets(settings.LIMITS.guests / 60, settings.LIMITS.guests)
        self._new_guests_lock = Lock()
        self.draining = False
        self.sweep = Sweep(self)
        self.carrying = Carrying(self)
        self.cuts = Cuts(self)
        self.rights = Rights(self)
        self.hub.on_rights = self.rights.changed
        self.renamed = Renamed(self)
        self.place = PlaceName(self)
        self.around = Around(self)
        self.figures = Watch(self)
        self.counts = Counts()
        self.following = Following(loop, self.hub, self.read, partial(self.ask, self.positions))
        self.beside: list[Beside] = []
        self.announcer = signals.Announcer()

    async def start(self) -> None:
        self.journal.start()
        await self.bus.start()
        people.on_cut.append(self.cuts.everywhere)
        profiles.on_person.append(self.renamed.everywhere)
        site.on_name.append(self.place.everywhere)
        outbox.on_hint.append(self._hint_from_any_thread)
        self.pings.start()
        self.sweep.start()
        self.carrying.start()

    async def stop(self) -> None:
        """After the sessions are gone: stores what waits and ends all threads and tasks."""
        people.on_cut.remove(self.cuts.everywhere)
        profiles.on_person.remove(self.renamed.everywhere)
        site.on_name.remove(self.place.everywhere)
        outbox.on_hint.remove(self._hint_from_any_thread)
        self.pings.stop()
        await self.carrying.stop()
        await self.sweep.stop()
        await self.cuts.stop()
        await self.rights.stop()
        self.following.stop()
        await asyncio.to_thread(self.journal.stop)
        if self._handing_on is not None:
            self._handing_on.cancel()
            self._hand_on()
        await self.bus.stop()
        await self.renderer.close()
        for together in self._asked:
            together.close()
        self.readers.close()

    # Storing

    def submit(self, entry: Entry, done: Callable[[Any], None]) -> None:
        """Stores `entry`; `done(outcome)` runs on the loop after the own hub has delivered.

        Raises:
            Problem: `busy`.
        """
        self.journal.submit(entry, done)
        self._under_way += 1

    async def store(self, entry: Entry) -> Any:
        """Stores `entry` and waits for the outcome.

        Raises:
            Problem, journal.Stale: as the entry was refused.
        """
        future: asyncio.Future[Any] = self.loop.create_future()

        def done(outcome: Any) -> None:
            if not future.done():
                future.set_result(outcome)

        self.submit(entry, done)
        outcome = await future
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    async def write(self, run: Callable[..., Any], *args: Any, **more: Any) -> Any:
        """Runs a function that writes, on the writer's thread.

        Raises:
            Problem: `unavailable`, or what the function raised.
        """
        return await _available(database.awrite(partial(run, *args, **more)))

    async def read(self, run: Callable[..., Any], *args: Any, **more: Any) -> Any:
        """Runs a function that reads the database on a reader thread.

        Raises:
            Problem: `unavailable`.
        """
        return await _available(self.readers.run(partial(run, *args, **more)))

    def wait_for_guest(self, address: str) -> float:
        """Seconds until another guest may come from this address, by socket or page; 0.0 counts one. Any thread."""
        if not conf().RATES:
            return 0.0
        with self._new_guests_lock:
            return self._new_guests.take(address_key(address), monotonic())

    def _together(self, read: Callable[[list[K]], dict[K, V]], **bounds: Any) -> Together[K, V]:
        together = Together(self.loop, lambda questions: self.readers.run(partial(read, questions)), **bounds)
        self._asked.append(together)
        return together

    async def ask(self, together: Together[K, V], question: K) -> V:
        """The answer to what many ask, of `guests`, `tokens`, `own`, `rooms`, `positions`, `between` or `pages`.

        Raises:
            Problem: `unavailable`.
        """
        answer: V = await _available(together.ask(question))
        return answer

    async def room(self, speaker: Speaker, name: str) -> tuple[Room, Grant]:
        """`access.room`, together with others who ask.

        Raises:
            Problem: `not_found`, `unavailable`.
        """
        place = access.place(speaker, name)
        if place is None:
            raise access.not_found(name)
        return access.admitted(speaker, name, await self.ask(self.rooms, place))

    def _settled(self, commit: Commit, settled: Settled) -> None:
        # A loop that is closed has no sessions left that could be told.
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self._after_commit, commit, settled)

    def _after_commit(self, commit: Commit, settled: Settled) -> None:
        self.hub.publish(commit.events)
        self.announcer.tell(commit.events)
        self.figures.messages += sum(type(said) is Stored and not said.repeated for _, said in settled)
        for room, seq in commit.heads.items():
            self.hub.heard_of(room, seq)
        self._under_way -= len(settled)
        self._unsettled.append((commit.events, settled))
        self._hand_on_soon()

    def _hand_on_soon(self) -> None:
        """What is added while it waits leaves together; what is due in the loop's next round is not put off again."""
        if self._hands_on_next:
            return
        if self._handing_on is not None:
            self._handing_on.cancel()
        wait = self.pace.wait(monotonic(), more_comes=self._under_way > 0)
        self._hands_on_next = not wait
        self._handing_on = (
            self.loop.call_later(wait, self._hand_on) if wait else self.loop.call_soon(self._hand_on)
        )

    def _hand_on(self) -> None:
        """What was committed, in order: to the readers here, the acknowledgements, the bus."""
        self._handing_on, self._hands_on_next = None, False
        began = monotonic()
        self.hub.flush()
        self.pace.flushed(began, monotonic())
        unsettled, self._unsettled = self._unsettled, []
        for _, settled in unsettled:
            for done, outcome in settled:
                try:
                    done(outcome)
                except Exception:
                    log.exception("A session could not take its outcome")
        for events, _ in unsettled:
            self.bus.tell_events(events)
            self._moved(events)

    def _moved(self, events: list[Event]) -> None:
        rooms = {event.room for event in events}
        self.sweep.moved(rooms)
        for each in self.beside:
            each.moved(rooms)
        self.sweep.marked({(e.room, cast(int, e.subject)) for e in events if e.kind == "read"})
        self.sweep.threads.heard(events)
        self.sweep.gained({cast(int, event.subject) for event in events if event.kind == "room_added"})
        for event in events:
            # Of a room that is followed here the hub tells when its turn has come.
            if event.kind in ABOUT_RIGHTS and event.room not in self.hub.feeds:
                self.rights.changed(event)
        if self.hub.behind():
            self.loop.call_later(GAP_SECONDS, self.following.close_gaps)

    # What is shown and forgotten

    def signal(self, room: int, frame: dict[str, Any], *, everywhere: bool = True) -> None:
        """Shows a signal to the JSON readers of a room."""
        self.hub.signal(room, encode(frame))
        self._hand_on_soon()
        if everywhere:
            self.bus.tell({"signal": [room, frame]})

    # Other processes

    def _heard(self, data: dict[str, Any]) -> None:
        if events := data.get("events"):
            self.hub.publish(events)
            self._moved(events)
            self._hand_on_soon()
        for room, seq in data.get("heads", ()):
            self.hub.heard_of(room, seq)
            self.sweep.moved({room})
            for each in self.beside:
                each.moved({room})
        if "heads" in data:
            self.following.close_gaps()
        if signal := data.get("signal"):
            self.signal(signal[0], signal[1], everywhere=False)
        self.cuts.heard(data)
        self.renamed.heard(data)
        self.place.heard(data)
        self.figures.heard(data)
        self._heard_of_people(data)

    def _heard_of_people(self, data: dict[str, Any]) -> None:
        now = self.loop.time()
        for who in data.get("people", ()):
            if "name" in who:  # Which may be another than before: guests rename themselves.
                self.names[who["id"]] = who
        if "here" in data:
            self.presence.heard(data["from"], {int(room): ids for room, ids in data["here"].items()}, now)
        for room, came, went in data.get("changes", ()):
            self.presence.heard_change(data["from"], room, came, went, now)
        if data.get("gone"):
            self.presence.forget(data["from"], now)

    # From other threads, and to the end

    def _hint_from_any_thread(self) -> None:
        self.loop.call_soon_threadsafe(self._hint)

    def _hint(self) -> None:
        self.sweep.hint()
        self.carrying.hint()

    async def drain(self) -> None:
        """Tells all sessions to come back elsewhere, in batches, before the server stops (close code 4201)."""
        self.draining = True
        self.bus.tell({"gone": True})
        sessions = list(self.sessions)
        for start in range(0, len(sessions), DRAIN_BATCH):
            for session in sessions[start : start + DRAIN_BATCH]:
                session.close(4201, str(DRAIN_JITTER))
            await asyncio.sleep(0.05)

    def health(self) -> dict[str, Any]:
        """What the health page tells: state is ok, degraded (the layer is silent) or unavailable (the database)."""
        return {
            "state": self.state,
            "sessions": len(self.sessions),
            "rooms": len(self.hub.feeds),
            "waiting": self.journal.waiting,
            "bus": self.bus.works if self.bus.is_there else None,
            "draining": self.draining,
        }

    @property
    def state(self) -> str:
        if self.sweep.database_failed:
            return "unavailable"
        return "ok" if self.bus.works else "degraded"


async def _available(awaitable: Any) -> Any:
    try:
        return await awaitable
    except database.Unavailable:
        raise Problem(
            "unavailable", "The database cannot be reached just now; try again.", retry=True, after=1.0
        ) from None


_current: Runtime | None = None
_starting: asyncio.Task[Runtime] | None = None


def current() -> Runtime | None:
    """The runtime of this process, or None where nothing is live."""
    return _current


async def start() -> Runtime:
    """The runtime of this process, made when it is first asked for."""
    global _starting
    if _current is not None:
        return _current
    if _starting is None:
        _starting = asyncio.create_task(_start())
    return await asyncio.shield(_starting)


async def _start() -> Runtime:
    global _current, _starting
    try:
        loop = asyncio.get_running_loop()
        key = await loop.run_in_executor(None, _site_key)
        runtime = Runtime(loop, key)
        await runtime.start()
        runtime.beside.append(Service())
        _current = runtime
        return runtime
    finally:
        _starting = None


def _site_key() -> str:
    try:
        return database.checked(people.site_key)
    finally:
        connections.close_all()  # The thread is asked nothing else.


async def stop() -> None:
    """Ends the runtime, if there is one."""
    global _current
    if _current is not None:
        runtime, _current = _current, None
        for each in runtime.beside:
            await asyncio.to_thread(each.stop)
        await runtime.stop()
        await asyncio.to_thread(runtime.announcer.stop)


async def lifespan(scope: Any, receive: Any, send: Any) -> None:
    """The ASGI lifespan application: starts the runtime early and ends it last."""
    assert scope["type"] == "lifespan"
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            try:
                await start()
            except Exception as error:
                log.exception("Teahouse could not start")
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
            await send({"type": "lifespan.startup.complete"})
        else:
            await stop()
            await send({"type": "lifespan.shutdown.complete"})
            return
