"""The client without its socket: what leaves when, and what each frame does. The server is the test."""

from __future__ import annotations

import json
from typing import Any

import pytest

from teahouse.client.backoff import comeback, is_final
from teahouse.client.errors import Disconnected, Refused, RoomLost
from teahouse.client.following import Following, Phase
from teahouse.client.machine import Answered, Began, Failed, Happening, Machine, Moved, NotBegun
from teahouse.live.protocol import CLOSE_CODES

HELLO = {"ping": 25, "limits": {"frame": 1000}, "rooms": [], "you": {"id": 7, "name": "Mei", "kind": "guest"}}
STATE = {
    "room": "main",
    "title": "Main",
    "topic": "",
    "kind": "open",
    "archived": False,
    "speaking": "everyone",
}
EPOCH = "e1"


def said(seq: int, room: str = "main", **more: Any) -> dict[str, Any]:
    return {
        "event": "message",
        "room": room,
        "seq": seq,
        "at": "",
        "message": {"id": seq, "seq": seq},
        **more,
    }


class Server:
    """The other side, by hand."""

    def __init__(self, bound: int = 10, **credential: str) -> None:
        self.machine = Machine(credential or {"name": "Mei"}, bound)
        self.now = 0.0

    def begin(self, **more: Any) -> list[dict[str, Any]]:
        """A session; what is asked in it at once."""
        self.machine.opened(self.now)
        (hello,) = self.frames()
        assert hello["do"] == "hello"
        happened = self.say(re=0, ok={**HELLO, **more})
        assert isinstance(happened[0], Began)
        return self.frames()

    def frames(self) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self.machine.leaving(self.now)]

    def frame(self) -> dict[str, Any]:
        (frame,) = self.frames()
        return frame

    def say(self, **frame: Any) -> list[Happening]:
        return self.machine.received(json.dumps(frame), self.now)

    def subscribed(
        self, asked: dict[str, Any], seq: int, *events: int, more: bool = False, **rest: Any
    ) -> None:
        page = {
            "room": STATE, "position": {"epoch": rest.pop("epoch", EPOCH), "seq": seq}, "role": None, "more": more,
            "events": [said(number) for number in events], "may": ["speak"], **rest,
        }  # fmt: skip
        assert self.say(re=asked["id"], ok=page) == [Moved("main")]


def taken(following: Following) -> list[int]:
    found = []
    while (event := following.next()) is not None:
        found.append(event["seq"])
    return found


@pytest.fixture
def server() -> Server:
    return Server()


def live(server: Server, seq: int = 0) -> Following:
    following = server.machine.follow("main")
    (asked,) = server.begin()
    assert asked["do"] == "subscribe"
    assert "since" not in asked
    server.subscribed(asked, seq)
    assert following.phase is Phase.LIVE
    return following


# Closes


def test_every_close_code_says_whether_to_come_back() -> None:
    final = {code for code in CLOSE_CODES if is_final(code)}
    assert final == {1000, 1002, 1003, 1007, 1009, 4000, 4001, 4003, 4004, 4008}
    assert [comeback(code, "", 0, 0.5) is None for code in (1006, 1005, 4101, 4201)] == [False] * 4


def test_a_pause_grows_up_to_half_a_minute_and_a_drain_is_spread_over_its_seconds() -> None:
    assert [comeback(1006, "", failures, 0.5) for failures in (0, 1, 2, 5, 99)] == [0.5, 1, 2, 15, 15]
    assert comeback(4201, "8", 0, 0.5) == 4
    assert comeback(4201, "soon", 0, 0.5) == 0.5
    assert comeback(4201, "nan", 0, 0.5) == 0.5
    assert comeback(4201, "0.001", 2, 0.5) == 2, "one that drains again and again is not hammered"


# Sessions


def test_a_guest_comes_back_as_the_same_with_the_ticket(server: Server) -> None:
    server.begin(ticket="tkt_1")
    server.machine.lost(1)
    server.machine.opened(2)
    assert server.frame() == {"id": 0, "do": "hello", "v": 1, "token": "tkt_1"}


def test_a_refused_hello_is_told_and_nothing_else_leaves(server: Server) -> None:
    server.machine.ask("send", {"room": "main", "key": "k", "text": "a"})
    server.machine.opened(0)
    server.frames()
    (happened,) = server.say(re=0, error={"code": "name_taken", "message": "no", "retry": False})
    assert isinstance(happened, NotBegun)
    assert happened.error.code == "name_taken"
    assert server.frames() == []


def test_silence_is_answered_with_a_ping_and_no_answer_with_dropping(server: Server) -> None:
    server.begin()
    server.now = 24.9
    assert server.frames() == []
    server.now = server.machine.due
    assert server.frame()["do"] == "ping"
    assert server.frames() == [], "one is enough"
    assert not server.machine.dead(29.9)
    assert server.machine.due == 30
    assert server.machine.dead(30)
    server.now = 29.9
    server.say(signal="service", state="ok")
    assert not server.machine.dead(30), "anything heard is an answer"
    assert server.machine.due == 54.9


def test_a_hello_that_is_not_answered_within_ten_seconds(server: Server) -> None:
    server.machine.opened(3)
    server.frames()
    assert not server.machine.dead(12.9)
    assert server.machine.dead(13)


# Commands


def test_what_was_in_flight_leaves_again_under_its_number_and_key_before_what_waits(server: Server) -> None:
    server.begin()
    first = server.machine.ask("send", {"room": "main", "key": "a", "text": "1"})
    sent = server.frame()
    second = server.machine.ask("send", {"room": "main", "key": "b", "text": "2"})
    assert server.frames() == [], "those of one room leave one after the other"
    assert server.machine.lost(1) == []
    assert server.begin() == [sent]
    assert server.say(re=first, ok={"message": 1, "seq": 1}) == [Answered(first, {"message": 1, "seq": 1})]
    assert server.frame()["key"] == "b"
    assert server.say(re=second, ok={}) == [Answered(second, {})]
    assert len(server.machine.asked) == 0


def test_rooms_do_not_wait_for_each_other(server: Server) -> None:
    server.begin()
    for room in ("a", "b", "a"):
        server.machine.ask("send", {"room": room, "key": "k", "text": "x"})
    assert [frame["room"] for frame in server.frames()] == ["a", "b"]


def test_what_the_server_asks_to_repeat_leaves_when_it_says(server: Server) -> None:
    server.begin()
    number = server.machine.ask("send", {"room": "main", "key": "a", "text": "1"})
    server.machine.ask("send", {"room": "main", "key": "b", "text": "2"})
    server.frames()
    busy = {"code": "busy", "message": "later", "retry": True}
    assert server.say(re=number, error={**busy, "after": 3}) == []
    server.now = 2.9
    assert server.frames() == [], "the second does not overtake the first"
    assert server.machine.due == 3
    server.now = 3
    assert server.frame()["key"] == "a"
    for pause in (6.0, 12.0, 24.0, 30.0, 30.0):
        server.say(re=number, error=busy)
        assert server.machine.asked.due == server.now + pause
        server.now += pause
        assert [frame["key"] for frame in server.frames() if frame["do"] == "send"] == ["a"]


def test_a_final_refusal_fails_the_command_and_lets_the_next_go(server: Server) -> None:
    server.begin()
    number = server.machine.ask("send", {"room": "main", "key": "a", "text": ""})
    server.machine.ask("send", {"room": "main", "key": "b", "text": "2"})
    server.frames()
    (failed,) = server.say(re=number, error={"code": "empty", "message": "say something", "retry": False})
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, Refused)
    assert failed.error.code == "empty"
    assert server.frame()["key"] == "b"


def test_what_may_not_be_repeated_fails_with_the_connection_where_it_was_sent(server: Server) -> None:
    server.begin()
    sent = server.machine.ask("make", {"title": "Tea"}, repeat=False)
    server.frames()
    server.machine.ask("make", {"title": "Later"}, repeat=False)
    (failed,) = server.machine.lost(1)
    assert isinstance(failed, Failed)
    assert failed.number == sent
    assert isinstance(failed.error, Disconnected)
    assert [frame["title"] for frame in server.begin()] == ["Later"]


def test_who_waits_no_more_does_not_hold_up_the_next(server: Server) -> None:
    server.begin()
    gone = server.machine.ask("send", {"room": "main", "key": "a", "text": "1"})
    server.frames()
    server.machine.ask("send", {"room": "main", "key": "b", "text": "2"})
    server.machine.forget(gone)
    assert server.frame()["key"] == "b"
    assert server.say(re=gone, ok={}) == []


def test_what_is_larger_than_the_server_takes_is_refused_here_and_half_a_character_there(
    server: Server,
) -> None:
    server.begin()
    with pytest.raises(Refused, match="1,000 bytes"):
        server.machine.ask("send", {"room": "main", "key": "a", "text": "茶" * 320})
    server.machine.ask("send", {"room": "main", "key": "a", "text": "a\ud800"})
    (text,) = server.machine.leaving(0)
    assert text.isascii()


def test_not_more_are_in_flight_than_a_server_reads(server: Server) -> None:
    server.begin()
    numbers = [server.machine.ask("history", {"room": str(n)}) for n in range(150)]
    assert len(server.frames()) == 100
    server.say(re=numbers[0], ok={})
    assert len(server.frames()) == 1


# Rooms


def test_a_lost_connection_goes_on_from_the_last_event_in_pages(server: Server) -> None:
    following = live(server, 4)
    server.say(**said(5))
    server.machine.lost(1)
    (asked,) = server.begin()
    assert asked["since"] == {"epoch": EPOCH, "seq": 5}
    server.subscribed(asked, 9, 6, 7, more=True)
    again = server.frame()
    assert again["since"] == {"epoch": EPOCH, "seq": 7}
    assert server.say(**said(10)) == [], "it is in the pages that are still to come"
    server.subscribed(again, 10, 8, 9, 10)
    server.say(**said(11))
    assert taken(following) == [5, 6, 7, 8, 9, 10, 11]


def test_what_one_has_is_passed_over_and_what_is_missing_is_asked_for(server: Server) -> None:
    following = live(server)
    assert server.say(**said(1)) == [Moved("main")]
    server.say(**said(1))
    assert server.say(**said(3)) == []
    asked = server.frame()
    assert asked["since"]["seq"] == 1
    server.subscribed(asked, 3, 1, 2, 3)
    assert taken(following) == [1, 2, 3]


def test_another_history_is_told_as_a_reset_and_followed_from_there(server: Server) -> None:
    following = live(server)
    server.say(**said(1))
    server.machine.lost(1)
    (asked,) = server.begin()
    server.subscribed(asked, 40, reset=True, epoch="e2")
    server.say(**said(41))
    events = list(following.events)
    assert [(event["event"], event["seq"]) for event in events] == [
        ("message", 1),
        ("reset", 40),
        ("message", 41),
    ]
    assert events[1]["position"] == {"epoch": "e2", "seq": 40}
    assert following.position == {"epoch": "e2", "seq": 41}


def test_what_nobody_reads_is_bounded_and_comes_later(server: Server) -> None:
    following = live(server)
    for seq in range(1, 12):
        server.say(**said(seq))
    assert following.phase is Phase.FULL
    assert server.frame()["do"] == "unsubscribe"
    assert len(following.events) == 10
    for _ in range(4):
        following.next()
        server.machine.taken("main")
    assert server.frames() == []
    following.next()
    server.machine.taken("main")
    asked = server.frame()
    assert asked["since"]["seq"] == 10
    server.subscribed(asked, 30, *range(11, 21), more=True)
    assert following.phase is Phase.FULL, "a page is taken whole, the next is not asked for"
    assert server.frames() == []
    assert taken(following) == list(range(6, 21))
    server.machine.taken("main")
    server.subscribed(server.frame(), 30, *range(21, 31))
    assert taken(following) == list(range(21, 31))


def test_a_full_room_stays_so_over_a_lost_connection(server: Server) -> None:
    following = live(server)
    for seq in range(1, 12):
        server.say(**said(seq))
    server.machine.lost(1)
    assert server.begin() == []
    assert taken(following) == list(range(1, 11))
    server.machine.taken("main")
    assert server.frame()["since"]["seq"] == 10


def test_a_room_that_may_be_read_no_more_is_asked_for_and_then_lost(server: Server) -> None:
    following = live(server)
    server.say(**said(1))
    server.say(signal="rights", room="main", role=None, may=["speak"])
    assert server.frames() == []
    server.say(signal="rights", room="main", role=None, may=[])
    asked = server.frame()
    server.say(re=asked["id"], error={"code": "not_found", "message": "no", "retry": False})
    assert taken(following) == [1]
    assert following.phase is Phase.OVER
    assert isinstance(following.error, RoomLost)
    assert following.error.room == "main"
    server.machine.lost(1)
    assert server.begin() == []


def left(seq: int, person: int) -> dict[str, Any]:
    member = {"person": {"id": person, "name": "", "kind": "user"}, "role": None}
    return {"event": "member", "room": "main", "seq": seq, "at": "", "member": member}


def test_who_has_left_asks_whether_they_may_read_on_and_another_does_not(server: Server) -> None:
    following = live(server)
    server.say(**left(1, person=8))
    assert server.frames() == []
    server.say(**left(2, person=7))
    server.subscribed(server.frame(), 3, 3)
    assert following.phase is Phase.LIVE
    assert taken(following) == [1, 2, 3]


def test_a_subscription_that_has_to_wait_is_repeated(server: Server) -> None:
    server.machine.follow("main")
    (asked,) = server.begin()
    server.say(re=asked["id"], error={"code": "unavailable", "message": "later", "retry": True, "after": 2})
    server.now = 2
    assert server.frame() == asked


def test_an_old_answer_means_nothing_to_a_room_that_was_left_and_followed_again(server: Server) -> None:
    server.machine.follow("main")
    (old,) = server.begin()
    server.machine.unfollow("main")
    following = server.machine.follow("main")
    left, new = server.frames()
    assert (left["do"], new["do"]) == ("unsubscribe", "subscribe")
    assert server.say(re=old["id"], ok={"position": {"epoch": EPOCH, "seq": 1}}) == []
    assert server.say(re=left["id"], ok={}) == []
    server.subscribed(new, 7)
    assert following.position == {"epoch": EPOCH, "seq": 7}


def test_who_is_here(server: Server) -> None:
    following = live(server)
    mei, bob = ({"id": 7, "name": "Mei", "kind": "user"}, {"id": 8, "name": "Bob", "kind": "user"})
    server.say(signal="presence", room="main", came=[mei, bob], went=[], count=2, whole=True)
    server.say(signal="presence", room="main", came=[], went=[{"id": 7}], count=1)
    assert list(following.here.values()) == [bob]
    server.say(signal="presence", room="main", came=[], went=[], count=140)
    assert (following.here, following.count) == ({}, 140)


@pytest.mark.parametrize("text", ["", "[]", "no", "{"])
def test_what_is_no_frame_is_an_error(server: Server, text: str) -> None:
    server.begin()
    with pytest.raises(ValueError):
        server.machine.received(text, 0)
