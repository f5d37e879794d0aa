"""The server with a defect that the checker has to find: `python -m tests.faults.defective DEFECT serve …`."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from typing import Any, Final

from tests.live.dying import serve_with

OFTEN: Final = 9
"""Each ninth event, or commit, is treated wrongly."""


def skips() -> None:
    """A hub that leaves out an event."""
    from teahouse.live.hub import Hub

    deliver = Hub._deliver

    def skipping(self: Hub, feed: Any, event: Any) -> None:
        if event.seq % OFTEN == 0:
            feed.seq = event.seq
        else:
            deliver(self, feed, event)

    Hub._deliver = skipping  # type: ignore[method-assign]


def doubles() -> None:
    """A hub that hands on an event twice."""
    from teahouse.live.hub import Hub

    deliver = Hub._deliver

    def doubling(self: Hub, feed: Any, event: Any) -> None:
        deliver(self, feed, event)
        if event.seq % OFTEN == 0 and feed.pending:
            feed.pending.append(event)

    Hub._deliver = doubling  # type: ignore[method-assign]


def swaps() -> None:
    """A hub that hands on an event behind the next one."""
    from teahouse.live.hub import Hub

    deliver = Hub._deliver
    held: dict[int, Any] = {}

    def swapping(self: Hub, feed: Any, event: Any) -> None:
        deliver(self, feed, event)
        if not feed.pending:
            return
        if event.seq % OFTEN == 0:
            held[id(feed)] = feed.pending.pop()
        elif (before := held.pop(id(feed), None)) is not None:
            feed.pending.append(before)

    Hub._deliver = swapping  # type: ignore[method-assign]


def acknowledges_too_early() -> None:
    """A journal that says "stored", and then loses the transaction."""
    from teahouse import journal
    from teahouse.store import Sql

    class Lost(Exception):
        pass

    move_heads, run, turns = Sql.move_heads, journal._Batch.run, itertools.count(1)

    def losing(self: Sql, moved: Any) -> None:
        move_heads(self, moved)
        if next(turns) % OFTEN == 0:
            raise Lost

    def running(self: Any) -> None:
        try:
            run(self)
        except Lost:
            self.commit = journal.Commit(self._tx.events, self._tx.heads)

    Sql.move_heads = losing  # type: ignore[assignment, method-assign]
    journal._Batch.run = running  # type: ignore[method-assign]


def shows_what_was_deleted() -> None:
    """A ring that gives a message as it was said, whatever became of it."""
    from teahouse.live import hub

    hub.restated = lambda old, new: None  # type: ignore[attr-defined]


DEFECTS: Final[dict[str, Callable[[], None]]] = {
    one.__name__: one for one in (skips, doubles, swaps, acknowledges_too_early, shows_what_was_deleted)
}

if __name__ == "__main__":
    sys.exit(serve_with(DEFECTS[sys.argv.pop(1)]))
