"""The hub: a few stories, each with the reason for a rule. The model that tries all else is test_hub_model.py."""

import json
from collections.abc import Sequence

import pytest

from teahouse.events import Event, EventFrame, MessageState, Who, label, message_event, room_event
from teahouse.live import hub as hub_module
from teahouse.live.hub import Ahead, Feed, Hub, NeedsPage
from teahouse.live.sendqueue import Block

TEA, OUT = 1, 2
EPOCH = "epoch-one"
AT = "2026-11-22T10:00:00.000Z"
ALICE: Who = {"id": 11, "name": "Alice", "kind": "user"}
BOB: Who = {"id": 12, "name": "Bob", "kind": "user"}


class Session:
    """A reader that keeps what it gets."""

    def __init__(self, person: int = 12, plain: bool = False) -> None:
        self.plain = plain
        self.person_id: int | None = person
        self.blocks: list[Block] = []
        self.ended: list[int] = []
        self.closed: list[int] = []
        self.replaced: list[int] = []

    def deliver(self, block: Block) -> None:
        self.blocks.append(block)

    def reading_ended(self, room: int) -> None:
        self.ended.append(room)

    def group_closed(self, room: int) -> None:
        self.closed.append(room)

    def history_replaced(self, room: int) -> None:
        self.replaced.append(room)

    @property
    def texts(self) -> list[str]:
        return [text for block in self.blocks for text in block.texts]

    @property
    def seqs(self) -> list[int]:
        return [json.loads(text)["seq"] for text in self.texts]


def said(
    seq: int, text: str = "hello", message: int | None = None, room: int = TEA, of: int | None = None
) -> Event:
    """A message, or with `of` an edit of the one with that number."""
    state: MessageState = {"id": message or seq, "seq": of or seq, "at": AT, "by": ALICE, "text": text}
    return message_event(room, "tea", seq, AT, ALICE, "message", state)


def deleted(seq: int, message: int) -> Event:
    state: MessageState = {"id": message, "seq": 1, "at": AT, "by": ALICE, "deleted": AT}
    return message_event(TEA, "tea", seq, AT, ALICE, "deleted", state)


def removed(seq: int, person: Who) -> Event:
    frame: EventFrame = {
        "event": "member", "room": "tea", "seq": seq, "at": AT, "member": {"person": person, "role": None},
        "state": {"room": "tea", "title": "Tea", "topic": "", "kind": "private", "archived": False},
    }  # fmt: skip
    return room_event(TEA, seq, frame, person["id"])


def closed(seq: int) -> Event:
    return room_event(TEA, seq, {"event": "closed", "room": "tea", "seq": seq, "at": AT, "by": ALICE})


def followed(hub: Hub, seq: int = 0, room: int = TEA) -> Feed:
    feed = hub.open(room, "tea")
    hub.load(feed, {"epoch": EPOCH, "seq": seq})
    return feed


def read_by(hub: Hub, *sessions: Session, seq: int = 0) -> Feed:
    feed = followed(hub, seq)
    for session in sessions:
        hub.join(session, feed, None)
    return feed


def numbers(events: Sequence[Event]) -> list[int]:
    return [event.seq for event in events]


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


def test_the_ring_forgets_what_was_deleted() -> None:
    hub, bob = Hub(), Session()
    feed = followed(hub)
    hub.publish([said(1, "secret", 71), said(2, "more secret", 71, of=1), deleted(3, 71)])
    assert "secret" not in repr(feed.ring)
    joined = hub.join(bob, feed, {"epoch": EPOCH, "seq": 0})
    assert [event.kind for event in joined.events] == ["deleted"] * 3
    assert numbers(joined.events) == [1, 2, 3]


def test_a_ring_that_reaches_back_serves_everyone_and_shows_all_as_it_is_now() -> None:
    hub, bob, mei = Hub(), Session(), Session(13)
    feed = followed(hub, 3)
    page = [said(1, "secret", 71), said(2, "old", 72), said(3, "stays", 73)]
    # While the page was read one was deleted and one edited; and number 6 was read before it was heard of.
    hub.publish([deleted(4, 71), said(5, "new", 72, of=2)])
    hub.reach_back(feed, [*page, said(6)])
    for reader in (bob, mei):
        joined = hub.join(reader, feed, {"epoch": EPOCH, "seq": 0})
        assert numbers(joined.events) == [1, 2, 3, 4, 5]
        assert [event.kind for event in joined.events] == [
            "deleted",
            "message",
            "message",
            "deleted",
            "message",
        ]
    assert "secret" not in repr(feed.ring)
    assert "old" not in repr(feed.ring)
    hub.publish([deleted(6, 73)])
    assert "stays" not in repr(feed.ring), "the ring knows what those in front are about"


def test_what_leaves_a_gap_before_the_ring_is_not_put_there() -> None:
    hub, bob = Hub(), Session()
    feed = followed(hub, 3)
    hub.publish([said(4)])
    for page in ([], [said(1), said(2)], [said(4), said(5)]):
        hub.reach_back(feed, page)
        assert numbers(feed.ring) == [4]
    with pytest.raises(NeedsPage):
        hub.join(bob, feed, {"epoch": EPOCH, "seq": 2})


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


def test_ring_and_held_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "RING_EVENTS", 10)
    monkeypatch.setattr(hub_module, "HELD_EVENTS", 5)
    hub, bob = Hub(), Session()
    feed = read_by(hub, bob)
    for seq in range(1, 100):
        hub.publish([said(seq, message=71, of=1)])
        assert len(feed.ring) == min(seq, 10)
        assert feed.ring_bytes == sum(len(event.wire) for event in feed.ring)
    assert feed.subjects == {71: 10}
    hub.publish([said(seq) for seq in range(101, 200)])
    assert len(feed.held) == 5
    assert feed.known == 199
    hub.fill(feed, [said(seq) for seq in range(100, 200)])
    hub.flush()
    assert bob.seqs == list(range(1, 200))
    assert feed.held == {}


def test_the_ring_is_bounded_in_bytes_also_where_a_change_makes_older_ones_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hub = Hub()
    feed = followed(hub)
    hub.publish([said(1, "short", 71), said(2, "shorter", 71, of=1)])
    monkeypatch.setattr(hub_module, "RING_BYTES", 3 * len(feed.ring[0].wire))
    hub.publish([said(3, "long" * 50, 71, of=1)])
    assert [event.seq for event in feed.ring] == [3]
    assert feed.ring_bytes == len(feed.ring[0].wire)


def test_a_page_that_does_not_reach_the_ring_does_not_go_live(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "RING_EVENTS", 2)
    monkeypatch.setattr(hub_module, "PAGE_EVENTS", 3)
    hub, bob = Hub(), Session()
    feed = followed(hub, 4)
    hub.publish([said(5), said(6)])
    first = hub.join(bob, feed, {"epoch": EPOCH, "seq": 0}, [said(1), said(2), said(3)])
    assert (numbers(first.events), first.live, first.position["seq"]) == ([1, 2, 3], False, 3)
    assert feed.is_empty
    with pytest.raises(NeedsPage):
        hub.join(bob, feed, first.position)
    last = hub.join(bob, feed, first.position, [said(4)])
    assert (numbers(last.events), last.live, last.position["seq"]) == ([4, 5, 6], True, 6)


def test_one_event_larger_than_the_ring_is_delivered_and_then_read_from_the_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub_module, "RING_BYTES", 300)
    hub, bob, carol = Hub(), Session(), Session(13)
    feed = read_by(hub, bob)
    hub.publish([said(1, "x" * 400)])
    hub.flush()
    assert bob.seqs == [1]
    assert (len(feed.ring), feed.ring_bytes, feed.subjects) == (0, 0, {})
    with pytest.raises(NeedsPage):
        hub.join(carol, feed, {"epoch": EPOCH, "seq": 0})
    assert numbers(hub.join(carol, feed, {"epoch": EPOCH, "seq": 0}, [said(1, "x" * 400)]).events) == [1]
