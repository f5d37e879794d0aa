"""The journal's thread, connections that die under it, and SQLite's one writer."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, connections, transaction

from teahouse import database as databases
from teahouse import history
from teahouse import journal as journal_module
from teahouse.journal import Change, LockedRoom, Stored, Transaction
from teahouse.live.protocol import Problem
from teahouse.models import Person, Room
from tests.app.conftest import Database, use
from tests.app.proxy import Proxy, proxy
from tests.app.recording import Recording, check_numbered, failing, note_in, numbers, person, recording, say


class TestThread:
    def test_a_call_that_nobody_waits_for_any_more_does_not_end_the_writer(
        self, journal: Recording, tea: Room, alice: Person
    ) -> None:
        go = threading.Event()
        journal.hold(go)

        async def leave() -> None:
            waiting = asyncio.create_task(databases.awrite(lambda: None))
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting

        asyncio.run(leave())
        go.set()
        assert journal.one(say(tea, alice, "k")).seq == 1

    def test_a_call_that_comes_behind_the_end_is_carried_out(self, database: Database) -> None:
        """Whoever had looked whether there is a writer just before it ended waited for ever, and kept the process."""
        journal = journal_module.Journal(lambda commit, settled: None)
        journal.start()
        journal.stop()
        assert (
            journal.call(lambda: threading.current_thread().name).result(20)
            == threading.current_thread().name
        )

    def test_a_mistake_of_who_is_told_costs_no_later_message(
        self, journal: Recording, tea: Room, alice: Person, caplog: pytest.LogCaptureFixture
    ) -> None:

        def wrong(outcome: Any) -> None:
            raise RuntimeError("of who is told")

        journal.journal.submit(say(tea, alice, "told wrongly"), wrong)
        databases.write(lambda: None)  # Told by now.
        assert journal.one(say(tea, alice, "k")).seq == 2
        assert "could not be told" in caplog.text

    def test_a_call_gives_its_result_or_its_error(self, journal: Recording) -> None:
        assert databases.write(lambda: threading.current_thread().name) == "teahouse-writer"
        with pytest.raises(IntegrityError):
            databases.write(lambda: failing()(None))  # type: ignore[arg-type]
        assert databases.write(lambda: databases.write(lambda: 7)) == 7

    def test_in_a_transaction_of_the_callers_a_write_is_part_of_it(self, journal: Recording) -> None:
        """On the thread it would not see the row, and would wait for the caller as soon as it wrote."""
        with transaction.atomic():
            bot = Person.objects.create(kind="bot", name="Bo", name_key="bo")
            assert databases.write(Person.objects.filter(pk=bot.pk).delete)[0] == 1
            transaction.set_rollback(True)

    def test_what_waits_is_stored_before_the_thread_ends(
        self, database: Database, tea: Room, alice: Person
    ) -> None:
        outcomes: list[Any] = []
        with recording() as running:
            for n in range(50):
                running.journal.submit(say(tea, alice, f"k{n}"), outcomes.append)
        assert [outcome.seq for outcome in outcomes] == list(range(1, 51))
        assert databases.write(threading.current_thread) is threading.current_thread()

    def test_too_much_that_waits_is_refused_at_once(
        self, journal: Recording, tea: Room, alice: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(journal_module, "WAITING", 3)
        go = threading.Event()
        journal.hold(go)
        outcomes: list[Any] = []
        for n in range(4):
            journal.journal.submit(say(tea, alice, f"k{n}"), outcomes.append)
        with pytest.raises(Problem) as busy:
            journal.journal.submit(say(tea, alice, "k9"), outcomes.append)
        assert (busy.value.code, busy.value.retry, busy.value.after) == ("busy", True, 1.0)
        go.set()
        journal.journal.call(lambda: None).result(20)
        assert [outcome.seq for outcome in outcomes] == [1, 2, 3, 4]
        assert journal.one(say(tea, alice, "k9")).seq == 5


@contextmanager
def through(way: Proxy, settings: dict[str, Any]) -> Iterator[None]:
    """The database `default` is reached by this way."""
    before = use({**settings, "PORT": way.port})
    try:
        yield
    finally:
        use(before)


@pytest.fixture
def way(postgres: Database) -> Iterator[Proxy]:
    with proxy(postgres.settings["PORT"]) as made, through(made, postgres.settings):
        yield made


def terminating(tea: Room, by: Person, settings: dict[str, Any], times: int) -> Change:
    """A change that makes an event, and at its first `times` runs has its own connection ended from outside."""
    left = [times]

    def apply(tx: Transaction) -> int:
        seq = tx.about_room(tea.pk, "closed", history.who(by))
        if left[0]:
            left[0] -= 1
            with databases.connection().cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                (pid,) = cursor.fetchone()
            with psycopg.connect(
                host=settings["HOST"],
                port=settings["PORT"],
                dbname=settings["NAME"],
                user=settings["USER"],
                password=settings["PASSWORD"],
            ) as other:
                assert other.execute("SELECT pg_terminate_backend(%s)", [pid]).fetchone() == (True,)
        return seq

    return Change((tea.pk,), apply)


class TestLostConnections:
    """PostgreSQL's connection dies; SQLite has none that could."""

    @pytest.fixture
    def tea(self, postgres: Database) -> Room:
        return Room.objects.create(slug="tea", title="Tea")

    @pytest.fixture
    def alice(self, postgres: Database) -> Person:
        return person("Alice")

    def test_inside_the_transaction_all_is_stored_once_with_a_second_try(
        self, postgres: Database, tea: Room, alice: Person
    ) -> None:
        with recording() as journal:
            outcomes = journal.store(
                say(tea, alice, "a"), terminating(tea, alice, postgres.settings, 1), say(tea, alice, "b")
            )
            assert [outcomes[0].seq, outcomes[1], outcomes[2].seq] == [1, 2, 3]
            assert [event.seq for event in journal.events] == [1, 2, 3]
        check_numbered(tea)

    def test_twice_in_a_row_it_is_told_as_unknown_and_a_repeat_is_stored_once(
        self, postgres: Database, tea: Room, alice: Person
    ) -> None:
        with recording() as journal:
            outcomes = journal.store(say(tea, alice, "a"), terminating(tea, alice, postgres.settings, 2))
            assert [(o.code, o.retry, o.after) for o in outcomes] == [("unavailable", True, 1.0)] * 2
            assert "may be stored or not" in outcomes[0].message
            assert journal.one(say(tea, alice, "a")).seq == 1
        check_numbered(tea)

    def test_before_the_commit_reached_the_database(self, tea: Room, alice: Person, way: Proxy) -> None:
        with recording() as journal:
            journal.one(say(tea, alice, "first"))
            way.cut = "before"
            outcomes = journal.store(
                say(tea, alice, "a"), Change((tea.pk,), note_in(tea, alice)), say(tea, alice, "b")
            )
            assert way.cuts == 1
            assert [outcomes[0].seq, outcomes[1], outcomes[2].seq] == [2, 3, 4]
            assert not outcomes[0].repeated
            assert [event.seq for event in journal.events] == [1, 2, 3, 4]
        check_numbered(tea)

    def test_after_the_commit_took_effect_nothing_is_stored_twice(
        self, tea: Room, alice: Person, way: Proxy
    ) -> None:
        with recording() as journal:
            journal.one(say(tea, alice, "first"))
            way.cut = "after"
            outcomes = journal.store(say(tea, alice, "a"), say(tea, alice, "b"))
            assert way.cuts == 1
            assert [(o.seq, o.repeated) for o in outcomes] == [(2, True), (3, True)]
            # The hub has not got these two, but hears of the head, and reads what is missing.
            assert [event.seq for event in journal.events] == [1]
            assert journal.commits[-1].heads == {tea.pk: 3}
        assert numbers(tea) == [1, 2, 3]
        check_numbered(tea)

    def test_a_database_that_is_gone_is_told_at_once_and_used_again_when_it_is_back(
        self, tea: Room, alice: Person, way: Proxy
    ) -> None:
        with recording() as journal:
            journal.one(say(tea, alice, "first"))
            way.cut, way.refuse = "before", True
            outcomes = journal.store(*(say(tea, alice, f"k{n}") for n in range(5)))
            assert [o.code for o in outcomes] == ["unavailable"] * 5
            with pytest.raises(databases.Unavailable):
                databases.write(Room.objects.count)
            way.refuse = False
            assert [o.seq for o in journal.store(*(say(tea, alice, f"k{n}") for n in range(5)))] == [
                2,
                3,
                4,
                5,
                6,
            ]
            assert databases.write(Room.objects.count) == 1


class TestSQLite:
    @pytest.fixture
    def sqlite(
        self, sqlite_database: dict[str, Any], tmp_path: Any, django_db_blocker: Any
    ) -> Iterator[Database]:
        from tests.app.conftest import emptied

        yield from emptied(sqlite_database, tmp_path, django_db_blocker)

    def test_a_project_that_says_nothing_of_locks_gets_them_before_reading(self, sqlite: Database) -> None:
        before = use({**sqlite.settings, "OPTIONS": {"timeout": 20}})
        try:
            tea = Room.objects.create(slug="tea", title="Tea")

            def try_to_write(tx: Transaction) -> str:
                assert isinstance(tx.rooms[tea.pk], LockedRoom)  # Read, and nothing written yet.
                other = sqlite3.connect(sqlite.settings["NAME"], timeout=0, isolation_level=None)
                try:
                    other.execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError as error:
                    return str(error)
                finally:
                    other.close()
                return "could write"

            with recording() as journal:
                assert journal.one(Change((tea.pk,), try_to_write)) == "database is locked"
                connections["default"].close()
                assert journal.one(Change((tea.pk,), try_to_write)) == "database is locked"
        finally:
            use(before)

    @pytest.mark.parametrize("said", [None, "PRAGMA synchronous=OFF"])
    def test_what_is_acknowledged_is_on_the_disk_whatever_the_project_says(
        self, sqlite: Database, said: str | None
    ) -> None:
        def synchronous() -> int:
            with databases.connection().cursor() as cursor:
                return int(cursor.execute("PRAGMA synchronous").fetchone()[0])

        before = use(
            {**sqlite.settings, "OPTIONS": {"timeout": 20} | ({} if said is None else {"init_command": said})}
        )
        try:
            with recording():
                assert databases.write(synchronous) == 2, "FULL"
        finally:
            use(before)

    def test_another_process_gets_its_turn_while_the_journal_is_busy(self, sqlite: Database) -> None:
        tea, alice = Room.objects.create(slug="tea", title="Tea"), person("Alice")
        busy = threading.Event()
        outcomes: list[Any] = []
        with recording() as journal:

            def keep_busy() -> None:
                n = 0
                while not busy.is_set():
                    while journal.journal.waiting > 1500:  # More than two full batches always wait.
                        busy.wait(0.001)
                    for _ in range(500):
                        journal.journal.submit(say(tea, alice, f"k{n}", "x" * 200), outcomes.append)
                        n += 1

            thread = threading.Thread(target=keep_busy)
            thread.start()
            child = sqlite.child("-m", "tests.app.writer", "sqlite", "10")
            status = child.wait(100)
            busy.set()
            thread.join()
        assert status == 0, child.output()
        assert Person.objects.filter(kind="guest").count() == 10
        assert all(isinstance(outcome, Stored) for outcome in outcomes)
        assert len(outcomes) > 1000, "the journal was not busy"
        # Without the share that is left free, a write waits for the 20 s of SQLite's busy handler now and then.
        assert float(child.output().split()[-1]) < 15, child.output()
