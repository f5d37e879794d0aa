"""One timer per process asks every peer for a sign of life and closes who gave none.

A browser answers pings by itself (RFC 6455, 5.5.2). A timer for each connection would cost memory and,
after a wave of new connections, come due for all of them at once; here each tick asks one slice of them.
"""

import asyncio
import itertools
from collections import deque

from teahouse.live.outlet import Outlet

NO_PONG = 4102


class PingWheel:
    """Pings each outlet once per `interval` seconds; closes it with 4102 after 2 intervals of silence.

    Time in which this process itself did not listen does not count as silence. Outlets that are closed leave
    the wheel by themselves within an interval; discard() is for who wants them gone at once.
    """

    def __init__(self, interval: float, *, slices: int = 50) -> None:
        self._interval = interval
        self._step = interval / slices
        self._slices: list[set[Outlet]] = [set() for _ in range(slices)]
        self._turns = itertools.cycle(range(slices))
        self._at = 0
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        # (when it ended, how long it was): what may matter for a peer silent for two intervals, and
        # twice that.
        self._stalls: deque[tuple[float, float]] = deque(maxlen=4 * slices)

    def __len__(self) -> int:
        return sum(map(len, self._slices))

    def start(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Begin to turn, on the loop that the outlets live on: the running one, if none is given."""
        if self._timer is None:
            self._schedule(loop or asyncio.get_running_loop())

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def add(self, outlet: Outlet) -> None:
        """Its first ping comes within an interval, wherever the wheel stands: thousands that came back
        together are asked one slice after the other."""
        self._slices[next(self._turns)].add(outlet)

    def discard(self, outlet: Outlet) -> None:
        for members in self._slices:
            members.discard(outlet)

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due = loop.time() + self._step
        self._timer = loop.call_later(self._step, self._tick, loop)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        # A step's delay is no stall: it is a small part of an interval.
        if now - self._due > self._step:
            self._stalls.append((now, now - self._due))
        self._schedule(loop)
        self._at = (self._at + 1) % len(self._slices)
        for outlet in self._slices[self._at]:
            outlet.ping()
        self._close_the_silent(self._slices[self._at], now)
        # Looked at between two pings as well, so that nobody stays longer than two and a half intervals.
        self._close_the_silent(self._slices[self._at - len(self._slices) // 2], now)

    def _close_the_silent(self, members: set[Outlet], now: float) -> None:
        for outlet in list(members):
            if self._silence(outlet, now) > 2 * self._interval:
                outlet.close(NO_PONG, "no pong")
            if outlet.closed:
                members.discard(outlet)

    def _silence(self, outlet: Outlet, now: float) -> float:
        """Seconds in which the peer could have been heard, and was not."""
        silence = now - outlet.heard
        if silence > 2 * self._interval:
            silence -= sum(length for ended, length in self._stalls if ended > outlet.heard)
        return silence
