"""What a project tells of itself, in a transaction of the journal. In: a row of the outbox. Out: a change that
stores what it says, once for each key, with an event of the room.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

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
        if not taken(emission.outbox):
            return None
        if (before := told_before(emission)) is not None:
            pk, seq, name, data = before
            if (name, data) != (emission.name, emission.data):
                raise Problem("key_reused", KEY_REUSED)
            return Stored(pk, seq, repeated=True)
        seq = tx.number(emission.room)
        pk = keep(emission, seq, tx.now)
        slug = tx.rooms[emission.room].slug
        frame = custom_frame(slug, seq, tx.at, emission.by, emission.name, emission.data, emission.html)
        tx.about_custom(custom_event(emission.room, seq, frame, pk), emission.by)
        return Stored(pk, seq)

    return Change((emission.room,), apply)


def taken(outbox: int) -> bool:
    """Deletes the row of the outbox; whether it was still there."""
    return Outbox.objects.using(database.alias()).filter(pk=outbox).delete()[0] > 0


def told_before(emission: Emission) -> tuple[int, int, str, str] | None:
    """Id, number, name and data of what was told with the same key."""
    rows = CustomEvent.objects.using(database.alias()).filter(
        room=emission.room, person=emission.by["id"], key=emission.key
    )
    return rows.values_list("pk", "seq", "name", "data").first()


def keep(emission: Emission, seq: int, at: datetime) -> int:
    """Writes down what it says; the id."""
    row = CustomEvent.objects.using(database.alias()).create(
        room_id=emission.room,
        person_id=emission.by["id"],
        key=emission.key,
        name=emission.name,
        data=emission.data,
        html=emission.html,
        seq=seq,
        at=at,
    )
    return row.pk
