"""What a session of the JSON protocol is told of rooms besides their events. In: its own rooms and its person's own
stream, and rights as they are now, from `live/rights.py` and `live/sweep.py`. Out: signals. Next: `live/session.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from teahouse.access import Grant, Speaker
from teahouse.actions import rooms
from teahouse.events import Position, encode
from teahouse.live.connection import Connection
from teahouse.live.hub import Joined
from teahouse.live.protocol import Problem
from teahouse.live.sendqueue import Block
from teahouse.models import Room
from teahouse.models.rooms import slug_of


class Watching(Connection):
    """A session that has own rooms, and knows what its person may do in those it follows."""

    __slots__ = ("_grants", "_stream", "_told")

    def __init__(self) -> None:
        super().__init__()
        self._grants: dict[str, Grant] = {}
        self._told: dict[str, tuple[str | None, tuple[str, ...]]] = {}  # Room → role and rights.
        self._stream: int | None = None  # The person's own, once it is known.

    def remember(self, room: str, grant: Grant) -> None:
        """For what is said next."""
        # By the permanent name: a room can be written in any number of ways.
        self._grants[slug_of(room) or room] = grant

    async def follow_own(self, speaker: Speaker, since: Position | None) -> tuple[Room, Grant, Joined]:
        """`follow`, of one's own stream, which is made for who asks for it first.

        Raises:
            Problem: as `follow`.
        """
        try:
            followed = await self.follow(speaker, "@me", since)
        except Problem as problem:
            if problem.code != "not_found":
                raise
            await self.own_stream(speaker)
            followed = await self.follow(speaker, "@me", since)
        self._stream = followed[0].pk
        return followed

    async def own_stream(self, speaker: Speaker) -> int:
        """The id of one's own stream, made if need be."""
        if self._stream is None:
            found = await self.runtime.ask(self.runtime.rooms, (f"@{speaker.id}", speaker.id))
            self._stream = (found.room or await self.runtime.write(rooms.personal, speaker.id)).pk
        return self._stream

    def watch(self, room: int) -> None:
        """An own room: `head` signals tell what is new there while the session has not subscribed to it."""
        self.watching.add(room)
        self.runtime.watched.setdefault(room, set()).add(self)

    def watch_since(self, asked: float, rooms: Iterable[int]) -> None:
        """All own rooms, whose counts were asked for at this time of the loop."""
        watched = list(rooms)
        for room in watched:
            self.watch(room)
        self.runtime.sweep.moved_since(asked, watched)

    def count_again(self, room: int) -> None:
        """It subscribes to this room no more: what was on its way to it may be counted by nobody, as on a slow line a
        client turns to another room before we hear of it."""
        if self._stream is not None:
            self.runtime.sweep.marked({(self._stream, room)})

    def unwatch(self, room: int) -> None:
        """It is no own room any more."""
        self.watching.discard(room)
        sessions = self.runtime.watched.get(room)
        if sessions is not None:
            sessions.discard(self)
            if not sessions:
                del self.runtime.watched[room]

    def tell_rights(self, grant: Grant) -> None:
        """Says what the person may do in a room, where it is something else than was said last."""
        self.remember(grant.slug, grant)
        if self._told.get(grant.slug) != (grant.role, grant.may):
            self.has_told(grant)
            self._signal_rights(grant.slug, grant.role, grant.may)

    def rights_told(self, grant: Grant) -> None:
        self.tell_rights(grant)

    def reading_ended(self, room: int) -> None:
        feed = self.subscribed.get(room)
        super().reading_ended(room)
        if feed is not None:
            self.reading_lost(feed.slug)

    def reading_lost(self, room: str) -> None:
        self._told.pop(room, None)
        self._signal_rights(room, None, ())

    def _signal_rights(self, room: str, role: str | None, may: Sequence[str]) -> None:
        frame = {"signal": "rights", "room": room, "role": role, "may": may}
        self.deliver(Block([encode(frame)]))

    def has_told(self, grant: Grant) -> None:
        """The person knows this."""
        self._told[grant.slug] = grant.role, grant.may

    def unwatch_all(self) -> None:
        """The session is gone."""
        for room in list(self.watching):
            self.unwatch(room)
