"""Reads what was stored, always in its present state. In: rooms, people, messages. Out: what the wire says of them:
positions, states, reactions, unread counts. Pages of messages are `paging.py`, missed events `resume.py`. Synchronous;
callers run it on a reader thread.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final, cast

from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from teahouse.events import (
    REACTION_KINDS,
    REACTION_PEOPLE,
    Kind,
    MessageState,
    Position,
    RoomState,
    Who,
    timestamp,
)
from teahouse.models import Member, Mention, Message, Person, Reaction, Room, ThreadMark
from teahouse.models.rooms import default_level
from teahouse.prepared import PreparedLists, batched

OwnRooms = list[tuple[int, dict[str, Any]]]


def who(person: Person) -> Who:
    """A person as others see them."""
    return who_of(person.pk, person.name, person.kind, person.avatar)


def who_of(id: int, name: str, kind: str, avatar: str) -> Who:
    """The same, of what a query gave."""
    who: Who = {"id": id, "name": name, "kind": cast(Kind, kind)}
    if avatar:
        who["avatar"] = avatar
    return who


def room_state(room: Room) -> RoomState:
    """A room as its readers see it; of a conversation `room.people` must have been read."""
    state: RoomState = {
        "room": room.slug,
        "title": room.title,
        "topic": room.topic,
        "kind": cast(Any, room.kind),
        "archived": room.archived_at is not None,
        "speaking": cast(Any, room.speaking),
    }
    if room.people is not None:
        state["people"] = room.people
    return state


def state_of(room: Room) -> RoomState:
    """The same; of a conversation, reads whose it is."""
    if room.between:
        room.people = people_between([room.between])[room.between]
    return room_state(room)


def people_between(conversations: Iterable[str]) -> dict[str, list[Who]]:
    """Of each conversation, by `Room.between`, the people whose it is, those who left it included; in one query."""
    ids = {one: [int(person) for person in one.split()] for one in conversations}
    known = people_by_id({person for some in ids.values() for person in some})
    return {one: [known[person] for person in some if person in known] for one, some in ids.items()}


def people_by_id(people: Iterable[int]) -> dict[int, Who]:
    """People as others see them; no question where there are none."""
    rows = [row for part in batched(list(people)) for row in _names.rows(part)]
    return {row[0]: who_of(*row) for row in rows}


_names: PreparedLists[Person] = PreparedLists(
    (int,), lambda ids: Person.objects.filter(pk__in=ids).values_list("pk", "name", "kind", "avatar")
)


def position(room: int) -> Position | None:
    """Where the room's journal stands now; None where there is no such room."""
    return positions_of([room])[room]


def positions_of(rooms: list[int]) -> dict[int, Position | None]:
    """The same for up to `prepared.LONGEST` rooms, in one query."""
    found: dict[int, Position | None] = dict.fromkeys(rooms)
    for pk, epoch, seq in _positions.rows(rooms):
        found[pk] = {"epoch": epoch, "seq": seq}
    return found


_positions: PreparedLists[Room] = PreparedLists(
    (int,), lambda ids: Room.objects.filter(pk__in=ids).values_list("pk", "epoch", "seq")
)


def positions(rooms: Collection[int]) -> dict[int, Position]:
    """The same for any number of rooms, without those that are not there."""
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
    if message.thread is not None:
        state["root"] = {"id": message.thread.pk, "seq": message.thread.seq}
    if message.deleted_at is not None:
        state["deleted"] = timestamp(message.deleted_at)
        return state
    state["text"] = message.text
    if message.html is not None:
        state["html"] = message.html
    if message.reply is not None:
        quoted = message.reply
        state["reply"] = {"id": quoted.pk, "seq": quoted.seq, "by": who(quoted.person)}
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


# Unread


def own_rooms(person: int) -> OwnRooms:
    """The rooms a person belongs to: id, and what the hello tells: position, read mark, unread, mentions."""
    return own_rooms_of([person])[person]


def own_rooms_of(people: list[int]) -> dict[int, OwnRooms]:
    """The same for many people, in one query, and one more where there are conversations."""
    own: dict[int, OwnRooms] = {person: [] for person in people}
    rows = _own_rooms.rows(people)
    whose = people_between({row[BETWEEN] for row in rows if row[BETWEEN]})
    for (
        person,
        room,
        slug,
        title,
        kind,
        role,
        archived_at,
        between,
        epoch,
        seq,
        read,
        level,
        unread,
        mentions,
    ) in rows:
        told = {
            "room": slug,
            "title": title,
            "kind": kind,
            "role": role,
            "archived": archived_at is not None,
            "position": {"epoch": epoch, "seq": seq},
            "read": read,
            "level": level or default_level(kind),
            "unread": unread,
            "mentions": mentions,
        }
        if between:
            told["people"] = [other for other in whose[between] if other["id"] != person]
        own[person].append((room, told))
    return own


OWN_COLUMNS: Final = (
    "person", "room", "room__slug", "room__title", "room__kind", "role", "room__archived_at", "room__between",
    "room__epoch", "room__seq", "read", "level", "unread", "mentions",
)  # fmt: skip
BETWEEN: Final = OWN_COLUMNS.index("room__between")
_own_rooms: PreparedLists[Member] = PreparedLists(
    (int,),
    lambda people: unread_of(person__in=people).order_by("person", "room__slug").values_list(*OWN_COLUMNS),
)


def unread_of(**which: Any) -> Any:
    """Memberships with `unread` (undeleted messages of others above the mark, but for those in threads) and `mentions`
    counted, those in threads included."""

    def counted(rows: Any) -> Any:
        return Coalesce(Subquery(rows.order_by().values("room").annotate(n=Count("*")).values("n")), 0)

    unread = Message.objects.filter(
        room=OuterRef("room"), seq__gt=OuterRef("read"), deleted_at=None, thread=None
    ).exclude(person=OuterRef("person"))
    mentions = Mention.objects.filter(
        Q(
            room=OuterRef("room"),
            person=OuterRef("person"),
            seq__gt=OuterRef("read"),
            message__deleted_at=None,
        ),
        # Whoever has read the thread in which it stands has read it too.
        ~Exists(
            ThreadMark.objects.filter(
                person=OuterRef("person"), root=OuterRef("message__thread"), read__gte=OuterRef("seq")
            )
        ),
    )
    return Member.objects.filter(**which).annotate(unread=counted(unread), mentions=counted(mentions))


__all__ = [
    "by_message",
    "message_state",
    "own_rooms",
    "own_rooms_of",
    "people_between",
    "people_by_id",
    "position",
    "positions",
    "reaction_rows",
    "reactions_of",
    "room_state",
    "state_of",
    "unread_of",
    "who",
    "who_of",
]
