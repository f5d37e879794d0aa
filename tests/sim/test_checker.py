"""The checker has been seen to fail: each of these defects is found within some schedules."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import pytest
from django.db import OperationalError

from teahouse import journal
from teahouse.events import Event, plain_text
from teahouse.live import hub, runtime, session
from teahouse.live.cuts import Cuts
from teahouse.live.hub import Feed, Hub
from teahouse.live.pace import Pace
from teahouse.live.pings import PingWheel
from teahouse.live.plain import PlainSession
from teahouse.live.presence import Presence
from teahouse.live.sweep import Sweep
from tests.sim import database
from tests.sim.process import HERE
from tests.sim.world import World

ENOUGH = 600
"""Schedules, of which one at least has to find a defect."""

_deliver = Hub._deliver
_join = Hub._live
_rejoin = Hub.join
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


def tell_of_edits(event: Event) -> str | None:
    """A plain reader is shown what was edited as if it were said anew."""
    frame = json.loads(event.wire)
    if event.kind == "message":
        frame["message"]["seq"] = event.seq
    return plain_text(event._replace(wire=json.dumps(frame)))


def go_on_reading(self: PlainSession, room: int) -> None:
    """A plain session that is not ended when its group is closed."""


def let_them_read_on(self: Cuts, cut: Any) -> None:
    """A process that says that it has ended sessions, and has not."""


async def wait_for_nobody(self: Cuts, cut: Any) -> None:
    """A process that answers a sign-out before the others have ended the sessions."""
    self.runtime.bus.tell({"cut": [cut.person, cut.session_key_digest, cut.token_digest]})


def go_on_in_any_history(self: Hub, reader: Any, feed: Feed, since: Any, page: Any) -> Any:
    """A hub that does not look at the epoch of who comes back."""
    known: Any = since and {**since, "epoch": feed.epoch}
    return _rejoin(self, reader, feed, known, page)


def keep_the_history(self: Hub, feed: Feed, position: Any) -> None:
    """A hub that tells nobody that another history has begun."""


def move_nothing(self: Sweep) -> None:
    """A process that looks into the outbox once, on its start."""


class PaceByTheWall(Pace):
    """A pace that goes by a clock that can be set."""

    def wait(self, now: float, *, more_comes: bool) -> float:
        return super().wait(HERE.get().wall, more_comes=more_comes)

    def flushed(self, began: float, ended: float) -> None:
        super().flushed(HERE.get().wall - (ended - began), HERE.get().wall)


def hear_without_listening(self: PingWheel, outlet: Any, now: float) -> float:
    """Pings that take for silence that nobody listened."""
    return now - float(outlet.heard)


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
    "a plain reader that is told of edits": (hub, "plain_text", tell_of_edits),
    "a plain reader that outlives its group": (PlainSession, "group_closed", go_on_reading),
    "a process that ends no sessions": (Cuts, "here", let_them_read_on),
    "a sign-out that waits for nobody": (Cuts, "_ask", wait_for_nobody),
    "a hub that goes on in any history": (Hub, "join", go_on_in_any_history),
    "a hub that keeps a history that has ended": (Hub, "renew", keep_the_history),
    "an outbox that is looked into once": (Sweep, "hint", move_nothing),
    "a pace that goes by the clock on the wall": (runtime, "Pace", PaceByTheWall),
    "pings that do not know of a pause": (PingWheel, "_silence", hear_without_listening),
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
