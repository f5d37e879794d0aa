"""What may be done with a room: make, join, mark as read, close, remove somebody. In: a speaker and a grant.
Out: an entry for `journal.py`, or for what has no number a function for `database.write`.
"""

from __future__ import annotations

from typing import Any, cast

from django.db import transaction
from django.utils import timezone

from teahouse import database, history
from teahouse.access import Grant, Speaker, not_found
from teahouse.conf import conf
from teahouse.journal import Change, Stale, Transaction
from teahouse.live.protocol import Problem
from teahouse.models import Member, Person, Room
from teahouse.models.rooms import new_epoch, slug_of

MAIN = "main"


def make_main() -> Room:
    """The room that is there from the first day."""
    room, _ = Room.objects.get_or_create(slug=MAIN, defaults={"title": "Main"})
    return room


def begin_new_histories(alias: str | None = None) -> int:
    """Gives every room a new epoch and returns how many there are: what a client knows is of another history.

    For a database put back from a backup. Its numbers are given a second time, so a client that was ahead of it
    would take new messages for those it has, as soon as the room has caught up with its position (P3).
    """
    alias = alias or database.alias()
    with transaction.atomic(using=alias):
        ids = list(Room.objects.using(alias).order_by("pk").values_list("pk", flat=True))
        for room in ids:
            Room.objects.using(alias).filter(pk=room).update(epoch=new_epoch())
    return len(ids)


def visit(speaker: Speaker, name: str) -> Room:
    """The open room of this name, made by its first visitor where that is let.

    Raises:
        Problem: `not_found` where there is none and none may be made, `too_many`, `invalid` name.
    """
    slug = slug_of(name)
    if slug is None:
        raise not_found(name)
    room = Room.objects.filter(slug=slug).first()
    if room is not None:
        return room
    if speaker.is_guest and not (conf().GUESTS and conf().GUEST_ROOMS):
        raise not_found(name)
    made = Room.objects.filter(made_by=speaker.id).count()
    if speaker.is_guest and conf().RATES and made >= conf().LIMITS.guest_rooms:
        raise Problem("too_many", f"A guest may make {conf().LIMITS.guest_rooms} rooms, and you have.")
    with transaction.atomic(using=database.alias()):
        room, _ = Room.objects.get_or_create(
            slug=slug, defaults={"title": name[:120], "made_by_id": speaker.id}
        )
    return room


def personal(person: int) -> Room:
    """The person's own stream, `@me` on the wire; made when it is first needed."""
    room, _ = Room.objects.get_or_create(
        slug=f"@{person}", defaults={"title": "@me", "kind": Room.Kind.PERSONAL}
    )
    return room


def join(speaker: Speaker, grant: Grant, stream: int) -> Change:
    """Makes the person a member of an open room. `stream` is the id of the person's own room."""

    def apply(tx: Transaction) -> None:
        if tx.rooms[grant.room].rights != grant.rights:
            raise Stale
        member, made = Member.objects.get_or_create(
            room_id=grant.room, person_id=speaker.id, defaults={"read": tx.rooms[grant.room].seq}
        )
        if not made and member.role != Member.Role.GUEST:
            return
        if not made:
            Member.objects.filter(pk=member.pk).update(role=Member.Role.MEMBER)
        more = {"member": {"person": speaker.who, "role": "member"}}
        tx.about_room(grant.room, "member", speaker.who, more, subject=speaker.id, detail="joined")
        about = {"about": tx.rooms[grant.room].slug}
        tx.about_room(stream, "room_added", speaker.who, about, subject=grant.room)

    return Change((grant.room, stream), apply)


def read(speaker: Speaker, grant: Grant, seq: int, back: bool, stream: int) -> Change:
    """Moves the person's read mark, for all devices: forward, or with `back` to any place.

    Raises:
        Problem: `forbidden` in one's own stream, which tells of marks and has none.
    """
    if grant.kind == Room.Kind.PERSONAL:
        raise Problem("forbidden", "Your own stream has no read mark; name the room that you have read.")

    def apply(tx: Transaction) -> dict[str, int]:
        mark = min(seq, tx.rooms[grant.room].seq)
        member = Member.objects.filter(room=grant.room, person=speaker.id).first()
        if member is None:
            # Who only reads an open room has a mark there, but does not belong to it.
            member = Member(room_id=grant.room, person_id=speaker.id, role=Member.Role.GUEST)
        elif member.read == mark or (mark < member.read and not back):
            return {"read": member.read}
        member.read = mark
        member.save()
        more = {"about": tx.rooms[grant.room].slug, "read": mark}
        tx.about_room(stream, "read", speaker.who, more, subject=grant.room)
        return {"read": mark}

    return Change((grant.room, stream), apply)


def close(speaker: Speaker, grant: Grant) -> Change:
    """Ends every plain connection of the group, in every process.

    Raises:
        Problem: `forbidden`.
    """
    if not grant.may_close:
        raise Problem("forbidden", "Only the room's moderators may close it for everyone.")

    def apply(tx: Transaction) -> None:
        tx.about_room(grant.room, "closed", speaker.who)

    return Change((grant.room,), apply)


def remove(speaker: Speaker, grant: Grant, person: Person, stream: int) -> Change:
    """Ends somebody's membership, or one's own. Where the room is not open, reading ends with it (P6).

    `stream` is the id of that person's own room, which hears of it too.

    Raises:
        Problem: `forbidden`.
    """
    if person.pk != speaker.id and not grant.may_moderate:
        raise Problem("forbidden", "Only the room's moderators may remove somebody.")

    def apply(tx: Transaction) -> None:
        room = Room.objects.get(pk=grant.room)
        if not Member.objects.filter(room=room, person=person).delete()[0]:
            return
        tx.change_rights(room.pk)
        detail = "left" if person.pk == speaker.id else "removed"
        more: dict[str, Any] = {"member": {"person": history.who(person), "role": None}}
        more["state"] = history.room_state(room)
        tx.about_room(room.pk, "member", speaker.who, more, subject=person.pk, detail=detail)
        tx.about_room(stream, "room_removed", speaker.who, {"about": room.slug}, subject=room.pk)

    return Change((grant.room, stream), apply)


def archive(speaker: Speaker, grant: Grant, archived: bool = True) -> Change:
    """Makes the room read-only, or writable again.

    Raises:
        Problem: `forbidden`.
    """
    if not grant.may_moderate:
        raise Problem("forbidden", "Only the room's moderators may archive it.")

    def apply(tx: Transaction) -> None:
        room = Room.objects.get(pk=grant.room)
        if (room.archived_at is not None) == archived:
            return
        room.archived_at = timezone.now() if archived else None
        room.save(update_fields=["archived_at"])
        tx.change_rights(room.pk)
        tx.about_room(room.pk, "room", speaker.who, {"state": cast(Any, history.room_state(room))})

    return Change((grant.room,), apply)
