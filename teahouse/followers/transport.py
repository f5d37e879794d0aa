"""Requests over connections to addresses that were looked at. In: a URL and a body. Out: an answer, for
`outside.py`."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

from teahouse.followers.outside import ANSWER_BYTES, SECONDS, Address, Answer, Failed, Refused, is_allowed


class _Backend(httpcore.SyncBackend):
    """Connects to addresses that were looked at, and to nothing else."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        error: Exception = httpcore.ConnectError(f"{host} has no address")
        addresses = resolved(host, port)
        for address in addresses:
            if not is_allowed(address):
                raise Refused(f"{host} leads to {address}, an inner address, which hooks do not reach")
        for address in addresses:
            try:
                return super().connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                error = failed
        raise error

    def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.NetworkStream:
        raise Refused("hooks reach no sockets of this machine")


def resolved(host: str, port: int) -> list[Address]:
    """The addresses of a name, in the system's order.

    Raises:
        httpcore.ConnectError: it has none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as unknown:
        raise httpcore.ConnectError(f"{host} cannot be found: {unknown}") from None
    return list(dict.fromkeys(ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found))


class _Transport(httpx.HTTPTransport):
    def __init__(self) -> None:
        super().__init__(trust_env=False)
        ssl_context = httpx.create_ssl_context(trust_env=False)
        # httpx has no other way to say how to connect; a test asks it for an inner address.
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl_context, network_backend=_Backend(), max_keepalive_connections=0
        )


def post(url: str, body: bytes, headers: dict[str, str]) -> Answer:
    """As `outside.post`."""
    try:
        return _post(url, body, headers)
    except (httpx.HTTPError, httpx.InvalidURL) as wrong:
        raise Failed(f"{type(wrong).__name__}: {wrong}") from wrong


def _post(url: str, body: bytes, headers: dict[str, str]) -> Answer:
    began = time.monotonic()
    with (
        httpx.Client(
            transport=_Transport(), timeout=SECONDS, follow_redirects=False, trust_env=False
        ) as client,
        client.stream("POST", url, content=body, headers=headers) as answer,
    ):
        read = b""
        for part in answer.iter_raw():
            read += part
            if len(read) >= ANSWER_BYTES or time.monotonic() - began > 2 * SECONDS:
                break
        text = read[:ANSWER_BYTES].decode(errors="replace").replace("\x00", "\ufffd")
        milliseconds = round((time.monotonic() - began) * 1000)
        return Answer(answer.status_code, text, _seconds(answer.headers.get("retry-after")), milliseconds)


def _seconds(text: str | None) -> float | None:
    return min(float(text), 3600.0) if text is not None and text.isascii() and text.isdecimal() else None
