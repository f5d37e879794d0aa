"""Lets the conformance tests of Durable Streams read rooms. They create streams and append to them, which rooms know by
other names: where they create a stream the stand-in makes a room, where they append it says a message. What they read
is the room's events, asked with their own query and headers; of the answer only the body is another: of each event that
is a message what was appended, in the type that the stream was created with.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final
from urllib.parse import urlsplit

from tests.api.http import Api
from tests.servers import Teahouse

PASSED_ON: Final = (
    "Stream-Next-Offset", "Stream-Cursor", "Stream-Up-To-Date", "Cache-Control", "ETag", "X-Content-Type-Options",
    "Cross-Origin-Resource-Policy",
)  # fmt: skip
JSON: Final = "application/json"
SECONDS: Final = 60


class StandIn(BaseHTTPRequestHandler):
    """One request of a test."""

    protocol_version = "HTTP/1.1"
    api: Api
    streams: dict[str, str]
    """Path → content type, of those that were created and not deleted."""

    def log_message(self, *_: Any) -> None:
        """Nothing."""

    @property
    def _path(self) -> str:
        return urlsplit(self.path).path

    @property
    def _room(self) -> str:
        """Names of rooms have no slash, and are never given twice."""
        return "s" + "".join(char for char in self._path.rpartition("/")[2].lower() if char.isalnum())[-50:]

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self) -> None:
        body = self._body()
        there = self._path in self.streams
        if not there:
            self.streams[self._path] = self.headers.get("Content-Type") or "application/octet-stream"
            self._api().ok("POST", "rooms", {"title": "Stream", "room": self._room})
            self._append(body)
        kind = self.streams[self._path]
        self._answer(200 if there else 201, {"Content-Type": kind, "Location": self.path, **self._end()})

    def do_POST(self) -> None:
        body = self._body()
        if self._path not in self.streams:
            self._answer(404, {})
            return
        self._append(body)
        self._answer(204, self._end())

    def do_DELETE(self) -> None:
        self._answer(204 if self.streams.pop(self._path, None) else 404, {})

    def do_HEAD(self) -> None:
        with self._events("HEAD") as response:
            self._head(response)

    def _head(self, response: HTTPResponse) -> None:
        headers = self._headers(response)
        self.send_response(response.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def do_GET(self) -> None:
        with self._events("GET") as response:
            self._get(response)

    def _get(self, response: HTTPResponse) -> None:
        headers = self._headers(response)
        if response.headers.get("Content-Type") == "text/event-stream":
            self._pass_on_pieces(response, headers)
            return
        body = response.read()
        if response.status == 200:
            body = self._appended(json.loads(body))
        self._answer(response.status, headers, body)

    # What stands behind it

    def _api(self) -> Api:
        one = Api("http://127.0.0.1")
        one.connection = HTTPConnection("127.0.0.1", self.api.connection.port, timeout=SECONDS)
        one.prefix, one.headers = self.api.prefix, self.api.headers
        return one

    def _append(self, body: bytes) -> None:
        if not body:
            return
        texts = [body.decode()]
        if self.streams[self._path].startswith(JSON):
            given = json.loads(body)
            texts = [json.dumps(one) for one in (given if isinstance(given, list) else [given])]
        for text in texts:
            self._api().ok("POST", f"rooms/{self._room}/messages", {"text": text})

    def _end(self) -> dict[str, str]:
        offset = self._api().ask("HEAD", f"rooms/{self._room}/events").headers["stream-next-offset"]
        return {"Stream-Next-Offset": offset, "X-Content-Type-Options": "nosniff"}

    @contextmanager
    def _events(self, method: str) -> Iterator[HTTPResponse]:
        room = self._room if self._path in self.streams else "nowhere"
        query = urlsplit(self.path).query
        one = self._api()
        headers = {**one.headers, "If-None-Match": self.headers.get("If-None-Match", "")}
        with closing(one.connection):
            one.connection.request(method, f"{one.prefix}rooms/{room}/events?{query}", headers=headers)
            with one.connection.getresponse() as response:
                yield response

    def _headers(self, response: HTTPResponse) -> dict[str, str]:
        headers = {name: value for name in PASSED_ON if (value := response.headers.get(name))}
        kind = response.headers.get("Content-Type", "")
        if kind == JSON:
            kind = self.streams.get(self._path, kind)
        return {**headers, "Content-Type": kind} if kind else headers

    def _appended(self, events: list[dict[str, Any]]) -> bytes:
        texts = [event["message"]["text"] for event in events if event["event"] == "message"]
        if self.streams[self._path].startswith(JSON):
            return f"[{','.join(texts)}]".encode()
        return "".join(texts).encode()

    def _pass_on_pieces(self, response: HTTPResponse, headers: dict[str, str]) -> None:
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            for piece in self._pieces(response):
                self.wfile.write(piece)
                self.wfile.flush()
        except (OSError, HTTPException):
            pass  # The test has seen enough, or the server ended.
        finally:
            self.close_connection = True

    def _pieces(self, response: HTTPResponse) -> Iterator[bytes]:
        """What the server sends at once. A test reads no further than to the end of an event in which it finds
        "event: control", which some write into a text: data leave with the control behind them."""
        piece, is_whole = b"", True
        while line := response.readline():
            if line.startswith(b"event:"):
                is_whole = b"control" in line
            if line.startswith(b"data:["):
                line = self._piece(json.loads(line.removeprefix(b"data:")))
            piece += line
            if line == b"\n" and is_whole:
                yield piece
                piece = b""

    def _piece(self, events: list[dict[str, Any]]) -> bytes:
        body = self._appended(events).decode()
        lines = body.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        return "".join(f"data:{line}\n" for line in lines).encode()


@contextmanager
def standing_in(server: Teahouse, token: str) -> Iterator[str]:
    """The address of a stand-in for this server."""
    api = Api(server.url, token)
    handler = type("Handler", (StandIn,), {"api": api, "streams": {}})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as standin:
        standin.daemon_threads = True
        thread = Thread(target=standin.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{standin.server_port}"
        standin.shutdown()
        thread.join()
