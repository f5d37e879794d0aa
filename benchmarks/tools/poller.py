"""Many who have no socket, over HTTP: each asks, waits for what is new, and asks again, as the page does (by-http.js).

In: a server, and tickets of guests. Out: what they counted. On one event loop, which says how busy it was.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final

from benchmarks.tools.crowd import ROOM

WAIT: Final = 20
"""Seconds, as the page waits."""
FIRST: Final = 50
"""So many come at the same time."""


@dataclass
class Counted:
    """What all of them have seen. `heard`: text of a message → when each heard it."""

    waiting: int = 0
    answers: int = 0
    empty: int = 0
    failed: list[str] = field(default_factory=list)
    heard: dict[str, list[float]] = field(default_factory=dict)


class Crowd:
    """Those who ask; all share what is counted."""

    def __init__(self, port: int, tickets: Sequence[str]) -> None:
        self.counted = Counted()
        self._port = port
        self._gate = asyncio.Semaphore(FIRST)
        self._tasks = [asyncio.create_task(self._ask_on(ticket)) for ticket in tickets]

    async def all_wait(self) -> None:
        """Until each has come and waits."""
        while self.counted.waiting < len(self._tasks):
            self.check()
            await asyncio.sleep(0.2)

    def check(self) -> None:
        if self.counted.failed:
            raise SystemExit(f"\n{len(self.counted.failed)} failed, the first: {self.counted.failed[0]}")

    async def leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _ask_on(self, ticket: str) -> None:
        try:
            async with self._gate:
                line = _Line(self._port, ticket)
                _, told, end = await line.ask([HELLO, {"id": 1, "do": "subscribe", "room": ROOM}])
                since, known = told[1]["position"], end.get("known", "")
                self.counted.waiting += 1
            while True:
                subscribe = {"id": 1, "do": "subscribe", "room": ROOM, "since": since}
                events, told, end = await line.ask([HELLO, subscribe], known)
                self._count(events)
                since, known = told[1]["position"], end.get("known", "")
                for event in events:
                    since["seq"] = max(since["seq"], event["seq"])
                await asyncio.sleep(max(end["pause"], 0.3))
        except (OSError, ValueError, KeyError, asyncio.IncompleteReadError) as error:
            self.counted.failed.append(f"{type(error).__name__}: {error}")

    def _count(self, events: list[dict[str, Any]]) -> None:
        self.counted.answers += 1
        self.counted.empty += not events
        for event in events:
            if event["event"] == "message":
                self.counted.heard.setdefault(event["message"]["text"], []).append(monotonic())


HELLO: Final = {"id": 0, "do": "hello", "v": 1}
Told = tuple[list[dict[str, Any]], dict[int, dict[str, Any]], dict[str, Any]]


class _Line:
    """One connection, kept alive; another where the server has ended it in a pause."""

    def __init__(self, port: int, ticket: str) -> None:
        self._port, self._ticket = port, ticket
        self._open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, frames: list[dict[str, Any]], known: str | None = None) -> Told:
        """Events, results by number, and how it goes on. With `known` it waits for something new."""
        body = "\n".join(map(json.dumps, frames)).encode()
        query = f"?wait={WAIT}&known={known}" if known is not None else ""
        head = (
            f"POST /frames/{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-ndjson\r\n"
            f"Authorization: Bearer {self._ticket}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        answer = await self._answer(head.encode() + body)
        told = [json.loads(line) for line in answer.splitlines()]
        results = {frame["re"]: frame["ok"] for frame in told if "re" in frame}
        missed = [event for result in results.values() for event in result.get("events", ())]
        return [*missed, *(frame for frame in told if "event" in frame)], results, told[-1]["end"]

    async def _answer(self, request: bytes) -> bytes:
        if self._open is not None:
            try:
                return await self._exchange(*self._open, request)
            except (ConnectionError, asyncio.IncompleteReadError):
                self._open[1].close()  # It was ended meanwhile: browsers ask once more, too.
        self._open = await asyncio.open_connection("127.0.0.1", self._port)
        return await self._exchange(*self._open, request)

    async def _exchange(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
    ) -> bytes:
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        if not head.startswith("http/1.1 200"):
            raise ValueError(head.partition("\r\n")[0])
        return await reader.readexactly(int(head.partition("content-length:")[2].partition("\r\n")[0]))
