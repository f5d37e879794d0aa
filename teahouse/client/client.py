"""The client of a program: one person's session with a chat, for as long as it is open."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from types import TracebackType
from typing import Any, Final, Self, cast

from teahouse.client.address import endpoint
from teahouse.client.connection import Connection
from teahouse.client.errors import ClientError
from teahouse.client.following import Phase
from teahouse.client.machine import Machine
from teahouse.client.room import Room
from teahouse.events import OwnSettings, Position, RoomState, Who
from teahouse.live.replies import ActivityResult, HelloResult, OwnRoom, RoomsResult, State, ThreadsResult

EVENTS: Final = 1_000
"""So many events of a room wait for whoever reads; over that the room is followed no more until some were read."""


class Client:
    """Somebody in a chat.

        async with Client("https://chat.example.org/", token="tok_…") as chat:
            room = await chat.room("main")
            await room.send("hello")
            async for event in room.events():
                print(event)

    It comes back by itself whenever the connection is lost, follows its rooms from where they were, and sends again
    what was not answered, under the same key. Only a close whose code says so ends it: then whatever is called or
    waited for raises Closed, or Refused with the server's reason.

    Args:
        url: of the chat's page, or of `/ws/`.
        token: of a person or a bot.
        name: of a guest, where there is no token.
        ticket: of an earlier guest (`Client.ticket`): the same guest again.
        timeout: seconds that the first session may take to begin.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        name: str | None = None,
        ticket: str | None = None,
        timeout: float = 15.0,
    ) -> None:
        if token is not None and not token.strip():
            # A secret that is not set: it would come as a guest of whom nobody knows.
            raise ValueError("the token is empty: give one, or none at all to come as a guest")
        given = {"token": token or ticket, "name": None if token or ticket else name}
        self._machine = Machine({key: value for key, value in given.items() if value}, EVENTS)
        self._connection = Connection(endpoint(url), self._machine)
        self._timeout = timeout

    async def __aenter__(self) -> Self:
        """Begins the session.

        Raises:
            Refused: one is not let in; the reason is the server's.
            Unreachable: there is no server there.
            Closed: it closed the session with a code that says not to come back.
        """
        await self._connection.open(self._timeout)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the session. Loops over events end; what is waited for raises Closed with 1000."""
        await self._connection.close()

    @property
    def hello(self) -> HelloResult:
        """What the server said when the last session began: limits, own rooms, rights on the site."""
        assert self._connection.hello is not None
        return self._connection.hello

    @property
    def you(self) -> Who:
        """Who one is."""
        return self.hello["you"]

    @property
    def rooms(self) -> list[OwnRoom]:
        """The rooms that one belongs to, with unread counts, as they were when the last session began. What changes
        is told in the room `@me` and by the signals `head` and `room`."""
        return self.hello["rooms"]

    @property
    def ticket(self) -> str | None:
        """Of a guest: keep it, and the same guest comes back with it. None for others."""
        return self.hello.get("ticket")

    @property
    def connected(self) -> bool:
        """Whether there is a session at this moment."""
        return self._connection.connected

    @property
    def by_http(self) -> bool:
        """Whether it goes on over HTTP, where no WebSocket gets through."""
        line = self._connection.line
        return self.connected and line is not None and line.by_http

    @property
    def ended(self) -> ClientError | None:
        """Why it has ended for good, or None: Closed or Refused."""
        return self._connection.ended

    @property
    def on_change(self) -> Callable[[], None]:
        """Is called, in the loop, whenever a session begins or ends. Set it."""
        return self._connection.changed

    @on_change.setter
    def on_change(self, call: Callable[[], None]) -> None:
        self._connection.changed = call

    # Rooms

    async def room(self, name: str, *, since: Position | None = None, make: bool = False) -> Room:
        """Follows a room, or gives the one that is followed already; `@me` is one's own stream.

        Args:
            since: where to go on, such as `position` of an earlier Room or of a page of history; without it events
                come from now on.
            make: make an open room where there is none.

        Raises:
            Refused: there is no such room, or it is not yours to see.
        """
        following = self._machine.rooms.get(name)
        if following is not None and since is not None:
            raise ValueError(f"{name} is followed already; unfollow() it first, to go on from somewhere else")
        if following is None:
            following = self._machine.follow(name, since, make)
            self._connection.wake()
        while not following.begun:
            if following.phase is Phase.OVER:
                raise following.error or RuntimeError(f"{name} was left before it was there")
            if (ended := self._connection.ended) is not None:
                raise ended
            await self._connection.move(name)
        return Room(self._connection, following)

    async def make(self, title: str, **fields: str) -> RoomState:
        """Makes a room, which one owns then. `room`, its name for ever, is made from the title where it is not given;
        `kind`: `open` or `private`; `topic`; `speaking`: `everyone` or `moderators`.

        Raises:
            Disconnected: the connection was lost before the answer; without `room` a second try may make a second one.
        """
        result = await self._connection.ask("make", {"title": title, **fields}, repeat=False)
        return cast(RoomState, result["room"])

    async def direct(self, *people: int) -> RoomState:
        """The conversation with exactly these people, by their ids; made if there is none."""
        return cast(RoomState, (await self._connection.ask("direct", {"people": list(people)}))["room"])

    async def find_rooms(self, search: str = "", *, after: str | None = None, limit: int = 50) -> RoomsResult:
        """A page of the open rooms with that in their name or title."""
        fields: dict[str, Any] = {"search": search, "limit": limit} | ({"after": after} if after else {})
        return cast(RoomsResult, await self._connection.ask("rooms", fields))

    async def find_people(self, search: str, *, room: str | None = None, limit: int = 20) -> list[Who]:
        """People whose names begin so, those of the room first."""
        fields: dict[str, Any] = {"search": search, "limit": limit} | ({"room": room} if room else {})
        return cast(list[Who], (await self._connection.ask("people", fields))["people"])

    # What concerns oneself

    async def activity(self, *, before: int | None = None, limit: int = 30) -> ActivityResult:
        """What needs one, newest first: mentions, replies, reactions."""
        return cast(ActivityResult, await self._connection.ask("activity", _page(before, limit)))

    async def threads(self, *, before: int | None = None, limit: int = 30) -> ThreadsResult:
        """The threads that one takes part in, those in which something was said last first."""
        return cast(ThreadsResult, await self._connection.ask("threads", _page(before, limit)))

    async def settings(self, **fields: Any) -> OwnSettings:
        """Changes own settings: `quiet`, `language`, `seen`; all that hold now."""
        return cast(OwnSettings, (await self._connection.ask("settings", fields))["settings"])

    async def signals(self) -> AsyncGenerator[dict[str, Any], None]:
        """What is shown and forgotten: `typing`, `presence`, `head`, `threads`, `rights`, `room`, `person`, `service`.
        The last thousand are kept for whoever reads; ends when the client is closed."""
        connection = self._connection
        while True:
            while connection.signals:
                yield connection.signals.popleft()
            if connection.is_over():
                return
            connection.heard_signal.clear()
            await connection.heard_signal.wait()

    @property
    def service(self) -> State:
        """How the server was when the last session began."""
        return self.hello["state"]

    async def command(self, do: str, **fields: Any) -> Any:
        """Carries out any command of the protocol; what is under `ok`. It is repeated where the connection is lost
        before the answer; `make` is not, and raises Disconnected."""
        return await self._connection.ask(do, fields, repeat=do != "make")


def _page(before: int | None, limit: int) -> dict[str, int]:
    return {"limit": limit} | ({} if before is None else {"before": before})
