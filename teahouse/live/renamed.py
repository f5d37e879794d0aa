"""Tells open sessions that a person has another name or picture, or is no guest any more. In: who they are now, from
any thread of any process. Out: the signal `person` to each session that shares a room with them, and what these
sessions say from now on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from teahouse.events import Who, encode
from teahouse.live.sendqueue import Block

if TYPE_CHECKING:
    from teahouse.live.runtime import Runtime


class Renamed:
    """The people of one runtime who are not called what they were."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    def everywhere(self, who: Who, rooms: list[int]) -> None:
        """In all processes. `rooms`: those that the person belongs to; those in which they are now are known here."""
        self.runtime.loop.call_soon_threadsafe(self._begin, who, rooms)

    def heard(self, data: dict[str, Any]) -> None:
        """What another process said."""
        if person := data.get("person"):
            self._here(*person)

    def _begin(self, who: Who, rooms: list[int]) -> None:
        self._here(who, rooms)
        self.runtime.bus.tell({"person": [who, rooms]})

    def _here(self, who: Who, rooms: list[int]) -> None:
        runtime, person = self.runtime, who["id"]
        if person in runtime.names:
            runtime.names[person] = who
        shared = set(rooms) | {room for room in runtime.hub.feeds if runtime.presence.is_here(room, person)}
        block = Block([encode({"signal": "person", "who": who})])
        for session in list(runtime.sessions):
            own = session.person_id == person
            if own:
                session.speaker = replace(session.speaker, who=who)
            if not session.plain and (own or not shared.isdisjoint(session.subscribed)):
                session.deliver(block)
