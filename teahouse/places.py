"""Which rows stand in a place of a room, on which side of a number. In: a room, perhaps a thread, a number. Out: rows
of messages, and where they are wanted of the project's events among them, for `paging.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final, NamedTuple

from django.db.models import QuerySet

from teahouse.models import CustomEvent, Message
from teahouse.prepared import NUMBERS, Prepared

Row = tuple[Any, ...]
"""What COLUMNS name, as the driver gives it; in place of the id of what it replies to, a row of `_quoted`, or None."""
PersonRow = tuple[int, str, str, str]
"""Id, name, kind, picture."""
COLUMNS: Final = (
    "pk", "key", "seq", "at", "person", "person__name", "person__kind", "person__avatar", "rev", "deleted_at",
    "edited_at", "text", "html", "reply", "thread", "thread__seq", "started__count", "started__at", "started__seq",
    "started__people",
)  # fmt: skip
SEQ: Final = COLUMNS.index("seq")
AT: Final = COLUMNS.index("at")
REV: Final = COLUMNS.index("rev")
REPLY: Final = COLUMNS.index("reply")
THREAD: Final = COLUMNS.index("thread")
STARTED: Final = COLUMNS.index("started__count")
SPOKE: Final = COLUMNS.index("started__people")
EVENT_COLUMNS: Final = (
    "pk", "name", "seq", "at", "person", "person__name", "person__kind", "person__avatar", "room__slug", "data", "html",
)  # fmt: skip
"""Of an event of the project; its number stands where that of a message does."""
BIGGEST: Final = 2**63 - 1
ALL: Final = "all"
SHOWN: Final = "shown"


Which = Callable[..., QuerySet[Any]]


class Said(NamedTuple):
    """What was said in a place, before and after a number; behind the messages perhaps events of the project."""

    before: tuple[Which, ...]
    after: tuple[Which, ...]


def _before(room: int, seq: int) -> QuerySet[Message]:
    return Message.objects.filter(room=room, thread=None, seq__lt=seq).order_by("-seq")


def _after(room: int, seq: int) -> QuerySet[Message]:
    return Message.objects.filter(room=room, thread=None, seq__gt=seq).order_by("seq")


def _before_in_thread(room: int, thread: int, seq: int) -> QuerySet[Message]:
    return Message.objects.filter(room=room, thread=thread, seq__lt=seq).order_by("-seq")


def _after_in_thread(room: int, thread: int, seq: int) -> QuerySet[Message]:
    return Message.objects.filter(room=room, thread=thread, seq__gt=seq).order_by("seq")


def _events_before(room: int, seq: int) -> QuerySet[CustomEvent]:
    return CustomEvent.objects.filter(room=room, seq__lt=seq).order_by("-seq")


def _events_after(room: int, seq: int) -> QuerySet[CustomEvent]:
    return CustomEvent.objects.filter(room=room, seq__gt=seq).order_by("seq")


def _shown_before(room: int, seq: int) -> QuerySet[CustomEvent]:
    return _events_before(room, seq).filter(html__isnull=False)


def _shown_after(room: int, seq: int) -> QuerySet[CustomEvent]:
    return _events_after(room, seq).filter(html__isnull=False)


IN_ROOM: Final = Said((_before,), (_after,))
IN_THREAD: Final = Said((_before_in_thread,), (_after_in_thread,))
WITH_EVENTS: Final = {
    ALL: Said((_before, _events_before), (_after, _events_after)),
    SHOWN: Said((_before, _shown_before), (_after, _shown_after)),
}


def _marks(which: Which) -> tuple[int, ...]:
    return NUMBERS[: 3 if which in (_before_in_thread, _after_in_thread) else 2]


@cache
def _events(which: Which, limit: int) -> Prepared[CustomEvent]:
    return Prepared(_marks(which), lambda *marks: which(*marks).values_list(*EVENT_COLUMNS)[:limit])


@cache
def _messages(which: Which, limit: int) -> Prepared[Message]:
    return Prepared(_marks(which), lambda *marks: which(*marks).values_list(*COLUMNS)[:limit])


@cache
def times(which: Which) -> Prepared[Message]:
    return Prepared(_marks(which), lambda *marks: which(*marks).values_list("seq", "at")[:1])


def nearest(which: tuple[Which, ...], limit: int, *place: int) -> list[Row]:
    """The nearest rows on one side of a number, the nearest first: of messages, and perhaps of events."""
    found = _messages(which[0], limit).stored(*place)
    if len(which) == 1:
        return found
    events = _events(which[1], limit).stored(*place)
    if not events:
        return found
    both = sorted([*found, *events], key=lambda row: row[SEQ], reverse=which[0] is _before)
    return both[:limit]
