"""Reads what was stored, always in its present state. In: room ids and numbers. Out: events as they go over the wire,
for resumes (`live/runtime.py`), and unread counts; pages of messages are `paging.py`. Synchronous; callers run it on a
reader thread.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, cast

from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from teahouse.events import (
    ABOUT_MESSAGES,
    REACTION_KINDS,
    REACTION_PEOPLE,
    Event,
    EventFrame,
    Kind,
    MessageState,
    Position,
    RoomState,
    Who,
    message_event,
    room_event,
    timestamp,
)
from teahouse.live.hub import PAGE_BYTES, PAGE_EVENTS
from teahouse.models import Event as EventRow
from teahouse.models import Member, Mention, Message, Person, Reaction, Room
from teahouse.prepared import NUMBERS, Prepared, PreparedLists, batched

OwnRooms = list[tuple[int, dict[str, Any]]]


def who(person: Person) -> Who:
    """A person as others see them."""
    return {"id": person.pk, "name": person.name, "kind": cast(Kind, person.kind)}


def room_state(room: Room) -> RoomState:
    """A room as its readers see it."""
    return {
        "room": room.slug,
        "title": room.title,
        "topic": room.topic,
        "kind": cast(Any, room.kind),
        "archived": room.archived_at is not None,
    }


def position(room: int) -> Position | None:
    """Where the room's journal stands now; None where there is no such room."""
    rows = _position.rows(room)
    return {"epoch": rows[0][0], "seq": rows[0][1]} if rows else None


_position: Prepared[Room] = Prepared(
    (NUMBERS[0],), lambda room: Room.objects.filter(pk=room).values_list("epoch", "seq")
)


def positions(rooms: Collection[int]) -> dict[int, Position]:
    """The same for many rooms, in one query."""
    rows = Room.objects.filter(pk__in=rooms).values_list("pk", "epoch", "seq")
    return {pk: {"epoch": epoch, "seq": seq} for pk, epoch, seq in rows}


def message_state(message: Message, reactions: dict[str, list[int]] | None = None) -> MessageState:
    """A message as it is now. A deleted one has no text and no reactions."""
    state: MessageState = {
        "id": message.pk,
        "key": message.key,
        "seq": message.seq,
        "at": timestamp(message.at),
        "by": who(message.person),
    }
    if message.deleted_at is not None:
        state["deleted"] = timestamp(message.deleted_at)
        return state
    state["text"] = message.text
    if message.html is not None:
        state["html"] = message.html
    if message.edited_at is not None:
        state["edited"] = timestamp(message.edited_at)
    if reactions:
        state["reactions"] = reactions
    return state


def reactions_of(messages: Collection[int]) -> dict[int, dict[str, list[int]]]:
    """For each message its reactions: emoji → ids of people, both in the order they came."""
    return by_message(reaction_rows(messages))


ReactionRow = tuple[int, str, int]
"""Message, emoji, person."""


def reaction_rows(messages: Collection[int]) -> list[ReactionRow]:
    """The reactions of messages as they are stored, in the order they came."""
    ids = list(messages)
    return [cast(ReactionRow, tuple(row)) for part in batched(ids) for row in _reactions.stored(part)]


def by_message(rows: Iterable[ReactionRow]) -> dict[int, dict[str, list[int]]]:
    """What `reactions_of` gives, of these."""
    found: dict[int, dict[str, list[int]]] = {}
    for message, emoji, person in rows:
        kinds = found.setdefault(message, {})
        if emoji in kinds or len(kinds) < REACTION_KINDS:
            kinds.setdefault(emoji, []).append(person)
    return {message: _at_most(REACTION_PEOPLE, kinds) for message, kinds in found.items()}


_reactions: PreparedLists[Reaction] = PreparedLists(
    (int,),
    lambda messages: (
        Reaction.objects.filter(message__in=messages).order_by("pk").values_list("message", "emoji", "person")
    ),
)


def _at_most(left: int, kinds: dict[str, list[int]]) -> dict[str, list[int]]:
    cut: dict[str, list[int]] = {}
    for emoji, people in kinds.items():
        if left > 0:
            cut[emoji] = people[:left]
            left -= len(people)
    return cut


# Events


def events_after(room: int, seq: int, slug: str) -> list[Event]:
    """The next events of a room after a number: one page at most, each with what it is about as it is now (P3)."""
    rows = list(
        EventRow.objects.filter(room=room, seq__gt=seq)
        .select_related("by")
        .order_by("seq")[: PAGE_EVENTS + 1]
    )
    about = {row.subject for row in rows if row.kind in ABOUT_MESSAGES and row.subject is not None}
    messages = {m.pk: m for m in Message.objects.filter(pk__in=about).select_related("person")}
    reactions = reactions_of(
        [row.subject for row in rows if row.kind == "reactions" and row.subject is not None]
    )
    others = _Others(room, rows)
    events: list[Event] = []
    size = 0
    for row in rows:
        if row.kind in ABOUT_MESSAGES:
            event = _about_message(row, messages[cast(int, row.subject)], reactions, slug)
        else:
            event = others.event(row, slug)
        size += len(event.wire.encode())
        if events and size > PAGE_BYTES:
            break
        events.append(event)
    return events[:PAGE_EVENTS]


def _about_message(
    row: EventRow, message: Message, reactions: dict[int, dict[str, list[int]]], slug: str
) -> Event:
    kind = row.kind
    if message.deleted_at is not None:
        kind, state = "deleted", message_state(message)
    elif kind == "reactions":
        state = {"id": message.pk, "reactions": reactions.get(message.pk, {})}
    else:
        state = message_state(message)
    by = who(cast(Person, row.by))
    return message_event(row.room_id, slug, row.seq, timestamp(row.at), by, kind, state)


class _Others:
    """Events that are not about a message's content, rendered from what they name as it is now."""

    def __init__(self, room: int, rows: Iterable[EventRow]) -> None:
        others = [row for row in rows if row.kind not in ABOUT_MESSAGES]
        if not others:
            return
        self._room = Room.objects.get(pk=room)
        subjects = {row.subject for row in others if row.subject is not None}
        self._people = Person.objects.in_bulk(
            {row.subject for row in others if row.kind == "member"} - {None}
        )
        self._roles = dict(
            Member.objects.filter(room=room, person__in=self._people).values_list("person", "role")
        )
        personal = self._room.kind == Room.Kind.PERSONAL
        self._rooms = Room.objects.in_bulk(subjects) if personal else {}
        self._mentions = (
            {m.message_id: m for m in Mention.objects.filter(message__in=subjects).select_related("room")}
            if personal
            else {}
        )
        owner = int(self._room.slug[1:]) if personal else None
        self._marks = dict(
            Member.objects.filter(person=owner, room__in=self._rooms).values_list("room", "read")
        )

    def event(self, row: EventRow, slug: str) -> Event:
        frame: dict[str, Any] = {"event": row.kind, "room": slug, "seq": row.seq, "at": timestamp(row.at)}
        if row.by is not None:
            frame["by"] = who(row.by)
        subject = cast(int, row.subject)
        if row.kind == "member" and subject in self._people:
            role = self._roles.get(subject)
            frame["member"] = {"person": who(self._people[subject]), "role": role}
            if role is None:
                frame["state"] = room_state(self._room)  # Says whether reading ends here (P6).
        elif row.kind == "room":
            frame["state"] = room_state(self._room)
        elif row.kind in ("read", "room_added", "room_removed") and subject in self._rooms:
            frame["about"] = self._rooms[subject].slug
            if row.kind == "read":
                frame["read"] = self._marks.get(subject, 0)
        elif row.kind == "mention" and (mention := self._mentions.get(subject)) is not None:
            frame["about"] = mention.room.slug
            frame["message"] = {"id": mention.message_id, "seq": mention.seq}
        return room_event(row.room_id, row.seq, cast(EventFrame, frame), row.subject)


# Unread


def own_rooms(person: int) -> OwnRooms:
    """The rooms a person belongs to: id, and what the hello tells: position, read mark, unread, mentions."""
    return own_rooms_of([person])[person]


def own_rooms_of(people: list[int]) -> dict[int, OwnRooms]:
    """The same for many people, in one query."""
    own: dict[int, OwnRooms] = {person: [] for person in people}
    for person, room, slug, title, epoch, seq, read, unread, mentions in _own_rooms.rows(people):
        told = {
            "room": slug,
            "title": title,
            "position": {"epoch": epoch, "seq": seq},
            "read": read,
            "unread": unread,
            "mentions": mentions,
        }
        own[person].append((room, told))
    return own


_own_rooms: PreparedLists[Member] = PreparedLists(
    (int,),
    lambda people: (
        unread_of(person__in=people)
        .order_by("person", "room__slug")
        .values_list(
            "person",
            "room",
            "room__slug",
            "room__title",
            "room__epoch",
            "room__seq",
            "read",
            "unread",
            "mentions",
        )
    ),
)


def unread_of(**which: Any) -> Any:
    """Memberships with `unread` (undeleted messages of others above the mark) and `mentions` counted."""

    def counted(rows: Any) -> Any:
        return Coalesce(Subquery(rows.order_by().values("room").annotate(n=Count("*")).values("n")), 0)

    unread = Message.objects.filter(room=OuterRef("room"), seq__gt=OuterRef("read"), deleted_at=None).exclude(
        person=OuterRef("person")
    )
    mentions = Mention.objects.filter(
        Q(
            room=OuterRef("room"),
            person=OuterRef("person"),
            seq__gt=OuterRef("read"),
            message__deleted_at=None,
        )
    )
    return Member.objects.filter(**which).annotate(unread=counted(unread), mentions=counted(mentions))


__all__ = [
    "by_message",
    "events_after",
    "message_state",
    "own_rooms",
    "own_rooms_of",
    "position",
    "positions",
    "reaction_rows",
    "reactions_of",
    "room_state",
    "unread_of",
    "who",
]
