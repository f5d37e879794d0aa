"""What a process counts as it goes, for who watches it (`figures.py`, `metrics.py`). In: what happened. Out: numbers
that only grow. Pure. An addition each: nothing is worked out before somebody asks.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import Final

BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds. A commit alone takes 1 to 2 ms on a disk that is none too bad."""


class Times:
    """How often something took how long.

    Attributes:
        counts: how often at most as long as each of BOUNDS and longer than the one before; the last, longer than all.
        seconds: all together.
    """

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds


class Counts:
    """Of the sessions of a process.

    Attributes:
        opened: sessions, by what they speak.
        errors: commands that were refused, by code.
        resumes: subscriptions with a position: `live`, `page` where more pages follow, `reset`.
        slow: sessions that were closed because they read too slowly.
    """

    def __init__(self) -> None:
        self.opened: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.resumes: Counter[str] = Counter()
        self.slow = 0
