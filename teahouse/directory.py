"""Whom and what one can look up: open rooms, the members of a room, people. In: who asks, a beginning of a name, where
to go on. Out: pages of what the wire says of them, and nothing of what the person may not know of. Synchronous; callers
run it on a reader thread.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

from django.db.models import Case, Count, Exists, IntegerField, OuterRef, Q, QuerySet, Value, When

from teahouse import database
from teahouse.access import Grant, Speaker
from teahouse.conf import conf
from teahouse.events import Who
from teahouse.history import room_state, who
from teahouse.live.protocol import Problem
from teahouse.models import Member, Person, Room
from teahouse.models.people import name_key
from teahouse.models.rooms import slug_of
from teahouse.rights import RANKS

RANK: Final = Case(
    *(When(role=role, then=Value(-rank)) for role, rank in RANKS.items()),
    default=Value(0),
    output_field=IntegerField(),
)
"""Owners first."""


def _members(**which: Any) -> QuerySet[Member]:
    """Who belongs: those who only have a mark of what they have read do not. As it is where writes go: a replica that
    lags would tell of people who have gone."""
    return Member.objects.using(database.alias()).filter(**which).exclude(role=Member.Role.GUEST)


def open_rooms(speaker: Speaker, search: str, after: str | None, limit: int) -> dict[str, Any]:
    """Open rooms by name, archived ones behind all others, each with its number of members. Rooms on objects are not
    among them: they are found where the objects are, by those to whom the project shows those.

    Raises:
        Problem: `not_found`, where `after` is no open room.
    """
    rooms = Room.objects.using(database.alias()).filter(kind=Room.Kind.OPEN, subject_type=None)
    found = rooms
    if search:
        found = found.filter(Q(title__icontains=search) | Q(slug__icontains=slug_of(search) or search))
    if after is not None:
        last = rooms.filter(slug=slug_of(after) or "").first()
        if last is None:
            raise Problem("not_found", f"after: there is no open room {after!r} to go on from.")
        later = Q(slug__gt=last.slug, archived_at__isnull=last.archived_at is None)
        found = found.filter(later | Q(archived_at__isnull=False) if last.archived_at is None else later)
    page = list(found.order_by(_is_archived(), "slug")[: limit + 1])
    counts = _counts([room.pk for room in page[:limit]], speaker.id)
    listed = []
    for room in page[:limit]:
        members, own = counts.get(room.pk, (0, 0))
        listed.append({**room_state(room), "members": members, "joined": own > 0})
    return {"rooms": listed, "more": len(page) > limit}


def _is_archived() -> Case:
    return Case(When(archived_at=None, then=Value(0)), default=Value(1), output_field=IntegerField())


def _counts(rooms: Collection[int], person: int) -> dict[int, tuple[int, int]]:
    """Of each room how many members it has, and whether the person is one."""
    if not rooms:
        return {}
    rows = _members(room__in=rooms).order_by().values("room")
    rows = rows.annotate(count=Count("pk"), own=Count("pk", filter=Q(person=person)))
    return {room: (count, own) for room, count, own in rows.values_list("room", "count", "own")}


def members(grant: Grant, search: str, after: int | None, limit: int) -> dict[str, Any]:
    """The members of a room: owners, moderators, then the others, each by name.

    Raises:
        Problem: `not_found`, where `after` is no member.
    """
    everyone = _members(room=grant.room)
    found = everyone.annotate(rank=RANK)
    if search:
        found = found.filter(person__name_key__startswith=name_key(search))
    if after is not None:
        last = everyone.annotate(rank=RANK).filter(person=after).select_related("person").first()
        if last is None:
            raise Problem("not_found", f"after: there is no member {after} to go on from; begin anew.")
        name, rank = last.person.name_key, last.rank
        found = found.filter(
            Q(rank__gt=rank)
            | Q(rank=rank, person__name_key__gt=name)
            | Q(rank=rank, person__name_key=name, person__gt=after)
        )
    page = list(found.order_by("rank", "person__name_key", "person").select_related("person")[: limit + 1])
    listed = [{"person": who(member.person), "role": member.role} for member in page[:limit]]
    return {"members": listed, "count": everyone.count(), "more": len(page) > limit}


def people(speaker: Speaker, search: str, grant: Grant | None, limit: int) -> dict[str, Any]:
    """People whose names begin so, without who asks: those of the room first, then whom one may know of. A guest finds
    those of the room alone.

    Raises:
        Problem: `forbidden`.
    """
    if speaker.is_guest and grant is None:
        raise Problem("forbidden", "Guests look up the people of a room: name it in `room`, or sign in.")
    named = _active().exclude(pk=speaker.id).filter(name_key__startswith=name_key(search))
    named = named.order_by("name_key", "pk")
    found: list[Person] = []
    if grant is not None:
        # Guests who have been there too: they can be called by name there.
        here = Member.objects.filter(room=grant.room, person=OuterRef("pk"))
        found = list(named.filter(Exists(here))[:limit])
    if not speaker.is_guest and len(found) < limit:
        others = _known_to(speaker, named).exclude(pk__in=[person.pk for person in found])
        found += others[: limit - len(found)]
    return {"people": [who(person) for person in found]}


def person(speaker: Speaker, id: int) -> dict[str, Any]:
    """One person: oneself, whom one may find, and who is in a room with one, guests too.

    Raises:
        Problem: `not_found`, alike for one who is not there and one whom one may not know of.
    """
    found = _active().filter(pk=id).first()
    if found is None or not (id == speaker.id or _is_known_to(speaker, id)):
        raise Problem("not_found", f"There is nobody {id} whom you can see.")
    return {"person": who(found), "status": found.status}


def _is_known_to(speaker: Speaker, id: int) -> bool:
    if not speaker.is_guest and _known_to(speaker, _active().filter(pk=id)).exists():
        return True
    rows = Member.objects.using(database.alias())
    own = rows.filter(person=speaker.id)
    # Who has read an open room as a guest, and it is private now, reads it no more.
    rooms = own.exclude(~Q(room__kind=Room.Kind.OPEN), role=Member.Role.GUEST).values("room")
    return rows.filter(person=id, room__in=rooms).exists()


def reachable(speaker: Speaker, ids: Sequence[int]) -> list[tuple[Who, int | None]]:
    """People whom one may invite and write to, each with the id of their own room, if they have it yet.

    Raises:
        Problem: `not_found`, alike for one who is not there, not to be known of, a guest or deactivated.
    """
    known = {person.pk: person for person in _known_to(speaker, _active().filter(pk__in=ids))}
    for one in ids:
        if one not in known:
            raise Problem(
                "not_found",
                f"There is nobody {one} whom you could invite or write to: people with an account, and bots.",
            )
    return _with_streams([known[one] for one in ids])


def named(ids: Sequence[int]) -> list[tuple[Who, int | None]]:
    """The same of people whom one knows already, whoever they are; who is not there is left out."""
    return _with_streams(list(Person.objects.using(database.alias()).filter(pk__in=ids)))


def belonging(grant: Grant, person: int) -> list[tuple[Who, int | None]]:
    """The same of a member of the room; of nobody, alike, for one who is no member and one who is not there."""
    found = _members(room=grant.room, person=person).select_related("person")
    return _with_streams([member.person for member in found])


def _with_streams(people: Sequence[Person]) -> list[tuple[Who, int | None]]:
    rooms = Room.objects.using(database.alias()).filter(slug__in=[f"@{person.pk}" for person in people])
    streams = dict(rooms.values_list("slug", "pk"))
    return [(who(person), streams.get(f"@{person.pk}")) for person in people]


def _active() -> QuerySet[Person]:
    return Person.objects.using(database.alias()).filter(deactivated_at=None)


def _known_to(speaker: Speaker, people: QuerySet[Person]) -> QuerySet[Person]:
    """Of these the users and bots whom the speaker may know of."""
    people = people.exclude(kind=Person.Kind.GUEST)
    if conf().PEOPLE == "everyone" or speaker.is_owner:
        return people
    own = _members(person=speaker.id).values("room")
    return people.filter(Exists(_members(person=OuterRef("pk"), room__in=own)))
