"""Requests over connections to addresses that were looked at. In: a URL and a body. Out: an answer, for
`outside.py`."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future
from typing import Any, Final

import httpcore
import httpx
from django.utils.http import parse_http_date_safe

from teahouse.followers.outside import ANSWER_BYTES, SECONDS, Address, Answer, Failed, Refused, is_allowed

TOTAL_SECONDS: Final = 2 * SECONDS
"""For all of a delivery. httpx waits for each piece anew: who sends a byte of a header now and then would hold a thread
for as long as it likes."""
PIECE: Final = 16_384
MOST_SECONDS: Final = 3600.0


class _Timed(httpcore.NetworkStream):
    """A connection that is waited for until `deadline` at most."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: float) -> None:
        self._inner, self._deadline = inner, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(self._deadline, timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), PIECE):
            left = _left(self._deadline, timeout, httpcore.WriteTimeout)
            self._inner.write(buffer[start : start + PIECE], left)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(self._deadline, timeout, httpcore.ConnectTimeout)
        return _Timed(self._inner.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _left(deadline: float, timeout: float | None, over: type[httpcore.TimeoutException]) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise over(f"it took more than {TOTAL_SECONDS:g} s in all")
    return left if timeout is None else min(timeout, left)


class _Backend(httpcore.SyncBackend):
    """Connects to addresses that were looked at, and to nothing else."""

    def __init__(self) -> None:
        self._deadline = time.monotonic() + TOTAL_SECONDS

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        error: Exception = httpcore.ConnectError(f"{host} has no address")
        addresses = resolved(host, port, _left(self._deadline, None, httpcore.ConnectTimeout))
        for address in addresses:
            if not is_allowed(address):
                raise Refused(f"{host} leads to {address}, an inner address, which hooks do not reach")
        for address in addresses:
            left = _left(self._deadline, timeout, httpcore.ConnectTimeout)
            try:
                stream = super().connect_tcp(str(address), port, left, local_address, socket_options)
                return _Timed(stream, self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failed:
                error = failed
        raise error

    def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.NetworkStream:
        raise Refused("hooks reach no sockets of this machine")


_asked: dict[tuple[str, int], Future[list[Address]]] = {}
"""What the system is asked just now."""
_asked_lock = threading.Lock()


def resolved(host: str, port: int, seconds: float) -> list[Address]:
    """The addresses of a name, in the system's order.

    The system waits for a silent name server as long as its own settings say, and cannot be told to stop. So it is
    asked on a thread of its own, and whoever asks for the same name meanwhile waits for that one: no more threads hang
    than there are names.

    Raises:
        httpcore.ConnectError: it has none.
        httpcore.ConnectTimeout: there was no answer in so many seconds.
    """
    with _asked_lock:
        asked = _asked.get((host, port))
        if asked is None:
            asked = _asked[host, port] = Future()
            threading.Thread(target=_ask, args=(host, port, asked), name="teahouse-name", daemon=True).start()
    try:
        return asked.result(seconds)
    except TimeoutError:
        raise httpcore.ConnectTimeout(f"no name server said in {seconds:.3g} s where {host} is") from None


def _ask(host: str, port: int, asked: Future[list[Address]]) -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found]
        answer: list[Address] | Exception = list(dict.fromkeys(addresses))
    except (OSError, UnicodeError) as unknown:
        answer = httpcore.ConnectError(f"{host} cannot be found: {unknown}")
    except Exception as error:  # noqa: BLE001  Whoever waits for it is told.
        answer = error
    with _asked_lock:
        del _asked[host, port]
    if isinstance(answer, Exception):
        asked.set_exception(answer)
    else:
        asked.set_result(answer)


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
            if len(read) >= ANSWER_BYTES:
                break
        text = read[:ANSWER_BYTES].decode(errors="replace").replace("\x00", "\ufffd")
        milliseconds = round((time.monotonic() - began) * 1000)
        return Answer(answer.status_code, text, _seconds(answer.headers.get("retry-after")), milliseconds)


def _seconds(text: str | None) -> float | None:
    """What Retry-After asks for, in seconds or as a date (RFC 9110, 10.2.3); at most an hour."""
    if text is None:
        return None
    if text.isascii() and text.isdecimal():
        return min(float(text), MOST_SECONDS)
    date = parse_http_date_safe(text)
    return min(max(0.0, date - time.time()), MOST_SECONDS) if date is not None else None
