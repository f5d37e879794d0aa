"""The events of a room as a Durable Stream: caught up, waited for, streamed; under the same rights as a socket."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.api.http import Api, Asking
from tests.clients import SECONDS, Client
from tests.live.cast import accounts, fresh
from tests.servers import Teahouse


def say(api: Api, room: str, *texts: str) -> None:
    for text in texts:
        api.ok("POST", f"rooms/{room}/messages", {"text": text})


def texts_of(events: list[dict[str, Any]]) -> list[str]:
    return [event["message"]["text"] for event in events if event["event"] == "message"]


class Piece(NamedTuple):
    """One `data` and the `control` behind it."""

    events: list[dict[str, Any]]
    control: dict[str, Any]


class Stream:
    """A reader with an EventSource."""

    def __init__(self, response: HTTPResponse) -> None:
        self.response = response
        self.headers = {name.lower(): value for name, value in response.getheaders()}

    def next(self) -> Piece:
        """The next piece; StopIteration at the end."""
        events: list[dict[str, Any]] = []
        while True:
            fields = self._fields()
            if fields.get("event") == "data":
                events += json.loads(fields["data"])
            elif fields.get("event") == "control":
                return Piece(events, json.loads(fields["data"]))

    def _fields(self) -> dict[str, str]:
        fields: dict[str, str] = {}
        while (line := self.response.readline().decode()) != "\n":
            if not line:
                raise StopIteration
            name, _, value = line.rstrip("\n").partition(":")
            fields[name] = value.removeprefix(" ")
        return fields


@contextmanager
def streaming(server: Teahouse, token: str, room: str, offset: str) -> Iterator[Stream]:
    connection = HTTPConnection("127.0.0.1", urlsplit(server.url).port, timeout=SECONDS)
    path = f"/api/v1/rooms/{room}/events?offset={offset}&live=sse"
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    response = connection.getresponse()
    assert response.status == 200, response.read()
    try:
        yield Stream(response)
    finally:
        response.close()
        connection.close()


class Waiting:
    """A request that is under way."""

    def __init__(self, server: Teahouse, token: str, path: str) -> None:
        self._api = Api(server.url, token)
        self._thread = threading.Thread(target=self._ask, args=(path,))
        self._thread.start()

    def _ask(self, path: str) -> None:
        self.answer = self._api.ask("GET", path)

    @property
    def is_under_way(self) -> bool:
        return self._thread.is_alive()

    def taken(self) -> Any:
        self._thread.join(SECONDS)
        return self.answer


def test_what_happened_is_caught_up_with(asking: Asking, room: str) -> None:
    say(asking.alice, room, "one", "two")
    answer = asking.bob.ask("GET", f"rooms/{room}/events")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["stream-up-to-date"] == "true"
    events = answer.json
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1)), "each, in order"
    assert texts_of(events) == ["one", "two"]
    assert answer.text == asking.bob.ask("GET", f"rooms/{room}/events?offset=-1").text
    offset = answer.headers["stream-next-offset"]
    again = asking.bob.ask("GET", f"rooms/{room}/events?offset={offset}")
    assert (again.json, again.headers["stream-next-offset"]) == ([], offset)
    say(asking.alice, room, "three")
    later = asking.bob.ask("GET", f"rooms/{room}/events?offset={offset}")
    assert texts_of(later.json) == ["three"]
    assert later.headers["stream-next-offset"] > offset, "offsets sort"


def test_events_are_those_of_the_socket(
    server: Teahouse, asking: Asking, tokens: list[str], room: str
) -> None:
    with Client(server.url, token=tokens[1]) as bob:
        bob.ok(do="subscribe", room=room)
        offset = asking.bob.ask("HEAD", f"rooms/{room}/events").headers["stream-next-offset"]
        say(asking.alice, room, "the *same*")
        heard = bob.event()
    assert asking.bob.ok("GET", f"rooms/{room}/events?offset={offset}") == [heard]


def test_an_edited_message_comes_as_it_is_now(asking: Asking, room: str) -> None:
    stored = asking.alice.ok("POST", f"rooms/{room}/messages", {"text": "a slip"})
    before = asking.bob.ask("GET", f"rooms/{room}/events")
    same = {"If_None_Match": before.headers["etag"]}
    assert asking.bob.ask("GET", f"rooms/{room}/events", **same).status == 304
    for tags in (f'"zzz", {same["If_None_Match"]}', f"W/{same['If_None_Match']}", "*"):
        again = asking.bob.ask("GET", f"rooms/{room}/events", If_None_Match=tags)
        assert again.status == 304, tags
    asking.alice.ok("PATCH", f"rooms/{room}/messages/{stored['message']}", {"text": "right"})
    after = asking.bob.ask("GET", f"rooms/{room}/events", **same)
    assert after.status == 200
    assert "a slip" not in after.text


def test_head_tells_where_the_end_is(asking: Asking, room: str) -> None:
    head = asking.bob.ask("HEAD", f"rooms/{room}/events")
    assert (head.status, head.text, head.headers["cache-control"]) == (200, "", "no-store")
    now = asking.bob.ask("GET", f"rooms/{room}/events?offset=now")
    assert now.json == []
    assert now.headers["stream-next-offset"] == head.headers["stream-next-offset"]
    assert now.headers["cache-control"] == "no-store"
    assert "etag" not in now.headers


def test_page_after_page(server: Teahouse, asking: Asking, tokens: list[str], room: str) -> None:
    with Client(server.url, token=tokens[0]) as alice:
        sent = [alice.put(do="send", room=room, key=f"{n}", text=f"{n}") for n in range(620)]
        for number in sent:
            alice.reply_to(number)
    first = asking.bob.ask("GET", f"rooms/{room}/events")
    assert len(first.json) == 500
    assert "stream-up-to-date" not in first.headers
    rest = asking.bob.ask("GET", f"rooms/{room}/events?offset={first.headers['stream-next-offset']}")
    assert rest.headers["stream-up-to-date"] == "true"
    assert texts_of(first.json + rest.json) == [f"{n}" for n in range(620)]
    with streaming(server, tokens[1], room, "-1") as stream:
        pieces = [stream.next(), stream.next()]
    assert [piece.control.get("upToDate") for piece in pieces] == [None, True]
    assert texts_of(pieces[0].events + pieces[1].events) == [f"{n}" for n in range(620)]


def test_what_comes_is_waited_for(server: Teahouse, asking: Asking, tokens: list[str], room: str) -> None:
    head = asking.bob.ask("HEAD", f"rooms/{room}/events").headers["stream-next-offset"]
    for offset in (head, "now"):
        waits = Waiting(server, tokens[1], f"rooms/{room}/events?offset={offset}&live=long-poll")
        said = 0
        # Who asks for what comes from now on hears nothing of before they came.
        while waits.is_under_way and (offset == "now" or not said):
            say(asking.alice, room, f"from {offset}")
            said += 1
        answer = waits.taken()
        assert answer.status == 200
        assert set(texts_of(answer.json)) == {f"from {offset}"}
        assert answer.headers["stream-cursor"].isdecimal()
        last = answer.json[-1]["seq"]
        rest = asking.bob.ok("GET", f"rooms/{room}/events?offset={answer.headers['stream-next-offset']}")
        assert all(event["seq"] > last for event in rest)


def test_a_stream_tells_what_was_and_what_comes(
    server: Teahouse, asking: Asking, tokens: list[str], room: str
) -> None:
    say(asking.alice, room, "before")
    with streaming(server, tokens[1], room, "-1") as stream:
        assert stream.headers["content-type"] == "text/event-stream"
        assert stream.headers["cache-control"] == "no-cache, no-store"
        first = stream.next()
        assert texts_of(first.events) == ["before"]
        assert first.control["upToDate"] is True
        say(asking.alice, room, "one\n\nevent: control\ndata: {}\r\n", "two")
        heard: list[str] = []
        while len(heard) < 2:
            piece = stream.next()
            heard += texts_of(piece.events)
        assert heard == ["one\n\nevent: control\ndata: {}\r\n", "two"]
        offset = piece.control["streamNextOffset"]
    say(asking.alice, room, "while away")
    with streaming(server, tokens[1], room, offset) as stream:
        assert texts_of(stream.next().events) == ["while away"]


@pytest.mark.parametrize("live", ["", "&live=long-poll", "&live=sse"])
def test_a_private_room_has_no_events_for_others(asking: Asking, room: str, live: str) -> None:
    for who in (asking.charlie, asking.guest):
        assert who.refused("GET", f"rooms/{room}/events?offset=-1{live}") == (404, "not_found")
    assert asking.nobody.refused("GET", f"rooms/{room}/events?offset=-1{live}") == (401, "no_credential")


def test_who_is_removed_hears_that_and_no_more(
    server: Teahouse, asking: Asking, tokens: list[str], room: str
) -> None:
    with streaming(server, tokens[1], room, "now") as stream:
        offset = stream.next().control["streamNextOffset"]
        asking.alice.ok("DELETE", f"rooms/{room}/members/{asking.ids()['bob']}")
        say(asking.alice, room, "not for Bob")
        heard = stream.next()
        assert [event["event"] for event in heard.events] == ["member"]
        with pytest.raises(StopIteration):
            stream.next()
    assert asking.bob.refused("GET", f"rooms/{room}/events?offset={offset}") == (404, "not_found")


def test_a_revoked_token_ends_the_stream(server: Teahouse) -> None:
    (token,) = accounts(server, fresh("Eve"))
    revoke = "from teahouse.actions.people import revoke_token; from teahouse.models import Token; "
    with Api(server.url, token) as eve:
        room = eve.ok("POST", "rooms", {"title": fresh("Tea")})["room"]["room"]
        person = eve.ok("GET", "me")["you"]["id"]
        with streaming(server, token, room, "now") as stream:
            stream.next()
            waits = Waiting(server, token, f"rooms/{room}/events?offset=now&live=long-poll")
            status, said = server.command_line(
                "manage",
                "shell",
                "--no-imports",
                "-c",
                f"{revoke}revoke_token(Token.objects.get(person={person}))",
            )
            assert status == 0, said
            with pytest.raises(StopIteration):
                stream.next()
            assert (waits.taken().status, waits.taken().code) == (401, "bad_token")


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ("offset=", 400, "offset"),
        ("offset=1,2", 400, "offset"),
        ("offset=a%20b", 400, "offset"),
        ("offset=-1&offset=-1", 400, "one offset"),
        ("live=sse", 400, "offset"),
        ("live=long-poll", 400, "offset"),
        ("offset=-1&live=often", 400, "long-poll"),
        ("offset=another_0000000000000001", 410, "another history"),
    ],
)
def test_what_is_no_offset(asking: Asking, room: str, query: str, status: int, says: str) -> None:
    answer = asking.bob.ask("GET", f"rooms/{room}/events?{query}")
    assert answer.status == status
    assert answer.code == ("gone" if status == 410 else "invalid")
    assert says in answer.json["detail"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_nothing_is_written_there(asking: Asking, room: str) -> None:
    for method in ("PUT", "POST", "DELETE"):
        answer = asking.alice.ask(method, f"rooms/{room}/events", {"text": "x"})
        assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD"), method
