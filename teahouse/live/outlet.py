"""In: blocks of frames for one session. Out: its socket, never waiting for it. Next: wire.py, the
socket's end.

A session writes to an outlet. Behind it is our own protocol class on uvicorn (WireOutlet), or nothing
but ASGI's send() on another server (SendOutlet). Both are bounded: a reader that is too slow is closed,
and slows nobody.
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from teahouse.live.sendqueue import Block, SendQueue

logger = logging.getLogger("teahouse.outlet")

EXTENSION = "teahouse.wire"
TOO_SLOW = 4101
BROKEN = 4000
BROKEN_BELOW_3000 = frozenset({1002, 1003, 1007, 1009})
ERROR = 4100
CLOSE_TIMEOUT = 5.0
HIGH_WATER = 65536

Send = Callable[[Any], Awaitable[None]]


class Outlet(Protocol):
    """What a session holds to write to its peer."""

    @property
    def closed(self) -> bool:
        """close() or abort() was called, or the peer is gone; put() does nothing then."""

    @property
    def waiting(self) -> int:
        """Bytes that the socket has not taken yet."""

    @property
    def heard(self) -> float:
        """loop.time() of the last sign of the peer; infinity where nobody can know."""

    def put(self, block: Block) -> None:
        """Send the block, now or when the socket takes it. Over the limit the session is closed with 4101."""

    def close(self, code: int, reason: str = "") -> None:
        """Close after what was put before. A peer that does not answer in time is aborted."""

    def abort(self) -> None:
        """Drop the connection and all that waits."""

    def ping(self) -> None:
        """Ask the peer for a sign of life, where that is possible."""


class Wire(Protocol):
    """What a WireOutlet needs of its connection; wire.WireProtocol gives it."""

    transport: asyncio.Transport
    choked: bool

    @property
    def deflates(self) -> bool: ...
    @property
    def heard(self) -> float: ...
    @property
    def buffered(self) -> int: ...
    def attach(self, outlet: "WireOutlet", close_timeout: float) -> bool: ...
    def close(self, code: int, reason: str) -> None: ...
    def abort(self) -> None: ...
    def ping(self) -> None: ...


def has_wire(scope: Mapping[str, Any]) -> bool:
    """Whether the server offers our wire to this connection."""
    return EXTENSION in (scope.get("extensions") or {})


def outlet_for(
    scope: Mapping[str, Any],
    send: Send,
    *,
    limit: int,
    on_slow: Callable[[], None],
    on_gone: Callable[[], None] | None = None,
    close_timeout: float = CLOSE_TIMEOUT,
    compressed: bool = False,
) -> Outlet:
    """The outlet of an accepted connection: call it once, after websocket.accept, and never call send()
    again.

    limit: bytes that may wait for the socket. on_slow is called once when they are passed; the outlet is
    closed then. on_gone is called once, and only on servers without our wire, when the server takes
    nothing more, the close frame neither: nothing but the end of the application makes such a server
    drop the connection. compressed: what is put leaves compressed where the peer agreed to that; behind send()
    it is the server's to say.
    """
    wire = (scope.get("extensions") or {}).get(EXTENSION)
    if wire is not None:
        kind = DeflatingOutlet if compressed and wire.deflates else WireOutlet
        return kind(wire, limit, on_slow, close_timeout)
    return SendOutlet(send, limit, on_slow, on_gone, close_timeout)


class WireOutlet:
    """Writes shared frames straight to the transport; what it does not take waits in the send queue."""

    __slots__ = ("_on_slow", "_queue", "_wire", "closed")

    def __init__(self, wire: Wire, limit: int, on_slow: Callable[[], None], close_timeout: float) -> None:
        self._wire = wire
        self._queue = SendQueue(limit)
        self._on_slow = on_slow
        # Over the high-water mark the wire is choked: what it holds then never passes the limit by more than
        # one block. 64 KB is what asyncio and uvloop take by themselves.
        wire.transport.set_write_buffer_limits(high=min(limit, HIGH_WATER))
        self.closed = not wire.attach(self, close_timeout)

    @property
    def waiting(self) -> int:
        return self._queue.size + self._wire.buffered

    @property
    def heard(self) -> float:
        return self._wire.heard

    def put(self, block: Block) -> None:
        # A thousand times for one message: the usual case comes first.
        wire = self._wire
        if not self.closed and not wire.choked:
            wire.transport.write(block.frames)
        elif self.closed:
            return
        elif not self._queue.put(block, elsewhere=self._wire.buffered):
            self._queue.take()
            self.close(TOO_SLOW, "too slow")
            self._on_slow()

    def flush(self) -> None:
        """The wire's call when the transport takes again: all that waits leaves in one write."""
        if blocks := self._queue.take():
            self._wire.transport.writelines([block.frames for block in blocks])

    def close(self, code: int, reason: str = "") -> None:
        if self.closed:
            return
        # What waits goes into the transport's buffer now. The bytes are no more than before, and nothing that
        # is put or sent later can come between them and the close frame.
        self.flush()
        self.closed = True
        self._wire.close(code, reason)

    def abort(self) -> None:
        self.lost()
        self._wire.abort()

    def lost(self) -> None:
        """The wire's call when nothing more may be written: the peer closed, failed or is gone."""
        self.closed = True
        self._queue.take()

    def ping(self) -> None:
        if not self.closed:
            self._wire.ping()


class DeflatingOutlet(WireOutlet):
    """Writes what was compressed once for all that can read it."""

    __slots__ = ()

    def put(self, block: Block) -> None:
        # Not for who is gone: it may be the only one to read it so.
        if not self.closed:
            super().put(block.deflated)


class SendOutlet:
    """The same over ASGI's send(), which may wait for ever for a slow reader (uvicorn) or never (daphne).

    One task sends, and lives only while there is something to send. How much a server buffers behind send()
    cannot be seen from here: on daphne a slow reader is noticed by daphne's own ping time-out, not by
    the limit.
    """

    __slots__ = (
        "_close_timeout", "_farewell", "_leaving", "_loop", "_on_gone", "_on_slow", "_queue", "_send",
        "_task", "_timer", "closed",
    )  # fmt: skip

    heard = float("inf")

    def __init__(
        self,
        send: Send,
        limit: int,
        on_slow: Callable[[], None],
        on_gone: Callable[[], None] | None,
        close_timeout: float,
    ) -> None:
        self._send = send
        self._queue = SendQueue(limit)
        self._on_slow = on_slow
        self._on_gone = on_gone
        self._close_timeout = close_timeout
        self._loop = asyncio.get_running_loop()
        self._leaving: list[Block] = []
        self._farewell: dict[str, Any] | None = None
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.closed = False

    @property
    def waiting(self) -> int:
        return self._queue.size + self._leaving_size

    @property
    def _leaving_size(self) -> int:
        return sum(block.size for block in self._leaving)

    def put(self, block: Block) -> None:
        if self.closed:
            return
        if self._queue.put(block, elsewhere=self._leaving_size):
            self._pump()
        else:
            self._forget()
            self.close(TOO_SLOW, "too slow")
            self._on_slow()

    def close(self, code: int, reason: str = "") -> None:
        if self.closed:
            return
        self.closed = True
        self._farewell = {"type": "websocket.close", "code": code, "reason": reason}
        self._timer = self._loop.call_later(self._close_timeout, self._give_up)
        self._pump()

    def abort(self) -> None:
        self._give_up()

    def ping(self) -> None:
        """ASGI has no pings; the server's own must do."""

    def _pump(self) -> None:
        if self._task is None:
            self._task = self._loop.create_task(self._send_what_waits())

    async def _send_what_waits(self) -> None:
        try:
            while blocks := self._queue.take():
                self._leaving = blocks
                while self._leaving:
                    for text in self._leaving[0].texts:
                        await self._send({"type": "websocket.send", "text": text})
                    # Emptied meanwhile if the reader was too slow.
                    del self._leaving[:1]
            if self._farewell is not None:
                await self._take_leave(self._farewell)
                self._stop_timer()
        except (OSError, RuntimeError) as error:
            # The peer is gone: uvicorn raises ClientDisconnected, an OSError; daphne autobahn's
            # Disconnected, a RuntimeError, as uvicorn does for a frame after its own close.
            # Either says so to receive() as well, behind what the peer said before it went.
            logger.debug("A session's server takes no more: %r", error)
            self.closed = True
            self._forget()
            self._stop_timer()
        finally:
            self._task = None

    async def _take_leave(self, farewell: dict[str, Any]) -> None:
        try:
            await self._send(farewell)
        except (OSError, RuntimeError):
            raise
        except Exception:  # noqa: BLE001  autobahn's, in daphne, is a bare one: it sends 1000 and 3000 to 4999 only.
            # Ours of the same range, so that the peer knows whether to come back.
            await self._send(farewell | {"code": BROKEN if farewell["code"] in BROKEN_BELOW_3000 else ERROR})

    def _give_up(self) -> None:
        self.closed = True
        self._forget()
        self._stop_timer()
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
        if self._on_gone is not None:
            on_gone, self._on_gone = self._on_gone, None
            on_gone()

    def _forget(self) -> None:
        self._queue.take()
        self._leaving.clear()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def drain_jitter(connections: int) -> int:
    """Seconds over which the sessions of a server that stops are to come back elsewhere.

    A process takes up some 1,000 sessions a second beside its other work; half of that is asked of the
    others.
    """
    return max(5, math.ceil(connections / 500))
