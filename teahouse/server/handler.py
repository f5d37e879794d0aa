"""Django's ASGI handler in one hop. In: an HTTP request. Out: its response, made on one thread from first to last.

Django's own goes to a thread and back for each middleware that is not asynchronous at heart, which all of its own are
not, and starts a thread for each request: some twenty changes of thread, at each of which a busy event loop can make
the page wait.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.db import close_old_connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase

THREADS: Final = 4


class Pages(ASGIHandler):
    """All pages of the program. Views are synchronous; an asynchronous one would be run on its page's thread."""

    def __init__(self) -> None:
        super().__init__()
        self._threads = ThreadPoolExecutor(THREADS, "teahouse-page")

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        # Without a thread for each request, which Django keeps for what must not change threads: here nothing does.
        await self.handle(scope, receive, send)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        return await sync_to_async(self._respond, thread_sensitive=False, executor=self._threads)(request)

    def _respond(self, request: HttpRequest) -> HttpResponseBase:
        try:
            return self.get_response(request)
        finally:
            close_old_connections()
