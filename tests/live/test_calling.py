"""Who is called by `@name`, `@here` and `@room`, and who may call so. Each refusal has its opposite."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.clients import Client
from tests.live.cast import accounts, error, fresh, made, who
from tests.live.checked import Checked
from tests.servers import Teahouse

LIMITS = {"TEAHOUSE_LIMITS": "off,small=4,called=3"}


@pytest.fixture(scope="module")
def narrow() -> Iterator[Teahouse]:
    """Four members are no small room here, and three people are the most to call."""
    with Teahouse(env=LIMITS) as server:
        yield server


@pytest.fixture(scope="module")
def tokens(narrow: Teahouse) -> list[str]:
    return accounts(narrow, "Alice", "Bob", "Charlie", "Dora", "Emil")


@pytest.fixture
def people(narrow: Teahouse, tokens: list[str]) -> Iterator[list[Client]]:
    with ExitStack() as stack:
        clients: list[Client] = [stack.enter_context(Checked(narrow.url, token=token)) for token in tokens]
        for client in clients:
            client.ok(do="subscribe", room="@me")
        yield clients


def heard_of(clients: list[Client], message: dict[str, int]) -> list[bool]:
    """Who was called by a message. All is told in order: behind a mark in the own stream nothing is on its way."""
    called = []
    for client in clients:
        client.ok(do="make", title="mark")
        client.event("room_added")
        named = [frame for frame in client.heard if frame.get("event") == "mention"]
        called.append(any(frame["message"]["id"] == message["message"] for frame in named))
    return called


def test_members_call_in_a_small_room_and_moderators_in_every(people: list[Client]) -> None:
    alice, bob, charlie, dora, emil = people
    room = made(alice, fresh("calls"), kind="private")
    alice.ok(do="invite", room=room, people=[who(bob), who(charlie)])
    assert heard_of([alice, charlie], bob.say(room, "@room tea is ready")) == [True, True]
    assert heard_of(people, bob.say(room, "`@room` is a word")) == [False] * 5
    alice.ok(do="invite", room=room, people=[who(dora)])
    assert heard_of([alice, charlie, dora], bob.say(room, "@room now we are four")) == [False] * 3
    assert heard_of(people, alice.say(room, "大家好@room你们好")) == [False, True, True, True, False]
    alice.ok(do="role", room=room, person=who(bob), role="moderator")
    assert heard_of(people, bob.say(room, "@Room, as a moderator")) == [True, False, True, True, False]
    alice.ok(do="invite", room=room, people=[who(emil)])
    before = bob.say(room, "@emil by name")
    told = error(bob, do="send", room=room, key="many", text="@room everybody")
    assert told["code"] == "too_many"
    assert told["message"].startswith("@room calls at most 3 people, and there are more.")
    last = bob.ok(do="history", room=room)["messages"][-1]
    assert last["id"] == before["message"], "what was refused is not said"
    assert heard_of([emil], before) == [True]


def test_here_are_those_who_are_there(people: list[Client]) -> None:
    alice, bob, charlie, *_ = people
    room = made(alice, fresh("here"), kind="private")
    alice.ok(do="invite", room=room, people=[who(bob), who(charlie)])
    alice.ok(do="subscribe", room=room)
    bob.ok(do="subscribe", room=room)
    alice.signal("presence", lambda frame: frame["room"] == room and frame["count"] == 2)
    assert heard_of(people[:3], alice.say(room, "@here?")) == [False, True, False]
    assert heard_of(people[:3], alice.say(room, "@here and @Charlie")) == [False, True, True]


def test_visitors_and_guests_call_by_name_alone(narrow: Teahouse, people: list[Client]) -> None:
    alice, bob, *_ = people
    room = made(alice, fresh("open"))
    bob.ok(do="join", room=room)
    with Client(narrow.url, "Gina") as gina:
        assert heard_of([alice, bob], gina.say(room, "@room from outside")) == [False, False]
        assert heard_of([alice, bob], gina.say(room, "@Bob你好")) == [False, True]


def test_who_spoke_is_called_and_answered_though_they_marked_nothing_as_read(
    narrow: Teahouse, people: list[Client]
) -> None:
    alice, *_ = people
    room = made(alice, fresh("visited"))
    with Client(narrow.url, "Gina") as gina, Client(narrow.url, "Hans") as hans:
        for guest in (gina, hans):
            guest.ok(do="subscribe", room="@me")
            before = guest.ok(do="subscribe", room=room)["position"]["seq"]
        said = gina.say(room, "I am here")["message"]
        told = gina.event("read", room="@me")
        assert (told["about"], told["read"]) == (room, before)
        alice.say(room, "@Gina and @Hans")
        assert gina.event("mention")["about"] == room
        alice.ok(do="react", room=room, message=said, emoji="🍵")
        assert gina.event("reaction")["message"]["id"] == said
        alice.ok(do="send", room=room, key="to-gina", text="yes", reply=said)
        assert gina.event("reply")["about"] == room
        # Who has only listened is called by nobody, until they speak.
        hans.say(room, "neither was I")
        last = alice.say(room, "@Hans again")["message"]
        assert hans.event("mention")["message"]["id"] == last
        members = alice.ok(do="members", room=room)["members"]
        assert [one["person"]["name"] for one in members] == ["Alice"], "guests only visit"


def test_a_repeat_is_answered_though_there_are_too_many_by_now(people: list[Client]) -> None:
    alice, bob, charlie, dora, emil = people
    room = made(alice, fresh("repeat"), kind="private")
    alice.ok(do="invite", room=room, people=[who(bob)])
    first = alice.say(room, "@room", key="once")
    alice.ok(do="invite", room=room, people=[who(one) for one in (charlie, dora, emil)])
    assert alice.say(room, "@room", key="once") == first
    assert alice.refused(do="send", room=room, key="twice", text="@room") == "too_many"
