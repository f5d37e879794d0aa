"""Commands that wait for their answers. In: commands, answers, losses of the connection. Out: which frames leave when.

A command stays until it was answered: one that was in flight when the connection was lost leaves again with the next
session, with its key. Pure: no I/O, no clock.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Final

IN_FLIGHT: Final = 100
"""Commands without an answer. A server reads on up to `limits.unanswered`, 256 by default."""
FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 30.0


@dataclass(slots=True)
class Command:
    """One that somebody waits for.

    Attributes:
        number: its `id` on the wire.
        fields: `do` and what goes with it.
        repeat: whether it may be sent once more where it is unknown whether it was carried out.
        lane: those of one lane leave one after the other; were the first told to come later, the second would
            overtake it.
        own: the room that it subscribes to, or not any more: nobody waits for it but the client itself, and it ends
            with the session.
        pause: seconds that it waited last, where the server did not say how many.
    """

    number: int
    fields: dict[str, Any]
    repeat: bool = True
    lane: str | None = None
    own: str | None = None
    pause: float = FIRST_PAUSE / 2

    @property
    def frame(self) -> dict[str, Any]:
        return {"id": self.number, **self.fields}


@dataclass(slots=True)
class Asked:
    """All of them."""

    _commands: dict[int, Command] = field(default_factory=dict)
    _ready: deque[int] = field(default_factory=deque)
    _flying: set[int] = field(default_factory=set)
    _lanes: dict[str, deque[int]] = field(default_factory=dict)
    _paused: list[tuple[float, int]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._commands)

    def add(self, command: Command) -> None:
        self._commands[command.number] = command
        if command.lane is None:
            self._ready.append(command.number)
            return
        lane = self._lanes.setdefault(command.lane, deque())
        lane.append(command.number)
        if len(lane) == 1:
            self._ready.append(command.number)

    def leaving(self, now: float) -> list[Command]:
        """Those to be sent now; from here on they are in flight."""
        while self._paused and self._paused[0][0] <= now:
            self._ready.append(heapq.heappop(self._paused)[1])
        found: list[Command] = []
        while self._ready and len(self._flying) < IN_FLIGHT:
            number = self._ready.popleft()
            if number in self._commands:
                self._flying.add(number)
                found.append(self._commands[number])
        return found

    @property
    def due(self) -> float | None:
        """When the next one that pauses may leave."""
        return self._paused[0][0] if self._paused else None

    def answered(self, number: int) -> Command | None:
        """It is done with; the next of its lane may leave. None: nobody waits for it any more."""
        self._flying.discard(number)
        command = self._commands.pop(number, None)
        if command is not None and command.lane is not None:
            self._leave_lane(command.lane, number)
        return command

    forget = answered
    """Nobody waits for it. What is in flight may still be carried out."""

    def again(self, number: int, now: float, after: float | None) -> None:
        """The server asks to repeat it, in so many seconds."""
        command = self._commands.get(number)
        self._flying.discard(number)
        if command is None:
            return
        command.pause = after if after is not None else min(command.pause * 2, LONGEST_PAUSE)
        heapq.heappush(self._paused, (now + command.pause, number))

    def get(self, number: int) -> Command | None:
        return self._commands.get(number)

    def lost(self) -> list[Command]:
        """The connection is gone. What was in flight leaves again first, in its old order; those that may not are
        handed back, and no more, as the client's own are."""
        flown = sorted(self._flying)
        self._flying.clear()
        gone = [self._commands[number] for number in flown if not self._may_repeat(number)]
        for command in [*gone, *(command for command in self._commands.values() if command.own is not None)]:
            self.forget(command.number)
        self._ready.extendleft(number for number in reversed(flown) if number in self._commands)
        return [command for command in gone if command.own is None]

    def _may_repeat(self, number: int) -> bool:
        # One that nobody waits for is not there any more: it is not handed back either.
        return number not in self._commands or self._commands[number].repeat

    def _leave_lane(self, name: str, number: int) -> None:
        lane = self._lanes[name]
        was_first = lane[0] == number
        lane.remove(number)
        if not lane:
            del self._lanes[name]
        elif was_first:
            self._ready.append(lane[0])
