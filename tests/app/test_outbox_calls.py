"""Whom code calls: what it leaves to be said names people by the rule that holds for people."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import override_settings
from pydantic import BaseModel

import teahouse
from teahouse import declared, history, outbox, testing
from teahouse.access import Speaker
from teahouse.actions import calling, membership, rooms
from teahouse.journal import Journal, Stale, Stored
from teahouse.models import Event, Mention, Message, Outbox, Person, Room, ThreadMark
from tests.app.conftest import Database
from tests.app.journals import move_all, stored
from tests.app.recording import person
from tests.app.telling import done, grant_of


@pytest.fixture
def cast(database: Database, running: Journal, owner: Speaker, tea: Room) -> dict[str, Person]:
    """Mei moderates, Bob is in, Charlie is not."""
    made = {name: person(name) for name in ("Mei", "Bob", "Charlie")}
    streams = [(history.who(one), rooms.personal(one.pk).pk) for one in made.values()]
    done(running, membership.invite(owner, grant_of(owner), streams[:2]))
    done(running, membership.give_role(owner, grant_of(owner), streams[0][0], "moderator"))
    return made


def names_called(text: str) -> set[str]:
    """Whom the message with this text calls, once it was moved, by its rows and by what their own streams tell."""
    move_all()
    message = Message.objects.get(text=text)
    rows = Mention.objects.filter(message=message).select_related("person")
    told = Event.objects.filter(kind="mention", subject=message.pk).values_list("room__slug", flat=True)
    assert sorted(told) == sorted(f"@{row.person_id}" for row in rows)
    return {row.person.name for row in rows}


@pytest.fixture
def small(database: Database) -> Iterator[None]:
    """The room of three is no small one."""
    with override_settings(TEAHOUSE={"LIMITS": {"small": 1}}):
        yield


def test_the_project_calls_by_name_and_everybody(cast: dict[str, Person], small: None) -> None:
    teahouse.post("tea", "@Mei, and @Charlie who is not in")
    teahouse.post("tea", "@room it is ready")
    teahouse.post("tea", "`@room` and bob@example.com")
    assert names_called("@Mei, and @Charlie who is not in") == {"Mei"}
    assert names_called("@room it is ready") == {"Mei", "Bob"}
    assert names_called("`@room` and bob@example.com") == set()


def test_who_speaks_by_code_calls_as_their_rights_are(cast: dict[str, Person], small: None) -> None:
    for name in ("Mei", "Bob", "Charlie"):
        teahouse.post("tea", f"@room and @Bob, from {name}", by=cast[name])
    assert names_called("@room and @Bob, from Mei") == {"Bob"}
    assert names_called("@room and @Bob, from Bob") == set()
    assert names_called("@room and @Bob, from Charlie") == {"Bob"}


def test_in_a_small_room_members_call(cast: dict[str, Person]) -> None:
    for name in ("Bob", "Charlie"):
        teahouse.post("tea", f"@room from {name}", by=cast[name])
    assert names_called("@room from Bob") == {"Mei"}
    assert names_called("@room from Charlie") == set()


def test_who_may_not_read_the_room_calls_by_name(cast: dict[str, Person], tea: Room) -> None:
    Room.objects.filter(pk=tea.pk).update(kind=Room.Kind.PRIVATE)
    teahouse.post("tea", "@room, @Mei", by=cast["Charlie"])
    assert names_called("@room, @Mei") == {"Mei"}


def test_here_are_those_who_are_there(cast: dict[str, Person], tea: Room, running: Journal) -> None:
    teahouse.post("tea", "@here")
    entries = calling.with_called(outbox.waiting(), {tea.pk: {cast["Bob"].pk, cast["Charlie"].pk}})
    stored(running, entries)
    assert [row.person.name for row in Mention.objects.select_related("person")] == ["Bob"]


def test_too_many_are_called_by_name_alone(cast: dict[str, Person], caplog: pytest.LogCaptureFixture) -> None:
    with override_settings(TEAHOUSE={"LIMITS": {"called": 1}}):
        teahouse.post("tea", "@room and @Bob")
        assert names_called("@room and @Bob") == {"Bob"}
    assert "@room calls at most 1 people" in caplog.text


def test_in_a_thread_it_calls_too_and_who_began_it_hears_of_a_reply(
    cast: dict[str, Person], tea: Room
) -> None:
    teahouse.post("tea", "Deploying.", by=cast["Bob"])
    move_all()
    root = Message.objects.get()
    teahouse.post("tea", "@Mei, look", thread=root)
    assert names_called("@Mei, look") == {"Mei"}
    said = Message.objects.get(thread=root)
    replied = Event.objects.get(kind="reply", subject=said.pk)
    assert replied.room.slug == f"@{cast['Bob'].pk}"
    marks = ThreadMark.objects.filter(root=root).values_list("person", "read")
    assert (cast["Mei"].pk, said.seq - 1) in marks


def test_nothing_is_asked_where_nobody_is_named(cast: dict[str, Person]) -> None:
    teahouse.post("tea", "Deployed.")
    assert calling.rooms_to_look_at(outbox.waiting()) == set()
    teahouse.post("tea", "Deployed, @Bob.")
    assert len(calling.rooms_to_look_at(outbox.waiting())) == 1


class Paid(BaseModel):
    order: int


def test_nobody_is_called_who_was_removed_meanwhile_and_all_is_said_in_its_order(
    cast: dict[str, Person], tea: Room, running: Journal, owner: Speaker
) -> None:
    declared.event("calls.paid")(Paid)
    teahouse.post("tea", "@Bob")
    teahouse.emit("tea", Paid(order=7))
    teahouse.post("tea", "behind")
    entries = calling.with_called(outbox.waiting(), {tea.pk: ()})
    stream = rooms.personal(cast["Bob"].pk).pk
    done(running, membership.remove(owner, grant_of(owner), history.who(cast["Bob"]), stream))
    assert [type(outcome) for outcome in stored(running, entries)] == [Stale] * 3
    assert Outbox.objects.count() == 3
    assert [type(outcome) for outcome in move_all()] == [Stored] * 3
    assert testing.posted("tea") == ["@Bob", "behind"]
    behind = Event.objects.filter(room=tea).order_by("-seq").values_list("kind", flat=True)[:3]
    assert list(behind) == ["message", "custom", "message"]
    assert not Mention.objects.exists()
