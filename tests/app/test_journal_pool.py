"""The journal on PostgreSQL with a pool, as the program has one: connections that were cut keep nobody waiting."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connections

from teahouse import history
from teahouse.journal import Change, Stored, Transaction
from teahouse.models import Person, Room
from tests.app.conftest import Database, use
from tests.app.proxy import Proxy, proxy
from tests.app.recording import person, recording, say
from tests.services import Postgres


@contextmanager
def pooled(settings: dict[str, Any], timeout: float) -> Iterator[Any]:
    """The database `default` has a pool that gives up after so many seconds."""
    pool = {"min_size": 0, "max_size": 8, "timeout": timeout, "reconnect_timeout": 5}
    before = use({**settings, "CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True, "OPTIONS": {"pool": pool}})
    try:
        yield connections["default"].pool  # type: ignore[attr-defined]
    finally:
        connections["default"].close()
        connections["default"].close_pool()  # type: ignore[attr-defined]
        use(before)


@pytest.fixture
def tea(postgres: Database) -> Room:
    return Room.objects.create(slug="tea", title="Tea")


@pytest.fixture
def alice(postgres: Database) -> Person:
    return person("Alice")


@pytest.fixture
def cut(postgres: Database, postgres_server: Postgres) -> Callable[[], int]:
    """Ends every connection to the database; how many there were."""
    return lambda: postgres_server.disconnect(postgres_server.url_of(postgres.settings["NAME"]))


def leave_idle(count: int) -> None:
    """So many connections are in the pool, as after pages that were asked for at once."""
    everyone = threading.Barrier(count)

    def borrow() -> None:
        connections["default"].ensure_connection()
        everyone.wait(20)
        connections["default"].close()

    threads = [threading.Thread(target=borrow) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_what_is_said_after_all_connections_were_cut_is_stored(
    postgres: Database, tea: Room, alice: Person, cut: Callable[[], int]
) -> None:
    with pooled(postgres.settings, timeout=3), recording() as journal:
        assert journal.one(say(tea, alice, "a")).seq == 1
        leave_idle(4)
        assert cut() >= 5
        # Each idle one that a pool finds broken makes it wait; with two of them its time is over.
        outcome = journal.one(say(tea, alice, "b"))
        assert isinstance(outcome, Stored), outcome
        assert outcome.seq == 2


def test_what_is_being_stored_when_all_connections_are_cut_is_stored(
    postgres: Database, tea: Room, alice: Person, cut: Callable[[], int]
) -> None:
    left = [cut]

    def apply(tx: Transaction) -> int:
        seq = tx.about_room(tea.pk, "closed", history.who(alice))
        if left:
            assert left.pop()() >= 5
        return seq

    with pooled(postgres.settings, timeout=3), recording() as journal:
        assert journal.one(say(tea, alice, "a")).seq == 1
        leave_idle(4)
        assert journal.one(Change((tea.pk,), apply)) == 2


@pytest.fixture
def way(postgres: Database) -> Iterator[Proxy]:
    with proxy(postgres.settings["PORT"]) as made:
        yield made


def test_a_database_that_is_away_is_waited_for_once(
    postgres: Database, tea: Room, alice: Person, way: Proxy
) -> None:
    with pooled({**postgres.settings, "PORT": way.port}, timeout=20) as pool, recording() as journal:
        assert journal.one(say(tea, alice, "a")).seq == 1
        pool.timeout = 0.3  # Not for the first, which is there.
        way.cut, way.refuse = "before", True
        asked = pool.get_stats()["requests_num"]
        assert journal.one(say(tea, alice, "b")).code == "unavailable"
        assert pool.get_stats()["requests_num"] == asked + 1, "once, behind the connection that broke"
        assert journal.one(say(tea, alice, "b")).code == "unavailable"
        assert pool.get_stats()["requests_num"] == asked + 2, "and once where there was none"
