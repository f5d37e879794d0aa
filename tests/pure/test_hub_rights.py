"""What the hub does where rights change: whom it tells, and to whom nothing more goes."""

from __future__ import annotations

from typing import Any

from teahouse.events import EVERYONE, NARROWED, Event, EventFrame, room_event
from teahouse.live.hub import Hub
from tests.pure.reading import ALICE, AT, EPOCH, TEA, Session, followed, numbers, read_by, removed, said


def changed(seq: int, kind: Any, detail: str = "") -> Event:
    frame: EventFrame = {
        "event": "room", "room": "tea", "seq": seq, "at": AT, "by": ALICE,
        "state": {"room": "tea", "title": "Tea", "topic": "", "kind": kind, "archived": False, "speaking": "everyone"},
    }  # fmt: skip
    return room_event(TEA, seq, frame, detail=detail)


def test_only_a_room_that_was_narrowed_ends_reading() -> None:
    assert changed(1, "private").ends is None, "a private room has another topic"
    assert changed(1, "private", NARROWED).ends == EVERYONE
    assert changed(1, "open").ends is None


def test_where_not_everybody_may_read_all_look_again_behind_that_event() -> None:
    hub, bob, mei, plain = Hub(), Session(), Session(13), Session(14, plain=True)
    feed = read_by(hub, bob, mei, plain)
    hub.publish([said(1), changed(2, "private", NARROWED), said(3)])
    hub.flush()
    assert bob.seqs == mei.seqs == [1, 2]
    assert (bob.looking, mei.looking, plain.looking) == ([TEA], [TEA], [TEA])
    assert bob.ended == [], "who may read on finds out"
    assert len(plain.texts) == 1
    assert feed.rights_ended_at == 2
    # Mei belongs to the room and goes on behind what she has.
    joined = hub.join(mei, feed, {"epoch": EPOCH, "seq": 2})
    assert (joined.live, numbers(joined.events)) == (True, [3])
    hub.publish([said(4)])
    hub.flush()
    assert (bob.seqs, mei.seqs) == ([1, 2], [1, 2, 4])


def test_who_comes_back_before_the_next_flush_gets_nothing_twice() -> None:
    hub, mei = Hub(), Session(13)
    feed = read_by(hub, mei)
    hub.publish([changed(1, "private", NARROWED), said(2)])
    assert numbers(hub.join(mei, feed, {"epoch": EPOCH, "seq": 1}).events) == [2]
    hub.publish([said(3)])
    hub.flush()
    assert mei.seqs == [1, 3]


def test_events_about_rights_are_told_when_their_turn_has_come() -> None:
    hub, told = Hub(), []
    hub.on_rights = lambda event: told.append(event.seq)
    feed = followed(hub)
    hub.publish([removed(2, ALICE), said(3)])
    assert told == [], "the first is missing"
    hub.fill(feed, [changed(1, "open")])
    assert told == [1, 2]
