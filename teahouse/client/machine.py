"""A client without its socket: frames and losses in, frames and happenings out. Pure: no I/O, no clock, no chance; the
times are what the caller gives. `connection.py` is the socket round it.

    machine.opened(now)                    a socket is there
    machine.received(text, now)            a frame came; what has happened
    machine.lost(now)                      the socket is gone; what has happened
    machine.leaving(now)                   frames to send, after each of these and when `due` has come
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, cast

from teahouse.client.asked import Asked, Command
from teahouse.client.errors import ClientError, Disconnected, Refused, RoomLost
from teahouse.client.following import Following, Phase
from teahouse.events import EventFrame, Position
from teahouse.live.replies import HelloResult

VERSION: Final = 1
NO_ANSWER: Final = 5.0
"""Seconds that a ping may wait."""
NO_HELLO: Final = 10.0
LARGEST: Final = 131_072
"""Bytes of a command, before the server has said how many."""
GREETING: Final = 0
"""The id of a hello; those of other commands count from 1."""


@dataclass(slots=True, frozen=True)
class Began:
    """A session began."""

    hello: HelloResult


@dataclass(slots=True, frozen=True)
class NotBegun:
    """The hello was refused. The server may close; where it does not, the client does."""

    error: Refused


@dataclass(slots=True, frozen=True)
class Answered:
    """A command was carried out."""

    number: int
    result: Any


@dataclass(slots=True, frozen=True)
class Failed:
    """A command was not carried out, or may not be repeated."""

    number: int
    error: ClientError


@dataclass(slots=True, frozen=True)
class Moved:
    """Something is new in a room: events, its state, or its end."""

    room: str


@dataclass(slots=True, frozen=True)
class Signalled:
    """A signal, shown and forgotten."""

    frame: dict[str, Any]


Happening = Began | NotBegun | Answered | Failed | Moved | Signalled


class Machine:
    """See above. `credential` goes with each hello: `token` or `name`; a guest's ticket replaces it once there is
    one."""

    def __init__(self, credential: dict[str, str], bound: int) -> None:
        self.credential = credential
        self.rooms: dict[str, Following] = {}
        self.asked = Asked()
        self.bound = bound
        self.open = False
        self._greeting: str | None = None
        self._numbers = itertools.count(1)
        self._me = 0
        self._ping = NO_HELLO
        self._largest = LARGEST
        self._heard = 0.0
        self._probed: float | None = None

    # The socket

    def opened(self, now: float) -> None:
        self.open, self._heard, self._probed = False, now, None
        self._ping = NO_HELLO
        hello = {"id": GREETING, "do": "hello", "v": VERSION, **self.credential}
        self._greeting = _encoded(hello)

    def received(self, text: str, now: float) -> list[Happening]:
        """Raises: ValueError, where that is no frame of this protocol."""
        self._heard, self._probed = now, None
        frame = json.loads(text)
        if not isinstance(frame, dict):
            raise ValueError("no JSON object")  # noqa: TRY004 - one error for all that is no frame
        if "event" in frame:
            return list(self._event(cast(EventFrame, frame)))
        if "signal" in frame:
            return list(self._signal(frame))
        if frame.get("re") == GREETING:
            return [self._greeted(frame)]
        return list(self._answer(frame, now))

    def lost(self, now: float) -> list[Happening]:
        """Ends the session. Rooms and commands stay for the next."""
        self.open, self._greeting = False, None
        failed = [
            Failed(
                command.number,
                Disconnected(f"The connection was lost before {command.fields['do']} was answered."),
            )
            for command in self.asked.lost()
        ]
        for following in self.rooms.values():
            if following.phase is not Phase.OVER:
                following.phase = Phase.AWAY
        return list(failed)

    def leaving(self, now: float) -> list[str]:
        """The frames to send now."""
        if self._greeting is not None:
            greeting, self._greeting = self._greeting, None
            return [greeting]
        if not self.open:
            return []
        frames = [command.frame for command in self.asked.leaving(now)]
        # A server pings too, but only the socket sees that: this shows that its program answers.
        if self._probed is None and now >= self._heard + self._ping:
            self._probed = now
            frames.append({"id": next(self._numbers), "do": "ping"})
        return [_encoded(frame) for frame in frames]

    def dead(self, now: float) -> bool:
        """Whether the other side has not answered for so long that the socket is to be dropped."""
        if not self.open:
            return now >= self._heard + self._ping
        return self._probed is not None and now >= self._probed + NO_ANSWER

    @property
    def due(self) -> float:
        """When to look again, if nothing happens before."""
        if not self.open:
            return self._heard + self._ping
        alive = self._heard + self._ping if self._probed is None else self._probed + NO_ANSWER
        return alive if self.asked.due is None else min(alive, self.asked.due)

    # Commands

    def ask(self, do: str, fields: dict[str, Any], *, repeat: bool = True) -> int:
        """A command that waits for its answer, across losses of the connection; its number. Sends of one room leave one
        after the other.

        Raises:
            Refused: it is larger than a server takes, which would close the session.
        """
        lane = fields["room"] if do == "send" else None
        command = Command(next(self._numbers), {"do": do, **fields}, repeat, lane)
        size = len(_encoded(command.frame).encode())
        if size > self._largest:
            said = f"A command has {self._largest:,} bytes at the most; this one has {size:,}."
            raise Refused({"code": "too_long", "message": said})
        self.asked.add(command)
        return command.number

    def forget(self, number: int) -> None:
        """Nobody waits for it any more."""
        self.asked.forget(number)

    # Rooms

    def follow(self, room: str, since: Position | None = None, make: bool = False) -> Following:
        following = self.rooms[room] = Following(room, since, make, self.bound)
        if self.open:
            self._subscribe(following)
        return following

    def unfollow(self, room: str) -> None:
        """Hears of it no more; membership stays."""
        following = self.rooms.pop(room, None)
        if following is not None and following.phase is not Phase.OVER:
            following.end(None)
            self._unsubscribe(room)

    def taken(self, room: str) -> None:
        """Somebody has read events of it: one that was full may go on."""
        following = self.rooms.get(room)
        if following is not None and following.hungry and self.open:
            self._subscribe(following)

    # What comes

    def _greeted(self, frame: dict[str, Any]) -> Began | NotBegun:
        if "error" in frame:
            return NotBegun(Refused(frame["error"]))
        hello: HelloResult = frame["ok"]
        if "ticket" in hello:
            # The same guest again, not another one of that name.
            self.credential = {"token": hello["ticket"]}
        self.open, self._ping = True, float(hello["ping"])
        self._me, self._largest = hello["you"]["id"], hello["limits"].get("frame", LARGEST)
        for following in self.rooms.values():
            if following.phase is Phase.AWAY and len(following.events) >= following.bound:
                following.phase = Phase.FULL
            elif following.phase is Phase.AWAY:
                self._subscribe(following)
        return Began(hello)

    def _answer(self, frame: dict[str, Any], now: float) -> Iterator[Happening]:
        number = frame.get("re")
        command = self.asked.get(number) if isinstance(number, int) else None
        error = frame.get("error")
        if command is None:
            if isinstance(number, int):
                self.asked.forget(number)  # Nobody waits for it, but it was in flight.
            return
        if error is not None and error.get("retry"):
            self.asked.again(command.number, now, error.get("after"))
            return
        self.asked.answered(command.number)
        if command.own is not None:
            yield from self._subscribed(command, frame)
        elif error is not None:
            yield Failed(command.number, Refused(error))
        else:
            yield Answered(command.number, frame["ok"])

    def _subscribed(self, command: Command, frame: dict[str, Any]) -> Iterator[Happening]:
        following = self.rooms.get(command.own or "")
        if following is None or following.asked != command.number or following.phase is not Phase.ASKING:
            return
        if "error" in frame:
            following.end(RoomLost(following.room, frame["error"]))
            del self.rooms[following.room]
        elif following.subscribed(frame["ok"]):
            self._subscribe(following)
        yield Moved(following.room)

    def _event(self, frame: EventFrame) -> Iterator[Happening]:
        following = self.rooms.get(frame["room"])
        if following is None or following.phase is not Phase.LIVE:
            return
        phase = following.heard(frame)
        if phase is Phase.ASKING:
            self._subscribe(following)
        elif phase is Phase.FULL:
            self._unsubscribe(following.room)
        else:
            if self._has_left(frame):
                # Of an open room one may read on: asking tells.
                self._subscribe(following)
            yield Moved(following.room)

    def _has_left(self, frame: EventFrame) -> bool:
        member = frame.get("member")
        return member is not None and member["role"] is None and member["person"]["id"] == self._me

    def _signal(self, frame: dict[str, Any]) -> Iterator[Happening]:
        following = self.rooms.get(frame.get("room", ""))
        if following is not None and following.signalled(frame):
            self._subscribe(following)
        yield Signalled(frame)

    def _subscribe(self, following: Following) -> None:
        following.phase = Phase.ASKING
        following.asked = self._own(following.room, following.command)

    def _unsubscribe(self, room: str) -> None:
        if self.open:
            self._own(room, {"do": "unsubscribe", "room": room})

    def _own(self, room: str, fields: dict[str, Any]) -> int:
        command = Command(next(self._numbers), fields, repeat=False, own=room)
        self.asked.add(command)
        return command.number


def _encoded(frame: dict[str, Any]) -> str:
    text = json.dumps(frame, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(frame)  # Half a character: the server says what is wrong with it.
    return text
