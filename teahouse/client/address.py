"""From what a person types to the address of the JSON protocol. Pure."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, quote, unquote, urlsplit

SCHEMES: Final = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}


def endpoint(url: str) -> str:
    """The WebSocket's address of a chat: that of its page, `https://chat.example.org/`, or of the endpoint itself.

    Raises:
        ValueError: what is wrong, and what is right.
    """
    parts = _split(url)
    path = parts.path.partition("rooms/")[0].rstrip("/")
    if not path.endswith("/ws"):
        path += "/ws"
    return f"{SCHEMES[parts.scheme]}://{parts.netloc}{quote(path, safe='/%')}/"


def room_of(url: str) -> str | None:
    """The room that a page's address names, as a browser shows it; None where it names none."""
    _, slash, rest = _split(url).path.partition("/rooms/")
    return unquote(rest.partition("/")[0]) or None if slash else None


def _split(url: str) -> SplitResult:
    given = url.strip()
    if "://" not in given:
        given = f"{'http' if _is_here(given) else 'https'}://{given}"
    parts = urlsplit(given)
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise ValueError(f"{url!r} is no address of a chat; it looks like https://chat.example.org/")
    _ = parts.port  # Raises where it is no number.
    return parts


def _is_here(given: str) -> bool:
    """Without a scheme: this machine and bare addresses seldom have a certificate, names have."""
    host = urlsplit(f"//{given}").hostname or ""
    if host == "localhost":
        return True
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
