"""What may be done with a room as a whole: its title and topic, who speaks, who reads, archive, close. In: a speaker
and a grant. Out: an entry for `journal.py`, carried out under the room's lock.
"""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from teahouse import history
from teahouse.access import Grant, Speaker
from teahouse.actions.membership import check_still
from teahouse.events import NARROWED
from teahouse.journal import Change, Transaction
from teahouse.live.protocol import Problem
from teahouse.models import Member, Room


def change(speaker: Speaker, grant: Grant, wanted: dict[str, str]) -> Change:
    """Gives the room another `title`, `topic`, `speaking` or `kind`; what is so already makes no event.

    A room that becomes private is read by its members alone from that event on (P6).

    Raises:
        Problem: `forbidden` or `archived`.
    """
    grant.check("change")
    if "kind" in wanted:
        grant.check("kind")

    def apply(tx: Transaction) -> None:
        check_still(tx, grant)
        room = Room.objects.get(pk=grant.room)
        changed = [name for name, value in wanted.items() if getattr(room, name) != value]
        if not changed:
            return
        for name in changed:
            setattr(room, name, wanted[name])
        room.save(update_fields=changed)
        if "kind" in changed or "speaking" in changed:
            tx.change_rights(room.pk)
        narrowed = "kind" in changed and room.kind == Room.Kind.PRIVATE
        if narrowed:
            # Marks of people who only visited: for them the room is not there any more.
            Member.objects.filter(room=room, role=Member.Role.GUEST).delete()
        _tell(tx, speaker, room, NARROWED if narrowed else "")

    return Change((grant.room,), apply)


def archive(speaker: Speaker, grant: Grant, archived: bool = True) -> Change:
    """Makes the room read-only, or writable again.

    Raises:
        Problem: `forbidden`.
    """
    grant.check("archive")

    def apply(tx: Transaction) -> None:
        check_still(tx, grant)
        room = Room.objects.get(pk=grant.room)
        if (room.archived_at is not None) == archived:
            return
        room.archived_at = timezone.now() if archived else None
        room.save(update_fields=["archived_at"])
        tx.change_rights(room.pk)
        _tell(tx, speaker, room)

    return Change((grant.room,), apply)


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


def _tell(tx: Transaction, speaker: Speaker, room: Room, detail: str = "") -> None:
    more: dict[str, Any] = {"state": history.state_of(room)}
    tx.about_room(room.pk, "room", speaker.who, more, detail=detail)
