"""A room that is not yours takes the same way as one that is not there: neither the answer nor its time tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from teahouse import access, directory
from teahouse.access import Speaker
from teahouse.actions import messages, people, rooms
from teahouse.live.protocol import Problem
from teahouse.models import Member, Message, Person, Room
from teahouse.models.rooms import slug_of
from teahouse.web.last import find
from tests.app.conftest import Database

WAYS: dict[str, Callable[[Speaker, str], Any]] = {
    "asked for": access.room,
    "shown as a page": find,
    "gone on from": lambda speaker, room: directory.open_rooms(speaker, "", room, 50),
    "said in before": lambda speaker, room: messages.said_before(speaker.id, slug_of(room) or "", "k", "tea"),
}


def statements(way: Callable[[Speaker, str], Any], speaker: Speaker, room: str) -> list[str]:
    """What the database is asked, but for the names; and that it is refused, if anything is."""
    told = "nothing"
    with CaptureQueriesContext(connection) as queries:
        try:
            way(speaker, room)
        except Problem as problem:
            told = problem.message
    return [told.replace(room, "ROOM"), *(query["sql"].replace(room, "ROOM") for query in queries)]


@pytest.mark.parametrize("way", WAYS)
def test_what_is_not_yours_is_looked_for_as_what_is_not_there(database: Database, way: str) -> None:
    members = Person.objects.create(kind="bot", name="Bob", name_key="bob")
    secret = Room.objects.create(slug="hid-den", title="s", kind="private")
    Member.objects.create(room=secret, person=members)
    asks = access.speaker_of(people.make_guest("Charlie"))
    assert statements(WAYS[way], asks, "hid-den") == statements(WAYS[way], asks, "ab-sent")
    if way == "asked for":
        assert access.room(access.speaker_of(members), "hid-den")[0] == secret, "who belongs to it finds it"


def test_a_message_of_another_room_is_looked_for_as_one_that_is_not_there(database: Database) -> None:
    author = people.make_guest("Bob")
    secret, main = Room.objects.create(slug="hid-den", title="s", kind="private"), rooms.make_main()
    when = secret.created_at
    # Of an id that is part of no other number in the statement.
    kept = Message.objects.create(
        pk=7_000_001, room=secret, person=author, key="k", seq=1, rev=1, at=when, text="tea"
    )
    grant = access.room(access.speaker_of(people.make_guest("Charlie")), "main")[1]
    told = []
    for which in (kept.pk, kept.pk + 1):
        with CaptureQueriesContext(connection) as queries, pytest.raises(Problem) as refused:
            access.message(grant, which)
        assert refused.value.code == "not_found"
        told.append([query["sql"].replace(str(which), "ID") for query in queries])
    assert told[0] == told[1]
    assert main.pk == grant.room


def test_people_of_whom_one_may_not_know_are_looked_for_as_nobody(database: Database) -> None:
    """A guest and a closed account where one invites; who belongs elsewhere where one removes somebody."""
    owner, gone = (
        Person.objects.create(pk=7_000_000 + n, kind="bot", name=name, name_key=name.lower())
        for n, name in enumerate(("Alice", "Gone"))
    )
    Person.objects.filter(pk=gone.pk).update(
        deactivated_at=Room.objects.create(slug="x", title="x").created_at
    )
    gina = Person.objects.create(pk=7_000_002, kind="guest", name="Gina", name_key="gina")
    room = Room.objects.create(slug="tea", title="Tea")
    Member.objects.create(room=room, person=owner, role="owner")
    asks = access.speaker_of(owner)
    grant = access.room(asks, "tea")[1]

    def asked(way: Callable[[int], Any], person: int) -> list[str]:
        with CaptureQueriesContext(connection) as queries:
            try:
                told = str(way(person))
            except Problem as problem:
                told = problem.message
        return [one.replace(str(person), "ID") for one in (told, *(query["sql"] for query in queries))]

    for way in (
        lambda person: directory.reachable(asks, [person]),
        lambda person: directory.belonging(grant, person),
        lambda person: directory.members(grant, "", person, 50),
    ):
        nobody = asked(way, 7_000_009)
        assert asked(way, gina.pk) == asked(way, gone.pk) == nobody
        assert asked(way, owner.pk) != nobody, "who may be known of is found"


def test_a_revoked_token_is_looked_for_as_one_that_never_was(database: Database) -> None:
    bot = people.make_bot("Parrot")
    token = people.make_token(bot)
    assert people.person_of_token(token) == bot
    people.revoke_token(bot.tokens.get())
    told = []
    for asked in (token, "tok_x"):
        with CaptureQueriesContext(connection) as queries:
            assert people.person_of_token(asked) is None
        told.append([query["sql"].replace(people.token_digest(asked), "DIGEST") for query in queries])
    assert told[0] == told[1]
