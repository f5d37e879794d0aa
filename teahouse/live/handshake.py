"""Who stands at the door: Origin, address and credentials of a WebSocket request. In: the ASGI scope.
Out: a `Handshake` for `live/session.py` and `live/plain.py`. Reads no database.
"""

from __future__ import annotations

import logging
import socket
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from ipaddress import ip_address, ip_network
from threading import Lock
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, parse_cookie
from django.http.request import validate_host
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.http import is_same_domain

from teahouse.conf import conf

GUEST_COOKIE: Final = "teahouse_guest"
PORTS: Final = {"http": 80, "https": 443}
PAGES: Final = {"ws": "http", "wss": "https"}

log = logging.getLogger("teahouse.handshake")

ORIGINS_TOLD: Final = 100
"""Anybody may bring another one: the log has to end somewhere."""

_told: set[str] = set()
_told_lock = Lock()


@dataclass(slots=True, frozen=True)
class Handshake:
    """What a connection brought along.

    Attributes:
        address: the client's, through `PROXIES` where the request came from one.
        origin_is_wrong: a browser on a page of somebody else.
        session_key: of the login cookie; only with a right Origin, which no other page can send.
        ticket: of the guest cookie; likewise.
        bearer: of the Authorization header.
        name: of the query, for a guest on the plain endpoint.
    """

    address: str
    origin_is_wrong: bool
    session_key: str | None
    ticket: str | None
    bearer: str | None
    name: str | None


def handshake(scope: Any) -> Handshake:
    """Reads what the request brought along."""
    headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    origin = headers.get(b"origin")
    right = origin is not None and is_right_origin(origin, _request(scope))
    if origin is not None and not right:
        tell_of_wrong_origin(origin)
    cookies = parse_cookie(headers.get(b"cookie", "")) if right else {}
    scheme, _, bearer = headers.get(b"authorization", "").partition(" ")
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"), encoding="utf-8", errors="replace")
    return Handshake(
        address=client_address((scope.get("client") or ("", 0))[0], headers.get(b"x-forwarded-for", "")),
        origin_is_wrong=origin is not None and not right,
        session_key=cookies.get(settings.SESSION_COOKIE_NAME) or None,
        ticket=cookies.get(GUEST_COOKIE) or None,
        bearer=bearer.strip() if scheme.lower() == "bearer" else None,
        name=query.get("name", [None])[0],
    )


def _request(scope: Any) -> HttpRequest:
    """The socket's request as one for a page, for what Django knows of proxies: SECURE_PROXY_SSL_HEADER and
    USE_X_FORWARDED_HOST."""
    given = scope.get("scheme", "http")
    scheme = PAGES.get(given, given)
    # The type of a body is read at once, and a malformed one raises; here there is no body.
    headers = [(name, value) for name, value in scope["headers"] if name.lower() != b"content-type"]
    return ASGIRequest({**scope, "method": "GET", "scheme": scheme, "headers": headers}, BytesIO())


def is_right_origin(origin: str, request: HttpRequest) -> bool:
    """Whether a page of `origin` may ask here.

    With a site address: the same scheme, host and port. Without one a page of this very host, whose name has to be one
    that nobody else can point here (DNS rebinding): an address, localhost, this machine's name, or one that
    ALLOWED_HOSTS names. "*" there names none. Where the request does not tell the page's port, as behind a proxy that
    ends TLS and does not say so, CSRF_TRUSTED_ORIGINS may. What is trusted there and is elsewhere may send forms,
    which is less than to read what is said.
    """
    site = conf().URL
    if site is not None:
        return _place(origin) == _place(site)
    page = _place(origin)
    if page is None or not (name := page[1]):
        return False
    scheme = request.scheme or "http"
    if page[1:] == _place_of(request.META.get("HTTP_HOST", ""), scheme) and is_own_name(name):
        return True
    try:
        here = _place_of(request.get_host(), scheme)
    except DisallowedHost:
        here = None
    if here is not None and page[1:] == here and _is_named(name):
        return True
    return _is_trusted(origin) and (_is_named(name) or (here is not None and name == here[0]))


def _place_of(host: str, scheme: str) -> tuple[str, int | None] | None:
    """Name and port of a Host header."""
    place = _place(f"{scheme}://{host}")
    return place and place[1:]


def _is_named(host: str) -> bool:
    """Whether ALLOWED_HOSTS names the host or its domain; "*" would be any name that was pointed here."""
    return validate_host(host, [pattern for pattern in settings.ALLOWED_HOSTS if pattern != "*"])


def _is_trusted(origin: str) -> bool:
    """Whether CSRF_TRUSTED_ORIGINS has it, as Django reads them."""
    trusted = CsrfViewMiddleware(no_view)
    parts = urlsplit(origin)
    return origin in trusted.allowed_origins_exact or any(
        is_same_domain(parts.netloc, domain)
        for domain in trusted.allowed_origin_subdomains.get(parts.scheme, ())
    )


def no_view(request: HttpRequest) -> HttpResponse:
    """Django's middleware wants one before which it stands, not exempt; it is asked what it thinks, and calls none."""
    raise NotImplementedError


def tell_of_wrong_origin(origin: str) -> None:
    """In the log, once for each: whoever serves the site for the first time sees nothing else that says why."""
    with _told_lock:
        if origin in _told or len(_told) >= ORIGINS_TOLD:
            return
        _told.add(origin)
    log.warning(
        'A page of %.200r was not let in: %s. If it is a page of this site, set TEAHOUSE["URL"] to that address.',
        origin,
        f"the site is {conf().URL}"
        if conf().URL
        else "neither ALLOWED_HOSTS nor CSRF_TRUSTED_ORIGINS names it",
    )


def is_own_name(host: str) -> bool:
    """Whether a host is an address, localhost or this machine's name."""
    try:
        ip_address(host)
    except ValueError:
        return host in _own_names()
    return True


@cache
def _own_names() -> frozenset[str]:
    name = socket.gethostname().lower()
    return frozenset({"localhost", name, f"{name.partition('.')[0]}.local", socket.getfqdn().lower()})


def _place(url: str) -> tuple[str, str, int | None] | None:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname or "", parts.port or PORTS.get(parts.scheme)
    except ValueError:
        return None


def client_address(peer: str, forwarded: str) -> str:
    """The client's address: the last in X-Forwarded-For that is no proxy of ours, if the peer is one; else the peer."""
    proxies = conf().PROXIES
    if not proxies or not forwarded or not _is_in(peer, proxies):
        return peer
    hops = [hop.strip() for hop in forwarded.split(",")]
    for hop in reversed(hops):
        if not _is_in(hop, proxies):
            return hop
    return hops[0]


def _is_in(address: str, networks: tuple[str, ...]) -> bool:
    try:
        own = ip_address(address)
    except ValueError:
        return False
    return any(own in ip_network(network, strict=False) for network in networks)
