"""What needs a person, and when they may be disturbed. In: a person. Out: their settings, how much they have not
seen, and the list of what needs them, drawn from their own stream, where the journal numbers it. Synchronous; callers
run it on a reader thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from teahouse import database, threads
from teahouse.events import OwnSettings, Position, QuietHours, timestamp
from teahouse.history import OwnRooms, message_state, own_rooms_of, people_between, who
from teahouse.models import Event, Member, Message, Person, Reaction, Room, Settings
from teahouse.prepared import PreparedLists
from teahouse.rights import RANKS

ROUNDS: Final = 5
"""So many pages of events are read for one of the list: much of what they name may be gone."""


class Own(NamedTuple):
    """What the hello tells a person: rooms and settings, how much they have not seen (at most 100), and in how many of
    their threads something is unread. `position`: that of their own stream, behind which nothing of it is told yet;
    None where there is none."""

    rooms: OwnRooms
    settings: OwnSettings
    unseen: int
    threads: int
    position: Position | None = None


def settings_state(settings: Settings | None) -> OwnSettings:
    """Settings as the wire has them."""
    if settings is None:
        return {"quiet": None, "language": None, "seen": 0}
    quiet: QuietHours | None = None
    if settings.zone:
        quiet = {"from": settings.quiet_from, "to": settings.quiet_to, "zone": settings.zone}
    return {"quiet": quiet, "language": settings.language or None, "seen": settings.seen}


def own_of(people: list[int]) -> dict[int, Own]:
    """Of people, who are at most `prepared.LONGEST`, in two queries, and one more where there are conversations: each
    query is one for each batch of a crowd that returns."""
    # Positions before rooms: what changes between the two is told behind the position.
    rows = list(_own.rows(people))
    rooms = own_rooms_of(people)
    own = {person: Own(rooms[person], settings_state(None), 0, 0) for person in people}
    for person, *settings, unseen, unread, stream in rows:
        # Where there is no row, each of its columns is NULL.
        kept = None if settings[0] is None else Settings(**dict(zip(SETTINGS, settings, strict=True)))
        own[person] = Own(rooms[person], settings_state(kept), unseen, unread, _position(stream))
    return own


def _position(stream: str | None) -> Position | None:
    if stream is None:
        return None
    epoch, _, seq = stream.rpartition(" ")
    return {"epoch": epoch, "seq": int(seq)}


SETTINGS: Final = ("quiet_from", "quiet_to", "zone", "language", "seen")
_UNSEEN: Final = (
    "(SELECT count(*) FROM (SELECT 1 FROM teahouse_event e"
    " JOIN teahouse_room r ON r.id = e.room_id AND r.slug = '@' || CAST(teahouse_person.id AS varchar(20))"
    " WHERE e.seq > COALESCE(teahouse_settings.seen, 0)"
    " AND e.kind IN ('mention', 'reply', 'reaction') LIMIT 100) n)"
)
_STREAM: Final = (
    "(SELECT r.epoch || ' ' || r.seq FROM teahouse_room r"
    " WHERE r.slug = '@' || CAST(teahouse_person.id AS varchar(20)))"
)


def _own_rows(people: list[int]) -> QuerySet[Person, Any]:
    counted = Person.objects.filter(pk__in=people).annotate(
        unseen=RawSQL(_UNSEEN, ()),  # noqa: S611  Nothing in it is anybody's.
        unread_threads=threads.unread_of_person(),
        stream=RawSQL(_STREAM, ()),  # noqa: S611  As above.
    )
    return counted.values_list(
        "pk", *(f"settings__{field}" for field in SETTINGS), "unseen", "unread_threads", "stream"
    )


_own: PreparedLists[Person] = PreparedLists((int,), _own_rows)


_CALLING: Final = "teahouse_event.kind IN ('mention', 'reply', 'reaction')"
"""In the words of the index that holds these events alone: as parameters, SQLite would not see that it fits."""


# The list


def activity(person: int, before: int | None, limit: int) -> dict[str, Any]:
    """What needs a person, newest first, each with the message as it is now (P3), and nothing of rooms that are not
    theirs any more."""
    stream = Room.objects.filter(slug=f"@{person}").values_list("pk", flat=True).first()
    listed: list[dict[str, Any]] = []
    known: set[Any] = set()
    more = stream is not None
    for _ in range(ROUNDS):
        if not more or len(listed) >= limit:
            break
        rows = list(_calling(stream, before)[: limit + 1])
        more = len(rows) > limit
        for row, item in _drawn(person, rows[:limit]):
            key = (row.kind, row.subject, row.by_id)
            if len(listed) == limit:
                more = True
                break
            before = row.seq
            # A reaction that was put, taken back and put again needs one once.
            if item is not None and key not in known:
                known.add(key)
                listed.append(item)
    return {"activity": listed, "more": more, "before": before or 0}


def _calling(stream: int | None, before: int | None) -> QuerySet[Event]:
    events = Event.objects.using(database.alias()).filter(room=stream).order_by("-seq")
    events = events.extra(where=[_CALLING])  # noqa: S610  A constant.
    return events if before is None else events.filter(seq__lt=before)


def _drawn(person: int, rows: Sequence[Event]) -> list[tuple[Event, dict[str, Any] | None]]:
    alias = database.alias()
    ids = {row.subject for row in rows if row.subject is not None}
    found = (
        Message.objects.using(alias)
        .filter(pk__in=ids, deleted_at=None)
        .select_related("person", "room", "reply__person", "thread")
    )
    messages = {message.pk: message for message in found}
    rooms = {message.room_id for message in messages.values()}
    roles = dict(
        Member.objects.using(alias).filter(person=person, room__in=rooms).values_list("room", "role")
    )
    people = Person.objects.using(alias).in_bulk({row.by_id for row in rows} - {None})
    whose = people_between(one.room.between for one in messages.values() if one.room.between)
    put = _reactions([row for row in rows if row.kind == "reaction"])
    drawn: list[tuple[Event, dict[str, Any] | None]] = []
    for row in rows:
        message, by = messages.get(row.subject or 0), people.get(row.by_id or 0)
        emoji = put.get((row.subject, row.by_id))
        if message is None or by is None or not _belongs(message.room, roles.get(message.room_id)):
            drawn.append((row, None))
        elif row.kind == "reaction" and not emoji:
            drawn.append((row, None))  # Taken back.
        else:
            room = message.room
            item = {"seq": row.seq, "kind": row.kind, "at": timestamp(row.at), "by": who(by)}
            item |= {"room": room.slug, "title": room.title, "message": message_state(message)}
            if room.between:
                item["people"] = [one for one in whose[room.between] if one["id"] != person]
            if row.kind == "reaction":
                item["emoji"] = emoji
            drawn.append((row, item))
    return drawn


def _reactions(rows: Sequence[Event]) -> dict[tuple[int | None, int | None], list[str]]:
    """What somebody has put on a message, of those that rows name."""
    put: dict[tuple[int | None, int | None], list[str]] = {}
    if rows:
        which = {"message__in": {row.subject for row in rows}, "person__in": {row.by_id for row in rows}}
        found = Reaction.objects.using(database.alias()).filter(**which).order_by("pk")
        for message, person, emoji in found.values_list("message", "person", "emoji"):
            put.setdefault((message, person), []).append(emoji)
    return put


def _belongs(room: Room, role: str | None) -> bool:
    """Guests have a mark in open rooms where they have been, and in those on objects that the project shows them: there
    it ends with that. In another it is left from when it was open."""
    visited = room.kind == Room.Kind.OPEN or room.subject_type is not None
    return role in RANKS or (role is not None and visited)
