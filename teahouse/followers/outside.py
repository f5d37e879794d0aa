"""Requests to addresses that people have typed in, which must reach nothing inside. In: a URL and a body. Out: a
status.

A name is resolved once, each of its addresses is looked at, and the connection goes to one that was looked at: a name
that leads elsewhere a moment later (DNS rebinding) leads nowhere. Redirects are not followed, proxies of the
environment not used.
"""

from __future__ import annotations

import ipaddress
from functools import cache
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from teahouse.conf import conf

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

SECONDS: Final = 10.0
"""For each of: connecting, sending, an answer; and twice that for all of it."""
ANSWER_BYTES: Final = 2_000
"""So much of an answer is read, and no more waited for."""
# What `is_global` lets through: addresses in which an inner IPv4 address can be written.
_WRAPS: Final = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))


class Refused(Exception):
    """The address may not be asked; the message says why."""


class Answer(NamedTuple):
    """What came back. `text`: its beginning."""

    status: int
    text: str
    retry_after: float | None
    milliseconds: int


def is_outer(address: Address) -> bool:
    """Whether an address is one of the internet, and none of the machine, its network, or a cloud's inside."""
    if isinstance(address, ipaddress.IPv6Address):
        inside = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inside is not None:
            return is_outer(inside) and (address.ipv4_mapped is not None or address.is_global)
        if any(address in network for network in _WRAPS):
            return is_outer(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
        if address.is_site_local or int(address) >> 32 == 0:  # ::1.2.3.4, long out of use
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


@cache
def _networks(listed: tuple[str, ...]) -> list[Network]:
    return [ipaddress.ip_network(one) for one in listed]


def is_allowed(address: Address) -> bool:
    """Whether a hook may reach it: an outer one, or one of the networks in `HOOKS_INNER`."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return is_outer(address) or any(
        address.version == network.version and address in network for network in _networks(conf().HOOKS_INNER)
    )


def check(url: str) -> str:
    """A URL that a hook may have, as it is kept. Whether its name leads somewhere is looked at with each request.

    Raises:
        ValueError: it is none, or names an inner address.
    """
    url = url.strip()
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as wrong:
        raise ValueError(f"this is no address: {wrong}") from None
    if parts.scheme not in ("https", "http") or not host or port == 0:
        raise ValueError("an address begins with https:// or http:// and names a host")
    if parts.username is not None or parts.password is not None:
        raise ValueError("an address has no name and password in it; the receiver looks at the signature")
    if len(url) > 1000 or not url.isascii() or any(one <= " " for one in url):
        raise ValueError("an address has at most 1000 ASCII characters and no blanks")
    try:
        literal: Address | None = ipaddress.ip_address(host)
    except ValueError:
        literal = None
    if (literal is not None and not is_allowed(literal)) or (
        host.rstrip(".").endswith("localhost") and not is_allowed(ipaddress.ip_address("127.0.0.1"))
    ):
        raise ValueError(f"{host} is an inner address, which hooks do not reach")
    return url


class Failed(Exception):
    """Nothing was answered in time, or what came was no HTTP; the message says why."""


def post(url: str, body: bytes, headers: dict[str, str]) -> Answer:
    """Sends it, and what was answered. Anything but 2xx is an answer too.

    Raises:
        Refused: the address is an inner one.
        Failed: there was no answer.
    """
    # Loaded by who has webhooks alone: it takes a third as much memory as all of Django.
    from teahouse.followers import transport

    return transport.post(url, body, headers)
