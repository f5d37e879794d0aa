"""Pages of history for several sessions in one read. In: who asks for which page. Out: to each the page, or why not.

Asked one by one, half of what a page cost was to look at rights, twice, and to change threads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from teahouse import access, paging, threads
from teahouse.access import Speaker
from teahouse.events import encode, timestamp
from teahouse.live.protocol import Problem
from teahouse.models import Revision, Room
from teahouse.paging import Where

MOST: Final = 16
"""Pages in one read: nobody waits for more than so many others."""
EARLIER_BYTES: Final = 256 * 1024
GATHER_SECONDS: Final = 0.01


@dataclass(slots=True, frozen=True, eq=False)
class Asked:
    """A page that one session asks for."""

    speaker: Speaker
    room: str
    where: Where


Answers = dict[Asked, dict[str, Any] | Problem]


def read(asked: list[Asked]) -> Answers:
    """To each the page, as `paging.page` gives it, or the Problem `not_found`."""
    answers: Answers = {}
    rooms = _rooms(asked, answers)
    stored = paging.stored_pages([(room.pk, one.where) for one, room in rooms.items()])
    # A right may have ended while the pages were read: what was said since is not for the person (P6).
    still = _rooms(list(rooms), answers)
    for (one, room), page in zip(rooms.items(), stored, strict=True):
        if one in still and one.where.thread is not None and page.root is None:
            answers[one] = Problem(
                "not_found",
                f"There is no message {one.where.thread} in {room.slug} whose thread it could be.",
            )
        elif one in still:
            told = paging.shown(page, {"epoch": room.epoch, "seq": room.seq})
            if one.where.thread is not None:
                told["read"] = threads.mark_of(one.speaker.id, one.where.thread)
            answers[one] = told
    return answers


def earlier(speaker: Speaker, room: str, message: int) -> dict[str, Any]:
    """What `edits` answers: the earlier texts of a message, oldest first, the newest that are EARLIER_BYTES together.

    Raises:
        Problem: `not_found` or `gone`.
    """
    grant = access.room(speaker, room)[1]
    if access.message(grant, message).deleted_at is not None:
        raise Problem("gone", "The message was deleted.")
    kept: list[dict[str, Any]] = []
    room_left = EARLIER_BYTES
    more = False
    for revision in Revision.objects.filter(message=message).order_by("-pk"):
        told: dict[str, Any] = {"at": timestamp(revision.at), "text": revision.text}
        if revision.html is not None:
            told["html"] = revision.html
        room_left -= len(encode(told).encode())
        if kept and room_left < 0:
            more = True
            break
        kept.append(told)
    access.room(speaker, room)  # As above: the right may have ended meanwhile.
    return {"edits": kept[::-1], "more": more}


def _rooms(asked: list[Asked], refused: Answers) -> dict[Asked, Room]:
    """The rooms, as they are now, of those who may read them; what to answer to the others goes into `refused`."""
    places = {one: access.place(one.speaker, one.room) for one in asked}
    found = access.rooms([place for place in places.values() if place is not None])
    rooms: dict[Asked, Room] = {}
    for one, place in places.items():
        try:
            if place is None:
                raise access.not_found(one.room)
            rooms[one] = access.admitted(one.speaker, one.room, found[place])[0]
        except Problem as problem:
            refused[one] = problem
    return rooms
