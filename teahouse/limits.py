"""Rates and counts that keep one person or one address from taking everything. Pure.

Every `now` is in seconds of a monotonic clock, so setting the machine's clock changes no rate.
"""

import ipaddress
import math
from collections import Counter, OrderedDict
from collections.abc import Hashable
from functools import lru_cache

# Who waits exactly as long as told must be let through, though float addition may round down by a little.
ROUNDING = 1e-6

WELL_KNOWN_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class Bucket:
    """A token bucket: `burst` at once, then `rate` per second. A rate of infinity lifts the limit.

    Its whole state is the time at which it will be full again (the generic cell rate algorithm of
    ITU-T I.371).
    """

    __slots__ = ("_burst", "_full_at", "_interval")

    def __init__(self, rate: float, burst: float) -> None:
        if not (rate > 0 and burst >= 1):
            raise ValueError(
                f"a bucket needs a rate above 0 and a burst of at least 1, not {rate} and {burst}"
            )
        self._interval = 1 / rate
        self._burst = burst
        self._full_at = -math.inf

    def take(self, now: float, n: float = 1) -> float:
        """Take n tokens: 0.0 if there were so many, else the seconds to wait; a refusal takes nothing.

        Raises ValueError where n is more than the burst: no waiting would ever be enough.
        """
        if n > self._burst:
            raise ValueError(f"{n} can never be taken from a bucket that holds {self._burst}")
        full_at = max(now, self._full_at) + n * self._interval
        wait = full_at - now - self._burst * self._interval
        if wait > ROUNDING:
            return wait
        self._full_at = full_at
        return 0.0

    def is_full(self, now: float) -> bool:
        """Whether it is as good as new."""
        return self._full_at <= now

    def left(self, now: float) -> tuple[float, float]:
        """How many tokens could be taken now, and in how many seconds it will be full. Takes nothing."""
        seconds = max(0.0, self._full_at - now)
        return self._burst - seconds / self._interval, seconds


class Buckets:
    """One token bucket for each key. A key whose bucket is full again costs no memory.

    `limit` bounds the keys in all: beyond it the one that was quiet the longest starts anew.
    """

    __slots__ = ("_buckets", "_burst", "_limit", "_rate")

    def __init__(self, rate: float, burst: float, *, limit: int = 100_000) -> None:
        Bucket(rate, burst)  # raises here and now what would else be raised at the first taking
        self._rate = rate
        self._burst = burst
        self._limit = limit
        # Ordered by the last taking. An OrderedDict, because finding the first key of a dict after many
        # removals at its front walks over all of them.
        self._buckets: OrderedDict[Hashable, Bucket] = OrderedDict()

    def __len__(self) -> int:
        """How many keys are remembered now."""
        return len(self._buckets)

    def take(self, key: Hashable, now: float, n: float = 1) -> float:
        """As Bucket.take, from the bucket of this key."""
        bucket = self._buckets.get(key) or Bucket(self._rate, self._burst)
        wait = bucket.take(now, n)
        if not wait:
            self._buckets[key] = bucket
            self._buckets.move_to_end(key)
            self._forget_oldest(now)
        return wait

    def left(self, key: Hashable, now: float) -> tuple[float, float]:
        """As Bucket.left, of the bucket of this key."""
        return (self._buckets.get(key) or Bucket(self._rate, self._burst)).left(now)

    def forget_full(self, now: float) -> None:
        """Forget every key whose bucket is full; for a timer, so that a table nobody uses empties too."""
        for key in [key for key, bucket in self._buckets.items() if bucket.is_full(now)]:
            del self._buckets[key]

    def _forget_oldest(self, now: float) -> None:
        # Two for each one that may have come: the table shrinks while it is used, and no call takes long.
        for _ in range(2):
            oldest = next(iter(self._buckets.values()), None)
            if oldest is not None and (oldest.is_full(now) or len(self._buckets) > self._limit):
                self._buckets.popitem(last=False)


class Strikes:
    """Counts offences in a sliding window, exactly: the tenth bad frame in a minute ends a session."""

    __slots__ = ("_latest", "_out", "_window")

    def __init__(self, out: int = 10, window: float = 60.0) -> None:
        if out < 1:
            raise ValueError(f"it takes at least one strike to be out, not {out}")
        self._out = out
        self._window = window
        self._latest: list[float] = []  # An empty deque has 760 bytes, and nearly every session's is empty.

    def strike(self, now: float) -> bool:
        """Note one offence; True where it is the last one allowed in the window, or beyond."""
        self._latest.append(now)
        del self._latest[: -self._out]
        return len(self._latest) == self._out and now - self._latest[0] < self._window


class Counted:
    """How many of something each key has at this moment, at most `limit`: sessions of an address."""

    __slots__ = ("_counts", "_limit")

    def __init__(self, limit: float = math.inf) -> None:
        self._limit = limit
        self._counts: Counter[Hashable] = Counter()

    def __len__(self) -> int:
        """How many keys have any."""
        return len(self._counts)

    def count(self, key: Hashable) -> int:
        return self._counts[key]

    def enter(self, key: Hashable) -> bool:
        """One more for this key; False, and nothing is counted, where it has its limit already."""
        if self._counts[key] >= self._limit:
            return False
        self._counts[key] += 1
        return True

    def leave(self, key: Hashable) -> None:
        """One less for this key. Raises ValueError where none had entered: the count would stay wrong."""
        if key not in self._counts:
            raise ValueError(f"{key!r} left without having entered")
        self._counts[key] -= 1
        if not self._counts[key]:
            del self._counts[key]


@lru_cache(4096)
def address_key(address: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 of an IPv6 address.

    A single customer has at least a /64 (RFC 6177), so single IPv6 addresses would limit nobody. IPv4 inside
    IPv6, mapped (RFC 4291, 2.5.5.2) or translated with the well-known prefix (RFC 6052, 2.1), is IPv4 again.
    What is no IP address, as the peer of a Unix socket, is its own key.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    if ip in WELL_KNOWN_NAT64:
        return str(ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF))
    return str(ipaddress.IPv6Network((int(ip), 64), strict=False))
