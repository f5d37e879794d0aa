"""Which thread touches the database: one writer, a few readers, each with a connection of its own.

In a process that serves, every write goes through the one writer (SQLite takes one writer at a time, and the
group commit wants all of them). In any other process, and in a transaction of the caller's, `write` runs where it is
called.
"""

from __future__ import annotations

import asyncio
import select
import threading
from collections.abc import Callable, Collection, Hashable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any, Final, TypeVar

from django.db import InterfaceError, OperationalError, connections, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from teahouse.models import Message

T = TypeVar("T")
READERS: Final = 4


def alias() -> str:
    """The database that holds Teahouse's tables, as the project's router says."""
    return router.db_for_write(Message)


def connection() -> BaseDatabaseWrapper:
    """The calling thread's connection to it."""
    return connections[alias()]


class _Known(threading.local):
    state: object = None
    what: dict[Hashable, Any]


_known = _Known()


def known() -> dict[Hashable, Any]:
    """What the calling thread has put into it since anybody last committed anything: what it read there is what it
    would read now. Empty after each commit, and always where the database does not tell, or in a transaction.

    SQLite tells it with a look at the head of its log, in a tenth of what the shortest query takes. It is the answer
    to a question to the database, not a guess: other processes' commits count as well.
    """
    state = _state()
    if state is None or state != _known.state:
        _known.state, _known.what = state, {}
    return _known.what


def known_during(request: object) -> dict[Hashable, Any]:
    """`known`, asked once for all of one answer that only reads: it is of one moment then, the first question's."""
    found: dict[Hashable, Any] | None = getattr(request, "_teahouse_known", None)
    if found is None:
        found = known()
        request._teahouse_known = found  # type: ignore[attr-defined]
    return found


def _state() -> object:
    """Another one than before as soon as anybody has committed, or None."""
    database = connection()
    if database.vendor != "sqlite" or database.in_atomic_block:
        return None
    database.ensure_connection()
    with database.wrap_database_errors:
        version = database.connection.execute("PRAGMA data_version").fetchone()
    # The version says nothing of what the connection wrote itself, and is the connection's own.
    return (database.connection, version, database.connection.total_changes)


def in_bulk(rows: Any, keys: Collection[Any]) -> dict[Any, Any]:
    """`rows.in_bulk(keys)`, of a manager or query of any database, on a connection that is open: Django 6.0 asks SQLite
    for its limits before it connects, and fails (mended in a later 6.0)."""
    if not keys:
        return {}
    connections[rows.db].ensure_connection()
    found: dict[Any, Any] = rows.in_bulk(keys)
    return found


@contextmanager
def one_moment(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """All statements inside see the same state. Writers go on meanwhile, and SQLite's log grows."""
    if connection.vendor == "sqlite":
        # Not `atomic`: it would begin to write (BEGIN IMMEDIATE), and hold up the server.
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")
        return
    with transaction.atomic(using=connection.alias):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


class Unavailable(Exception):
    """The database could not be reached, or the connection died. Nothing is known of what was under way."""


def ping() -> None:
    """Asks the database for a sign of life."""
    with connection().cursor() as cursor:
        cursor.execute("SELECT 1")


def checked(run: Callable[[], T]) -> T:
    """Runs `run`; a connection that broke, now or since its last use, makes way for a new one.

    Raises:
        Unavailable: the database cannot be reached, or broke off.
    """
    database = connection()
    try:
        reach(database)
        return run()
    except (OperationalError, InterfaceError) as error:
        if not database.in_atomic_block:
            database.close_if_unusable_or_obsolete()
            if database.connection is None:
                _check_idle(database)
        raise Unavailable(str(error)) from error


def reach(database: BaseDatabaseWrapper) -> None:
    """Connects the calling thread where it is not connected, or its connection was ended while nothing was asked.

    Raises:
        OperationalError: the database cannot be reached.
    """
    if _has_ended(database):
        database.close()
    if database.connection is None:
        _check_idle(database)
        database.ensure_connection()


def check_if_ended(database: BaseDatabaseWrapper) -> None:
    """Looks at the pool's idle connections where this one has ended: for who is about to connect anew."""
    if _has_ended(database):
        _check_idle(database)


def _check_idle(database: BaseDatabaseWrapper) -> None:
    """What ended one connection has mostly ended the idle ones of the pool too. Who gets one of them notices, but the
    pool then waits a second before it gives another, and two after that."""
    pool = getattr(database, "pool", None)
    if pool is not None and not pool.closed:
        pool.check()


def _has_ended(database: BaseDatabaseWrapper) -> bool:
    """Whether PostgreSQL ended an idle connection (a restart, an administrator, a proxy's time-out).

    Nothing else makes it readable while nothing was asked. Looking costs a microsecond, a query a round trip.
    """
    if database.vendor != "postgresql" or database.connection is None:
        return False
    if database.connection.closed:
        return True
    poll = select.poll()
    poll.register(database.connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _read(read: Callable[[], T]) -> T:
    """`checked`, and once more on a new connection if the old one broke under it: reading twice changes nothing."""
    was_connected = connection().connection is not None
    try:
        return checked(read)
    except Unavailable:
        if not was_connected:
            raise
        return checked(read)


class Readers:
    """A few threads that read, so that the event loop never waits for the database."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(READERS, "teahouse-reader")

    async def run(self, read: Callable[[], T]) -> T:
        """The result of `read`, run on a reader thread.

        Raises:
            Unavailable: the database cannot be reached.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, copy_context().run, _read, read)

    def close(self) -> None:
        """Ends the threads and closes their connections."""
        close_threads(self._pool, READERS)


def close_threads(pool: ThreadPoolExecutor, threads: int) -> None:
    """Ends a pool of so many threads, each of which closes its connection: SQLite puts its log into the database file
    behind the last one."""
    # Each waits for the others, so that no thread takes two.
    everyone = threading.Barrier(threads)
    for _ in range(threads):
        pool.submit(_close_connections, everyone)
    pool.shutdown()


def _close_connections(everyone: threading.Barrier) -> None:
    everyone.wait()
    connections.close_all()


class Writer:
    """What `write` needs of the journal's thread: it runs a function between two commits."""

    def call(self, run: Callable[[], T]) -> Future[T]:
        raise NotImplementedError


_writer: Writer | None = None
_writer_thread: threading.Thread | None = None


def serve_writes(writer: Writer | None, thread: threading.Thread | None) -> None:
    """From now on `write` goes through `writer`, whose thread is `thread`; None ends that."""
    global _writer, _writer_thread
    _writer, _writer_thread = writer, thread


def on_writer() -> bool:
    """Whether the calling thread is the one writer, for which everybody waits."""
    return threading.current_thread() is _writer_thread


def write(run: Callable[[], T]) -> T:
    """Runs a write on the one writer of this process and waits; where none serves here, runs it at once.

    So in a transaction that the caller holds on this database, as each view is with `ATOMIC_REQUESTS`: on SQLite, and
    on PostgreSQL for a row that the caller has written, the writer would wait for the caller, who waits for the writer,
    and everybody for both. It is part of that transaction then: what others are told of it, they are after the commit.

    Raises:
        Unavailable: the database cannot be reached, on the writer.
    """
    if _writer is None or on_writer() or connection().in_atomic_block:
        return run()
    return _writer.call(run).result()


async def awrite(run: Callable[[], T]) -> T:
    """`write` for the event loop.

    Raises:
        Unavailable: the database cannot be reached.
    """
    if _writer is None:
        return await asyncio.get_running_loop().run_in_executor(None, checked, run)
    return await asyncio.wrap_future(_writer.call(run))
