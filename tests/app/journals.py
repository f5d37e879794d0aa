"""A journal without a chat round it: stores entries and waits for their outcomes."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from teahouse import outbox
from teahouse.actions import calling
from teahouse.journal import Commit, Entry, Journal, Settled


@contextmanager
def journal() -> Iterator[Journal]:
    def settled(commit: Commit, settled: Settled) -> None:
        for done, outcome in settled:
            done(outcome)

    running = Journal(settled)
    running.start()
    try:
        yield running
    finally:
        running.stop()


def stored(running: Journal, entries: Sequence[Entry]) -> list[Any]:
    """What became of each entry, in their order."""
    futures: list[Future[Any]] = [Future() for _ in entries]
    for entry, future in zip(entries, futures, strict=True):
        running.submit(entry, future.set_result)
    return [future.result(20) for future in futures]


def move_all(limit: int = 200) -> list[Any]:
    """Takes all that waits in the outbox into the journal, as a server does; the outcomes."""
    outcomes: list[Any] = []
    with journal() as running:
        while entries := outbox.waiting(limit):
            if rooms := calling.rooms_to_look_at(entries):
                entries = calling.with_called(entries, dict.fromkeys(rooms, ()))
            outcomes += stored(running, entries)
    return outcomes
