"""When events are handed on to the readers. In: who comes, what is being stored, how long handing on took. Out: how
long the next waits. Pure: the clock is given.

To hand one block to 10,000 readers takes tens of milliseconds, whatever is in it, and nobody else is served meanwhile.
So it pays to wait for what comes along with it; and while a crowd comes back, 20 messages a second would be all that
a process does, and those who are outside would never come in.
"""

from __future__ import annotations

from typing import Final

CROWD_PAUSE: Final = 2.0
"""While sessions come, handing on pauses for this many times as long as it took: it gets a third of the time."""
LONGEST_PAUSE: Final = 0.5
"""Seconds that an event waits for a crowd at most."""
COMPANY_PAUSE: Final = 0.5
"""For what is being stored at the moment an event waits this part of the time that the last flush took, at most."""


class Pace:
    """Says how long a flush has to wait. Every `now` is in seconds of one clock that goes on during a callback."""

    __slots__ = ("_came", "_ended", "_took", "_waits_since")

    def __init__(self) -> None:
        self._came = False
        self._ended = 0.0
        self._took = 0.0
        self._waits_since: float | None = None

    def came(self) -> None:
        """A session arrived or subscribed: others are perhaps waiting to be served."""
        self._came = True

    def wait(self, now: float, *, more_comes: bool) -> float:
        """Seconds until what waits may be handed on; asked again with each piece that is added.

        Args:
            more_comes: something is being stored that could leave with it.
        """
        if self._waits_since is None:
            self._waits_since = now
        until = self._waits_since + COMPANY_PAUSE * self._took if more_comes else now
        if self._came:
            until = max(until, self._ended + min(CROWD_PAUSE * self._took, LONGEST_PAUSE))
        return max(0.0, until - now)

    def flushed(self, began: float, ended: float) -> None:
        """All that waited was handed on in this time."""
        self._came = False
        self._waits_since = None
        self._ended, self._took = ended, ended - began
