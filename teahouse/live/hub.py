"""Hands each event to every session of this process that subscribed to its room. In: committed events, in any
order, from `journal.py` and `bus.py`. Out: blocks of frames for `live/sendqueue.py`. Pure: no Django, no I/O.

A feed delivers last+1, drops what it has, holds what is too early, and says which rooms have a gap; the
runtime reads those from the database and hands them back with `fill`.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from teahouse.events import (
    ABOUT_MESSAGES,
    ABOUT_RIGHTS,
    EVERYONE,
    Event,
    Position,
    part_of,
    plain_text,
    restated,
)
from teahouse.live.sendqueue import Block

RING_EVENTS: Final = 512
RING_BYTES: Final = 512 * 1024
PAGE_EVENTS: Final = 500
PAGE_BYTES: Final = 256 * 1024
HELD_EVENTS: Final = 1000


class Reader(Protocol):
    """A session as the hub sees it. None of these may wait, and none may call back into the hub."""

    plain: bool  # A reader of the plain protocol: text of new messages only.

    @property
    def person_id(self) -> int | None: ...

    @property
    def deliver(self) -> Callable[[Block], None]: ...

    def reading_ended(self, room: int) -> None:
        """The last event delivered took the right to read; nothing follows (P6)."""

    def look_again(self, room: int) -> None:
        """From the last event delivered on not everybody reads; nothing follows until this one comes again (P6)."""

    def group_closed(self, room: int) -> None:
        """The group was closed over the plain protocol; only plain readers are told."""

    def history_replaced(self, room: int) -> None:
        """The room has another epoch now: subscribe again."""


@dataclass(slots=True)
class Joined:
    """What a subscription answers. `live` is False where more pages follow first."""

    position: Position
    events: Sequence[Event] = ()
    live: bool = True
    reset: bool = False


class Ahead(Exception):
    """The client has applied more than this feed has: catch up with the database, then try again."""


class NeedsPage(Exception):
    """The ring does not reach back that far: read a page after `since` and hand it to `join`."""


class Feed:
    """A room as this process follows it. `seq` is the last number delivered; None until `load`."""

    __slots__ = (
        "epoch", "fresh", "held", "idle_since", "known", "pending", "plain", "readers", "rights_ended_at", "ring",
        "ring_bytes", "room", "seq", "signals", "slug", "subjects",
    )  # fmt: skip

    def __init__(self, room: int, slug: str) -> None:
        self.room = room
        self.slug = slug
        self.epoch = ""
        self.seq: int | None = None
        self.known = 0  # The highest number heard of, delivered or not.
        self.readers: dict[Reader, None] = {}
        self.plain: dict[Reader, None] = {}
        # Who joined while something was pending: up to which number they have it, and how many of the signals.
        self.fresh: dict[Reader, tuple[int, int]] = {}
        self.ring: deque[Event] = deque()
        self.ring_bytes = 0
        self.subjects: Counter[int] = Counter()  # What the ring's events are about.
        self.held: dict[int, Event] = {}
        # Delivered by number, not yet handed to the readers: one block a flush.
        self.pending: list[Event] = []
        self.signals: list[str] = []  # The same of what is shown and forgotten.
        self.idle_since: float | None = None
        # Up to this number somebody's right to read may have ended: who looked at rights before looks again (P6).
        self.rights_ended_at = 0

    @property
    def position(self) -> Position:
        assert self.seq is not None, "load() comes first"
        return {"epoch": self.epoch, "seq": self.seq}

    @property
    def is_behind(self) -> bool:
        return self.seq is not None and self.known > self.seq

    @property
    def is_empty(self) -> bool:
        return not self.readers and not self.plain

    def after(self, seq: int) -> list[Event] | None:
        """The ring's events after `seq`, or None where it does not reach back that far."""
        assert self.seq is not None
        missing = self.seq - seq
        if missing > len(self.ring):
            return None
        return list(self.ring)[len(self.ring) - missing :] if missing else []


class Hub:
    """All feeds of this process."""

    def __init__(self) -> None:
        self.feeds: dict[int, Feed] = {}
        self.delivered = 0  # Events handed to readers, each counted for each of them.
        self._unflushed: dict[Feed, None] = {}
        self._perhaps_behind: dict[Feed, None] = {}  # Of 10,000 rooms hardly one is.
        self.on_rights: Callable[[Event], None] = lambda event: (
            None
        )  # Called when such an event is delivered.

    # Following a room

    def open(self, room: int, slug: str) -> Feed:
        """The feed of a room. A new one holds what is published until `load` says where it stands."""
        feed = self.feeds.get(room)
        if feed is None:
            feed = self.feeds[room] = Feed(room, slug)
        return feed

    def load(self, feed: Feed, position: Position) -> None:
        """Sets where a new feed stands, as read from the database after `open`."""
        if feed.seq is not None:
            return
        feed.epoch, feed.seq = position["epoch"], position["seq"]
        feed.rights_ended_at = position["seq"]
        feed.known = max(feed.known, feed.seq)
        feed.held = {seq: event for seq, event in feed.held.items() if seq > position["seq"]}
        self._release_held(feed)

    def drop(self, feed: Feed) -> None:
        """Forgets a feed that nobody reads."""
        assert feed.is_empty
        self._unflushed.pop(feed, None)
        self._perhaps_behind.pop(feed, None)
        del self.feeds[feed.room]

    def renew(self, feed: Feed, position: Position) -> None:
        """The room's history is another one (a restored backup): every reader has to subscribe again."""
        readers = [*feed.readers, *feed.plain]
        feed.readers.clear()
        feed.plain.clear()
        feed.fresh.clear()
        self.drop(feed)
        self.load(self.open(feed.room, feed.slug), position)
        for reader in readers:
            reader.history_replaced(feed.room)

    # Events

    def publish(self, events: Iterable[Event]) -> None:
        """Takes committed events of any rooms in any order. `flush` hands on what became deliverable."""
        for event in events:
            feed = self.feeds.get(event.room)
            if feed is not None:
                self._take(feed, event)

    def signal(self, room: int, text: str) -> None:
        """What the JSON readers of a room are shown with the next `flush`, behind its events. It has no number."""
        feed = self.feeds.get(room)
        if feed is not None and feed.readers:
            feed.signals.append(text)
            self._unflushed[feed] = None

    def heard_of(self, room: int, seq: int) -> None:
        """A room's head is `seq`, whatever came with it. A feed that is short of it is behind."""
        feed = self.feeds.get(room)
        if feed is not None and seq > feed.known:
            feed.known = seq
            self._perhaps_behind[feed] = None

    def behind(self) -> list[Feed]:
        """The feeds with a gap; the runtime reads what is missing and hands it to `fill`."""
        if not self._perhaps_behind:
            return []
        # A feed that is not loaded yet may turn out to be.
        self._perhaps_behind = dict.fromkeys(
            feed for feed in self._perhaps_behind if feed.is_behind or feed.seq is None
        )
        return [feed for feed in self._perhaps_behind if feed.is_behind]

    def fill(self, feed: Feed, events: Iterable[Event]) -> None:
        """What was read from the database after `feed.seq`, in order."""
        for event in events:
            self._take(feed, event)

    def flush(self) -> None:
        """Hands all that is pending to the readers: one block for each room, the same object for everyone."""
        while self._unflushed:
            feed = next(iter(self._unflushed))
            del self._unflushed[feed]
            self._flush(feed)

    def _take(self, feed: Feed, event: Event) -> None:
        seq = event.seq
        if feed.seq is None or seq > feed.seq + 1:
            feed.known = max(feed.known, seq)
            self._perhaps_behind[feed] = None
            if len(feed.held) < HELD_EVENTS:
                feed.held[seq] = event
            return
        if seq <= feed.seq:
            return
        self._deliver(feed, event)
        if feed.held:
            self._release_held(feed)

    def _release_held(self, feed: Feed) -> None:
        assert feed.seq is not None
        while (event := feed.held.pop(feed.seq + 1, None)) is not None:
            self._deliver(feed, event)
        if feed.held and min(feed.held) <= feed.seq:
            feed.held = {seq: event for seq, event in feed.held.items() if seq > feed.seq}

    def _deliver(self, feed: Feed, event: Event) -> None:
        feed.seq = event.seq
        if event.seq > feed.known:
            feed.known = event.seq
        self._remember(feed, event)
        if event.ends is not None:
            feed.rights_ended_at = event.seq
        if event.kind in ABOUT_RIGHTS:
            self.on_rights(event)
        if not feed.readers and not feed.plain:
            return
        feed.pending.append(event)
        self._unflushed[feed] = None
        if event.ends is not None:
            self._flush(feed)
            self._end_reading(feed, event.ends)
        elif event.kind == "closed":
            self._flush(feed)
            closed = list(feed.plain)
            feed.plain.clear()
            for reader in closed:
                reader.group_closed(feed.room)

    def _end_reading(self, feed: Feed, person: int) -> None:
        for readers in (feed.readers, feed.plain):
            for reader in [one for one in readers if person in (EVERYONE, one.person_id)]:
                del readers[reader]
                if person == EVERYONE:
                    reader.look_again(feed.room)
                else:
                    reader.reading_ended(feed.room)

    def _flush(self, feed: Feed) -> None:
        pending, feed.pending = feed.pending, []
        signals, feed.signals = feed.signals, []
        fresh, feed.fresh = feed.fresh, {}
        if feed.readers:
            texts = [(event.seq, event.wire) for event in pending]
            self.delivered += _hand_out(list(feed.readers), fresh, texts, signals)
        if feed.plain:
            texts = [(event.seq, text) for event in pending if (text := plain_text(event)) is not None]
            self.delivered += _hand_out(list(feed.plain), fresh, texts, [])

    # The ring

    def _remember(self, feed: Feed, event: Event) -> None:
        if event.subject is not None and event.subject in feed.subjects:
            _restate(feed, event)
        self._append(feed, event)

    def _append(self, feed: Feed, event: Event) -> None:
        if event.subject is not None:
            feed.subjects[event.subject] += 1
        feed.ring.append(event)
        feed.ring_bytes += len(event.wire)
        while len(feed.ring) > RING_EVENTS or feed.ring_bytes > RING_BYTES:
            gone = feed.ring.popleft()
            feed.ring_bytes -= len(gone.wire)
            if gone.subject is not None:
                feed.subjects[gone.subject] -= 1
                if not feed.subjects[gone.subject]:
                    del feed.subjects[gone.subject]

    def could_reach(self, feed: Feed, seq: int) -> bool:
        """Whether a ring that holds all it may could reach back to `seq`."""
        assert feed.seq is not None, "load() comes first"
        return feed.seq - seq <= RING_EVENTS

    def reach_back(self, feed: Feed, events: Sequence[Event]) -> None:
        """Puts what was read from the database before the ring, so that others who resume need no page of their own.

        Args:
            events: consecutive ones. Those that leave a gap before the ring change nothing.
        """
        assert feed.seq is not None, "load() comes first"
        first = feed.seq - len(feed.ring) + 1
        older = [event for event in events if event.seq < first]
        if not older or older[-1].seq != first - 1:
            return
        whole = self._joined_with_ring(feed, older)
        feed.ring.clear()
        feed.ring_bytes = 0
        feed.subjects.clear()
        for event in whole:
            self._append(feed, event)

    # Subscribing

    def join(
        self, reader: Reader, feed: Feed, since: Position | None, page: Sequence[Event] | None = None
    ) -> Joined:
        """Makes `reader` live in one step with the last page of its resume, or gives it the next page.

        Args:
            page: the events after `since` as read from the database, when an earlier call raised NeedsPage.

        Raises:
            Ahead: `since` is beyond this feed; the database decides whether that is a reset.
            NeedsPage: the ring does not reach back to `since`.
        """
        assert feed.seq is not None, "load() comes first"
        assert self.feeds.get(feed.room) is feed, (
            "a feed that was dropped meanwhile hears nothing: open() again"
        )
        # Subscribing again starts anew: nothing live comes between the pages of a resume.
        self.leave(reader, feed)
        if since is None:
            return self._live(reader, feed, ())
        if since["epoch"] != feed.epoch:
            return self.reset(reader, feed)
        if since["seq"] > feed.seq:
            raise Ahead
        events = feed.after(since["seq"])
        if events is None:
            if page is None:
                raise NeedsPage
            events = self._joined_with_ring(feed, page)
        events, whole = _first_page(events)
        reached = events[-1].seq if events else since["seq"]
        if whole and reached == feed.seq:
            return self._live(reader, feed, events)
        return Joined({"epoch": feed.epoch, "seq": reached}, events, live=False)

    def reset(self, reader: Reader, feed: Feed) -> Joined:
        """The position given is of no history known here: start anew from the feed's."""
        joined = self._live(reader, feed, ())
        joined.reset = True
        return joined

    def leave(self, reader: Reader, feed: Feed) -> None:
        feed.readers.pop(reader, None)
        feed.plain.pop(reader, None)
        feed.fresh.pop(reader, None)

    def _live(self, reader: Reader, feed: Feed, events: Sequence[Event]) -> Joined:
        (feed.plain if reader.plain else feed.readers)[reader] = None
        if feed.pending or feed.signals:
            # What is pending is in this one's position, and older than what it is told of: only the others get it.
            assert feed.seq is not None, "load() comes first"
            feed.fresh[reader] = feed.seq, len(feed.signals)
        return Joined(feed.position, events)

    def _joined_with_ring(self, feed: Feed, page: Sequence[Event]) -> list[Event]:
        """A page from the database, continued by the ring as far as it fits; each brought up to date by the other."""
        events = list(page)
        if events:
            # Either may be the newer: the ring while the page was read, the page while the bus is late.
            gone = {event.subject: event for event in events if event.kind == "deleted"}
            for event in feed.after(events[-1].seq) or ():
                deleted = gone.get(event.subject)
                events.append((deleted and restated(event, deleted)) or event)
        newest = {(e.subject, part_of(e.kind)): e for e in feed.ring if e.kind in ABOUT_MESSAGES}
        for index, event in enumerate(events):
            for part in ("message", part_of(event.kind)):
                newer = newest.get((event.subject, part))
                if newer is not None and newer.seq > event.seq:
                    events[index] = event = restated(event, newer) or event
        return events


def _hand_out(
    readers: Sequence[Reader],
    fresh: dict[Reader, tuple[int, int]],
    texts: list[tuple[int, str]],
    signals: list[str],
) -> int:
    """Gives each reader what it does not have: the same block to all but those who joined meanwhile. How many events.

    Args:
        texts: of numbered events, each with its number.
        signals: what follows them.
    """

    def block_after(number: int, count: int) -> Block | None:
        left = [text for seq, text in texts if seq > number] + signals[count:]
        return Block(left) if left else None

    whole = block_after(0, 0)
    if whole is None:
        return 0
    if not fresh:
        for reader in readers:
            reader.deliver(whole)
        return len(texts) * len(readers)
    blocks: dict[tuple[int, int], Block | None] = {(0, 0): whole}
    for reader in readers:
        has = fresh.get(reader, (0, 0))
        if has not in blocks:
            blocks[has] = block_after(*has)
        if (block := blocks[has]) is not None:
            reader.deliver(block)
    return len(texts) * len(readers)


def _restate(feed: Feed, event: Event) -> None:
    for index, older in enumerate(feed.ring):
        if older.subject == event.subject and (newer := restated(older, event)) is not None:
            feed.ring_bytes += len(newer.wire) - len(older.wire)
            feed.ring[index] = newer


def _first_page(events: Sequence[Event]) -> tuple[list[Event], bool]:
    """As many of the first events as a page holds, at least one, and whether that is all."""
    size = 0
    for count, event in enumerate(events):
        size += event.size
        if count == PAGE_EVENTS or (size > PAGE_BYTES and count):
            return list(events[:count]), False
    return list(events), True
