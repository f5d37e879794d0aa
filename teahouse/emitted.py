"""What a project tells of itself, in a transaction of the journal. In: a row of the outbox. Out: a change that
stores what it says, once for each key, with an event of the room.
"""

from __future__ import annotations

from dataclasses import dataclass

from teahouse import database
from teahouse.entries import Change, Stored, Transaction
from teahouse.events import Who, custom_event, custom_frame
from teahouse.live.protocol import Problem
from teahouse.models import CustomEvent, Outbox

KEY_REUSED = "This key was used here for another event. A repeat says the same, a new event has a new key."


@dataclass(slots=True, frozen=True)
class Emission:
    """An event of the project that waits in the outbox. `by` speaks; `data` is JSON."""

    outbox: int
    room: int
    by: Who
    key: str
    name: str
    data: str
    html: str | None


def entry(emission: Emission) -> Change:
    """Stores it with the next number of its room, and takes its row out of the outbox. The outcome is `Stored`, or
    None where another process has moved it."""

    def apply(tx: Transaction) -> Stored | None:
        using = database.alias()
        if not Outbox.objects.using(using).filter(pk=emission.outbox).delete()[0]:
            return None
        before = CustomEvent.objects.using(using).filter(
            room=emission.room, person=emission.by["id"], key=emission.key
        )
        if (found := before.first()) is not None:
            if (found.name, found.data) != (emission.name, emission.data):
                raise Problem("key_reused", KEY_REUSED)
            return Stored(found.pk, found.seq, repeated=True)
        return _store(tx, emission, using)

    return Change((emission.room,), apply)


def _store(tx: Transaction, emission: Emission, using: str) -> Stored:
    seq = tx.number(emission.room)
    row = CustomEvent.objects.using(using).create(
        room_id=emission.room,
        person_id=emission.by["id"],
        key=emission.key,
        name=emission.name,
        data=emission.data,
        html=emission.html,
        seq=seq,
        at=tx.now,
    )
    slug = tx.rooms[emission.room].slug
    shown = custom_frame(slug, seq, tx.at, emission.by, emission.name, emission.data, emission.html)
    tx.about_custom(custom_event(emission.room, seq, shown, row.pk), emission.by)
    return Stored(row.pk, seq)
