"""What a process looks after by the clock: missed events, the outbox, presence, unread counts, logins, its state.

In: the runtime and time. Out: gaps closed, outbox rows handed to the journal, signals shown. Everything here is a
second way to what normally happens at once; each step may fail, is logged and tried again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth import get_user_model

from teahouse import database, history, outbox
from teahouse.actions import calling, people, tokens
from teahouse.conf import conf
from teahouse.events import Position, encode
from teahouse.live.policing import POLICY_SECONDS, Policing
from teahouse.live.presence import EVERYWHERE
from teahouse.live.protocol import Problem
from teahouse.live.sendqueue import Block
from teahouse.live.thread_news import ThreadNews
from teahouse.models import Member, Person, Room

if TYPE_CHECKING:
    from teahouse.live.runtime import Runtime

log = logging.getLogger("teahouse.sweep")

TICK: Final = 0.2
HEADS_SECONDS: Final = 1.0
HEADS_SECONDS_DEGRADED: Final = 0.25
SNAPSHOT_SECONDS: Final = 10.0
LOGINS_SECONDS: Final = 45.0
"""Changes made behind Teahouse's back are noticed within 60 s (P6)."""
LOGINS_SECONDS_ALONE: Final = 3.0
"""The bus is known to be silent after 4 s at most, so that all is looked at within the lease of 5 s (P6)."""
LATELY_SECONDS: Final = 10.0
"""Longer than own rooms are read."""
USED_SECONDS: Final = 30.0
IDLE_SECONDS: Final = 120.0
"""A feed without readers keeps its ring so long: a crowd that returns is served from it."""


class Sweep:
    """The clockwork of one runtime: several tasks, so that a slow database does not hold up presence."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.database_failed = False
        self._state = "ok"
        self._moved: set[int] = set()
        self._lately: dict[int, float] = {}  # Rooms with new events, whoever watches them, and when.
        self._gained: set[int] = set()
        self._marked: set[tuple[int, int]] = set()
        self.threads = ThreadNews(runtime)
        self.policing = Policing(runtime)
        self._data_version: int | None = None
        self._logins_changed = False  # Perhaps: another process has written, on SQLite.
        self._bus_gaps = 0  # Those of the bus after which logins have been looked at.
        self._outbox_due = asyncio.Event()
        self._outbox_due.set()
        self._done_at: dict[str, float] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        loops = (
            self._look_at_database,
            self._look_at_logins,
            self._show_presence,
            self._move_outbox,
            self._note_used_tokens,
            self._ask_policy,
        )
        self._tasks = [asyncio.create_task(self._for_ever(loop)) for loop in loops]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.policing.stop()

    def moved(self, rooms: set[int]) -> None:
        """Rooms with new events: people who have not subscribed to them are told unread counts."""
        self._lately.update(dict.fromkeys(rooms, self.runtime.loop.time()))
        if self.runtime.watched:
            self._moved |= rooms & self.runtime.watched.keys()

    def moved_since(self, asked: float, rooms: Iterable[int]) -> None:
        """Somebody watches these rooms from now on, whose counts were asked for at this time of the loop: what came
        between is told once more."""
        self._moved |= {room for room in rooms if self._lately.get(room, float("-inf")) >= asked}

    def marked(self, marks: set[tuple[int, int]]) -> None:
        """Read marks that moved, or a session that left the room, as a person's own stream and a room: their sessions
        that have not subscribed to it are told what is left."""
        self._marked |= {mark for mark in marks if mark[1] in self.runtime.watched}

    def gained(self, rooms: set[int]) -> None:
        """Rooms to which somebody belongs now: their sessions here are to be told unread counts of those too."""
        self._gained |= rooms

    def hint(self) -> None:
        """Something was left in the outbox."""
        self._outbox_due.set()

    async def _for_ever(self, step: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while True:
            try:
                await step()
            except Problem as problem:
                self._failed(problem)
                await asyncio.sleep(TICK)
            except Exception:
                log.exception("The sweep goes on after an error")
                await asyncio.sleep(1.0)

    def _due(self, what: str, seconds: float) -> bool:
        now = self.runtime.loop.time()
        if now - self._done_at.get(what, float("-inf")) < seconds:
            return False
        self._done_at[what] = now
        return True

    # The database

    async def _look_at_database(self) -> None:
        await asyncio.sleep(TICK)
        if await self._written_by_others():
            self._done_at.pop("heads", None)
            self._logins_changed = True
            self.hint()
        degraded = not self.runtime.bus.works
        if self._due("heads", HEADS_SECONDS_DEGRADED if degraded else HEADS_SECONDS):
            await self._compare_heads()
            self.hint()
        if self.threads.is_there and self._due("threads", 1.0):
            self.marked(await self.threads.tell())
        if (self._moved or self._gained or self._marked) and self._due("unread", 1.0):
            await self._watch_gained()
            await self._tell_unread()
        self._tell_state()

    async def _look_at_logins(self) -> None:
        """A cut does not reach us while the bus is silent, not even afterwards; on SQLite a command's never does. In a
        task of its own: what waits for the writer must not hold up who is to be cut."""
        await asyncio.sleep(TICK)
        bus = self.runtime.bus
        if bus.gaps != self._bus_gaps:
            self._bus_gaps = bus.gaps
            self._done_at.pop("logins", None)
        alone = self._logins_changed or not bus.works
        if self._due("logins", LOGINS_SECONDS_ALONE if alone else LOGINS_SECONDS):
            self._logins_changed = False
            await self._check_logins()
            await self.runtime.place.look()

    async def _written_by_others(self) -> bool:
        """On SQLite, whether another process (a command) has written; costs microseconds.

        Asked on the writer's connection, whose own commits do not count.
        """

        def data_version() -> int | None:
            connection = database.connection()
            if connection.vendor != "sqlite":
                return None
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA data_version")
                return int(cursor.fetchone()[0])

        version = await self.runtime.write(data_version)
        before, self._data_version = self._data_version, version
        return version is not None and before is not None and before != version

    async def _compare_heads(self) -> None:
        """One query for the heads of all rooms with readers here: finds what the bus lost."""
        hub, now = self.runtime.hub, self.runtime.loop.time()
        self._lately = {room: at for room, at in self._lately.items() if now - at < LATELY_SECONDS}
        for feed in list(hub.feeds.values()):
            if not feed.is_empty or feed.seq is None:
                feed.idle_since = None
            elif feed.idle_since is None:
                feed.idle_since = now
            elif now - feed.idle_since > IDLE_SECONDS:
                hub.drop(feed)
        rooms = {feed.room for feed in hub.feeds.values() if feed.seq is not None and not feed.is_empty}
        for room, position in (await self.runtime.read(_heads, rooms)).items():
            followed = hub.feeds.get(room)
            if followed is None or followed.seq is None:
                continue
            if followed.epoch != position["epoch"]:
                hub.renew(followed, position)
            else:
                hub.heard_of(room, position["seq"])
        self.database_failed = False
        self.runtime.following.close_gaps()

    async def _check_logins(self) -> None:
        """Ends sessions whose login ended, or whose person was deactivated, without our hearing of it."""
        sessions = list(self.runtime.sessions)
        ids = {session.person_id for session in sessions if session.person_id is not None}
        inactive = await self.runtime.read(_inactive, ids)
        keys = {session.login for session in sessions if session.login is not None}
        ended = await self.runtime.read(people.ended_logins, keys) if keys else set()
        digests = {session.token for session in sessions if session.token is not None}
        revoked = await self.runtime.read(people.revoked_tokens, digests) if digests else set()
        for session in sessions:
            if session.person_id in inactive:
                session.close(4003, "deactivated")
            elif session.login in ended:
                session.close(4001, "signed out")
            elif session.token in revoked:
                session.close(4001, "revoked")
        await self._check_members()

    async def _note_used_tokens(self) -> None:
        """In a task of its own: a write that waits holds up nothing else."""
        await asyncio.sleep(USED_SECONDS)
        if used := set(self.runtime.used_tokens):
            await self.runtime.write(tokens.note_used, used)
            self.runtime.used_tokens -= used

    async def _check_members(self) -> None:
        """The same for rooms that only members read: a row that was changed without an event of the room."""
        rooms = {room for session in self.runtime.sessions for room in session.subscribed}
        members = await self.runtime.read(_members, rooms)
        for session in list(self.runtime.sessions):
            for room in session.subscribed.keys() & members.keys():
                if session.person_id not in members[room]:
                    session.unfollow(room)
                    session.reading_ended(room)
                    # Who subscribes again is told why. A plain session is closed by now.
                    session.close(4200, "1")

    async def _watch_gained(self) -> None:
        rooms, self._gained = self._gained, set()
        sessions = [session for session in self.runtime.sessions if not session.plain and session.person_id]
        belong = await self.runtime.read(_belong, rooms, {session.person_id for session in sessions})
        between = await self.runtime.read(_between, rooms)
        for session in sessions:
            for room in belong.get(session.person_id, ()):
                session.watch(room)
                self.runtime.around.gained(session, between.get(room, ()))
                self._moved.add(room)

    async def _tell_unread(self) -> None:
        """`head` signals: for own rooms that a session has not subscribed to, at most once a second."""
        rooms, self._moved = self._moved, set()
        marks, self._marked = self._marked, set()
        watching = {session for room in rooms for session in self.runtime.watched.get(room, ())}
        for stream, room in marks:
            watching |= {each for each in self.runtime.watched.get(room, ()) if stream in each.subscribed}
        ids = {session.person_id for session in watching}
        rows = await self.runtime.read(_unread, rooms | {room for _, room in marks}, ids)
        told = {(row["room_id"], row["person"]): row for row in rows}
        for session in watching:
            news = rooms | {room for stream, room in marks if stream in session.subscribed}
            for room in news - session.subscribed.keys():
                if (row := told.get((room, session.person_id))) is not None:
                    frame = {"signal": "head", **{k: row[k] for k in ("room", "seq", "unread", "mentions")}}
                    session.deliver(Block([encode(frame)]))

    # The outbox

    async def _move_outbox(self) -> None:
        await self._outbox_due.wait()
        self._outbox_due.clear()
        while True:
            entries = await self.runtime.read(outbox.waiting)
            # What a transaction has left in both is there by now: rights first.
            await self.policing.move()
            if not entries:
                return
            if rooms := calling.rooms_to_look_at(entries):
                present = {room: self.runtime.presence.present(room) for room in rooms}
                entries = await self.runtime.read(calling.with_called, entries, present)
            outcomes = await asyncio.gather(
                *(self.runtime.store(entry) for entry in entries), return_exceptions=True
            )
            # What is stale is looked at again at once: rights have changed since it was read whom it calls.
            failed = [outcome for outcome in outcomes if isinstance(outcome, Problem)]
            if failed:
                log.error("%d rows of the outbox could not be stored; the first: %s", len(failed), failed[0])
                await asyncio.sleep(1.0)
                return

    # The project's policy

    async def _ask_policy(self) -> None:
        """Apart from the rest: it is the host's code, and may take its time."""
        await asyncio.sleep(1.0)
        if self._due("policy", POLICY_SECONDS):
            try:
                await self.policing.check()
            except Problem:
                del self._done_at["policy"]
                raise

    # Presence and state

    async def _show_presence(self) -> None:
        due = self.runtime.loop.time() + TICK
        await asyncio.sleep(TICK)
        runtime, now = self.runtime, self.runtime.loop.time()
        runtime.figures.tick(late=now - due)
        for change in runtime.presence.tell(now):
            if change.room_id == EVERYWHERE:
                runtime.around.tell(change)
                continue
            feed = runtime.hub.feeds.get(change.room_id)
            if feed is None:
                continue
            frame: dict[str, Any] = {"signal": "presence", "room": feed.slug}
            frame |= {
                "came": self._named(change.came),
                "went": self._named(change.went),
                "count": change.count,
            }
            if change.whole:
                frame["whole"] = True
            runtime.signal(change.room_id, frame, everywhere=False)
        if changes := runtime.presence.own_changes(now):
            people = self._named({person for change in changes for person in change.came})
            tuples = [(change.room_id, change.came, change.went) for change in changes]
            runtime.bus.tell({"people": people, "changes": tuples})
        if self._due("snapshot", SNAPSHOT_SECONDS):
            here = runtime.presence.snapshot()
            present = {person for ids in here.values() for person in ids}
            runtime.bus.tell({"people": self._named(present), "here": here})
            known = runtime.presence.people() | {session.person_id for session in runtime.sessions}
            runtime.names = {one: who for one, who in runtime.names.items() if one in known}

    def _named(self, ids: Any) -> list[Any]:
        return [self.runtime.names.get(one, {"id": one}) for one in ids]

    def _failed(self, problem: Problem) -> None:
        if not self.database_failed:
            log.error("The database does not answer: %s", problem.message)
        self.database_failed = True
        self._tell_state()

    def _tell_state(self) -> None:
        """`service` signals: everyone is told when this process is degraded, and when it is well again."""
        state = self.runtime.state
        if state != self._state:
            self._state = state
            log.warning("State: %s", state)
            block = Block([encode({"signal": "service", "state": state})])
            for session in list(self.runtime.sessions):
                if not session.plain:
                    session.deliver(block)


def _heads(rooms: set[int]) -> dict[int, Position]:
    """The positions of these rooms. The answer is a sign of life too, so the database is asked even for none."""
    if not rooms:
        database.ping()
    return history.positions(rooms)


def _inactive(ids: set[int]) -> set[int]:
    rows = Person.objects.filter(pk__in=ids)
    by_user = {user: pk for pk, user in rows.filter(user__isnull=False).values_list("pk", "user")}
    # Not every project's users have a column that says it, and they may be in another database: no join.
    users = database.in_bulk(get_user_model()._default_manager, by_user)
    return {
        *rows.filter(deactivated_at__isnull=False).values_list("pk", flat=True),
        *(by_user[pk] for pk, user in users.items() if not user.is_active),
    }


def _members(rooms: set[int]) -> dict[int, set[int]]:
    """Of those rooms that only members may read: who may. Who may read one on an object is the policy's."""
    found = Room.objects.filter(pk__in=rooms, kind__in=(Room.Kind.PRIVATE, Room.Kind.DIRECT))
    if conf().POLICY is not None:
        found = found.filter(subject_type=None)
    members: dict[int, set[int]] = {pk: set() for pk in found.values_list("pk", flat=True)}
    rows = Member.objects.filter(room__in=members).exclude(role=Member.Role.GUEST)
    for room, person in rows.values_list("room", "person"):
        members[room].add(person)
    return members


def _belong(rooms: set[int], people: set[int]) -> dict[int, list[int]]:
    """For each of these people those of the rooms to which they belong."""
    belong: dict[int, list[int]] = {}
    rows = Member.objects.filter(room__in=rooms, person__in=people)
    for room, person in rows.values_list("room", "person"):
        belong.setdefault(person, []).append(room)
    return belong


def _between(rooms: set[int]) -> dict[int, list[int]]:
    """Of those that are conversations, whose they are."""
    found = Room.objects.filter(pk__in=rooms, kind=Room.Kind.DIRECT).values_list("pk", "between")
    return {pk: [int(person) for person in (between or "").split()] for pk, between in found}


def _unread(rooms: set[int], people: set[int]) -> list[dict[str, Any]]:
    rows = history.unread_of(room__in=rooms, person__in=people).select_related("room")
    return [
        {
            "room_id": row.room_id,
            "person": row.person_id,
            "room": row.room.slug,
            "seq": row.room.seq,
            "unread": row.unread,
            "mentions": row.mentions,
        }
        for row in rows
    ]
