"""What stands between a browser and the server: a proxy that lets WebSockets through, or does not."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Literal, Self

Mode = Literal["open", "refuses", "swallows", "deaf", "hole"]


class Way:
    """Passes on what comes to its own port.

    Attributes:
        mode: `open`; a proxy that `refuses` the upgrade, or `swallows` it; one that is `deaf` to WebSockets, those
            that there are too; or a `hole`, in which all is lost, on all connections.
        asked: how often a WebSocket was asked for.
        swallowed: set when the hole has swallowed something.
        passes: answers to requests wait until it is set; it is, until a test clears it.
    """

    def __init__(self, port: int, mode: Mode = "open") -> None:
        self._to = port
        self.mode: Mode = mode
        self.asked = 0
        self.swallowed = asyncio.Event()
        self.passes = asyncio.Event()
        self.passes.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._sockets: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._met, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Ends the sockets that there are."""
        for writer in self._sockets:
            writer.close()

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._pass(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # Either side has gone, or the way is at its end: a cancelled one would be told as an error.
        finally:
            self._tasks.discard(task)
            self._sockets.discard(writer)
            writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        wants_socket = b"upgrade: websocket" in head.lower()
        self.asked += wants_socket
        if self.mode == "hole" or (wants_socket and self.mode in ("swallows", "deaf")):
            self.swallowed.set()
            await reader.read()  # Until the browser gives up.
            return
        if wants_socket and self.mode == "refuses":
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
            return
        there, back = await asyncio.open_connection("127.0.0.1", self._to)
        back.write(head)
        if wants_socket:
            self._sockets.add(writer)
        try:
            await asyncio.gather(
                self._copy(reader, back, socket=wants_socket),
                self._copy(there, writer, socket=wants_socket, held=not wants_socket),
            )
        finally:
            back.close()

    async def _copy(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        socket: bool,
        held: bool = False,
    ) -> None:
        """`socket`: whether it is a WebSocket's; `held`: whether it waits until answers may pass."""
        while data := await reader.read(65536):
            if held:
                await self.passes.wait()
            if self.mode == "hole" or (socket and self.mode == "deaf"):
                self.swallowed.set()
                continue
            writer.write(data)
            await writer.drain()
        with suppress(OSError):
            writer.close()
