"""Whom what code has left to be said calls, by the rule that holds for people. In: entries of the outbox, and who is
present where. Out: the same entries, with whom they call. Synchronous; callers run it on a reader.

It is looked for when a row is moved, not when it is left: who is a member may have changed since, and a transaction of
the project asks nothing more. Why: docs/design/outbox.md.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from teahouse import access, database
from teahouse.access import Found, Grant
from teahouse.actions import people
from teahouse.actions.mentions import answered, called
from teahouse.entries import Change, Entry, Say, Stale, Transaction
from teahouse.live.protocol import Problem
from teahouse.models import Person, Room
from teahouse.render import mentioned_names

log = logging.getLogger("teahouse.outbox")

THE_PROJECT: Final = ("call",)
"""What the project may where it speaks itself: it asks for no rights."""


def rooms_to_look_at(entries: Sequence[Entry]) -> set[int]:
    """In which rooms somebody may be called. Nothing is asked of the database for the others."""
    return {
        entry.room
        for entry in entries
        if isinstance(entry, Say) and (entry.root is not None or mentioned_names(entry.text))
    }


def with_called(entries: Sequence[Entry], present: Mapping[int, Collection[int]]) -> list[Entry]:
    """The entries, of which those in the rooms of `present` (and who is there) call whom they name.

    Who is called was a member when it was looked at. So all that is said and told in such a room is stored under the
    room's number of rights of then: whatever comes back stale brings the rest of its room with it, in its order.
    """
    rooms = {room.pk: room for room in Room.objects.using(database.alias()).filter(pk__in=present)}
    says = [entry for entry in entries if isinstance(entry, Say) and entry.room in rooms]
    grants = _grants(rooms, {(say.room, say.by["id"]) for say in says})
    return [
        _calling(entry, grants[entry.room, entry.by["id"]], present[entry.room])
        if isinstance(entry, Say) and entry.room in rooms
        else _under_rights(entry, rooms)
        for entry in entries
    ]


def _calling(say: Say, grant: Grant, present: Collection[int]) -> Say:
    speaker = say.by["id"]
    names = mentioned_names(say.text)
    try:
        found = called(speaker, grant, names, present).people
    except Problem as too_many:
        # It is too late to refuse it: it is said, and the word is a word.
        log.warning("What code said in %s calls by name only: %s", grant.slug, too_many.message)
        found = called(speaker, replace(grant, may=()), names, present).people
    author = answered(speaker, grant, say.root) if say.root is not None else None
    return replace(say, mentions=found, replied=author, rights=grant.rights)


def _under_rights(entry: Entry, rooms: Mapping[int, Room]) -> Entry:
    """An event of the project behind something that may come back: it comes back with it."""
    if not isinstance(entry, Change) or not rooms.keys() & set(entry.rooms):
        return entry
    return Change(
        entry.rooms, partial(_apply_under, entry, {room: rooms[room].rights for room in entry.rooms})
    )


def _apply_under(change: Change, rights: Mapping[int, int], tx: Transaction) -> Any:
    if any(tx.rooms[room].rights != number for room, number in rights.items() if room in tx.rooms):
        raise Stale
    return change.apply(tx)


def _grants(rooms: Mapping[int, Room], pairs: set[tuple[int, int]]) -> dict[tuple[int, int], Grant]:
    """What each speaker may do in each room, as of the rooms' numbers of rights."""
    project = people.site_bot().pk
    speakers = Person.objects.using(database.alias()).in_bulk({person for _, person in pairs})
    asked = {(room, person): (rooms[room].slug, person) for room, person in pairs if person != project}
    found = access.rooms(list(asked.values())) if asked else {}
    return {
        (room, person): _granted(speakers[person], rooms[room], found[asked[room, person]])
        if (room, person) in asked
        else access.given(rooms[room], *THE_PROJECT)
        for room, person in pairs
    }


def _granted(by: Person, room: Room, found: Found) -> Grant:
    """Somebody whom the project lets speak where they may not read calls by name alone."""
    try:
        grant = access.admitted(access.speaker_of(by), room.slug, found)[1]
    except Problem:
        return access.given(room)
    return replace(grant, rights=min(grant.rights, room.rights))
