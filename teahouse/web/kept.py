"""What was made once and may be wanted again. In: keys, values, sizes. Out: the values, while there is room. Pure.

The keys hold all that the values depend on; nothing is ever told that it is out of date.
"""

from __future__ import annotations

from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

V = TypeVar("V")


class Kept(Generic[V]):
    """At most so many bytes of values; those that were wanted last stay. For several threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: dict[Hashable, tuple[V, int]] = {}  # What was wanted last stands last.
        self._lock = Lock()
        self.size = 0

    def get(self, key: Hashable) -> V | None:
        with self._lock:
            found = self._values.pop(key, None)
            if found is None:
                return None
            self._values[key] = found
            return found[0]

    def put(self, key: Hashable, value: V, size: int) -> None:
        """`size`: bytes of the value and its key, roughly. What takes more than a quarter of all is not kept."""
        if size * 4 > self._most:
            return
        with self._lock:
            if (before := self._values.pop(key, None)) is not None:
                self.size -= before[1]
            self._values[key] = (value, size)
            self.size += size
            while self.size > self._most:
                self.size -= self._values.pop(next(iter(self._values)))[1]
