"""In: the headers of a WebSocket request. Out: the same, sharing what others have too. Next: wire.py.

A scope lives as long as its session, and any layer of the application may still read its headers. Twelve of a browser's
fourteen are the same in all windows of one kind, at 150 bytes each.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

Header = tuple[bytes, bytes]

OWN: Final = frozenset(
    {b"authorization", b"cookie", b"proxy-authorization", b"sec-websocket-key", b"x-forwarded-for"}
)
"""What is different for each, and some of it secret: not kept."""
LONGEST: Final = 256
MOST: Final = 1024

_known: dict[Header, Header] = {}


def shared(headers: Iterable[Header]) -> list[Header]:
    """The same headers in the same order."""
    return [_shared(header) for header in headers]


def _shared(header: Header) -> Header:
    known = _known.get(header)
    if known is not None:
        return known
    name, value = header
    if name.lower() in OWN or len(name) + len(value) > LONGEST:
        return header
    if len(_known) >= MOST:
        _known.clear()  # Somebody makes them up. Those who are there keep theirs.
    _known[header] = header
    return header
