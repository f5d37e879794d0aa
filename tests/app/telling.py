"""What is said and done in a room by way of a running journal, and what it costs."""

from contextlib import AbstractContextManager
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from teahouse import history
from teahouse.access import Grant, Speaker, room
from teahouse.journal import Change, Journal, Say, Stored
from teahouse.models import Person, Room
from tests.app.journals import stored


def say(where: Room, by: Person, text: str, **more: Any) -> Say:
    return Say(where.pk, history.who(by), f"key {text[:50]}", text, None, None, **more)


def said(running: Journal, where: Room, by: Person, *texts: str) -> list[int]:
    """Ids of the messages."""
    outcomes = stored(running, [say(where, by, text) for text in texts])
    assert all(isinstance(outcome, Stored) for outcome in outcomes)
    return [outcome.message for outcome in outcomes]


def done(running: Journal, *changes: Change) -> None:
    for outcome in stored(running, changes):
        assert not isinstance(outcome, BaseException), outcome


def grant_of(speaker: Speaker, slug: str = "tea") -> Grant:
    return room(speaker, slug)[1]


def queries(count: int) -> AbstractContextManager[Any]:
    return Counted(count)


class Counted(CaptureQueriesContext):
    """Fails where there were other than so many queries."""

    def __init__(self, count: int) -> None:
        super().__init__(connection)
        self.count = count

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        if error[0] is None:
            listed = "\n".join(query["sql"][:200] for query in self.captured_queries)
            assert len(self) == self.count, listed


def seqs(page: dict[str, Any]) -> list[int]:
    return [message["seq"] for message in page["messages"]]
