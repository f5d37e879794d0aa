"""Pages of history that several sessions ask for at once: to each its own, and to nobody what is not theirs."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from teahouse import paging
from teahouse.access import speaker_of
from teahouse.actions import people
from teahouse.live import pages
from teahouse.live.pages import Asked
from teahouse.live.protocol import Problem
from teahouse.models import Member, Person, Room
from teahouse.paging import Where
from tests.app.conftest import Database
from tests.app.journals import journal as running_journal
from tests.app.telling import said


@pytest.fixture
def cast(database: Database) -> dict[str, Person]:
    """Alice and Bob are in the private room `tea`, Charlie is not; `den` is open."""
    cast = {name: people.make_guest(name) for name in ("Alice", "Bob", "Charlie")}
    tea = Room.objects.create(slug="tea", title="Tea", kind=Room.Kind.PRIVATE)
    den = Room.objects.create(slug="den", title="Den")
    for name in ("Alice", "Bob"):
        Member.objects.create(room=tea, person=cast[name], role=Member.Role.MEMBER)
    with running_journal() as journal:
        said(journal, tea, cast["Alice"], *(f"tea {number}" for number in range(5)))
        said(journal, den, cast["Charlie"], *(f"den {number}" for number in range(5)))
    return cast


def asked(person: Person, room: str, **where: Any) -> Asked:
    return Asked(speaker_of(person), room, Where(**where))


def texts(answer: dict[str, Any] | Problem) -> list[str]:
    assert not isinstance(answer, Problem)
    return [message["text"] for message in answer["messages"]]


def test_each_gets_the_page_that_it_asked_for(cast: dict[str, Person]) -> None:
    alice, bob, charlie = cast.values()
    questions = [
        asked(alice, "tea", before=3), asked(bob, "TEA", after=3), asked(charlie, "den", limit=1),
        asked(alice, "den", around=3, limit=2), asked(alice, "tea", before=3),
    ]  # fmt: skip
    answers = pages.read(questions)
    expected = [["tea 0", "tea 1"], ["tea 3", "tea 4"], ["den 4"], ["den 1", "den 2"], ["tea 0", "tea 1"]]
    assert [texts(answers[question]) for question in questions] == expected
    for question in questions:
        room = Room.objects.get(slug=question.room.lower())
        assert answers[question] == paging.page(room.pk, **question.where._asdict())


def test_who_may_not_read_is_refused_beside_those_who_may(cast: dict[str, Person]) -> None:
    alice, _, charlie = cast.values()
    good, foreign, absent, impossible = questions = [
        asked(alice, "tea"), asked(charlie, "tea"), asked(alice, "attic"), asked(alice, "two words"),
    ]  # fmt: skip
    answers = pages.read(questions)
    assert len(texts(answers[good])) == 5
    for refused in (foreign, absent, impossible):
        problem = answers[refused]
        assert isinstance(problem, Problem)
        assert problem.code == "not_found"


def test_a_right_that_ends_while_the_page_is_read(
    cast: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob, _ = cast.values()
    read = paging.stored_pages

    def removed_meanwhile(wanted: Any) -> Any:
        Member.objects.filter(person=bob).delete()
        return read(wanted)

    monkeypatch.setattr(paging, "stored_pages", removed_meanwhile)
    stays, goes = asked(alice, "tea"), asked(bob, "tea")
    answers = pages.read([stays, goes])
    assert len(texts(answers[stays])) == 5
    assert isinstance(answers[goes], Problem)


def test_rights_and_reactions_of_all_are_looked_at_together(cast: dict[str, Person]) -> None:
    alice = cast["Alice"]
    for count in (1, 10):
        with CaptureQueriesContext(connection) as counted:
            pages.read([asked(alice, "tea") for _ in range(count)])
        assert len(counted) == 3 + count, [query["sql"] for query in counted]
