"""By which way a client reaches the server: by a WebSocket, or where none gets through by HTTP, until a socket does.
What goes over a line, and when to come back after one was lost, is `connection.py`'s business.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from teahouse.client.backoff import LOST, pause_of_trial
from teahouse.client.errors import NoAnswer
from teahouse.client.machine import NO_HELLO

if TYPE_CHECKING:
    from teahouse.client.by_http import ByHttp

log = logging.getLogger("teahouse.client")

MOST_BYTES: Final = 16 * 2**20
"""Of one frame from the server; a page of a resume has some 256 KB."""
CLOSING: Final = 2.0
"""Seconds that the other side may take to answer a close."""
SWALLOWED: Final = 3.0
"""A socket that has not opened by then is perhaps swallowed on its way: HTTP is tried beside it."""
BUSY: Final = 8.0
"""Where sockets have worked before it is rather a server that has much to do."""


class Line(Protocol):
    """What a session is held on. `end`: the code and reason with which the other side closed; without such a frame
    it is lost."""

    by_http: bool

    @property
    def end(self) -> tuple[int, str]: ...
    def __aiter__(self) -> AsyncGenerator[str, None]: ...
    async def send(self, text: str) -> None: ...
    def abort(self) -> None: ...
    async def close(self) -> None: ...


@runtime_checkable
class Replaceable(Line, Protocol):
    """One that is there until a socket is: once retired it takes nothing more, answers what was asked, and ends."""

    def retire(self) -> None: ...


class BySocket:
    """A WebSocket as a line."""

    by_http = False

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    @property
    def end(self) -> tuple[int, str]:
        code = self.socket.close_code
        if code is None or self.socket.protocol.close_rcvd is None:
            return LOST, ""
        return code, self.socket.close_reason or ""

    async def __aiter__(self) -> AsyncGenerator[str, None]:
        with suppress(ConnectionClosed):  # Its code says what to do.
            async for text in self.socket:
                yield str(text)

    async def send(self, text: str) -> None:
        with suppress(ConnectionClosed):  # Whoever reads hears of it.
            await self.socket.send(text)

    def abort(self) -> None:
        self.socket.transport.abort()

    async def close(self) -> None:
        await self.socket.close()


class Lines:
    """Opens one after the other. While one is on HTTP `until_better` waits for a socket; the next `open` gives it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._failed = 0  # Sockets in a row that got nowhere.
        self._worked = False
        self._socket: asyncio.Task[BySocket] | None = None

    async def open(self) -> Line:
        """The first line that opens.

        Raises:
            OSError, WebSocketException: what became of the socket, where none does.
        """
        socket = self._try()
        if self._failed == 0 or self._worked:
            await asyncio.wait([socket], timeout=BUSY if self._worked else SWALLOWED)
        if socket.done() and (socket.exception() is None or not self._may_be_blocked):
            return self._taken(socket)
        from teahouse.client.by_http import ByHttp  # Its library is loaded by who needs it.

        by_http = ByHttp(self.url)
        asking = asyncio.ensure_future(by_http.open())
        try:
            if await self._http_is_first(socket, asking):
                log.info("No WebSocket to %s; it goes on over HTTP.", self.url)
                return by_http
        except BaseException:
            await _give_up(by_http, asking)
            raise
        await _give_up(by_http, asking)
        return self._taken(socket)

    async def _http_is_first(self, socket: asyncio.Task[BySocket], asking: asyncio.Future[None]) -> bool:
        """Whether HTTP is there and a socket is not, yet or at all."""
        pending: set[asyncio.Future[Any]] = {socket, asking}
        while pending and not _is_there(socket):
            _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            if _is_there(asking) and not _is_there(socket):
                return True
        return False

    async def until_better(self, chance: Callable[[], float]) -> None:
        """While one is on HTTP: waits until a socket has opened that lets frames through."""
        while True:
            try:
                await asyncio.shield(self._try())
                return
            except (OSError, WebSocketException):
                self._socket = None
            await asyncio.sleep(pause_of_trial(self._failed, chance()))

    def began(self, line: Line) -> None:
        """A session has begun on it."""
        if not line.by_http:
            self._failed, self._worked = 0, True

    def was_mute(self, line: Line) -> None:
        """It was lost before."""
        if not line.by_http:
            self._failed += 1

    async def close(self) -> None:
        """Gives up what is still being tried, or was not taken."""
        if (socket := self._socket) is None:
            return
        self._socket = None
        socket.cancel()
        for opened in await asyncio.gather(socket, return_exceptions=True):
            if isinstance(opened, BySocket):
                await opened.close()

    @property
    def _may_be_blocked(self) -> bool:
        """Where sockets have worked, once is not enough: a server that is starting again takes none for a moment."""
        return self._failed > (1 if self._worked else 0)

    def _try(self) -> asyncio.Task[BySocket]:
        """The socket that is being opened, or has been."""
        if self._socket is None:
            self._socket = asyncio.ensure_future(self._opened())
        return self._socket

    def _taken(self, socket: asyncio.Task[BySocket]) -> BySocket:
        self._socket = None
        return socket.result()

    async def _opened(self) -> BySocket:
        try:
            socket = await connect(
                self.url,
                max_size=MOST_BYTES,
                ping_interval=None,
                close_timeout=CLOSING,
                open_timeout=NO_HELLO,
            )
        except (OSError, WebSocketException):
            self._failed += 1
            raise
        try:
            # A proxy may let the opening through and nothing else.
            if self._failed:
                async with asyncio.timeout(NO_HELLO):
                    await (await socket.ping())
        except BaseException as error:
            self._failed += 1
            socket.transport.abort()
            await socket.close()
            if isinstance(error, ConnectionClosed):
                raise OSError(str(error)) from error
            raise
        return BySocket(socket)


def _is_there(line: asyncio.Future[Any]) -> bool:
    return line.done() and not line.cancelled() and line.exception() is None


async def _give_up(by_http: ByHttp, asking: asyncio.Future[None]) -> None:
    asking.cancel()
    for outcome in await asyncio.gather(asking, return_exceptions=True):
        if isinstance(outcome, NoAnswer):
            log.debug("Nor over HTTP: %s", outcome)
    await by_http.close()
