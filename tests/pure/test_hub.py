"""The hub: a few stories, each with the reason for a rule. The model that tries all else is test_hub_model.py."""

import json

import pytest

from teahouse.events import label
from teahouse.live import hub as hub_module
from teahouse.live.hub import Ahead, Hub, NeedsPage
from tests.pure.reading import (
    BOB,
    EPOCH,
    OUT,
    TEA,
    Session,
    closed,
    deleted,
    followed,
    numbers,
    read_by,
    removed,
    said,
)


def test_what_a_tick_brings_leaves_as_one_block_shared_by_all_readers() -> None:
    hub, bob, carol = Hub(), Session(), Session(13)
    read_by(hub, bob, carol)
    hub.publish([said(1), said(2)])
    assert bob.blocks == []
    hub.flush()
    assert bob.seqs == [1, 2]
    assert len(bob.blocks) == 1
    assert bob.blocks[0] is carol.blocks[0]
    hub.flush()
    assert len(bob.blocks) == 1


def test_what_comes_twice_or_too_early_is_put_right() -> None:
    hub, bob = Hub(), Session()
    feed = read_by(hub, bob)
    hub.publish([said(2), said(4), said(2)])
    hub.flush()
    assert bob.seqs == []
    assert hub.behind() == [feed]
    hub.publish([said(1), said(1), said(2)])
    hub.flush()
    assert bob.seqs == [1, 2]
    assert hub.behind() == [feed]
    hub.fill(feed, [said(3)])
    hub.flush()
    assert bob.seqs == [1, 2, 3, 4]
    assert hub.behind() == []
    assert feed.held == {}


def test_a_head_alone_shows_the_gap() -> None:
    hub, bob = Hub(), Session()
    feed = read_by(hub, bob)
    hub.heard_of(TEA, 2)
    hub.heard_of(OUT, 9)
    assert hub.behind() == [feed]
    hub.fill(feed, [said(1), said(2)])
    assert hub.behind() == []


def test_events_that_come_between_open_and_load_are_kept() -> None:
    hub, bob = Hub(), Session()
    feed = hub.open(TEA, "tea")
    hub.publish([said(5), said(6), said(8)])
    hub.load(feed, {"epoch": EPOCH, "seq": 5})
    hub.load(feed, {"epoch": "another", "seq": 1})  # Of two who load, the first counts.
    assert feed.position == {"epoch": EPOCH, "seq": 6}
    assert hub.join(bob, feed, None).position["seq"] == 6
    assert hub.behind() == [feed]
    hub.publish([said(7)])
    hub.flush()
    assert bob.seqs == [7, 8]


def test_a_room_that_nobody_follows_costs_nothing() -> None:
    hub = Hub()
    hub.publish([said(1)])
    assert hub.feeds == {}


def test_who_joins_gets_neither_again_nor_not_at_all_what_is_pending() -> None:
    hub, bob, carol = Hub(), Session(), Session(13)
    feed = read_by(hub, bob)
    hub.publish([said(1)])
    joined = hub.join(carol, feed, {"epoch": EPOCH, "seq": 0})
    assert numbers(joined.events) == [1]
    assert joined.live
    hub.publish([said(2)])
    hub.flush()
    assert bob.seqs == [1, 2]
    assert carol.seqs == [2]


def test_who_joins_while_something_is_pending_makes_nobody_else_wait_or_get_it_early() -> None:
    """A crowd that comes would have a block of its own made for each of them, for everyone."""
    hub, bob, carol, dave = Hub(), Session(), Session(13), Session(14)
    feed = read_by(hub, bob)
    hub.publish([said(1)])
    hub.join(carol, feed, None)
    hub.publish([said(2)])
    hub.join(dave, feed, {"epoch": EPOCH, "seq": 0})
    assert bob.blocks == []
    hub.flush()
    assert (bob.seqs, carol.seqs, dave.seqs) == ([1, 2], [2], [])
    hub.publish([said(3)])
    hub.flush()
    assert (bob.seqs, carol.seqs, dave.seqs) == ([1, 2, 3], [2, 3], [3])
    assert bob.blocks[-1] is carol.blocks[-1] is dave.blocks[-1]


def test_who_left_and_came_again_while_something_is_pending_gets_what_is_new_to_it() -> None:
    hub, bob, carol = Hub(), Session(), Session(13)
    feed = read_by(hub, bob, carol)
    hub.publish([said(1)])
    hub.join(carol, feed, None)
    hub.leave(carol, feed)
    hub.flush()
    hub.join(carol, feed, None)
    hub.publish([said(2)])
    hub.flush()
    assert (bob.seqs, carol.seqs) == ([1, 2], [2])


def test_a_signal_leaves_with_the_events_and_only_to_json_readers() -> None:
    hub, bob, plain = Hub(), Session(), Session(13, plain=True)
    read_by(hub, bob, plain)
    hub.signal(OUT, '{"signal":"typing"}')
    hub.signal(TEA, '{"signal":"typing"}')
    hub.publish([said(1)])
    assert bob.blocks == []
    hub.flush()
    (block,) = bob.blocks
    assert [json.loads(text).get("signal") for text in block.texts] == [None, "typing"]
    assert len(plain.blocks) == 1
    hub.flush()
    assert len(bob.blocks) == 1


def test_who_joins_is_not_shown_what_was_pending_before() -> None:
    """It was answered who is there, itself included; a count from before would take it back."""
    hub, bob, carol = Hub(), Session(), Session(13)
    feed = read_by(hub, bob)
    hub.signal(TEA, '{"signal":"presence","count":1}')
    hub.join(carol, feed, None)
    hub.signal(TEA, '{"signal":"presence","count":2}')
    hub.flush()
    assert [json.loads(text)["count"] for text in bob.texts] == [1, 2]
    assert [json.loads(text)["count"] for text in carol.texts] == [2]


def test_subscribing_again_starts_anew() -> None:
    hub, bob = Hub(), Session()
    feed = read_by(hub, bob, seq=3)
    with pytest.raises(NeedsPage):
        hub.join(bob, feed, {"epoch": EPOCH, "seq": 1})
    hub.publish([said(4)])
    hub.flush()
    assert bob.seqs == []  # It comes with the pages, and once.
    joined = hub.join(bob, feed, {"epoch": EPOCH, "seq": 1}, [said(2), said(3)])
    assert numbers(joined.events) == [2, 3, 4]


def test_a_message_exactly_between_the_page_and_going_live_comes_once() -> None:
    hub, bob = Hub(), Session()
    feed = followed(hub, 3)
    with pytest.raises(NeedsPage):
        hub.join(bob, feed, {"epoch": EPOCH, "seq": 0})
    page = [said(1), said(2), said(3)]
    hub.publish([said(4)])
    hub.flush()
    joined = hub.join(bob, feed, {"epoch": EPOCH, "seq": 0}, page)
    assert (numbers(joined.events), joined.live, joined.position["seq"]) == ([1, 2, 3, 4], True, 4)
    hub.publish([said(4), said(5)])
    hub.flush()
    assert bob.seqs == [5]


def test_what_was_edited_or_deleted_between_the_page_and_going_live_is_not_shown_as_it_was() -> None:
    hub, bob = Hub(), Session()
    feed = followed(hub, 2)
    page = [said(1, "secret", 71), said(2, "wrong", 72)]
    hub.publish([deleted(3, 71), said(4, "right", 72, of=2)])
    joined = hub.join(bob, feed, {"epoch": EPOCH, "seq": 0}, page)
    assert [event.kind for event in joined.events] == ["deleted", "message", "deleted", "message"]
    assert "secret" not in repr(joined.events)
    assert "wrong" not in repr(joined.events)


def test_a_page_that_knows_of_a_deletion_before_the_bus_does_is_not_brought_back() -> None:
    hub, bob = Hub(), Session()
    feed = followed(hub, 1)
    hub.publish([said(2, "secret, edited", 71, of=1)])
    # Number 3, the deletion, is committed and in the page's present state, but has not come here yet.
    page = [deleted(1, 71)]
    joined = hub.join(bob, feed, {"epoch": EPOCH, "seq": 0}, page)
    assert [(event.seq, event.kind) for event in joined.events] == [(1, "deleted"), (2, "deleted")]
    assert "secret" not in repr(joined.events)


def test_a_person_and_a_message_of_one_number_are_not_mixed_up() -> None:
    hub, bob = Hub(), Session(13)
    feed = followed(hub, 1)
    hub.publish([deleted(2, 12), removed(3, BOB)])
    joined = hub.join(bob, feed, {"epoch": EPOCH, "seq": 0}, [said(1, "secret", 12)])
    assert [event.kind for event in joined.events] == ["deleted", "deleted", "member"]
    assert "secret" not in repr(joined.events)


def test_a_position_beyond_the_hub_makes_it_catch_up_first() -> None:
    hub, bob = Hub(), Session()
    feed = followed(hub, 3)
    with pytest.raises(Ahead):
        hub.join(bob, feed, {"epoch": EPOCH, "seq": 4})
    assert feed.is_empty
    hub.fill(feed, [said(4)])
    joined = hub.join(bob, feed, {"epoch": EPOCH, "seq": 4})
    assert (joined.events, joined.live, joined.reset) == ([], True, False)


def test_a_position_of_another_history_is_reset() -> None:
    hub, bob = Hub(), Session()
    feed = followed(hub, 3)
    joined = hub.join(bob, feed, {"epoch": "epoch-zero", "seq": 99})
    assert (joined.events, joined.live, joined.reset) == ((), True, True)
    assert joined.position == {"epoch": EPOCH, "seq": 3}
    hub.publish([said(4)])
    hub.flush()
    assert bob.seqs == [4]


def test_a_renewed_history_sends_every_reader_back() -> None:
    hub, bob, plain = Hub(), Session(), Session(13, plain=True)
    feed = read_by(hub, bob, plain, seq=3)
    hub.publish([said(4)])
    hub.renew(feed, {"epoch": "epoch-two", "seq": 1})
    hub.flush()
    assert bob.replaced == plain.replaced == [TEA]
    assert bob.texts == []
    assert hub.join(bob, hub.open(TEA, "tea"), {"epoch": EPOCH, "seq": 3}).reset
    hub.publish([said(2)])
    hub.flush()
    assert bob.seqs == [2]


def test_a_long_resume_comes_in_pages_and_goes_live_with_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "PAGE_EVENTS", 3)
    hub, bob = Hub(), Session()
    feed = followed(hub)
    hub.publish([said(seq) for seq in range(1, 8)])
    since, pages = 0, []
    while True:
        joined = hub.join(bob, feed, {"epoch": EPOCH, "seq": since})
        pages.append(numbers(joined.events))
        since = joined.position["seq"]
        if joined.live:
            break
        assert feed.is_empty
    assert pages == [[1, 2, 3], [4, 5, 6], [7]]


def test_a_page_is_bounded_in_bytes_but_holds_at_least_one_event(monkeypatch: pytest.MonkeyPatch) -> None:
    hub, bob = Hub(), Session()
    feed = followed(hub)
    hub.publish([said(1, "茶" * 100), said(2, "茶" * 100), said(3)])
    monkeypatch.setattr(hub_module, "PAGE_BYTES", len(feed.ring[0].wire.encode()))
    assert numbers(hub.join(bob, feed, {"epoch": EPOCH, "seq": 0}).events) == [1]
    monkeypatch.setattr(hub_module, "PAGE_BYTES", 10)
    assert numbers(hub.join(bob, feed, {"epoch": EPOCH, "seq": 1}).events) == [2]


def test_whose_reading_ended_gets_the_event_and_nothing_above_it() -> None:
    hub, bob, bobs_plain, alice = Hub(), Session(12), Session(12, plain=True), Session(11)
    feed = read_by(hub, bob, bobs_plain, alice)
    hub.publish([said(1), removed(2, BOB), said(3)])
    hub.flush()
    assert bob.seqs == [1, 2]
    assert bob.ended == bobs_plain.ended == [TEA]
    assert len(bobs_plain.texts) == 1
    assert alice.seqs == [1, 2, 3]
    assert alice.ended == []
    assert list(feed.readers) == [alice]


def test_closed_ends_the_plain_readers_behind_what_was_said_before() -> None:
    hub, json_reader, plain = Hub(), Session(), Session(13, plain=True)
    feed = read_by(hub, json_reader, plain)
    hub.publish([said(1, "last"), closed(2), said(3)])
    hub.flush()
    assert plain.texts == [label("Alice") + "last"]
    assert plain.closed == [TEA]
    assert json_reader.seqs == [1, 2, 3]
    assert json_reader.closed == []
    assert list(feed.readers) == [json_reader]


def test_plain_readers_get_new_messages_only() -> None:
    hub, plain = Hub(), Session(plain=True)
    read_by(hub, plain)
    hub.publish([said(1, "<b>", 71), said(2, "edited", 71, of=1), deleted(3, 71)])
    hub.flush()
    assert plain.texts == [label("Alice") + "&lt;b&gt;"]
    assert len(plain.blocks) == 1


def test_who_leaves_gets_nothing_more_and_an_empty_feed_can_be_dropped() -> None:
    hub, bob = Hub(), Session()
    feed = read_by(hub, bob)
    hub.publish([said(1)])
    hub.leave(bob, feed)
    hub.flush()
    assert bob.texts == []
    hub.drop(feed)
    assert hub.feeds == {}
    with pytest.raises(AssertionError, match="open"):
        hub.join(bob, feed, None)
