"""Threads over the wire: said beside the room's own talk, told at their roots, read by who takes part."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients import Client, Plain
from tests.live.cast import Cast, error, fresh, made, own, who
from tests.live.checked import Checked
from tests.servers import Teahouse


def answer(client: Client, room: str, thread: int, text: str, **more: Any) -> dict[str, Any]:
    return client.ok(do="send", room=room, thread=thread, key=fresh("k"), text=text, **more)


def texts(client: Client, room: str, **where: Any) -> list[str | None]:
    return [message.get("text") for message in client.ok(do="history", room=room, **where)["messages"]]


def told(client: Client, room: str, root: int) -> dict[str, Any] | None:
    """What the room's history says at the root."""
    page = client.ok(do="history", room=room)["messages"]
    found: dict[str, Any] | None = next(message for message in page if message["id"] == root).get("thread")
    return found


@pytest.fixture
def room(cast: Cast) -> str:
    """Of Alice; Bob is in, Charlie is not."""
    room = made(cast.alice, fresh("threads"), kind="private")
    cast.alice.ok(do="invite", room=room, people=[who(cast.bob)])
    for client in (cast.alice, cast.bob):
        client.ok(do="subscribe", room=room)
    return room


def test_what_is_said_in_a_thread_stands_beside_the_room(cast: Cast, room: str) -> None:
    alice, bob = cast.alice, cast.bob
    root = alice.say(room, "who brings tea?")
    said = answer(bob, room, root["message"], "I *do*")
    event = alice.event(text="I *do*")
    assert event["seq"] == said["seq"] == root["seq"] + 1
    assert event["message"]["root"] == {"id": root["message"], "seq": root["seq"]}
    # Behind it, under the next number, its root says so: all that it says of the thread, to be replaced.
    tells = alice.event("thread")
    state = {"count": 1, "last": event["at"], "seq": said["seq"], "people": [bob.you]}
    assert tells["message"] == {"id": root["message"], "thread": state}
    assert (tells["seq"], tells["by"]) == (said["seq"] + 1, bob.you)
    answer(alice, room, root["message"], "and I bring cups")
    assert bob.event("thread")["message"]["thread"]["people"] == [bob.you]
    after = bob.event("thread")["message"]["thread"]
    assert (after["count"], after["people"]) == (2, [alice.you, bob.you])
    # The room's history has the root, with what it says; the thread's has the rest, and the root beside it.
    assert texts(bob, room) == ["who brings tea?"]
    assert told(bob, room, root["message"]) == after
    page = bob.ok(do="history", room=room, thread=root["message"])
    assert [message["text"] for message in page["messages"]] == ["I *do*", "and I bring cups"]
    assert (page["root"]["text"], page["root"]["thread"]) == ("who brings tea?", after)
    assert page["more"] == {"before": False, "after": False}
    assert page["read"] == said["seq"], "from when on one takes part"
    assert page["messages"][0]["root"] == {"id": root["message"], "seq": root["seq"]}


def test_pages_of_a_thread(cast: Cast, room: str) -> None:
    root = cast.alice.say(room, "root")["message"]
    said = [answer(cast.bob, room, root, str(n)) for n in range(5)]
    cast.alice.say(room, "meanwhile in the room")
    thread = {"thread": root, "limit": 2}
    page = cast.alice.ok(do="history", room=room, **thread)
    assert [one["text"] for one in page["messages"]] == ["3", "4"]
    assert page["more"] == {"before": True, "after": False}
    assert texts(cast.alice, room, before=said[3]["seq"], **thread) == ["1", "2"]
    assert texts(cast.alice, room, after=said[1]["seq"], **thread) == ["2", "3"]
    assert texts(cast.alice, room, around=said[2]["seq"], **thread) == ["1", "2"]
    assert texts(cast.alice, room, at=page["messages"][0]["at"], **thread)[-1] in ("3", "4")
    # Around the number of a message in a thread stands, in the room, its root.
    page = cast.alice.ok(do="history", room=room, around=said[2]["seq"], limit=4)
    assert [one["text"] for one in page["messages"]] == ["root", "meanwhile in the room"]
    assert (page["root"]["id"], page["root"]["thread"]["count"]) == (root, 5)
    assert "root" not in cast.alice.ok(do="history", room=room, around=said[0]["seq"] - 1)
    assert "root" not in cast.alice.ok(do="history", room=room)


def test_where_no_thread_can_be(cast: Cast, room: str) -> None:
    alice, bob, charlie = cast.alice, cast.bob, cast.charlie
    root = alice.say(room, "root")["message"]
    inside = answer(bob, room, root, "inside")["message"]
    send = {"do": "send", "room": room, "key": "k", "text": "where?"}
    # One level only; and the refusal says where it would be right.
    refused = error(bob, **send, thread=inside)
    assert (refused["code"], f"in the thread of {root}" in refused["message"]) == ("invalid", True)
    assert bob.refused(**send, thread=10**9) == "not_found"
    assert bob.refused(**send, thread="root") == "invalid"
    other = made(alice, fresh("other"))
    elsewhere = alice.say(other, "elsewhere")["message"]
    assert bob.refused(**send, thread=elsewhere) == "not_found"
    # Rights are those of the room.
    assert charlie.refused(**send, thread=root) == "not_found"
    assert charlie.refused(do="history", room=room, thread=root) == "not_found"
    assert charlie.refused(do="read", room=room, thread=root, seq=1) == "not_found"
    assert bob.refused(do="history", room=room, thread=elsewhere) == "not_found"
    assert bob.refused(do="read", room=room, thread=elsewhere, seq=1) == "not_found"
    assert texts(bob, room, thread=root) == ["inside"], "nothing was stored"
    # One replies to what the readers of the place see.
    assert bob.refused(**send, thread=root, reply=alice.say(room, "another")["message"]) == "invalid"
    assert "with thread" in error(bob, **send, reply=inside)["message"]
    assert "seq" in bob.ok(**send, thread=root, reply=inside)
    assert "seq" in bob.ok(**send | {"key": "l"}, thread=root, reply=root)
    alice.ok(do="archive", room=room)
    assert bob.refused(**send | {"key": "m"}, thread=root) == "archived"


def test_a_repeat_is_the_first_one(cast: Cast, room: str) -> None:
    root = cast.alice.say(room, "root")["message"]
    send = {"do": "send", "room": room, "thread": root, "key": fresh("once"), "text": "once"}
    first = cast.bob.ok(**send)
    assert cast.bob.ok(**send) == first
    assert told(cast.bob, room, root) is not None
    assert (told(cast.bob, room, root) or {})["count"] == 1
    cast.alice.ok(do="delete", room=room, message=first["message"])
    assert cast.bob.ok(**send) == first


def test_a_thread_outlives_its_root_and_its_messages(cast: Cast, room: str) -> None:
    alice, bob = cast.alice, cast.bob
    start = alice.ok(do="subscribe", room=room)["position"]
    root = alice.say(room, "secret root")["message"]
    first, second = (answer(bob, room, root, text)["message"] for text in ("one", "two"))
    answer(alice, room, root, "three")
    alice.ok(do="delete", room=room, message=root)
    shown = bob.ok(do="history", room=room, thread=root)
    assert "text" not in shown["root"]
    assert shown["root"]["thread"]["count"] == 3
    assert (answer(bob, room, root, "four")["message"], texts(bob, room, thread=root)[-1]) == (
        shown["messages"][-1]["id"] + 1,
        "four",
    )
    # What is deleted counts no more, and whose only one it was is not told of; the last is the last that is there.
    bob.ok(do="delete", room=room, message=first)
    before = told(bob, room, root) or {}
    assert (before["count"], before["people"]) == (3, [bob.you, alice.you])
    for text in ("four", "two"):
        page = bob.ok(do="history", room=room, thread=root)["messages"]
        bob.ok(do="delete", room=room, message=next(one["id"] for one in page if one.get("text") == text))
    page = bob.ok(do="history", room=room, thread=root)
    assert (page["root"]["thread"]["count"], page["root"]["thread"]["people"]) == (1, [alice.you])
    third = next(one for one in page["messages"] if one.get("text") == "three")
    assert (page["root"]["thread"]["seq"], page["root"]["thread"]["last"]) == (third["seq"], third["at"])
    assert all(one["root"]["id"] == root for one in page["messages"]), "what is gone stays in its place"
    alice.ok(do="delete", room=room, message=third["id"])
    assert told(bob, room, root) is None
    missed = bob.ok(do="subscribe", room=room, since=start)["events"]
    assert "secret" not in str(missed)
    of_thread = [event["message"]["thread"] for event in missed if event["event"] == "thread"]
    assert of_thread == [{"count": 0, "people": []}] * len(of_thread)
    # None begins at a deleted message.
    gone = alice.say(room, "gone")["message"]
    alice.ok(do="delete", room=room, message=gone)
    assert bob.refused(do="send", room=room, thread=gone, key="g", text="?") == "gone"
    assert second


def test_plain_readers_hear_it_as_any_text(server: Teahouse) -> None:
    room = fresh("plain").replace("-", "_")
    with Client(server.url, fresh("Ann")) as alice, Plain(server.url, f"/wsmsg/{room}?name=Ben") as plain:
        plain.next()  # That it is connected.
        root = alice.say(room, "root")["message"]
        answer(alice, room, root, "in its thread")
        assert plain.next().endswith("root")
        assert plain.next().endswith("in its thread")
        plain.send("and I cannot")
        assert plain.next().endswith("and I cannot")
        assert texts(alice, room) == ["root", "and I cannot"]


def test_unread_of_the_room_and_of_the_thread(
    server: Teahouse, cast: Cast, room: str, tokens: list[str]
) -> None:
    alice, bob = cast.alice, cast.bob
    with Checked(server.url, token=tokens[1]) as elsewhere:
        before = elsewhere.hello["threads"]
        root = alice.say(room, "root")
        mark = bob.ok(do="read", room=room, seq=root["seq"])["read"]
        # Bob takes no part in it: neither is unread.
        answer(alice, room, root["message"], "to myself")
        assert bob.ok(do="read", room=room, thread=root["message"], seq=root["seq"] + 1) == {"read": 0}
        answer(bob, room, root["message"], "me too")
        answer(alice, room, root["message"], "then come")
        last = answer(alice, room, root["message"], "soon")
        elsewhere.signal("threads", lambda signal: signal["unread"] == before + 1)
        with Checked(server.url, token=tokens[1]) as again:
            assert again.hello["threads"] == before + 1
            assert (own(again)[room]["unread"], own(again)[room]["read"]) == (0, mark)
            listed = again.ok(do="threads")
            assert listed["unread"] == before + 1
            mine = listed["threads"][0]
            assert (mine["room"], mine["message"]["id"], mine["last"]["text"]) == (
                room,
                root["message"],
                "soon",
            )
            assert (mine["unread"], mine["message"]["thread"]["count"]) == (2, 4)
        # Read on one device, told on all, also to one that comes back.
        since = elsewhere.ok(do="subscribe", room="@me")["position"]
        read = {"do": "read", "room": room, "thread": root["message"]}
        assert bob.ok(**read, seq=last["seq"]) == {"read": last["seq"]}
        assert bob.ok(**read, seq=1) == {"read": last["seq"]}, "only forward"
        heard = elsewhere.event("thread_read")
        assert (heard["about"], heard["thread"], heard["read"]) == (room, root["message"], last["seq"])
        assert elsewhere.signal("threads")["unread"] == before
        assert bob.ok(do="threads")["threads"][0]["unread"] == 0
        assert bob.ok(**read, seq=last["seq"] - 1, back=True) == {"read": last["seq"] - 1}
        assert elsewhere.signal("threads")["unread"] == before + 1
        with Checked(server.url, token=tokens[1]) as again:
            missed = again.ok(do="subscribe", room="@me", since=since)["events"]
            assert [event["event"] for event in missed] == ["thread_read"] * 2
            assert (missed[-1]["thread"], missed[-1]["read"]) == (root["message"], last["seq"] - 1)
        # The author of the root takes part from the first answer on.
        assert [one["unread"] for one in alice.ok(do="threads")["threads"] if one["room"] == room] == [1]


def test_a_mention_in_a_thread_counts_in_the_room_until_either_is_read(
    server: Teahouse, cast: Cast, room: str, tokens: list[str]
) -> None:
    alice, bob = cast.alice, cast.bob

    def mentions() -> tuple[Any, Any]:
        with Checked(server.url, token=tokens[1]) as again:
            return own(again)[room]["unread"], own(again)[room]["mentions"]

    root = alice.say(room, "root")
    bob.ok(do="read", room=room, seq=root["seq"])
    bob.ok(do="subscribe", room="@me")
    first = answer(alice, room, root["message"], "@Bob look")
    assert bob.event("mention")["message"]["id"] == first["message"]
    assert mentions() == (0, 1)
    assert bob.ok(do="threads")["threads"][0]["unread"] == 1, "who is called takes part"
    bob.ok(do="read", room=room, thread=root["message"], seq=first["seq"])
    assert mentions() == (0, 0)
    second = answer(alice, room, root["message"], "@Bob again")
    assert mentions() == (0, 1)
    bob.ok(do="read", room=room, seq=second["seq"])
    assert mentions() == (0, 0)
    assert bob.ok(do="threads")["threads"][0]["unread"] == 1


def test_who_began_it_hears_of_answers(cast: Cast, room: str) -> None:
    alice, bob = cast.alice, cast.bob
    alice.ok(do="subscribe", room="@me")
    root = alice.say(room, "root")["message"]
    said = answer(bob, room, root, "an answer")
    heard = alice.event("reply")
    assert (heard["about"], heard["message"]["id"], heard["by"]) == (room, said["message"], bob.you)
    needing = alice.ok(do="activity")["activity"][0]
    assert (needing["kind"], needing["message"]["root"]["id"]) == ("reply", root)
    # Once, until the thread was read.
    answer(bob, room, root, "and another")
    mine = alice.ok(do="read", room=room, thread=root, seq=10**6)["read"]
    third = answer(bob, room, root, "and a third")
    assert third["seq"] > mine
    assert alice.event("reply")["message"]["id"] == third["message"]
    # One's own answer is none.
    answer(alice, room, root, "my own")
    alice.ok(do="read", room=room, thread=root, seq=10**6)
    last = answer(bob, room, root, "and a last")
    assert alice.event("reply")["message"]["id"] == last["message"]


def test_threads_of_a_room_that_one_is_not_in_any_more(cast: Cast, room: str) -> None:
    root = cast.alice.say(room, "root")["message"]
    answer(cast.bob, room, root, "mine")
    answer(cast.alice, room, root, "secret")
    before = cast.bob.ok(do="threads")
    assert before["threads"][0]["last"]["text"] == "secret"
    cast.alice.ok(do="remove", room=room, person=who(cast.bob))
    after = cast.bob.ok(do="threads")
    assert "secret" not in str(after)
    assert after["unread"] == before["unread"] - 1
    cast.alice.ok(do="invite", room=room, people=[who(cast.bob)])
    assert cast.bob.ok(do="threads")["unread"] == before["unread"]


def test_threads_are_listed_page_by_page(cast: Cast, room: str) -> None:
    roots = [cast.alice.say(room, f"root {n}")["message"] for n in range(3)]
    for root in (*roots, roots[0]):
        answer(cast.bob, room, root, f"to {root}")
    page = cast.bob.ok(do="threads", limit=2)
    assert [one["message"]["id"] for one in page["threads"]] == [roots[0], roots[2]]
    assert page["more"]
    rest = cast.bob.ok(do="threads", limit=100, before=page["before"])
    assert rest["threads"][0]["message"]["id"] == roots[1]
    # A guest has none but in open rooms.
    assert cast.gina.ok(do="threads")["threads"] == []
    cafe = made(cast.alice, fresh("cafe"))
    root = cast.alice.say(cafe, "come in")["message"]
    answer(cast.gina, cafe, root, "hello")
    assert [one["room"] for one in cast.gina.ok(do="threads")["threads"]] == [cafe]


def test_typing_in_a_thread_says_so(cast: Cast, room: str) -> None:
    root = cast.alice.say(room, "root")["message"]
    cast.bob.ok(do="typing", room=room, thread=root)
    assert cast.alice.signal("typing") == {
        "signal": "typing",
        "room": room,
        "by": cast.bob.you,
        "thread": root,
    }
