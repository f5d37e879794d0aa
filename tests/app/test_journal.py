"""The journal as it runs: its thread, real commits, both databases. The outbox's part is in test_outbox.py."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from teahouse import history, resume
from teahouse import journal as journal_module
from teahouse.access import Speaker, room, speaker_of
from teahouse.actions import membership, messages, room_settings, rooms
from teahouse.journal import Change, Say, Stale, Stored, Transaction
from teahouse.live.protocol import Problem
from teahouse.models import Member, Mention, Message, Person, Room
from teahouse.store import Sql
from tests.app.conftest import Database
from tests.app.journals import stored
from tests.app.recording import Recording, check_numbered, failing, numbers, person, say


class TestNumbers:
    def test_many_who_speak_at_once_are_numbered_without_a_gap(
        self, journal: Recording, tea: Room, alice: Person
    ) -> None:
        out = Room.objects.create(slug="out", title="Out")
        people = [alice, *(person(f"P{n}") for n in range(5))]

        def speak(who: Person) -> list[tuple[int, int]]:
            entries = [say((tea, out)[n % 2], who, f"k{n}", f"{n}") for n in range(60)]
            return [
                (entry.room, outcome.seq)
                for entry, outcome in zip(entries, stored(journal.journal, entries), strict=True)
            ]

        with ThreadPoolExecutor(6) as threads:
            told = list(threads.map(speak, people))
        assert sorted(seq for one in told for where, seq in one if where == tea.pk) == list(range(1, 181))
        for one in told:  # Each speaker's own order is kept in each room.
            for where in (tea.pk, out.pk):
                assert [seq for at, seq in one if at == where] == sorted(
                    seq for at, seq in one if at == where
                )
        check_numbered(tea, out)
        for one_room in (tea, out):
            assert [event.seq for event in journal.events if event.room == one_room.pk] == numbers(one_room)
        assert len(journal.commits) < 360, "no two entries ever shared a commit"

    def test_what_is_told_is_what_is_stored(self, journal: Recording, tea: Room, alice: Person) -> None:
        outcome = journal.one(say(tea, alice, "k", "茶 \U0001f375"))
        message = Message.objects.get()
        assert outcome == Stored(message.pk, 1)
        assert (message.text, message.seq, message.rev, message.person_id) == (
            "茶 \U0001f375",
            1,
            1,
            alice.pk,
        )
        (live,) = journal.events
        (read,) = resume.events_after(tea.pk, 0, "tea")
        assert live == read
        assert journal.commits[-1].heads == {tea.pk: 1}

    def test_two_processes_that_speak_in_one_room_at_once(
        self, database: Database, tea: Room, alice: Person, bob: Person
    ) -> None:
        children = [
            database.child("-m", "tests.app.writer", str(tea.pk), str(who.pk), "100") for who in (alice, bob)
        ]
        for child in children:
            assert child.wait(50) == 0, child.output()
        tea.refresh_from_db()
        assert tea.seq == 200
        check_numbered(tea)
        for who in (alice, bob):
            own = Message.objects.filter(room=tea, person=who).order_by("seq").values_list("text", flat=True)
            assert list(own) == [str(n) for n in range(100)]

    def test_a_batch_of_the_largest_size(self, journal: Recording, tea: Room, alice: Person) -> None:
        outcomes = journal.store(*(say(tea, alice, f"k{n}") for n in range(journal_module.BATCH)))
        assert [outcome.seq for outcome in outcomes] == list(range(1, journal_module.BATCH + 1))
        again = journal.store(*(say(tea, alice, f"k{n}") for n in range(journal_module.BATCH)))
        assert [(o.message, o.seq) for o in again] == [(o.message, o.seq) for o in outcomes]
        assert all(outcome.repeated for outcome in again)


class TestKeys:
    def test_a_repeat_gets_the_first_result_at_once_and_later(
        self, journal: Recording, tea: Room, alice: Person
    ) -> None:
        first, second = journal.store(say(tea, alice, "k"), say(tea, alice, "k"))
        assert second == Stored(first.message, first.seq, repeated=True)
        assert journal.one(say(tea, alice, "k")) == second
        assert numbers(tea) == [1]
        assert len(journal.events) == 1

    def test_a_key_with_another_text_is_refused_at_once_and_later(
        self, journal: Recording, tea: Room, alice: Person
    ) -> None:
        _, second = journal.store(say(tea, alice, "k"), say(tea, alice, "k", "hullo"))
        assert (second.code, second.retry) == ("key_reused", False)
        assert journal.one(say(tea, alice, "k", "hullo")).code == "key_reused"
        assert numbers(tea) == [1]

    def test_a_key_belongs_to_one_person_in_one_room(
        self, journal: Recording, tea: Room, alice: Person, bob: Person
    ) -> None:
        out = Room.objects.create(slug="out", title="Out")
        entries = [
            say(tea, alice, "k", "1"),
            say(tea, bob, "k", "2"),
            say(out, alice, "k", "3"),
            say(tea, alice, "K", "4"),
        ]
        assert [outcome.repeated for outcome in journal.store(*entries)] == [False] * 4

    def test_a_repeat_after_the_deletion_gets_the_first_result_and_says_nothing(
        self, journal: Recording, tea: Room, alice: Person
    ) -> None:
        first = journal.one(say(tea, alice, "k", "secret"))
        _, grant = room(speaker_of(alice), "tea")
        assert journal.one(messages.delete(speaker_of(alice), grant, first.message)) == {
            "message": first.message,
            "seq": 2,
        }
        assert journal.one(say(tea, alice, "k", "secret")) == Stored(first.message, 1, repeated=True)
        # The text that was said is not kept, not even as a digest, so it cannot be compared either.
        assert journal.one(say(tea, alice, "k", "other")) == Stored(first.message, 1, repeated=True)
        assert numbers(tea) == [1, 2]
        message = Message.objects.get()
        assert (message.text, message.html, message.digest) == ("", None, None)

    def test_a_repeat_is_answered_though_the_right_to_speak_is_gone(
        self, journal: Recording, tea: Room, alice: Person
    ) -> None:
        first = journal.one(say(tea, alice, "k", rights=0))
        Room.objects.update(rights=1)
        assert journal.one(say(tea, alice, "k", rights=0)).seq == first.seq
        assert isinstance(journal.one(say(tea, alice, "new", rights=0)), Stale)

    def test_known_keys_are_looked_up_by_the_unique_index(
        self, journal: Recording, tea: Room, alice: Person
    ) -> None:
        journal.one(say(tea, alice, "0"))
        grow(50_000)
        keys = [(tea.pk, alice.pk, f"{n}") for n in range(20)] + [(tea.pk, alice.pk, "new")]
        assert len(Sql(connection).known_keys(keys)) == 20
        plan = explained(lambda: Sql(connection).known_keys(keys))
        index = (
            "teahouse_message_key"
            if connection.vendor == "postgresql"
            else "sqlite_autoindex_teahouse_message"
        )
        assert index in plan, plan
        assert "Seq Scan" not in plan, plan
        assert "SCAN m" not in plan, plan


def grow(to: int) -> None:
    """Copies of the one message there is, with the numbers and keys up to `to`."""
    series = "SELECT n FROM generate_series(1, %s) n"
    if connection.vendor == "sqlite":
        series = (
            "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < %s) SELECT n FROM s"
        )
    columns = "room_id, person_id, digest, at, text, renderer"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO teahouse_message ({columns}, key, seq, rev) "
            f"SELECT {columns}, CAST(n AS text), n + 1, n + 1 FROM teahouse_message, ({series}) numbers",
            [to],
        )
        cursor.execute("ANALYZE teahouse_message" if connection.vendor == "postgresql" else "ANALYZE")


def explained(run: Callable[[], Any]) -> str:
    """The plan of the one statement that `run` executes."""
    verb = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    statements: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        run()
    (sql, params) = statements[0]
    with connection.cursor() as cursor:
        cursor.execute(f"{verb} {sql}", params)
        lines = [" ".join(str(part) for part in row) for row in cursor.fetchall()]
    return "\n".join(lines)


class TestNeighbours:
    def test_an_entry_that_fails_fails_alone(
        self, journal: Recording, tea: Room, alice: Person, caplog: pytest.LogCaptureFixture
    ) -> None:
        before, bad, after = journal.store(
            say(tea, alice, "a", "secret"), Change((tea.pk,), failing()), say(tea, alice, "b")
        )
        assert (before.seq, after.seq) == (1, 2)
        assert (bad.code, bad.retry, bad.after) == ("unavailable", True, 1.0)
        check_numbered(tea)
        assert [event.seq for event in journal.events] == [1, 2]
        assert "IntegrityError" in caplog.text
        assert "secret" not in caplog.text

    def test_an_entry_that_meets_a_sick_part_of_the_database_fails_alone(
        self, journal: Recording, tea: Room, alice: Person, database: Database
    ) -> None:
        # An OperationalError on a connection that goes on working, on both.
        sql = (
            "SET LOCAL statement_timeout = 50; SELECT pg_sleep(5)"
            if database.vendor == "postgresql"
            else "SELECT * FROM nothing"
        )
        before, bad, after = journal.store(
            say(tea, alice, "a"), Change((tea.pk,), failing(sql)), say(tea, alice, "b")
        )
        assert (before.seq, bad.code, after.seq) == (1, "unavailable", 2)
        check_numbered(tea)

    def test_a_mistake_in_the_program_is_answered_and_logged(
        self, journal: Recording, tea: Room, alice: Person, caplog: pytest.LogCaptureFixture
    ) -> None:
        def apply(tx: Transaction) -> None:
            tx.about_room(tea.pk, "closed", None)
            raise ZeroDivisionError

        bad, good = journal.store(Change((tea.pk,), apply), say(tea, alice, "k"))
        assert (bad.code, bad.retry, bad.after) == ("unavailable", True, 5.0)
        assert "it was not stored" in bad.message
        assert good.seq == 1
        assert numbers(tea) == [1]
        assert "ZeroDivisionError" in caplog.text

    def test_a_change_that_refuses_is_an_outcome_of_its_own(
        self, journal: Recording, tea: Room, alice: Person
    ) -> None:
        problem = Problem("gone", "This message was deleted.")

        def refuse(tx: Transaction) -> None:
            raise problem

        first, refused, last = journal.store(
            say(tea, alice, "a"), Change((tea.pk,), refuse), say(tea, alice, "b")
        )
        assert refused is problem
        assert (first.seq, last.seq) == (1, 2)
        assert len(journal.commits) == 1

    def test_a_change_of_no_room_is_carried_out(self, journal: Recording, tea: Room) -> None:
        assert journal.store(Change((), lambda tx: sorted(tx.rooms))) == [[]]

    def test_a_room_that_is_not_there_is_nobodys_harm(
        self, journal: Recording, tea: Room, alice: Person
    ) -> None:
        lost = Say(tea.pk + 999, history.who(alice), "a", "hello", None, None)
        stale, good = journal.store(lost, say(tea, alice, "b"))
        assert isinstance(stale, Stale)
        assert good.seq == 1


class TestRights:
    def test_who_was_let_speak_under_older_rights_is_stale(
        self, journal: Recording, tea: Room, alice: Person
    ) -> None:
        Room.objects.update(rights=3)
        old, right, project = journal.store(
            say(tea, alice, "a", rights=2), say(tea, alice, "b", rights=3), say(tea, alice, "c")
        )
        assert isinstance(old, Stale)
        assert (right.seq, project.seq) == (1, 2)

    def test_who_is_removed_says_nothing_behind_it_in_the_same_commit(
        self, journal: Recording, tea: Room, alice: Person, bob: Person
    ) -> None:
        owner = Speaker(history.who(alice), is_owner=True)
        Member.objects.create(room=tea, person=bob)
        _, grant = room(owner, "tea")
        before, removed, behind = journal.store(
            say(tea, bob, "a", rights=grant.rights),
            membership.remove(owner, grant, history.who(bob), rooms.personal(bob.pk).pk),
            say(tea, bob, "b", rights=grant.rights),
        )
        assert (before.seq, removed) == (1, None)
        assert isinstance(behind, Stale)
        assert [event.kind for event in journal.events] == ["message", "member", "room_removed"]
        tea.refresh_from_db()
        assert tea.rights == grant.rights + 1

    def test_an_archived_room_takes_nothing_behind_it(
        self, journal: Recording, tea: Room, alice: Person
    ) -> None:
        owner = Speaker(history.who(alice), is_owner=True)
        _, grant = room(owner, "tea")
        _, behind = journal.store(
            room_settings.archive(owner, grant), say(tea, alice, "b", rights=grant.rights)
        )
        assert isinstance(behind, Stale)
        with pytest.raises(Problem, match="archived"):
            room(owner, "tea")[1].check_may_speak()


class TestMentions:
    def test_a_mention_is_a_row_and_an_event_of_the_persons_own(
        self, journal: Recording, tea: Room, alice: Person, bob: Person
    ) -> None:
        own = rooms.personal(bob.pk)
        outcome, again = journal.store(
            say(tea, alice, "k", "@Bob", mentions=[(bob.pk, own.pk)]),
            say(tea, alice, "k", "@Bob", mentions=[(bob.pk, own.pk)]),
        )
        assert again.repeated
        assert list(Mention.objects.values_list("person", "room", "message", "seq")) == [
            (bob.pk, tea.pk, outcome.message, 1)
        ]
        assert [(event.room, event.seq, event.kind) for event in journal.events] == [
            (tea.pk, 1, "message"),
            (own.pk, 1, "mention"),
        ]
        assert journal.events[1:] == resume.events_after(own.pk, 0, "@me")
        assert '"room":"@me","seq":1' in journal.events[1].wire
        assert f'"about":"tea","message":{{"id":{outcome.message},"seq":1}}' in journal.events[1].wire
        check_numbered(tea, own)
