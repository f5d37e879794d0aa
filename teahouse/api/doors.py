"""Who asks over HTTP. In: a request. Out: what a socket's handshake would have brought, or why the request is refused
before anything is looked up. Reads no database.
"""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.http import HttpRequest
from django.middleware.csrf import CsrfViewMiddleware

from teahouse.live.handshake import GUEST_COOKIE, Handshake, is_right_origin, no_view, tell_of_wrong_origin
from teahouse.live.protocol import Problem
from teahouse.web.visitors import address_of

SAFE: Final = ("GET", "HEAD", "OPTIONS", "TRACE")


def door_of(request: HttpRequest) -> Handshake:
    """What a request brought along. A bearer token goes before cookies, which need the form's token for what changes
    something.

    Raises:
        Problem: `no_credential`, `bad_token`, `csrf`, `forbidden`.
    """
    origin = request.headers.get("Origin")
    if origin is not None and not is_right_origin(origin, request):
        tell_of_wrong_origin(origin)
        raise Problem(
            "forbidden", "Pages of other sites may not ask here; ask from your server, with a token."
        )
    bearer = _bearer(request.headers.get("Authorization"))
    session = ticket = None
    if bearer is None:
        session = request.COOKIES.get(settings.SESSION_COOKIE_NAME) or None
        ticket = request.COOKIES.get(GUEST_COOKIE) or None
        if session is None and ticket is None:
            said = "Bring a token or a guest's ticket in the header Authorization: Bearer, or sign in."
            raise Problem("no_credential", said)
        if request.method not in SAFE:
            _check_csrf(request)
    return Handshake(
        address=address_of(request),
        origin_is_wrong=False,
        session_key=session,
        ticket=ticket,
        bearer=bearer,
        name=None,
    )


def _bearer(header: str | None) -> str | None:
    if header is None:
        return None
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "bearer" or not value.strip():
        raise Problem("bad_token", "The header is Authorization: Bearer, then a token or a guest's ticket.")
    return value.strip()


def _check_csrf(request: HttpRequest) -> None:
    """Raises: Problem `csrf`. The cookie comes with every request of the browser, also one that another site began."""
    middleware = _Csrf(lambda _: None)  # type: ignore[arg-type]
    request.csrf_processing_done = False  # type: ignore[attr-defined]
    middleware.process_request(request)
    if middleware.process_view(request, no_view, (), {}) is not None:
        raise Problem(
            "csrf", f"Send {_csrf_token()} as {_csrf_header()}, or a token in Authorization: Bearer."
        )


def _csrf_token() -> str:
    if settings.CSRF_USE_SESSIONS:
        return "the token of a form (csrfmiddlewaretoken)"
    return f"the value of the cookie {settings.CSRF_COOKIE_NAME}"


def _csrf_header() -> str:
    """As HTTP has it, from how Django does: HTTP_X_CSRFTOKEN."""
    name = settings.CSRF_HEADER_NAME.removeprefix("HTTP_").replace("_", "-")
    return "X-CSRFToken" if name == "X-CSRFTOKEN" else name.title()


class _Csrf(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> str:
        return reason  # What is answered is not a page.
