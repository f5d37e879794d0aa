"""Looks whether everything that is stored fits together: in, a database; out, what does not, in words.

Reads one moment of it, while a server goes on writing. Nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from teahouse import database

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

SLICE: Final = 100_000
"""Rows that are looked at in one statement: some tenths of a second, after which progress can be told."""
SHOWN: Final = 5
"""Of what is wrong in the same way, so many are named."""

Progress = Callable[[int, int], None]
"""Called with the rows that were looked at and those that there are."""


@dataclass(frozen=True)
class Check:
    """Something that must hold for every row.

    Attributes:
        rows: what `low` and `high` of the statement are ids of.
        statement: selects two columns, what is wrong and a detail of it; nothing where all is well.
        wrong: what that means; "{0}" and "{1}" are the columns.
    """

    rows: Literal["rooms", "messages", "events"]
    statement: str
    wrong: str


CHECKS: Final = (
    Check(
        "rooms",
        "SELECT r.slug, r.seq FROM teahouse_room r LEFT JOIN teahouse_event e ON e.room_id = r.id"
        " WHERE r.id BETWEEN %(low)s AND %(high)s GROUP BY r.id, r.slug, r.seq"
        " HAVING count(e.seq) <> r.seq OR (r.seq > 0 AND (min(e.seq) <> 1 OR max(e.seq) <> r.seq))",
        "room {0}: its events are not 1 to {1} without a gap",
    ),
    Check(
        "rooms",
        "SELECT r.slug, m.read FROM teahouse_member m JOIN teahouse_room r ON r.id = m.room_id"
        " WHERE r.id BETWEEN %(low)s AND %(high)s AND m.read > r.seq",
        "room {0}: somebody has read up to {1}, which was not said yet",
    ),
    Check(
        "messages",
        "SELECT m.id, m.seq FROM teahouse_message m LEFT JOIN teahouse_event e"
        " ON e.room_id = m.room_id AND e.seq = m.seq AND e.kind = 'message' AND e.subject = m.id"
        " WHERE m.id BETWEEN %(low)s AND %(high)s AND e.seq IS NULL",
        "message {0}: event {1} of its room does not say it",
    ),
    Check(
        "messages",
        "SELECT m.id, m.rev FROM teahouse_message m LEFT JOIN teahouse_event e"
        " ON e.room_id = m.room_id AND e.seq = m.rev AND e.subject = m.id"
        " WHERE m.id BETWEEN %(low)s AND %(high)s AND (e.seq IS NULL OR m.rev < m.seq"
        " OR (m.deleted_at IS NOT NULL AND e.kind NOT IN ('deleted', 'thread'))"
        " OR (m.deleted_at IS NULL AND e.kind = 'deleted'))",
        "message {0}: event {1} of its room is not its last change",
    ),
    Check(
        "messages",
        "SELECT m.id, m.seq FROM teahouse_message m WHERE m.id BETWEEN %(low)s AND %(high)s"
        " AND m.deleted_at IS NOT NULL AND (m.text <> '' OR m.html IS NOT NULL OR m.digest IS NOT NULL)",
        "message {0}: it is deleted, and its text is there",
    ),
    Check(
        "messages",
        "SELECT m.id, n.seq FROM teahouse_mention n JOIN teahouse_message m ON m.id = n.message_id"
        " WHERE m.id BETWEEN %(low)s AND %(high)s"
        " AND (n.seq <> m.seq OR n.room_id <> m.room_id OR m.deleted_at IS NOT NULL)",
        "message {0}: a mention of it says number {1}, or another room, or that it is not deleted",
    ),
    Check(
        "messages",
        "SELECT m.id, r.id FROM teahouse_revision r JOIN teahouse_message m ON m.id = r.message_id"
        " WHERE m.id BETWEEN %(low)s AND %(high)s AND (m.deleted_at IS NOT NULL OR m.edited_at IS NULL)",
        "message {0}: it is deleted or was never edited, and earlier text {1} of it is there",
    ),
    Check(
        "messages",
        "SELECT m.id, m.reply_id FROM teahouse_message m LEFT JOIN teahouse_message q"
        " ON q.id = m.reply_id AND q.room_id = m.room_id AND q.seq < m.seq"
        " WHERE m.id BETWEEN %(low)s AND %(high)s AND m.reply_id IS NOT NULL AND q.id IS NULL",
        "message {0}: it replies to {1}, which is no earlier message of its room",
    ),
    Check(
        "messages",
        "SELECT m.id, m.thread_id FROM teahouse_message m LEFT JOIN teahouse_message q"
        " ON q.id = m.thread_id AND q.room_id = m.room_id AND q.seq < m.seq AND q.thread_id IS NULL"
        " WHERE m.id BETWEEN %(low)s AND %(high)s AND m.thread_id IS NOT NULL AND q.id IS NULL",
        "message {0}: it is in the thread of {1}, which is no earlier message of its room, or in a thread itself",
    ),
    Check(
        "messages",
        "SELECT m.id, t.count FROM teahouse_message m JOIN teahouse_thread t ON t.root_id = m.id"
        " WHERE m.id BETWEEN %(low)s AND %(high)s AND t.count <> (SELECT count(*) FROM teahouse_message s"
        " WHERE s.thread_id = m.id AND s.deleted_at IS NULL)",
        "message {0}: its thread is said to have {1} messages, and has not so many",
    ),
    Check(
        "messages",
        "SELECT m.id, k.read FROM teahouse_message m JOIN teahouse_threadmark k ON k.root_id = m.id"
        " JOIN teahouse_room r ON r.id = m.room_id WHERE m.id BETWEEN %(low)s AND %(high)s AND k.read > r.seq",
        "message {0}: somebody has read its thread up to {1}, which was not said yet",
    ),
    Check(
        "events",
        "SELECT e.seq, e.room_id FROM teahouse_event e LEFT JOIN teahouse_message m"
        " ON m.id = e.subject AND m.room_id = e.room_id"
        " WHERE e.room_id = %(room)s AND e.seq BETWEEN %(low)s AND %(high)s"
        " AND e.kind IN ('message', 'deleted', 'reactions', 'thread') AND m.id IS NULL",
        "event {0} of room number {1}: its message is not there",
    ),
    Check(
        "events",
        "SELECT e.seq, e.room_id FROM teahouse_event e LEFT JOIN teahouse_customevent c"
        " ON c.id = e.subject AND c.room_id = e.room_id AND c.seq = e.seq"
        " WHERE e.room_id = %(room)s AND e.seq BETWEEN %(low)s AND %(high)s AND e.kind = 'custom' AND c.id IS NULL",
        "event {0} of room number {1}: what it says is not there",
    ),
)


@dataclass
class Found:
    """What an audit found. `wrong` names the first of each kind; `count` is how many there are."""

    rooms: int = 0
    messages: int = 0
    events: int = 0
    waiting: int = 0  # Of the outbox: said, and not numbered yet.
    count: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, check: Check, rows: Sequence[Sequence[Any]], before: int) -> None:
        """`before`: how many of the same kind were found already."""
        self.wrong += [check.wrong.format(*row) for row in rows[: max(0, SHOWN - before)]]
        self.count += len(rows)


def audit(progress: Progress = lambda done, of: None) -> Found:
    """Looks at everything."""
    connection = database.connection()
    with database.one_moment(connection), connection.cursor() as cursor:
        found = Found()
        for name in ("rooms", "messages", "events", "waiting"):
            cursor.execute(COUNTS[name])
            setattr(found, name, cursor.fetchone()[0])
        _look_at_the_file(cursor, connection, found)
        done, total = 0, sum(getattr(found, check.rows) for check in CHECKS)
        progress(0, total)
        for check in CHECKS:
            before = found.count
            for span, rows in _spans(cursor, check.rows):
                cursor.execute(check.statement, span)
                found.add(check, cursor.fetchall(), found.count - before)
                done += rows
                progress(min(done, total), total)
    return found


COUNTS: Final = {
    "rooms": "SELECT count(*) FROM teahouse_room",
    "messages": "SELECT count(*) FROM teahouse_message",
    "events": "SELECT count(*) FROM teahouse_event",
    "waiting": "SELECT count(*) FROM teahouse_outbox",
}


def _look_at_the_file(cursor: Any, connection: BaseDatabaseWrapper, found: Found) -> None:
    """What SQLite can say of its own file. PostgreSQL keeps foreign keys by itself."""
    if connection.vendor != "sqlite":
        return
    cursor.execute("PRAGMA quick_check(5)")
    damage = [row[0] for row in cursor.fetchall() if row[0] != "ok"]
    cursor.execute("PRAGMA foreign_key_check")
    strays = cursor.fetchall()
    found.wrong += [f"the file is damaged: {line}" for line in damage]
    found.wrong += [
        f"{table}: row {row} refers to nothing in {parent}" for table, row, parent, _ in strays[:SHOWN]
    ]
    found.count += len(damage) + len(strays)


def _spans(cursor: Any, rows: str) -> Iterator[tuple[dict[str, int], int]]:
    """Pieces of a table: what to fill into a statement, and about how many rows that is."""
    if rows == "events":
        cursor.execute("SELECT id, seq FROM teahouse_room ORDER BY id")
        for room, head in cursor.fetchall():
            for low in range(1, head + 1, SLICE):
                yield {"room": room, "low": low, "high": low + SLICE - 1}, min(SLICE, head + 1 - low)
        return
    cursor.execute(f"SELECT min(id), max(id) FROM teahouse_{rows[:-1]}")  # noqa: S608  One of two names.
    first, last = cursor.fetchone()
    for low in range(first or 0, (last or -1) + 1, SLICE):
        yield {"low": low, "high": low + SLICE - 1}, min(SLICE, last + 1 - low)
