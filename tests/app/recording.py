"""A running journal whose commits a test can read, and the words that tests of it share."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from teahouse import database as databases
from teahouse import history
from teahouse.events import Event as WireEvent
from teahouse.journal import Change, Commit, Journal, Say, Settled, Transaction
from teahouse.models import Event, Message, Person, Room
from tests.app.journals import stored


class Recording:
    """A running journal and what it told, in order: events of commits, and heads."""

    def __init__(self) -> None:
        self.commits: list[Commit] = []
        self.journal = Journal(self._settled)

    def _settled(self, commit: Commit, settled: Settled) -> None:
        self.commits.append(commit)
        for done, outcome in settled:
            done(outcome)

    def store(self, *entries: Say | Change) -> list[Any]:
        """The outcomes of entries that are stored in one batch."""
        go = threading.Event()
        self.hold(go)
        futures: list[Future[Any]] = [Future() for _ in entries]
        for entry, future in zip(entries, futures, strict=True):
            self.journal.submit(entry, future.set_result)
        go.set()
        return [future.result(20) for future in futures]

    def hold(self, until: threading.Event) -> None:
        """Keeps the writer waiting, so that what is submitted meanwhile goes together."""
        held = threading.Event()

        def wait() -> None:
            held.set()
            until.wait(20)

        self.journal.call(wait)
        assert held.wait(20)

    def one(self, entry: Say | Change) -> Any:
        return stored(self.journal, [entry])[0]

    @property
    def events(self) -> list[WireEvent]:
        return [event for commit in self.commits for event in commit.events]


@contextmanager
def recording() -> Iterator[Recording]:
    made = Recording()
    made.journal.start()
    try:
        yield made
    finally:
        made.journal.stop()


def person(name: str) -> Person:
    made = Person(kind=Person.Kind.USER)
    made.rename(name)
    made.save()
    return made


def say(where: Room, by: Person, key: str, text: str = "hello", **more: Any) -> Say:
    return Say(where.pk, history.who(by), key, text, None, more.pop("rights", None), **more)


def numbers(where: Room) -> list[int]:
    return list(Event.objects.filter(room=where).order_by("seq").values_list("seq", flat=True))


def check_numbered(*where: Room) -> None:
    """P2, in the journal's table and for what points into it."""
    for one in where:
        one.refresh_from_db()
        assert numbers(one) == list(range(1, one.seq + 1))
        said = Event.objects.filter(room=one, kind="message").order_by("seq").values_list("seq", "subject")
        first = [
            (seq, pk) for pk, seq in Message.objects.filter(room=one).order_by("seq").values_list("pk", "seq")
        ]
        assert set(first) <= set(said)
        assert [pk for _, pk in first] == sorted(pk for _, pk in first)


def failing(sql: str = "INSERT INTO teahouse_room (id) VALUES (NULL)") -> Callable[[Transaction], None]:
    """A change at which the database raises an error."""

    def apply(tx: Transaction) -> None:
        with databases.connection().cursor() as cursor:
            cursor.execute(sql)

    return apply


def note_in(where: Room, by: Person) -> Callable[[Transaction], int]:
    """A change that makes one event."""
    return lambda tx: tx.about_room(where.pk, "closed", history.who(by))
