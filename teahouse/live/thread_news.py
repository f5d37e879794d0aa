"""Tells people in how many of their threads something is unread. In: what was committed. Out: signals `threads` to the
sessions of those who take part, once a second at most, by way of `sweep.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from teahouse import threads
from teahouse.events import Event, encode
from teahouse.live.sendqueue import Block
from teahouse.prepared import batched

if TYPE_CHECKING:
    from teahouse.live.runtime import Runtime


class ThreadNews:
    """Threads in which something happened, until it is told."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self._roots: set[int] = set()
        self._marked: set[tuple[int, int]] = set()

    def heard(self, events: Iterable[Event]) -> None:
        """Something was said or deleted in a thread, or somebody has read it."""
        for event in events:
            if event.kind == "thread":
                self._roots.add(cast(int, event.subject))
            elif event.kind == "thread_read":
                self._marked.add((event.room, cast(int, event.subject)))

    @property
    def is_there(self) -> bool:
        return bool(self._roots or self._marked)

    async def tell(self) -> set[tuple[int, int]]:
        """Tells it. Answers whose marks have moved, as their own stream and the room: mentions are counted there."""
        roots, self._roots = self._roots, set()
        marked, self._marked = self._marked, set()
        sessions: dict[int, list[Any]] = {}
        for session in self.runtime.sessions:
            if not session.plain and session.person_id is not None:
                sessions.setdefault(session.person_id, []).append(session)
        if not sessions:
            return set()
        read = self.runtime.read
        rows = await read(threads.concerned, roots | {root for _, root in marked}, sessions.keys())
        people = sorted({person for person, _, _ in rows})
        for some in batched(people):
            for person, unread in (await read(threads.unread_of, list(some))).items():
                block = Block([encode({"signal": "threads", "unread": unread})])
                for session in sessions[person]:
                    if session.unread_threads not in (None, unread):
                        session.unread_threads = unread
                        session.deliver(block)
        rooms = {root: room for _, root, room in rows}
        return {(stream, rooms[root]) for stream, root in marked if root in rooms}
