"""A room that a client follows: what is said there, and what one can do in it."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from teahouse.client.following import Following, Phase
from teahouse.events import EventFrame, Level, MessageState, Position, Role, RoomState
from teahouse.live.replies import (
    EditsResult,
    HistoryResult,
    MembersResult,
    Present,
    ReadResult,
    Right,
    StoredResult,
)

if TYPE_CHECKING:
    from teahouse.client.connection import Connection


class Room:
    """Made by `Client.room`. Each command waits until it was answered, however often the connection is lost meanwhile.

    All of them raise Refused, with the server's reason, and Closed where the session has ended for good.
    """

    def __init__(self, connection: Connection, following: Following) -> None:
        self._connection = connection
        self._following = following

    def __repr__(self) -> str:
        return f"<Room {self.name}>"

    @property
    def name(self) -> str:
        """Its permanent name, such as `main`."""
        return self._following.room

    @property
    def state(self) -> RoomState:
        """Title, topic and so on, as last heard."""
        assert self._following.state is not None
        return self._following.state

    @property
    def role(self) -> Role | None:
        """One's own; None: no member."""
        return self._following.role

    @property
    def may(self) -> list[Right]:
        """What one may do here."""
        return list(self._following.may)

    @property
    def here(self) -> list[Present]:
        """Who is here, as last heard; of a crowd nobody, only `here_count`."""
        return list(self._following.here.values())

    @property
    def here_count(self) -> int:
        """How many are here, as last heard."""
        return self._following.count

    @property
    def position(self) -> Position:
        """Up to where events were taken from `events`. Give it as `since` to a later `Client.room`, to go on there."""
        position = self._following.position
        assert position is not None
        waiting = self._following.events
        if waiting:
            return {"epoch": position["epoch"], "seq": waiting[0]["seq"] - 1}
        return position

    # What comes

    async def events(self) -> AsyncGenerator[EventFrame, None]:
        """Each event of the room once, in order, whatever is lost in between.

        Where the room has another history, after a restored backup, an event `reset` comes instead of events: what one
        has is void, `history` has what there is, and later events go on from there. Two loops over one room share its
        events. It ends when the client is closed.

        Raises:
            RoomLost: it can be read no more. What was to be read has come before.
            Closed, Refused: the session has ended for good.
        """
        following = self._following
        while True:
            while (event := following.next()) is not None:
                self._connection.machine.taken(following.room)
                self._connection.wake()
                yield event
            if following.phase is Phase.OVER:
                if following.error is not None:
                    raise following.error
                return
            if self._connection.is_over():
                return
            await self._connection.move(following.room)

    async def messages(self) -> AsyncGenerator[MessageState, None]:
        """What is said from now on, by others and oneself; of `events` only the new messages."""
        async for event in self.events():
            message = event.get("message")
            if event["event"] == "message" and message is not None and message.get("seq") == event["seq"]:
                yield message

    # What one says

    async def send(
        self, text: str, *, reply: int | None = None, thread: int | None = None, key: str | None = None
    ) -> StoredResult:
        """Says something. It is stored when this returns, once, even if it was sent several times.

        Args:
            reply: id of a message that it answers.
            thread: id of the message in whose thread it is said.
            key: yours alone in this room; without one a new one is made. A program that may be killed between two
                tries gives its own, and the same with the same text again.
        """
        fields = {"key": key or secrets.token_hex(12), "text": text, "reply": reply, "thread": thread}
        return cast(StoredResult, await self._ask("send", **fields))

    async def edit(self, message: int, text: str) -> StoredResult:
        """Changes an own message."""
        return cast(StoredResult, await self._ask("edit", message=message, text=text))

    async def delete(self, message: int) -> StoredResult:
        """Deletes an own message, as a moderator anybody's."""
        return cast(StoredResult, await self._ask("delete", message=message))

    async def react(self, message: int, emoji: str, on: bool = True) -> StoredResult:
        """Puts a reaction, or takes it back."""
        return cast(StoredResult, await self._ask("react", message=message, emoji=emoji, on=on))

    async def typing(self, thread: int | None = None) -> None:
        """Tells the others that one is typing. Where there is no connection at the moment nobody is told."""
        if self._connection.connected:
            await self._connection.ask_once("typing", _given({"room": self.name, "thread": thread}))

    # What was said

    async def history(
        self,
        *,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
        at: datetime | None = None,
        limit: int | None = None,
        thread: int | None = None,
    ) -> HistoryResult:
        """Messages as they are now, oldest first: the last ones, or those at a number or a time; 50, at most 200."""
        when = None if at is None else at.isoformat()
        fields: dict[str, Any] = {"before": before, "after": after, "around": around, "at": when}
        return cast(HistoryResult, await self._ask("history", **fields, limit=limit, thread=thread))

    async def edits(self, message: int) -> EditsResult:
        """What a message said before it was edited."""
        return cast(EditsResult, await self._ask("edits", message=message))

    async def read(self, seq: int, *, back: bool = False, thread: int | None = None) -> int:
        """Moves the read mark forward, or with `back` to any place; where it is now."""
        result: ReadResult = await self._ask("read", seq=seq, back=back or None, thread=thread)
        return result["read"]

    # Who belongs here

    async def members(
        self, search: str = "", *, after: int | None = None, limit: int | None = None
    ) -> MembersResult:
        """A page of who belongs to the room; the next comes `after` the id of the last."""
        return cast(MembersResult, await self._ask("members", search=search, after=after, limit=limit))

    async def join(self) -> None:
        """Becomes a member of an open room."""
        await self._ask("join")

    async def leave(self) -> None:
        """Belongs to it no more. Of an open room events still come; of another one `events` ends with RoomLost."""
        await self._ask("leave")

    async def invite(self, *people: int) -> list[int]:
        """Makes people members, by their ids; those who were none before."""
        return list((await self._ask("invite", people=list(people)))["added"])

    async def remove(self, person: int) -> None:
        """Ends somebody's membership."""
        await self._ask("remove", person=person)

    async def set_role(self, person: int, role: Role) -> None:
        """Makes a member owner, moderator or member."""
        await self._ask("role", person=person, role=role)

    async def change(self, **fields: str) -> None:
        """Gives the room another `title`, `topic`, `speaking` or `kind`."""
        await self._ask("change", **fields)

    async def archive(self, on: bool = True) -> None:
        """Makes it read-only, or writable again."""
        await self._ask("archive", on=on)

    async def level(self, level: Level | None) -> None:
        """What to be told of here: `all`, `mentions`, `nothing`, or None: as is usual for such a room."""
        await self._connection.ask("settings", {"room": self.name, "level": level})

    async def unfollow(self) -> None:
        """Hears of it no more; `events` ends. Membership stays."""
        self._connection.unfollow(self.name)

    async def _ask(self, do: str, **fields: Any) -> Any:
        return await self._connection.ask(do, _given({"room": self.name, **fields}))


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    """Those that were given."""
    return {name: value for name, value in fields.items() if value is not None}
