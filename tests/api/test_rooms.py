"""Rooms and who belongs to them, over HTTP."""

from __future__ import annotations

from tests.api.http import Asking
from tests.clients import Client
from tests.live.cast import fresh
from tests.servers import Teahouse


def test_a_room_is_made_found_changed_and_archived(asking: Asking) -> None:
    alice, bob, *_ = asking
    title = fresh("Green tea")
    answer = alice.ask("POST", "rooms", {"title": title, "topic": "sencha"})
    assert answer.status == 201
    made = answer.json["room"]
    assert answer.headers["location"] == f"/api/v1/rooms/{made['room']}"
    name = made["room"]
    told = bob.ok("GET", f"rooms/{name}")
    assert told["room"] == made
    assert told["role"] is None
    assert "join" in told["may"]
    assert "change" not in told["may"]
    assert [each["room"] for each in bob.ok("GET", f"open-rooms?search={title}")["rooms"]] == [name]
    changed = alice.ok("PATCH", f"rooms/{name}", {"topic": "all of it"})
    assert changed["room"] == {**made, "topic": "all of it"}
    assert changed["role"] == "owner"
    assert bob.refused("PATCH", f"rooms/{name}", {"topic": "none"}) == (403, "forbidden")
    assert alice.ask("PUT", f"rooms/{name}/archived").status == 204
    assert alice.refused("POST", f"rooms/{name}/messages", {"text": "late"}) == (409, "archived")
    alice.ok("DELETE", f"rooms/{name}/archived")
    alice.ok("POST", f"rooms/{name}/messages", {"text": "in time"})


def test_a_private_room_is_as_if_it_were_not_there(asking: Asking, room: str) -> None:
    for method, path, body in (
        ("GET", "", None),
        ("PATCH", "", {"topic": "x"}),
        ("GET", "/members", None),
        ("PUT", "/members/me", None),
        ("GET", "/messages", None),
        ("POST", "/messages", {"text": "x"}),
        ("GET", "/messages/1", None),
        ("PUT", "/read", {"seq": 1}),
    ):
        for who in (asking.charlie, asking.guest):
            assert who.refused(method, f"rooms/{room}{path}", body) == (404, "not_found"), (method, path)
        assert asking.nobody.refused(method, f"rooms/{room}{path}", body) == (401, "no_credential")
    assert asking.bob.ok("GET", f"rooms/{room}")["role"] == "member"


def test_members_are_invited_get_a_role_and_are_removed(asking: Asking, room: str) -> None:
    alice, bob, charlie, *_ = asking
    ids = asking.ids()
    assert bob.refused("POST", f"rooms/{room}/members", {"people": [ids["charlie"]]}) == (403, "forbidden")
    assert alice.ok("POST", f"rooms/{room}/members", {"people": [ids["charlie"]]}) == {
        "added": [ids["charlie"]]
    }
    charlie.ok("GET", f"rooms/{room}/messages")
    page = bob.ok("GET", f"rooms/{room}/members?limit=2")
    assert (page["count"], page["more"], [each["role"] for each in page["members"]]) == (
        3,
        True,
        ["owner", "member"],
    )
    last = page["members"][-1]["person"]["id"]
    assert [m["person"]["name"] for m in bob.ok("GET", f"rooms/{room}/members?after={last}")["members"]] == [
        "Charlie"
    ]
    alice.ok("PATCH", f"rooms/{room}/members/{ids['bob']}", {"role": "moderator"})
    bob.ok("DELETE", f"rooms/{room}/members/{ids['charlie']}")
    assert charlie.refused("GET", f"rooms/{room}/messages") == (404, "not_found")
    assert bob.ask("DELETE", f"rooms/{room}/members/me").status == 204
    assert bob.refused("GET", f"rooms/{room}") == (404, "not_found")


def test_an_open_room_is_joined_and_left(asking: Asking) -> None:
    name = asking.alice.ok("POST", "rooms", {"title": fresh("Open")})["room"]["room"]
    before = {room["room"] for room in asking.bob.ok("GET", "rooms")["rooms"]}
    asking.bob.ok("PUT", f"rooms/{name}/members/me")
    assert {room["room"] for room in asking.bob.ok("GET", "rooms")["rooms"]} == before | {name}
    told = asking.bob.ok("PUT", f"rooms/{name}/settings", {"level": "all"})
    assert told["level"] == "all"
    asking.bob.ok("DELETE", f"rooms/{name}/members/me")
    assert {room["room"] for room in asking.bob.ok("GET", "rooms")["rooms"]} == before


def test_a_conversation_is_begun_once(asking: Asking) -> None:
    ids = asking.ids()
    first = asking.alice.ok("POST", "conversations", {"people": [ids["bob"]]})
    assert first["room"]["kind"] == "direct"
    assert asking.bob.ok("POST", "conversations", {"people": [ids["alice"]]}) == first
    assert asking.guest.refused("POST", "conversations", {"people": [ids["bob"]]}) == (403, "forbidden")


def test_sockets_hear_what_is_done_here(
    server: Teahouse, asking: Asking, tokens: list[str], room: str
) -> None:
    with Client(server.url, token=tokens[1]) as bob:
        bob.ok(do="subscribe", room=room)
        asking.alice.ok("PATCH", f"rooms/{room}", {"title": "White tea"})
        assert bob.event("room")["state"]["title"] == "White tea"
        stored = asking.alice.ok("POST", f"rooms/{room}/messages", {"text": "hello"})
        assert bob.event()["message"]["id"] == stored["message"]
        here = bob.ok(do="subscribe", room=room)["here"]
        assert here["count"] == 1, "who asks by HTTP is not there for that"
