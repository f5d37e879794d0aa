"""Events and their JSON: numbers, times, what a resume shows instead of an older content, the plain protocol."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teahouse.events import (
    Event,
    EventFrame,
    MessageState,
    Who,
    encode,
    label,
    message_event,
    plain_text,
    restated,
    room_event,
    timestamp,
)

ALICE: Who = {"id": 11, "name": "Alice", "kind": "user"}
BOB: Who = {"id": 12, "name": "Bob", "kind": "guest"}
AT = "2026-11-22T10:00:00.123Z"
LATER = "2026-11-22T10:05:00.000Z"

# Texts that look like the wire itself: restating cuts the JSON instead of parsing it.
texts = st.text(max_size=30) | st.sampled_from(
    [
        ',"message":',
        '","message":{"id":1}}',
        '{"event":"message"',
        '{"event":"deleted","room":"tea"',
        "\\",
        '"',
        "茶",
    ]
)


def said(seq: int, text: str, message: int = 900, by: Who = ALICE) -> Event:
    state: MessageState = {"id": message, "key": "k", "seq": seq, "at": AT, "by": by, "text": text}
    return message_event(1, "tea", seq, AT, by, "message", state)


def edited(seq: int, text: str, of: int = 1, message: int = 900, html: str | None = None) -> Event:
    state: MessageState = {
        "id": message,
        "key": "k",
        "seq": of,
        "at": AT,
        "by": ALICE,
        "text": text,
        "edited": LATER,
    }
    if html is not None:
        state["html"] = html
    return message_event(1, "tea", seq, LATER, ALICE, "message", state)


def deleted(seq: int, of: int = 1, message: int = 900) -> Event:
    state: MessageState = {"id": message, "key": "k", "seq": of, "at": AT, "by": ALICE, "deleted": LATER}
    return message_event(1, "tea", seq, LATER, BOB, "deleted", state)


def reactions(seq: int, emoji: str, message: int = 900) -> Event:
    return message_event(1, "tea", seq, LATER, BOB, "reactions", {"id": message, "reactions": {emoji: [12]}})


def thread(seq: int, count: int, message: int = 900) -> Event:
    return message_event(
        1, "tea", seq, LATER, BOB, "thread", {"id": message, "thread": {"count": count, "people": []}}
    )


def frame(event: Event | None) -> dict[str, Any]:
    assert event is not None
    decoded: dict[str, Any] = json.loads(event.wire)
    assert (decoded["event"], decoded["seq"]) == (event.kind, event.seq)
    return decoded


def test_a_message_is_encoded_once_compactly_and_not_escaped() -> None:
    assert said(7, "茶 <b>").wire == (
        '{"event":"message","room":"tea","seq":7,"at":"2026-11-22T10:00:00.123Z",'
        '"by":{"id":11,"name":"Alice","kind":"user"},'
        '"message":{"id":900,"key":"k","seq":7,"at":"2026-11-22T10:00:00.123Z",'
        '"by":{"id":11,"name":"Alice","kind":"user"},"text":"茶 <b>"}}'
    )


def test_an_edit_takes_the_place_of_what_was_said() -> None:
    shown = restated(said(1, "secret"), edited(5, "better", html="<p>better</p>"))
    assert frame(shown) == {
        "event": "message", "room": "tea", "seq": 1, "at": AT, "by": ALICE,
        "message": {
            "id": 900, "key": "k", "seq": 1, "at": AT, "by": ALICE, "text": "better", "edited": LATER,
            "html": "<p>better</p>",
        },
    }  # fmt: skip


@pytest.mark.parametrize("old", [said(1, "secret"), edited(3, "secret"), reactions(4, "🍵")])
def test_a_deletion_takes_the_place_of_everything(old: Event) -> None:
    shown = restated(old, deleted(6))
    assert frame(shown)["event"] == "deleted"
    assert frame(shown)["message"] == frame(deleted(6))["message"]
    assert frame(shown)["by"] == frame(old)["by"]
    assert shown is not None
    assert (shown.room, shown.seq, shown.subject) == (1, old.seq, 900)
    assert "secret" not in shown.wire


@pytest.mark.parametrize("new", [said(9, "secret"), edited(9, "secret"), reactions(9, "🍵"), deleted(9)])
def test_nothing_brings_a_deleted_message_back(new: Event) -> None:
    assert restated(deleted(6), new) is None


def test_reactions_replace_reactions_and_leave_the_text_alone() -> None:
    assert frame(restated(reactions(3, "🍵"), reactions(4, "☕")))["message"] == {
        "id": 900,
        "reactions": {"☕": [12]},
    }
    assert restated(said(1, "hello"), reactions(4, "☕")) is None
    assert restated(reactions(4, "☕"), edited(5, "hello")) is None


def test_what_is_told_of_a_thread_replaces_that_and_outlives_its_root() -> None:
    shown = frame(restated(thread(3, 1), thread(5, 2)))
    assert (shown["event"], shown["seq"], shown["message"]["thread"]["count"]) == ("thread", 3, 2)
    for other in (said(4, "hello"), edited(4, "hello"), reactions(4, "☕"), deleted(4)):
        assert restated(thread(3, 1), other) is None
        assert restated(other, thread(5, 2)) is None


def test_another_message_or_a_person_of_the_same_id_changes_nothing() -> None:
    assert restated(said(1, "hello"), deleted(6, message=901)) is None
    member: EventFrame = {"event": "member", "room": "tea", "seq": 8, "at": AT, "by": BOB}
    person = room_event(1, 8, member, subject=900)
    assert restated(said(1, "hello"), person) is None
    assert restated(person, deleted(9)) is None


@given(texts, texts, texts)
def test_restating_equals_parsing_and_encoding_anew(old: str, new: str, name: str) -> None:
    by: Who = {"id": 11, "name": name, "kind": "user"}
    was, now = said(1, old, by=by), edited(5, new)
    expected = {**json.loads(was.wire), "message": json.loads(now.wire)["message"]}
    assert frame(restated(was, now)) == expected
    assert encode(expected) == cast(Event, restated(was, now)).wire


def test_times_are_utc_with_milliseconds_cut_not_rounded() -> None:
    assert timestamp(datetime(2026, 11, 22, 10, 0, 0, 999_999, UTC)) == "2026-11-22T10:00:00.999Z"
    shanghai = timezone(timedelta(hours=8))
    assert timestamp(datetime(2026, 11, 22, 18, 0, 0, 1_999, shanghai)) == "2026-11-22T10:00:00.001Z"


@given(
    st.integers(0, 4_000_000_000_000_000).map(
        lambda us: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
    )
)
def test_times_sort_as_texts_and_are_read_back(at: datetime) -> None:
    text = timestamp(at)
    assert datetime.fromisoformat(text) == at.replace(microsecond=at.microsecond // 1000 * 1000)
    assert len(text) == len(AT)


def test_the_plain_protocol_shows_what_is_said_escaped() -> None:
    eve: Who = {"id": 13, "name": '<i>"Eve"', "kind": "guest"}
    assert plain_text(said(7, "<script>'&", by=eve)) == (
        '<span style="color:grey;width:100%;font-size:12px">&lt;i&gt;&quot;Eve&quot;:</span><br>'
        "&lt;script&gt;&#x27;&amp;"
    )
    assert label("梅") == '<span style="color:grey;width:100%;font-size:12px">梅:</span><br>'


def test_the_plain_protocol_shows_nothing_else() -> None:
    closed: EventFrame = {"event": "closed", "room": "tea", "seq": 8, "at": AT, "by": BOB}
    for event in (edited(5, "better"), deleted(6), reactions(7, "🍵"), room_event(1, 8, closed)):
        assert plain_text(event) is None


def test_a_message_that_comes_late_and_edited_is_shown_once_as_it_is_now() -> None:
    late = edited(1, "better", of=1)
    assert plain_text(late) == label("Alice") + "better"


def leaving(role: str | None, kind: str | None) -> Event:
    member: dict[str, Any] = {"event": "member", "room": "tea", "seq": 9, "at": AT, "by": ALICE}
    member["member"] = {"person": BOB, "role": role}
    if kind is not None:
        member["state"] = {"room": "tea", "title": "Tea", "topic": "", "kind": kind, "archived": False}
    return room_event(1, 9, cast(EventFrame, member), subject=12)


@pytest.mark.parametrize("kind", ["private", "direct"])
def test_reading_ends_with_the_membership_of_a_room_that_is_not_open(kind: str) -> None:
    assert leaving(None, kind).ends == 12


@pytest.mark.parametrize(
    ("role", "kind"), [(None, "open"), (None, None), ("member", "private"), ("guest", "private")]
)
def test_else_reading_goes_on(role: str | None, kind: str | None) -> None:
    assert leaving(role, kind).ends is None
