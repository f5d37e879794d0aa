"""The last page of a room as the template draws it: a readable conversation before, and without, any script.

In: messages as `history.page` gives them. Out: rows. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.utils import timezone

TOGETHER = timedelta(minutes=5)
CUPS = 8


class Row(NamedTuple):
    """One message and what stands around it.

    Attributes:
        at: when it was said, in the current time zone.
        day: the day, where a line with it stands before the message.
        head: whether it stands under a heading of its own.
        cup: number of the colour of its speaker.
        initial: first character of the name.
    """

    message: Mapping[str, Any]
    at: datetime
    day: date | None
    head: bool
    cup: int
    initial: str


def rows(messages: Iterable[Mapping[str, Any]]) -> list[Row]:
    """As elements/page.js groups them: one heading for what a person says within five minutes of a day."""
    found: list[Row] = []
    for message in messages:
        at = timezone.localtime(datetime.fromisoformat(message["at"]))
        before = found[-1] if found else None
        new_day = before is None or before.at.date() != at.date()
        by = message["by"]
        head = (
            before is None or new_day or before.message["by"]["id"] != by["id"] or at - before.at > TOGETHER
        )
        initial = (by["name"].strip() or "·")[0].upper()
        found.append(Row(message, at, at.date() if new_day else None, head, by["id"] % CUPS, initial))
    return found
