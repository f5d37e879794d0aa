"""A crowd that has missed more than a ring holds reads each page once, and none that cannot be brought up to date."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from unittest.mock import patch

import pytest

from teahouse.events import Event, MessageState, Who, message_event
from teahouse.live import hub as hub_module
from teahouse.live.hub import Feed, Hub
from teahouse.live.missed import KEPT, REACH_MORE, Missed

pytestmark = pytest.mark.asyncio

EPOCH = "epoch-one"
AT = "2026-11-27T10:00:00.000Z"
ALICE: Who = {"id": 11, "name": "Alice", "kind": "user"}
PAGE = 100


def said(room: int, seq: int) -> Event:
    state: MessageState = {"id": seq, "seq": seq, "at": AT, "by": ALICE, "text": "hello"}
    return message_event(room, "tea", seq, AT, ALICE, "message", state)


class Database:
    """Rooms of 1,000 messages each; keeps what was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []
        self.let = asyncio.Event()
        self.let.set()
        self.error: Exception | None = None

    async def read(self, room: int, seq: int, slug: str) -> list[Event]:
        self.asked.append((room, seq))
        await self.let.wait()
        if self.error is not None:
            raise self.error
        return [said(room, number) for number in range(seq + 1, min(seq + PAGE, 1000) + 1)]


def followed(hub: Hub, room: int = 1, epoch: str = EPOCH) -> Feed:
    feed = hub.open(room, "tea")
    hub.load(feed, {"epoch": epoch, "seq": 1000})
    return feed


def numbers(events: Sequence[Event]) -> list[int]:
    return [event.seq for event in events]


async def test_a_crowd_reads_a_page_once_and_each_gets_what_they_missed() -> None:
    database = Database()
    missed, feed = Missed(database.read), followed(Hub())
    database.let.clear()
    asking = [asyncio.create_task(missed.after(feed, seq)) for seq in (300, 301, 299)]
    await asyncio.sleep(0)
    database.let.set()
    pages = await asyncio.gather(*asking)
    assert [page[0].seq for page in pages] == [301, 302, 300]
    assert {page[-1].seq for page in pages} == {300 - REACH_MORE + PAGE}
    assert database.asked == [(1, 300 - REACH_MORE)]
    assert numbers(await missed.after(feed, 350))[0] == 351
    assert database.asked == [(1, 300 - REACH_MORE)]


async def test_the_first_of_all_events_are_a_page_too() -> None:
    database = Database()
    missed, feed = Missed(database.read), followed(Hub())
    assert numbers(await missed.after(feed, 0)) == list(range(1, PAGE + 1))
    assert database.asked == [(1, 0)]


async def test_a_page_is_read_anew_where_the_ring_does_not_know_what_was_changed_since() -> None:
    database, hub = Database(), Hub()
    missed, feed = Missed(database.read), followed(hub)
    await missed.after(feed, 300)
    with patch.object(hub_module, "RING_EVENTS", 4):
        hub.publish(said(1, seq) for seq in range(1001, 1005))
        await missed.after(feed, 300)
        assert len(database.asked) == 1
        hub.publish([said(1, 1005)])
        await missed.after(feed, 300)
        assert len(database.asked) == 2


async def test_a_page_is_of_one_room_and_one_history() -> None:
    database, hub = Database(), Hub()
    missed, feed = Missed(database.read), followed(hub)
    await missed.after(feed, 300)
    await missed.after(followed(hub, room=2), 300)
    hub.renew(feed, {"epoch": "another", "seq": 1000})
    await missed.after(hub.feeds[1], 300)
    assert [room for room, _ in database.asked] == [1, 2, 1]


async def test_a_read_that_fails_is_told_to_all_who_waited_and_the_next_goes_on() -> None:
    database = Database()
    missed, feed = Missed(database.read), followed(Hub())
    database.error = OSError("away")
    answers = await asyncio.gather(*(missed.after(feed, 300) for _ in range(3)), return_exceptions=True)
    assert list(answers) == [database.error] * 3
    database.error = None
    assert numbers(await missed.after(feed, 300))[0] == 301


async def test_no_more_pages_are_kept_than_may_be() -> None:
    database, hub = Database(), Hub()
    missed = Missed(database.read)
    feeds = [followed(hub, room) for room in range(KEPT + 1)]
    for feed in feeds:
        await missed.after(feed, 300)
    await missed.after(feeds[-1], 300)
    assert len(database.asked) == KEPT + 1
    await missed.after(feeds[0], 300)
    assert len(database.asked) == KEPT + 2


async def test_who_goes_away_takes_nobody_along() -> None:
    database = Database()
    missed, feed = Missed(database.read), followed(Hub())
    database.let.clear()
    gone, stays = (asyncio.create_task(missed.after(feed, 300)) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    database.let.set()
    assert numbers(await stays)[0] == 301
    assert len(database.asked) == 1
