"""Tells sessions what they may do, when it changes while they are open. In: events of rooms, from the hub or, of rooms
that nobody follows here, from a commit or the bus. Out: the signals `rights` and `room`.

What a person may do is their own, so it is in no event. It is read anew, for all whom an event concerns at once.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any, Final

from teahouse import access, history
from teahouse.access import Found, Place
from teahouse.events import Event, encode
from teahouse.live.protocol import Problem
from teahouse.live.sendqueue import Block

if TYPE_CHECKING:
    from teahouse.live.runtime import Runtime
    from teahouse.live.session import Session

log = logging.getLogger("teahouse.rights")

AGAIN_SECONDS: Final = 1.0
EVERYBODY: Final = 0


class Rights:
    """The rights that have changed, as far as sessions of one runtime have not been told."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        # Room and its name → people whom it concerns, or EVERYBODY: the room itself is another one.
        self._changed: dict[tuple[int, str], set[int]] = {}
        self._task: asyncio.Task[None] | None = None

    def changed(self, event: Event) -> None:
        """Somebody may do other things in a room than before, or the room is another one. Does not wait."""
        concerned = EVERYBODY if event.kind == "room" or event.subject is None else event.subject
        sessions = self._sessions(event.room, {concerned})
        if not sessions:
            return
        frame = json.loads(event.wire)
        if event.kind == "member" and frame["member"]["role"] is None:
            for session in sessions:
                session.unwatch(event.room)
        self._changed.setdefault((event.room, frame["room"]), set()).add(concerned)
        if self._task is None:
            self._task = self.runtime.loop.create_task(self._tell_all())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _sessions(self, room: int, people: set[int]) -> list[Session]:
        """Those who follow or watch a room. Plain ones are told nothing."""
        feed = self.runtime.hub.feeds.get(room)
        readers: dict[Any, None] = dict.fromkeys(feed.readers if feed is not None else ())
        readers |= dict.fromkeys(self.runtime.watched.get(room, ()))
        return [one for one in readers if EVERYBODY in people or one.person_id in people]

    async def _tell_all(self) -> None:
        try:
            while self._changed:
                place, people = self._changed.popitem()
                try:
                    await self._tell(*place, people)
                except Problem as problem:
                    log.warning("What people may do could not be read, once more: %s", problem.message)
                    self._changed.setdefault(place, set()).update(people)
                    await asyncio.sleep(AGAIN_SECONDS)
        finally:
            self._task = None

    async def _tell(self, room: int, slug: str, people: set[int]) -> None:
        places = [(slug, session.person_id or 0) for session in self._sessions(room, people)]
        found: dict[Place, Found] = await self.runtime.read(access.rooms, list(set(places)))
        state = next((one.room for one in found.values() if one.room is not None), None)
        if EVERYBODY not in people or state is None:
            told = None
        else:
            frame = {"signal": "room", "state": await self.runtime.read(history.state_of, state)}
            told = Block([encode(frame)])
        for session in self._sessions(room, people):
            if session.speaker is None or (asked := (slug, session.speaker.id)) not in found:
                continue  # Who came meanwhile has read it as it is.
            try:
                _, grant = access.admitted(session.speaker, slug, found[asked])
            except Problem:
                continue  # Reading has ended; the hub says so.
            follows = room in session.subscribed
            if follows or session.person_id in people:
                session.tell_rights(grant)
            if told is not None and not follows:
                session.deliver(told)
