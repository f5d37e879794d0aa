"""What lies between: sockets that are slow, cut or silently dead, and a channel layer that loses, doubles and swaps."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any, Final

from teahouse.live.outlet import EXTENSION
from tests.sim.loop import Loop

if TYPE_CHECKING:
    from tests.sim.process import Process

LATENCY: Final = 0.03
SLOW_BYTES: Final = 400
"""What a slow reader takes in one of its moments, which are `SLOW_SECONDS` apart."""
SLOW_SECONDS: Final = 0.5
GONE: Final[dict[str, Any]] = {"type": "websocket.disconnect", "code": 1006, "reason": ""}


class Socket:
    """A connection from a client to a process: both the wire's end and the transport's that a session's outlet uses."""

    deflates = False

    def __init__(
        self,
        loop: Loop,
        process: Process,
        chance: random.Random,
        address: str,
        *,
        group: str | None = None,
        token: str = "",
    ) -> None:
        """`group`: of the plain protocol, which takes its token with the handshake."""
        self.group = group
        self._loop, self._chance, self.process = loop, chance, process
        self._world = copy_context()
        self.heard_text: Callable[[str], None] = lambda text: None
        self.ended: Callable[[int], None] = lambda code: None
        self.is_slow = self.is_dead = False  # Dead: cut somewhere between, and neither end knows.
        self.is_open = True
        self.choked = False
        self.heard = loop.time()
        self._outlet: Any = None
        self._out: deque[bytes] = deque()
        self._high = 65536
        self._pumping = False
        self._close_code: int | None = None
        self._arrives_at = 0.0
        self._inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._inbox.put_nowait({"type": "websocket.connect"})
        headers = [(b"authorization", f"Bearer {token}".encode())] if group is not None else []
        self.scope = {
            "type": "websocket", "headers": headers, "query_string": b"", "client": (address, 1),
            "extensions": {EXTENSION: self}, "url_route": {"kwargs": {"group": group}},
        }  # fmt: skip
        process.accept(self)

    # The client's end

    def say(self, text: str) -> None:
        """To the session, in order, after a while."""
        # A microsecond behind the one before: of two that are due at once the loop takes any.
        self._arrives_at = max(self._arrives_at + 1e-6, self._loop.time() + LATENCY * self._chance.random())
        self._loop.call_at(self._arrives_at, self._arrive, text, context=self.process.context)

    def _arrive(self, text: str) -> None:
        if self.is_open and not self.is_dead:
            self.heard = self._loop.time()
            self._inbox.put_nowait({"type": "websocket.receive", "text": text})

    def cut(self) -> None:
        """The client goes away, or its network does: what was under way to it is lost."""
        self.reset()

    def reset(self) -> None:
        """Both ends notice."""
        if not self.is_open:
            return
        self._lost()
        self._out.clear()
        self._loop.call_soon(self.ended, 1006, context=self._world)

    def lose(self) -> None:
        """What is under way is lost, also of a connection that the server has closed already."""
        self._out.clear()
        if self.is_open:
            self.reset()
        elif self._close_code is not None:
            self._close_code = None
            self._loop.call_soon(self.ended, 1006, context=self._world)

    # The session's end: ASGI

    async def receive(self) -> dict[str, Any]:
        return await self._inbox.get()

    async def send(self, message: dict[str, Any]) -> None:
        assert message["type"] == "websocket.accept"

    # The outlet's end: the wire, and its transport

    @property
    def transport(self) -> Socket:
        return self

    @property
    def buffered(self) -> int:
        return sum(map(len, self._out))

    def attach(self, outlet: Any, close_timeout: float) -> bool:
        self._outlet = outlet
        return self.is_open

    def set_write_buffer_limits(self, high: int) -> None:
        self._high = high

    def write(self, data: bytes) -> None:
        assert self._close_code is None, "something is written after the close"
        self._out.append(data)
        self.choked = self.choked or self.buffered > self._high
        self._pump()

    def writelines(self, pieces: list[bytes]) -> None:
        self.write(b"".join(pieces))

    def ping(self) -> None:
        if self.is_open and not self.is_dead:
            self.heard = self._loop.time()  # A browser answers by itself.

    def close(self, code: int, reason: str) -> None:
        self._close_code = code
        self._lost()
        self._pump()

    def abort(self) -> None:
        self.reset()

    def _lost(self) -> None:
        self.is_open = False
        if self._outlet is not None:
            self._outlet.lost()
        self._loop.call_soon(self._inbox.put_nowait, GONE, context=self.process.context)

    # On the way to the client

    def _pump(self) -> None:
        if not self._pumping and not self.is_dead:
            self._pumping = True
            wait = SLOW_SECONDS if self.is_slow else LATENCY * self._chance.random()
            self._loop.call_later(wait, self._deliver, context=self._world)

    def _deliver(self) -> None:
        self._pumping = False
        if self.is_dead or (not self.is_open and self._close_code is None):
            return
        room = SLOW_BYTES if self.is_slow else 1 << 30
        while self._out and room > 0:
            data = self._out.popleft()
            room -= len(data)
            for text in texts_of(data):
                self.heard_text(text)
        if self._out:
            self._pump()
        elif self._close_code is not None:
            self.ended(self._close_code)
        elif self.choked:
            self._loop.call_soon(self._takes_again, context=self.process.context)

    def _takes_again(self) -> None:
        self.choked = False
        if self.is_open:
            self._outlet.flush()


def texts_of(data: bytes) -> list[str]:
    """The texts of whole unmasked frames (RFC 6455, 5.2)."""
    texts = []
    while data:
        assert data[0] == 0x81
        length, head = data[1], 2
        if length == 126:
            length, head = int.from_bytes(data[2:4], "big"), 4
        texts.append(data[head : head + length].decode())
        data = data[head + length :]
    return texts


class Layer:
    """The channel layer of all processes: at most once, in no order that one can rely on."""

    def __init__(self, loop: Loop, chance: random.Random) -> None:
        self._loop, self._chance = loop, chance
        self._world: Context = copy_context()
        self._channels: dict[Process, asyncio.Queue[dict[str, Any]]] = {}
        self.loses = self.doubles = 0.0  # How often, from 0 to 1.
        self.is_away = False

    def seen_by(self, process: Process) -> Seen:
        return Seen(self, process)

    def forget(self, process: Process) -> None:
        self._channels.pop(process, None)

    def listen(self, process: Process) -> None:
        self._channels[process] = asyncio.Queue()

    async def next(self, process: Process) -> dict[str, Any]:
        return await self._channels[process].get()

    def tell(self, message: dict[str, Any]) -> None:
        if self.is_away:
            raise ConnectionError("the layer is away")
        for channel in self._channels.values():
            times = (self._chance.random() >= self.loses) + (self._chance.random() < self.doubles)
            for _ in range(times):
                wait = 0.05 * self._chance.random() ** 2
                self._loop.call_later(wait, channel.put_nowait, message, context=self._world)


class Seen:
    """The layer as one process sees it: what `channels` calls a channel layer."""

    def __init__(self, layer: Layer, process: Process) -> None:
        self._layer, self._process = layer, process

    async def new_channel(self) -> str:
        return "channel"

    async def group_add(self, group: str, channel: str) -> None:
        self._layer.listen(self._process)

    async def receive(self, channel: str) -> dict[str, Any]:
        return await self._layer.next(self._process)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        self._layer.tell(message)
