"""Whether and when to come back after a close: the code's range says so (docs/protocol.md, "Close codes"). Pure."""

from __future__ import annotations

import math
from typing import Final

LOST: Final = 1006
"""No close frame came. Never sent, so that it is no broken frame as its neighbours are."""
NO_CODE: Final = 1005
SLOWEST: Final = 30.0
"""Seconds between two tries in the long run."""
SETTLED: Final = 10.0
"""A session that lasted so many seconds was a good one: the count of failures begins anew."""
DEFAULT_SPREAD: Final = 1.0
FIRST_TRIAL: Final = 4.0
LONGEST_TRIAL: Final = 60.0


def comeback(code: int, reason: str, failures: int, chance: float) -> float | None:
    """Seconds until the next try, or None: do not come back as you are.

    Args:
        reason: for 4200 to 4299, the seconds over which to spread.
        failures: tries in a row that led to no session worth the name.
        chance: of [0, 1). The jitter is full and begins with the first try: a thousand clients that lost one server at
            the same moment must not come back at the same moment.
    """
    if is_final(code):
        return None
    # A server that draws everyone back and falls over at once must not be hammered.
    if 4200 <= code < 4300 and failures < 2:
        return chance * _spread(reason)
    return chance * min(SLOWEST, 2.0 ** min(failures, 10))


def pause_of_trial(failures: int, chance: float) -> float:
    """Seconds until a socket is tried once more by who goes on without one; `failures`: sockets in a row that got
    nowhere."""
    return (0.5 + chance / 2) * min(LONGEST_TRIAL, FIRST_TRIAL * 2.0 ** min(max(failures - 1, 0), 10))


def is_final(code: int) -> bool:
    """Whether coming back as one is would end in the same way."""
    return code == 1000 or (1002 <= code <= 1009 and code not in (NO_CODE, LOST)) or 4000 <= code < 4100


def _spread(reason: str) -> float:
    try:
        seconds = float(reason)
    except ValueError:
        return DEFAULT_SPREAD
    return min(max(seconds, 0.0), SLOWEST) if math.isfinite(seconds) else DEFAULT_SPREAD
