"""In: bytes of a socket, shared frames. Out: messages to the ASGI application, frames to the socket.

A WebSocket protocol class for uvicorn (its `ws` option). It offers the ASGI extension "teahouse.wire",
with which outlet.WireOutlet writes past send(): uvicorn's send() waits for the socket before it looks at
anything, so that a slow reader cannot even be told. All that uvicorn and other applications on the
server do with send() works on. docs/design/wire.md has the reasons and the measurements.
"""

import asyncio
import codecs
import logging
import socket
import struct
from typing import Any, Final, cast

from uvicorn.config import Config
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.frames import Frame
from websockets.http11 import Request
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from teahouse.live.headers import shared
from teahouse.live.inbox import Gate, Inbox
from teahouse.live.opened import DEFLATE, Opened, shares_deflated
from teahouse.live.outlet import CLOSE_TIMEOUT, EXTENSION, WireOutlet, drain_jitter

# ---- uvicorn's internals: all that this module touches, in one place ----
#
# Set by WebSocketsSansIOProtocol.__init__ or, the last three, by its handle_connect(). Naming them as slots
# below keeps them out of the instance's dict. wirecheck.self_test() sees that each is there and drives a
# connection through them; tests/live/test_wire.py sees that nothing else is touched.
ATTRIBUTES: Final = (
    "app",  # the ASGI application
    "close_sent",  # a close frame left, or was answered: what the application still sends is refused
    "close_timeout",  # seconds for the peer to answer a close frame
    "close_timer",  # the timer for that; set, it keeps run_asgi() of uvicorn from closing at once
    "config",
    "conn",  # websockets.server.ServerProtocol: state, parser and serialiser, no I/O
    "connections",  # of the whole server
    "curr_msg_data_type",  # "text" or "bytes"
    "disconnected",  # connection_lost() was called
    "frames",  # the fragments of the message that is being received
    "handshake_complete",
    "logger",
    "loop",
    "queue",  # what receive() will give to the application
    "read_paused",
    "transport",
    "writable",  # the event that send() waits for
    "request",
    "response",
    "scope",
)
# Called or replaced here, with the parameters that they have.
METHODS: Final = {
    "connection_lost": ("exc",),
    "data_received": ("data",),
    "eof_received": (),
    "handle_close": ("event",),
    "handle_connect": ("event",),
    "handle_cont": ("event",),
    "handle_events": (),
    "handle_parser_exception": (),
    "handle_ping": (),
    "handle_text": ("event",),
    "pause_writing": (),
    "receive": (),
    "resume_writing": (),
    "run_asgi": (),
    "send": ("message",),
    "send_500_response": (),
    "send_receive_event_to_app": (),
    "shutdown": (),
    "stop_keepalive": (),
}
# ---- end of uvicorn's internals ----

DRAINING: Final = 4201
BROKEN_APPLICATION: Final = 1011
NOT_UTF8: Final = 1007
LOST: Final = 1006

PING_FRAME: Final = b"\x89\x00"

# Messages that may wait for the application before reading pauses. uvicorn pauses after each one; pausing and
# resuming costs two calls into the event loop, which a client that sends a few at once need not pay.
READ_AHEAD: Final = 16

# What is parsed at once. A read brings up to 256 KB, which could be 40,000 messages of six bytes.
PARSE_BYTES: Final = 4096
# The same where it may be compressed, a thousand times: each message in it up to `ws_max_size`.
PARSE_DEFLATED: Final = 512

# For what uvicorn and websockets say of each connection, where the access log is off: 30,000 lines otherwise,
# when 10,000 come back. Warnings pass.
quiet_logger = logging.getLogger("teahouse.wire")
quiet_logger.setLevel(logging.WARNING)


class WireProtocol(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket connection, with a way past send().

    Three rules hold on every way through it: nothing is written after a close frame; who is told to close and
    does not, or does not read it, is aborted after `close_timeout` seconds; nothing grows without bound.
    """

    __slots__ = (
        *ATTRIBUTES,
        "choked",
        "failed",
        "last_heard",
        "last_waiting",
        "outlet",
        "piece",
        "pong",
        "unread",
        "utf8",
    )

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.queue: Inbox = Inbox()  # type: ignore[assignment]
        self.writable: Gate = Gate()  # type: ignore[assignment]
        self.close_timeout = CLOSE_TIMEOUT
        self.outlet: WireOutlet | None = None
        self.choked = False  # The transport holds more than it wants to.
        self.failed = False  # What the peer still sends is not looked at (RFC 6455, 7.1.7).
        self.unread = memoryview(b"")
        self.piece = PARSE_BYTES
        self.pong = b""
        self.utf8: codecs.IncrementalDecoder | None = None  # Of a text that comes in fragments.
        self.last_heard = self.loop.time()
        self.last_waiting = 0  # Bytes in a choked transport when it was last pinged.
        if config.ws_per_message_deflate:
            self.conn = ServerProtocol(
                extensions=[DEFLATE], max_size=config.ws_max_size, logger=self.conn.logger
            )
        if not config.access_log:
            self.logger = self.conn.logger = quiet_logger

    # ---- for WireOutlet

    @property
    def deflates(self) -> bool:
        """Whether the peer reads what was deflated once for all."""
        return shares_deflated(self.conn.extensions)

    @property
    def heard(self) -> float:
        """loop.time() of the last bytes, or now while it is we who do not read."""
        return self.loop.time() if self.read_paused else self.last_heard

    @property
    def buffered(self) -> int:
        """Bytes that the transport holds. One for TLS cannot be asked after it is lost."""
        return 0 if self.disconnected else self.transport.get_write_buffer_size()

    def attach(self, outlet: WireOutlet, close_timeout: float) -> bool:
        """Whether the outlet may write."""
        if self.close_sent or self.disconnected or self.transport.is_closing():
            return False
        self.outlet = outlet
        self.close_timeout = close_timeout
        self.stop_keepalive()  # A PingWheel does it, for all.
        return True

    def ping(self) -> None:
        # The pong of a slow reader is behind all that it has to read first; who takes some of it is there.
        waiting = self.buffered if self.choked else 0
        if waiting < self.last_waiting:
            self.last_heard = self.loop.time()
        self.last_waiting = waiting
        self.transport.write(PING_FRAME)

    def close(self, code: int, reason: str) -> None:
        """Send a close frame and wait for the peer's, for a time."""
        if self.close_sent or self.transport.is_closing():
            return
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.queue.clear()
        self._ended(code, reason)
        self._abort_later()
        self._read_on()

    def abort(self) -> None:
        """Drop the connection with a reset, and what the kernel still holds for the peer: up to 4 MB for
        minutes."""
        if self.disconnected:
            return
        if (connection := self.transport.get_extra_info("socket")) is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    # ---- opening

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.close_sent:
            self.scope["headers"] = shared(self.scope["headers"])
            # Nothing is to come before the handshake is answered.
            self._pause_reading()

    async def run_asgi(self) -> None:
        """As uvicorn's, but an application that ends without having closed is told to the peer (1011)."""
        cast(dict[str, Any], self.scope["extensions"])[EXTENSION] = self
        errors = logging.getLogger("uvicorn.error")
        try:
            result = await self.app(self.scope, self.receive, self.send)
        except ClientDisconnected:
            pass
        except BaseException:  # noqa: BLE001 - whatever it is, it ends this connection and no other
            errors.exception("Exception in ASGI application\n")
            self.send_500_response()
        else:
            if not self.handshake_complete:
                errors.error("ASGI callable returned without completing handshake.")
                self.send_500_response()
            elif result is not None:
                errors.error("ASGI callable should return None, but returned '%s'.", result)
        if self.handshake_complete and self.conn.state is OPEN:
            self.close(BROKEN_APPLICATION, "")
        elif self.close_timer is None:
            self._finish()

    async def send(self, message: Any) -> None:
        was_open, was_closed = self.handshake_complete, self.close_sent
        try:
            await super().send(message)
        except RuntimeError:
            if not self.close_sent:
                raise
            # Closed by the outlet, the peer or a failure while the application did not know.
            if message["type"] != "websocket.close":
                raise ClientDisconnected from None
        if self.close_sent and not was_closed:
            self._shut()
            self._abort_later()
            self._parse_unread()
        elif self.handshake_complete and not was_open and not self.disconnected:
            self._opened()

    def _opened(self) -> None:
        """The handshake is done: let go of what only it needed, headers and cookies first of all."""
        self.conn = Opened(self.conn, self.config.ws_max_size)  # type: ignore[assignment]
        if self.conn.extensions:
            self.piece = PARSE_DEFLATED
        del self.request, self.response, self.scope
        self._read_on()

    # ---- reading

    def data_received(self, data: bytes) -> None:
        self.last_heard = self.loop.time()
        if self.failed:
            return
        if not self.unread and len(data) <= self.piece:
            self._parse(data)
        else:
            self.unread = memoryview(bytes(self.unread) + data)
            self._parse_unread()

    def _parse_unread(self) -> None:
        while self.unread and not self.read_paused and not self.failed:
            data, self.unread = self.unread[: self.piece], self.unread[self.piece :]
            self._parse(bytes(data))

    def _parse(self, data: bytes) -> None:
        self.conn.receive_data(data)
        self._answer(self.conn.data_to_send())
        self.handle_events()
        if self.conn.parser_exc is not None and not self.failed:
            self.handle_parser_exception()

    def _answer(self, frames: list[bytes]) -> None:
        """Write what websockets answers by itself: pongs, and the close frame of either side's end."""
        if not frames or self.close_sent:
            return
        if self.choked and self.conn.state is OPEN:
            # Only pongs, for a peer that does not read: the last will do (RFC 6455, 5.5.3).
            self.pong = frames[-1]
        else:
            self.transport.write(b"".join(frames))

    def handle_ping(self) -> None:
        """_answer() has written the pong."""

    def handle_text(self, event: Frame) -> None:
        super().handle_text(event)
        if not event.fin:
            self.utf8 = codecs.getincrementaldecoder("utf-8")()
            self._check(event.data)

    def handle_cont(self, event: Frame) -> None:
        # Empty fragments, of which a message may have any number, are not kept.
        if event.data:
            self.frames.append(bytes(event.data))
        if event.fin:
            self.utf8 = None
            self.send_receive_event_to_app()
        elif self.utf8 is not None and not self.close_sent:
            self._check(event.data)

    def _check(self, fragment: bytes | bytearray | memoryview) -> None:
        """What can be no text ends the connection at once, not when all of it has come (RFC 6455, 8.1)."""
        assert self.utf8 is not None
        try:
            self.utf8.decode(fragment)
        except UnicodeDecodeError as error:
            self._fail(error)

    def _fail(self, error: UnicodeDecodeError) -> None:
        self.conn.fail(NOT_UTF8, f"{error.reason} at position {error.start}")
        self._answer(self.conn.data_to_send())
        self.handle_parser_exception()

    def send_receive_event_to_app(self) -> None:
        data = b"".join(self.frames)
        self.frames = []
        if self.close_sent:
            return
        if self.curr_msg_data_type == "bytes":
            self.queue.put_nowait({"type": "websocket.receive", "bytes": data})
        else:
            try:
                text = data.decode()
            except UnicodeDecodeError as error:
                self._fail(error)
                return
            self.queue.put_nowait({"type": "websocket.receive", "text": text})
        if len(self.queue) >= READ_AHEAD:
            self._pause_reading()

    async def receive(self) -> Any:
        message = await self.queue.get()
        if self.read_paused and self.handshake_complete and not self.queue:
            self._read_on()
        return message

    def _pause_reading(self) -> None:
        if not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()

    def _read_on(self) -> None:
        if not self.read_paused or self.transport.is_closing():
            return
        self.read_paused = False
        self.last_heard = self.loop.time()
        self.transport.resume_reading()
        self._parse_unread()

    # ---- writing

    def pause_writing(self) -> None:
        self.choked = True
        super().pause_writing()

    def resume_writing(self) -> None:
        self.choked = False
        if not self.close_sent:
            if self.pong:
                self.transport.write(self.pong)
                self.pong = b""
            if self.outlet is not None:
                self.outlet.flush()
        if not self.choked:
            super().resume_writing()

    # ---- ending

    def handle_close(self, event: Frame) -> None:
        """The peer's close frame, which _answer() has answered unless it is the answer to ours."""
        if not self.close_sent:
            close = self.conn.close_rcvd
            assert close is not None
            self._ended(close.code, close.reason)
        self._finish()

    def handle_parser_exception(self) -> None:
        """The peer broke the protocol. _answer() has told it; messages before the broken one are
        delivered."""
        self.failed = True
        self.unread = memoryview(b"")
        if not self.close_sent:
            close = self.conn.close_sent
            assert close is not None
            self._ended(close.code, close.reason)
        self._linger()

    def eof_received(self) -> None:
        """The transport closes itself when what is written has left; the application knows now."""
        self._ended(LOST, "")
        self._abort_later()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended(LOST, "")
        super().connection_lost(exc)

    def shutdown(self) -> None:
        if self.outlet is not None:
            self.outlet.close(DRAINING, str(drain_jitter(len(self.connections))))
        elif not self.close_sent:
            super().shutdown()
            self._abort_later()

    def _ended(self, code: int, reason: str) -> None:
        """The application is told once, and with what came first."""
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self._shut()

    def _shut(self) -> None:
        """Nothing more is written."""
        self.close_sent = True
        self.pong = b""
        if self.outlet is not None:
            self.outlet.lost()
            self.outlet = None

    def _linger(self) -> None:
        """Close our half and read on until the peer closes its own.

        Closing a socket with bytes unread answers the peer with a reset, which takes the close frame
        away from it.
        """
        self._read_on()
        self._abort_later()
        if self.transport.can_write_eof() and not self.transport.is_closing():
            self.transport.write_eof()

    def _finish(self) -> None:
        self.transport.close()
        self._abort_later()

    def _abort_later(self) -> None:
        """Unlike the transport's close(), abort() does not wait for a peer that never reads."""
        if self.close_timer is not None:
            self.close_timer.cancel()
        if not self.disconnected:
            self.close_timer = self.loop.call_later(self.close_timeout, self.abort)
