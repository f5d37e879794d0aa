"""What everyone said and got, and whether that keeps the promises: the invariants I1 to I6 and I11 of this suite.

    I1   what was acknowledged is stored once, with that number
    I2   a room's events are 1, 2, 3 … without a gap
    I3   a reader gets each number once, the next after the last; a text is as at its commit or newer
    I4   nothing was received that is not stored
    I5   what was not acknowledged is stored once or not at all; a repeat is told the same number
    I6   a reset comes only where a history was replaced
    I11  a deleted text is not shown any more

A reader's part is looked at when it gets something, the rest when all is quiet (`Record.check`), against the rows as
they stand in the database. Nothing here knows how Teahouse does it. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

Broken = Literal["lost", "repeated", "disordered"]
KEPT_REASONS: Final = 20


class EventRow(NamedTuple):
    """An event as it is stored."""

    kind: str
    subject: int | None


class MessageRow(NamedTuple):
    """A message as it is stored. `text` is None where it is deleted."""

    room: str
    key: str
    seq: int
    text: str | None


@dataclass
class Rows:
    """What the database holds: rooms by name → their events by number, and messages by id."""

    events: Mapping[str, Mapping[int, EventRow]]
    messages: Mapping[int, MessageRow]


@dataclass
class Sent:
    """A message that somebody wants to say. `message` and `seq` are 0 until it is acknowledged."""

    room: str
    key: str
    text: str
    number: int
    by: str
    message: int = 0
    seq: int = 0
    was_put_off: bool = False  # Answered "again later": it may come behind what was said later.


@dataclass
class Told:
    """What became of a message after it was said: texts by the number of the event, and whether it is deleted.

    A change that nobody has acknowledged may have happened: its text may be shown, and the old one still.
    """

    texts: dict[int, str] = field(default_factory=dict)
    perhaps: set[str] = field(default_factory=set)
    deleted: int = 0
    perhaps_deleted: bool = False


@dataclass
class Record:
    """Everything of one run."""

    sent: dict[str, Sent] = field(default_factory=dict)
    told: dict[int, Told] = field(default_factory=dict)
    received: dict[tuple[str, str, int], int | None] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)
    why: list[str] = field(default_factory=list)
    closes: Counter[int] = field(default_factory=Counter)
    acknowledged: int = 0
    deliveries: int = 0
    must_reset: set[tuple[str, str]] = field(default_factory=set)  # Reader, room.

    def broken(self, how: Broken, why: str) -> None:
        """Notes that a promise was broken. Only the first reasons are kept."""
        self.faults[how] += 1
        if len(self.why) < KEPT_REASONS:
            self.why.append(f"{how}: {why}")

    # Who speaks

    def says(self, room: str, key: str, text: str, by: str) -> Sent:
        sent = self.sent[key] = Sent(room, key, text, len(self.sent), by)
        return sent

    def was_acknowledged(self, key: str, message: int, seq: int) -> None:
        sent = self.sent[key]
        if sent.seq:
            if (sent.message, sent.seq) != (message, seq):
                self.broken("repeated", f"{key} is {sent.message}:{sent.seq} and {message}:{seq}")  # I5
            return
        sent.message, sent.seq = message, seq
        self.acknowledged += 1
        told = self.told.setdefault(message, Told())
        told.texts[seq] = sent.text

    def edits(self, message: int, text: str) -> None:
        self.told[message].perhaps.add(text)

    def was_edited(self, message: int, text: str, seq: int) -> None:
        self.told[message].texts[seq] = text

    def deletes(self, message: int) -> None:
        self.told[message].perhaps_deleted = True

    def was_deleted(self, message: int, seq: int) -> None:
        self.told[message].deleted = seq

    # Who reads

    def takes(
        self, reader: str, room: str, last: int, frame: Mapping[str, Any], *, as_of: int | None = None
    ) -> int:
        """A reader got an event after `last`, which is known up to `as_of`; the number it stands at now."""
        seq = int(frame["seq"])
        self.deliveries += 1
        if seq <= last:
            self.broken("repeated", f"{reader} got {room}:{seq} and had {last}")
            return last
        if seq > last + 1:
            self.broken("disordered", f"{reader} got {room}:{seq} and had {last}")
        about = frame.get("message", {}).get("id")
        self.received[reader, room, seq] = about
        if frame["event"] == "message":
            self._check_text(reader, room, frame, max(seq, as_of or 0))
        return seq

    def _check_text(self, reader: str, room: str, frame: Mapping[str, Any], as_of: int) -> None:
        message, text = frame["message"]["id"], frame["message"].get("text")
        told = self.told.get(message)
        if told is None:
            return  # Received before it is acknowledged; `check` compares it with what is stored.
        if text is None:
            if not (told.deleted or told.perhaps_deleted):
                self.broken("lost", f"{reader} got message {message} without its text")
            return
        if told.deleted and told.deleted <= as_of:
            self.broken("lost", f"{reader} was shown {text!r} of {message}, deleted by {told.deleted}")  # I11
        known = [seq for seq in told.texts if seq <= as_of]
        newest = max(known, default=0)
        allowed = {said for seq, said in told.texts.items() if seq >= newest} | told.perhaps
        if text not in allowed:
            self.broken("lost", f"{reader} was shown {text!r} of {room}:{frame['seq']}, which is out of date")

    def reset(self, reader: str, room: str) -> None:
        if (reader, room) not in self.must_reset:
            self.broken("lost", f"{reader} was reset in {room}")  # I6
        self.must_reset.discard((reader, room))

    def put_back(self, rows: Rows, readers: Iterable[tuple[str, str]]) -> None:
        """An older database is in the place of the one that was: what it does not hold was never said, and each of
        these, a reader and a room, has to be told that the history is another one."""
        self.sent = {
            key: one for key, one in self.sent.items() if not one.seq or one.message in rows.messages
        }
        self.told = {
            number: Told({row.seq: row.text or ""}, deleted=row.seq if row.text is None else 0)
            for number, row in rows.messages.items()
        }
        self.received.clear()
        self.must_reset = set(readers)

    # At the end

    def check(self, rows: Rows) -> None:
        """Compares all of it with what is stored. Nothing may be on its way."""
        for reader, room in self.must_reset:
            self.broken("lost", f"{reader} was not told that {room} has another history")  # I6
        self._check_numbers(rows)
        self._check_sent(rows)
        self._check_order_of_each(rows)
        for (reader, room, seq), about in self.received.items():
            row = rows.events.get(room, {}).get(seq)
            if row is None:
                self.broken("repeated", f"{reader} got {room}:{seq}, which is not stored")  # I4
            elif about is not None and row.subject != about:
                self.broken("disordered", f"{reader} got {about} as {room}:{seq}, stored is {row.subject}")
        self.received.clear()

    def _check_numbers(self, rows: Rows) -> None:
        for room, events in rows.events.items():
            if sorted(events) != list(range(1, len(events) + 1)):
                missing = sorted(set(range(1, max(events) + 1)) - set(events))
                self.broken("lost", f"{room} has {len(events)} events and not {missing[:5]}")  # I2

    def _check_sent(self, rows: Rows) -> None:
        stored: dict[str, list[int]] = {}
        for number, row in rows.messages.items():
            stored.setdefault(row.key, []).append(number)
        for key, sent in self.sent.items():
            found = stored.get(key, [])
            if len(found) > 1:
                self.broken("repeated", f"{key} is stored {len(found)} times")  # I1, I5
            if not sent.seq:
                continue
            said = rows.messages.get(sent.message)
            event = rows.events.get(sent.room, {}).get(sent.seq)
            if said is None or event is None:
                self.broken("lost", f"{key} was acknowledged as {sent.room}:{sent.seq} and is not stored")
            elif (said.key, said.seq, said.room, event.subject) != (key, sent.seq, sent.room, sent.message):
                self.broken(
                    "disordered", f"{key} was acknowledged as {sent.room}:{sent.seq}, stored is {said}"
                )
            else:
                self._check_stored_text(sent, said)

    def _check_stored_text(self, sent: Sent, row: MessageRow) -> None:
        told = self.told[sent.message]
        if row.text is None:
            if not (told.deleted or told.perhaps_deleted):
                self.broken("lost", f"{sent.key} is stored without its text")
        elif told.deleted:
            self.broken("lost", f"{sent.key} was deleted and is stored with its text")
        elif row.text != told.texts[max(told.texts)] and row.text not in told.perhaps:
            self.broken("lost", f"{sent.key} is stored as {row.text!r}")

    def _check_order_of_each(self, rows: Rows) -> None:
        """What one person says into a room stays in its order."""
        last: dict[tuple[str, str], Sent] = {}
        for sent in sorted(self.sent.values(), key=lambda one: one.number):
            if not sent.seq or sent.was_put_off:
                continue
            before = last.get((sent.by, sent.room))
            if before is not None and before.seq > sent.seq:
                self.broken("disordered", f"{sent.by} said {before.key} before {sent.key}")
            last[sent.by, sent.room] = sent
