"""Who reads and who speaks: clients as protocol.md wants them, on the `websockets` library, that note everything.

A person has one connection at a time, comes back whenever it is lost, goes on from the last event it had, and
says again, with its key, whatever was not acknowledged.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
import secrets
from collections.abc import Awaitable, Callable, Container
from dataclasses import dataclass
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from tests.faults.record import Record, Sent

LOST_CONNECTION: Final = (ConnectionClosed, InvalidHandshake, InvalidMessage, OSError, TimeoutError)
PATIENCE: Final = 40.0
"""How long an answer may take on a connection that lives; then something hangs."""
OPENING: Final = 5.0
SILENCE: Final = 3.0
"""Seconds of silence after which a client takes its connection for dead, as protocol.md wants it, only sooner."""
AGAIN: Final = (0.05, 0.8)  # Seconds until the next try: the first, and the most.
AT_ONCE: Final = 8
"""Messages of one person that are on their way at the same time."""
LINES: Final = (
    "hello",
    "**strong** and `code`, see https://example.org/a?b=1",
    "你好，喝茶吗？🍵",
    "> what was said\n\nand what of it",
    "a line with <b>what looks like HTML</b> & more",
    "x" * 900,
)


@dataclass
class Place:
    """A room as a reader sees it."""

    room: str
    position: dict[str, Any] | None = None
    live: bool = False

    @property
    def seq(self) -> int:
        return int(self.position["seq"]) if self.position is not None else 0


class Person:
    """One who reads rooms. `address` says where the server is, at each try anew."""

    def __init__(self, record: Record, name: str, address: Callable[[], str], *rooms: str) -> None:
        self.record, self.name, self.address = record, name, address
        self.places = {room: Place(room) for room in rooms}
        self.token: str | None = None
        self.headers: dict[str, str] = {}
        self.left = self.once = False  # `once`: does not come back.
        self.closed = 0  # The code of the last close.
        self.moved = asyncio.Event()
        self.you: dict[str, Any] = {}
        self._ids = itertools.count(1)
        self._asked: dict[int, _Reply] = {}
        self._socket: ClientConnection | None = None
        self._task: asyncio.Task[None] | None = None

    def come(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def leave(self) -> None:
        self.left = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def fails(self) -> BaseException | None:
        """What ended it, if that is not `leave`: a mistake of the server's or of this suite."""
        if self._task is None or not self._task.done() or self._task.cancelled():
            return None
        return self._task.exception()

    def cut(self) -> None:
        """Drops the connection without a word."""
        if self._socket is not None:
            self._socket.transport.abort()

    @property
    def is_live(self) -> bool:
        return self._socket is not None and all(place.live for place in self.places.values())

    async def until(self, fits: Callable[[], bool]) -> None:
        """Waits until it is so; asked whenever something came."""
        while not fits():
            if (error := self.fails()) is not None:
                raise error
            self.moved.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.moved.wait(), 1)

    async def reached(self, room: str, seq: int) -> None:
        await self.until(lambda: self.places[room].live and self.places[room].seq >= seq)

    # The connection

    async def _run(self) -> None:
        wait = AGAIN[0]
        while not self.left:
            with contextlib.suppress(*LOST_CONNECTION):
                async with connect(
                    self.address().replace("http", "ws", 1) + "/ws/",
                    additional_headers=self.headers,
                    max_size=None,
                    compression=None,
                    open_timeout=OPENING,
                    close_timeout=0.5,
                    ping_interval=SILENCE,
                    ping_timeout=SILENCE,
                ) as socket:
                    await self._live(socket)
                    wait = AGAIN[0]
            await asyncio.sleep(wait * (0.5 + random.random()))
            wait = min(AGAIN[1], 2 * wait)

    async def _live(self, socket: ClientConnection) -> None:
        """From hello to the end of the connection, whose code is noted."""
        listening = asyncio.create_task(self._listen(socket))
        speaking: asyncio.Task[None] | None = None
        try:
            who: dict[str, Any] = (
                {"token": self.token} if self.token else {} if self.headers else {"name": self.name}
            )
            hello = await self._ask(socket, listening, do="hello", v=1, **who)
            self.you = hello["you"]
            self.token = hello.get("ticket", self.token)
            self._socket = socket
            for place in self.places.values():
                await self._subscribe(socket, listening, place)
            speaking = asyncio.create_task(self._speak(socket, listening))
            await asyncio.wait({listening, speaking}, return_when=asyncio.FIRST_COMPLETED)
            for task in (speaking, listening):
                if task.done():
                    task.result()
        finally:
            self._socket = None
            for place in self.places.values():
                place.live = False
            both = [task for task in (listening, speaking) if task is not None]
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            for future in self._asked.values():
                future.cancel()
            self._asked.clear()
            self.moved.set()
            self.closed = socket.close_code or 1006
            if self.once:
                self.left = True
            elif not self.left:
                self.record.closes[self.closed] += 1

    async def _listen(self, socket: ClientConnection) -> None:
        async for text in socket:
            self._take(json.loads(text))
            self.moved.set()
        raise ConnectionResetError

    def _take(self, frame: dict[str, Any]) -> None:
        if "re" in frame:
            future = self._asked.pop(frame["re"], None)
            if future is not None and not future.done():
                future.set_result(frame)
        elif "event" in frame:
            place = self.places[frame["room"]]
            # Live already, where the answer that says so waits for its turn in this process.
            if place.position is not None:
                place.position["seq"] = self.record.takes(self.name, place.room, place.seq, frame)

    async def _reply(
        self,
        socket: ClientConnection,
        listening: asyncio.Task[None],
        take: Callable[[dict[str, Any]], None] = lambda result: None,
        **command: Any,
    ) -> dict[str, Any]:
        """The reply; `take` is called with its result in the step in which that arrives."""
        number = next(self._ids)
        reply = self._asked[number] = _Reply(take)
        await socket.send(json.dumps({"id": number, **command}, ensure_ascii=False))
        waits: set[asyncio.Future[Any]] = {reply, listening}
        done, _ = await asyncio.wait(waits, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        if reply in done:
            return reply.result()
        if not done:
            raise AssertionError(f"{self.name}: no answer to {command} in {PATIENCE:.0f} s")
        raise ConnectionResetError

    async def _ask(
        self,
        socket: ClientConnection,
        listening: asyncio.Task[None],
        take: Callable[[dict[str, Any]], None] = lambda result: None,
        **command: Any,
    ) -> dict[str, Any]:
        """The result; what may be asked again is asked again."""
        while True:
            reply = await self._reply(socket, listening, take, **command)
            if "ok" in reply:
                result: dict[str, Any] = reply["ok"]
                return result
            if not reply["error"].get("retry"):
                raise Refused(f"{self.name}: {command} was refused: {reply['error']}")
            self._was_put_off(command)
            await asyncio.sleep(reply["error"].get("after", 0.2))

    def _was_put_off(self, command: dict[str, Any]) -> None:
        """What is asked again comes behind what was asked meanwhile."""
        if command["do"] == "send":
            self.record.sent[command["key"]].was_put_off = True

    async def _subscribe(self, socket: ClientConnection, listening: asyncio.Task[None], place: Place) -> None:
        more = True
        while more:
            since = {} if place.position is None else {"since": dict(place.position)}
            # An event right behind the page counts on from it.
            page = await self._ask(
                socket,
                listening,
                lambda page: self._take_page(place, page),
                do="subscribe",
                room=place.room,
                make=True,
                **since,
            )
            more = page["more"]
        place.live = True
        self.moved.set()

    def _take_page(self, place: Place, page: dict[str, Any]) -> None:
        if place.position is None or page.get("reset"):
            if page.get("reset"):
                self.record.reset(self.name, place.room)
            place.position = dict(page["position"])
            return
        for event in page["events"]:
            place.position["seq"] = self.record.takes(
                self.name, place.room, place.seq, event, as_of=page["position"]["seq"]
            )
        if place.position["seq"] != page["position"]["seq"]:
            self.record.broken(
                "disordered", f"{self.name} has {place.position}, the page says {page['position']}"
            )

    async def _speak(self, socket: ClientConnection, listening: asyncio.Task[None]) -> None:
        """Says nothing."""
        await asyncio.Event().wait()


class Refused(AssertionError):
    """Something that has to be possible was refused for good."""


class _Reply(asyncio.Future[dict[str, Any]]):
    """A reply whose result is looked at in the step in which it comes."""

    def __init__(self, take: Callable[[dict[str, Any]], None]) -> None:
        super().__init__()
        self._take = take

    def set_result(self, result: dict[str, Any]) -> None:
        if "ok" in result:
            self._take(result["ok"])
        super().set_result(result)


class Talker(Person):
    """One who also speaks, edits and deletes: `rate` times a second, and whatever `say` is called with."""

    def __init__(
        self, record: Record, name: str, address: Callable[[], str], *rooms: str, rate: float, seed: int
    ) -> None:
        super().__init__(record, name, address, *rooms)
        self.rate = rate
        self.paused = False
        self._chance = random.Random(seed)
        self._unsaid: dict[str, Sent] = {}
        self._more = asyncio.Event()
        self._own: list[int] = []
        self._to_delete: list[int] = []
        self._changes = False

    def say(self, room: str, text: str) -> Sent:
        sent = self.record.says(room, secrets.token_hex(8), text, self.name)
        self._unsaid[sent.key] = sent
        self._more.set()
        return sent

    async def said(self, sent: Sent) -> int:
        """Waits until it is acknowledged; its number."""
        await self.until(lambda: bool(sent.seq))
        return sent.seq

    async def delete(self, message: int) -> None:
        """Deletes one of its messages, and waits for the answer."""
        self._own.remove(message)
        self._to_delete.append(message)
        await self.until(lambda: bool(self.record.told[message].deleted))

    def forget_but(self, messages: Container[int]) -> None:
        """What is there no more is neither edited nor deleted."""
        self._own = [message for message in self._own if message in messages]

    async def quiet(self) -> None:
        """Says nothing more of its own, and waits until all that it said is acknowledged, and changes are answered."""
        self.paused = True
        await self.until(lambda: not self._unsaid and not self._changes)

    async def _speak(self, socket: ClientConnection, listening: asyncio.Task[None]) -> None:
        """All that is unsaid, in order, several at a time; an answer that says so puts one off."""
        self._more.set()
        under_way: dict[str, asyncio.Task[None]] = {}
        tasks = [asyncio.create_task(self._talk(socket, listening))]
        try:
            while True:
                self._more.clear()
                for key, sent in list(self._unsaid.items()):
                    if key not in under_way and len(under_way) < AT_ONCE:
                        under_way[key] = asyncio.create_task(self._send(socket, listening, sent))
                wakes = asyncio.create_task(self._more.wait())
                waits: set[asyncio.Task[Any]] = {*under_way.values(), wakes, *tasks}
                try:
                    done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    wakes.cancel()
                for task in done - {wakes}:
                    task.result()
                under_way = {key: task for key, task in under_way.items() if not task.done()}
        finally:
            for task in (*under_way.values(), *tasks):
                task.cancel()
            await asyncio.gather(*under_way.values(), *tasks, return_exceptions=True)
            self._changes = False

    async def _send(self, socket: ClientConnection, listening: asyncio.Task[None], sent: Sent) -> None:
        stored = await self._ask(socket, listening, do="send", room=sent.room, key=sent.key, text=sent.text)
        self.record.was_acknowledged(sent.key, stored["message"], stored["seq"])
        self._own.append(stored["message"])
        del self._own[:-20]
        self._unsaid.pop(sent.key, None)
        self.moved.set()

    async def _talk(self, socket: ClientConnection, listening: asyncio.Task[None]) -> None:
        """Chatter of its own; one in ten changes what was said before."""
        while True:
            await asyncio.sleep(self._chance.expovariate(self.rate))
            if self._to_delete:
                await self._delete(socket, listening, self._to_delete.pop())
            if self.paused or len(self._unsaid) > 50:
                continue
            room = self._chance.choice(list(self.places))
            change = self._chance.random()
            self._changes = change < 0.1
            if change < 0.07 and self._own:
                await self._edit(socket, listening, self._chance.choice(self._own))
            elif change < 0.1 and self._own:
                await self._delete(socket, listening, self._own.pop(0))
            else:
                self.say(room, f"{self._chance.choice(LINES)} {secrets.token_hex(3)}")
            self._changes = False
            self.moved.set()

    async def _edit(self, socket: ClientConnection, listening: asyncio.Task[None], message: int) -> None:
        text = f"edited {secrets.token_hex(4)}"
        self.record.edits(message, text)
        answer = await self._ask(
            socket, listening, do="edit", room=self._room_of(message), message=message, text=text
        )
        self.record.was_edited(message, text, answer["seq"])

    async def _delete(self, socket: ClientConnection, listening: asyncio.Task[None], message: int) -> None:
        self.record.deletes(message)
        answer = await self._ask(socket, listening, do="delete", room=self._room_of(message), message=message)
        self.record.was_deleted(message, answer["seq"])

    def _room_of(self, message: int) -> str:
        return next(sent.room for sent in self.record.sent.values() if sent.message == message)


async def together(*waits: Awaitable[Any], seconds: float, what: str) -> None:
    """Waits for all of them, at most so long.

    Raises:
        AssertionError: it took longer.
    """
    try:
        await asyncio.wait_for(asyncio.gather(*waits), seconds)
    except TimeoutError:
        raise AssertionError(f"{what}: not after {seconds:.0f} s") from None
