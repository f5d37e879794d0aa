"""Clients for tests: the `websockets` library with words for what the protocols do. Nothing here waits by the clock."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from contextlib import ExitStack
from http.client import HTTPConnection
from time import monotonic
from types import TracebackType
from typing import Any, Final, NamedTuple, Self
from urllib.parse import quote, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests import seen

_names = itertools.count(1)  # Of clients, so that no two of them use the same key.
SECONDS = 45.0
"""How long anything may take before the test fails; never how long it takes."""

OPEN: Final[dict[str, Any]] = {"ping_interval": None, "max_size": None}
"""No pings of the library's own: their payloads come from `random`, in a thread of each connection, and what Hypothesis
draws meanwhile in another test is then called unrepeatable. The server pings by itself."""


class Client:
    """A connection of the JSON protocol. Events and signals that came are kept in `heard`."""

    def __init__(self, url: str, name: str | None = None, *, hello: bool = True, **more: Any) -> None:
        token = more.pop("token", None)
        self._exit = ExitStack()
        address = url.replace("http", "ws", 1).rstrip("/") + "/ws/"
        self.socket: ClientConnection = self._exit.enter_context(
            # Who leaves with a full queue waits ten seconds for the end of a connection that it does not read.
            connect(address, max_queue=None, compression=None, **(OPEN | more))
        )
        self._ids = itertools.count(1)
        self._name = next(_names)
        self.heard: list[dict[str, Any]] = []
        self.you: dict[str, Any] = {}
        self.ticket: str | None = None
        if hello:
            self.hello = self.ok(
                do="hello", v=1, **({"token": token} if token else {"name": name} if name else {})
            )
            self.you = self.hello["you"]
            self.ticket = self.hello.get("ticket")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()

    def put(self, **command: Any) -> Any:
        """Sends a command without waiting; its id."""
        number = command.setdefault("id", next(self._ids))
        self.socket.send(json.dumps(command, ensure_ascii=False))
        return number

    def ask(self, **command: Any) -> dict[str, Any]:
        """Sends a command; its reply."""
        return self.reply_to(self.put(**command))

    def reply_to(self, number: int | str | None) -> dict[str, Any]:
        return self._take(lambda frame: "re" in frame and frame["re"] == number)

    def ok(self, **command: Any) -> dict[str, Any]:
        """Sends a command that has to succeed; its result."""
        reply = self.ask(**command)
        assert "ok" in reply, reply
        result: dict[str, Any] = reply["ok"]
        return result

    def refused(self, **command: Any) -> str:
        """Sends a command that has to be refused; the error's code."""
        reply = self.ask(**command)
        assert "error" in reply, reply
        return str(reply["error"]["code"])

    def say(self, room: str, text: str, key: str | None = None) -> dict[str, Any]:
        return self.ok(do="send", room=room, key=key or f"{self._name}-{next(self._ids)}", text=text)

    def event(
        self, kind: str | None = "message", room: str | None = None, text: str | None = None
    ) -> dict[str, Any]:
        """The first event of the kind, or of any, that was not taken yet, waited for."""

        def fits(frame: dict[str, Any]) -> bool:
            return (
                "event" in frame
                and kind in (None, frame["event"])
                and room in (None, frame["room"])
                and (text is None or frame["message"].get("text") == text)
            )

        return self._take(fits)

    def signal(
        self, kind: str, fits: Callable[[dict[str, Any]], bool] = lambda frame: True
    ) -> dict[str, Any]:
        """The first signal of the kind that was not taken yet, waited for."""
        return self._take(lambda frame: frame.get("signal") == kind and fits(frame))

    def closed(self) -> tuple[int, str]:
        """Waits for the end; code and reason."""
        try:
            while True:
                self.heard.append(json.loads(self.socket.recv(timeout=SECONDS)))
        except ConnectionClosed as end:
            assert end.rcvd is not None, "no close frame came"
            return end.rcvd.code, end.rcvd.reason

    def _take(self, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        for index, frame in enumerate(self.heard):
            if fits(frame):
                return self.heard.pop(index)
        return self._until(fits)

    def receive(self) -> dict[str, Any]:
        """The next frame that comes, of whatever kind."""
        frame: dict[str, Any] = json.loads(self.socket.recv(timeout=SECONDS))
        return frame

    def _until(self, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        while True:
            frame = self.receive()
            if fits(frame):
                return frame
            self.heard.append(frame)


class Said(NamedTuple):
    """What was answered over HTTP: its frames, how it goes on, and after how long."""

    status: int
    frames: list[dict[str, Any]]
    end: dict[str, Any]
    seconds: float

    def reply(self, number: int) -> dict[str, Any]:
        return next(frame for frame in self.frames if frame.get("re") == number)

    @property
    def events(self) -> list[dict[str, Any]]:
        """In whatever way they came: what was missed, then what was waited for."""
        missed = [event for frame in self.frames for event in frame.get("ok", {}).get("events", [])]
        return missed + [frame for frame in self.frames if "event" in frame]


class Posting:
    """Somebody who speaks the JSON protocol over HTTP. `headers` go with each request."""

    def __init__(self, url: str, token: str | None = None, **headers: str) -> None:
        where = urlsplit(url)
        self.connection = HTTPConnection(where.hostname or "", where.port, timeout=SECONDS + 25)
        self.path = f"{where.path.rstrip('/')}/frames/"
        self.headers = {"Content-Type": "application/x-ndjson", **headers}
        self.began = 0.0
        self._put: list[bytes] = []
        if token is not None:
            self.headers["Authorization"] = f"Bearer {token}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.connection.close()

    def put(self, *commands: dict[str, Any], query: str = "") -> None:
        """Asks and does not wait; `taken` has the answer. The commands get their places as ids."""
        lines = [json.dumps({"id": number, **each}) for number, each in enumerate(commands, 1)]
        self.put_body("\n".join(lines).encode(), query)

    def put_body(self, body: bytes, query: str = "") -> None:
        """Whatever that is."""
        self._put, self.began = body.split(b"\n"), monotonic()
        self.connection.request("POST", self.path + query, body, self.headers)

    def taken(self) -> Said:
        answer = self.connection.getresponse()
        body = answer.read().decode()
        self.connection.close()  # The server would, while nobody asks: between it and the next request.
        seen.look_at(self.path, self._put, body)
        *frames, end = [json.loads(line) for line in body.split("\n") if line]
        return Said(answer.status, frames, end.get("end", end), monotonic() - self.began)

    def ask(self, *commands: dict[str, Any], query: str = "") -> Said:
        self.put(*commands, query=query)
        return self.taken()

    def ok(self, **command: Any) -> dict[str, Any]:
        """A command that has to succeed; its result."""
        reply = self.ask(command).reply(1)
        assert "ok" in reply, reply
        result: dict[str, Any] = reply["ok"]
        return result

    def refused(self, **command: Any) -> str:
        reply = self.ask(command).reply(1)
        assert "error" in reply, reply
        return str(reply["error"]["code"])


class Plain:
    """A connection of the plain protocol."""

    def __init__(self, url: str, path: str = "/wsmsg", **more: Any) -> None:
        self._exit = ExitStack()
        address = url.replace("http", "ws", 1).rstrip("/") + quote(path, safe="/?=&%+")
        self.socket: ClientConnection = self._exit.enter_context(connect(address, **(OPEN | more)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()

    def send(self, text: str | bytes) -> None:
        self.socket.send(text)

    def next(self) -> str:
        return str(self.socket.recv(timeout=SECONDS))

    def closed(self) -> tuple[int, str]:
        try:
            while True:
                self.next()
        except ConnectionClosed as end:
            assert end.rcvd is not None, "no close frame came"
            return end.rcvd.code, end.rcvd.reason
