"""Pages of messages, each as it is now. In: rooms and numbers. Out: what `history` answers and a room begins with.

Reading a page was half making things that are thrown away at once: model objects, times. So the rows come as the
database's driver gives them, and become what goes over the wire in one step. Synchronous; callers run it on a thread
that reads.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

from django.utils import timezone

from teahouse import database
from teahouse.events import (
    EventFrame,
    MessageState,
    Position,
    Quoted,
    ThreadState,
    Who,
    custom_frame,
    timestamp,
)
from teahouse.history import ReactionRow, by_message, position, reaction_rows, who_of
from teahouse.models import Message, Person
from teahouse.places import (
    ALL,
    BIGGEST,
    COLUMNS,
    EVENT_COLUMNS,
    IN_ROOM,
    IN_THREAD,
    REPLY,
    REV,
    SEQ,
    SHOWN,
    SPOKE,
    STARTED,
    WITH_EVENTS,
    PersonRow,
    Row,
    Said,
    nearest,
    times,
)
from teahouse.prepared import NUMBERS, Prepared, PreparedLists, batched


class Where(NamedTuple):
    """Which messages of a room: the last ones, before, after or around a number, or around the first that was said at a
    time or later; at most `limit`. Those of a thread, by the id of its root, or of none. `events`: those of the project
    are rows among them as well, ALL of them or what is SHOWN."""

    before: int | None = None
    after: int | None = None
    around: int | None = None
    limit: int = 50
    at: datetime | None = None
    thread: int | None = None
    events: str | None = None


class Stored(NamedTuple):
    """A page as it is stored, oldest message first. Two that are equal show the same; it can be a key.

    Attributes:
        before, after: whether there are more on that side.
        root: of the thread that was asked for, or in which the message was said around which one asked.
        people: who is told of at roots.
        events: those of the project, oldest first; None where they were not asked for.
    """

    rows: tuple[Row, ...]
    reactions: tuple[ReactionRow, ...]
    before: bool
    after: bool
    root: Row | None = None
    people: tuple[PersonRow, ...] = ()
    events: tuple[Row, ...] | None = None


def page(
    room: int,
    *,
    before: int | None = None,
    after: int | None = None,
    around: int | None = None,
    limit: int = 50,
    at: datetime | None = None,
    thread: int | None = None,
    events: str | None = None,
) -> dict[str, Any]:
    """Messages in their present state, oldest first, and a position read before them.

    Returns:
        {"messages": [MessageState with rev], "position": Position, "more": {"before": bool, "after": bool}}, and
        perhaps "root" and "events", as in `Stored`
    """
    now = position(room)
    assert now is not None, "rooms are never deleted while somebody may read them"
    return shown(stored(room, Where(before, after, around, limit, at, thread, events)), now)


def stored(room: int, where: Where) -> Stored:
    """One page. The room's position is to be read before it."""
    return stored_pages([(room, where)])[0]


def stored_pages(asked: Sequence[tuple[int, Where]]) -> list[Stored]:
    """Many, with one look at their reactions."""
    parts = [_part(room, where) for room, where in asked]
    every = [row for part in parts for row in part.every]
    quotes = quotes_of(every)
    reactions = reaction_rows({row[0] for row in every}) if parts else []
    people = people_of(every)
    return [
        Stored(
            tuple(with_quotes(part.rows, quotes)),
            _of(part.every, reactions),
            part.before,
            part.after,
            next(iter(with_quotes([part.root], quotes)), None) if part.root is not None else None,
            tuple(people[one] for one in spoke_in(part.every) if one in people),
            None if part.events is None else tuple(part.events),
        )
        for part in parts
    ]


def spoke_in(rows: Iterable[Row]) -> list[int]:
    """Ids of those who are told of at roots among these."""
    spoke = {int(person) for row in rows if row[SPOKE] for person in row[SPOKE].split()}
    return sorted(spoke)


def people_of(rows: Iterable[Row]) -> dict[int, PersonRow]:
    """The same people, by their ids. No question where there is no root."""
    spoke = spoke_in(rows)
    return {row[0]: row for part in batched(spoke) for row in _people.rows(part)}


_people: PreparedLists[Person] = PreparedLists(
    (int,), lambda ids: Person.objects.filter(pk__in=ids).values_list("pk", "name", "kind", "avatar")
)


def quotes_of(rows: Iterable[Row]) -> dict[int, Row]:
    """Of what these messages reply to: id, number, and who said it. No question where none is a reply."""
    ids = list({row[REPLY] for row in rows if row[REPLY] is not None})
    return {row[0]: tuple(row) for part in batched(ids) for row in _quoted.stored(part)}


_quoted: PreparedLists[Message] = PreparedLists(
    (int,),
    lambda ids: Message.objects.filter(pk__in=ids).values_list(
        "pk", "seq", "person", "person__name", "person__kind", "person__avatar"
    ),
)


def with_quotes(rows: Iterable[Row], quotes: dict[int, Row]) -> Iterable[Row]:
    """The rows as the database gives them, with what `quotes_of` found."""
    if not quotes:
        return rows
    return [
        row if row[REPLY] is None else (*row[:REPLY], quotes.get(row[REPLY]), *row[REPLY + 1 :])
        for row in rows
    ]


def _of(rows: Collection[Row], reactions: Sequence[ReactionRow]) -> tuple[ReactionRow, ...]:
    if not reactions:
        return ()
    here = {row[0] for row in rows}
    return tuple(reaction for reaction in reactions if reaction[0] in here)


class _Part(NamedTuple):
    rows: list[Row]
    before: bool
    after: bool
    root: Row | None
    events: list[Row] | None = None

    @property
    def every(self) -> list[Row]:
        return self.rows if self.root is None else [*self.rows, self.root]


def _part(room: int, where: Where) -> _Part:
    if where.thread is not None:
        root = next(iter(_one.stored(room, where.thread)), None)
        return _Part(*_some(IN_THREAD, (room, where.thread), where), root)
    said = IN_ROOM if where.events is None else WITH_EVENTS[where.events]
    part = _Part(*_some(said, (room,), where), None)
    if where.around is not None and all(row[SEQ] != where.around for row in part.rows):
        root = next(iter(_root_of.stored(room, where.around)), None)
        if root is not None:  # What was said in a thread stands in the room at its root.
            part = _Part(*_some(said, (room,), where._replace(around=root[SEQ])), root)
    return part if where.events is None else _parted(part)


def _parted(part: _Part) -> _Part:
    """With the events of the project apart from the messages among which they were found."""
    events = [row for row in part.rows if len(row) == len(EVENT_COLUMNS)]
    return part._replace(rows=[row for row in part.rows if len(row) == len(COLUMNS)], events=events)


def _some(said: Said, place: tuple[int, ...], where: Where) -> tuple[list[Row], bool, bool]:
    before, after, around, limit = where.before, where.after, where.around, where.limit
    if where.at is not None:
        around = _first_said(said, place, where.at)
    if after is not None:
        newer = nearest(said.after, limit + 1, *place, after)
        return newer[:limit], bool(nearest(said.before, 1, *place, after + 1)), len(newer) > limit
    if around is not None:
        half = limit // 2
        older = nearest(said.before, half + 1, *place, around)
        newer = nearest(said.after, limit - half + 1, *place, around - 1)
        rows = [*reversed(older[:half]), *newer[: limit - half]]
        return rows, len(older) > half, len(newer) > limit - half
    older = nearest(said.before, limit + 1, *place, BIGGEST if before is None else before)
    later = before is not None and bool(nearest(said.after, 1, *place, before - 1))
    return older[:limit][::-1], len(older) > limit, later


def _first_said(said: Said, place: tuple[int, ...], at: datetime) -> int | None:
    """The number of the first message that was said at a time or later. Times grow with the numbers, which have an
    index: twenty looks find it among a million."""
    head = position(place[0])
    low, high = 0, head["seq"] if head is not None else 0
    while low < high:
        middle = (low + high) // 2
        rows = times(said.after[0]).rows(*place, middle)
        if not rows or rows[0][0] > high or rows[0][1] >= at:
            high = middle
        else:
            low = rows[0][0]
    first = times(said.after[0]).rows(*place, low)
    return first[0][0] if first else None


_root_of: Prepared[Message] = Prepared(
    (NUMBERS[0], NUMBERS[1]),
    lambda room, seq: Message.objects.filter(
        pk__in=Message.objects.filter(room=room, seq=seq, thread__isnull=False).values("thread")
    ).values_list(*COLUMNS),
)
_one: Prepared[Message] = Prepared(
    (NUMBERS[0], NUMBERS[1]),
    lambda room, message: Message.objects.filter(room=room, pk=message).values_list(*COLUMNS),
)


def message(room: int, message: int) -> MessageState | None:
    """One message of the room as it is now, with `rev`, or None."""
    rows = _one.stored(room, message)
    people = people_of(rows).values()
    rows = list(with_quotes(rows, quotes_of(rows)))
    return _with_rev(rows, reaction_rows([message]), people)[0] if rows else None


def shown(page: Stored, at: Position) -> dict[str, Any]:
    """What `page` returns."""
    more = {"before": page.before, "after": page.after}
    told = {"messages": _with_rev(page.rows, page.reactions, page.people), "position": at, "more": more}
    if page.root is not None:
        told["root"] = _with_rev([page.root], page.reactions, page.people)[0]
    if page.events is not None:
        told["events"] = _frames(page.events)
    return told


def _frames(rows: Iterable[Row]) -> list[EventFrame]:
    """Events of the project as they go over the wire."""
    stamped = stamp()
    return [
        custom_frame(slug, seq, stamped(at), who_of(person, who, kind, avatar), name, data, html)
        for _, name, seq, at, person, who, kind, avatar, slug, data, html in rows
    ]


def _with_rev(
    rows: Collection[Row], reactions: Iterable[ReactionRow], people: Iterable[PersonRow]
) -> list[MessageState]:
    messages = states_of(rows, reactions)
    spoke = {row[0]: who_of(*row) for row in people}
    stamped = stamp()
    for row, state in zip(rows, messages, strict=True):
        state["rev"] = row[REV]
        if row[STARTED]:
            state["thread"] = thread_of(row, spoke, stamped)
    return messages


def thread_of(row: Row, people: Mapping[int, Who], stamped: Callable[[datetime], str]) -> ThreadState:
    """What is told of a thread at its root, of which this is the row."""
    count, at, seq, spoke = row[STARTED:]
    ids = [int(person) for person in spoke.split()] if spoke else []
    state: ThreadState = {"count": count or 0, "people": [people[one] for one in ids if one in people]}
    if count:
        state |= {"last": stamped(at), "seq": seq}
    return state


def states_of(rows: Iterable[Row], reactions: Iterable[ReactionRow] = ()) -> list[MessageState]:
    """What the wire says of these messages. A deleted one has no text and no reactions."""
    reacted = by_message(reactions)
    stamped = stamp()
    people: dict[int, Who] = {}
    messages = []
    for row in rows:
        (
            pk,
            key,
            seq,
            at,
            person,
            name,
            kind,
            avatar,
            _,
            deleted_at,
            edited_at,
            text,
            html,
            reply,
            thread,
            of,
        ) = row[:STARTED]
        by = people.get(person) or people.setdefault(person, who_of(person, name, kind, avatar))
        state: MessageState = {"id": pk, "key": key, "seq": seq, "at": stamped(at), "by": by}
        if thread is not None:
            state["root"] = {"id": thread, "seq": of}
        if deleted_at is not None:
            state["deleted"] = stamped(deleted_at)
        else:
            state["text"] = text
            if html is not None:
                state["html"] = html
            if reply is not None:
                state["reply"] = _reply(*reply)
            if edited_at is not None:
                state["edited"] = stamped(edited_at)
            if pk in reacted:
                state["reactions"] = reacted[pk]
        messages.append(state)
    return messages


def _reply(message: int, seq: int, person: int, name: str, kind: str, avatar: str) -> Quoted:
    return {"id": message, "seq": seq, "by": who_of(person, name, kind, avatar)}


def stamp() -> Callable[[datetime], str]:
    """How a time that the driver gives becomes that of the wire, on the calling thread's connection."""
    return _stamp_of(database.connection().timezone)


@cache
def _stamp_of(zone: Any) -> Callable[[datetime], str]:
    """How a stored time becomes that of the wire. `zone`: of the times that SQLite holds, which do not say it."""

    def stamp(at: datetime) -> str:
        if at.tzinfo is None and zone is UTC:
            return at.isoformat(timespec="milliseconds") + "Z"
        return timestamp(timezone.make_aware(at, zone) if zone and timezone.is_naive(at) else at)

    return stamp


__all__ = [
    "ALL", "COLUMNS", "SHOWN", "Row", "Stored", "Where", "message", "page", "people_of", "quotes_of", "shown", "stamp",
    "states_of", "stored", "stored_pages", "thread_of", "with_quotes",
]  # fmt: skip
