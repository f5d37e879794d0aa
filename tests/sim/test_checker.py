"""The checker has been seen to fail: each of these defects is found within some schedules."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import pytest
from django.db import OperationalError

from teahouse import journal
from teahouse.events import Event
from teahouse.live import hub, session
from teahouse.live.hub import Feed, Hub
from teahouse.live.presence import Presence
from tests.sim import database
from tests.sim.world import World

ENOUGH = 150
"""Schedules, of which one at least has to find a defect."""

_deliver = Hub._deliver
_join = Hub._live
_run = journal._Batch.run
_state = database.Database.state


def skip(self: Hub, feed: Feed, event: Event) -> None:
    """A hub that leaves out what is about to leave with something else."""
    if feed.pending and event.seq % 5 == 0:
        feed.seq = event.seq
    else:
        _deliver(self, feed, event)


def double(self: Hub, feed: Feed, event: Event) -> None:
    _deliver(self, feed, event)
    if event.seq % 5 == 0 and feed.pending:
        feed.pending.append(event)


def swap(self: Hub, feed: Feed, event: Event) -> None:
    _deliver(self, feed, event)
    if event.seq % 5 == 0 and len(feed.pending) > 1:
        feed.pending.reverse()


def read_on(self: Hub, feed: Feed, person: int) -> None:
    """A hub that does not end the reading of who was removed."""


def join_without_what_is_pending(self: Hub, reader: Any, feed: Feed, events: Any) -> Any:
    joined = _join(self, reader, feed, events)
    feed.fresh.clear()
    return joined


def acknowledge_before_the_commit(self: journal._Batch) -> None:
    """A journal that takes a commit for done, however it ends."""
    try:
        _run(self)
    except OperationalError:
        self.commit = journal.Commit()


def forget_the_key(self: database.Database, keys: Any) -> list[Any]:
    """A journal that does not see that a message is there already; the unique index would, with an error."""
    return []


def leave_as_it_was(old: Event, new: Event) -> None:
    """A ring that goes on showing what was deleted."""


def show_what_is_deleted(self: database.Database, message: database.MessageRow) -> Any:
    """A database read of a resume that shows the text that was deleted."""
    state = _state(self, message)
    if state.pop("deleted", None) is not None:
        state["text"] = message.versions[-1][1]
    return state


def put_in_front(waiting: list[Any], unsaid: Any, key: Any) -> None:
    """A session that turns around what came back to be looked at again."""
    waiting.insert(0, unsaid)


def never_leave(self: Presence, room_id: int, person_id: int, session: Any, now: float) -> None:
    """A presence that holds on to who has gone."""


DEFECTS: dict[str, tuple[Any, str, Callable[..., Any]]] = {
    "a hub that skips": (Hub, "_deliver", skip),
    "a hub that doubles": (Hub, "_deliver", double),
    "a hub that swaps": (Hub, "_deliver", swap),
    "a hub that lets who was removed read on": (Hub, "_end_reading", read_on),
    "a hub that hands on what a reader joined with": (Hub, "_live", join_without_what_is_pending),
    "a ring that shows what was deleted": (hub, "restated", leave_as_it_was),
    "a journal that acknowledges before the commit": (journal._Batch, "run", acknowledge_before_the_commit),
    "a journal that forgets keys": (database.Database, "known_keys", forget_the_key),
    "a resume that shows what was deleted": (database.Database, "state", show_what_is_deleted),
    "a presence that holds on": (Presence, "leave", never_leave),
    "a session that reorders": (session, "insort", put_in_front),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_it_finds(defect: str) -> None:
    where, name, instead = DEFECTS[defect]
    step = 8 if where is Presence else 1  # Every eighth schedule looks who is here.
    with patch.object(where, name, instead), quiet():
        assert any(is_broken(seed) for seed in range(0, ENOUGH * step, step)), (
            f"{defect} was not noticed in {ENOUGH} schedules"
        )


def is_broken(seed: int) -> bool:
    try:
        World(seed).run()
    except Exception:  # noqa: BLE001 - a violation, or what the program says of itself
        return True
    return False


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
