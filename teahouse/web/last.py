"""The last messages of a room, or those around one of them, for its page, drawn once for all who read it. In: a person
and a room's name. Out: HTML and JSON, encoded.

Two things are remembered, and both are looked at for each page. Between two commits of the database nothing can be
another (`database.known`). And what was read is drawn again only where it is another than what was drawn: each message
with its text, name, times and reactions is in the key. So nothing has to be told what is out of date, and what somebody
changes with SQL is seen as well.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Final, NamedTuple

from django.utils import timezone, translation

from teahouse import access, database, history, paging
from teahouse.access import Speaker
from teahouse.events import Position, encode
from teahouse.models import Room
from teahouse.paging import Stored, Where
from teahouse.web.conversation import around, beside, in_order, rows
from teahouse.web.drawn import drawn
from teahouse.web.kept import Kept

PAGE: Final = Where(limit=50, events=paging.SHOWN)


class Place(NamedTuple):
    """Where in a room a page is: at the message with this number, else at the end. `address`: of the room, below which
    its messages have theirs."""

    at: int | None
    address: str


KEPT_BYTES: Final = 16 * 2**20
REMEMBERED: Final = 32
"""Rooms and their last messages that a thread remembers until the next commit."""
SMALL: Final = 2**18
"""What is bigger, in bytes, it does not remember."""
Known = dict[Hashable, Any]


class Seen(NamedTuple):
    """`list`: the rows as HTML, empty where nothing was said. `data`: the members `room`, `history` and, on a
    message's page, `at` of the JSON that the script begins with, as they stand in HTML."""

    list: bytes
    data: bytes


def find(speaker: Speaker, name: str, known: Known | None = None) -> tuple[Room, Known]:
    """The room, as `access.room` gives it, and what is known of it. Whether the person may read it is looked at each
    time, by what is in the database now. `known`: what has just been asked for, else it is asked for here.

    Raises:
        Problem: `not_found`.
    """
    if known is None:
        known = database.known()
    place = access.place(speaker, name)
    if place is None:
        raise access.not_found(name)
    found = known.get(place)
    if found is None:
        found = access.rooms([place])[place]
        # What a policy says may change without a commit here.
        if found.room is None or found.room.subject_type is None:
            _remember(known, place, found)
    return access.admitted(speaker, name, found)[0], known


def page_of(room: Room, known: Known, language: str, place: Place) -> Seen:
    """Of what `find` gave: the room was read before, so its position is not ahead of the messages."""
    key = (room.pk, room.seq, language, timezone.get_current_timezone(), place)
    seen: Seen | None = known.get(key)
    if seen is None:
        seen = _read(room, language, place)
        if len(seen.list) + len(seen.data) <= SMALL:
            _remember(known, key, seen)
    return seen


def _remember(known: Known, key: Hashable, value: Any) -> None:
    if len(known) >= REMEMBERED:
        known.clear()
    known[key] = value


def _read(room: Room, language: str, place: Place) -> Seen:
    state = history.state_of(room)
    stored = paging.stored(room.pk, PAGE if place.at is None else PAGE._replace(around=place.at))
    thread = _thread(room, stored, place)
    key = (
        room.epoch,
        room.seq,
        encode(state),
        language,
        timezone.get_current_timezone(),
        stored,
        thread,
        place,
    )
    made = _kept.get(key)
    if made is None:
        made = _made(room, state, stored, thread, language, place)
        _kept.put(key, made, len(made.list) + 3 * len(made.data))
    return made


_kept: Kept[Seen] = Kept(KEPT_BYTES)


def _thread(room: Room, stored: Stored, place: Place) -> Stored | None:
    """Where the message of the page was said in a thread: what was said there around it."""
    if place.at is None or stored.root is None:
        return None
    return paging.stored(room.pk, PAGE._replace(around=place.at, thread=stored.root[0]))


def _made(room: Room, state: Any, stored: Stored, thread: Stored | None, language: str, place: Place) -> Seen:
    now: Position = {"epoch": room.epoch, "seq": room.seq}
    page = paging.shown(stored, now)
    if not page["events"]:
        del page["events"]  # As `history` answers who does not ask for them.
    data: dict[str, Any] = {"room": state, "history": page}
    with translation.override(language):
        # Without a script one reads the thread alone, with the way back at its end.
        read = page if thread is None else paging.shown(thread, now)
        messages = in_order(read) if thread is None else [read["root"], *read["messages"]]
        html = "\n".join(drawn(row) for row in rows(messages, place.address, place.at))
        if place.at is not None:
            data["at"] = place.at
            html = around(html, read, place.address)
        if thread is not None:
            html = beside(html, read["root"], place.address)
    return Seen(html.encode(), in_html(data)[1:-1])


def in_html(data: Any) -> bytes:
    """JSON that can stand in a script element, as Django's `json_script` writes it, in a tenth of its time."""
    escaped = encode(data).replace("<", "\\u003C").replace(">", "\\u003E").replace("&", "\\u0026")
    return escaped.encode()
