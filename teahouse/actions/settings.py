"""What a person says of when to be disturbed: a room's level, hours, language, what was seen. In: a speaker, what is to
change. Out: an entry for `journal.py`, with events in the person's own stream, so that all devices hear of it.
"""

from __future__ import annotations

from typing import Any

from teahouse.access import Grant, Speaker
from teahouse.actions.membership import check_still, visitor
from teahouse.attention import settings_state
from teahouse.journal import Change, Transaction
from teahouse.live.protocol import Problem
from teahouse.models import Member, Room, Settings
from teahouse.models.rooms import default_level


def change(
    speaker: Speaker, grant: Grant | None, level: str | None, wanted: dict[str, Any], stream: int
) -> Change:
    """Sets the level of a room, None for what is usual, where there is a `grant`; and `wanted`, fields of `Settings`.

    What is so already makes no event. The outcome is what holds now.

    Raises:
        Problem: `forbidden` in one's own stream, which disturbs nobody.
    """
    if grant is not None and grant.kind == Room.Kind.PERSONAL:
        raise Problem("forbidden", "Your own stream has no level; name the room that it is for.")

    def apply(tx: Transaction) -> dict[str, Any]:
        outcome: dict[str, Any] = {}
        if grant is not None:
            check_still(tx, grant)
            outcome["level"] = _set_level(tx, speaker, grant, level, stream)
        outcome["settings"] = _set_others(tx, speaker, wanted, stream)
        return outcome

    return Change((stream,) if grant is None else (grant.room, stream), apply)


def _set_level(tx: Transaction, speaker: Speaker, grant: Grant, level: str | None, stream: int) -> str:
    told = level or default_level(grant.kind)
    member = Member.objects.filter(room=grant.room, person=speaker.id).first()
    if member is None:
        member = visitor(speaker, grant)
        member.read = tx.rooms[grant.room].seq
    elif member.level == (level or ""):
        return told
    member.level = Member.Level(level) if level else ""
    member.save()
    more = {"about": grant.slug, "level": told}
    tx.about_room(stream, "settings", speaker.who, more, subject=grant.room)
    return told


def _set_others(tx: Transaction, speaker: Speaker, wanted: dict[str, Any], stream: int) -> Any:
    row = Settings.objects.filter(person=speaker.id).first() or Settings(person_id=speaker.id)
    if "seen" in wanted:  # Only forward, and not beyond what there is.
        wanted = wanted | {"seen": max(row.seen, min(wanted["seen"], tx.rooms[stream].seq))}
    changed = [name for name, value in wanted.items() if getattr(row, name) != value]
    if changed:
        for name in changed:
            setattr(row, name, wanted[name])
        row.save()
        tx.about_room(stream, "settings", speaker.who, {"settings": settings_state(row)})
    return settings_state(row)
