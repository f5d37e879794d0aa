"""Pages of missed events, each read once for all who have missed about the same. In: a feed and a number. Out: events.

After a restart everyone has missed the same events, give or take a few. Where they are more than a feed's ring holds,
each of a crowd would read 500 of them, and those who wait for that miss more meanwhile.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from teahouse.events import Event
from teahouse.live.hub import Feed

REACH_MORE: Final = 16
"""Events before those that somebody missed which are read along: another of the crowd has missed one or two more."""
KEPT: Final = 16
"""Pages, of up to 256 KB each."""
ALIKE: Final = 64
"""Who stands in the same stretch of so many numbers waits for the other's page instead of reading one."""


@dataclass(slots=True, frozen=True)
class _Page:
    """Events after the number `after`, as they were when the feed's last was `head`."""

    after: int
    events: list[Event]
    head: int

    def reaches(self, seq: int) -> bool:
        return self.after <= seq < self.events[-1].seq


class Missed:
    """Pages of all feeds of a process. `read` reads one from the database: of a room, after a number, by its name."""

    def __init__(self, read: Callable[[int, int, str], Awaitable[list[Event]]]) -> None:
        self._read = read
        self._kept: OrderedDict[tuple[int, str, int], _Page] = OrderedDict()
        self._reading: dict[tuple[int, int], asyncio.Task[None]] = {}

    def stop(self) -> None:
        """Nothing is read any more."""
        for task in self._reading.values():
            task.cancel()

    async def after(self, feed: Feed, seq: int) -> list[Event]:
        """The next events of a feed's room after `seq`: for `Hub.join`, which brings them up to date by the ring.

        Raises:
            database.Unavailable: from the read.
        """
        task = self._reading.get((feed.room, seq // ALIKE))
        if task is not None:
            await asyncio.shield(task)
        found = self._found(feed, seq)
        if found is None:
            await self._read_for(feed, seq)
            found = self._found(feed, seq)
        return found if found is not None else await self._read(feed.room, seq, feed.slug)

    def _found(self, feed: Feed, seq: int) -> list[Event] | None:
        for key, page in self._kept.items():
            if (
                key[:2] == (feed.room, feed.epoch)
                and page.reaches(seq)
                and _can_be_brought_up_to_date(feed, page)
            ):
                return [event for event in page.events if event.seq > seq]
        return None

    async def _read_for(self, feed: Feed, seq: int) -> None:
        place = (feed.room, seq // ALIKE)
        task = self._reading.get(place)
        if task is None:
            task = self._reading[place] = asyncio.ensure_future(
                self._keep(feed, max(seq - REACH_MORE, 0), place)
            )
        await asyncio.shield(task)

    async def _keep(self, feed: Feed, after: int, place: tuple[int, int]) -> None:
        assert feed.seq is not None, "load() comes first"
        try:
            head, epoch = feed.seq, feed.epoch
            events = await self._read(feed.room, after, feed.slug)
            if events:
                self._kept[feed.room, epoch, after] = _Page(after, events, head)
                self._kept.move_to_end((feed.room, epoch, after))
                if len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
        finally:
            del self._reading[place]


def _can_be_brought_up_to_date(feed: Feed, page: _Page) -> bool:
    """What was edited or deleted since the page was read is in the ring."""
    assert feed.seq is not None, "load() comes first"
    return feed.seq - page.head <= len(feed.ring)
