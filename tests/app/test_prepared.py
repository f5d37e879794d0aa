"""Queries whose SQL is made once answer as the ORM does, whatever they are asked for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.db.models.sql.compiler import SQLCompiler
from django.test.utils import CaptureQueriesContext

from teahouse.models import Member, Person, Room
from teahouse.prepared import LONGEST, NUMBERS, TEXTS, Prepared, PreparedLists
from tests.app.conftest import Database

AT = datetime(2026, 11, 25, 4, 30, 0, 123456, tzinfo=UTC)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows by one for each SQL that the ORM makes."""
    made: list[str] = []
    as_sql = SQLCompiler.as_sql

    def counted(self: SQLCompiler, *args: bool, **more: bool) -> object:
        made.append("")
        return as_sql(self, *args, **more)

    monkeypatch.setattr(SQLCompiler, "as_sql", counted)
    return made


def test_each_value_has_its_own_answer(database: Database) -> None:
    tea = Room.objects.create(slug="tea", title="Tea", archived_at=AT)
    cup = Room.objects.create(slug="茶'杯", title="Cup")
    by_slug: Prepared[Room] = Prepared((TEXTS[0],), lambda slug: Room.objects.filter(slug=slug))
    for room in (tea, cup, tea):
        found = by_slug.first(room.slug)
        assert found == Room.objects.get(slug=room.slug)
        assert found is not None
        assert (found.title, found.archived_at) == (room.title, room.archived_at)
    assert by_slug.first("nowhere") is None
    assert found is not None
    found.title = "More tea"  # What it gives can be saved.
    found.save(update_fields=["title"])
    tea.refresh_from_db()
    assert tea.title == "More tea"


def test_values_stand_where_their_marks_stood(database: Database, alice: Person, bob: Person) -> None:
    rooms = [Room.objects.create(slug=f"room-{n}", title="Room") for n in range(3)]
    for n, room in enumerate(rooms):
        Member.objects.create(room=room, person=alice, read=n)
    reads: Prepared[Member] = Prepared(
        (NUMBERS[0], NUMBERS[1]),
        # The second mark comes first, and twice.
        lambda person, least: (
            Member.objects.filter(read__gte=least, person=person)
            .exclude(read__lt=least)
            .order_by("-read")
            .values_list("room__slug", "joined_at")
        ),
    )
    everything = list(Member.objects.order_by("-read").values_list("room__slug", "joined_at"))
    assert reads.rows(alice.pk, 0) == everything
    assert reads.rows(alice.pk, 1) == everything[:2]
    assert reads.rows(bob.pk, 0) == []


def test_the_sql_is_made_once(database: Database, made: list[str]) -> None:
    by_key: Prepared[Person] = Prepared((NUMBERS[0],), lambda key: Person.objects.filter(pk=key))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        for key in (1, 2, 3):
            by_key.first(key)
    assert (len(queries), len(made)) == (3, 1)


def test_a_list_may_have_any_length(database: Database) -> None:
    rooms = [Room.objects.create(slug=f"room-{number}", title="Room") for number in range(70)]
    by_slug: PreparedLists[Room] = PreparedLists(
        (str, int), lambda slugs, ids: Room.objects.filter(slug__in=slugs, pk__in=ids).order_by("pk")
    )
    ids = [room.pk for room in rooms]
    for count in (1, 2, 8, 9, 64, 65):
        slugs = [room.slug for room in rooms[:count]]
        assert by_slug.objects(slugs, ids) == rooms[:count]
        assert by_slug.objects(slugs, ids[5:7]) == rooms[5:7][: max(0, count - 5)]
    assert by_slug.objects([f"none-{number}" for number in range(LONGEST)], ids) == []


def test_the_sql_for_lists_is_made_for_a_few_lengths(database: Database, made: list[str]) -> None:
    by_key: PreparedLists[Person] = PreparedLists((int,), lambda keys: Person.objects.filter(pk__in=keys))
    for count in (2, 3, 8, 20, 30, 5):
        by_key.objects(list(range(count)))
    assert len(made) == 2
