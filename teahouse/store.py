"""The journal's SQL, by hand because it is the hot path: both databases through Django's connection.

In: a batch of entries and an open transaction. Out: rows, and for each entry its outcome.
Measured: `executemany` stores a message with its event in a quarter of the time that the ORM takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from teahouse.models import Event, Mention, Message, Outbox, Room, Thread, ThreadMark

MESSAGE = Message._meta.db_table
EVENT = Event._meta.db_table
ROOM = Room._meta.db_table
MENTION = Mention._meta.db_table
OUTBOX = Outbox._meta.db_table
THREAD = Thread._meta.db_table
THREAD_MARK = ThreadMark._meta.db_table

Row = tuple[Any, ...]


def _marks(count: int, of: int = 1) -> str:
    one = "%s" if of == 1 else f"({', '.join(['%s'] * of)})"
    return ", ".join([one] * count)


class Sql:
    """Statements on one connection, inside the caller's transaction."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection
        self._postgres = connection.vendor == "postgresql"

    def lock_rooms(self, ids: Sequence[int]) -> list[Row]:
        """(id, slug, epoch, seq, rights) of the rooms, locked in id order.

        On PostgreSQL `NO KEY`: a host's open transaction with an outbox row holds a key share lock on the
        room's row, and must not make anyone wait (P9). On SQLite BEGIN IMMEDIATE has locked everything.
        """
        if not ids:
            return []
        lock = " FOR NO KEY UPDATE" if self._postgres else ""
        return self._select(
            f"SELECT id, slug, epoch, seq, rights FROM {ROOM} WHERE id IN ({_marks(len(ids))}) ORDER BY id{lock}",
            ids,
        )

    def known_keys(self, keys: Sequence[tuple[int, int, str]]) -> list[Row]:
        """(room, person, key, id, seq, digest) of those (room, person, key) that are there already.

        A cross join, because SQLite keeps its order: each key is looked up in the unique index. For the same with
        `IN (VALUES …)` it reads the whole table.
        """
        return self._select(
            f"WITH wanted (room, person, key) AS (VALUES {_marks(len(keys), 3)})"
            f" SELECT m.room_id, m.person_id, m.key, m.id, m.seq, m.digest FROM wanted CROSS JOIN {MESSAGE} m"
            " WHERE m.room_id = wanted.room AND m.person_id = wanted.person AND m.key = wanted.key",
            [part for key in keys for part in key],
        )

    def message_ids(self, count: int) -> Iterable[int]:
        """Ids for new messages, growing in the order given."""
        if self._postgres:
            rows = self._select(
                "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
                [MESSAGE, count],
            )
            return sorted(row[0] for row in rows)
        rows = self._select("SELECT seq FROM sqlite_sequence WHERE name = %s", [MESSAGE])
        last = rows[0][0] if rows else 0
        return range(last + 1, last + count + 1)

    def take_outbox(self, ids: Sequence[int]) -> set[int]:
        """Deletes outbox rows; those that were still there."""
        return {
            row[0]
            for row in self._select(
                f"DELETE FROM {OUTBOX} WHERE id IN ({_marks(len(ids))}) RETURNING id", ids
            )
        }

    def insert_messages(self, rows: Sequence[Row]) -> None:
        """(id, room, person, key, digest, seq, rev, at, text, html, renderer, reply, thread)"""
        self._insert(
            MESSAGE,
            "id, room_id, person_id, key, digest, seq, rev, at, text, html, renderer, reply_id, thread_id",
            rows,
            times=(7,),
        )

    def insert_events(self, rows: Sequence[Row]) -> None:
        """(room, seq, kind, subject, detail, by, at)"""
        self._insert(EVENT, "room_id, seq, kind, subject, detail, by_id, at", rows, times=(6,))

    def insert_mentions(self, rows: Sequence[Row]) -> None:
        """(person, room, message, seq)"""
        self._insert(MENTION, "person_id, room_id, message_id, seq", rows)

    def threads(self, roots: Sequence[int]) -> list[Row]:
        """(root, count, people) of those threads in which something was said before."""
        return self._select(
            f"SELECT root_id, count, people FROM {THREAD} WHERE root_id IN ({_marks(len(roots))})", roots
        )

    def put_threads(self, rows: Sequence[Row]) -> None:
        """(root, count, last, seq, at, people)"""
        columns = ("count", "last", "seq", "at", "people")
        replaced = ", ".join(f"{column} = excluded.{column}" for column in columns)
        self._insert(
            THREAD,
            f"root_id, {', '.join(columns)}",
            rows,
            times=(4,),
            conflict=f" ON CONFLICT (root_id) DO UPDATE SET {replaced}",
        )

    def put_thread_marks(self, rows: Sequence[Row]) -> None:
        """(person, root, read); who has a mark keeps it."""
        self._insert(
            THREAD_MARK,
            "person_id, root_id, read",
            rows,
            conflict=" ON CONFLICT (person_id, root_id) DO NOTHING",
        )

    def move_revs(self, rows: Sequence[tuple[int, int]]) -> None:
        """(rev, message)"""
        with self._connection.cursor() as cursor:
            cursor.executemany(f"UPDATE {MESSAGE} SET rev = %s WHERE id = %s", rows)

    def move_heads(self, rows: Sequence[tuple[int, int]]) -> None:
        """(seq, room)"""
        with self._connection.cursor() as cursor:
            cursor.executemany(f"UPDATE {ROOM} SET seq = %s WHERE id = %s", rows)

    def _select(self, sql: str, parameters: Sequence[Any]) -> list[Row]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            rows: list[Row] = cursor.fetchall()
            return rows

    def _insert(
        self,
        table: str,
        columns: str,
        rows: Sequence[Row],
        times: tuple[int, ...] = (),
        conflict: str = "",
    ) -> None:
        if not rows:
            return
        if times:
            rows = self._adapted(rows, times)
        with self._connection.cursor() as cursor:
            cursor.executemany(
                f"INSERT INTO {table} ({columns}) VALUES ({_marks(columns.count(',') + 1)}){conflict}", rows
            )

    def _adapted(self, rows: Sequence[Row], times: tuple[int, ...]) -> list[Row]:
        """The rows with their times as the database wants them; those of a batch are nearly always one and the same."""
        known: dict[Any, Any] = {None: None}
        adapted = []
        for row in rows:
            values = list(row)
            for place in times:
                at = values[place]
                if at not in known:
                    known[at] = self._connection.ops.adapt_datetimefield_value(at)
                values[place] = known[at]
            adapted.append(tuple(values))
        return adapted
