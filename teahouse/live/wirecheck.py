"""In: the installed uvicorn. Out: what to pass as its `ws` option. Next: wire.py, where all goes well.

wire.py builds on uvicorn's internals, which may change with any release. So before a server starts, one
connection is driven through them in memory; where anything is not as it was, uvicorn's own class serves,
and sessions write with send().
"""

import asyncio
import contextlib
import inspect
import logging
import struct
from collections.abc import Callable
from typing import Any

from teahouse.live.outlet import EXTENSION, outlet_for
from teahouse.live.sendqueue import Block, close_frame, text_frame

logger = logging.getLogger("teahouse.wire")

OURS = "teahouse.live.wire:WireProtocol"
UVICORNS = "websockets-sansio"

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: teahouse.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


class WireMisfit(Exception):
    """Something of uvicorn is not as wire.py needs it; says what."""


def protocol_class() -> str:
    """The name of the protocol class to pass as uvicorn's `ws`. Call it before the event loop runs."""
    try:
        self_test()
    except Exception as error:  # noqa: BLE001 - an unknown uvicorn can fail in any way; serving goes on
        logger.warning(
            "The fast wire does not fit the installed uvicorn: %r. Sessions use send() instead: a slow "
            "reader is noticed later, and fan-out takes more time. Install a uvicorn that Teahouse asks for.",
            error,
        )
        return UVICORNS
    return OURS


def self_test() -> None:
    """Raise WireMisfit, or whatever a misfit makes uvicorn raise, unless wire.py works with it."""
    from teahouse.live import wire  # Here, since an unknown uvicorn may not even let it be imported.

    (base,) = wire.WireProtocol.__bases__
    for name, parameters in wire.METHODS.items():
        found = tuple(inspect.signature(getattr(base, name)).parameters)[1:]
        if found != parameters:
            raise WireMisfit(f"{base.__name__}.{name}{found} should be {name}{parameters}")
    asyncio.run(asyncio.wait_for(_drive(wire), timeout=5))


async def _drive(wire: Any) -> None:
    """Shake hands, write, wait for the transport, read, close: each with what must be on the socket then."""
    told: list[dict[str, Any]] = []
    scopes: list[dict[str, Any]] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        scopes.append(scope)
        with contextlib.suppress(asyncio.CancelledError):  # A failed test ends before the application does.
            while not told or told[-1]["type"] != "websocket.disconnect":
                told.append(await receive())

    protocol, transport = connection_in_memory(wire, application)
    _expect_attributes(protocol, wire.ATTRIBUTES)
    await _turn()
    _expect("the handshake", transport.taken()[:12], b"HTTP/1.1 101")
    _expect("the extension", scopes and EXTENSION in scopes[0]["extensions"], True)

    outlet = outlet_for(scopes[0], _never_send, limit=100, on_slow=lambda: None)
    block = Block(["one", "two"])
    outlet.put(block)
    _expect("a block", transport.taken(), text_frame("one") + text_frame("two"))
    protocol.pause_writing()
    outlet.put(block)
    _expect("a block for a full transport", (transport.taken(), outlet.waiting), (b"", block.size))
    protocol.resume_writing()
    _expect("what waited", (transport.taken(), outlet.waiting), (block.frames, 0))

    protocol.data_received(masked(0x89, b"?") + masked(0x81, b"hello"))
    await _turn()
    _expect("a pong", transport.taken(), b"\x8a\x01?")
    outlet.close(4101, "too slow")
    outlet.put(block)
    _expect("a close frame, and nothing after it", transport.taken(), close_frame(4101, "too slow"))
    protocol.data_received(masked(0x88, struct.pack("!H", 4101)))
    await _turn()
    _expect("the end of the socket", transport.is_closing(), True)
    protocol.connection_lost(None)
    disconnect = {"type": "websocket.disconnect", "code": 4101, "reason": "too slow"}
    _expect("what receive() gave", told, [{"type": "websocket.receive", "text": "hello"}, disconnect])


def connection_in_memory(wire: Any, application: Any) -> tuple[Any, "MemoryTransport"]:
    """A WireProtocol that has read a client's handshake, and the transport it writes to."""
    config = wire.Config(
        application, interface="asgi3", log_config=None, lifespan="off", ws_ping_interval=None
    )
    config.load()
    config.access_log = False  # Not given to Config(), which would take the handlers from uvicorn's logger.
    protocol = wire.WireProtocol(config, wire.ServerState(), {})
    transport = MemoryTransport()
    protocol.connection_made(transport)
    protocol.data_received(HANDSHAKE)
    return protocol, transport


def _expect_attributes(protocol: Any, names: tuple[str, ...]) -> None:
    missing = [name for name in names if not hasattr(protocol, name)]
    if missing:
        raise WireMisfit(f"uvicorn's protocol has no {', '.join(missing)}")


def _expect(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise WireMisfit(f"{what}: expected {expected!r}, found {found!r}")


def masked(opcode: int, payload: bytes) -> bytes:
    """A client's frame. A mask of zeros leaves the payload as it is."""
    return bytes((opcode, 0x80 | len(payload))) + bytes(4) + payload


async def _turn() -> None:
    """Let the application run until it waits."""
    for _ in range(5):
        await asyncio.sleep(0)


async def _never_send(message: Any) -> None:
    raise WireMisfit(f"send() was called with {message['type']}")


class MemoryTransport(asyncio.Transport):
    """A socket's end that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self._written = b""
        self._closing = False
        self.after_write: Callable[[], None] | None = None

    def taken(self) -> bytes:
        """What was written since the last call."""
        written, self._written = self._written, b""
        return written

    def write(self, data: Any) -> None:
        self._written += bytes(data)
        if self.after_write is not None:
            self.after_write()

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Its user calls pause_writing() by hand."""

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self._closing = True

    def abort(self) -> None:
        self._closing = True

    def pause_reading(self) -> None:
        """Nothing reads."""

    def resume_reading(self) -> None:
        """Nothing reads."""
