"""A way to PostgreSQL that can be cut at a word: the connection dies exactly before or after a COMMIT."""

import contextlib
import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

COMMIT = b"COMMIT\x00"
"""In a simple query from the client, and in the server's tag of a completed command."""


class Proxy:
    """Forwards to a port of 127.0.0.1. `cut` names where the next connection that comes by is cut: once."""

    def __init__(self, port: int) -> None:
        self.to = port
        self.cut: str | None = None
        self.cuts = 0
        self.refuse = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # Closed.
            while True:
                client, _ = self._listener.accept()
                if self.refuse:
                    client.close()
                    continue
                server = socket.create_connection(("127.0.0.1", self.to))
                threading.Thread(target=self._forward, args=(client, server), daemon=True).start()

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        with client, server, selectors.DefaultSelector() as both, contextlib.suppress(OSError):
            both.register(client, selectors.EVENT_READ, ("before", server))
            both.register(server, selectors.EVENT_READ, ("after", client))
            while True:
                for key, _ in both.select():
                    where, to = key.data
                    source = key.fileobj
                    assert isinstance(source, socket.socket)
                    data = source.recv(65536)
                    if not data:
                        return
                    if COMMIT in data and self.cut == where:
                        self.cut = None
                        self.cuts += 1
                        return
                    to.sendall(data)


@contextmanager
def proxy(port: int) -> Iterator[Proxy]:
    running = Proxy(port)
    try:
        yield running
    finally:
        running.close()
