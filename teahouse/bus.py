"""Tells the other processes what was committed, over the Channels channel layer: a hint, never the truth.

In: what this process committed or shows. Out: the same in every other process, once, or not at all; gaps are
found by number and read from the database. One group for the site, one message per commit; each process is one
member of the group, never a socket. Sending never holds up the chat: own task, bounded queue, a time-out.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable
from math import inf
from typing import Any, Final

from asgiref.sync import async_to_sync
from channels.layers import InMemoryChannelLayer, get_channel_layer

from teahouse.events import Event

log = logging.getLogger("teahouse.bus")

QUEUE: Final = 1000
SEND_SECONDS: Final = 1.0
TOGETHER_BYTES: Final = 64 * 1024
"""Events of a commit go over the bus if they are together smaller than this, else only the rooms' heads."""
BEAT_SECONDS: Final = 1.0
COMPLAINT_SECONDS: Final = 60.0
SILENT_BEATS: Final = 4
"""So many own beats that did not come back mean that the layer does not work."""
MISSED_BEATS: Final = 1.5
"""Own beats that are so far apart mean that one of them may be lost, and with it what others told."""
OUTSIDE: Final = "outside"
"""The name of whoever is no serving process, and waits for no answer."""
LEASE_SECONDS: Final = 5.0
"""Who has not been heard for so long is dead, or has noticed by its own silent beats that nobody reaches it."""


def tell_once(site: Callable[[], str], data: dict[str, Any]) -> None:
    """Tells the serving processes something from one that is none of them: a command, a WSGI view. Waits a second
    at most, and never fails: what they hear of in this way they find by themselves as well, later."""
    layer = get_channel_layer()
    if layer is None or isinstance(layer, InMemoryChannelLayer):
        return
    group, message = _group(site()), _message(OUTSIDE, data | {"gone": True})

    async def send() -> None:
        await asyncio.wait_for(layer.group_send(group, message), SEND_SECONDS)

    try:
        async_to_sync(send)()
    except Exception as error:  # noqa: BLE001  A layer may raise anything.
        log.warning("Cannot send to the channel layer (%s: %s)", type(error).__name__, error)


def _group(site: str) -> str:
    return f"teahouse.{site}"


def _message(process: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"type": "teahouse", "from": process, "data": json.dumps(data, ensure_ascii=False)}


class Bus:
    """This process's place in the site's group. `heard(data)` is called on the loop for each message of others."""

    def __init__(self, site: str, process: str, heard: Callable[[dict[str, Any]], None]) -> None:
        self.process = process
        self._group = _group(site)
        self._heard = heard
        layer = get_channel_layer()
        # The in-memory layer reaches nobody outside this process.
        self._layer: Any = None if layer is None or isinstance(layer, InMemoryChannelLayer) else layer
        self._out: asyncio.Queue[dict[str, Any]] = asyncio.Queue(QUEUE)
        self._tasks: list[asyncio.Task[None]] = []
        self._last_echo: float | None = None
        self.gaps = 0
        """How often own beats did not come back for a while and came again: what others told meanwhile may be lost."""
        self._began = inf
        self._heard_at: dict[str, float] = {}  # The other processes, and when each was heard last.
        self._beat_due = inf
        self._listening = asyncio.Event()
        self._complained_at = -inf

    @property
    def is_there(self) -> bool:
        """Whether the project has a layer that reaches other processes."""
        return self._layer is not None

    @property
    def works(self) -> bool:
        """Whether what this process sends comes back to it. Without a layer there is nothing that could fail."""
        if self._layer is None:
            return True
        if self._last_echo is None:
            return False
        return asyncio.get_running_loop().time() - self._last_echo < SILENT_BEATS * BEAT_SECONDS

    def others(self) -> set[str]:
        """The other processes of the site that are alive, as far as can be known from here."""
        # While this process stood still itself it heard nobody, and nobody has died of that.
        oldest = asyncio.get_running_loop().time() - self._stood_still() - LEASE_SECONDS
        return {process for process, at in self._heard_at.items() if at > oldest}

    @property
    def may_miss_others(self) -> bool:
        """Whether there may be processes of which `others` does not know: this one has not listened for two beats, or
        hears nothing just now. When that has lasted for a lease, they have noticed it too."""
        if self._layer is None:
            return False
        now = asyncio.get_running_loop().time()
        if now - self._began < 2 * BEAT_SECONDS:
            return True
        return not self.works and now - max(self._began, self._last_echo or 0.0) < LEASE_SECONDS

    async def start(self) -> None:
        """Listens before anybody reads a head: what is committed from now on is heard or noticed as a gap."""
        if self._layer is None:
            return
        self._began = asyncio.get_running_loop().time()
        self._tasks = [asyncio.create_task(work()) for work in (self._receive, self._send, self._beat)]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._listening.wait(), 2 * SEND_SECONDS)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    def tell(self, data: dict[str, Any]) -> None:
        """Sends `data` to the other processes, if it can be sent. Never waits."""
        if self._layer is None:
            return
        with contextlib.suppress(asyncio.QueueFull):  # They find the gap by its numbers.
            self._out.put_nowait(data)

    def tell_events(self, events: list[Event]) -> None:
        """What one commit made: the events where they are small together, else how far the rooms got."""
        if self._layer is None or not events:
            return
        heads = {event.room: event.seq for event in events}
        if sum(len(event.wire) for event in events) <= TOGETHER_BYTES:
            self.tell({"events": events})
        else:
            self.tell({"heads": list(heads.items())})

    async def _send(self) -> None:
        while True:
            data = await self._out.get()
            try:
                message = _message(self.process, data)
                await asyncio.wait_for(self._layer.group_send(self._group, message), SEND_SECONDS)
            except Exception as error:  # noqa: BLE001  A layer may raise anything; the chat goes on.
                self._complain("send to", error)

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self.tell({})
            self._beat_due = loop.time() + BEAT_SECONDS
            await asyncio.sleep(BEAT_SECONDS)
            if still := self._stood_still():
                self._heard_at = {process: at + still for process, at in self._heard_at.items()}

    def _stood_still(self) -> float:
        """Seconds for which this process did not run, up to now: by so much its own beat is late."""
        late = asyncio.get_running_loop().time() - self._beat_due
        return late if late > BEAT_SECONDS else 0.0

    async def _receive(self) -> None:
        while True:
            try:
                channel = await self._layer.new_channel()
                await self._layer.group_add(self._group, channel)
                self._listening.set()
                while True:
                    self._take(await self._layer.receive(channel))
            except Exception as error:  # noqa: BLE001  As above.
                self._complain("listen to", error)
                await asyncio.sleep(BEAT_SECONDS)

    def _take(self, message: dict[str, Any]) -> None:
        if message.get("from") == self.process:
            now = asyncio.get_running_loop().time()
            if self._last_echo is not None and now - self._last_echo > MISSED_BEATS * BEAT_SECONDS:
                self.gaps += 1
            self._last_echo = now
            return
        try:
            self._take_from_another(message["from"], json.loads(message["data"]))
        except Exception:
            # Perhaps of another version. What it told of events, the sweep finds by their numbers.
            log.exception("A message of process %s could not be taken", message.get("from"))

    def _take_from_another(self, process: str, data: dict[str, Any]) -> None:
        if data.get("gone"):
            self._heard_at[process] = -inf  # What it still says on its way out does not count.
        elif self._heard_at.get(process, 0.0) >= 0:
            self._heard_at[process] = asyncio.get_running_loop().time()
        if events := data.get("events"):
            data["events"] = [Event(*event) for event in events]
        if data:
            self._heard(data | {"from": process})

    def _complain(self, verb: str, error: Exception) -> None:
        # Once in a while: it fails each second for as long as Redis is away, and `teahouse.sweep` tells the state.
        now = asyncio.get_running_loop().time()
        if now - self._complained_at > COMPLAINT_SECONDS:
            self._complained_at = now
            log.warning("Cannot %s the channel layer (%s: %s)", verb, type(error).__name__, error)
