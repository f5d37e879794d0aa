"""Lets the answers of the project's policy count in open sessions. In: rows that `rights_changed` left, and time. Out:
events of rooms behind which those who follow them look again, signals `rights`.

What a person may do is asked of the policy whenever they come or do something; this is for those who only listen.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final

from teahouse import access
from teahouse.access import Found, Place, Speaker
from teahouse.actions import policy, rooms
from teahouse.attention import Own
from teahouse.conf import conf
from teahouse.live.protocol import Problem
from teahouse.subjects import on_objects

if TYPE_CHECKING:
    from teahouse.live.runtime import Runtime

log = logging.getLogger("teahouse.policy")

POLICY_SECONDS: Final = 45.0
"""What nobody told us of is noticed within 60 s."""


class Policing:
    """Of one runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        # Room → those whose memberships are still to be looked at; None: everyone's.
        self._to_end: dict[int, set[int] | None] = {}
        self._ending: asyncio.Task[None] | None = None

    async def stop(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
            await asyncio.gather(self._ending, return_exceptions=True)

    async def move(self) -> None:
        """Takes what `rights_changed` left to the journal, before what the same transaction may have said. That asks
        no policy, which may be slow; memberships are looked at afterwards."""
        for left in await self.runtime.read(policy.waiting):
            await self.runtime.store(policy.looked_at_again(left.room, left.rows))
            self._end_soon(left.room, left.people)

    def _end_soon(self, room: int, people: set[int] | None) -> None:
        before = self._to_end.get(room, set())
        self._to_end[room] = None if people is None or before is None else before | people
        if self._ending is None or self._ending.done():
            self._ending = asyncio.create_task(self._end_all())

    async def _end_all(self) -> None:
        while self._to_end:
            room, people = self._to_end.popitem()
            try:
                await self._end(room, people)
            except Exception:
                # Whoever comes is looked at again before the hello is answered.
                log.exception("Memberships of room %d could not be looked at", room)

    async def _end(self, room: int, people: set[int] | None) -> None:
        """Whoever of these may not see the room belongs to it no more."""
        runtime = self.runtime
        lost = await runtime.read(policy.lost, room, people)
        if lost:
            gone = await runtime.write(rooms.streams, lost)
            await runtime.store(policy.memberships_ended(room, gone))

    async def check(self) -> None:
        """Asks anew about all who follow or watch a room on an object here, many at once."""
        runtime = self.runtime
        open_ = [(session, _rooms_of(session)) for session in runtime.sessions if session.speaker is not None]
        ids = set[int]().union(*(rooms for _, rooms in open_))
        slugs = await runtime.read(on_objects, ids) if ids else {}
        if not slugs:
            return
        places = {(slugs[room], session.person_id) for session, some in open_ for room in some & slugs.keys()}
        found: dict[Place, Found] = await runtime.read(access.rooms, list(places))
        changed: set[int] = set()
        for session, some in open_:
            for room in some & slugs.keys():
                if session in runtime.sessions and self._is_changed(session, room, slugs[room], found):
                    changed.add(room)
        for room in changed:
            await runtime.store(policy.looked_at_again(room))
            self._end_soon(room, None)

    def _is_changed(self, session: Any, room: int, slug: str, found: dict[Place, Found]) -> bool:
        """Whether somebody lost something of which only an event of the room tells; what else is new they are told."""
        follows = room in session.subscribed
        asked = found[slug, session.person_id]
        try:
            _, grant = access.admitted(session.speaker, slug, asked)
        except Problem:
            return follows or not asked.verdict.failed
        if follows:
            session.rights_told(grant)
        return False

    async def own(self, speaker: Speaker, own: Own) -> Own:
        """What the hello tells of a person's own rooms, without those that the policy does not show them any more. Of a
        guest, who has none, those where they have been are looked at."""
        if conf().POLICY is None or not (own.rooms or speaker.is_guest):
            return own
        runtime, person = self.runtime, speaker.id
        rooms = [room for room, _ in own.rooms]
        if speaker.is_guest:
            rooms = await runtime.read(policy.visited, person)
        slugs = await runtime.read(on_objects, rooms)
        refused: dict[int, bool] = await runtime.read(policy.refused, person, slugs) if slugs else {}
        for room, sure in refused.items():
            if sure:
                await self._end(room, {person})
        if any(refused.values()):
            own = await runtime.ask(runtime.own, person)
        return own._replace(rooms=[(room, told) for room, told in own.rooms if room not in refused])


def _rooms_of(session: Any) -> set[int]:
    return {*session.subscribed, *session.watching}
