"""The client for code without asyncio: the same over a thread of its own, in which the session lives."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import suppress
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeVar

from teahouse.client.client import Client
from teahouse.client.errors import ClientError
from teahouse.client.room import Room
from teahouse.events import EventFrame, Level, MessageState, OwnSettings, Position, Role, RoomState, Who
from teahouse.live.replies import (
    ActivityResult,
    EditsResult,
    HelloResult,
    HistoryResult,
    MembersResult,
    OwnRoom,
    Present,
    Right,
    RoomsResult,
    State,
    StoredResult,
    ThreadsResult,
)

T = TypeVar("T")


class _Thread:
    """A loop in a thread, for one client."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="teahouse-client", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()
        self.loop.close()

    def wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        future: Future[T] = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()  # Ctrl-C: nobody waits for it any more.
            raise

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()


class SyncClient:
    """`Client`, each of whose methods waits. Takes the same arguments.

        with SyncClient("https://chat.example.org/", token="tok_…") as chat:
            room = chat.room("main")
            room.send("hello")
            for message in room.messages():
                print(message["text"])

    May be used by several threads at once.
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
        self._client = Client(url, token=token, name=name, ticket=ticket, timeout=timeout)
        self._thread: _Thread | None = None

    def __enter__(self) -> Self:
        """Raises: as `Client` does."""
        self._thread = _Thread()
        try:
            self._thread.wait(self._client.__aenter__())
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the session; loops over events in other threads end."""
        if self._thread is not None:
            thread, self._thread = self._thread, None
            thread.wait(self._client.close())
            thread.stop()

    @property
    def you(self) -> Who:
        """Who one is."""
        return self._client.you

    @property
    def rooms(self) -> list[OwnRoom]:
        """One's own, as they were when the last session began."""
        return self._client.rooms

    @property
    def ticket(self) -> str | None:
        """Of a guest: the same guest comes back with it."""
        return self._client.ticket

    def room(self, name: str, *, since: Position | None = None, make: bool = False) -> SyncRoom:
        """Follows a room."""
        return SyncRoom(self, self.wait(self._client.room(name, since=since, make=make)))

    @property
    def hello(self) -> HelloResult:
        """What the server said when the last session began."""
        return self._client.hello

    @property
    def service(self) -> State:
        """How the server was when the last session began."""
        return self._client.service

    @property
    def ended(self) -> ClientError | None:
        """Why it has ended for good, or None."""
        return self._client.ended

    @property
    def connected(self) -> bool:
        """Whether there is a session at this moment."""
        return self._client.connected

    @property
    def by_http(self) -> bool:
        """Whether it goes on over HTTP, where no WebSocket gets through."""
        return self._client.by_http

    def make(self, title: str, **fields: str) -> RoomState:
        """Makes a room."""
        return self.wait(self._client.make(title, **fields))

    def direct(self, *people: int) -> RoomState:
        """The conversation with exactly these people."""
        return self.wait(self._client.direct(*people))

    def find_rooms(self, search: str = "", *, after: str | None = None, limit: int = 50) -> RoomsResult:
        """Open rooms with that in their name or title."""
        return self.wait(self._client.find_rooms(search, after=after, limit=limit))

    def find_people(self, search: str, *, room: str | None = None, limit: int = 20) -> list[Who]:
        """People whose names begin so."""
        return self.wait(self._client.find_people(search, room=room, limit=limit))

    def activity(self, *, before: int | None = None, limit: int = 30) -> ActivityResult:
        """What needs one, newest first."""
        return self.wait(self._client.activity(before=before, limit=limit))

    def threads(self, *, before: int | None = None, limit: int = 30) -> ThreadsResult:
        """The threads that one takes part in."""
        return self.wait(self._client.threads(before=before, limit=limit))

    def settings(self, **fields: Any) -> OwnSettings:
        """Changes own settings; all that hold now."""
        return self.wait(self._client.settings(**fields))

    def command(self, do: str, **fields: Any) -> Any:
        """Any command of the protocol; what is under `ok`."""
        return self.wait(self._client.command(do, **fields))

    def wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Runs what belongs to the asynchronous client in its thread."""
        if self._thread is None:
            coroutine.close()
            raise RuntimeError("the client is not open: with SyncClient(…) as chat: …")
        return self._thread.wait(coroutine)


class SyncRoom:
    """`Room`, each of whose methods waits."""

    def __init__(self, client: SyncClient, room: Room) -> None:
        self._client = client
        self.room = room

    def __repr__(self) -> str:
        return f"<SyncRoom {self.name}>"

    @property
    def name(self) -> str:
        """Of the room, in addresses."""
        return self.room.name

    @property
    def state(self) -> RoomState:
        """Title, topic, kind and what else the room is, as last heard."""
        return self.room.state

    @property
    def position(self) -> Position:
        """Up to where events were taken. Give it as `since` to a later `SyncClient.room`, to go on there."""
        return self.room.position

    @property
    def here(self) -> list[Present]:
        """Who is here, as last heard; of a crowd nobody, only `here_count`."""
        return self.room.here

    @property
    def here_count(self) -> int:
        """How many are here, as last heard."""
        return self.room.here_count

    @property
    def role(self) -> Role | None:
        """One's own; None for who does not belong to it."""
        return self.room.role

    @property
    def may(self) -> list[Right]:
        """What one may do here, as last heard."""
        return self.room.may

    def events(self, timeout: float | None = None) -> Iterator[EventFrame]:
        """Each event once, in order, as `Room.events`.

        Raises:
            TimeoutError: nothing came for so many seconds. The next loop goes on where this one was.
        """
        return self._each(self.room.events(), timeout)

    def messages(self, timeout: float | None = None) -> Iterator[MessageState]:
        """What is said from now on."""
        return self._each(self.room.messages(), timeout)

    def send(
        self, text: str, *, reply: int | None = None, thread: int | None = None, key: str | None = None
    ) -> StoredResult:
        """Says something; stored when this returns."""
        return self._client.wait(self.room.send(text, reply=reply, thread=thread, key=key))

    def edit(self, message: int, text: str) -> StoredResult:
        """Changes an own message."""
        return self._client.wait(self.room.edit(message, text))

    def delete(self, message: int) -> StoredResult:
        """Deletes a message."""
        return self._client.wait(self.room.delete(message))

    def react(self, message: int, emoji: str, on: bool = True) -> StoredResult:
        """Puts a reaction, or takes it back."""
        return self._client.wait(self.room.react(message, emoji, on))

    def read(self, seq: int, *, back: bool = False, thread: int | None = None) -> int:
        """Moves the read mark."""
        return self._client.wait(self.room.read(seq, back=back, thread=thread))

    def edits(self, message: int) -> EditsResult:
        """What a message said before it was edited."""
        return self._client.wait(self.room.edits(message))

    def history(
        self,
        *,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
        at: datetime | None = None,
        limit: int | None = None,
        thread: int | None = None,
    ) -> HistoryResult:
        """Messages as they are now, oldest first."""
        asked = self.room.history(
            before=before, after=after, around=around, at=at, limit=limit, thread=thread
        )
        return self._client.wait(asked)

    def members(
        self, search: str = "", *, after: int | None = None, limit: int | None = None
    ) -> MembersResult:
        """Who belongs to the room."""
        return self._client.wait(self.room.members(search, after=after, limit=limit))

    def join(self) -> None:
        """Becomes a member."""
        self._client.wait(self.room.join())

    def leave(self) -> None:
        """Belongs to it no more."""
        self._client.wait(self.room.leave())

    def invite(self, *people: int) -> list[int]:
        """Makes people members."""
        return self._client.wait(self.room.invite(*people))

    def remove(self, person: int) -> None:
        """Ends somebody's membership."""
        self._client.wait(self.room.remove(person))

    def set_role(self, person: int, role: Role) -> None:
        """Makes a member owner, moderator or member."""
        self._client.wait(self.room.set_role(person, role))

    def change(self, **fields: str) -> None:
        """Gives the room another title and so on."""
        self._client.wait(self.room.change(**fields))

    def archive(self, on: bool = True) -> None:
        """Makes it read-only, or writable again."""
        self._client.wait(self.room.archive(on))

    def level(self, level: Level | None) -> None:
        """What to be told of here."""
        self._client.wait(self.room.level(level))

    def typing(self, thread: int | None = None) -> None:
        """Tells the others that one is typing."""
        self._client.wait(self.room.typing(thread))

    def unfollow(self) -> None:
        """Hears of it no more."""
        self._client.wait(self.room.unfollow())

    def _each(self, source: AsyncIterator[T], timeout: float | None) -> Iterator[T]:
        async def following() -> T:
            async with asyncio.timeout(timeout):
                return await anext(source)

        with suppress(StopAsyncIteration):
            while True:
                yield self._client.wait(following())
