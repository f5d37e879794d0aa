"""Who belongs to a room: invited, removed, roles, conversations, lists. Each refusal has its opposite."""

from __future__ import annotations

import pytest

from tests.clients import Client
from tests.live.cast import Cast, accounts, error, fresh, made, may, who
from tests.live.checked import Checked
from tests.servers import Teahouse

NOBODY = 2**40


def test_a_private_room_and_none_are_the_same_to_an_outsider(cast: Cast) -> None:
    room = made(cast.alice, fresh("secret"), kind="private")
    absent = "absent".ljust(len(room), "-")
    for command in (
        {"do": "join"},
        {"do": "leave"},
        {"do": "change", "title": "x"},
        {"do": "archive"},
        {"do": "invite", "people": [who(cast.bob)]},
        {"do": "remove", "person": who(cast.alice)},
        {"do": "role", "person": who(cast.alice), "role": "member"},
        {"do": "members"},
        {"do": "people", "search": "a"},
        {"do": "history", "at": "2026-01-01T00:00:00Z"},
        {"do": "subscribe"},
    ):
        for outsider in (cast.charlie, cast.olga, cast.gina):
            if outsider is cast.gina and command["do"] == "join":
                continue
            refused = error(outsider, room=room, **command)
            assert refused["code"] == "not_found", command
            assert {**refused, "message": refused["message"].replace(room, absent)} == error(
                outsider, room=absent, **command
            )
    cast.alice.ok(do="invite", room=room, people=[who(cast.charlie)])
    assert cast.charlie.ok(do="members", room=room)["count"] == 2


def test_members_invite_into_an_open_room_and_moderators_into_a_private_one(cast: Cast) -> None:
    room = made(cast.alice, fresh("open"))
    assert cast.bob.refused(do="invite", room=room, people=[who(cast.charlie)]) == "forbidden"
    cast.bob.ok(do="join", room=room)
    cast.charlie.ok(do="subscribe", room="@me")
    added = cast.bob.ok(
        do="invite", room=room, people=[who(cast.charlie), who(cast.alice), who(cast.charlie)]
    )
    assert added == {"added": [who(cast.charlie)]}
    told = cast.charlie.event("room_added")
    assert (told["about"], told["role"], told["by"]) == (room, "member", cast.bob.you)
    private = made(cast.alice, fresh("private"), kind="private")
    cast.alice.ok(do="invite", room=private, people=[who(cast.bob)])
    assert cast.bob.refused(do="invite", room=private, people=[who(cast.charlie)]) == "forbidden"
    cast.alice.ok(do="role", room=private, person=who(cast.bob), role="moderator")
    assert cast.bob.ok(do="invite", room=private, people=[who(cast.charlie)]) == {
        "added": [who(cast.charlie)]
    }
    guest = error(cast.alice, do="invite", room=private, people=[who(cast.gina)])
    nobody = error(cast.alice, do="invite", room=private, people=[who(cast.bob), NOBODY])
    assert guest["code"] == nobody["code"] == "not_found"
    assert guest["message"].replace(str(who(cast.gina)), "?") == nobody["message"].replace(str(NOBODY), "?")
    assert cast.alice.refused(do="invite", room=private, people=[]) == "invalid"


def test_the_sessions_of_who_is_invited_watch_the_room(pair: tuple[Teahouse, Teahouse]) -> None:
    here, there = pair
    tokens = accounts(here, fresh("Alice"), fresh("Bob"))
    with Client(here.url, token=tokens[0]) as alice, Client(there.url, token=tokens[1]) as bob:
        room = made(alice, fresh("watched"), kind="private")
        alice.ok(do="invite", room=room, people=[who(bob)])
        last = alice.say(room, "welcome")["seq"]
        head = bob.signal("head", lambda frame: frame["seq"] == last)
        assert (head["room"], head["unread"]) == (room, 1)
        alice.ok(do="change", room=room, title="Renamed")
        assert bob.signal("room")["state"]["title"] == "Renamed"
        alice.ok(do="role", room=room, person=who(bob), role="moderator")
        # Of the invitation it may be told first, a moment after that.
        bob.signal("rights", lambda frame: frame["role"] == "moderator")
        alice.ok(do="remove", room=room, person=who(bob))
        alice.say(room, "he is gone")
        alice.ok(do="change", room=room, title="Without him")
        with Client(there.url, token=tokens[1]) as again:
            assert again.hello["rooms"] == []
        assert bob.refused(do="history", room=room) == "not_found"
        assert "Without him" not in str(bob.heard)


def test_what_was_on_its_way_when_a_session_left_the_room_is_counted(cast: Cast) -> None:
    alice, bob = cast.alice, cast.bob
    room = made(alice, fresh("left"))
    bob.ok(do="subscribe", room="@me")
    bob.ok(do="join", room=room)
    bob.ok(do="subscribe", room=room)
    last = alice.say(room, "the client has turned to another room already")["seq"]
    bob.event("message", room=room)
    bob.ok(do="unsubscribe", room=room)
    head = bob.signal("head", lambda frame: frame["room"] == room)
    assert (head["seq"], head["unread"]) == (last, 1)


def test_a_moderator_removes_members_and_nobody_above(cast: Cast) -> None:
    room = made(cast.alice, fresh("removing"), kind="private")
    cast.alice.ok(do="invite", room=room, people=[who(cast.bob), who(cast.charlie)])
    assert cast.bob.refused(do="remove", room=room, person=who(cast.charlie)) == "forbidden"
    cast.alice.ok(do="role", room=room, person=who(cast.bob), role="moderator")
    assert cast.bob.refused(do="remove", room=room, person=who(cast.alice)) == "forbidden"
    for nobody in (NOBODY, who(cast.gina), who(cast.olga)):
        told = error(cast.bob, do="remove", room=room, person=nobody)
        assert (told["code"], told["message"]) == ("not_found", f"There is no member {nobody} in this room.")
    cast.charlie.ok(do="subscribe", room=room)
    cast.charlie.ok(do="subscribe", room="@me")
    assert cast.bob.ok(do="remove", room=room, person=who(cast.charlie)) == {}
    last = cast.charlie.event("member", room=room)
    while last["member"]["role"] is not None:
        last = cast.charlie.event("member", room=room)
    assert last["member"]["person"] == cast.charlie.you
    assert cast.charlie.event("room_removed")["about"] == room
    cast.alice.say(room, "without Charlie")
    assert cast.charlie.refused(do="members", room=room) == "not_found"
    assert cast.charlie.refused(do="send", room=room, key="k", text="let me in") == "not_found"
    assert "without Charlie" not in str(cast.charlie.heard)


def test_the_last_owner_stays_until_another_is_named(cast: Cast) -> None:
    room = made(cast.alice, fresh("owned"))
    cast.bob.ok(do="join", room=room)
    for command in ({"do": "leave"}, {"do": "role", "person": who(cast.alice), "role": "member"}):
        told = error(cast.alice, room=room, **command)
        assert told["code"] == "forbidden"
        assert "make somebody else an owner first" in told["message"]
    assert cast.olga.refused(do="remove", room=room, person=who(cast.alice)) == "forbidden"
    assert cast.bob.refused(do="role", room=room, person=who(cast.bob), role="owner") == "forbidden"
    assert cast.alice.refused(do="role", room=room, person=who(cast.charlie), role="owner") == "not_found"
    assert cast.alice.refused(do="role", room=room, person=who(cast.bob), role="guest") == "invalid"
    cast.alice.ok(do="role", room=room, person=who(cast.bob), role="owner")
    assert cast.alice.ok(do="leave", room=room) == {}
    alone = made(cast.alice, fresh("alone"), kind="private")
    assert cast.alice.refused(do="role", room=alone, person=who(cast.alice), role="member") == "forbidden"
    assert cast.alice.ok(do="leave", room=alone) == {}, "who is alone may go"


def test_the_owner_of_the_site_owns_open_rooms_and_those_one_is_in(cast: Cast) -> None:
    room = made(cast.gina, fresh("nobodys"))
    assert {"change", "roles", "kind", "join"} <= may(cast.olga, room)
    assert "change" not in may(cast.bob, room)
    cast.bob.ok(do="join", room=room)
    cast.olga.ok(do="role", room=room, person=who(cast.bob), role="owner")
    assert "roles" in may(cast.bob, room)
    private = made(cast.alice, fresh("private"), kind="private")
    assert cast.olga.refused(do="subscribe", room=private) == "not_found"
    cast.alice.ok(do="invite", room=private, people=[who(cast.olga)])
    assert {"change", "roles", "leave"} <= may(cast.olga, private)


def test_a_conversation_is_one_for_exactly_these_people(
    server: Teahouse, cast: Cast, tokens: list[str]
) -> None:
    cast.bob.ok(do="subscribe", room="@me")
    state = cast.alice.ok(do="direct", people=[who(cast.bob)])["room"]
    room = state["room"]
    assert (state["kind"], state["title"]) == ("direct", "")
    assert state["people"] == [cast.alice.you, cast.bob.you]
    added = cast.bob.event("room_added")
    assert (added["about"], added["state"], added["role"]) == (room, state, "member")
    assert cast.bob.ok(do="direct", people=[who(cast.alice), who(cast.bob)])["room"] == state
    three = cast.alice.ok(do="direct", people=[who(cast.bob), who(cast.charlie)])["room"]
    assert three["room"] != room
    with Checked(server.url, token=tokens[0]) as again:
        told = {one["room"]: one for one in again.hello["rooms"]}[room]
        assert told["people"] == [cast.bob.you]
        assert again.ok(do="subscribe", room=room)["room"] == state
    assert may(cast.alice, room) == {"speak", "react", "leave", "call"}
    assert cast.olga.refused(do="subscribe", room=room) == "not_found"
    for command in (
        {"do": "invite", "people": [who(cast.charlie)]},
        {"do": "change", "title": "x"},
        {"do": "archive"},
        {"do": "remove", "person": who(cast.bob)},
        {"do": "role", "person": who(cast.bob), "role": "owner"},
    ):
        assert "conversation" in error(cast.alice, room=room, **command)["message"]


def test_who_left_a_conversation_is_back_when_it_is_begun_again(cast: Cast) -> None:
    state = cast.alice.ok(do="direct", people=[who(cast.bob), who(cast.olga)])["room"]
    cast.bob.ok(do="leave", room=state["room"])
    assert cast.bob.refused(do="history", room=state["room"]) == "not_found"
    assert cast.alice.ok(do="subscribe", room=state["room"])["room"] == state, "it is still theirs"
    said = cast.alice.say(state["room"], "come back")
    assert cast.bob.ok(do="direct", people=[who(cast.alice), who(cast.olga)])["room"] == state
    assert cast.bob.ok(do="history", room=state["room"])["messages"][-1]["seq"] == said["seq"]


@pytest.mark.parametrize("others", [[], list(range(1, 21)), ["Bob"], [0]])
def test_a_conversation_is_of_two_to_twenty(cast: Cast, others: list[int]) -> None:
    assert cast.alice.refused(do="direct", people=others) == "invalid"


def test_a_conversation_is_with_people_who_are_there(cast: Cast) -> None:
    assert cast.alice.refused(do="direct", people=[who(cast.alice)]) == "invalid"
    guest = error(cast.alice, do="direct", people=[who(cast.gina)])
    nobody = error(cast.alice, do="direct", people=[NOBODY])
    assert guest["code"] == "not_found"
    assert guest["message"].replace(str(who(cast.gina)), "?") == nobody["message"].replace(str(NOBODY), "?")


def test_members_are_listed_owners_first_page_by_page(cast: Cast) -> None:
    room = made(cast.bob, fresh("members"))
    for one in (cast.olga, cast.charlie, cast.alice):
        one.ok(do="join", room=room)
    cast.bob.ok(do="role", room=room, person=who(cast.olga), role="moderator")
    cast.gina.say(room, "hello")
    cast.gina.ok(do="read", room=room, seq=1)
    page = cast.gina.ok(do="members", room=room, limit=3)
    assert [(one["person"]["name"], one["role"]) for one in page["members"]] == [
        ("Bob", "owner"), ("Olga", "moderator"), ("Alice", "member"),
    ]  # fmt: skip
    assert (page["count"], page["more"]) == (4, True)
    rest = cast.alice.ok(do="members", room=room, limit=3, after=who(cast.alice))
    assert [one["person"]["name"] for one in rest["members"]] == ["Charlie"]
    assert rest["more"] is False
    found = cast.alice.ok(do="members", room=room, search="ＣHAR")
    assert [one["person"]["name"] for one in found["members"]] == ["Charlie"]
    assert found["count"] == 4
    assert cast.alice.refused(do="members", room=room, after=who(cast.gina)) == "not_found"


def test_people_are_found_by_the_beginning_of_their_names(cast: Cast) -> None:
    room = made(cast.alice, fresh("people"), kind="private")
    found = cast.charlie.ok(do="people", search="")["people"]
    names = [one["name"] for one in found]
    assert {"Alice", "Bob", "Olga"} <= set(names)
    assert "Charlie" not in names, "oneself"
    assert "Gina" not in names, "guests are found in their rooms"
    assert [one["name"] for one in cast.alice.ok(do="people", search="ol")["people"]] == ["Olga"]
    assert cast.alice.ok(do="people", search="%")["people"] == []
    cast.alice.ok(do="invite", room=room, people=[who(cast.olga)])
    first = cast.alice.ok(do="people", search="", room=room, limit=2)["people"]
    assert (first[0]["name"], len(first)) == ("Olga", 2), "those of the room first"
    open_room = made(cast.bob, fresh("people"))
    assert cast.gina.ok(do="people", search="", room=open_room)["people"] == [cast.bob.you]
    cast.gina.ok(do="read", room=open_room, seq=1)
    assert cast.bob.ok(do="people", search="gi", room=open_room)["people"] == [cast.gina.you]


def test_people_and_rates_as_the_site_says() -> None:
    env = {"TEAHOUSE_PEOPLE": "rooms", "TEAHOUSE_LIMITS": "per_minute=5"}
    with Teahouse(env=env) as server:
        tokens = accounts(server, "Alice", "Bob", "Charlie")
        with (
            Client(server.url, token=tokens[0]) as alice,
            Client(server.url, token=tokens[1]) as bob,
            Client(server.url, token=tokens[2]) as charlie,
        ):
            assert alice.hello["limits"]["per_minute"] == 5
            room = made(alice, "Tea")
            bob.ok(do="join", room=room)
            assert [one["name"] for one in alice.ok(do="people", search="")["people"]] == ["Bob"]
            hidden = error(alice, do="direct", people=[who(charlie)])
            assert hidden["code"] == "not_found"
            assert alice.ok(do="direct", people=[who(bob)])["room"]["kind"] == "direct"
            charlie.ok(do="join", room=room)
            assert alice.ok(do="direct", people=[who(charlie)])["room"]["kind"] == "direct"
            assert made(alice, "Fifth")
            told = error(alice, do="make", title="Sixth")
            assert (told["code"], told["retry"]) == ("too_fast", True)
            assert 0 < told["after"] <= 12
            assert error(alice, do="invite", room=room, people=[who(bob)])["code"] == "too_fast"
            assert made(bob, "Another's are not counted")
