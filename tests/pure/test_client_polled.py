"""What a client without a socket asks for, and what it makes of the answers. Its twin is tests/js/polled.test.js."""

from __future__ import annotations

from typing import Any

import pytest

from teahouse.client.backoff import pause_of_trial
from teahouse.client.polled import MOST_ROOMS, News, Polled

EPOCH = "e"
HELLO: dict[str, Any] = {"rooms": [], "state": "ok"}


def at(seq: int) -> dict[str, Any]:
    return {"epoch": EPOCH, "seq": seq}


def event(seq: int, room: str = "tea") -> dict[str, Any]:
    return {"event": "message", "room": room, "seq": seq}


def subscribed(seq: int, *events: dict[str, Any], **more: Any) -> dict[str, Any]:
    told = {"position": at(seq), "events": list(events), "more": False, "role": None, "may": ["speak"]}
    return {**told, **more}


def own(room: str, seq: int, unread: int, mentions: int = 0) -> dict[str, Any]:
    return {"room": room, "position": at(seq), "unread": unread, "mentions": mentions}


@pytest.fixture
def polled() -> Polled:
    """One that follows the room tea, up to 5."""
    polled = Polled()
    polled.begin(HELLO)
    polled.follow("tea", subscribed(5))
    return polled


def answered(polled: Polled, *frames: dict[str, Any]) -> News:
    """An answer to what would be asked now."""
    return polled.take(list(frames), polled.ask().asked)


def test_it_asks_from_where_the_last_answer_ended(polled: Polled) -> None:
    assert polled.ask().commands == [
        {"id": 0, "do": "hello", "v": 1},
        {"id": "tea", "do": "subscribe", "room": "tea", "since": at(5)},
    ]
    news = answered(polled, {"re": "tea", "ok": subscribed(7, event(6), event(7))}, event(8))
    assert news == News(told=[event(6), event(7), event(8)])
    assert polled.ask().commands[1]["since"] == at(8)


def test_what_was_asked_before_one_subscribed_anew_counts_no_more(polled: Polled) -> None:
    asked = polled.ask().asked
    polled.follow("tea", subscribed(7))
    assert polled.take([{"re": "tea", "ok": subscribed(6, event(6))}, event(7), event(8)], asked).told == []
    assert polled.ask().commands[1]["since"] == at(7)


def test_nothing_comes_of_a_room_that_was_left_and_a_page_of_many_is_not_followed_yet(polled: Polled) -> None:
    asked = polled.ask().asked
    polled.leave("tea")
    assert polled.take([event(6)], asked).told == []
    polled.follow("tea", subscribed(500, more=True))
    assert len(polled.ask().commands) == 1


def test_more_is_asked_for_at_once_and_another_history_begins_everything_anew(polled: Polled) -> None:
    news = answered(polled, {"re": "tea", "ok": subscribed(6, event(6), more=True)})
    assert (news.more, news.reset) == (True, False)
    assert answered(polled, {"re": "tea", "ok": subscribed(1, reset=True)}).reset


def test_a_room_that_may_not_be_read_any_more_is_told_as_on_a_socket(polled: Polled) -> None:
    passing = {"re": "tea", "error": {"code": "unavailable", "message": "", "retry": True}}
    assert answered(polled, passing).told == []
    assert len(polled.ask().commands) == 2
    refused = {"re": "tea", "error": {"code": "not_found", "message": "", "retry": False}}
    lost: dict[str, Any] = {"signal": "rights", "room": "tea", "role": None, "may": []}
    assert answered(polled, refused).told == [lost]
    assert len(polled.ask().commands) == 1


def test_who_is_here_and_what_one_may_is_told_when_it_is_another(polled: Polled) -> None:
    here = {"count": 1, "people": [{"id": 1, "name": "Ada"}]}
    first = {"re": "tea", "ok": subscribed(5, here=here, may=["speak", "react"])}
    assert answered(polled, first).told == [
        {"signal": "presence", "room": "tea", "count": 1, "came": here["people"], "went": [], "whole": True},
        {"signal": "rights", "room": "tea", "role": None, "may": ["speak", "react"]},
    ]
    assert answered(polled, first).told == []
    crowd = {"re": "tea", "ok": subscribed(5, here={"count": 101}, may=["speak", "react"])}
    assert answered(polled, crowd).told == [
        {"signal": "presence", "room": "tea", "count": 101, "came": [], "went": []}
    ]


def test_rooms_that_are_not_followed_are_told_by_their_heads(polled: Polled) -> None:
    hello = {**HELLO, "rooms": [own("tea", 9, 4), own("cups", 3, 1)]}
    head = {"signal": "head", "room": "cups", "seq": 3, "unread": 1, "mentions": 0}
    assert answered(polled, {"re": 0, "ok": hello}).told == [head]
    assert answered(polled, {"re": 0, "ok": hello}).told == []
    assert answered(polled, {**head, "unread": 0}).told == [{**head, "unread": 0}]
    assert answered(polled, {"re": 0, "ok": {**hello, "state": "degraded"}}).told == [
        {"signal": "service", "state": "degraded"},
        head,
    ]


def test_of_more_rooms_than_one_question_holds_each_has_its_turn() -> None:
    polled = Polled()
    polled.begin(HELLO)
    names = [f"room-{number}" for number in range(2 * MOST_ROOMS + 1)]
    for name in names:
        polled.follow(name, subscribed(1))
    questions = [polled.ask() for _ in range(3)]
    assert [question.whole for question in questions] == [False] * 3
    assert max(len(question.commands) for question in questions) == MOST_ROOMS + 1
    assert {name for question in questions for name in question.asked} == set(names)


@pytest.mark.parametrize(("failures", "seconds"), [(0, 4), (1, 4), (2, 8), (5, 60), (2_000, 60)])
def test_a_socket_is_tried_again_ever_more_seldom(failures: int, seconds: float) -> None:
    assert pause_of_trial(failures, 0.0) == seconds / 2
    assert pause_of_trial(failures, 0.999) <= seconds
