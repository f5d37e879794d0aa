"""What a person becomes, and what they change of themselves: an account, a name, a picture, a status. In: a person.
Out: rows, and word to those who see the person.

Synchronous. What writes is called through `database.write`; `tell` comes after the commit.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final

from teahouse import database
from teahouse.actions.names import name_of
from teahouse.actions.people import site_key
from teahouse.bus import tell_once
from teahouse.events import Who
from teahouse.history import who
from teahouse.models import Member, Person, Picture, Room

log = logging.getLogger("teahouse.people")

STATUS_CHARACTERS: Final = 100
VERSION_CHARACTERS: Final = 16

on_person: list[Callable[[Who, list[int]], None]] = []
"""Called with who a person is now and the rooms they belong to; the runtime of a process that serves tells the
sessions of all processes that share one with them."""


def become_user(guest: Person, user: Any) -> Person:
    """The guest has an account from now on and is the same person: what they said, and their rooms, stay theirs."""
    guest.kind = Person.Kind.USER
    guest.user = user
    guest.rename(name_of(user))
    guest.save(update_fields=["kind", "user", "name", "name_key"])
    return guest


def set_status(person: Person, status: str) -> None:
    """What the person says of themselves, for who looks at them."""
    person.status = status[:STATUS_CHARACTERS]
    person.save(update_fields=["status"])


def set_picture(person: Person, data: bytes | None) -> None:
    """The person's picture, which is a square WebP already; None takes it away.

    Its version is made of its content: another picture has another address, and may be kept for ever.
    """
    if data is None:
        Picture.objects.filter(person=person).delete()
    else:
        Picture.objects.update_or_create(person=person, defaults={"data": data})
    person.avatar = sha256(data).hexdigest()[:VERSION_CHARACTERS] if data is not None else ""
    person.save(update_fields=["avatar"])


def tell(person: Person) -> None:
    """Tells all who share a room with the person who they are now. What changed has to be committed."""
    rooms = (
        Member.objects.using(database.alias()).filter(person=person).exclude(room__kind=Room.Kind.PERSONAL)
    )
    ids = list(rooms.values_list("room", flat=True))
    if not on_person:
        tell_once(site_key, {"person": [who(person), ids]})
        return
    for hear in tuple(on_person):
        try:
            hear(who(person), ids)
        except Exception:
            # Pages that are opened from now on show it; those that are open show it when they come back.
            log.exception("Sessions could not be told who person %s is now", person.pk)
