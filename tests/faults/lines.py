"""A way to a TCP port that a test can spoil: slow, late, cut, or swallowing what goes in.

Nothing is simulated above TCP: both ends keep their real sockets, and learn what a network tells them.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

CHUNK: Final = 65536
COMMIT: Final = b"COMMIT\x00"
"""In a simple query of PostgreSQL's protocol, and in the tag of a completed command."""

Keep = Callable[[bytes], bytes]


@dataclass(eq=False)
class Link:
    """One connection through a line: two sockets and what carries bytes between them."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    is_dead: bool = False  # Something of it was swallowed: what came later would make no sense.
    is_half: bool = False  # The client is gone, and the server was not told.

    def reset(self) -> None:
        """Both ends are told at once: RST instead of FIN."""
        for end in (self.client, self.server):
            reset(end)

    def leave_half(self) -> None:
        """The client is told, the server is not: to it the other end is silent from now on."""
        self.is_half = True
        self.end()
        reset(self.client)

    def end(self) -> None:
        """Carries nothing any more."""
        for task in self.tasks:
            task.cancel()


def reset(end: asyncio.StreamWriter) -> None:
    handle = end.get_extra_info("socket")
    if handle is not None:
        with contextlib.suppress(OSError):
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.transport.abort()


class Line:
    """Listens on a port of its own (`port`) and forwards to `to`, of `host`.

    Attributes:
        delay: seconds that everything is late, in each direction.
        rate: bytes a second from the server to each client; None is as fast as it goes.
        swallows: whatever comes is read and goes nowhere; nobody is told. Such a connection stays dead.
        refuses: new connections are reset.
        cut_at: "before" or "after": the next connection that carries a COMMIT is reset before or after it; once.
        keep: what of the server's bytes goes on; made anew for each connection.
    """

    def __init__(self, to: int, host: str = "127.0.0.1") -> None:
        self.to, self.host = to, host
        self.delay = 0.0
        self.rate: int | None = None
        self.swallows = self.refuses = False
        self.cut_at: str | None = None
        self.cuts = 0
        self.keep: Callable[[], Keep] | None = None
        self.links: set[Link] = set()
        self.port = 0
        self._server: asyncio.Server | None = None
        self._waiting: set[asyncio.Task[None]] = set()
        self._silent: list[
            asyncio.StreamWriter
        ] = []  # To servers that were not told that the client is gone.

    async def open(self, listens: str = "127.0.0.1") -> Line:
        self._server = await asyncio.start_server(self._accept, listens, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for link in self.links:
            link.end()
        await asyncio.gather(*self._waiting)
        for end in self._silent:
            reset(end)

    def reset(self, most: int | None = None) -> int:
        """Cuts connections, the oldest first; how many."""
        links = list(self.links)[:most]
        for link in links:
            link.reset()
        return len(links)

    def leave_half(self) -> None:
        for link in self.links:
            link.leave_half()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._waiting.add(task)
        try:
            await self._connect(reader, writer)
        finally:
            self._waiting.discard(task)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuses:
            reset(writer)
            return
        try:
            from_server, to_server = await asyncio.open_connection(self.host, self.to)
        except OSError:
            reset(writer)
            return
        link = Link(writer, to_server)
        self.links.add(link)
        kept = self.keep() if self.keep is not None else None
        link.tasks = [
            asyncio.create_task(self._carry(link, reader, to_server, "before", None)),
            asyncio.create_task(self._carry(link, from_server, writer, "after", kept)),
        ]
        try:
            await asyncio.wait(link.tasks)
        finally:
            self.links.discard(link)
            link.end()
            reset(writer)
            if link.is_half:
                self._silent.append(to_server)
            else:
                reset(to_server)

    async def _carry(
        self,
        link: Link,
        source: asyncio.StreamReader,
        to: asyncio.StreamWriter,
        where: str,
        keep: Keep | None,
    ) -> None:
        """Carries one direction to its end; `where` says whether a COMMIT on it is asked for or answered."""
        try:
            while data := await source.read(CHUNK if self.rate is None else max(1, self.rate // 10)):
                link.is_dead |= self.swallows
                if link.is_dead:
                    continue
                if self.delay:
                    await asyncio.sleep(self.delay)
                if self.cut_at == where and COMMIT in data:
                    self.cut_at = None
                    self.cuts += 1
                    link.reset()
                    return
                if self.rate is not None and where == "after":
                    await asyncio.sleep(len(data) / self.rate)
                if keep is not None:
                    data = keep(data)
                to.write(data)
                await to.drain()
            if to.can_write_eof() and not link.is_dead:
                to.write_eof()
        except OSError:
            # One end was reset, or killed with something unread: the other is told.
            if not link.is_dead:
                link.reset()
