"""The only way from (person, name) to a room or a message: who may see what, and do what there.

In: a person and a room's name. Out: a `Grant`, or `Problem`: a room that is not there and one that is not yours
answer alike. Synchronous; callers run it on a reader thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from teahouse.conf import conf
from teahouse.events import Who
from teahouse.live.protocol import Problem
from teahouse.models import Member, Message, Person, Room
from teahouse.models.rooms import slug_of
from teahouse.prepared import NUMBERS, TEXTS, Prepared

MODERATING: Final = frozenset({Member.Role.OWNER, Member.Role.MODERATOR})


@dataclass(slots=True, frozen=True)
class Speaker:
    """A person as far as rights go. `is_owner`: of the whole site."""

    who: Who
    is_owner: bool = False

    @property
    def id(self) -> int:
        return self.who["id"]

    @property
    def is_guest(self) -> bool:
        return self.who["kind"] == "guest"


@dataclass(slots=True, frozen=True)
class Grant:
    """What one person may do in one room, as of the room's number of `rights`. Reading is what it is given for."""

    room: int
    slug: str
    kind: str
    rights: int
    role: str | None
    archived: bool
    may_speak: bool
    may_moderate: bool
    may_close: bool

    def check_may_speak(self) -> None:
        """Raises: Problem `archived` or `forbidden`."""
        if self.archived:
            raise Problem("archived", "This room is archived: it can be read, but nothing new is said there.")
        if not self.may_speak:
            raise Problem("forbidden", "You may read this room, but not speak in it.")


def not_found(name: str) -> Problem:
    """The answer to a room that is not there and to one that is not yours."""
    return Problem("not_found", f"There is no room {name!r} that you can see.")


def room(speaker: Speaker, name: str) -> tuple[Room, Grant]:
    """The room with this name and what the person may do there; `@me` is the person's own stream.

    Raises:
        Problem: `not_found`.
    """
    slug = f"@{speaker.id}" if name == "@me" else slug_of(name)
    found = _room.first(slug) if slug else None
    if found is None:
        raise not_found(name)
    roles = _role.rows(found.pk, speaker.id)
    return found, granted(speaker, found, roles[0][0] if roles else None)


_room: Prepared[Room] = Prepared((TEXTS[0],), lambda slug: Room.objects.filter(slug=slug))
_role: Prepared[Member] = Prepared(
    (NUMBERS[0], NUMBERS[1]),
    lambda room, person: Member.objects.filter(room=room, person=person).values_list("role"),
)


def granted(speaker: Speaker, room: Room, role: str | None) -> Grant:
    """The rules of who may do what. A person's own stream is only read.

    Raises:
        Problem: `not_found`, where the person may not read the room.
    """
    personal = room.kind == Room.Kind.PERSONAL
    belongs = room.slug == f"@{speaker.id}" if personal else role not in (None, Member.Role.GUEST)
    is_open = room.kind == Room.Kind.OPEN
    if not (is_open or belongs):
        raise not_found(room.slug)
    moderates = not personal and (role in MODERATING or (speaker.is_owner and (is_open or belongs)))
    archived = room.archived_at is not None
    return Grant(
        room=room.pk,
        slug=room.slug,
        kind=room.kind,
        rights=room.rights,
        role=role,
        archived=archived,
        may_speak=not (archived or personal) and (belongs or not speaker.is_guest or conf().GUESTS),
        may_moderate=moderates,
        may_close=moderates or _anyone_may_close(room),
    )


def _anyone_may_close(room: Room) -> bool:
    if room.closing:
        return room.closing == Room.Closing.ANYONE
    return conf().LOOPBACK


def message(grant: Grant, id: int) -> Message:
    """A message of a room that the person may read.

    Raises:
        Problem: `not_found`.
    """
    found = Message.objects.filter(pk=id, room=grant.room).select_related("person").first()
    if found is None:
        raise Problem("not_found", f"There is no message {id} in {grant.slug}.")
    return found


def speaker_of(person: Person) -> Speaker:
    """A person from the database, for rights."""
    return Speaker({"id": person.pk, "name": person.name, "kind": person.kind}, person.is_owner)  # type: ignore[typeddict-item]
