"""The rooms that a new place is offered, and the making of them. In: an owner and what they chose. Out: rooms, made
through the journal, as over `/ws/`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, Final, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from teahouse import access, database
from teahouse.access import Speaker
from teahouse.actions import room_settings, rooms
from teahouse.journal import Change, Stale
from teahouse.live import runtime as runtimes
from teahouse.live.protocol import Problem
from teahouse.models import Person, Room
from teahouse.server import invitations

SECONDS: Final = 10.0
KINDS: Final = {
    "open": gettext_lazy("open to everyone"),
    "news": gettext_lazy("only moderators speak"),
    "private": gettext_lazy("private, for members"),
}


class Wanted(NamedTuple):
    """A room that is to be made. `kind`: of KINDS."""

    title: str | Promise
    kind: str
    topic: str | Promise = ""


OFFERED: Final = (
    Wanted(gettext_lazy("Announcements"), "news", gettext_lazy("What everybody should know")),
    Wanted(gettext_lazy("Small talk"), "open", gettext_lazy("Everything that belongs nowhere else")),
    Wanted(gettext_lazy("Questions"), "open", gettext_lazy("Ask; somebody knows")),
    Wanted(gettext_lazy("Back room"), "private", gettext_lazy("For those who look after this place")),
)
"""In the language of who looks."""


def there(person: Person) -> list[Room]:
    """Rooms that the person may ask people into, by title."""
    return list(invitations.may_name(person))


def offers(titles: Iterable[str]) -> Iterator[Wanted]:
    """Those offered of which there is none yet."""
    titles = set(titles)
    return (offer for offer in OFFERED if str(offer.title) not in titles)


def make(person: Person, wanted: Iterable[Wanted]) -> list[str]:
    """Makes the rooms, which belong to the person; their titles. What has the title of one that the person sees is
    there already: a form that was sent twice makes nothing twice.

    Raises:
        Problem: as `actions.rooms.make`, or nothing serves here. What was made before stays.
    """
    speaker = access.speaker_of(person)
    stream = database.write(partial(rooms.personal, person.pk)).pk
    titles = {room.title for room in there(person)}
    topics = {str(offer.title): str(offer.topic) for offer in OFFERED}
    made = []
    for one in wanted:
        title = rooms.clean_title(str(one.title))
        if title in titles:
            continue
        titles.add(title)
        fields = {
            "kind": "private" if one.kind == "private" else "open",
            "title": title,
            "topic": rooms.clean_topic(topics.get(title, "")),
            "speaking": "moderators" if one.kind == "news" else "everyone",
        }
        _store(rooms.make(speaker, stream, fields))
        made.append(title)
    return made


def call_main(person: Person, title: str) -> None:
    """Gives the room that everybody comes to first another title.

    Raises:
        Problem: as `actions.room_settings.change`.
    """
    speaker, wanted = access.speaker_of(person), {"title": rooms.clean_title(title)}
    while True:
        try:
            _store(_change_main(speaker, wanted))
            return
        except Stale:
            continue


def _change_main(speaker: Speaker, wanted: dict[str, str]) -> Change:
    return room_settings.change(speaker, access.room(speaker, rooms.MAIN)[1], wanted)


def _store(change: Change) -> Any:
    """From a page's thread, through the journal."""
    runtime = runtimes.current()
    if runtime is None:
        raise Problem("unavailable", "Nothing serves here yet; try again.", retry=True)
    stored = asyncio.run_coroutine_threadsafe(runtime.store(change), runtime.loop)
    try:
        return stored.result(SECONDS)
    except TimeoutError:
        raise Problem("unavailable", "It takes too long just now; try again.", retry=True) from None
