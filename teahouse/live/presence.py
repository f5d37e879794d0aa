"""Who is in which room, by all processes' word: a pure table with a clock.

In come the sessions of this process and what other processes say of theirs; out go the changes of each room
for its readers, and this process's own for the others. Next are `live/hub.py` and `bus.py`.

Every `now` is in seconds of one monotonic clock and never goes back.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import inf
from typing import Final

EVERYWHERE: Final = 0
"""No room, but the place as a whole. Who comes and goes there is told by name however many they are, since each is told
to few."""


@dataclass(frozen=True, slots=True)
class Here:
    """Who is in a room; `people` is None where they are too many to be listed."""

    count: int
    people: list[int] | None


@dataclass(frozen=True, slots=True)
class Change:
    """What a room is to be told; `count` is how many are there after it.

    In a room with too many people to be listed `came` and `went` are empty. When it comes back to fewer,
    `whole` is true and `came` holds everybody: the reader drops the list it had.
    """

    room_id: int
    came: list[int]
    went: list[int]
    count: int
    whole: bool = False


class Presence:
    """A person is present in a room while any session in any process is, and for `grace` seconds longer.

    `grace` hides a reconnect. What another process said expires `expiry` seconds after its last snapshot.
    A room is told at most once in `told_every` seconds, and up to `listed_up_to` people by name.
    Whoever drives it calls both `tell` and `own_changes` at `next_at`.
    """

    def __init__(
        self,
        grace: float = 15.0,
        expiry: float = 30.0,
        told_every: float = 1.0,
        listed_up_to: int = 100,
    ) -> None:
        self._grace = grace
        self._expiry = expiry
        self._listed_up_to = listed_up_to
        self._rooms: dict[int, _Room] = {}
        self._processes: dict[str, _Process] = {}
        # (room, person) whose last session here has gone, with the end of the grace, soonest first.
        self._leaving: OrderedDict[tuple[int, int], float] = OrderedDict()
        self._readers = _Told(told_every)
        self._bus = _Told(told_every)

    # The sessions of this process

    def enter(self, room_id: int, person_id: int, session: Hashable, now: float) -> None:
        """This session of the person subscribed. Entering again with the same session changes nothing."""
        room = self._rooms.get(room_id)
        if room is None:
            room = self._rooms[room_id] = _Room()
        if session in room.sessions:
            return
        room.sessions[session] = person_id
        sessions = room.own.get(person_id)
        room.own[person_id] = (sessions or 0) + 1
        if sessions is None:
            self._bus.touch(room_id, person_id, now)
            self._hold(room_id, person_id, now)
        elif sessions == 0:
            del self._leaving[room_id, person_id]

    def leave(self, room_id: int, person_id: int, session: Hashable, now: float) -> None:
        """This session is gone; the person stays for the grace. A session that never entered is nothing."""
        room = self._rooms.get(room_id)
        if room is None or room.sessions.get(session) != person_id:
            return
        del room.sessions[session]
        room.own[person_id] -= 1
        if room.own[person_id] == 0:
            self._leaving[room_id, person_id] = now + self._grace

    def remove(self, room_id: int, person_id: int, now: float) -> None:
        """The person lost the right to be here: its sessions in this process are out, without grace."""
        room = self._rooms.get(room_id)
        if room is None or person_id not in room.own:
            return
        for session in [session for session, person in room.sessions.items() if person == person_id]:
            del room.sessions[session]
        self._leaving.pop((room_id, person_id), None)
        self._disown(room_id, person_id, now)

    def snapshot(self) -> dict[int, list[int]]:
        """The people of this process in each room, for the other processes' `heard`."""
        return {room_id: sorted(room.own) for room_id, room in self._rooms.items() if room.own}

    # What other processes say

    def heard(self, process_id: str, snapshot: Mapping[int, Collection[int]], now: float) -> None:
        """Another process's whole snapshot: it replaces what the process said before."""
        process = self._process(process_id, now)
        process.expires = now + self._expiry
        for room_id in [*process.rooms, *(room_id for room_id in snapshot if room_id not in process.rooms)]:
            before = process.rooms.get(room_id, frozenset())
            after = set(snapshot.get(room_id, ()))
            self._heard(process, room_id, after - before, before - after, now)

    def heard_change(
        self, process_id: str, room_id: int, came: Collection[int], went: Collection[int], now: float
    ) -> None:
        """A change of another process; it does not prolong what the process said before."""
        process = self._process(process_id, now)
        before = process.rooms.get(room_id, frozenset())
        self._heard(process, room_id, set(came) - before, before.intersection(went), now)

    def forget(self, process_id: str, now: float) -> None:
        """Another process said goodbye. Its people have the grace to come back through a third one."""
        process = self._processes.get(process_id)
        if process is not None:
            process.expires = min(process.expires, now + self._grace)

    # What is to be told

    def here(self, room_id: int, to: int | None = None) -> Here:
        """Who is in the room, as it was last told; with the person `to`, who sees himself there at once.

        Not the present state: the difference is still to be told, and a reader who got it here already would
        then hear of people going whom he never saw come.
        """
        people = self._readers.people.get(room_id, frozenset())
        himself = set() if to is None or to in people else {to}
        count = len(people) + len(himself)
        return Here(count, sorted(people | himself) if count <= self._listed_up_to else None)

    def told(self, room_id: int) -> frozenset[int]:
        """Everybody of whom the room was told that they are there."""
        return self._readers.people.get(room_id, frozenset())

    def is_here(self, room_id: int, person_id: int) -> bool:
        """Whether the person is in the room at this moment, told or not."""
        room = self._rooms.get(room_id)
        return room is not None and person_id in room.holders

    def present(self, room_id: int) -> set[int]:
        """Everybody who is in the room at this moment, told or not, however many."""
        room = self._rooms.get(room_id)
        return set(room.holders) if room is not None else set()

    def people(self) -> set[int]:
        """Everybody who is in some room, or was when it was last told."""
        told = self._readers.people.values()
        return set().union(*told, *(room.holders for room in self._rooms.values()))

    def tell(self, now: float) -> list[Change]:
        """What has changed for the readers of each room since they were last told, where that is due."""
        self._advance(now)
        return [
            change
            for room_id, came, went in self._readers.take(now, self.is_here)
            if (change := self._change(room_id, came, went)) is not None
        ]

    def own_changes(self, now: float) -> list[Change]:
        """What has changed among the people of this process, for the other processes' `heard_change`."""
        self._advance(now)
        return [
            Change(room_id, sorted(came), sorted(went), len(self._bus.people.get(room_id, ())))
            for room_id, came, went in self._bus.take(now, self._is_own)
        ]

    def next_at(self, now: float) -> float | None:
        """When `tell` and `own_changes` should next be called; None while nothing can come of it."""
        next_at = min(
            self._readers.next_at(),
            self._bus.next_at(),
            next(iter(self._leaving.values()), inf),
            min((process.expires for process in self._processes.values()), default=inf),
        )
        return None if next_at == inf else max(now, next_at)

    @property
    def size(self) -> int:
        """Entries in all its tables: a gauge, nought when nobody is anywhere and everything is told."""
        return (
            sum(1 + len(room.sessions) + len(room.own) + len(room.holders) for room in self._rooms.values())
            + sum(1 + len(process.rooms) for process in self._processes.values())
            + len(self._leaving)
            + self._readers.size
            + self._bus.size
        )

    def _change(self, room_id: int, came: set[int], went: set[int]) -> Change | None:
        people = self._readers.people.get(room_id, frozenset())
        before = len(people) - len(came) + len(went)
        if room_id == EVERYWHERE:
            return Change(room_id, sorted(came), sorted(went), len(people))
        if len(people) > self._listed_up_to:
            return Change(room_id, [], [], len(people)) if len(people) != before else None
        if before > self._listed_up_to:
            return Change(room_id, sorted(people), [], len(people), whole=True)
        return Change(room_id, sorted(came), sorted(went), len(people))

    def _advance(self, now: float) -> None:
        while self._leaving:
            (room_id, person_id), ends = next(iter(self._leaving.items()))
            if ends > now:
                break
            self._leaving.popitem(last=False)
            self._disown(room_id, person_id, now)
        for process_id in [key for key, process in self._processes.items() if process.expires <= now]:
            self.heard(process_id, {}, now)
            del self._processes[process_id]

    def _is_own(self, room_id: int, person_id: int) -> bool:
        room = self._rooms.get(room_id)
        return room is not None and person_id in room.own

    def _disown(self, room_id: int, person_id: int, now: float) -> None:
        del self._rooms[room_id].own[person_id]
        self._bus.touch(room_id, person_id, now)
        self._release(room_id, person_id, now)

    def _process(self, process_id: str, now: float) -> "_Process":
        process = self._processes.get(process_id)
        if process is None:
            process = self._processes[process_id] = _Process(now + self._expiry)
        return process

    def _heard(
        self, process: "_Process", room_id: int, came: set[int], went: Collection[int], now: float
    ) -> None:
        for person_id in came:
            self._hold(room_id, person_id, now)
        for person_id in went:
            self._release(room_id, person_id, now)
        people = (process.rooms.get(room_id, frozenset()) | came).difference(went)
        if people:
            process.rooms[room_id] = people
        else:
            process.rooms.pop(room_id, None)

    def _hold(self, room_id: int, person_id: int, now: float) -> None:
        room = self._rooms.get(room_id)
        if room is None:
            room = self._rooms[room_id] = _Room()
        holders = room.holders.get(person_id, 0)
        room.holders[person_id] = holders + 1
        if not holders:
            self._readers.touch(room_id, person_id, now)

    def _release(self, room_id: int, person_id: int, now: float) -> None:
        room = self._rooms[room_id]
        room.holders[person_id] -= 1
        if room.holders[person_id]:
            return
        del room.holders[person_id]
        self._readers.touch(room_id, person_id, now)
        if not room.holders:
            del self._rooms[room_id]


@dataclass(slots=True)
class _Room:
    sessions: dict[Hashable, int] = field(default_factory=dict)  # of this process: session → person
    own: dict[int, int] = field(default_factory=dict)  # person → sessions here; 0 while the grace runs
    holders: dict[int, int] = field(default_factory=dict)  # person → processes that say so, this one included


@dataclass(slots=True)
class _Process:
    expires: float
    rooms: dict[int, frozenset[int]] = field(default_factory=dict)


class _Told:
    """What one audience has been told of each room, and which rooms it is to be told of, and when."""

    __slots__ = ("_changed", "_due", "_every", "_told_at", "people")

    def __init__(self, every: float) -> None:
        self.people: dict[int, frozenset[int]] = {}
        self._every = every
        self._changed: dict[int, set[int]] = {}
        self._due: list[tuple[float, int]] = []
        self._told_at: OrderedDict[int, float] = OrderedDict()

    @property
    def size(self) -> int:
        return len(self.people) + len(self._changed) + len(self._due) + len(self._told_at)

    def touch(self, room_id: int, person_id: int, now: float) -> None:
        """The person's presence may differ from what was told. Costs nothing until the room is due."""
        changed = self._changed.get(room_id)
        if changed is not None:
            changed.add(person_id)
            return
        self._changed[room_id] = {person_id}
        heappush(self._due, (max(now, self._told_at.get(room_id, -inf) + self._every), room_id))

    def take(
        self, now: float, is_here: Callable[[int, int], bool]
    ) -> Iterator[tuple[int, set[int], set[int]]]:
        """(room, came, went) of each room that is due; who came and went in between is in neither."""
        while self._due and self._due[0][0] <= now:
            _, room_id = heappop(self._due)
            told = self.people.get(room_id, frozenset())
            changed = self._changed.pop(room_id)
            here = {person_id for person_id in changed if is_here(room_id, person_id)}
            came, went = here - told, (changed - here) & told
            if not came and not went:
                continue
            self._told_at[room_id] = now
            self._told_at.move_to_end(room_id)
            people = (told | came) - went
            if people:
                self.people[room_id] = people
            else:
                del self.people[room_id]
            yield room_id, came, went
        while self._told_at and next(iter(self._told_at.values())) + self._every <= now:
            self._told_at.popitem(last=False)

    def next_at(self) -> float:
        due = self._due[0][0] if self._due else inf
        return min(due, next(iter(self._told_at.values()), inf) + self._every)
