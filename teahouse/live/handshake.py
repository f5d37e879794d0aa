"""Who stands at the door: Origin, address and credentials of a WebSocket request. In: the ASGI scope.
Out: a `Handshake` for `live/session.py` and `live/plain.py`. Reads no database.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address, ip_network
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.http import parse_cookie

from teahouse.conf import conf

GUEST_COOKIE: Final = "teahouse_guest"
PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}


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
    right = origin is not None and is_right_origin(
        origin, headers.get(b"host", ""), scope.get("scheme", "ws")
    )
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


def is_right_origin(origin: str, host: str, scheme: str) -> bool:
    """Whether a page of `origin` may open a socket here.

    With a site address: the same scheme, host and port. Without one: the same as the Host header, which then has
    to be an address, localhost or this machine's name, because a name of somebody else's could point here (DNS
    rebinding). The scheme of the socket may differ from the page's behind a proxy that ends TLS.
    """
    site = conf().URL
    if site is not None:
        return _place(origin) == _place(site)
    try:
        page = urlsplit(origin)
        here = urlsplit(f"//{host}")
        page_port = page.port or PORTS.get(page.scheme)
        here_port = here.port or PORTS.get(scheme)
    except ValueError:
        return False
    if page.hostname is None or page.hostname != here.hostname or page_port != here_port:
        return False
    return is_own_name(page.hostname)


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
