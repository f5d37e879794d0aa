"""Pages of messages, each as it is now. In: rooms and numbers. Out: what `history` answers and a room begins with.

Reading a page was half making things that are thrown away at once: model objects, times. So the rows come as the
database's driver gives them, and become what goes over the wire in one step. Synchronous; callers run it on a thread
that reads.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, NamedTuple

from django.db.models import QuerySet
from django.utils import timezone

from teahouse import database
from teahouse.events import Kind, MessageState, Position, Quoted, Who, timestamp
from teahouse.history import ReactionRow, by_message, position, reaction_rows
from teahouse.models import Message
from teahouse.prepared import NUMBERS, Prepared, PreparedLists, batched

Row = tuple[Any, ...]
"""What COLUMNS name, as the driver gives it; in place of the id of what it replies to, a row of `_quoted`, or None."""
COLUMNS: Final = (
    "pk", "key", "seq", "at", "person", "person__name", "person__kind", "rev", "deleted_at", "edited_at", "text",
    "html", "reply",
)  # fmt: skip
SEQ: Final = COLUMNS.index("seq")
AT: Final = COLUMNS.index("at")
REV: Final = COLUMNS.index("rev")
REPLY: Final = COLUMNS.index("reply")
BIGGEST: Final = 2**63 - 1


class Where(NamedTuple):
    """Which messages of a room: the last ones, before, after or around a number, or around the first that was said at a
    time or later; at most `limit`."""

    before: int | None = None
    after: int | None = None
    around: int | None = None
    limit: int = 50
    at: datetime | None = None


class Stored(NamedTuple):
    """A page as it is stored, oldest message first. Two that are equal show the same; it can be a key.

    Attributes:
        before, after: whether there are more on that side.
    """

    rows: tuple[Row, ...]
    reactions: tuple[ReactionRow, ...]
    before: bool
    after: bool


def page(
    room: int,
    *,
    before: int | None = None,
    after: int | None = None,
    around: int | None = None,
    limit: int = 50,
    at: datetime | None = None,
) -> dict[str, Any]:
    """Messages in their present state, oldest first, and a position read before them.

    Returns:
        {"messages": [MessageState with rev], "position": Position, "more": {"before": bool, "after": bool}}
    """
    now = position(room)
    assert now is not None, "rooms are never deleted while somebody may read them"
    return shown(stored(room, Where(before, after, around, limit, at)), now)


def stored(room: int, where: Where) -> Stored:
    """One page. The room's position is to be read before it."""
    return stored_pages([(room, where)])[0]


def stored_pages(asked: Sequence[tuple[int, Where]]) -> list[Stored]:
    """Many, with one look at their reactions."""
    parts = [_part(room, where) for room, where in asked]
    quotes = quotes_of([row for rows, _, _ in parts for row in rows])
    reactions = reaction_rows({row[0] for rows, _, _ in parts for row in rows}) if parts else []
    return [
        Stored(tuple(with_quotes(rows, quotes)), _of(rows, reactions), before_it, after_it)
        for rows, before_it, after_it in parts
    ]


def quotes_of(rows: Iterable[Row]) -> dict[int, Row]:
    """Of what these messages reply to: id, number, and who said it. No question where none is a reply."""
    ids = list({row[REPLY] for row in rows if row[REPLY] is not None})
    return {row[0]: tuple(row) for part in batched(ids) for row in _quoted.stored(part)}


_quoted: PreparedLists[Message] = PreparedLists(
    (int,),
    lambda ids: Message.objects.filter(pk__in=ids).values_list(
        "pk", "seq", "person", "person__name", "person__kind"
    ),
)


def with_quotes(rows: Iterable[Row], quotes: dict[int, Row]) -> Iterable[Row]:
    """The rows as the database gives them, with what `quotes_of` found."""
    if not quotes:
        return rows
    return [row if row[REPLY] is None else (*row[:REPLY], quotes.get(row[REPLY])) for row in rows]


def _of(rows: Collection[Row], reactions: Sequence[ReactionRow]) -> tuple[ReactionRow, ...]:
    if not reactions:
        return ()
    here = {row[0] for row in rows}
    return tuple(reaction for reaction in reactions if reaction[0] in here)


def _part(room: int, where: Where) -> tuple[list[Row], bool, bool]:
    before, after, around, limit, at = where
    if at is not None:
        around = _first_said(room, at)
    if after is not None:
        newer = _messages(_after, limit + 1).stored(room, after)
        return newer[:limit], bool(_messages(_before, 1).stored(room, after + 1)), len(newer) > limit
    if around is not None:
        half = limit // 2
        older = _messages(_before, half + 1).stored(room, around)
        newer = _messages(_after, limit - half + 1).stored(room, around - 1)
        rows = [*reversed(older[:half]), *newer[: limit - half]]
        return rows, len(older) > half, len(newer) > limit - half
    older = _messages(_before, limit + 1).stored(room, BIGGEST if before is None else before)
    later = before is not None and bool(_messages(_after, 1).stored(room, before - 1))
    return older[:limit][::-1], len(older) > limit, later


def _first_said(room: int, at: datetime) -> int | None:
    """The number of the first message that was said at a time or later. Times grow with the numbers, which have an
    index: twenty looks find it among a million."""
    head = position(room)
    low, high = 0, head["seq"] if head is not None else 0
    while low < high:
        middle = (low + high) // 2
        rows = _said_after.rows(room, middle)
        if not rows or rows[0][0] > high or rows[0][1] >= at:
            high = middle
        else:
            low = rows[0][0]
    first = _said_after.rows(room, low)
    return first[0][0] if first else None


def _before(room: int, seq: int) -> QuerySet[Message]:
    return Message.objects.filter(room=room, seq__lt=seq).order_by("-seq")


def _after(room: int, seq: int) -> QuerySet[Message]:
    return Message.objects.filter(room=room, seq__gt=seq).order_by("seq")


@cache
def _messages(which: Callable[[int, int], QuerySet[Message]], limit: int) -> Prepared[Message]:
    return Prepared(
        (NUMBERS[0], NUMBERS[1]), lambda room, seq: which(room, seq).values_list(*COLUMNS)[:limit]
    )


_said_after: Prepared[Message] = Prepared(
    (NUMBERS[0], NUMBERS[1]), lambda room, seq: _after(room, seq).values_list("seq", "at")[:1]
)
_one: Prepared[Message] = Prepared(
    (NUMBERS[0], NUMBERS[1]),
    lambda room, message: Message.objects.filter(room=room, pk=message).values_list(*COLUMNS),
)


def message(room: int, message: int) -> MessageState | None:
    """One message of the room as it is now, with `rev`, or None."""
    rows = _one.stored(room, message)
    rows = list(with_quotes(rows, quotes_of(rows)))
    return _with_rev(rows, reaction_rows([message]))[0] if rows else None


def shown(page: Stored, at: Position) -> dict[str, Any]:
    """What `page` returns."""
    more = {"before": page.before, "after": page.after}
    return {"messages": _with_rev(page.rows, page.reactions), "position": at, "more": more}


def _with_rev(rows: Collection[Row], reactions: Iterable[ReactionRow]) -> list[MessageState]:
    messages = states_of(rows, reactions)
    for row, state in zip(rows, messages, strict=True):
        state["rev"] = row[REV]
    return messages


def states_of(rows: Iterable[Row], reactions: Iterable[ReactionRow] = ()) -> list[MessageState]:
    """What the wire says of these messages. A deleted one has no text and no reactions."""
    reacted = by_message(reactions)
    stamped = stamp()
    people: dict[int, Who] = {}
    messages = []
    for pk, key, seq, at, person, name, kind, _, deleted_at, edited_at, text, html, reply in rows:
        by = people.get(person) or people.setdefault(person, {"id": person, "name": name, "kind": kind})
        state: MessageState = {"id": pk, "key": key, "seq": seq, "at": stamped(at), "by": by}
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


def _reply(message: int, seq: int, person: int, name: str, kind: Kind) -> Quoted:
    return {"id": message, "seq": seq, "by": {"id": person, "name": name, "kind": kind}}


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
    "COLUMNS", "Row", "Stored", "Where", "message", "page", "quotes_of", "shown", "stamp", "states_of", "stored",
    "stored_pages", "with_quotes",
]  # fmt: skip
