"""A database that is dictionaries: what the journal writes in a transaction, and what sessions ask for.

Each transaction and each read is one step, as under the locks that the journal takes. A commit may fail on either side
of taking effect. `Truth` beside it is what the checker holds everything against: each commit, in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.db import OperationalError

from teahouse import access, attention, emitted, history, outbox, resume, subjects, threads
from teahouse.actions import mentions, messages, people, policy, rooms, tokens
from teahouse.emitted import Emission
from teahouse.events import (
    ABOUT_MESSAGES,
    CUSTOM,
    PERSONAL_KINDS,
    Event,
    MessageState,
    Position,
    Who,
    custom_event,
    custom_frame,
    message_event,
    room_event,
    timestamp,
)
from teahouse.journal import Entry, Say, Stored
from teahouse.live import sweep
from teahouse.models import Person, Room

PAGE: Final = 6
"""Events of a page: so few that a resume needs several."""


@dataclass(slots=True)
class MessageRow:
    id: int
    room: int
    by: int
    key: str
    digest: int | None
    seq: int
    at: datetime
    text: str
    deleted: bool = False
    versions: list[tuple[int, str]] = field(default_factory=list)  # (number, text), as committed.
    deleted_at: int | None = None  # The number.


@dataclass(slots=True)
class CustomRow:
    """What an event of the project says."""

    id: int
    room: int
    by: int
    key: str
    seq: int
    name: str
    data: str


@dataclass(slots=True)
class EventRow:
    seq: int
    kind: str
    subject: int | None
    by: int | None
    at: datetime
    when: float  # Seconds.


@dataclass(slots=True)
class RoomRow:
    id: int
    slug: str
    kind: str
    epoch: str
    seq: int = 0
    rights: int = 0
    events: list[EventRow] = field(default_factory=list)
    epochs: int = 1  # How many there were.
    removals: dict[int, list[int]] = field(
        default_factory=dict
    )  # Person → numbers that took the right to read.
    # Person → since when (seconds) they belong, or do not.
    belonging: dict[int, list[tuple[float, bool]]] = field(default_factory=dict)

    def taken_from(self, person: int, after: int, before: int) -> int | None:
        """The number between these two that took the person's right to read, where none gave it back."""
        changes = [
            row.seq
            for row in self.events[after : before - 1]
            if (row.kind, row.subject) == ("member", person)
        ]
        return changes[-1] if changes and changes[-1] in self.removals.get(person, ()) else None

    def was_member(self, person: int, since: float) -> bool:
        """Whether they belonged at some moment from `since` on."""
        changes = self.belonging.get(person, [])
        before = [belongs for at, belongs in changes if at <= since]
        return any([*before[-1:], *(belongs for at, belongs in changes if at > since)])


class Database:
    """Both the journal's `Sql` and Django's connection, as far as the journal uses them."""

    alias = "default"
    vendor = "model"
    connection = True  # There is one.

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.people: dict[int, Person] = {}
        self.tokens: dict[str, Person] = {}  # By digest.
        self.rooms: dict[int, RoomRow] = {}
        self.slugs: dict[str, int] = {}
        self.roles: dict[tuple[int, int], str] = {}
        self.messages: dict[int, MessageRow] = {}
        self.keys: dict[tuple[int, int, str], int] = {}
        self.breaks: list[str] = []  # What the next commits do: "before" or "after" taking effect they fail.
        self.customs: dict[int, CustomRow] = {}
        self.outbox: dict[int, Say | Emission] = {}
        self.restores = 0
        self.gave_up = False  # Somebody was told that it is not known whether something was stored.
        self._posts = 0
        self._undo: list[Callable[[], Any]] = []
        self._answers: dict[Any, Callable[..., Any]] = {
            access.rooms: self.places,
            tokens.holders_of_tokens: self.holders,
            tokens.note_used: lambda digests: None,
            history.positions_of: self.positions,
            history.positions: self.positions,
            resume.events_after: self.events_after,
            messages.said_before: self.said_before,
            mentions.called: lambda *_: mentions.Called(),
            attention.own_of: self.own,
            threads.unread_of: lambda ids: dict.fromkeys(ids, 0),
            rooms.personal: self.personal,
            sweep._heads: self.positions,
            sweep._inactive: lambda _: set(),
            sweep._members: self.members,
            sweep._belong: lambda *_: {},
            sweep._unread: lambda *_: [],
            people.revoked_tokens: lambda digests: digests - self.tokens.keys(),
            outbox.waiting: self.waiting,
            policy.waiting: list,  # Nothing is on an object, and there is no policy.
            subjects.on_objects: lambda _: {},
        }

    def holders(self, digests: list[str]) -> dict[str, tokens.Holder | None]:
        return {one: tokens.Holder(self.tokens[one]) if one in self.tokens else None for one in digests}

    def add_person(self, name: str) -> Person:
        person = Person(pk=len(self.people) + 1, kind="user", name=name, name_key=name)
        self.people[person.pk] = person
        return person

    def add_room(self, slug: str, kind: str) -> RoomRow:
        row = RoomRow(len(self.rooms) + 1, slug, kind, f"epoch-{len(self.rooms) + 1}")
        self.rooms[row.id] = row
        self.slugs[slug] = row.id
        return row

    def who(self, person: int) -> Who:
        return {"id": person, "name": self.people[person].name, "kind": "user"}

    # The journal's side

    @contextmanager
    def transaction(self) -> Iterator[None]:
        fate = self.breaks.pop() if self.breaks else None
        self._undo = []
        try:
            yield
        except BaseException:
            self._roll_back()
            raise
        if fate == "before":
            self._roll_back()
        if fate is not None:
            raise OperationalError(f"the connection broke {fate} the commit")

    def _roll_back(self) -> None:
        for undo in reversed(self._undo):
            undo()

    def close(self) -> None:
        pass

    def is_usable(self) -> bool:
        return True

    def lock_rooms(self, ids: Sequence[int]) -> list[tuple[Any, ...]]:
        found = (self.rooms[room] for room in ids if room in self.rooms)
        return [(row.id, row.slug, row.epoch, row.seq, row.rights) for row in found]

    def known_keys(self, keys: Sequence[tuple[int, int, str]]) -> list[tuple[Any, ...]]:
        known = ((key, self.messages[self.keys[key]]) for key in keys if key in self.keys)
        return [(*key, row.id, row.seq, row.digest) for key, row in known]

    def message_ids(self, count: int) -> range:
        return range(len(self.messages) + 1, len(self.messages) + count + 1)

    def insert_messages(self, rows: Sequence[tuple[Any, ...]]) -> None:
        for number, room, person, key, digest, seq, _, at, text, *_ in rows:
            assert (room, person, key) not in self.keys, "the key is unique"
            self.messages[number] = MessageRow(
                number, room, person, key, digest, seq, at, text, False, [(seq, text)]
            )
            self.keys[room, person, key] = number
            self._undo += [partial(self.messages.pop, number), partial(self.keys.pop, (room, person, key))]

    def take_outbox(self, ids: Sequence[int]) -> set[int]:
        taken = {one for one in ids if one in self.outbox}
        for one in taken:
            self._undo.append(partial(self.outbox.__setitem__, one, self.outbox.pop(one)))
        return taken

    def insert_mentions(self, rows: Sequence[tuple[Any, ...]]) -> None:
        assert not rows

    def insert_events(self, rows: Sequence[tuple[Any, ...]]) -> None:
        for room, seq, kind, subject, _, by, at in rows:
            events = self.rooms[room].events
            assert seq == len(events) + 1, "(room, seq) is unique, and without a gap"
            events.append(EventRow(seq, kind, subject, by, at, self._clock()))
            self._undo.append(events.pop)

    def move_heads(self, rows: Sequence[tuple[int, int]]) -> None:
        for seq, room in rows:
            row = self.rooms[room]
            self._set(row, seq=seq)

    # What actions do inside a transaction, which the program does with Django's ORM

    def edit(self, message: int, seq: int, text: str | None) -> MessageRow:
        """Gives a message another text, or with None takes it away, with the event `seq`."""
        row = self.messages[message]
        if text is None:
            self._set(row, deleted=True, text="", digest=None, deleted_at=seq)
        else:
            self._set(row, text=text)
            row.versions.append((seq, text))
            self._undo.append(row.versions.pop)
        return row

    def set_role(self, room: int, person: int, role: str | None, seq: int) -> None:
        before = self.roles.get((room, person))
        self._undo.append(partial(self._put_role, room, person, before))
        self._put_role(room, person, role)
        belonging = self.rooms[room].belonging.setdefault(person, [])
        belonging.append((self._clock(), role is not None))
        self._undo.append(belonging.pop)
        if role is None:
            removals = self.rooms[room].removals.setdefault(person, [])
            removals.append(seq)
            self._undo.append(removals.pop)

    def told_before(self, emission: Emission) -> tuple[int, int, str, str] | None:
        key = (emission.room, emission.by["id"], emission.key)
        rows = [row for row in self.customs.values() if (row.room, row.by, row.key) == key]
        return (rows[0].id, rows[0].seq, rows[0].name, rows[0].data) if rows else None

    def keep(self, emission: Emission, seq: int, at: datetime) -> int:
        number = len(self.customs) + 1
        by = emission.by["id"]
        self.customs[number] = CustomRow(
            number, emission.room, by, emission.key, seq, emission.name, emission.data
        )
        self._undo.append(partial(self.customs.pop, number))
        return number

    def change_rights(self, room: int) -> None:
        self._set(self.rooms[room], rights=self.rooms[room].rights + 1)

    def _put_role(self, room: int, person: int, role: str | None) -> None:
        if role is None:
            self.roles.pop((room, person), None)
        else:
            self.roles[room, person] = role

    def _set(self, row: Any, **values: Any) -> None:
        for name, value in values.items():
            self._undo.append(partial(setattr, row, name, getattr(row, name)))
            setattr(row, name, value)

    # What happens beside the servers

    def post(self, room: int, person: int, key: str, text: str) -> None:
        """Code of the project leaves something to be said, and commits."""
        self._posts += 1
        self.outbox[self._posts] = Say(room, self.who(person), key, text, None, None, outbox=self._posts)

    def emit(self, room: int, person: int, key: str, data: str) -> None:
        """The same with an event of its own."""
        self._posts += 1
        self.outbox[self._posts] = Emission(
            self._posts, room, self.who(person), key, "order.paid", data, "paid"
        )

    def begin_new_histories(self) -> None:
        for row in self.rooms.values():
            row.epochs += 1
            row.epoch = f"epoch-{row.id}-{self.restores}-{row.epochs}"

    def saved(self) -> dict[str, Any]:
        """A backup, as of now."""
        rooms = {
            row.id: replace(
                row,
                events=row.events.copy(),
                removals={person: numbers.copy() for person, numbers in row.removals.items()},
                belonging={person: changes.copy() for person, changes in row.belonging.items()},
            )
            for row in self.rooms.values()
        }
        messages = {row.id: replace(row, versions=row.versions.copy()) for row in self.messages.values()}
        same = {name: getattr(self, name).copy() for name in ("slugs", "roles", "keys", "customs", "outbox")}
        return {"rooms": rooms, "messages": messages, **same}

    def restore(self, saved: dict[str, Any]) -> None:
        """Puts a backup in the place of everything, as `teahouse restore` does: all histories begin anew."""
        epochs = {row.id: row.epochs for row in self.rooms.values()}
        for name, value in saved.items():
            setattr(self, name, value)
        for row in self.rooms.values():
            row.epochs = epochs.get(row.id, 1)
        self.restores += 1
        self.begin_new_histories()

    # The readers' side

    def answer(self, ask: Any) -> Any:
        """What a function of the program would have read: `ask` is a partial of it."""
        if ask.func.__name__ == "data_version":
            return None
        return self._answers[ask.func](*ask.args, **ask.keywords)

    def places(self, places: list[tuple[str, int]]) -> dict[tuple[str, int], access.Found]:
        return {(slug, person): self._place(slug, person) for slug, person in places}

    def _place(self, slug: str, person: int) -> access.Found:
        room = self.slugs.get(slug)
        if room is None:
            return access.Found()
        return access.Found(self._room(self.rooms[room]), self.roles.get((room, person)))

    def _room(self, row: RoomRow) -> Room:
        return Room(
            pk=row.id,
            slug=row.slug,
            title=row.slug,
            kind=row.kind,
            epoch=row.epoch,
            seq=row.seq,
            rights=row.rights,
            closing=Room.Closing.ANYONE,
        )

    def personal(self, person: int) -> Room:
        slug = f"@{person}"
        room = self.slugs.get(slug)
        return self._room(self.rooms[room] if room is not None else self.add_room(slug, "personal"))

    def own(self, ids: list[int]) -> dict[int, attention.Own]:
        return {person: attention.Own([], attention.settings_state(None), 0, 0) for person in ids}

    def waiting(self, limit: int = 3) -> list[Entry]:
        left = [self.outbox[one] for one in sorted(self.outbox)[:limit]]
        return [one if isinstance(one, Say) else emitted.entry(one) for one in left]

    def positions(self, ids: Any) -> dict[int, Position]:
        return {room: {"epoch": self.rooms[room].epoch, "seq": self.rooms[room].seq} for room in ids}

    def members(self, ids: set[int]) -> dict[int, set[int]]:
        private = {room for room in ids if self.rooms[room].kind == "private"}
        members: dict[int, set[int]] = {room: set() for room in private}
        for room, person in self.roles:
            if room in private:
                members[room].add(person)
        return members

    def said_before(self, person: int, room: str, key: str, text: str) -> Stored | None:
        found = self.keys.get((self.slugs.get(room, 0), person, key))
        return None if found is None else Stored(found, self.messages[found].seq, repeated=True)

    def events_after(self, room: int, seq: int, slug: str) -> list[Event]:
        row = self.rooms[room]
        return [self._event(row, event, slug) for event in row.events[seq : seq + PAGE]]

    def _event(self, room: RoomRow, row: EventRow, slug: str) -> Event:
        at = timestamp(row.at)
        if row.kind in ABOUT_MESSAGES:
            assert row.subject is not None
            assert row.by is not None
            message = self.messages[row.subject]
            kind = "deleted" if message.deleted else row.kind
            return message_event(room.id, slug, row.seq, at, self.who(row.by), kind, self.state(message))
        if row.kind == CUSTOM:
            assert row.subject is not None
            assert row.by is not None
            told = self.customs[row.subject]
            shown = custom_frame(slug, row.seq, at, self.who(row.by), told.name, told.data, "paid")
            return custom_event(room.id, row.seq, shown, row.subject)
        frame: Any = {"event": row.kind, "room": slug, "seq": row.seq, "at": at}
        if row.by is not None:
            frame["by"] = self.who(row.by)
        if row.kind == "member":
            assert row.subject is not None
            role = self.roles.get((room.id, row.subject))
            frame["member"] = {"person": self.who(row.subject), "role": role}
            if role is None:
                frame["state"] = history.room_state(self._room(room))
        assert row.kind not in PERSONAL_KINDS or row.subject is not None
        return room_event(room.id, row.seq, frame, row.subject)

    def state(self, message: MessageRow) -> MessageState:
        state: MessageState = {
            "id": message.id, "key": message.key, "seq": message.seq, "at": timestamp(message.at),
            "by": self.who(message.by),
        }  # fmt: skip
        if message.deleted:
            state["deleted"] = timestamp(message.at)
        else:
            state["text"] = message.text
        return state
