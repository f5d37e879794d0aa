"""The JSON protocol over HTTP, below the prefix at `frames/`: for who is behind a proxy that lets no WebSocket through.
In: a POST whose lines are frames. Out: an answer whose lines are frames, the last one how it goes on. Next:
`live/brief.py`.

It stands before Django, on the event loop: of a thousand readers who wait for something new, none holds a thread or a
connection to the database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, Final
from urllib.parse import parse_qs

from teahouse.api import events
from teahouse.conf import conf
from teahouse.events import encode
from teahouse.live.addresses import own_address, path_of
from teahouse.live.begin import begin
from teahouse.live.brief import Asked, BriefSession, exchange
from teahouse.live.collected import Collected
from teahouse.live.fields import BIGGEST
from teahouse.web import metrics

MEDIA: Final = ("application/x-ndjson", "application/json")
"""What a request says it is: no form of another site can say so."""
LONGEST_WAIT: Final = 25
"""Seconds. Proxies end what is silent for longer, and browsers see the end of a request sooner than its silence."""
BODY_SECONDS: Final = 10.0
STATUSES: Final = {4001: 401, 4003: 403, 4103: 429, 1013: 503, 4201: 503}
"""How an answer is called whose session ended so, for proxies and logs. Its lines say the same."""
AT_ONCE: Final = 200
"""So many who wait are served in a second, when something was said that all of them hear."""
LONGEST_PAUSE: Final = 5.0
HEADERS: Final = {
    "Content-Type": f"{MEDIA[0]}; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}

Answer = tuple[int, bytes]


class OverHttp:
    """The ASGI application before Django: answers what is for it, passes everything else on. With the first request
    the chat begins, where the server has no lifespan to begin it with."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __call__(self, scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        # As in `routing.application`: no coroutine of its own for what is passed on.
        if scope["type"] == "http":
            begin()
            if scope["method"] == "POST" and _is_meant(scope):
                return _respond(scope, receive, send)
            if (room := events.room_of(scope)) is not None:
                return events.respond(scope, receive, send, room)
            if metrics.is_meant(scope, own_address("metrics")):
                return metrics.respond(scope, send)
        answer: Awaitable[None] = self.inner(scope, receive, send)
        return answer


def _is_meant(scope: Any) -> bool:
    path = path_of(scope)
    return path == own_address("frames", near=path) and is_frames(_header(scope, b"content-type"))


def is_frames(content_type: str) -> bool:
    """Whether a request says that its lines are frames."""
    return content_type.partition(";")[0].strip().lower() in MEDIA


class Wrong(Exception):
    """A request that holds no frames; `status` and what was wrong."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status

    def answer(self) -> Answer:
        problem = {"code": "invalid", "message": str(self), "retry": False}
        return self.status, encode({"error": problem}).encode() + b"\n"


def asked(body: bytes, query: str) -> Asked:
    """What a request asks for.

    Raises:
        Wrong: there is no frame in it, or `wait` or `as` is no such number.
    """
    try:
        # Not splitlines: a text may hold what Unicode calls an end of a line.
        frames = [line for line in body.decode().split("\n") if line.strip()]
    except UnicodeDecodeError:
        raise Wrong(400, "The body is UTF-8.") from None
    most = conf().LIMITS.unanswered
    if not 1 <= len(frames) <= most:
        raise Wrong(400, f"The body has 1 to {most} lines, each of them a frame; this one has {len(frames)}.")
    given = parse_qs(query)
    wait = _number(given, "wait", LONGEST_WAIT) or 0
    return Asked(frames, wait, _number(given, "as", BIGGEST), given.get("known", [""])[-1])


def _number(given: dict[str, list[str]], name: str, most: int) -> int | None:
    value = given.get(name, [""])[-1]
    if not value:
        return None
    if not (value.isascii() and value.isdecimal() and len(value) < 17 and int(value) <= most):
        raise Wrong(400, f"{name}: a whole number up to {most}.")
    return int(value)


def told(said: Collected, pause: float) -> Answer:
    """The answer: all frames, then how it goes on."""
    status = 200
    end: dict[str, Any] = {"pause": round(pause, 2)}
    if said.known:
        end["known"] = said.known
    if said.end is not None:
        code, reason = said.end
        status = STATUSES.get(code, 200)
        end = {"code": code, "reason": reason}
    return status, "\n".join([*said.texts, encode({"end": end}), ""]).encode()


async def _respond(scope: Any, receive: Any, send: Any) -> None:
    gone: asyncio.Task[Any] | None = None
    try:
        request = asked(await _body(receive), scope["query_string"].decode("latin-1"))
        gone = asyncio.ensure_future(_until_gone(receive))
        said = await exchange(scope, request, gone)
        answer = told(said, min(BriefSession.waiting / AT_ONCE, LONGEST_PAUSE))
    except Wrong as wrong:
        answer = wrong.answer()
    except _Left:
        return
    finally:
        if gone is not None:
            gone.cancel()
    await _send(send, *answer)


async def _body(receive: Any) -> bytes:
    most = conf().LIMITS.frame
    body = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise _Left
                body += message.get("body", b"")
                if len(body) > most:
                    raise Wrong(413, f"A request brings at most {most} bytes.")
                more = message.get("more_body", False)
    except TimeoutError:
        raise Wrong(408, f"A request comes within {BODY_SECONDS:.0f} s.") from None
    return body


class _Left(Exception):
    """Who asked is gone."""


async def _until_gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Any, status: int, body: bytes) -> None:
    headers = {
        **HEADERS,
        "Content-Length": str(len(body)),
        **({"Retry-After": "5"} if status in (429, 503) else {}),
        **({"Connection": "close"} if status in (408, 413) else {}),
    }
    named = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": named})
    await send({"type": "http.response.body", "body": body})


def _header(scope: Any, wanted: bytes) -> str:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name.lower() == wanted), "")
