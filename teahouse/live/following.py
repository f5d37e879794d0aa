"""Makes sessions hear of rooms, whatever they missed, and closes the gaps of feeds. In: the feeds of `live/hub.py`
and ways to read the database. Out: what `hub.join` answers. Those who come at once share what is read.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, cast

from teahouse import resume
from teahouse.access import not_found
from teahouse.events import Event, Position
from teahouse.live.hold import pause_at
from teahouse.live.hub import Ahead, Feed, Hub, Joined, NeedsPage, Reader
from teahouse.live.missed import REACH_MORE, Missed

log = logging.getLogger("teahouse.runtime")


class Following:
    """The feeds of a process as its sessions and its sweep use them. `read` runs a function on a reader thread;
    `position` answers where a room's journal stands now, together with others who ask: in a crowd each has a stream
    of their own, whose feed nobody shares."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        hub: Hub,
        read: Callable[..., Awaitable[Any]],
        position: Callable[[int], Awaitable[Position | None]],
    ) -> None:
        self.loop = loop
        self.hub = hub
        self._read = read
        self._position = position
        self._loading: dict[int, asyncio.Task[None]] = {}
        self._catching_up: dict[int, asyncio.Task[None]] = {}
        self._reaching: dict[int, asyncio.Task[None]] = {}
        self._missed = Missed(self._page)

    def stop(self) -> None:
        """Nothing is read any more."""
        self._missed.stop()
        for task in [*self._loading.values(), *self._catching_up.values(), *self._reaching.values()]:
            task.cancel()

    async def feed(self, room: int, slug: str) -> Feed:
        """The feed of a room, loaded. Many who come at once share one read."""
        while (feed := self.hub.open(room, slug)).seq is None:
            if room not in self._loading:
                self._loading[room] = self.loop.create_task(self._load(feed))
            await asyncio.shield(self._loading[room])
        return feed

    async def _load(self, feed: Feed) -> None:
        try:
            if (position := await self._position(feed.room)) is None:
                raise not_found(feed.slug)
            self.hub.load(feed, position)
        finally:
            del self._loading[feed.room]

    async def subscribe(self, reader: Reader, room: int, slug: str, since: Position | None) -> Joined:
        """Makes a session hear of a room, in the same step that takes the last page of its resume.

        Raises:
            Problem: `unavailable`.
        """
        name = "@me" if slug.startswith("@") else slug
        page = None
        reached = False
        while True:
            # Each time anew: one that nobody reads may have been dropped while something else was awaited.
            feed = await self.feed(room, name)
            try:
                return self.hub.join(reader, feed, since, page)
            except NeedsPage:
                assert since is not None
                if not reached and self.hub.could_reach(feed, since["seq"]):
                    reached = await self._reach_back(feed, since["seq"])
                    continue
                page = await self._missed.after(feed, since["seq"])
            except Ahead:
                assert since is not None
                head = await self._position(room)
                if head is None or head["epoch"] != feed.epoch or since["seq"] > head["seq"]:
                    return self.hub.reset(reader, feed)
                self.hub.heard_of(room, head["seq"])
                await self.catch_up(feed)

    async def _page(self, room: int, seq: int, name: str) -> list[Event]:
        page: list[Event] = await self._read(resume.events_after, room, seq, name)
        await pause_at("resume:page-read")
        return page

    async def _reach_back(self, feed: Feed, seq: int) -> bool:
        """Lets the feed's ring reach back to `seq`: a crowd that comes back after a restart needs the same pages.

        Returns:
            False where it was another's turn, who may need less than this one.
        """
        task = self._reaching.get(feed.room)
        if task is not None:
            await asyncio.shield(task)
            return False
        task = self._reaching[feed.room] = self.loop.create_task(self._read_back(feed, seq - REACH_MORE))
        await asyncio.shield(task)
        return True

    async def _read_back(self, feed: Feed, seq: int) -> None:
        try:
            events: list[Event] = []
            after = max(seq, 0)
            while feed.seq is not None and after < feed.seq - len(feed.ring):
                page = await self._page(feed.room, after, feed.slug)
                if not page:
                    break
                events += page
                after = page[-1].seq
            if self.hub.feeds.get(feed.room) is feed:
                self.hub.reach_back(feed, events)
        finally:
            del self._reaching[feed.room]

    def close_gaps(self) -> None:
        """Reads what is missing in rooms that have readers here, once for each room."""
        for feed in self.hub.behind():
            if feed.is_empty:
                self.hub.drop(feed)
            else:
                task = self._catch_up_task(feed)
                task.add_done_callback(_told)

    async def catch_up(self, feed: Feed) -> None:
        await asyncio.shield(self._catch_up_task(feed))

    def _catch_up_task(self, feed: Feed) -> asyncio.Task[None]:
        task = self._catching_up.get(feed.room)
        if task is None:
            task = self._catching_up[feed.room] = self.loop.create_task(self._catch_up(feed))
        return task

    async def _catch_up(self, feed: Feed) -> None:
        try:
            while feed.is_behind:
                events = await self._read(resume.events_after, feed.room, feed.seq, feed.slug)
                if not events:
                    # Heard of a number that is not there: the sweep finds out whether the history is another one.
                    feed.known = cast(int, feed.seq)
                    return
                self.hub.fill(feed, events)
                self.hub.flush()
        finally:
            del self._catching_up[feed.room]


def _told(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("A room could not be caught up, the sweep tries again: %s", error)
