"""Adversarial frames at the level of JSON: each gets its documented answer, a healthy session notices nothing.

Broken WebSocket frames are in test_wire_frames.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.clients import SECONDS, Client, Plain
from tests.servers import Teahouse

ANSWERS: list[tuple[str, Any, str]] = [
    ("garbage", None, "bad_json"),
    ("", None, "bad_json"),
    ("[]", None, "bad_json"),
    ("null", None, "bad_json"),
    ('"text"', None, "bad_json"),
    ('{"id":1,"do":"ping"', None, "bad_json"),
    ('{"id":1,"do":"ping"}{}', None, "bad_json"),
    ("[" * 5000, None, "bad_json"),
    ('{"do":"ping"}', None, "invalid"),
    ('{"id":null,"do":"ping"}', None, "invalid"),
    ('{"id":1.5,"do":"ping"}', None, "invalid"),
    ('{"id":true,"do":"ping"}', None, "invalid"),
    ('{"id":"","do":"ping"}', None, "invalid"),
    ('{"id":"%s","do":"ping"}' % ("x" * 65), None, "invalid"),
    ('{"id":9007199254740992,"do":"ping"}', None, "invalid"),
    ('{"id":' + "9" * 400 + ',"do":"ping"}', None, "invalid"),
    ('{"id":1}', 1, "unknown_command"),
    ('{"id":1,"do":7}', 1, "unknown_command"),
    ('{"id":1,"do":"teleport"}', 1, "unknown_command"),
    ('{"id":1,"do":"hello","v":1,"name":"again"}', 1, "hello_twice"),
    ('{"id":1,"do":"subscribe"}', 1, "invalid"),
    ('{"id":1,"do":"subscribe","room":""}', 1, "invalid"),
    ('{"id":1,"do":"subscribe","room":"%s"}' % ("x" * 65), 1, "invalid"),
    ('{"id":1,"do":"subscribe","room":"a/b"}', 1, "not_found"),
    ('{"id":1,"do":"subscribe","room":"@1"}', 1, "not_found"),
    ('{"id":1,"do":"subscribe","room":"main","since":{"epoch":"x","seq":-1}}', 1, "invalid"),
    ('{"id":1,"do":"subscribe","room":"main","since":44}', 1, "invalid"),
    ('{"id":1,"do":"send","room":"main","key":"","text":"a"}', 1, "invalid"),
    ('{"id":1,"do":"send","room":"main","key":"%s","text":"a"}' % ("k" * 65), 1, "invalid"),
    ('{"id":1,"do":"send","room":"main","key":"键","text":"a"}', 1, "invalid"),
    ('{"id":1,"do":"send","room":"main","key":"k","text":"  "}', 1, "empty"),
    ('{"id":1,"do":"send","room":"main","key":"k","text":"%s"}' % ("x" * 10_001), 1, "too_long"),
    ('{"id":1,"do":"send","room":"main","key":"k","text":"a\\u0000b"}', 1, "invalid"),
    ('{"id":1,"do":"send","room":"main","key":"k","text":"a\\ud800b"}', 1, "invalid"),
    ('{"id":1,"do":"send","room":"nowhere","key":"k","text":"a"}', 1, "not_found"),
    ('{"id":1,"do":"send","room":"@me","key":"k","text":"a"}', 1, "not_found"),
    ('{"id":1,"do":"edit","room":"main","message":0,"text":"a"}', 1, "invalid"),
    ('{"id":1,"do":"edit","room":"main","message":9007199254740991,"text":"a"}', 1, "not_found"),
    ('{"id":1,"do":"react","room":"main","message":1,"emoji":""}', 1, "invalid"),
    ('{"id":1,"do":"history","room":"main","before":5,"after":2}', 1, "invalid"),
    ('{"id":1,"do":"history","room":"main","limit":0}', 1, "invalid"),
]


@pytest.fixture(scope="module")
def healthy(server: Teahouse) -> Iterator[Client]:
    with Client(server.url, "Healthy") as client:
        client.ok(do="subscribe", room="main")
        yield client


def still_well(healthy: Client) -> None:
    said = healthy.say("main", "all is well")
    assert healthy.event(text="all is well")["seq"] == said["seq"]


@pytest.mark.parametrize(("frame", "re", "code"), ANSWERS, ids=[frame[:40] for frame, _, _ in ANSWERS])
def test_each_bad_frame_has_its_answer(
    server: Teahouse, healthy: Client, frame: str, re: Any, code: str
) -> None:
    with Client(server.url, "Mallory") as mallory:
        mallory.socket.send(frame)
        reply = mallory.reply_to(re)
        assert reply["error"]["code"] == code
        assert reply["error"]["message"].endswith((".", "。"))
        assert reply["error"]["retry"] is False
        assert mallory.ok(do="ping", id="after") == {}, "the session goes on"
    still_well(healthy)


def test_the_tenth_frame_in_a_minute_that_is_no_object_ends_the_session(
    server: Teahouse, healthy: Client
) -> None:
    with Client(server.url, "Mallory") as mallory:
        for _ in range(9):
            mallory.socket.send("nonsense")
            assert mallory.reply_to(None)["error"]["code"] == "bad_json"
        assert mallory.ok(do="ping") == {}
        mallory.socket.send("nonsense")
        assert mallory.closed()[0] == 4000
    still_well(healthy)


def test_a_command_before_hello_is_refused_and_hello_still_works(server: Teahouse) -> None:
    with Client(server.url, hello=False) as client:
        assert client.refused(do="subscribe", room="main") == "hello_first"
        assert client.ok(do="hello", v=1, name="Late")["you"]["name"] == "Late"


def test_an_id_may_be_used_again_once_it_is_answered(server: Teahouse) -> None:
    with Client(server.url, "Alice") as alice:
        assert alice.ok(do="ping", id=7) == alice.ok(do="ping", id=7)


def test_subscribing_twice_starts_anew_and_unsubscribing_from_nothing_is_nothing(server: Teahouse) -> None:
    with Client(server.url, "Alice") as alice:
        first = alice.ok(do="subscribe", room="main")
        assert alice.ok(do="subscribe", room="main")["position"]["epoch"] == first["position"]["epoch"]
        alice.say("main", "heard once")
        assert alice.event(text="heard once")
        alice.ok(do="ping")
        assert not [frame for frame in alice.heard if frame.get("event") == "message"]
        assert alice.ok(do="unsubscribe", room="main") == alice.ok(do="unsubscribe", room="main") == {}
        alice.say("main", "not heard")
        alice.ok(do="ping")
        assert not [frame for frame in alice.heard if frame.get("event") == "message"]


@pytest.mark.parametrize("frame", [b"\x00binary", "x" * (128 * 1024 + 1)], ids=["binary", "oversize"])
def test_what_cannot_be_a_command_closes_with_its_code(
    server: Teahouse, healthy: Client, frame: str | bytes
) -> None:
    with Client(server.url, "Mallory") as mallory:
        mallory.socket.send(frame)
        assert mallory.closed()[0] == (1003 if isinstance(frame, bytes) else 1009)
    still_well(healthy)


def test_thousands_of_commands_at_once_are_all_answered(server: Teahouse, healthy: Client) -> None:
    with Client(server.url, "Mallory") as mallory:
        for number in range(3000):
            mallory.socket.send(json.dumps({"id": f"n{number}", "do": "ping"}))
        answered = {mallory.socket.recv(timeout=SECONDS) for _ in range(3000)}
        assert len(answered) == 3000
    still_well(healthy)


def test_fragments_with_a_ping_between_are_one_command(server: Teahouse) -> None:
    with Client(server.url, "Alice") as alice:
        alice.socket.send(iter(['{"id":"frag","do"', ':"ping"}']))
        assert json.loads(alice.socket.recv(timeout=SECONDS)) == {"re": "frag", "ok": {}}


def test_a_session_that_breaks_off_in_the_middle_is_forgotten(server: Teahouse, healthy: Client) -> None:
    with Client(server.url, "Mallory") as mallory:
        mallory.ok(do="subscribe", room="main")
        mallory.put(do="send", room="main", key="last", text="last words")
        mallory.socket.socket.close()
        with pytest.raises((ConnectionClosed, OSError)):
            list(
                iter(lambda: mallory.socket.recv(timeout=SECONDS), None)
            )  # Older websockets give first what they had read.
    assert healthy.event(text="last words")
    still_well(healthy)


@pytest.mark.parametrize("plain", [True, False], ids=["plain", "json"])
def test_what_was_sent_before_a_close_is_said(server: Teahouse, plain: bool) -> None:
    room = f"leaving-{plain}"
    said = [f"{kind} {number}" for number in range(10) for kind in ("one", "two", "three")]
    with Client(server.url, "Reader") as reader:
        reader.ok(do="subscribe", room=room, make=True)
        for number in range(10):
            texts = said[3 * number : 3 * number + 3]
            if plain:
                with Plain(server.url, f"/wsmsg/{room}") as passing:
                    for text in texts:
                        passing.send(text)
            else:
                with Client(server.url, "Passing") as client:
                    for text in texts:
                        client.put(do="send", room=room, key=text, text=text)
        heard = [reader.event() for _ in said]
    assert sorted(event["message"]["text"] for event in heard) == sorted(said)
