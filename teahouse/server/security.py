"""What every answer and every request of the program must pass: the Host header, the content policy."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from django.core.exceptions import DisallowedHost
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import override

from teahouse.conf import conf
from teahouse.database import Unavailable
from teahouse.live.handshake import is_own_name
from teahouse.server import pages
from teahouse.server.environ import current

log = logging.getLogger("teahouse.server")

Respond = Callable[[HttpRequest], HttpResponse]

POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "connect-src {connect}",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


class HostCheck:
    """Refuses requests by a foreign name, with the site's right address.

    Without a site address the names are those that cannot be made to point here by somebody else (DNS rebinding):
    addresses, localhost and this machine's own. The same rule holds for the sockets (live/handshake.py).
    """

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _is_ours(request):
            return self.get_response(request)
        context = {"site": conf().URL, "host": request.META.get("HTTP_HOST", ""), "port": current().port}
        with override((request.META.get("HTTP_ACCEPT_LANGUAGE", "").startswith("zh") and "zh-hans") or "en"):
            return render(request, "server/wrong_host.html", context, status=400)


def _is_ours(request: HttpRequest) -> bool:
    try:
        host = request.get_host()
    except DisallowedHost:
        return False
    return conf().URL is not None or is_own_name(urlsplit(f"//{host}").hostname or "")


class DatabaseAway:
    """While the database cannot be reached pages say so and when to come back, instead of failing with 500."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, Unavailable | OperationalError | InterfaceError):
            log.error("The database cannot be used: %s", str(error).partition("\n")[0])
            return pages.database_away(request)
        return None


class ContentPolicy:
    """Content-Security-Policy: nothing inline, nothing from elsewhere."""

    def __init__(self, get_response: Respond) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY.format(connect=_connect(request)))
        return response


def _connect(request: HttpRequest) -> str:
    """'self' is the page's own origin; Safari before 15.4 does not count the sockets of it in."""
    if not _is_ours(request):
        return "'self'"
    scheme = "wss" if request.is_secure() else "ws"
    return f"'self' {scheme}://{request.get_host()}"
