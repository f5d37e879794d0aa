"""What many ask at once is read together, and each gets only what is theirs."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from teahouse import access, history
from teahouse.access import speaker_of
from teahouse.actions import people
from teahouse.live.protocol import Problem
from teahouse.models import Member, Person, Room
from teahouse.prepared import LONGEST
from tests.app.conftest import Database


def user(name: str) -> Person:
    return people.ensure_person(get_user_model().objects.create_user(name))


def guests(count: int) -> list[Person]:
    names = [f"Guest {number}" for number in range(count)]
    connection.ensure_connection()  # Django 6.0.0 asks SQLite for its limits without opening it.
    return Person.objects.bulk_create(Person(kind="guest", name=name, name_key=name) for name in names)


class TestRooms:
    def test_a_member_gets_in_and_who_asks_beside_him_does_not(
        self, database: Database, alice: Person, bob: Person
    ) -> None:
        charlie = user("charlie")
        secret = Room.objects.create(slug="secret", title="Secret", kind="private")
        other = Room.objects.create(slug="other", title="Other", kind="private")
        Member.objects.create(room=secret, person=alice, role="owner")
        Member.objects.create(room=secret, person=bob)
        Member.objects.create(room=other, person=charlie)
        asked = [
            (slug, person.pk) for slug in ("secret", "other", "none") for person in (alice, bob, charlie)
        ]
        found = access.rooms(asked)

        def role(name: str, person: Person) -> str | None:
            try:
                return access.admitted(speaker_of(person), name, found[name, person.pk])[1].role
            except Problem as problem:
                assert problem.code == "not_found"
                return "refused"

        assert [role("secret", one) for one in (alice, bob, charlie)] == ["owner", "member", "refused"]
        assert [role("other", one) for one in (alice, bob, charlie)] == ["refused", "refused", "member"]
        assert [role("none", one) for one in (alice, bob, charlie)] == ["refused"] * 3

    def test_a_crowd_in_one_room_costs_a_query_for_each_512(self, database: Database) -> None:
        room = Room.objects.create(slug="tea", title="Tea")
        crowd = guests(LONGEST + 1)
        Member.objects.create(room=room, person=crowd[3], role="guest")
        with CaptureQueriesContext(connection) as queries:
            found = access.rooms([("tea", one.pk) for one in crowd])
        assert len(queries) == 2
        assert {one.role for one in found.values()} == {None, "guest"}
        assert found["tea", crowd[3].pk][:2] == (room, "guest")

    def test_many_rooms_of_many_people_are_asked_for_in_parts(self, database: Database) -> None:
        crowd = guests(300)
        names = [f"room-{number}" for number in range(300)]
        made = Room.objects.bulk_create(Room(slug=name, title=name) for name in names)
        Member.objects.bulk_create(
            Member(room=room, person=one) for room, one in zip(made, crowd, strict=True)
        )
        asked = list(zip(names, [one.pk for one in crowd], strict=True))
        with CaptureQueriesContext(connection) as queries:
            found = access.rooms(asked)
        assert len(queries) == 3, "128 people in 128 rooms are the most pairs of one query"
        assert [found[place][1] for place in asked] == ["member"] * 300

    def test_the_own_streams_of_a_crowd_cost_a_query_for_each_512(self, database: Database) -> None:
        crowd = guests(LONGEST + 1)
        own = [(f"@{one.pk}", one.pk) for one in crowd]
        Room.objects.bulk_create(Room(slug=slug, title="@me", kind="personal") for slug, _ in own[1:])
        curious = (own[1][0], crowd[0].pk)
        with CaptureQueriesContext(connection) as queries:
            found = access.rooms([*own, curious])
        assert len(queries) == 2
        assert [found[place].room is not None for place in own] == [False] + [True] * LONGEST
        for person, place in ((crowd[1], own[1]), (crowd[0], curious)):
            try:
                may_read = access.admitted(speaker_of(person), place[0], found[place])[1].kind == "personal"
            except Problem as problem:
                may_read = problem.code != "not_found"
            assert may_read == (place is own[1]), "one reads one's own alone"


class TestPeople:
    def test_each_token_has_its_own_person(self, database: Database) -> None:
        mei = user("mei")
        bots = [people.make_bot(f"Bot {number}") for number in range(3)]
        tokens = [people.make_token(one) for one in (*bots, mei)]
        digests = [people.token_digest(token) for token in (*tokens, "tok_nobodys")]
        with CaptureQueriesContext(connection) as queries:
            found = people.people_of_tokens(digests)
        assert [found[digest] for digest in digests] == [*bots, mei, None]
        assert len(queries) == 2, "one for the tokens, one for the accounts of users"

    def test_a_user_who_may_not_sign_in_has_no_good_token(self, database: Database) -> None:
        persons = [people.make_bot("Bot"), user("mei"), user("olga")]
        digests = [people.token_digest(people.make_token(one)) for one in persons]
        assert list(people.people_of_tokens(digests).values()) == persons
        get_user_model().objects.filter(username="mei").update(is_active=False)
        assert list(people.people_of_tokens(digests).values()) == [persons[0], None, persons[2]]

    def test_only_guests_are_found_as_guests(self, database: Database, alice: Person) -> None:
        first, second = guests(2)
        with CaptureQueriesContext(connection) as queries:
            found = people.guests([first.pk, alice.pk, 10**9, second.pk])
        assert list(found.values()) == [first, None, None, second]
        assert len(queries) == 1

    def test_own_rooms_of_many_are_one_query(self, database: Database, alice: Person, bob: Person) -> None:
        tea, cup = (Room.objects.create(slug=slug, title=slug) for slug in ("tea", "cup"))
        for person, room in ((alice, tea), (alice, cup), (bob, tea)):
            Member.objects.create(room=room, person=person)
        (guest,) = guests(1)
        with CaptureQueriesContext(connection) as queries:
            own = history.own_rooms_of([bob.pk, guest.pk, alice.pk])
        assert {person: [room for room, _ in rooms] for person, rooms in own.items()} == {
            bob.pk: [tea.pk],
            guest.pk: [],
            alice.pk: [cup.pk, tea.pk],
        }
        assert len(queries) == 1


def test_a_list_that_is_too_long_is_an_error(database: Database) -> None:
    with pytest.raises(ValueError, match="at most 512"):
        people.guests(list(range(1, LONGEST + 2)))
