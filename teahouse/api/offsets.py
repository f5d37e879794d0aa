"""What goes over the wire of a Durable Stream: offsets, cursors, events for a browser's EventSource. Pure.

An offset is a position, `epoch_seq`, with zeros before the number, so that offsets of one history sort as texts.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import parse_qs

from teahouse.events import Position, encode

BEGINNING: Final = "-1"
NOW: Final = "now"
SHAPE: Final = re.compile(r"([A-Za-z0-9_-]{1,64})_(\d{16})", re.ASCII)
INTERVAL_SECONDS: Final = 20
INTERVALS_FROM: Final = datetime(2024, 10, 9, tzinfo=UTC)
JITTER_SECONDS: Final = 3600
LIVE: Final = ("long-poll", "sse")

Live = Literal["", "long-poll", "sse"]


class Wrong(Exception):
    """A query that means nothing here; the text says what is right."""


class Asked(NamedTuple):
    """What a reader asks for.

    Attributes:
        since: the position to go on from; None for now.
        beginning: from the first event on; `since` is None then too.
    """

    live: Live = ""
    since: Position | None = None
    beginning: bool = False
    cursor: str = ""


def asked(query: str) -> Asked:
    """What the query of a request asks for.

    Raises:
        Wrong: with what is right.
    """
    given = parse_qs(query, keep_blank_values=True)
    offsets, lives = given.get("offset", []), given.get("live", [""])
    if len(offsets) > 1 or len(lives) > 1:
        raise Wrong("Give one offset and one live, not several.")
    live: Any = lives[0]
    if live not in ("", *LIVE):
        raise Wrong(f"live: {' or '.join(LIVE)}; without it what there is is told at once.")
    if live and not offsets:
        raise Wrong("offset: who waits says from where on; -1 is the beginning, now the end.")
    offset = offsets[0] if offsets else BEGINNING
    cursor = given.get("cursor", [""])[-1]
    if offset in (BEGINNING, NOW):
        return Asked(live, None, offset == BEGINNING, cursor)
    found = SHAPE.fullmatch(offset)
    if found is None:
        raise Wrong("offset: -1, now, or what Stream-Next-Offset of an answer said.")
    return Asked(live, {"epoch": found[1], "seq": int(found[2])}, False, cursor)


def offset(position: Position) -> str:
    """A position as a text that sorts like its number."""
    return f"{position['epoch']}_{position['seq']:016d}"


def next_cursor(given: str, now: datetime) -> str:
    """A text that differs from time to time, so that no cache answers the same for ever; never behind the one given."""
    current = int((now - INTERVALS_FROM).total_seconds()) // INTERVAL_SECONDS
    before = int(given) if given.isascii() and given.isdecimal() and len(given) < 16 else -1
    if before < current:
        return str(current)
    return str(before + random.randint(1, JITTER_SECONDS // INTERVAL_SECONDS))


def body(texts: Sequence[str]) -> bytes:
    """Events as one array of JSON."""
    return f"[{','.join(texts)}]".encode()


def block(texts: Sequence[str], position: Position, cursor: str, *, up_to_date: bool) -> bytes:
    """The same for an EventSource: the data, then where it leads to. JSON has no end of a line in it."""
    control: dict[str, Any] = {"streamNextOffset": offset(position), "streamCursor": cursor}
    if up_to_date:
        control["upToDate"] = True
    lines = ["event: data", f"data:[{','.join(texts)}]", ""] if texts else []
    return "\n".join([*lines, "event: control", f"data:{encode(control)}", "", ""]).encode()


def behind(position: Position, texts: Sequence[str]) -> Position:
    """Where one is behind these events."""
    return {"epoch": position["epoch"], "seq": json.loads(texts[-1])["seq"]} if texts else position
