"""The only code that numbers and stores events. In: entries from `actions/`. Out, after the commit and only then,
from one place and in order: the own hub, the acknowledgements, the bus (`live/runtime.py` wires them).

Group commit: one thread takes all that waits and stores it in one transaction. Rooms are locked in id order, keys
looked up, numbers taken, message and event rows written. A batch never fails for its neighbours.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final, TypeVar

from django.db import DatabaseError, DataError, InterfaceError, OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from teahouse import database, talks
from teahouse.entries import (
    Change,
    Commit,
    Entry,
    LockedRoom,
    Say,
    Settled,
    Stale,
    Stored,
    Transaction,
)
from teahouse.events import MessageState
from teahouse.live.counts import Times
from teahouse.live.protocol import Problem
from teahouse.render import RENDER_VERSION
from teahouse.store import Row, Sql

__all__ = [
    "Change", "Commit", "Entry", "Journal", "LockedRoom", "Say", "Settled", "Stale", "Stored", "Transaction",
    "digest_of",
]  # fmt: skip

T = TypeVar("T")
log = logging.getLogger("teahouse.journal")

BATCH: Final = 512
WAITING: Final = 20_000
"""Entries that may wait before new ones are refused as `busy`."""

SQLITE_PAUSE: Final = 0.001
SQLITE_SHARE: Final = 0.2
"""The file is left free after a commit when more waits, for a millisecond or this share of the time that the commit
took: SQLite's busy handler only polls, in the end every 0.1 s, so a tight writer starves other processes (a command,
an outbox post) for seconds."""

UNKNOWN_OUTCOME: Final = "The database did not answer; it may be stored or not. Repeat it with the same key."
KEY_REUSED: Final = (
    "This key was used here with another text. A repeat has the same text, a new message a new key."
)


def digest_of(text: str) -> int:
    """8 bytes of BLAKE2b as a signed integer: what tells a repeat from a key used twice."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


class _Batch:
    """One transaction's worth of entries: `run` stores them and leaves an outcome for each."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries
        self.outcomes: list[Any] = []
        self.commit = Commit()
        self.at: Entry | None = None  # The entry that is being carried out, or at which it failed.

    def run(self) -> None:
        """Stores the batch in a transaction of its own, or raises and has stored nothing that is known of."""
        connection = database.connection()
        self._sql = Sql(connection)
        self.outcomes = []
        self._messages: list[Row] = []
        self._mentions: list[Row] = []
        with transaction.atomic(using=connection.alias, durable=True):
            ids = sorted({room for entry in self.entries for room in entry.rooms})
            try:
                tx = self._write(ids)
            except (OperationalError, InterfaceError):
                database.check_if_ended(connection)  # Django connects anew as it leaves the transaction.
                raise
        self.commit = Commit(tx.events, tx.heads)

    def _write(self, ids: Sequence[int]) -> Transaction:
        self._tx = tx = Transaction({row[0]: LockedRoom(*row) for row in self._sql.lock_rooms(ids)})
        self._carry_out()
        self._sql.insert_messages(self._messages)
        self._sql.insert_mentions(self._mentions)
        if tx.talks:
            talks.settle(self._sql, tx)
        self._sql.insert_events(tx.rows)
        if moved := tx.moved():
            self._sql.move_heads(moved)
        return tx

    def _carry_out(self) -> None:
        says = [entry for entry in self.entries if isinstance(entry, Say)]
        keys = [(say.room, say.by["id"], say.key) for say in says]
        self._known = {row[:3]: row[3:] for row in self._sql.known_keys(keys)} if keys else {}
        self._ids: Iterator[int] = iter(self._sql.message_ids(len(says)) if says else ())
        outbox = [say.outbox for say in says if say.outbox is not None and say.rights is None]
        self._from_outbox = self._sql.take_outbox(outbox) if outbox else set()
        for entry in self.entries:
            self.at = entry
            try:
                outcome = self._say(entry) if isinstance(entry, Say) else entry.apply(self._tx)
            except (Problem, Stale) as refused:
                outcome = refused
            self.outcomes.append(outcome)
        self.at = None

    def _say(self, say: Say) -> Stored | None:
        if say.outbox is not None and not self._takes(say, say.outbox):
            return None  # Another process has moved it.
        digest = digest_of(say.text)
        key = (say.room, say.by["id"], say.key)
        if (before := self._known.get(key)) is not None:
            message, seq, said = before
            if said is not None and said != digest:
                raise Problem("key_reused", KEY_REUSED)
            return Stored(message, seq, repeated=True)
        tx = self._tx
        if say.room not in tx.rooms or (say.rights is not None and say.rights != tx.rooms[say.room].rights):
            raise Stale
        message, seq = next(self._ids), tx.number(say.room)
        state: MessageState = {
            "id": message, "key": say.key, "seq": seq, "at": tx.at, "by": say.by, "text": say.text,
        }  # fmt: skip
        if say.html is not None:
            state["html"] = say.html
        if say.reply is not None:
            state["reply"] = say.reply
        if say.root is not None:
            state["root"] = {"id": say.root.id, "seq": say.root.seq}
            talks.said(tx, say, message, seq)
        tx.about_message(say.room, seq, "message", say.by, state)
        self._known[key] = (message, seq, digest)
        renderer = RENDER_VERSION if say.html is not None else 0
        reply = say.reply["id"] if say.reply is not None else None
        root = say.root.id if say.root is not None else None
        self._messages.append(
            (message, *key, digest, seq, seq, tx.now, say.text, say.html, renderer, reply, root)
        )
        for person, personal in say.mentions:
            self._mentions.append((person, say.room, message, seq))
            more = {"about": tx.rooms[say.room].slug, "message": {"id": message, "seq": seq}}
            tx.about_room(personal, "mention", say.by, more, subject=message)
        if say.replied is not None and say.replied not in say.mentions:
            more = {"about": tx.rooms[say.room].slug, "message": {"id": message, "seq": seq}}
            tx.about_room(say.replied[1], "reply", say.by, more, subject=message)
        return Stored(message, seq)

    def _takes(self, say: Say, row: int) -> bool:
        """Whether the row of the outbox was still there. Said under rights that have changed, it stays there."""
        if say.rights is None:
            return row in self._from_outbox
        if say.room in self._tx.rooms and say.rights != self._tx.rooms[say.room].rights:
            raise Stale
        return bool(self._sql.take_outbox([row]))


@dataclass(slots=True)
class _Call:
    run: Callable[[], Any]
    future: Future[Any]


class Journal(database.Writer):
    """The writer thread. `settled(commit, outcomes)` is called on that thread after each commit, in order."""

    def __init__(self, settled: Callable[[Commit, Settled], None]) -> None:
        self._settled = settled
        self._queue: queue.SimpleQueue[tuple[Entry, Callable[[Any], None]] | _Call | None] = (
            queue.SimpleQueue()
        )
        self.thread = threading.Thread(target=self._work, name="teahouse-writer", daemon=True)
        self.commits = Times()  # Of transactions, also of those that failed.
        self.entries = 0  # Carried out in them.
        self._ends = threading.Lock()
        self._ended = False

    def start(self) -> None:
        self.thread.start()
        database.serve_writes(self, self.thread)

    def stop(self) -> None:
        """Stores what waits, then ends the thread. Blocks until then."""
        database.serve_writes(None, None)
        with self._ends:
            self._ended = True
            self._queue.put(None)
        self.thread.join()

    def submit(self, entry: Entry, done: Callable[[Any], None]) -> None:
        """Stores `entry` with the next commit; `done(outcome)` is called where `settled` calls it.

        Raises:
            Problem: `busy`, too much waits already.
        """
        if self._queue.qsize() > WAITING:
            raise Problem("busy", "Too much waits to be stored; repeat in a second.", retry=True, after=1.0)
        self._queue.put((entry, done))

    def call(self, run: Callable[[], T]) -> Future[T]:
        """Runs a function on the writer's thread, between two commits; where that has ended meanwhile, at once."""
        future: Future[T] = Future()
        call = _Call(run, future)
        with self._ends:
            if not self._ended:
                self._queue.put(call)
                return future
        # Behind the end nobody would look at it, and who waits for it would keep the process.
        self._run(call)
        return future

    @property
    def waiting(self) -> int:
        return self._queue.qsize()

    def _work(self) -> None:
        try:
            connection = database.connection()
            if connection.vendor == "sqlite":
                _lock_before_reading_and_sync(connection)
            while self._work_once():
                if connection.vendor == "sqlite" and not self._queue.empty():
                    time.sleep(max(SQLITE_PAUSE, SQLITE_SHARE * (time.monotonic() - self._busy_since)))
        finally:
            connections.close_all()

    def _work_once(self) -> bool:
        entries: list[tuple[Entry, Callable[[Any], None]]] = []
        item = self._queue.get()
        self._busy_since = time.monotonic()
        while True:
            if isinstance(item, tuple):
                entries.append(item)
            else:
                self._store(entries)
                entries = []
                if item is None:
                    return False
                self._run(item)
            if len(entries) == BATCH or self._queue.empty():
                break
            item = self._queue.get()
        self._store(entries)
        return True

    def _run(self, call: _Call) -> None:
        if not call.future.set_running_or_notify_cancel():
            return  # Who asked has gone; an answer would raise here, and end the writer.
        try:
            call.future.set_result(database.checked(call.run))
        except BaseException as error:  # noqa: BLE001  It belongs to whoever waits for the call.
            call.future.set_exception(error)

    def _store(self, entries: list[tuple[Entry, Callable[[Any], None]]]) -> None:
        if not entries:
            return
        began = time.perf_counter()
        for outcomes, commit in _stored([entry for entry, _ in entries]):
            self.commits.add(time.perf_counter() - began)
            self.entries += len(outcomes)
            dones = [done for _, done in entries[: len(outcomes)]]
            entries = entries[len(outcomes) :]
            try:
                self._settled(commit, list(zip(dones, outcomes, strict=True)))
            except Exception:
                # Without the writer every later sender would wait for ever.
                log.exception("What was stored could not be told; the sweep and repeats tell it later")
            began = time.perf_counter()


def _lock_before_reading_and_sync(connection: BaseDatabaseWrapper) -> None:
    """BEGIN IMMEDIATE: a transaction that reads before it writes fails at once if another process wrote in between.
    And `synchronous=FULL`: what is acknowledged survives a loss of power (P1).

    Said in this thread's settings, whatever the project's are: Django reads them whenever it connects.
    """
    options = {**connection.settings_dict["OPTIONS"], "transaction_mode": "IMMEDIATE"}
    options["init_command"] = f"{options.get('init_command') or ''};PRAGMA synchronous=FULL"
    connection.settings_dict = {**connection.settings_dict, "OPTIONS": options}


def _stored(entries: Sequence[Entry]) -> Iterator[tuple[list[Any], Commit]]:
    """Outcomes and commit of the whole batch; where it fails as a whole, of each entry alone."""
    batch = _Batch(entries)
    try:
        _twice_if_broken(batch)
        yield batch.outcomes, batch.commit
    except Exception as error:  # noqa: BLE001  Whatever it is, it is answered, and logged by `_why_not`.
        if len(entries) > 1 and _is_of_one_entry(batch, error):
            for entry in entries:
                yield from _stored([entry])
            return
        yield [_why_not(error, entries)] * len(entries), Commit()


def _is_of_one_entry(batch: _Batch, error: Exception) -> bool:
    """Whether the others might be stored without the one that failed: it was not the database as a whole."""
    if isinstance(error, OperationalError | InterfaceError):
        # Such as a statement's time-out, on a connection that still answers.
        return batch.at is not None and database.connection().is_usable()
    return True


def _twice_if_broken(batch: _Batch) -> None:
    """Runs the batch; if the connection dies, once more on a new one.

    When it died during COMMIT nobody knows whether that took effect. The second run knows: it waits for the
    rooms' locks, so for the end of the first, and finds the keys of what was stored. Changes look at the state
    before they change it, so they are safe to repeat as well.

    Where there is no connection to be had, that was waited for once, and is not tried again.
    """
    connection = database.connection()
    database.reach(connection)
    try:
        batch.run()
    except (OperationalError, InterfaceError) as error:
        if connection.connection is None:
            raise  # Django has tried to connect anew, as it left the transaction.
        log.warning("The connection broke while storing, once more: %s", error)
        connection.close()
        database.reach(connection)
        batch.run()


def _why_not(error: Exception, entries: Sequence[Entry]) -> Problem:
    if isinstance(error, OperationalError | InterfaceError):
        log.error("The database does not answer: %s", error)
        return Problem("unavailable", UNKNOWN_OUTCOME, retry=True, after=1.0)
    # Not what was said: that is nobody's business who reads the logs.
    log.error("A %s for rooms %s failed", type(entries[0]).__name__, entries[0].rooms, exc_info=error)
    if isinstance(error, DataError):
        return Problem("invalid", f"The database cannot store this: {error}")
    if isinstance(error, DatabaseError):
        return Problem("unavailable", UNKNOWN_OUTCOME, retry=True, after=1.0)
    return Problem(
        "unavailable", "The server made an error and has logged it; it was not stored.", retry=True, after=5.0
    )
