"""Django's ASGI handler in one hop. In: an HTTP request. Out: its response, made on one thread from first to last.

Django's own goes to a thread and back for each middleware that is not asynchronous at heart, which all of its own are
not, and starts a thread for each request: some twenty changes of thread, at each of which a busy event loop can make
the page wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.db import connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from teahouse import database
from teahouse.server.static import respond

THREADS: Final = 4
BODY_BYTES: Final = 2_621_440
"""How much a request may bring: what Django takes of a form. Without a bound all of it would be written to the disk
before a view, or the check of the form's token, looks at it."""


class Pages(ASGIHandler):
    """All pages of the program. Views are synchronous; an asynchronous one would be run on its page's thread."""

    def __init__(self) -> None:
        super().__init__()
        self._threads = ThreadPoolExecutor(THREADS, "teahouse-page")

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        # Without a thread for each request, which Django keeps for what must not change threads: here nothing does.
        try:
            await self.handle(scope, _bounded(receive), send)
        except _TooMuch:
            said = f"A request may bring {BODY_BYTES} bytes.\n".encode()
            await respond(
                send, 413, [("Content-Type", "text/plain; charset=utf-8"), ("Connection", "close")], said
            )

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        return await sync_to_async(self._respond, thread_sensitive=False, executor=self._threads)(request)

    def _respond(self, request: HttpRequest) -> HttpResponseBase:
        try:
            return self.get_response(request)
        finally:
            _let_go()

    def close(self) -> None:
        """Ends the threads and closes their connections."""
        database.close_threads(self._threads, THREADS)


class _TooMuch(Exception):
    """More came than a request may bring; nothing was answered yet."""


def _bounded(receive: Any) -> Any:
    came = 0

    async def receive_some() -> Any:
        nonlocal came
        message = await receive()
        came += len(message.get("body", b""))
        if came > BODY_BYTES:
            raise _TooMuch
        return message

    return receive_some


class ClosesPages:
    """The application round the pages: when it has shut down, before it says so, the pages' connections are closed."""

    def __init__(self, inner: Any, pages: Pages) -> None:
        self.inner = inner
        self._pages = pages

    def __call__(self, scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        # As in `Static`: no coroutine of its own for a session.
        answer: Awaitable[None] = (
            self._lifespan(scope, receive, send)
            if scope["type"] == "lifespan"
            else self.inner(scope, receive, send)
        )
        return answer

    async def _lifespan(self, scope: Any, receive: Any, send: Any) -> None:
        async def close_before(message: Any) -> None:
            if message["type"].startswith("lifespan.shutdown."):
                await asyncio.to_thread(self._pages.close)
            await send(message)

        await self.inner(scope, receive, close_before)


def _let_go() -> None:
    """What Django does behind a request, but that a thread keeps its connection to SQLite: to open one and make its
    functions known takes as long as all that a page asks of it. One to PostgreSQL goes back into the pool."""
    for connection in connections.all(initialized_only=True):
        if connection.vendor != "sqlite" or connection.errors_occurred:
            connection.close_if_unusable_or_obsolete()
