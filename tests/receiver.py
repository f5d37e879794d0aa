"""Somebody's program that takes webhooks, in this process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self

SECONDS = 45.0


class Taken(NamedTuple):
    """A request that came."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class Answer(NamedTuple):
    """What is said to it."""

    status: int = 200
    headers: Mapping[str, str] = {}
    body: bytes = b""


class Receiver(ThreadingHTTPServer):
    """Listens as long as it is entered. `taken`: what came and was answered. A subclass says the answers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        self.taken: list[Taken] = []
        self.came = threading.Condition()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))

    def url_of(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"

    def answer(self, request: Taken) -> Answer:
        return Answer()

    def wait_until(self, fits: Callable[[], bool]) -> None:
        """Until what came is as it should be."""
        with self.came:
            assert self.came.wait_for(fits, SECONDS), self.taken

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Taking(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server: Any = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        request = Taken(self.path, dict(self.headers), body)
        answer: Answer = server.answer(request)
        try:
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)
        except ConnectionError:
            pass  # Who asked has read enough.
        with server.came:
            server.taken.append(request)
            server.came.notify_all()

    def log_message(self, *_: Any) -> None:
        pass
