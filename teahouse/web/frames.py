"""The JSON protocol over HTTP where no `OverHttp` stands before Django, as in a project that wires its sockets itself:
answered on the request's thread, at once. In: as `live/over_http.py`. Out: the same, without waiting.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final, cast

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from teahouse.conf import conf
from teahouse.live import runtime
from teahouse.live.brief import exchange
from teahouse.live.over_http import HEADERS, Wrong, asked, is_frames, told

PAUSE: Final = 2.0
"""Seconds between two questions of who cannot wait for an answer."""


@csrf_exempt  # Cookies count only with a right Origin, as on a socket.
@require_POST
def frames(request: HttpRequest) -> HttpResponse:
    """Carries out the frames of a request."""
    try:
        status, body = _answer(request)
    except Wrong as wrong:
        status, body = wrong.answer()
    return HttpResponse(body, status=status, headers=HEADERS)


def _answer(request: HttpRequest) -> tuple[int, bytes]:
    if not is_frames(request.headers.get("Content-Type", "")):
        raise Wrong(415, "The body is application/x-ndjson: each line a frame of the protocol.")
    running = runtime.current()
    if running is None:
        raise Wrong(503, "This process has no part in the chat; the page needs one with its sockets.")
    if len(request.body) > (most := conf().LIMITS.frame):
        raise Wrong(413, f"A request brings at most {most} bytes.")
    asks = asked(request.body, request.META.get("QUERY_STRING", ""))._replace(wait=0)
    scope = cast(Any, request).scope
    said = asyncio.run_coroutine_threadsafe(exchange(scope, asks), running.loop).result()
    return told(said, PAUSE)
