"""Where requests for a room's events come in. In: ASGI, before Django (`live/over_http.py`), or a view's request where
nothing stands before Django. Out: `stream.py`'s answers, or why there is none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from io import BytesIO
from typing import Any, Final

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse

from teahouse.api import home, offsets, problems, stream
from teahouse.api.doors import door_of
from teahouse.live.addresses import own_address, path_of
from teahouse.live.protocol import Problem

END: Final = "/events"
METHODS: Final = ("GET", "HEAD")
SLOW_SECONDS: Final = 30.0
"""A reader that takes a piece no sooner is gone, or as good as."""


def room_of(scope: Any) -> str | None:
    """The room whose events a request is for, or None: it is for something else."""
    if scope["method"] not in METHODS or not scope["path"].endswith(END):
        return None
    path = path_of(scope)
    address = own_address("api:events", "x", near=path)
    before = (address or "").removesuffix(f"x{END}")
    if not before or not path.startswith(before):
        return None
    room = path.removeprefix(before).removesuffix(END)
    return room if room and "/" not in room else None


def respond(scope: Any, receive: Any, send: Any, room: str) -> Awaitable[None]:
    """Answers a request for events, on the event loop."""
    return _respond(scope, receive, _Sent(send), room)


async def _respond(scope: Any, receive: Any, out: _Sent, room: str) -> None:
    gone = asyncio.ensure_future(_until_gone(receive))
    try:
        request = _request(ASGIRequest(scope, BytesIO()), room)
        await stream.tell(request, out, gone=gone)
    except Problem as problem:
        if not out.begun:
            await out.refuse(_refusal(problem))
    except TimeoutError:
        pass  # A reader that does not read; what it missed is at its offset.
    finally:
        gone.cancel()
        await out.end()


def view(request: HttpRequest, room: str) -> HttpResponse:
    """The same on a view's thread, at once whatever `live` says: behind `guard`."""
    if request.method not in METHODS:
        response = HttpResponse(status=405)
        response["Allow"] = ", ".join(METHODS)
        return response
    running, out = home.running(request), _Kept()
    try:
        tells = stream.tell(_request(request, room), out, waits=False)
        asyncio.run_coroutine_threadsafe(tells, running.loop).result()
    except Problem as problem:
        return _refusal(problem)
    return HttpResponse(b"".join(out.pieces), status=out.status, headers=out.headers)


def _request(request: HttpRequest, room: str) -> stream.Request:
    """Raises: Problem."""
    door = door_of(request)
    try:
        asked = offsets.asked(request.META.get("QUERY_STRING", ""))
    except offsets.Wrong as wrong:
        raise Problem("invalid", str(wrong)) from None
    etag = request.headers.get("If-None-Match", "")
    return stream.Request(door, room, asked, request.method == "HEAD", etag)


def _refusal(problem: Problem) -> HttpResponse:
    # What Durable Streams wants of a malformed offset.
    response = problems.response_of(problem, status=400 if problem.code == "invalid" else None)
    for name, value in stream.COMMON.items():
        response[name] = value
    return response


async def _until_gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class _Sent:
    """An answer that leaves at once."""

    def __init__(self, send: Any) -> None:
        self._send = send
        self.begun = False
        self._open = False

    async def begin(self, status: int, headers: Mapping[str, str], body: bytes | None) -> None:
        named = dict(headers)
        if body is not None and status not in (204, 304):
            named["Content-Length"] = str(len(body))
        await self._start(status, named, body)

    async def refuse(self, response: HttpResponse) -> None:
        named = {**dict(response.items()), "Content-Length": str(len(response.content))}
        await self._start(response.status_code, named, response.content)

    async def _start(self, status: int, headers: Mapping[str, str], body: bytes | None) -> None:
        self.begun, self._open = True, body is None
        named = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": named})
        if body is not None:
            await self._send({"type": "http.response.body", "body": body})

    async def put(self, piece: bytes) -> None:
        async with asyncio.timeout(SLOW_SECONDS):
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})

    async def end(self) -> None:
        if self._open:
            self._open = False
            await self._send({"type": "http.response.body", "body": b""})


class _Kept:
    """One that a view gives back."""

    def __init__(self) -> None:
        self.begun = False
        self.status = 500
        self.headers: dict[str, str] = {}
        self.pieces: list[bytes] = []

    async def begin(self, status: int, headers: Mapping[str, str], body: bytes | None) -> None:
        self.begun = True
        self.status, self.headers = status, dict(headers)
        self.pieces.append(body or b"")

    async def put(self, piece: bytes) -> None:
        self.pieces.append(piece)
