"""The only way from (person, name) to a room or a message: who may see what, and do what there.

In: a person and a room's name. Out: a `Grant`, or `Problem`: a room that is not there and one that is not yours
answer alike. Synchronous; callers run it on a reader thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from django.db.models import FilteredRelation, Q

from teahouse import database
from teahouse.conf import conf
from teahouse.events import Who
from teahouse.history import who
from teahouse.live.protocol import Problem
from teahouse.models import Message, Person, Room
from teahouse.models.rooms import slug_of
from teahouse.prepared import LONGEST, PreparedLists
from teahouse.rights import (
    ANNOUNCEMENTS,
    ARCHIVED,
    ENDS_WITH_THE_ROOM,
    IN_A_CONVERSATION,
    RANKS,
    RIGHTS,
    WHY_NOT,
    Rank,
    rights,
)
from teahouse.verdicts import AS_THE_ROOM_SAYS, Verdict, verdicts

MOST_PAIRS: Final = 16_384
"""How many pairs of a room and a person one query looks at."""
NOBODY: Final = 0
"""The id of no person."""


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
    """What one person may do in one room, as of the room's number of `rights`. Reading is what it is given for.

    Attributes:
        may: names of `rights.RIGHTS`.
        rank: what the person counts as; the site's owners as owners of open rooms and of those they are in.
        announcements: only moderators speak here.
        on_object: who may read it is the project's to say, of guests too.
    """

    room: int
    slug: str
    kind: str
    rights: int
    role: str | None
    archived: bool
    may_speak: bool
    may_moderate: bool
    may_close: bool
    may: tuple[str, ...] = ()
    rank: Rank = Rank.GUEST
    announcements: bool = False
    on_object: bool = False

    def check(self, right: str) -> None:
        """Raises: Problem `archived` or `forbidden`, with who may."""
        if right in self.may:
            return
        if self.archived and right in ENDS_WITH_THE_ROOM:
            raise Problem("archived", ARCHIVED)
        if self.kind == Room.Kind.DIRECT and right in IN_A_CONVERSATION:
            raise Problem("forbidden", IN_A_CONVERSATION[right])
        if right == "speak" and self.announcements:
            raise Problem("forbidden", ANNOUNCEMENTS)
        raise Problem("forbidden", WHY_NOT[right])

    def check_may_speak(self) -> None:
        """Raises: Problem `archived` or `forbidden`."""
        if not self.may_speak:
            self.check("speak")


def not_found(name: str) -> Problem:
    """The answer to a room that is not there and to one that is not yours."""
    return Problem("not_found", f"There is no room {name!r} that you can see.")


def room(speaker: Speaker, name: str) -> tuple[Room, Grant]:
    """The room with this name and what the person may do there; `@me` is the person's own stream.

    Raises:
        Problem: `not_found`.
    """
    asked = place(speaker, name)
    if asked is None:
        raise not_found(name)
    return admitted(speaker, name, rooms([asked])[asked])


Place = tuple[str, int]
"""A room's permanent name and the person who asks."""


class Found(NamedTuple):
    """The room of a place, the person's role there, and of a room on an object what the project's policy says."""

    room: Room | None = None
    role: str | None = None
    verdict: Verdict = AS_THE_ROOM_SAYS


def place(speaker: Speaker, name: str) -> Place | None:
    """What to ask `rooms` for; None for a name that no room can have."""
    slug = f"@{speaker.id}" if name == "@me" else slug_of(name)
    return (slug, speaker.id) if slug else None


def rooms(places: list[Place]) -> dict[Place, Found]:
    """Many rooms for many people, in one query where they are few rooms, as when a crowd comes back. Of those on
    objects the policy is asked, for all at once."""
    found: dict[Place, Found] = dict.fromkeys(places, Found())
    for some in _batches(places):
        slugs, people = list({slug for slug, _ in some}), list({_whose_role(*place) for place in some})
        made: dict[str, Room] = {}
        roles: dict[Place, str] = {}
        for *fields, person, role in _rooms.rows(slugs, people):
            room = Room.from_db(database.alias(), ROOM_FIELDS, fields)
            room = made.setdefault(room.slug, room)
            if person is not None:
                roles[room.slug, person] = role
        found.update({asked: Found(made.get(asked[0]), roles.get(asked)) for asked in some})
    return _judged(found)


def _judged(found: dict[Place, Found]) -> dict[Place, Found]:
    asked = {
        place: one.room for place, one in found.items() if one.room is not None and one.room.subject_type
    }
    if asked:
        said = verdicts([(room, person) for (_, person), room in asked.items()])
        for place, room in asked.items():
            found[place] = found[place]._replace(verdict=said[room.pk, place[1]])
    return found


def _batches(places: list[Place]) -> Iterator[list[Place]]:
    """The query looks for each person in each room: a batch has many of one only where it has few of the other."""
    batch: list[Place] = []
    slugs: set[str] = set()
    people: set[int] = set()
    for asked in sorted(places):
        slugs.add(asked[0])
        people.add(_whose_role(*asked))
        batch.append(asked)
        if len(slugs) * len(people) >= MOST_PAIRS or len(batch) == LONGEST:
            yield batch
            batch, slugs, people = [], set(), set()
    if batch:
        yield batch


def _whose_role(slug: str, person: int) -> int:
    """Nobody's in one's own stream, where there are no roles: so those of a whole crowd are one question."""
    return NOBODY if slug == f"@{person}" else person


ROOM_FIELDS: Final = [field.attname for field in Room._meta.concrete_fields]
_rooms: PreparedLists[Room] = PreparedLists(
    (str, int),
    lambda slugs, people: (
        Room.objects.filter(slug__in=slugs)
        .annotate(here=FilteredRelation("members", condition=Q(members__person__in=people)))
        .values_list(*ROOM_FIELDS, "here__person", "here__role")
    ),
)


def admitted(speaker: Speaker, name: str, found: Found) -> tuple[Room, Grant]:
    """What `rooms` found, with what the person may do there.

    Raises:
        Problem: `not_found`.
    """
    if found.room is None:
        raise not_found(name)
    return found.room, granted(speaker, found.room, found.role, found.verdict)


def granted(speaker: Speaker, room: Room, role: str | None, verdict: Verdict = AS_THE_ROOM_SAYS) -> Grant:
    """The rules of who may do what. A person's own stream is only read. What the policy says of a room on an object
    counts more than the room's own rules, also for owners of the site.

    Raises:
        Problem: `not_found`, where the person may not read the room.
    """
    personal = room.kind == Room.Kind.PERSONAL
    belongs = room.slug == f"@{speaker.id}" if personal else role in RANKS
    # To whom the policy shows a room it is an open one.
    kind = Room.Kind.OPEN if verdict.see else room.kind
    if verdict.see is False or not (kind == Room.Kind.OPEN or belongs):
        raise not_found(room.slug)
    archived = room.archived_at is not None
    announcements = room.speaking == Room.Speaking.MODERATORS
    rank = _rank(speaker, role, verdict)
    # Where guests are not let in, one who was may still read until the session ends.
    silent = personal or (rank == Rank.GUEST and not conf().GUESTS)
    may = rights(kind, rank, belongs=belongs, archived=archived, announcements=announcements)
    may = () if silent else _with_say(may, verdict.say, archived=archived)
    return Grant(
        room=room.pk,
        slug=room.slug,
        kind=room.kind,
        rights=room.rights,
        role=role,
        archived=archived,
        may_speak="speak" in may,
        may_moderate="moderate" in may,
        may_close="moderate" in may or _anyone_may_close(room),
        may=may,
        rank=rank,
        announcements=announcements,
        on_object=room.subject_type is not None,
    )


def given(room: Room, *may: str, may_speak: bool = False) -> Grant:
    """What somebody may of whom nothing is looked up, as of the room's rights now: the project, or who was invited."""
    return Grant(
        room=room.pk,
        slug=room.slug,
        kind=room.kind,
        rights=room.rights,
        role=None,
        archived=room.archived_at is not None,
        may_speak=may_speak,
        may_moderate=False,
        may_close=False,
        may=may,
    )


def _rank(speaker: Speaker, role: str | None, verdict: Verdict) -> Rank:
    """Of one who may read the room."""
    rank = RANKS.get(role or "", Rank.GUEST if speaker.is_guest else Rank.VISITOR)
    if speaker.is_owner:
        rank = Rank.OWNER
    if verdict.moderate is None:
        return rank
    return max(rank, Rank.MODERATOR) if verdict.moderate else min(rank, Rank.MEMBER)


SAYING: Final = frozenset({"speak", "react"})


def _with_say(may: tuple[str, ...], say: bool | None, *, archived: bool) -> tuple[str, ...]:
    if say is None or (say and archived):
        return may
    kept = {*may, *SAYING} if say else {*may} - SAYING - {"call"}
    return tuple(right for right in RIGHTS if right in kept)


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
    return Speaker(who(person), person.is_owner)
