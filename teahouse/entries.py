"""What is to be stored, and the open transaction in which it is. In: `actions/` make entries. Out: numbers, rows and
events, of which `journal.py` alone makes commits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple, cast

from django.db.models import F

from teahouse.events import Event, EventFrame, MessageState, Quoted, Who, message_event, room_event, timestamp
from teahouse.models import Room
from teahouse.store import Row


@dataclass(slots=True, frozen=True)
class LockedRoom:
    """A room's row while this transaction holds its lock."""

    id: int
    slug: str
    epoch: str
    seq: int
    rights: int


class RootOf(NamedTuple):
    """The message in whose thread something is said: its id, its number, and who wrote it."""

    id: int
    seq: int
    author: int


@dataclass(slots=True)
class Say:
    """A message to be stored.

    Attributes:
        rights: the room's number of rights under which the speaker was let speak; None for what the project
            itself says.
        mentions: people named, each with the id of their personal room.
        reply: what it replies to, in the same room.
        root: the message in whose thread it is said, in the same room; None: in the room itself.
        replied: who said that, with the id of their personal room, if they are to hear of it, once.
        outbox: id of the outbox row that this was: stored only if the row is still there, and it goes with it.
    """

    room: int
    by: Who
    key: str
    text: str
    html: str | None
    rights: int | None
    mentions: Sequence[tuple[int, int]] = ()
    outbox: int | None = None
    reply: Quoted | None = None
    replied: tuple[int, int] | None = None
    root: RootOf | None = None

    @property
    def rooms(self) -> tuple[int, ...]:
        called = (self.room, *(personal for _, personal in self.mentions))
        return called if self.replied is None else (*called, self.replied[1])


@dataclass(slots=True)
class Change:
    """Anything else: `apply` runs inside the transaction with the locks of `rooms` and makes numbered events.

    `apply` raises `Problem` or `Stale` before it writes anything, or not at all; what it returns is the outcome.
    """

    rooms: tuple[int, ...]
    apply: Callable[[Transaction], Any]


Entry = Say | Change


@dataclass(slots=True, frozen=True)
class Stored:
    """Where a message stands; `repeated` where the key had been used for it before (P4)."""

    message: int
    seq: int
    repeated: bool = False


class Stale(Exception):
    """Rights in the room changed since the speaker was let speak: look again, then submit again."""


@dataclass(slots=True)
class Commit:
    """What one transaction made. `heads` are the numbers reached by all rooms it held the lock of."""

    events: list[Event] = field(default_factory=list)
    heads: dict[int, int] = field(default_factory=dict)


Settled = list[tuple[Callable[[Any], None], Any]]
"""For each entry its `done` and its outcome: what `apply` returned, `Stored`, or an exception."""


@dataclass(slots=True)
class Talk:
    """What a transaction changed in the thread of one root.

    Attributes:
        by: who did it last.
        said: who said something, the id of it and its number, in order.
        called: whom that names, each with the number.
        lost: whether something was deleted.
    """

    room: int
    by: Who
    root: RootOf | None = None
    said: list[tuple[Who, int, int]] = field(default_factory=list)
    called: list[tuple[int, int]] = field(default_factory=list)
    lost: bool = False


class Transaction:
    """The open transaction of a batch: hands out numbers and collects events. Made by the journal only."""

    def __init__(self, rooms: dict[int, LockedRoom]) -> None:
        self.rooms = rooms
        self.now = datetime.now(UTC)
        self.at = timestamp(self.now)
        self.events: list[Event] = []
        self.rows: list[Row] = []
        self.heads = {room.id: room.seq for room in rooms.values()}
        self.talks: dict[int, Talk] = {}
        """What happened in threads, by the ids of their roots: told once each when all is carried out."""

    def number(self, room: int) -> int:
        """The next number of the room; an event with it must follow."""
        self.heads[room] += 1
        return self.heads[room]

    def about_message(self, room: int, seq: int, kind: str, by: Who, state: MessageState) -> None:
        """An event about a message, with a number from `number`."""
        self.rows.append((room, seq, kind, state["id"], "", by["id"], self.now))
        self.events.append(message_event(room, self._name(room), seq, self.at, by, kind, state))

    def about_room(
        self,
        room: int,
        kind: str,
        by: Who | None,
        more: EventFrame | dict[str, Any] | None = None,
        *,
        subject: int | None = None,
        detail: str = "",
    ) -> int:
        """An event about anything but a message's content; its number. `more`: the fields besides the usual."""
        seq = self.number(room)
        frame: dict[str, Any] = {"event": kind, "room": self._name(room), "seq": seq, "at": self.at}
        if by is not None:
            frame["by"] = by
        frame.update(more or {})
        self.rows.append((room, seq, kind, subject, detail, by["id"] if by else None, self.now))
        self.events.append(room_event(room, seq, cast(EventFrame, frame), subject, detail=detail))
        return seq

    def about_custom(self, event: Event, by: Who) -> None:
        """One of the project's own, with a number from `number`."""
        self.rows.append((event.room, event.seq, event.kind, event.subject, "", by["id"], self.now))
        self.events.append(event)

    def talk(self, room: int, root: int, by: Who) -> Talk:
        """What happens in the thread of `root`: to be added to."""
        talk = self.talks.setdefault(root, Talk(room, by))
        talk.by = by
        return talk

    def made(self, room: Room) -> None:
        """A room that was made in this transaction, so that nobody else knows of it: it can have events."""
        self.rooms[room.pk] = LockedRoom(room.pk, room.slug, room.epoch, 0, 0)
        self.heads[room.pk] = 0

    def change_rights(self, room: int) -> None:
        """Who may do what in the room changed: who was let speak before has to be looked at again.

        Also those whose entries wait behind this one in the same transaction.
        """
        Room.objects.filter(pk=room).update(rights=F("rights") + 1)
        self.rooms[room] = replace(self.rooms[room], rights=self.rooms[room].rights + 1)

    def moved(self) -> list[tuple[int, int]]:
        """(head, room) of the rooms that got events."""
        return [(seq, room) for room, seq in self.heads.items() if seq != self.rooms[room].seq]

    def _name(self, room: int) -> str:
        slug = self.rooms[room].slug
        return "@me" if slug.startswith("@") else slug
