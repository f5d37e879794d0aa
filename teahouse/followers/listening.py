"""What a project writes to react to events.

    @teahouse.listen("message", rooms="order-*", name="billing")
    def bill(event):
        Invoice.objects.get_or_create(key=event.key, defaults={"text": event.text})

In `listeners.py` of any of its apps, which is imported when Django is ready.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final, TypeVar

from asgiref.sync import async_to_sync
from pydantic import BaseModel

from teahouse import declared
from teahouse.followers.follower import OWN, Begin, Follower, Heard
from teahouse.models.followers import NAME_LENGTH

React = Callable[[Heard], object] | Callable[[Heard], Awaitable[object]]
F = TypeVar("F", bound=Callable[[Heard], Any])

EVERYTHING: Final = "*"
_listeners: dict[str, Listener] = {}


@dataclass(eq=False)
class Listener(Follower):
    """A function of the project that follows rooms."""

    name: str
    kinds: frozenset[str]
    rooms: tuple[str, ...]
    react: Callable[[Heard], object]
    begin: Begin = "now"

    def wants(self, room: str) -> bool:
        return not self.rooms or any(fnmatchcase(room, one) for one in self.rooms)

    def cares(self, event: Heard) -> bool:
        return event.kind in self.kinds or EVERYTHING in self.kinds

    def hand(self, event: Heard) -> None:
        self.react(event)


def listen(
    *kinds: str | type[BaseModel],
    rooms: str | Iterable[str] = (),
    name: str | None = None,
    begin: Begin = "now",
) -> Callable[[F], F]:
    """Has a function, sync or async, hear of events of rooms: each at least once, those of a room in their order, in
    one process at a time. One at which it raises is handed to it again, later and later, before all else of that room.

    Args:
        kinds: names of events, such as `message`, or of the project's own, or their models; "*": all.
        rooms: names of rooms, which may have `*` and `?` in them; none: all rooms.
        name: what its positions are stored under: keep it when the function moves. Its full name by default.
        begin: "now": at what is new when it is first run; "start": at the start of every room.

    Raises:
        ValueError: a kind or the name cannot be taken.
    """
    if begin not in ("now", "start"):
        raise ValueError(f'begin is "now" or "start", not {begin!r}')
    heard = frozenset(_kind(kind) for kind in kinds)
    if not heard:
        raise ValueError(f"listen to what? Name events, such as {', '.join(sorted(OWN))}, or '*' for all")
    wanted = (rooms,) if isinstance(rooms, str) else tuple(rooms)

    def register(function: F) -> F:
        called = name or f"{function.__module__}.{function.__qualname__}"
        if not 0 < len(called) <= NAME_LENGTH or called.startswith("hook-"):
            raise ValueError(
                f"{called!r}: a name has 1 to {NAME_LENGTH} characters and does not begin with 'hook-'"
            )
        known = _listeners.get(called)
        if known is not None and _where(known.react) != _where(function):
            raise ValueError(f"{_where(known.react)} listens as {called!r} already; give another name")
        react = async_to_sync(function) if inspect.iscoroutinefunction(function) else function
        _listeners[called] = Listener(called, heard, wanted, _named(react, function), begin)
        return function

    return register


def listeners() -> list[Listener]:
    """All that were registered."""
    return list(_listeners.values())


def _kind(kind: str | type[BaseModel]) -> str:
    if not isinstance(kind, str):
        return declared.name_of(kind)
    if kind in OWN or kind == EVERYTHING:
        return kind
    if "." not in kind:
        raise ValueError(f"{kind!r} is no event of rooms; there are {', '.join(sorted(OWN))}, and your own")
    declared.check_name(kind)
    return kind


def _named(react: Callable[[Heard], object], function: Callable[..., Any]) -> Callable[[Heard], object]:
    def call(event: Heard) -> object:
        return react(event)

    call.__module__, call.__qualname__ = function.__module__, function.__qualname__
    return call


def _where(function: Callable[..., Any]) -> str:
    return f"{function.__module__}.{function.__qualname__}"
