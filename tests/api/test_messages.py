"""Messages, over HTTP: the same as on a socket."""

from __future__ import annotations

from tests.api.http import Asking
from tests.clients import Client
from tests.live.cast import fresh
from tests.servers import Teahouse


def test_a_page_is_as_on_a_socket(server: Teahouse, asking: Asking, tokens: list[str], room: str) -> None:
    ids = [
        asking.alice.ok("POST", f"rooms/{room}/messages", {"text": f"cup *{n}*"})["message"] for n in range(5)
    ]
    asking.bob.ok("PUT", f"rooms/{room}/messages/{ids[2]}/reactions/🍵")
    with Client(server.url, token=tokens[1]) as bob:
        for query, fields in (
            ("", {}),
            ("?limit=2", {"limit": 2}),
            ("?before=4&limit=1", {"before": 4, "limit": 1}),
            ("?after=3", {"after": 3}),
            ("?around=4&limit=2", {"around": 4, "limit": 2}),
            ("?at=2020-01-01T00:00:00Z&limit=2", {"at": "2020-01-01T00:00:00Z", "limit": 2}),
        ):
            told = asking.bob.ok("GET", f"rooms/{room}/messages{query}")
            assert told == bob.ok(do="history", room=room, **fields), query
    page = asking.bob.ok("GET", f"rooms/{room}/messages?limit=3")
    assert [message["id"] for message in page["messages"]] == ids[2:]
    assert page["messages"][0]["reactions"] == {"🍵": [asking.ids()["bob"]]}
    assert page["more"] == {"before": True, "after": False}
    assert asking.bob.ok("GET", f"rooms/{room}/messages/{ids[2]}") == page["messages"][0]


def test_a_message_is_edited_and_deleted(asking: Asking, room: str) -> None:
    alice, bob, *_ = asking
    answer = bob.ask("POST", f"rooms/{room}/messages", {"text": "tee"})
    assert answer.status == 201
    one = f"rooms/{room}/messages/{answer.json['message']}"
    assert answer.headers["location"] == f"/api/v1/{one}"
    assert alice.refused("PATCH", one, {"text": "coffee"}) == (403, "forbidden")
    bob.ok("PATCH", one, {"text": "tea"})
    told = alice.ok("GET", one)
    assert (told["text"], "edited" in told) == ("tea", True)
    assert [each["text"] for each in alice.ok("GET", f"{one}/edits")["edits"]] == ["tee"]
    alice.ok("PUT", f"{one}/reactions/👍")
    alice.ok("DELETE", f"{one}/reactions/👍")
    assert "reactions" not in bob.ok("GET", one)
    alice.ok("DELETE", one)
    assert set(bob.ok("GET", one)) == {"id", "key", "seq", "at", "by", "deleted", "rev"}
    assert bob.refused("PATCH", one, {"text": "tea"}) == (410, "gone")
    assert bob.refused("GET", f"rooms/{room}/messages/999999") == (404, "not_found")


def test_a_message_of_another_room_is_not_there(asking: Asking, room: str) -> None:
    secret = asking.alice.ok("POST", f"rooms/{room}/messages", {"text": "a secret"})["message"]
    other = asking.charlie.ok("POST", "rooms", {"title": fresh("Other")})["room"]["room"]
    for method, path, body in (
        ("GET", "", None),
        ("GET", "/edits", None),
        ("GET", "/thread", None),
        ("DELETE", "", None),
        ("PUT", "/reactions/x", None),
    ):
        found = asking.charlie.refused(method, f"rooms/{other}/messages/{secret}{path}", body)
        assert found == (404, "not_found"), path
    assert asking.bob.ok("GET", f"rooms/{room}/messages/{secret}")["text"] == "a secret"


def test_threads_and_replies(asking: Asking, room: str) -> None:
    alice, bob, *_ = asking
    root = alice.ok("POST", f"rooms/{room}/messages", {"text": "which tea?"})["message"]
    said = bob.ok("POST", f"rooms/{room}/messages", {"text": "oolong", "thread": root})
    reply = alice.ok(
        "POST", f"rooms/{room}/messages", {"text": "good", "thread": root, "reply": said["message"]}
    )
    page = bob.ok("GET", f"rooms/{room}/messages/{root}/thread")
    assert [message["text"] for message in page["messages"]] == ["oolong", "good"]
    assert page["root"]["thread"]["count"] == 2
    assert page == bob.ok("GET", f"rooms/{room}/messages?thread={root}")
    assert [message["text"] for message in bob.ok("GET", f"rooms/{room}/messages")["messages"]] == [
        "which tea?"
    ]
    assert [each["message"]["id"] for each in bob.ok("GET", "me/threads")["threads"]][:1] == [root]
    needing = bob.ok("GET", "me/activity?limit=1")["activity"]
    assert [(each["kind"], each["message"]["id"]) for each in needing] == [("reply", reply["message"])]
    assert bob.ok("PUT", f"rooms/{room}/read", {"seq": reply["seq"], "thread": root}) == {
        "read": reply["seq"]
    }


def test_read_marks_move(asking: Asking, room: str) -> None:
    said = [asking.alice.ok("POST", f"rooms/{room}/messages", {"text": f"{n}"})["seq"] for n in range(3)]
    own = {each["room"]: each for each in asking.bob.ok("GET", "rooms")["rooms"]}
    assert own[room]["unread"] == 3
    assert asking.bob.ok("PUT", f"rooms/{room}/read", {"seq": said[1]}) == {"read": said[1]}
    assert asking.bob.ok("PUT", f"rooms/{room}/read", {"seq": 1}) == {"read": said[1]}
    assert asking.bob.ok("PUT", f"rooms/{room}/read", {"seq": 1, "back": True}) == {"read": 1}


def test_a_repeat_is_stored_once(asking: Asking, room: str) -> None:
    key = fresh("key")
    address = f"rooms/{room}/messages"
    first = asking.bob.ask("POST", address, {"text": "once"}, Idempotency_Key=key)
    again = asking.bob.ask("POST", address, {"text": "once"}, Idempotency_Key=f'"{key}"')
    assert (first.status, first.json) == (again.status, again.json)
    assert asking.bob.refused("POST", address, {"text": "twice"}, Idempotency_Key=key) == (422, "key_reused")
    # Another's key is another one.
    assert asking.alice.ok("POST", address, {"text": "once"}, Idempotency_Key=key) != first.json
    # Without one each is another message.
    two = [asking.bob.ok("POST", address, {"text": "again"}) for _ in range(2)]
    assert two[0] != two[1]
    # For ever: also who may speak no more hears what became of it.
    asking.alice.ok("DELETE", f"rooms/{room}/members/{asking.ids()['bob']}")
    assert asking.bob.ok("POST", address, {"text": "once"}, Idempotency_Key=key) == first.json
    assert asking.bob.refused("POST", address, {"text": "new"}) == (404, "not_found")
    assert asking.bob.refused("POST", address, {"text": "x"}, Idempotency_Key="k" * 65) == (422, "invalid")
