"""Tells open pages that the site is called otherwise. In: its name, from any thread of any process. Out: the signal
`place` to each session of the JSON protocol, and what the hello of those that come tells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from teahouse.actions import site
from teahouse.events import encode
from teahouse.live.sendqueue import Block

if TYPE_CHECKING:
    from teahouse.live.runtime import Runtime


class PlaceName:
    """What the site of one runtime is called; `name` is empty where nobody has said it."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.name = ""
        self._told = 0

    async def look(self) -> None:
        """By the clock: a process that the bus did not reach finds it too."""
        told = self._told
        name = await self.runtime.read(site.name)
        # What was told meanwhile is newer than what was read.
        if told == self._told and name != (self.name if self.name != site.DEFAULT else ""):
            self._here(name)

    def everywhere(self, name: str) -> None:
        """In all processes; from any thread."""
        self.runtime.loop.call_soon_threadsafe(self._begin, name)

    def heard(self, data: dict[str, Any]) -> None:
        """What another process said."""
        if name := data.get("place"):
            self._here(name)

    def _begin(self, name: str) -> None:
        self._here(name)
        self.runtime.bus.tell({"place": name})

    def _here(self, name: str) -> None:
        self.name = name
        self._told += 1
        block = Block([encode({"signal": "place", "name": name or site.DEFAULT})])
        for session in list(self.runtime.sessions):
            if not session.plain:
                session.deliver(block)
