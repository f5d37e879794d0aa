"""Somebody who speaks HTTP with the API of a server."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import quote, urlsplit

from tests.clients import SECONDS


class Answer(NamedTuple):
    """What was answered; `json` is None where the body is empty."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text) if self.text else None

    @property
    def code(self) -> str:
        """Of a problem, which has all that a problem has."""
        problem = self.json
        assert self.headers["content-type"] == "application/problem+json", self
        assert problem["status"] == self.status, self
        assert problem["type"].endswith(f"/api/v1/docs#{problem['code']}"), self
        assert {"title", "detail", "retry"} <= problem.keys(), self
        return str(problem["code"])


class Api:
    """Requests with one token; further headers go with each."""

    def __init__(self, url: str, token: str | None = None, **headers: str) -> None:
        where = urlsplit(url)
        self.connection = HTTPConnection(where.hostname or "", where.port, timeout=SECONDS)
        self.prefix = f"{where.path.rstrip('/')}/api/v1/"
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            self.headers["Authorization"] = f"Bearer {token}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """An answer; `body` is sent as JSON, bytes as they are."""
        named = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if data is not None:
            named.setdefault("Content-Type", "application/json")
        self.connection.request(method, self.prefix + quote(path, safe="/?=&%+:"), data, named)
        answer = self.connection.getresponse()
        headers_in = {name.lower(): value for name, value in answer.getheaders()}
        try:
            return Answer(answer.status, headers_in, answer.read().decode())
        finally:
            self.connection.close()  # The server would, while nobody asks.

    def ok(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """A request that has to succeed; what it tells."""
        answer = self.ask(method, path, body, **headers)
        assert answer.status in (200, 201, 204), answer
        return answer.json

    def refused(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, str]:
        """A request that has to be refused; status and code."""
        answer = self.ask(method, path, body, **headers)
        return answer.status, answer.code


class Asking(NamedTuple):
    """Alice makes what there is, Bob is in, Charlie must be refused; a guest with a ticket, and nobody."""

    alice: Api
    bob: Api
    charlie: Api
    guest: Api
    nobody: Api

    def ids(self) -> dict[str, int]:
        return {
            name: getattr(self, name).ok("GET", "me")["you"]["id"] for name in ("alice", "bob", "charlie")
        }
