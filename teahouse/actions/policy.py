"""What follows when the project's policy answers otherwise than before. In: `rights_changed`, in any process and
transaction. Out: a row for the servers, whose `live/policing.py` takes it to the journal.

No right is computed here: behind the event that this makes, whoever follows the room is asked about anew (P6).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final, NamedTuple

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.db import connections, transaction
from django.db.models import Model

from teahouse import access, database, elsewhere, history, outbox
from teahouse.actions import people
from teahouse.actions.membership import Invited
from teahouse.events import LOOK_AGAIN, Who
from teahouse.journal import Change, Transaction
from teahouse.models import Member, Person, RightsChange, Room
from teahouse.prepared import batched
from teahouse.rights import RANKS
from teahouse.subjects import database_of, existing
from teahouse.verdicts import verdicts

MOST_VISITED: Final = 500
CALLED_LOST: Final = "policy"
"""The detail of an event `member` of one who lost the room so."""


class Waiting(NamedTuple):
    """Rows that were left for one room: whose memberships are to be looked at, None: everyone's."""

    room: int
    rows: list[int]
    people: set[int] | None


def rights_changed(obj: Room | str | Model, user: Any = None) -> None:
    """Says that the policy answers otherwise now. In any process; nobody waits, and it counts from the commit of the
    caller's transaction on.

    Who may not see the room any more gets no event after it; who may do other things is told. Without this call all
    of it happens within 60 s.

    Args:
        obj: the object, its room, or the room's name. Where it has no room yet, nothing is to be done.
        user: a Person or user whom alone it concerns, so that only their membership is looked at.

    Raises:
        TypeError, ValueError: as `room_for`; or `user` is neither a Person nor a user.
    """
    room = existing(obj)
    if room is None:
        return
    person: Person | None = None
    if user is not None:
        if not isinstance(user, Person | get_user_model()):
            raise TypeError(
                f"{user!r} is nobody whose rights could change: give a Person or a user of the project"
            )
        person = user if isinstance(user, Person) else people.known_person(user)
        if person is None:
            return  # Nobody who was ever here.
    using = database_of(room)
    if using == database.alias() or not elsewhere.is_open(using):
        _leave(room, person)
        return
    if there := elsewhere.is_there(using):
        # What outlives a process that dies right behind the commit.
        elsewhere.leave_rights(using, room.pk, person.pk if person is not None else None)
        outbox.hint_after(using)
    if connections[using].in_atomic_block:
        # After the commit, before anything that the caller says then. Before it, the row could be there earlier than
        # what it tells of.
        transaction.on_commit(partial(_leave, room, person), using=using)
    elif not there:
        _leave(room, person)


arights_changed = sync_to_async(rights_changed)


def _leave(room: Room, person: Person | None) -> None:
    def write() -> None:
        RightsChange.objects.using(database.alias()).create(room=room, person=person)

    database.write(write)
    outbox.hint_after(database.alias())


def waiting(limit: int = 500) -> list[Waiting]:
    """What was left and nobody has looked at yet, by rooms."""
    found: dict[int, Waiting] = {}
    rows = RightsChange.objects.using(database.alias()).order_by("pk").values_list("pk", "room", "person")
    for pk, room, person in rows[:limit]:
        before = found.get(room, Waiting(room, [], set()))
        concerned = None if person is None or before.people is None else before.people | {person}
        found[room] = Waiting(room, [*before.rows, pk], concerned)
    return list(found.values())


def lost(room: int, concerned: set[int] | None) -> list[tuple[Who, int | None]]:
    """Who has a row in the room and may not see it any more, each with the id of their own room. Those of whom the
    policy could not say keep theirs. On a reader thread."""
    found = Room.objects.using(database.alias()).filter(pk=room, subject_type__isnull=False).first()
    if found is None:
        return []
    rows = Member.objects.using(database.alias()).filter(room=room).order_by("person")
    if concerned is not None:
        rows = rows.filter(person__in=concerned)
    gone: list[int] = []
    for some in batched(list(rows.values_list("person", flat=True))):
        for (_, person), said in verdicts([(found, one) for one in some]).items():
            if said.see is False and not said.failed:
                gone.append(person)
    names = history.people_by_id(gone)
    slugs = {f"@{person}": person for person in gone}
    streams = Room.objects.using(database.alias()).filter(slug__in=slugs).values_list("slug", "pk")
    by_person = {slugs[slug]: pk for slug, pk in streams}
    return [(names[one], by_person.get(one)) for one in gone if one in names]


def looked_at_again(room: int, rows: Sequence[int] = ()) -> Change:
    """An event of the room behind which everyone who follows it looks again whether they may (P6).

    `rows`: those of `waiting` that go with it; where another process was faster, there is nothing to do.
    """

    def apply(tx: Transaction) -> None:
        if rows and not RightsChange.objects.filter(pk__in=rows).delete()[0]:
            return
        tx.change_rights(room)
        state = history.state_of(Room.objects.get(pk=room))
        tx.about_room(room, "room", None, {"state": state}, detail=LOOK_AGAIN)

    return Change((room,), apply)


def memberships_ended(room: int, gone: Sequence[Invited]) -> Change:
    """These people belong to the room no more; it is told of each, and each person of the room."""

    def apply(tx: Transaction) -> None:
        found = Room.objects.get(pk=room)
        state = history.state_of(found)
        ids = [who["id"] for who, _ in gone]
        roles = dict(Member.objects.filter(room=room, person__in=ids).values_list("person", "role"))
        if not roles:
            return
        Member.objects.filter(room=room, person__in=ids).delete()
        tx.change_rights(room)
        for who, stream in gone:
            if roles.get(who["id"]) in RANKS:  # Others only have a mark of what they have read.
                more = {"member": {"person": who, "role": None}, "state": state}
                tx.about_room(room, "member", None, more, subject=who["id"], detail=CALLED_LOST)
                tx.about_room(stream, "room_removed", None, {"about": found.slug}, subject=room)

    return Change((room, *(stream for _, stream in gone)), apply)


def visited(guest: int) -> list[int]:
    """Rooms on objects in which a guest has been."""
    rows = Member.objects.using(database.alias()).filter(person=guest, room__subject_type__isnull=False)
    return list(rows.values_list("room", flat=True)[:MOST_VISITED])


def refused(person: int, rooms: dict[int, str]) -> dict[int, bool]:
    """Of these rooms on objects, id and name, those that the policy does not show to the person; whether it is sure.
    On a reader thread."""
    found = access.rooms([(slug, person) for slug in rooms.values()])
    said = {pk: found[slug, person].verdict for pk, slug in rooms.items()}
    return {pk: not verdict.failed for pk, verdict in said.items() if verdict.see is False}
