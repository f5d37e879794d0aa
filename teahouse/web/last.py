"""The last messages of a room for its page, drawn once for all who read it. In: a room as it was just read. Out: HTML
and JSON, encoded.

Two things are remembered, and both are looked at for each page. Between two commits nothing can be another: SQLite tells
a connection in microseconds whether anything at all was committed. And what was read is drawn again only where it is
another than what was drawn: each message with its text, name, times and reactions is in the key. So nothing has to be
told what is out of date, and what somebody changes with SQL is seen as well. Whether a person may read the room is no
business of this module: that is asked before, for each page.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import Any, Final, NamedTuple

from django.utils import timezone, translation

from teahouse import database, history, paging
from teahouse.events import encode
from teahouse.models import Room
from teahouse.paging import Stored, Where
from teahouse.web.conversation import rows
from teahouse.web.drawn import drawn
from teahouse.web.kept import Kept

PAGE: Final = Where(limit=50)
KEPT_BYTES: Final = 16 * 2**20
ROOMS: Final = 16
"""Of which a thread remembers what it read last."""
SMALL: Final = 2**18
"""Bytes that it remembers of each at most."""


class Last(NamedTuple):
    """`list`: the rows as HTML, empty where nothing was said. `data`: the members `room` and `history` of the JSON that
    the script begins with, as they stand in HTML."""

    list: bytes
    data: bytes


def last(room: Room, language: str) -> Last:
    """Of a room that was read before, so that its position is not ahead of the messages."""
    state = history.room_state(room)
    key = (room.pk, room.epoch, room.seq, *state.values(), language, timezone.get_current_timezone())
    unchanged = _unchanged()
    if (seen := unchanged.get(key)) is not None:
        return seen
    stored = paging.stored(room.pk, PAGE)
    made = _kept.get((key, stored))
    if made is None:
        made = _made(room, state, stored, language)
        _kept.put((key, stored), made, len(made.list) + 3 * len(made.data))
    if len(made.list) + len(made.data) <= SMALL:
        if len(unchanged) >= ROOMS:
            del unchanged[next(iter(unchanged))]
        unchanged[key] = made
    return made


_kept: Kept[Last] = Kept(KEPT_BYTES)


def _made(room: Room, state: Any, stored: Stored, language: str) -> Last:
    page = paging.shown(stored, {"epoch": room.epoch, "seq": room.seq})
    with translation.override(language):
        drawn_rows = "\n".join(drawn(row) for row in rows(page["messages"]))
    return Last(drawn_rows.encode(), in_html({"room": state, "history": page})[1:-1])


def in_html(data: Any) -> bytes:
    """JSON that can stand in a script element, as Django's `json_script` writes it, in a tenth of its time."""
    escaped = encode(data).replace("<", "\\u003C").replace(">", "\\u003E").replace("&", "\\u0026")
    return escaped.encode()


class _Seen(threading.local):
    """What this thread read, and the state that the database was in before that."""

    state: database.State | None = None
    lasts: dict[Hashable, Last]


_seen = _Seen()


def _unchanged() -> dict[Hashable, Last]:
    """What this thread has read since the last commit of anybody."""
    state = database.state()
    if state is None or state != _seen.state:
        _seen.state, _seen.lasts = state, {}
    return _seen.lasts
