"""Pages of history for several sessions in one read. In: who asks for which page. Out: to each the page, or why not.

Asked one by one, half of what a page cost was to look at rights, twice, and to change threads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from teahouse import access, paging
from teahouse.access import Speaker
from teahouse.live.protocol import Problem
from teahouse.models import Room
from teahouse.paging import Where

MOST: Final = 16
"""Pages in one read: nobody waits for more than so many others."""
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
        if one in still:
            answers[one] = paging.shown(page, {"epoch": room.epoch, "seq": room.seq})
    return answers


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
