"""The JSON protocol over HTTP: the same frames, without a socket; nothing is lost between two requests."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from time import monotonic
from typing import Any

import pytest

from tests.clients import Client, Posting, Said
from tests.live.cast import accounts, fresh, who
from tests.live.conftest import BURST, PER_SECOND
from tests.server.conftest import until
from tests.servers import Teahouse, make_owner

AT_ONCE = 12.0
"""Seconds on a busy machine: less than a request waits where there is nothing new."""
NOWHERE = {"epoch": "another", "seq": 1}


def subscribe(room: str, since: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"do": "subscribe", "room": room, **({"since": since} if since else {})}


def send(room: str, text: str, key: str | None = None) -> dict[str, Any]:
    return {"do": "send", "room": room, "key": key or fresh("key"), "text": text}


def at(position: dict[str, Any], seq: int) -> dict[str, Any]:
    return {**position, "seq": seq}


@pytest.fixture
def room(server: Teahouse) -> str:
    """A new open room."""
    name = fresh("http")
    with Client(server.url, "opener") as client:
        client.ok(do="subscribe", room=name, make=True)
    return name


@pytest.fixture
def ada(server: Teahouse) -> Iterator[Posting]:
    """A guest who came by HTTP."""
    with Posting(server.url) as nobody:
        ticket = nobody.ok(do="hello", v=1, name=fresh("Ada"))["ticket"]
    with Posting(server.url, ticket) as ada:
        yield ada


# The same as on a socket


def test_every_frame_is_as_on_a_socket(server: Teahouse, ada: Posting, room: str) -> None:
    with Client(server.url, fresh("Ben")) as bob:
        bob.ok(do="subscribe", room=room)
        here = ada.ok(**subscribe(room))["position"]
        ada.put(subscribe(room, here), query="?wait=20")
        stored = bob.say(room, "tea *now*")
        heard = bob.event()
        assert ada.taken().events == [heard]
        told = ada.ok(do="history", room=room)
        assert [message["text"] for message in told["messages"]] == ["tea *now*"]
        assert told == bob.ok(do="history", room=room)
        ada.ok(do="react", room=room, message=stored["message"], emoji="🍵")
        assert bob.event("reactions")["message"]["reactions"] == {"🍵": [ada.ok(do="hello")["you"]["id"]]}
        assert ada.ok(do="rooms", search=room) == bob.ok(do="rooms", search=room)
        assert ada.ok(do="read", room=room, seq=1) == {"read": 1}


def test_several_commands_are_carried_out_in_their_order(ada: Posting, room: str) -> None:
    said = ada.ask(*(send(room, f"text {n}") for n in range(20)), {"do": "history", "room": room})
    assert [said.reply(n)["ok"]["seq"] for n in range(1, 21)] == list(range(1, 21))
    assert said.status == 200
    assert set(said.end) == {"pause"}, "it began with no hello"


def test_a_text_may_hold_any_end_of_a_line(ada: Posting, room: str) -> None:
    text = "one\ntwo\u2028three\x85four\x0bfive"
    ada.ok(**send(room, text))
    assert ada.ok(do="history", room=room)["messages"][0]["text"] == text
    assert [event["message"]["text"] for event in ada.ask(subscribe(room)).events] == []


def test_errors_are_those_of_the_protocol(ada: Posting, room: str) -> None:
    said = ada.ask(send("nowhere", "hello?"), send(room, " "), {"do": "dance"}, {"do": "ping"})
    codes = [frame.get("error", {}).get("code") for frame in said.frames]
    assert codes == ["not_found", "empty", "unknown_command", None]
    assert said.frames[0]["error"] == {
        "code": "not_found",
        "message": "There is no room 'nowhere' that you can see.",
        "retry": False,
    }


# Nothing between two requests


def test_what_was_missed_is_answered_at_once(pair: tuple[Teahouse, Teahouse]) -> None:
    """And the requests may reach different processes."""
    here, there = pair
    room = fresh("http")
    with Client(here.url, fresh("Bob")) as bob, Posting(there.url) as nobody:
        bob.ok(do="subscribe", room=room, make=True)
        ticket = nobody.ok(do="hello", v=1, name=fresh("Ada"))["ticket"]
        with Posting(there.url, ticket) as at_there, Posting(here.url, ticket) as at_here:
            since = at_there.ok(**subscribe(room))["position"]
            seen: list[int] = []
            for turn in range(10):
                bob.say(room, f"before {turn}")
                asks = (at_there, at_here)[turn % 2]
                said = asks.ask(subscribe(room, since), query="?wait=20")
                assert said.seconds < AT_ONCE
                seen += [event["seq"] for event in said.events]
                since = at(since, seen[-1])
            assert seen == list(range(1, 11))


def test_what_is_said_in_another_process_is_waited_for(two_servers: tuple[Teahouse, Teahouse]) -> None:
    here, there = two_servers
    room = fresh("http")
    with Client(here.url, fresh("Bob")) as bob, Posting(there.url) as nobody:
        bob.ok(do="subscribe", room=room, make=True)
        ticket = nobody.ok(do="hello", v=1, name=fresh("Ada"))["ticket"]
        with Posting(there.url, ticket) as ada:
            since = ada.ok(**subscribe(room))["position"]
            ada.put(subscribe(room, since), query="?wait=20")
            bob.say(room, "over there")
            assert [event["message"]["text"] for event in ada.taken().events] == ["over there"]


def test_a_repeat_is_stored_once_whichever_way_it_came(pair: tuple[Teahouse, Teahouse]) -> None:
    here, there = pair
    room, key = fresh("http"), fresh("key")
    with Client(here.url, fresh("Ada")) as socket:
        socket.ok(do="subscribe", room=room, make=True)
        first = socket.ok(**send(room, "once", key))
        with Posting(there.url, socket.ticket) as posting:
            assert posting.ok(**send(room, "once", key)) == first
            assert posting.refused(**send(room, "twice", key)) == "key_reused"
            assert len(posting.ok(do="history", room=room)["messages"]) == 1


def test_page_after_page_of_what_was_missed(server: Teahouse, ada: Posting, room: str) -> None:
    since = ada.ok(**subscribe(room))["position"]
    with Client(server.url, fresh("Ben")) as bob:
        for number in [bob.put(**send(room, f"{n}")) for n in range(620)]:
            bob.reply_to(number)
    seen: list[int] = []
    for _ in range(2):
        said = ada.ask(subscribe(room, since), query="?wait=20")
        seen += [event["seq"] for event in said.events]
        since = said.reply(1)["ok"]["position"]
    assert seen == list(range(1, 621))


def test_a_position_of_another_history_is_told_at_once(ada: Posting, room: str) -> None:
    said = ada.ask(subscribe(room, NOWHERE), query="?wait=20")
    assert said.reply(1)["ok"]["reset"] is True
    assert said.seconds < AT_ONCE


def test_who_waits_in_vain_is_answered_in_time(ada: Posting, room: str) -> None:
    since = ada.ok(**subscribe(room))["position"]
    said = ada.ask(subscribe(room, since), query="?wait=1")
    assert (said.status, said.events, said.end["pause"] >= 0) == (200, [], True)


def test_unread_counts_of_other_rooms_are_waited_for(server: Teahouse, tokens: list[str], room: str) -> None:
    with Posting(server.url, tokens[0]) as alice, Client(server.url, fresh("Ben")) as ben:
        alice.ok(do="join", room=room)
        me = alice.ok(**subscribe("@me"))["position"]
        poll: list[dict[str, Any]] = [{"do": "hello"}, subscribe("@me", me)]
        known = alice.ask(*poll).end["known"]
        assert alice.ask(*poll, query=f"?known={known}&wait=1").end["known"] == known
        # Between two requests.
        ben.say(room, "hello")
        told = alice.ask(*poll, query=f"?known={known}&wait=20")
        assert own(told)[room]["unread"] == 1
        assert told.seconds < AT_ONCE
        # While one waits.
        alice.put(*poll, query=f"?known={told.end['known']}&wait=20")
        ben.say(room, "are you there?")
        told = alice.taken()
        assert told.seconds < AT_ONCE
        heads = [frame for frame in told.frames if frame.get("signal") == "head"]
        assert [head["unread"] for head in heads] in ([], [2])
        assert heads or own(told)[room]["unread"] == 2
        # What is subscribed to is told by its events.
        since = alice.ok(**subscribe(room))["position"]
        poll.append(subscribe(room, since))
        known = alice.ask(*poll).end["known"]
        ben.say(room, "no other room")
        told = alice.ask(*poll, query=f"?known={known}&wait=20")
        assert (len(told.events), told.end["known"]) == (1, known)


def own(said: Said) -> dict[str, Any]:
    return {each["room"]: each for each in said.reply(1)["ok"]["rooms"]}


# Rights, and their end


def test_a_private_room_is_for_its_members(server: Teahouse, tokens: list[str]) -> None:
    alice, bob, charlie, _ = (Posting(server.url, token) for token in tokens)
    with Client(server.url, token=tokens[1]) as socket:
        them = who(socket)
    with alice, bob, charlie, Client(server.url, token=tokens[0]) as watching:
        room = alice.ok(do="make", title="Tea", kind="private")["room"]["room"]
        alice.ok(do="invite", room=room, people=[them])
        since = watching.ok(**subscribe(room))["position"]
        for command in (subscribe(room), send(room, "x"), {"do": "history", "room": room}):
            assert charlie.refused(**command) == "not_found"
        # Removed while waiting: the last that comes says so, and nothing after it.
        bob.put(subscribe(room, since), query="?wait=20")
        watching.signal("presence", lambda frame: any(one["id"] == them for one in frame["came"]))
        alice.ok(do="remove", room=room, person=them)
        alice.ok(**send(room, "not for Bob"))
        assert [(event["event"], event["member"]["role"]) for event in bob.taken().events] == [
            ("member", None)
        ]
        assert bob.refused(**subscribe(room, since)) == "not_found"


DEACTIVATE = """
from teahouse.actions.people import deactivate
from teahouse.models import Person
deactivate(Person.objects.get(pk={}))
"""


def test_who_is_deactivated_waits_no_longer(server: Teahouse) -> None:
    (token,) = accounts(server, fresh("Dora"))
    with Posting(server.url, token) as dora:
        hello = dora.ok(do="hello")
        dora.put(subscribe("@me"), query="?wait=20")
        command = DEACTIVATE.format(hello["you"]["id"])
        status, said = server.command_line("manage", "shell", "--no-imports", "-c", command)
        assert status == 0, said
        told = dora.taken()
        assert (told.status, told.end["code"]) == (403, 4003)
        assert dora.refused(do="ping") == "banned"


def test_who_signs_out_waits_no_longer() -> None:
    with Teahouse() as server:
        browser = make_owner(server)
        login = {"Cookie": f"teahouse_session={browser.cookie('teahouse_session')}", "Origin": server.url}
        with Posting(server.url, **login) as waits, Posting(server.url, **login) as asks:
            assert waits.ok(do="hello")["you"]["name"] == "mei"
            since = waits.ok(**subscribe("@me"))["position"]
            waits.put(subscribe("@me", since), query="?wait=20")
            assert asks.ok(do="ping") == {}
            browser.submit("/sign-out/")
            told = waits.taken()
            assert (told.status, told.end["code"]) == (401, 4001)
            assert asks.refused(do="ping") == "bad_token"


def people(server: Teahouse) -> int:
    with closing(sqlite3.connect(server.data / "teahouse.sqlite3")) as database:
        return int(database.execute("SELECT count(*) FROM teahouse_person").fetchone()[0])


def test_nobody_is_made_a_guest_by_the_way(server: Teahouse, ada: Posting) -> None:
    before = people(server)
    with Posting(server.url) as nobody:
        assert nobody.refused(do="ping") == "hello_first"
        told = nobody.ask({"do": "hello", "name": "Eve"}, query="?as=1")
        assert (told.status, told.frames[0]["error"]["code"]) == (401, "bad_token")
        nobody.headers["Authorization"] = "Bearer tkt_guessed"
        assert nobody.refused(do="ping") == "bad_token"
    with Posting(server.url, Origin=server.url, Cookie="teahouse_guest=tkt_guessed") as another:
        assert another.refused(do="ping") == "bad_token"
    assert people(server) == before
    with Posting(server.url) as somebody:
        assert somebody.ok(do="hello", v=1, name=fresh("Eve"))["ticket"]
    assert people(server) == before + 1, "but by a hello"


def test_one_speaks_in_no_other_name(ada: Posting, room: str) -> None:
    mine = ada.ok(do="hello")["you"]["id"]
    assert ada.ask({"do": "ping"}, query=f"?as={mine}").status == 200
    told = ada.ask(send(room, "in whose name?"), {"do": "ping"}, query=f"?as={mine + 1000}")
    assert (told.status, told.end["code"], len(told.frames)) == (401, 4001, 1)
    assert ada.ok(do="history", room=room)["messages"] == []


def test_a_cookie_counts_only_from_a_page_of_the_site(server: Teahouse) -> None:
    browser = server.browser()
    browser.get("/")
    csrf = browser.get("/guest/").json()["csrf"]
    browser.post("/guest/", {"name": fresh("Ina"), "csrfmiddlewaretoken": csrf})
    cookie = {"Cookie": f"teahouse_guest={browser.cookie('teahouse_guest')}"}
    with Posting(server.url, **cookie) as without:
        assert without.refused(do="ping") == "hello_first"
    with Posting(server.url, Origin=server.url, **cookie) as page:
        assert page.ok(do="ping") == {}
    with Posting(server.url, Origin="https://evil.example", **cookie) as another:
        told = another.ask({"do": "ping"})
        assert (told.status, told.frames, told.end["code"]) == (403, [], 4003)


# Bounds


def test_rates_are_those_of_the_person_not_of_the_request(rated_server: Teahouse) -> None:
    url = rated_server.url
    with Client(url, fresh("Ada")) as socket, Posting(url, socket.ticket) as posting:
        began = monotonic()
        said = posting.ask(*(send("main", f"{n}") for n in range(50)))
        replies = [frame for frame in said.frames if "re" in frame]
        sent = [socket.put(**send("main", f"more {n}")) for n in range(50)]
        replies += [socket.reply_to(number) for number in sent]
        refused = [reply["error"] for reply in replies if "error" in reply]
        # However slow the machine is: both ways together say no more than one of them may.
        assert len(replies) - len(refused) <= BURST + PER_SECOND * (monotonic() - began)
        assert {each["code"] for each in refused} == {"too_fast"}
        assert refused[0]["after"] > 0


@pytest.mark.parametrize(
    ("query", "body", "status"),
    [
        ("", b"", 400),
        ("", b"\xff\xfe", 400),
        ("", b'{"id":1,"do":"ping"}\n' * 257, 400),
        ("", b" " * 131_073, 413),
        ("?wait=26", b'{"id":1,"do":"ping"}', 400),
        ("?wait=-1", b'{"id":1,"do":"ping"}', 400),
        ("?wait=1e1", b'{"id":1,"do":"ping"}', 400),
        ("?as=me", b'{"id":1,"do":"ping"}', 400),
    ],
)
def test_what_is_no_request_is_told_what_is_right(ada: Posting, query: str, body: bytes, status: int) -> None:
    ada.put_body(body, query)
    answer = ada.connection.getresponse()
    told = json.loads(answer.read())["error"]
    assert answer.status == status
    assert told["message"]
    assert ada.ok(do="ping") == {}, "and the next is carried out"


def test_an_answer_has_an_end(ada: Posting, room: str) -> None:
    """What does not go into it is not looked for: the same is asked for again."""
    for _ in range(12):
        ada.ok(**send(room, "茶" * 10_000))
    said = ada.ask(*({"do": "history", "room": room} for _ in range(40)), send(room, "not any more"))
    assert said.end == {"code": 4101, "reason": "too much for one answer"}
    assert [frame["re"] for frame in said.frames] == [1, 2]
    assert len(ada.ok(do="history", room=room)["messages"]) == 12


def test_a_form_is_no_frame(ada: Posting) -> None:
    ada.headers["Content-Type"] = "application/x-www-form-urlencoded"
    ada.put_body(b'{"id":1,"do":"ping"}')
    answer = ada.connection.getresponse()
    assert (answer.status, "application/x-ndjson" in answer.read().decode()) == (415, True)
    ada.connection.request("GET", ada.path)
    answer = ada.connection.getresponse()
    answer.read()
    assert answer.status == 405


def test_a_line_that_is_no_frame_is_answered_as_on_a_socket(ada: Posting) -> None:
    ada.put_body(b'tea\n[1]\n{"id":7,"do":"ping"}')
    said = ada.taken()
    assert [frame["re"] for frame in said.frames] == [None, None, 7]
    assert said.frames[0]["error"]["code"] == "bad_json"


def test_who_is_in_a_room_by_http_is_seen_there(server: Teahouse, ada: Posting, room: str) -> None:
    with Client(server.url, fresh("Ben")) as bob:
        bob.ok(do="subscribe", room=room)
        here = ada.ok(**subscribe(room))["here"]
        assert len(here["people"]) == here["count"]
        me = ada.ok(do="hello")["you"]
        assert me in here["people"]
        bob.signal("presence", lambda frame: me in frame["came"])


def test_a_server_that_stops_lets_nobody_wait() -> None:
    with Teahouse() as server, Posting(server.url) as nobody:
        ticket = nobody.ok(do="hello", v=1, name="Ada")["ticket"]
        with Posting(server.url, ticket) as ada:
            since = ada.ok(**subscribe("main"))["position"]
            ada.put(subscribe("main", since), query="?wait=25")
            until(lambda: server.sessions() == 1, "she waits")
            server.terminate()
            told = ada.taken()
            assert (told.status, told.end["code"]) == (503, 4201)
