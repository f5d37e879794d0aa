"""Django signals for what was committed, in the process that committed it: at most once, for what may be lost, such as
a cache that is cleared. What must not be lost is for `teahouse.listen`.

    @receiver(teahouse.signals.message_said)
    def clear(sender, event, **kwargs):
        cache.delete(f"last-{event['room']}")

Receivers run on a thread of their own, one event behind the other; what one raises is logged and disturbs nobody.
While nothing is connected, this costs nothing.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
from collections.abc import Iterable
from typing import Any, Final

from django.db import connections
from django.dispatch import Signal

from teahouse.events import CUSTOM, Event
from teahouse.models import Event as EventRow

log = logging.getLogger("teahouse.signals")

# Each is sent with `event`, a dict as readers get it (docs/protocol.md); `sender` is always the model `Event`.
message_said = Signal()
message_edited = Signal()
message_deleted = Signal()
reactions_changed = Signal()
thread_changed = Signal()
member_changed = Signal()
room_changed = Signal()
custom_event = Signal()
event_stored = Signal()
"""All of them, also those above."""

_OF: Final = {
    "deleted": message_deleted,
    "reactions": reactions_changed,
    "thread": thread_changed,
    "member": member_changed,
    "room": room_changed,
    CUSTOM: custom_event,
}
ALL: Final = (message_said, message_edited, event_stored, *_OF.values())
WAITING: Final = 10_000
"""Commits that may wait for slow receivers; what comes then is not told."""


def are_wanted() -> bool:
    """Whether anything is connected."""
    return any(signal.receivers for signal in ALL)


class Announcer:
    """Tells the receivers of this process, in order. Its thread begins with the first thing that is told."""

    def __init__(self) -> None:
        self._queue: queue.Queue[list[Event] | None] = queue.Queue(WAITING)
        self._thread: threading.Thread | None = None
        self._lost = False

    def tell(self, events: list[Event]) -> None:
        """What one transaction committed. Never waits."""
        if not are_wanted():
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="teahouse-signals", daemon=True)
            self._thread.start()
        try:
            self._queue.put_nowait(events)
            self._lost = False
        except queue.Full:
            if not self._lost:
                log.error("Receivers of signals are too slow: what comes now is not told to them")
            self._lost = True

    def stop(self) -> None:
        """Tells what waits, for some seconds at most."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(10)

    def _work(self) -> None:
        while (events := self._queue.get()) is not None:
            send(events)
            if self._queue.empty():
                connections.close_all()  # Of receivers that asked the database.
        connections.close_all()


def send(events: Iterable[Event]) -> None:
    """Tells all receivers, here and now."""
    for event in events:
        frame = json.loads(event.wire)
        if frame["room"] != "@me":
            for signal in (_signal_of(event, frame), event_stored):
                _send(signal, frame)


def _signal_of(event: Event, frame: dict[str, Any]) -> Signal | None:
    if event.kind == "message":
        return message_said if frame["message"].get("seq") == event.seq else message_edited
    return _OF.get(event.kind)


def _send(signal: Signal | None, frame: dict[str, Any]) -> None:
    if signal is None or not signal.receivers:
        return
    for receiver, outcome in signal.send_robust(sender=EventRow, event=frame):
        if isinstance(outcome, Exception):
            log.error("%r failed at event %d of %s", receiver, frame["seq"], frame["room"], exc_info=outcome)
