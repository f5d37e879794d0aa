"""Rooms over the wire: made, joined, left, changed. Alice owns, Bob is in, Charlie must be refused, Gina is a guest."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from tests.clients import Plain
from tests.live.cast import Cast, accounts, error, fresh, made, may, who
from tests.live.checked import Checked
from tests.servers import Teahouse

MARKUP = "<b>\"Tea\" & 'cake'</b> *茶*"


def test_who_makes_a_room_owns_it_and_hears_so_on_every_device(
    server: Teahouse, cast: Cast, tokens: list[str]
) -> None:
    cast.alice.ok(do="subscribe", room="@me")
    state = cast.alice.ok(do="make", title=MARKUP, topic="all of it", kind="private")["room"]
    assert state["title"] == MARKUP
    assert state["room"].startswith("b-tea-cake-b-茶-")
    added = cast.alice.event("room_added")
    assert (added["about"], added["role"], added["state"]) == (state["room"], "owner", state)
    assert added["position"]["seq"] == 1
    answer = cast.alice.ok(do="subscribe", room=state["room"])
    assert (answer["room"], answer["role"], answer["position"]) == (state, "owner", added["position"])
    assert answer["may"] == [
        "speak", "call", "react", "leave", "invite", "change", "archive", "remove", "moderate", "kind", "roles"
    ]  # fmt: skip
    with Checked(server.url, token=tokens[0]) as again:
        told = {room["room"]: room for room in again.hello["rooms"]}[state["room"]]
        assert (told["title"], told["kind"], told["role"], told["archived"]) == (
            MARKUP,
            "private",
            "owner",
            False,
        )
        assert again.hello["may"] == ["make", "private", "direct", "people"]


def test_names_come_from_titles_and_private_ones_cannot_be_guessed(cast: Cast) -> None:
    name = fresh("Green  Tea!")
    slug = made(cast.alice, name)
    assert slug == "green-tea-" + name.rpartition("-")[2]
    assert made(cast.bob, name) == f"{slug}-2"
    assert made(cast.bob, "!!!").startswith("room")
    assert cast.bob.ok(do="make", title="Tea", room=f"{slug}-9")["room"]["room"] == f"{slug}-9"
    assert cast.charlie.refused(do="make", title="Tea", room=f"{slug}-9") == "name_taken"
    assert cast.charlie.refused(do="make", title="Tea", room="no slug") == "invalid"
    # Who makes rooms does not learn by their names which private ones are there.
    private = made(cast.alice, name, kind="private", room=f"{slug}-x")
    assert private.startswith(f"{slug}-x-")
    assert made(cast.charlie, name, room=f"{slug}-x") == f"{slug}-x"


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"title": "  "}, "at least one that can be seen"),
        ({"title": "\u200b"}, "title: no control characters"),
        ({"title": "x" * 121}, "title: at most 120 characters; this one has 121."),
        ({"title": "x", "topic": "y" * 501}, "topic: at most 500 characters"),
        ({"title": "evil\u202etxt"}, "title: no control characters"),
        ({"title": "a\x00b"}, "U+0000"),
        ({"title": "x", "kind": "direct"}, "kind: "),
        ({}, "title: Field required"),
    ],
)
def test_what_is_no_title_or_topic_is_refused_with_what_is(
    cast: Cast, fields: dict[str, str], says: str
) -> None:
    told = error(cast.alice, do="make", **fields)
    assert told["code"] == "invalid"
    assert says in told["message"]


def test_who_is_signed_in_and_makes_a_room_by_a_visit_owns_it_too(server: Teahouse, cast: Cast) -> None:
    room = fresh("visited")
    answer = cast.bob.ok(do="subscribe", room=room, make=True)
    assert (answer["role"], answer["position"]["seq"]) == ("owner", 1)
    assert cast.alice.ok(do="subscribe", room=room, make=True)["role"] is None
    guests = fresh("visited")
    assert cast.gina.ok(do="subscribe", room=guests, make=True)["role"] is None
    secret = made(cast.alice, room, kind="private")
    assert cast.bob.refused(do="subscribe", room=secret, make=True) == "not_found"


def test_a_guest_who_may_not_join_and_does_not_belong_leaves_nothing_behind(
    server: Teahouse, cast: Cast
) -> None:
    room = made(cast.alice, fresh("guests"))
    with (
        Checked(server.url, "Gerd") as gerd,
        closing(sqlite3.connect(server.data / "teahouse.sqlite3")) as database,
    ):
        own = ("SELECT count(*) FROM teahouse_room WHERE slug = ?", (f"@{who(gerd)}",))
        assert gerd.refused(do="join", room=room) == "forbidden"
        assert gerd.ok(do="leave", room=room) == {}
        assert database.execute(*own).fetchone() == (0,)
        gerd.ok(do="subscribe", room="@me")
        assert database.execute(*own).fetchone() == (1,)


def test_a_guest_makes_open_rooms_and_is_told_what_else_takes_an_account(cast: Cast) -> None:
    assert cast.gina.hello["may"] == ["make"]
    room = made(cast.gina, fresh("guest"))
    answer = cast.gina.ok(do="subscribe", room=room)
    assert (answer["role"], answer["may"]) == (None, ["speak", "react"])
    commands: tuple[dict[str, Any], ...] = (
        {"do": "make", "title": "x", "kind": "private"},
        {"do": "make", "title": "x", "speaking": "moderators"},
        {"do": "direct", "people": [who(cast.bob)]},
        {"do": "join", "room": room},
        {"do": "people", "search": "b"},
    )
    for command in commands:
        told = error(cast.gina, **command)
        assert told["code"] == "forbidden"
        assert "sign in" in told["message"]
    commands = (
        {"do": "invite", "people": [who(cast.bob)]},
        {"do": "change", "title": "mine"},
        {"do": "archive"},
        {"do": "remove", "person": who(cast.bob)},
        {"do": "role", "person": who(cast.bob), "role": "owner"},
    )
    for command in commands:
        assert cast.gina.refused(room=room, **command) == "forbidden"


def test_who_joins_hears_of_the_room_and_who_leaves_reads_on(cast: Cast) -> None:
    room = made(cast.alice, fresh("open"))
    cast.alice.ok(do="subscribe", room=room)
    assert may(cast.bob, room) == {"speak", "react", "join"}
    cast.bob.ok(do="subscribe", room="@me")
    assert cast.bob.ok(do="join", room=room) == {}
    joined = cast.alice.event("member")
    assert joined["member"] == {"person": cast.bob.you, "role": "member"}
    assert cast.bob.event("room_added")["about"] == room
    rights = cast.bob.signal("rights")
    assert (rights["room"], rights["role"]) == (room, "member")
    assert set(rights["may"]) == {"speak", "react", "leave", "invite"}
    assert cast.bob.ok(do="join", room=room) == {}, "again changes nothing"
    assert cast.bob.ok(do="leave", room=room) == {}
    left = cast.alice.event("member")
    assert left["member"] == {"person": cast.bob.you, "role": None}
    assert left["seq"] == joined["seq"] + 1
    assert cast.bob.event("room_removed")["about"] == room
    assert cast.bob.signal("rights")["role"] is None
    assert cast.bob.ok(do="leave", room=room) == {}, "again changes nothing"
    cast.alice.say(room, "still open")
    assert cast.bob.event(text="still open")["room"] == room


def test_only_moderators_change_a_room_and_only_owners_its_kind(server: Teahouse, cast: Cast) -> None:
    room = made(cast.alice, fresh("changing"))
    cast.bob.ok(do="join", room=room)
    cast.bob.ok(do="subscribe", room=room)
    for command in ({"do": "change", "title": "Mine"}, {"do": "archive"}):
        assert cast.bob.refused(room=room, **command) == "forbidden"
        assert cast.charlie.refused(room=room, **command) == "forbidden"
    cast.alice.ok(do="role", room=room, person=who(cast.bob), role="moderator")
    assert {"change", "archive", "remove"} <= set(cast.bob.signal("rights")["may"])
    assert cast.bob.ok(do="change", room=room, title=MARKUP, topic="t") == {}
    state = cast.bob.event("room")["state"]
    assert (state["title"], state["topic"], state["kind"]) == (MARKUP, "t", "open")
    assert cast.bob.ok(do="change", room=room, title=MARKUP) == {}, "what is so already makes no event"
    assert cast.bob.refused(do="change", room=room, kind="private") == "forbidden"
    assert "title, topic, speaking or kind" in error(cast.bob, do="change", room=room)["message"]
    # Alice has not subscribed: she is told by a signal.
    assert cast.alice.signal("room", lambda frame: frame["state"]["topic"] == "t")["state"] == state
    assert cast.olga.ok(do="change", room=room, topic="the owner of the site may") == {}


def test_an_archived_room_is_read_only_until_it_is_taken_out_again(cast: Cast) -> None:
    room = made(cast.alice, fresh("archived"))
    cast.bob.ok(do="subscribe", room=room)
    cast.alice.ok(do="archive", room=room)
    assert cast.bob.event("room")["state"]["archived"] is True
    assert cast.bob.signal("rights")["may"] == []
    assert cast.bob.refused(do="send", room=room, key="k", text="no") == "archived"
    assert cast.bob.refused(do="join", room=room) == "archived"
    assert cast.alice.refused(do="change", room=room, title="no") == "archived"
    cast.alice.ok(do="archive", room=room, on=False)
    assert cast.bob.event("room")["state"]["archived"] is False
    assert set(cast.bob.signal("rights")["may"]) == {"speak", "react", "join"}
    cast.bob.say(room, "yes")


def test_in_an_announcement_room_only_moderators_speak_and_all_react(cast: Cast) -> None:
    room = made(cast.alice, fresh("news"), speaking="moderators")
    said = cast.alice.say(room, "news")
    assert may(cast.bob, room) == {"react", "join"}
    cast.bob.ok(do="join", room=room)
    told = error(cast.bob, do="send", room=room, key="k", text="me too")
    assert (told["code"], told["message"]) == ("forbidden", "In this room only moderators speak.")
    assert cast.bob.refused(do="typing", room=room) == "forbidden"
    cast.bob.ok(do="react", room=room, message=said["message"], emoji="🍵")
    cast.alice.ok(do="change", room=room, speaking="everyone")
    assert cast.bob.event("room")["state"]["speaking"] == "everyone"
    assert cast.bob.signal("rights", lambda frame: "speak" in frame["may"])["role"] == "member"
    cast.bob.say(room, "me too")


def test_where_a_room_becomes_private_only_members_hear_what_follows(pair: tuple[Teahouse, Teahouse]) -> None:
    here, there = pair
    tokens = accounts(here, fresh("Alice"), fresh("Bob"), fresh("Charlie"))
    with (
        Checked(here.url, token=tokens[0]) as alice,
        Checked(there.url, token=tokens[1]) as bob,
        Checked(there.url, token=tokens[2]) as charlie,
        Checked(there.url, "Gina") as gina,
        Plain(there.url, "/wsmsg/" + (room := made(alice, fresh("narrow")).replace("-", "_"))) as plain,
    ):
        plain.next()
        room = made(alice, fresh("narrow"))
        bob.ok(do="join", room=room)
        for one in (bob, charlie, gina):
            one.ok(do="subscribe", room=room)
        charlie.ok(do="read", room=room, seq=1)
        alice.ok(do="change", room=room, kind="private")
        first = alice.say(room, "just us")
        assert bob.event("room")["state"]["kind"] == "private"
        assert bob.event()["seq"] == first["seq"]
        for one in (charlie, gina):
            last = one.event("room")
            assert last["seq"] == first["seq"] - 1
            lost = one.signal("rights")
            assert (lost["room"], lost["role"], lost["may"]) == (room, None, [])
            assert one.refused(do="history", room=room) == "not_found"
            one.ok(do="ping")
            assert not [frame for frame in one.heard if frame.get("seq", 0) >= first["seq"]]
        alice.ok(do="change", room=room, kind="open")
        assert gina.ok(do="subscribe", room=room)["role"] is None


def test_open_rooms_are_listed_page_by_page_and_private_ones_not(cast: Cast) -> None:
    word = fresh("listed")
    names = [made(cast.alice, f"{word} {letter}") for letter in "abc"]
    secret = made(cast.alice, f"{word} secret", kind="private")
    cast.bob.ok(do="join", room=names[1])
    cast.alice.ok(do="archive", room=names[0])
    page = cast.bob.ok(do="rooms", search=word)
    assert [room["room"] for room in page["rooms"]] == [names[1], names[2], names[0]], "archived ones last"
    assert [(room["members"], room["joined"]) for room in page["rooms"]] == [
        (2, True),
        (1, False),
        (1, False),
    ]
    assert page["more"] is False
    first = cast.gina.ok(do="rooms", search=word.upper(), limit=2)
    assert first["more"] is True
    rest = cast.gina.ok(do="rooms", search=word, limit=2, after=names[2])
    assert ([room["room"] for room in rest["rooms"]], rest["more"]) == ([names[0]], False)
    assert cast.alice.ok(do="rooms", search=secret)["rooms"] == []
    hidden = error(cast.charlie, do="rooms", after=secret)
    absent = error(cast.charlie, do="rooms", after="absent")
    assert hidden["message"].replace(secret, "absent") == absent["message"]


def test_history_begins_at_a_time(cast: Cast) -> None:
    room = made(cast.alice, fresh("times"))
    cast.alice.ok(do="subscribe", room=room)
    for number in range(9):
        cast.alice.say(room, f"{number}")
    times = [cast.alice.event(text=f"{number}")["at"] for number in range(9)]
    page = cast.alice.ok(do="history", room=room, at=times[5], limit=2)
    texts = [message["text"] for message in page["messages"]]
    assert times[5] in [message["at"] for message in page["messages"]]
    assert len(texts) == 2
    assert (
        cast.alice.ok(do="history", room=room, at="2000-01-01T00:00:00Z", limit=2)["messages"][0]["text"]
        == "0"
    )
    last = cast.alice.ok(do="history", room=room, at="2100-01-01T08:00:00+08:00", limit=2)
    assert [message["text"] for message in last["messages"]] == ["7", "8"]
    told = error(cast.alice, do="history", room=room, at="yesterday")
    assert (told["code"], told["message"][:4]) == ("invalid", "at: ")
