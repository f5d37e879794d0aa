"""The hub against a model: rooms, readers and a bus that loses, repeats and disorders, in any order hypothesis finds.

The model is the journal as history reads it: what was committed, and every message's present state. A reader must
get each number once, +1 from where it started, with content as at its commit or newer; nothing above a number that
took its right to read; and no resume may show what was edited or deleted before its position.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast
from unittest.mock import patch

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from teahouse.events import Event, EventFrame, MessageState, Position, Who, message_event, room_event
from teahouse.live.hub import Ahead, Feed, Hub, Joined, NeedsPage
from teahouse.live.sendqueue import Block

ROOMS = (1, 2)
PEOPLE = (11, 12, 13)
AT = "2026-11-22T10:00:00.000Z"
SMALL = {"RING_EVENTS": 4, "RING_BYTES": 3000, "PAGE_EVENTS": 3, "PAGE_BYTES": 2000, "HELD_EVENTS": 3}


def who(person: int) -> Who:
    return {"id": person, "name": f"P{person}", "kind": "user"}


@dataclass
class Said:
    """A message: the numbers at which its text changed, and the one at which it was deleted."""

    id: int
    seq: int
    changed: list[int] = field(default_factory=list)
    deleted: int | None = None


@dataclass
class Truth:
    """One history of one room. `events[n - 1]` is number n as at its commit."""

    room: int
    epoch: str
    events: list[Event] = field(default_factory=list)
    messages: dict[int, Said] = field(default_factory=dict)
    members: set[int] = field(default_factory=lambda: set(PEOPLE))
    removed: dict[int, list[int]] = field(default_factory=dict)

    @property
    def head(self) -> int:
        return len(self.events)

    @property
    def position(self) -> Position:
        return {"epoch": self.epoch, "seq": self.head}

    def about(self, seq: int, kind: str, message: Said) -> Event:
        state: MessageState = {"id": message.id, "seq": message.seq, "at": AT, "by": who(11)}
        if message.deleted is not None:
            kind, state["deleted"] = "deleted", AT
        else:
            # The text names the number that made it, so that a test sees how old it is.
            state["text"] = f"v{message.changed[-1]}"
        return message_event(self.room, f"room{self.room}", seq, AT, who(11), kind, state)

    def say(self) -> None:
        seq = self.head + 1
        message = Said(self.room * 1000 + seq, seq, [seq])
        self.messages[message.id] = message
        self.events.append(self.about(seq, "message", message))

    def edit(self, message: Said) -> None:
        message.changed.append(self.head + 1)
        self.events.append(self.about(self.head + 1, "message", message))

    def delete(self, message: Said) -> None:
        message.deleted = self.head + 1
        self.events.append(self.about(self.head + 1, "deleted", message))

    def member(self, seq: int, person: int, *, belongs: bool) -> Event:
        frame: EventFrame = {"event": "member", "room": f"room{self.room}", "seq": seq, "at": AT}
        frame["member"] = {"person": who(person), "role": "member" if belongs else None}
        frame["state"] = {
            "room": "",
            "title": "",
            "topic": "",
            "kind": "private",
            "archived": False,
            "speaking": "everyone",
        }
        return room_event(self.room, seq, frame, person)

    def move(self, person: int) -> None:
        """Removes a member, or takes one in again."""
        self.members ^= {person}
        belongs = person in self.members
        if not belongs:
            self.removed.setdefault(person, []).append(self.head + 1)
        self.events.append(self.member(self.head + 1, person, belongs=belongs))

    def close(self) -> None:
        seq = self.head + 1
        frame: EventFrame = {
            "event": "closed",
            "room": f"room{self.room}",
            "seq": seq,
            "at": AT,
            "by": who(11),
        }
        self.events.append(room_event(self.room, seq, frame))

    def after(self, seq: int) -> list[Event]:
        """What history reads: a page of the next events, each with its subject's present state."""
        return [self.now(event) for event in self.events[seq : seq + SMALL["PAGE_EVENTS"]]]

    def now(self, event: Event) -> Event:
        if event.kind in ("message", "deleted"):
            assert event.subject is not None
            return self.about(event.seq, "message", self.messages[event.subject])
        if event.kind == "member":
            assert event.subject is not None
            return self.member(event.seq, event.subject, belongs=event.subject in self.members)
        return event


class Session:
    """A JSON or plain reader of one room, which checks each thing it gets."""

    def __init__(self, machine: "HubMachine", truth: Truth, person: int, plain: bool) -> None:
        self.machine, self.truth, self.plain = machine, truth, plain
        self.person_id: int | None = person
        self.live = False
        self.seq = 0  # The last number applied, of a JSON reader; where it joined, of a plain one.
        self.started = 0
        self.since: Position | None = None
        self.page: list[Event] | None = None
        self.said: list[int] = []
        self.last: EventFrame | None = None

    def deliver(self, block: Block) -> None:
        assert self.live, "something was delivered to a session that does not read"
        for text in block.texts:
            if self.plain:
                self.said.append(int(text.rpartition(":</span><br>")[2].removeprefix("v")))
            else:
                self.take(json.loads(text), 0)

    def take(self, frame: EventFrame, position: int) -> None:
        """An event of a block, or with `position` one of a resume's answer."""
        assert frame["seq"] == self.seq + 1, f"{frame['seq']} after {self.seq}"
        self.seq = frame["seq"]
        self.last = frame
        self.check_right()
        if "message" in frame:
            message = self.truth.messages[frame["message"]["id"]]
            as_at = max(position, frame["seq"])
            if message.deleted is not None and message.deleted <= as_at:
                assert frame["event"] == "deleted"
            assert (frame["event"] == "deleted") == ("text" not in frame["message"])
            if "text" in frame["message"]:
                version = int(frame["message"]["text"].removeprefix("v"))
                assert version >= max(seq for seq in message.changed if seq <= as_at)

    def check_right(self) -> None:
        """P6: nothing above the number that took the right, unless it was given back since."""
        if self.person_id not in self.truth.members:
            assert self.person_id is not None
            taken = [seq for seq in self.truth.removed[self.person_id] if self.started < seq < self.seq]
            assert not taken, f"{self.seq} was delivered after reading ended with {taken}"

    def joined(self, joined: Joined) -> None:
        if joined.reset:
            assert self.since is not None
            assert self.since["epoch"] != self.truth.epoch or self.since["seq"] > self.truth.head
            self.seq = joined.position["seq"]
        for event in joined.events:
            self.take(json.loads(event.wire), joined.position["seq"])
        assert joined.position == {"epoch": self.truth.epoch, "seq": self.seq} or self.since is None
        self.seq = joined.position["seq"]
        self.since, self.page, self.said = joined.position, None, []
        self.live = joined.live
        if joined.live:
            self.started = self.seq

    def reading_ended(self, room: int) -> None:
        assert room == self.truth.room
        if not self.plain:
            assert self.last is not None
            assert self.last["member"] == {"person": who(self.person_id or 0), "role": None}
            self.since = {"epoch": self.truth.epoch, "seq": self.seq}
        self.live = False

    def look_again(self, room: int) -> None:
        raise AssertionError("nothing here says that not everybody reads")

    def group_closed(self, room: int) -> None:
        assert (room, self.plain) == (self.truth.room, True)
        self.live = False
        # What was said before the end was shown, and nothing behind it.
        self.machine.check_plain(self, self.machine.hub.feeds[room].position["seq"])

    def history_replaced(self, room: int) -> None:
        assert room == self.truth.room
        self.live = False


class HubMachine(RuleBasedStateMachine):
    """The rules: what may happen in a process, one at a time."""

    sessions = Bundle("sessions")

    def __init__(self) -> None:
        super().__init__()
        self.patches = patch.multiple("teahouse.live.hub", **cast(Any, SMALL))
        self.patches.start()
        self.hub = Hub()
        self.truths = {room: Truth(room, f"epoch-{room}-0") for room in ROOMS}
        self.readers: list[Session] = []
        self.reading: dict[int, tuple[Feed, list[Event]]] = {}  # For rings that are to reach back.
        self.coming: dict[int, list[Session]] = {}

    def teardown(self) -> None:
        try:
            self.catch_up_everything()
        finally:
            self.patches.stop()

    @initialize()
    def follow(self) -> None:
        for room in ROOMS:
            self.feed(room)

        for truth in self.truths.values():
            for _ in range(9):
                truth.say()
            self.hub.publish(truth.events[:7])

    def feed(self, room: int) -> Feed:
        feed = self.hub.open(room, f"room{room}")
        if feed.seq is None:
            self.hub.load(feed, self.truths[room].position)
        return feed

    # What is committed

    rooms = st.sampled_from((1, 1, 1, 2))  # Much has to come together in one room.
    people = st.sampled_from(PEOPLE)

    def tell(self, room: int, told: bool) -> None:
        """The usual way of what was committed: it is heard of in order, and handed on at the next tick."""
        if told:
            self.the_next_events_come(room)

    @rule(room=rooms, count=st.integers(1, 4), told=st.booleans())
    def say(self, room: int, count: int, told: bool) -> None:
        for _ in range(count):
            self.truths[room].say()
        self.tell(room, told)

    @rule(room=rooms, which=st.integers(0, 5), delete=st.booleans(), told=st.booleans())
    def change(self, room: int, which: int, delete: bool, told: bool) -> None:
        there = [message for message in self.truths[room].messages.values() if message.deleted is None]
        if there:
            message = there[-1 - which % len(there)]
            (self.truths[room].delete if delete else self.truths[room].edit)(message)
            self.tell(room, told)

    @rule(room=rooms, person=people, back=st.booleans(), told=st.booleans())
    def remove_and_perhaps_take_in(self, room: int, person: int, back: bool, told: bool) -> None:
        truth = self.truths[room]
        truth.move(person)
        if person in truth.members and not back:
            truth.move(person)
        truth.say()
        self.tell(room, told)

    @rule(room=rooms, told=st.booleans())
    def close(self, room: int, told: bool) -> None:
        self.truths[room].say()
        self.truths[room].close()
        self.truths[room].say()
        self.tell(room, told)

    # What comes here of it

    @rule(room=rooms, back=st.lists(st.integers(0, 6), min_size=1, max_size=6))
    def some_events_come(self, room: int, back: list[int]) -> None:
        """Out of order, twice, with gaps: `back` counts from the head."""
        events = self.truths[room].events
        self.hub.publish([events[-1 - n] for n in back if n < len(events)])

    @rule(room=rooms)
    def the_next_events_come(self, room: int) -> None:
        feed = self.hub.feeds.get(room)
        if feed is not None and feed.seq is not None:
            self.hub.publish(self.truths[room].events[feed.seq :])

    @rule(room=rooms)
    def only_the_head_comes(self, room: int) -> None:
        self.hub.heard_of(room, self.truths[room].head)

    @rule()
    def a_gap_is_filled(self) -> None:
        for feed in self.hub.behind():
            assert feed.seq is not None
            self.hub.fill(feed, self.truths[feed.room].after(feed.seq))

    @rule()
    def flush(self) -> None:
        self.hub.flush()

    # Who reads

    @rule(
        target=sessions,
        room=rooms,
        person=people,
        plain=st.sampled_from((True, False, False)),
        back=st.none() | st.integers(-2, 9),
        unknown=st.sampled_from((False, False, False, True)),
    )
    def come(self, room: int, person: int, plain: bool, back: int | None, unknown: bool) -> object:
        """A reader comes with a position `back` from the head, beyond it, of another history, or with none."""
        truth = self.truths[room]
        if person not in truth.members:
            return multiple()
        session = Session(self, truth, person, plain)
        self.readers.append(session)
        if back is not None and not plain:
            epoch = "unknown" if unknown else truth.epoch
            session.since = {"epoch": epoch, "seq": max(0, truth.head - back)}
            session.seq = session.since["seq"]
        self.go_on(session)
        assert session.live or session.since is not None
        return session

    @rule(session=sessions)
    def go_on(self, session: Session) -> None:
        """One step of a subscription: a page is read, or joined. Other rules may come between two steps."""
        if session.live or session.truth is not self.truths[session.truth.room]:
            return
        if session.person_id not in session.truth.members:
            return
        feed = self.feed(session.truth.room)
        try:
            joined = self.hub.join(session, feed, session.since, session.page)
        except NeedsPage:
            assert session.since is not None
            session.page = session.truth.after(session.since["seq"])
        except Ahead:
            assert session.since is not None
            if session.since["seq"] > session.truth.head:
                session.joined(self.hub.reset(session, feed))
            else:
                self.hub.heard_of(feed.room, session.truth.head)
        else:
            session.joined(joined)

    @rule(session=sessions, back=st.integers(0, 9))
    def subscribe_again(self, session: Session, back: int) -> None:
        """From the last number applied, or one before it; a plain reader has none, and stays."""
        if session.live and not session.plain and session.person_id in session.truth.members:
            # What is pending is handed on by join, to the reader as it was.
            self.hub.flush()
            session.live = False
            session.seq = max(0, session.seq - back)
            session.since = {"epoch": session.truth.epoch, "seq": session.seq}
            session.page = None
            self.go_on(session)

    @rule(session=sessions)
    def leave(self, session: Session) -> None:
        """And perhaps come back later, with `go_on`."""
        if session.live:
            self.hub.leave(session, self.hub.feeds[session.truth.room])
            session.live = False
            session.since = {"epoch": session.truth.epoch, "seq": session.seq}

    @rule(room=rooms, back=st.integers(1, 9))
    def read_back(self, room: int, back: int) -> None:
        """What a crowd needs is read before the ring, and comes into it some steps later."""
        feed = self.hub.feeds.get(room)
        if feed is not None and feed.seq is not None:
            self.reading[room] = feed, self.truths[room].after(max(0, feed.seq - back))

    @rule(room=rooms)
    def reach_back(self, room: int) -> None:
        if room in self.reading:
            feed, events = self.reading.pop(room)
            if self.hub.feeds.get(room) is feed:
                self.hub.reach_back(feed, events)

    # What happens to a room

    @rule(room=rooms, what=st.sampled_from(["forget", "forget", "open", "restore"]), keep=st.integers(0, 3))
    def something_rare_happens(self, room: int, what: str, keep: int) -> None:
        feed = self.hub.feeds.get(room)
        if what == "restore":
            self.restore_a_backup(room, feed, keep)
        elif what == "open":
            self.hub.open(room, f"room{room}")  # And not yet loaded.
        elif feed is not None and feed.is_empty:
            self.hub.drop(feed)

    def restore_a_backup(self, room: int, feed: Feed | None, keep: int) -> None:
        old = self.truths[room]
        self.truths[room] = new = Truth(room, f"{old.epoch}+")
        for _ in range(keep):
            new.say()
        if feed is not None and feed.seq is not None:
            self.hub.renew(feed, new.position)
        elif feed is not None:
            self.hub.drop(feed)

    # What always holds

    @invariant()
    def memory_is_bounded(self) -> None:
        for feed in self.hub.feeds.values():
            assert len(feed.ring) <= SMALL["RING_EVENTS"]
            assert feed.ring_bytes == sum(len(event.wire) for event in feed.ring) <= SMALL["RING_BYTES"]
            assert len(feed.held) <= SMALL["HELD_EVENTS"]
            about = [event.subject for event in feed.ring if event.subject is not None]
            assert feed.subjects == {subject: about.count(subject) for subject in about}

    @invariant()
    def the_ring_ends_where_the_feed_stands(self) -> None:
        for feed in self.loaded():
            assert feed.seq is not None
            first = feed.seq - len(feed.ring) + 1
            assert [event.seq for event in feed.ring] == list(range(first, feed.seq + 1))
            assert all(seq > feed.seq + 1 for seq in feed.held)
            assert not feed.held or feed.is_behind

    @invariant()
    def no_ring_holds_what_its_room_has_changed(self) -> None:
        for feed in self.loaded():
            for event in feed.ring:
                if "message" not in (frame := json.loads(event.wire)):
                    continue
                message = self.truths[feed.room].messages[frame["message"]["id"]]
                assert feed.seq is not None
                if message.deleted is not None and message.deleted <= feed.seq:
                    assert "text" not in frame["message"]
                if "text" in frame["message"]:
                    newest = max(seq for seq in message.changed if seq <= feed.seq)
                    assert int(frame["message"]["text"].removeprefix("v")) >= newest

    def loaded(self) -> Iterator[Feed]:
        return (feed for feed in self.hub.feeds.values() if feed.seq is not None)

    def catch_up_everything(self) -> None:
        for room, truth in self.truths.items():
            self.hub.heard_of(room, truth.head)
        while self.hub.behind():
            self.a_gap_is_filled()
        self.hub.flush()
        for session in self.readers:
            if not session.live:
                continue
            if not session.plain:
                assert session.seq == session.truth.head
                continue
            self.check_plain(session, session.truth.head)

    def check_plain(self, session: Session, until: int) -> None:
        """Each message once and in order; only one that was deleted may be missing, where it came late."""
        at_most = [m for m in session.truth.messages.values() if session.started < m.seq <= until]
        shown = iter(session.said)
        left = next(shown, None)
        for message in at_most:
            if left in message.changed:
                left = next(shown, None)
            else:
                assert message.deleted is not None, f"message {message.seq} was not shown"
        assert left is None, f"shown again or out of order: {session.said}"


# Time to shrink what is found: cut off in the middle of that, hypothesis reports something else.
pytestmark = pytest.mark.timeout(300)

TestHub = HubMachine.TestCase
TestHub.settings = settings(max_examples=120, stateful_step_count=50, deadline=None)
