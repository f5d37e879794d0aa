"""What may be done with belonging to a room: join, leave, invite, remove, give a role, mark as read. In: a speaker
and a grant. Out: an entry for `journal.py`, carried out with the locks of the room and of the own rooms of
those whom it concerns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from teahouse import history
from teahouse.access import Grant, Speaker
from teahouse.events import Who
from teahouse.journal import Change, Stale, Transaction
from teahouse.live.protocol import Problem
from teahouse.models import Member, Room
from teahouse.rights import RANKS

Coming = Callable[[Speaker, Grant, int], Change]
"""`join` or `visit`."""
Invited = tuple[Who, int]
"""Somebody, and the id of their own room, which hears of it too."""


def join(speaker: Speaker, grant: Grant, stream: int) -> Change:
    """Makes the person a member of an open room. `stream` is the id of the person's own room.

    Raises:
        Problem: `forbidden` for guests, `archived`.
    """
    check_may_join(speaker, grant)

    def apply(tx: Transaction) -> None:
        check_still(tx, grant)
        add(tx, Room.objects.get(pk=grant.room), speaker.who, [(speaker.who, stream)], "joined")

    return Change((grant.room, stream), apply)


def visit(speaker: Speaker, grant: Grant, stream: int) -> Change:
    """Notes that somebody has been in a room without belonging to it, who speaks there before they have marked
    anything as read: so they can be called, and hear of answers."""

    def apply(tx: Transaction) -> None:
        check_still(tx, grant)
        if not Member.objects.filter(room=grant.room, person=speaker.id).exists():
            _mark(tx, speaker, stream, visitor(speaker, grant), tx.heads[grant.room])

    return Change((grant.room, stream), apply)


def by_speaking(speaker: Speaker, grant: Grant) -> Coming | None:
    """Who speaks in an open room belongs to it from then on; guests only visit."""
    if grant.role in (None, "guest") and not speaker.is_guest and "join" in grant.may:
        return join
    return visit if grant.role is None else None


def check_may_join(speaker: Speaker, grant: Grant) -> None:
    """Raises: Problem `forbidden`, `archived`."""
    if speaker.is_guest:
        raise Problem(
            "forbidden", "Guests read and speak in open rooms as they are; sign in to become a member."
        )
    if grant.role not in RANKS:
        grant.check("join")


def check_may_leave(grant: Grant) -> None:
    """Raises: Problem `forbidden`."""
    if grant.kind == Room.Kind.PERSONAL:
        raise Problem("forbidden", "Your own stream cannot be left; name a room to which you belong.")


def invite(speaker: Speaker, grant: Grant, people: Sequence[Invited]) -> Change:
    """Makes people members; the outcome names those who were not.

    Raises:
        Problem: `forbidden` or `archived`.
    """
    grant.check("invite")

    def apply(tx: Transaction) -> dict[str, list[int]]:
        check_still(tx, grant)
        return {"added": add(tx, Room.objects.get(pk=grant.room), speaker.who, people, "invited")}

    return Change((grant.room, *(stream for _, stream in people)), apply)


def add(
    tx: Transaction,
    room: Room,
    by: Who,
    people: Sequence[Invited],
    detail: str,
    role: Member.Role = Member.Role.MEMBER,
) -> list[int]:
    """Members from now on: the room is told of each, and each person of the room. Members are passed over."""
    ids = [who["id"] for who, _ in people]
    before = {member.person_id: member for member in Member.objects.filter(room=room, person__in=ids)}
    added = []
    for who, stream in people:
        member = before.get(who["id"])
        if member is not None and member.role != Member.Role.GUEST:
            continue
        if member is None:
            member = Member(room=room, person_id=who["id"], read=tx.heads[room.pk])
        member.role = role
        member.save()
        before[who["id"]] = member
        more: dict[str, Any] = {"member": {"person": who, "role": role.value}}
        tx.about_room(room.pk, "member", by, more, subject=who["id"], detail=detail)
        added.append((who["id"], stream))
    # Behind all of them: what a person is told of the room counts the others too.
    told = {"about": room.slug, "role": role.value, "state": history.state_of(room)} if added else {}
    for _, stream in added:
        position = {"epoch": tx.rooms[room.pk].epoch, "seq": tx.heads[room.pk]}
        tx.about_room(stream, "room_added", by, told | {"position": position}, subject=room.pk)
    return [person for person, _ in added]


def remove(speaker: Speaker, grant: Grant, person: Who, stream: int) -> Change:
    """Ends somebody's membership, or one's own. Where the room is not open, reading ends with it (P6).

    `stream` is the id of that person's own room, which hears of it too.

    Raises:
        Problem: `forbidden`; in the journal also `not_found`, where the person is no member.
    """
    leaves = person["id"] == speaker.id
    if not leaves:
        grant.check("remove")
    else:
        check_may_leave(grant)

    def apply(tx: Transaction) -> None:
        check_still(tx, grant)
        member = _member(grant, person["id"])
        if member is None:
            if leaves:
                return
            raise no_member(person["id"])
        if not leaves and RANKS[member.role] > grant.rank:
            raise Problem("forbidden", f"A {grant.role} does not remove the room's {member.role}.")
        _check_an_owner_stays(member, "leave" if leaves else "be removed", alone=True)
        member.delete()
        tx.change_rights(grant.room)
        room = Room.objects.get(pk=grant.room)
        more: dict[str, Any] = {"member": {"person": person, "role": None}}
        more["state"] = history.state_of(room)
        detail = "left" if leaves else "removed"
        tx.about_room(room.pk, "member", speaker.who, more, subject=person["id"], detail=detail)
        tx.about_room(stream, "room_removed", speaker.who, {"about": room.slug}, subject=room.pk)

    return Change((grant.room, stream), apply)


def give_role(speaker: Speaker, grant: Grant, person: Who, role: str) -> Change:
    """Makes a member a moderator, an owner, or a member again.

    Raises:
        Problem: `forbidden`; in the journal also `not_found`, where the person is no member.
    """
    grant.check("roles")

    def apply(tx: Transaction) -> None:
        check_still(tx, grant)
        member = _member(grant, person["id"])
        if member is None:
            raise no_member(person["id"])
        if member.role == role:
            return
        if role == Member.Role.OWNER and person["kind"] == "guest":
            raise Problem("forbidden", "A guest owns no room; it would be lost with the browser.")
        _check_an_owner_stays(member, "get another role", alone=False)
        member.role = Member.Role(role)
        member.save(update_fields=["role"])
        tx.change_rights(grant.room)
        more: dict[str, Any] = {"member": {"person": person, "role": role}}
        tx.about_room(grant.room, "member", speaker.who, more, subject=person["id"], detail="role")

    return Change((grant.room,), apply)


def read(speaker: Speaker, grant: Grant, seq: int, back: bool, stream: int) -> Change:
    """Moves the person's read mark, for all devices: forward, or with `back` to any place.

    Raises:
        Problem: `forbidden` in one's own stream, which tells of marks and has none.
    """
    if grant.kind == Room.Kind.PERSONAL:
        raise Problem("forbidden", "Your own stream has no read mark; name the room that you have read.")

    def apply(tx: Transaction) -> dict[str, int]:
        check_still(tx, grant)
        mark = min(seq, tx.rooms[grant.room].seq)
        member = Member.objects.filter(room=grant.room, person=speaker.id).first()
        if member is None:
            member = visitor(speaker, grant)
        elif member.read == mark or (mark < member.read and not back):
            return {"read": member.read}
        _mark(tx, speaker, stream, member, mark)
        return {"read": mark}

    return Change((grant.room, stream), apply)


def visitor(speaker: Speaker, grant: Grant) -> Member:
    """Who reads or speaks in an open room has a row there, not stored yet, but does not belong to it."""
    return Member(room_id=grant.room, person_id=speaker.id, role=Member.Role.GUEST)


def _mark(tx: Transaction, speaker: Speaker, stream: int, member: Member, seq: int) -> None:
    member.read = seq
    member.save()
    more = {"about": tx.rooms[member.room_id].slug, "read": seq}
    tx.about_room(stream, "read", speaker.who, more, subject=member.room_id)


def check_still(tx: Transaction, grant: Grant) -> None:
    """Raises: Stale, where rights in the room are other ones than those under which this was let."""
    if tx.rooms[grant.room].rights != grant.rights:
        raise Stale


def _member(grant: Grant, person: int) -> Member | None:
    belonging = Member.objects.exclude(role=Member.Role.GUEST)
    return belonging.filter(room=grant.room, person=person).first()


def no_member(person: int) -> Problem:
    """The answer to one who is not there and to one who does not belong."""
    return Problem("not_found", f"There is no member {person} in this room.")


def _check_an_owner_stays(member: Member, verb: str, *, alone: bool) -> None:
    """`alone`: whether who has nobody beside them may; a room that is left empty misses no owner. Who was deactivated
    counts as gone."""
    if member.role != Member.Role.OWNER:
        return
    others = Member.objects.filter(room=member.room_id, person__deactivated_at=None).exclude(pk=member.pk)
    others = others.exclude(role=Member.Role.GUEST)
    if others.filter(role=Member.Role.OWNER).exists() or (alone and not others.exists()):
        return
    raise Problem(
        "forbidden", f"The room's last owner cannot {verb}: make somebody else an owner first, with `role`."
    )
