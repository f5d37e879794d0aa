"""The events that a reader has missed, each with what it is about as it is now. In: a room and a number. Out: events as
they go over the wire, for `live/following.py`.

As pages of messages are read (`paging.py`), without model objects: with them 500 events took 28 ms, without 5.
Synchronous; callers run it on a reader thread.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple, cast

from teahouse.attention import settings_state
from teahouse.events import (
    ABOUT_MESSAGES,
    CUSTOM,
    Event,
    EventFrame,
    MessageState,
    Who,
    custom_event,
    custom_frame,
    message_event,
    room_event,
)
from teahouse.history import people_between, reactions_of, room_state, state_of, who, who_of
from teahouse.live.hub import PAGE_BYTES, PAGE_EVENTS
from teahouse.models import CustomEvent, Member, Mention, Message, Person, Room, Settings, ThreadMark
from teahouse.models import Event as EventRow
from teahouse.models.rooms import default_level
from teahouse.paging import COLUMNS, people_of, quotes_of, stamp, states_of, thread_of, with_quotes
from teahouse.prepared import NUMBERS, Prepared, PreparedLists, batched
from teahouse.rights import RANKS


class _Row(NamedTuple):
    """An event as it is stored, with who made it."""

    seq: int
    kind: str
    subject: int | None
    at: datetime
    by: int | None
    name: str | None
    by_kind: str | None
    detail: str
    avatar: str | None

    @property
    def who(self) -> Who | None:
        if self.by is None:
            return None
        return who_of(self.by, cast(str, self.name), cast(str, self.by_kind), self.avatar or "")


_events: Prepared[EventRow] = Prepared(
    (NUMBERS[0], NUMBERS[1]),
    lambda room, seq: (
        EventRow.objects.filter(room=room, seq__gt=seq)
        .order_by("seq")
        .values_list("seq", "kind", "subject", "at", "by", "by__name", "by__kind", "detail", "by__avatar")[
            : PAGE_EVENTS + 1
        ]
    ),
)
_messages: PreparedLists[Message] = PreparedLists(
    (int,), lambda ids: Message.objects.filter(pk__in=ids).values_list(*COLUMNS)
)


def events_after(room: int, seq: int, slug: str) -> list[Event]:
    """The next events of a room after a number: one page at most, each with what it is about as it is now (P3)."""
    rows = [_Row(*row) for row in _events.stored(room, seq)]
    about = list({row.subject for row in rows if row.kind in ABOUT_MESSAGES and row.subject is not None})
    stored = [row for part in batched(about) for row in _messages.stored(part)]
    messages = {state["id"]: state for state in states_of(with_quotes(stored, quotes_of(stored)))}
    people = {row[0]: who_of(*row) for row in people_of(stored).values()}
    threads = {row[0]: thread_of(row, people, stamp()) for row in stored}
    reactions = reactions_of(
        {row.subject for row in rows if row.kind == "reactions" and row.subject is not None}
    )
    others = _Others(room, slug, rows)
    told = _told_by({row.subject for row in rows if row.kind == CUSTOM and row.subject is not None})
    stamped = stamp()
    events: list[Event] = []
    size = 0
    for row in rows[:PAGE_EVENTS]:
        at = stamped(row.at)
        if row.kind in ABOUT_MESSAGES:
            state = messages[cast(int, row.subject)]
            if row.kind == "thread":
                state = {"id": state["id"], "thread": threads[state["id"]]}
            event = _about_message(room, slug, row, at, state, reactions)
        elif row.kind == CUSTOM:
            frame = custom_frame(slug, row.seq, at, row.who, *told[cast(int, row.subject)])
            event = custom_event(room, row.seq, frame, cast(int, row.subject))
        else:
            event = others.event(row, at)
        size += event.size
        if events and size > PAGE_BYTES:
            break
        events.append(event)
    return events


def _told_by(ids: set[int]) -> dict[int, tuple[str, str, str | None]]:
    """Of the project's own events the name, what they say, and how they are shown. No question where there are none."""
    rows = [row for part in batched(list(ids)) for row in _custom.rows(part)]
    return {pk: (name, data, html) for pk, name, data, html in rows}


_custom: PreparedLists[CustomEvent] = PreparedLists(
    (int,), lambda ids: CustomEvent.objects.filter(pk__in=ids).values_list("pk", "name", "data", "html")
)


def _about_message(
    room: int, slug: str, row: _Row, at: str, state: MessageState, reactions: dict[int, dict[str, list[int]]]
) -> Event:
    kind = row.kind
    if "deleted" in state:
        kind = "deleted"
    elif kind == "reactions":
        state = {"id": state["id"], "reactions": reactions.get(state["id"], {})}
    return message_event(room, slug, row.seq, at, cast(Who, row.who), kind, state)


class _Others:
    """Events that are not about a message's content, rendered from what they name as it is now."""

    def __init__(self, room: int, slug: str, rows: Iterable[_Row]) -> None:
        self._rooms: dict[int, Room] = {}
        self._mentions: dict[int, Mention] = {}
        others = [row for row in rows if row.kind not in ABOUT_MESSAGES and row.kind != CUSTOM]
        if not others:
            return
        self._slug = slug
        self._room = Room.objects.get(pk=room)
        subjects = {row.subject for row in others if row.subject is not None}
        self._people = Person.objects.in_bulk(
            {row.subject for row in others if row.kind == "member"} - {None}
        )
        self._roles = dict(
            Member.objects.filter(room=room, person__in=self._people)
            .exclude(role=Member.Role.GUEST)
            .values_list("person", "role")
        )
        self._state = state_of(self._room)
        if self._room.kind == Room.Kind.PERSONAL:
            self._read_about(subjects, int(self._room.slug[1:]), {row.kind for row in others})

    def _read_about(self, subjects: set[int], owner: int, kinds: set[str]) -> None:
        """What the events of a person's own stream are about."""
        self._rooms = Room.objects.in_bulk(subjects)
        conversations = [room for room in self._rooms.values() if room.between]
        whose = people_between({room.between for room in conversations if room.between})
        for room in conversations:
            room.people = whose[room.between or ""]
        mentions = Mention.objects.filter(message__in=subjects).select_related("room")
        self._mentions = {mention.message_id: mention for mention in mentions}
        members = Member.objects.filter(person=owner, room__in=self._rooms)
        rows = members.values_list("room", "read", "role", "level")
        self._own = {room: (read, role, level) for room, read, role, level in rows}
        if "settings" in kinds:
            self._settings = settings_state(Settings.objects.filter(person=owner).first())
        if "thread_read" in kinds:
            marks = ThreadMark.objects.filter(person=owner, root__in=subjects)
            rows_of_marks = marks.values_list("root", "root__room__slug", "read")
            self._threads = {root: (slug, read) for root, slug, read in rows_of_marks}
        if kinds & {"reply", "reaction"}:
            called = Message.objects.filter(pk__in=subjects, deleted_at=None)
            places = called.values_list("pk", "room__slug", "seq")
            self._called = {pk: (slug, seq) for pk, slug, seq in places}

    def event(self, row: _Row, at: str) -> Event:
        frame: dict[str, Any] = {"event": row.kind, "room": self._slug, "seq": row.seq, "at": at}
        if (by := row.who) is not None:
            frame["by"] = by
        subject = cast(int, row.subject)
        if row.kind == "member" and subject in self._people:
            role = self._roles.get(subject)
            frame["member"] = {"person": who(self._people[subject]), "role": role}
            if role is None:
                frame["state"] = self._state  # Says whether reading ends here (P6).
        elif row.kind == "room":
            frame["state"] = self._state
        elif row.kind in ("read", "room_added", "room_removed", "settings") and subject in self._rooms:
            frame |= self._about_own(row.kind, self._rooms[subject])
        elif row.kind == "mention" and (mention := self._mentions.get(subject)) is not None:
            frame["about"] = mention.room.slug
            frame["message"] = {"id": mention.message_id, "seq": mention.seq}
        elif row.kind in ("reply", "reaction") and subject in self._called:
            frame["about"], number = self._called[subject]
            frame["message"] = {"id": subject, "seq": number}
        elif row.kind == "thread_read" and subject in self._threads:
            frame["about"], frame["read"] = self._threads[subject]
            frame["thread"] = subject
        elif row.kind == "settings" and row.subject is None:
            frame["settings"] = self._settings
        return room_event(self._room.pk, row.seq, cast(EventFrame, frame), row.subject, detail=row.detail)

    def _about_own(self, kind: str, room: Room) -> dict[str, Any]:
        about: dict[str, Any] = {"about": room.slug}
        read, role, level = self._own.get(room.pk, (0, None, ""))
        if kind == "read":
            about["read"] = read
        elif kind == "settings":
            about["level"] = level or default_level(room.kind)
        elif kind == "room_added" and role in RANKS:
            # Who belongs to it no more is told nothing of what became of it.
            about |= {"role": role, "state": room_state(room)}
            about["position"] = {"epoch": room.epoch, "seq": room.seq}
        return about
