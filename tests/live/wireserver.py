"""wire_app.py on a real server in another process, and the reins of it."""

import json
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from websockets.sync.client import ClientConnection, connect

from tests.clients import SECONDS
from tests.live.rawsocket import RawSocket
from tests.processes import Process, free_port, temporary_folder

OURS = "teahouse.live.wire:WireProtocol"
OPEN = ("Uvicorn running on", "Listening on TCP address")
"""What uvicorn and daphne print when they listen."""


class WireServer:
    """The running server; `control` speaks to wire_app.control."""

    def __init__(self, process: Process, port: int, tls: ssl.SSLContext | None) -> None:
        self.process = process
        self.port = port
        self.tls = tls
        self.control: ClientConnection

    def room(
        self,
        name: str,
        *,
        timeout: float = SECONDS,
        receive_buffer: int | None = None,
        offer: str | None = None,
        **query: Any,
    ) -> RawSocket:
        """A reader of that name; it is in the room when this returns."""
        path = "/room?" + urlencode({"name": name} | query)
        reader = RawSocket(
            self.port, path, timeout=timeout, receive_buffer=receive_buffer, tls=self.tls, offer=offer
        )
        wait_for(lambda: name in self.do("state"), f"{name} is in the room")
        return reader

    def do(self, command: str, **arguments: Any) -> Any:
        self.control.send(json.dumps({"do": command} | arguments))
        return json.loads(self.control.recv(timeout=SECONDS))

    def state(self, name: str) -> dict[str, Any]:
        state: dict[str, Any] = self.do("state")[name]
        return state

    def wait_for(self, name: str, what: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """Ask for the reader's state until it is as told."""
        wait_for(lambda: what(self.state(name)), lambda: f"as awaited: {name} is {self.state(name)}")
        return self.state(name)


def wait_for(ready: Callable[[], object], what: str | Callable[[], str]) -> None:
    end = time.monotonic() + SECONDS
    while not ready():
        assert time.monotonic() < end, f"not {what if isinstance(what, str) else what()} after {SECONDS} s"
        time.sleep(0.005)


@contextmanager
def uvicorn_server(
    *options: str,
    ws: str = OURS,
    tls: ssl.SSLContext | None = None,
    **env: str,
) -> Iterator[WireServer]:
    """uvicorn from its command line. Later options win over those given here."""
    port = free_port()
    argv = [
        sys.executable, "-W", "error", "-m", "uvicorn", "tests.live.wire_app:app", "--port", str(port), "--ws", ws,
        "--ws-per-message-deflate", "false", "--ws-max-size", "100000", "--no-access-log", "--lifespan", "off",
        "--timeout-graceful-shutdown", "10", *options,
    ]  # fmt: skip
    with served(argv, port, env, tls) as server:
        yield server


@contextmanager
def daphne_server(*options: str, **env: str) -> Iterator[WireServer]:
    port = free_port()
    argv = [sys.executable, "-m", "daphne", "-p", str(port), "-v", "1", *options, "tests.live.wire_app:app"]
    with served(argv, port, env) as server:
        yield server


@contextmanager
def served(
    argv: list[str], port: int, env: dict[str, str], tls: ssl.SSLContext | None = None
) -> Iterator[WireServer]:
    with temporary_folder("wire") as folder:
        process = Process(argv, log=folder / "log", env={"PATH": "", "PYTHONPATH": "."} | env)
        server = WireServer(process, port, tls)
        try:
            # Its own word: whoever answers on the port may be another.
            process.wait_until(lambda: any(word in process.output() for word in OPEN), "listening")
            # A library's connection: it answers the server's pings.
            uri = f"{'wss' if tls else 'ws'}://127.0.0.1:{port}/control"
            context = _without_tickets() if tls else None
            connected = connect(uri, ssl=context, open_timeout=SECONDS, ping_interval=None, max_size=None)
            with connected as server.control:
                yield server
        except BaseException:
            print(process.output())  # Shown where the test, or what makes its server, fails.
            raise
        finally:
            if process.running:
                process.kill()
            else:
                process.wait()


def _without_tickets() -> ssl.SSLContext:
    """For a connection that one thread reads while another writes, which OpenSSL's are not made for. By TLS 1.3 the
    server sends tickets behind the handshake: while the reader takes them a request that is written gets lost (once in
    some hundred connections with Python 3.11 and 3.13.0), and both sides wait for ever."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context
