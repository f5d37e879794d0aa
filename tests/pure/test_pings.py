"""PingWheel by a clock of its own; tests/live/test_pings.py has it on real sockets."""

import heapq
import itertools
from collections import Counter
from collections.abc import Callable
from typing import Any, cast

import pytest

from teahouse.live.outlet import Outlet
from teahouse.live.pings import PingWheel
from teahouse.live.sendqueue import Block

INTERVAL = 25.0
STEP = INTERVAL / 50


class Loop:
    """As much of an event loop as the wheel uses. It sleeps through nothing: time is what run() makes it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._timers: list[tuple[float, int, Callable[..., None], Any]] = []
        self._order = itertools.count()

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[..., None], *args: Any) -> None:
        heapq.heappush(self._timers, (self.now + delay, next(self._order), callback, args))

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self._timers and self._timers[0][0] <= end:
            due, _, callback, args = heapq.heappop(self._timers)
            self.now = max(self.now, due)
            callback(*args)
        self.now = max(self.now, end)

    def block(self, seconds: float) -> None:
        """Something holds the loop up: what is due comes late."""
        self.now += seconds


class Peer:
    """An outlet whose peer answers, or does not."""

    def __init__(self, loop: Loop, answers: bool) -> None:
        self.heard = loop.now
        self.waiting = 0
        self.closed = False
        self.pinged: list[float] = []
        self.closed_with: tuple[int, float] | None = None
        self._loop = loop
        self._answers = answers

    def put(self, block: Block) -> None: ...

    def abort(self) -> None: ...

    def close(self, code: int, reason: str = "") -> None:
        self.closed = True
        self.closed_with = (code, self._loop.now)

    def ping(self) -> None:
        self.pinged.append(self._loop.now)
        if self._answers:
            self.heard = self._loop.now


@pytest.fixture
def loop() -> Loop:
    return Loop()


@pytest.fixture
def wheel(loop: Loop) -> PingWheel:
    wheel = PingWheel(INTERVAL)
    wheel.start(cast(Any, loop))
    return wheel


def crowd(wheel: PingWheel, loop: Loop, size: int, *, answers: bool) -> list[Peer]:
    peers = [Peer(loop, answers) for _ in range(size)]
    for peer in peers:
        wheel.add(cast(Outlet, peer))
    return peers


def test_each_is_pinged_once_an_interval_and_never_many_at_once(wheel: PingWheel, loop: Loop) -> None:
    peers = crowd(wheel, loop, 1000, answers=True)

    loop.run(4 * INTERVAL)

    assert {len(peer.pinged) for peer in peers} <= {3, 4}
    assert max(Counter(when for peer in peers for when in peer.pinged).values()) == 20
    assert not any(peer.closed for peer in peers)


def test_the_silent_are_closed_between_two_intervals_and_two_and_a_half(wheel: PingWheel, loop: Loop) -> None:
    began = loop.now
    peers = crowd(wheel, loop, 100, answers=False)

    loop.run(4 * INTERVAL)

    for peer in peers:
        assert peer.closed_with is not None
        code, when = peer.closed_with
        assert code == 4102
        assert 2 * INTERVAL < when - began < 2.5 * INTERVAL + 2 * STEP
        assert peer.pinged, "nobody is closed unasked"
    assert len(wheel) == 0


@pytest.mark.parametrize("length", [2, 20, 200])
def test_time_in_which_we_did_not_listen_is_no_silence(wheel: PingWheel, loop: Loop, length: float) -> None:
    alive = crowd(wheel, loop, 100, answers=True)
    silent = crowd(wheel, loop, 100, answers=False)
    began = loop.now

    loop.run(1.5 * INTERVAL)
    loop.block(length)
    loop.run(0)
    assert not any(peer.closed for peer in alive + silent)
    loop.run(2 * INTERVAL)

    assert not any(peer.closed for peer in alive)
    for peer in silent:
        assert peer.closed_with is not None
        assert 2 * INTERVAL + length - 2 * STEP < peer.closed_with[1] - began


def test_who_left_is_forgotten(wheel: PingWheel, loop: Loop) -> None:
    discarded, closed, stays = crowd(wheel, loop, 3, answers=True)
    wheel.discard(cast(Outlet, discarded))
    assert len(wheel) == 2
    closed.closed = True
    loop.run(INTERVAL)
    assert len(wheel) == 1
    assert not discarded.pinged
    assert stays.pinged
