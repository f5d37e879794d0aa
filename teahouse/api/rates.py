"""What is left of somebody's rates, as headers. In: the runtime and a person. Out: RateLimit and RateLimit-Policy.

As draft-ietf-httpapi-ratelimit-headers-10 has them: how much there is in how many seconds, what of it is left, and when
all of it is there again.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from teahouse.conf import conf

if TYPE_CHECKING:
    from teahouse.live.runtime import Runtime

Rates = dict[str, tuple[int, int]]
"""`say` (messages, edits, reactions) and `start` (rooms, conversations, invitations): how many are left, and after how
many seconds all are."""


def left(runtime: Runtime, person: int) -> Rates:
    """Of a person, in this process; nothing where there are no rates."""
    if not conf().RATES:
        return {}
    found: Rates = {}
    for name, buckets in (("say", runtime.sends), ("start", runtime.starts)):
        rest, seconds = buckets.left(person, runtime.loop.time())
        found[name] = (max(0, math.floor(rest)), math.ceil(seconds))
    return found


def headers(rates: Rates) -> dict[str, str]:
    """What an answer says of them."""
    if not rates:
        return {}
    limits = conf().LIMITS
    quotas = {
        "say": (limits.burst, round(limits.burst / limits.per_second) or 1),
        "start": (limits.per_minute, 60),
    }
    return {
        "RateLimit-Policy": ", ".join(f'"{name}";q={q};w={w}' for name, (q, w) in quotas.items()),
        "RateLimit": ", ".join(f'"{name}";r={r};t={t}' for name, (r, t) in rates.items()),
    }
