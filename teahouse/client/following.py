"""One room as a client follows it: each event once, in order, however often the connection is lost. In: what the server
answers and says. Out: events for whoever reads, and what to ask next. Pure.

What nobody reads is not heaped up: over the bound the room is followed no more, and again from there once it was read.
"""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import Any, cast

from teahouse.client.errors import ClientError
from teahouse.events import EventFrame, Position, Role, RoomState
from teahouse.live.replies import PresenceSignal, Present, Right, SubscribeResult


class Phase(Enum):
    """Where one stands."""

    AWAY = "away"  # Without a session, or not asked yet.
    ASKING = "asking"  # What is missing comes in pages; events that come meanwhile are in them.
    LIVE = "live"  # Each event counts.
    FULL = "full"  # Nobody has read what came; it goes on from there later.
    OVER = "over"  # Not to be read any more, or not followed.


class Following:
    """A room: its state as last heard, and the events that nobody has taken yet.

    Attributes:
        position: the last event that is in `events` or was taken; None before the first answer.
        here: who is here, by id, as far as they were told; `count` is how many.
        asked: the number of the command whose answer is waited for; an older one's means nothing.
        error: why it is over.
    """

    def __init__(self, room: str, since: Position | None, make: bool, bound: int) -> None:
        self.room = room
        self.position = since
        self.phase = Phase.AWAY
        self.events: deque[EventFrame] = deque()
        self.bound = bound
        self.state: RoomState | None = None
        self.role: Role | None = None
        self.may: list[Right] = []
        self.here: dict[int, Present] = {}
        self.count = 0
        self.begun = False
        self.asked = 0
        self.error: ClientError | None = None
        self._make = make

    @property
    def command(self) -> dict[str, Any]:
        """The fields of what to ask next."""
        fields: dict[str, Any] = {"do": "subscribe", "room": self.room}
        if self.position is not None:
            fields["since"] = self.position
        if self._make and not self.begun:
            fields["make"] = True
        return fields

    def subscribed(self, result: SubscribeResult) -> bool:
        """An answer to it. Whether to ask once more now."""
        before = self.position
        position = result["position"]
        if result.get("reset"):
            self.events.append(_reset(self.room, position))
        if before is None or result.get("reset"):
            before = position
        self.position = {"epoch": position["epoch"], "seq": before["seq"]}
        for event in result["events"]:
            self._take(event)
        self.state, self.role, self.may = result["room"], result["role"], result["may"]
        self.begun = True
        if "here" in result:
            people = result["here"].get("people", [])
            self.here, self.count = {one["id"]: one for one in people}, result["here"]["count"]
        if not result["more"]:
            self.phase = Phase.LIVE
        elif len(self.events) >= self.bound:
            self.phase = Phase.FULL
        return self.phase is Phase.ASKING

    def heard(self, event: EventFrame) -> Phase:
        """An event from the socket; then FULL: unsubscribe, ASKING: subscribe again, for something is missing."""
        if self.phase is not Phase.LIVE or self.position is None:
            return self.phase
        if event["seq"] > self.position["seq"] + 1:
            self.phase = Phase.ASKING
        elif len(self.events) >= self.bound:
            self.phase = Phase.FULL
        else:
            self._take(event)
            if "state" in event and event["event"] == "room":
                self.state = event["state"]
        return self.phase

    def signalled(self, frame: dict[str, Any]) -> bool:
        """A signal about the room. Whether it may be that one can read it no more: asking tells."""
        if frame["signal"] == "presence":
            self._presence(cast(PresenceSignal, frame))
        elif frame["signal"] == "rights":
            self.role, self.may = frame["role"], frame["may"]
            return self.phase is Phase.LIVE and self.role is None and not self.may
        return False

    def next(self) -> EventFrame | None:
        """Takes the first event that nobody has taken."""
        return self.events.popleft() if self.events else None

    @property
    def hungry(self) -> bool:
        """Whether a room that was full has been read far enough to go on."""
        return self.phase is Phase.FULL and len(self.events) <= self.bound // 2

    def end(self, error: ClientError | None) -> None:
        """Nothing comes any more. What came can still be read."""
        self.phase, self.error = Phase.OVER, error

    def _take(self, event: EventFrame) -> None:
        assert self.position is not None
        if event["seq"] == self.position["seq"] + 1:
            self.position = {"epoch": self.position["epoch"], "seq": event["seq"]}
            self.events.append(event)

    def _presence(self, frame: PresenceSignal) -> None:
        if frame.get("whole"):
            self.here.clear()
        for one in frame.get("came", []):
            self.here[one["id"]] = one
        for one in frame.get("went", []):
            self.here.pop(one["id"], None)
        self.count = frame["count"]
        if self.count > len(self.here):
            self.here.clear()  # Of a crowd only the number is told.


def _reset(room: str, position: Position) -> EventFrame:
    """What is told, in the place of events, where the room has another history now. No event of the server has this
    name."""
    return {"event": "reset", "room": room, "seq": position["seq"], "at": "", "position": position}
