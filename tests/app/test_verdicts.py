"""What the project's policy says, and what happens where it cannot say anything."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group, User
from django.db import connection
from django.test.utils import CaptureQueriesContext

import teahouse
from teahouse import access
from teahouse.actions import people, policy
from teahouse.live.protocol import Problem
from teahouse.models import Member, Person, RightsChange, Room
from teahouse.verdicts import policy_class
from tests.app.conftest import Database
from tests.app.journals import journal, stored

HERE = "tests.app.test_verdicts"


class InGroup(teahouse.Policy):
    """Who is in the group sees its room; superusers moderate; who is not active is silent."""

    def may_see(self, user: Any, room: Room, group: Any) -> bool:
        return user is not None and user.groups.filter(pk=group.pk).exists()

    def may_moderate(self, user: Any, room: Room, group: Any) -> bool | None:
        return True if user.is_superuser else None

    def may_say(self, user: Any, room: Room, group: Any) -> bool | None:
        return {"silent": False}.get(user.last_name)


class InGroupLater(teahouse.Policy):
    async def may_see(self, user: Any, room: Room, group: Any) -> bool:
        await asyncio.sleep(0)
        return user is not None and await user.groups.filter(pk=group.pk).aexists()

    def may_moderate(self, user: Any, room: Room, group: Any) -> bool | None:
        return True if user.is_superuser and user.groups.count() else None


class Broken(teahouse.Policy):
    def may_see(self, user: Any, room: Room, group: Any) -> bool:
        if user is None or user.username == "mei":
            raise ZeroDivisionError("of the host")
        return True


class NotABool(teahouse.Policy):
    def may_see(self, user: Any, room: Room, group: Any) -> Any:
        return user and user.groups.all()


class Guests(teahouse.Policy):
    """Tells guests by the person."""

    def may_see(self, user: Any, room: Room, group: Any) -> bool | None:
        return self.person is not None and self.person.kind == "guest" and self.person.name == "Gast"


class Silent(teahouse.Policy):
    """Leaves everything to the room."""


@pytest.fixture
def tea(database: Database) -> Group:
    return Group.objects.create(name="Tea")


def user(name: str, *groups: Group, **fields: Any) -> Person:
    made = User.objects.create_user(name, **fields)
    made.groups.set(groups)
    return people.ensure_person(made)


def may(person: Person, room: Room) -> tuple[str, ...] | str:
    """What somebody may do there, or why they do not see it."""
    try:
        return access.room(access.speaker_of(person), room.slug)[1].may
    except Problem as problem:
        return problem.code


@pytest.mark.parametrize("name", ["InGroup", "InGroupLater"])
def test_the_policy_decides_with_the_object_at_hand(tea: Group, settings: Any, name: str) -> None:
    settings.TEAHOUSE = {"POLICY": f"{HERE}.{name}"}
    room, other = teahouse.room_for(tea), teahouse.room_for(Group.objects.create(name="Cake"))
    alice, bob, chief = user("alice", tea), user("bob"), user("chief", tea, is_superuser=True)
    assert may(alice, room) == ("speak", "react", "join")
    assert may(alice, other) == may(bob, room) == may(people.make_guest("Gast"), room) == "not_found"
    assert {"speak", "moderate", "remove"} <= set(may(chief, room))
    main = Room.objects.create(slug="main", title="Main")
    assert "speak" in may(bob, main), "rooms that are on nothing are not its business"


def test_silence_and_the_owner_of_the_site(tea: Group, settings: Any) -> None:
    settings.TEAHOUSE = {"POLICY": f"{HERE}.InGroup"}
    room = teahouse.room_for(tea)
    assert may(user("silent", tea, last_name="silent"), room) == ("join",)
    owner = user("owner")
    Person.objects.filter(pk=owner.pk).update(is_owner=True)
    owner.refresh_from_db()
    assert may(owner, room) == "not_found", "also an owner sees what the policy shows"


def test_none_leaves_it_to_the_room(tea: Group, settings: Any) -> None:
    settings.TEAHOUSE = {"POLICY": f"{HERE}.Silent"}
    room, alice, bob = teahouse.room_for(tea), user("alice"), user("bob")
    Member.objects.create(room=room, person=alice)
    assert "speak" in may(alice, room)
    assert may(bob, room) == "not_found"


def test_guests_are_told_by_the_person(tea: Group, settings: Any) -> None:
    settings.TEAHOUSE = {"POLICY": f"{HERE}.Guests"}
    room = teahouse.room_for(tea)
    assert may(people.make_guest("Gast"), room) == ("speak", "react")
    assert may(people.make_guest("Other"), room) == "not_found"


@pytest.mark.parametrize("name", ["Broken", "NotABool", "Missing", "Broken.nowhere"])
def test_what_fails_is_refused_and_told_once(
    tea: Group, settings: Any, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings.TEAHOUSE = {"POLICY": f"{HERE}.{name}"}
    room, alice, mei = teahouse.room_for(tea), user("alice", tea), user("mei", tea)
    with caplog.at_level(logging.ERROR, "teahouse.policy"):
        found = access.rooms([(room.slug, alice.pk), (room.slug, mei.pk)])
    assert found[room.slug, mei.pk].verdict.see is False
    assert found[room.slug, mei.pk].verdict.failed
    assert (found[room.slug, alice.pk].verdict.see is True) == (name == "Broken"), "the others are asked"
    assert len(caplog.records) == 1
    assert caplog.records[0].exc_info


def test_a_crowd_is_asked_about_with_few_queries(tea: Group, settings: Any) -> None:
    settings.TEAHOUSE = {"POLICY": f"{HERE}.Broken"}
    room = teahouse.room_for(tea)
    crowd = [user(f"user{number}") for number in range(20)]
    with CaptureQueriesContext(connection) as queries:
        found = access.rooms([(room.slug, one.pk) for one in crowd])
    assert all(one.verdict.see for one in found.values())
    assert len(queries) == 4, "rooms, objects, people, users"


def test_without_the_object_there_is_no_room(tea: Group, settings: Any) -> None:
    room, alice = teahouse.room_for(tea), user("alice")
    assert "speak" in may(alice, room)
    tea.delete()
    assert may(alice, room) == "not_found"
    settings.TEAHOUSE = {"POLICY": f"{HERE}.Broken"}
    assert may(alice, room) == "not_found"


def test_what_is_no_policy(settings: Any) -> None:
    settings.TEAHOUSE = {"POLICY": "datetime.date"}
    with pytest.raises(TypeError, match=r"no subclass of teahouse\.Policy"):
        policy_class()


def test_whose_membership_ends(tea: Group, settings: Any) -> None:
    settings.TEAHOUSE = {"POLICY": f"{HERE}.InGroup"}
    room, alice, bob = teahouse.room_for(tea), user("alice", tea), user("bob")
    for person in (alice, bob):
        Member.objects.create(room=room, person=person)
    assert [who["name"] for who, _ in policy.lost(room.pk, None)] == ["bob"]
    assert policy.lost(room.pk, {alice.pk}) == []
    settings.TEAHOUSE = {"POLICY": f"{HERE}.Missing"}
    assert policy.lost(room.pk, None) == [], "who cannot say takes nobody's membership"


@pytest.mark.parametrize("user", ["ada", 7, AnonymousUser()], ids=["name", "number", "nobody"])
def test_rights_are_those_of_people(tea: Group, user: Any) -> None:
    """Not a guest's, who has no user either."""
    teahouse.room_for(tea)
    people.make_guest("Gina")
    with pytest.raises(TypeError, match="is nobody whose rights could change"):
        teahouse.rights_changed(tea, user)
    assert policy.waiting() == []


def test_what_changed_is_left_for_the_servers_once(tea: Group, settings: Any) -> None:
    settings.TEAHOUSE = {"POLICY": f"{HERE}.InGroup"}
    teahouse.rights_changed(tea)
    assert not RightsChange.objects.exists(), "it has no room yet"
    room, bob = teahouse.room_for(tea), user("bob")
    teahouse.rights_changed(tea, bob)
    teahouse.rights_changed(room.slug, User.objects.create_user("never here"))
    assert [left.people for left in policy.waiting()] == [{bob.pk}]
    teahouse.rights_changed(room)
    (left,) = policy.waiting()
    assert left.people is None
    with journal() as running:
        stored(running, [policy.looked_at_again(left.room, left.rows) for _ in range(2)])
    room.refresh_from_db()
    assert (room.seq, room.rights) == (1, 1), "the second process found nothing to do"
    assert policy.waiting() == []
