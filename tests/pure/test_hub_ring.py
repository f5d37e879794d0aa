"""The ring of a feed: what it holds, how far it reaches, and that it never shows what was changed or deleted."""

import pytest

from teahouse.live import hub as hub_module
from teahouse.live.hub import Hub, NeedsPage
from tests.pure.reading import EPOCH, Session, deleted, followed, numbers, read_by, said


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
