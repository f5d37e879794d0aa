"""Teahouse: live group chat for Django.

What a project calls: `teahouse.post(room, text)` says something as part of the caller's transaction, and
`teahouse.emit(room, OrderPaid(…))` tells of an event that the project has declared with `teahouse.event`;
`teahouse.signal(room, "lorry.moved", {…})` shows something for a moment; a function under `@teahouse.listen("message")`
reacts to what happens. `apost`, `aemit`, `asignal` are the same for async code. All are loaded when first used, since
a project imports this package before Django is set up.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from teahouse.declared import event
    from teahouse.followers.listening import listen
    from teahouse.outbox import aemit, apost, emit, post
    from teahouse.showing import asignal, signal

__version__ = "0.1.0.dev0"
__all__ = ["__version__", "aemit", "apost", "asignal", "emit", "event", "listen", "post", "signal"]

_WHERE = {
    "aemit": "outbox",
    "apost": "outbox",
    "asignal": "showing",
    "emit": "outbox",
    "event": "declared",
    "listen": "followers.listening",
    "post": "outbox",
    "signal": "showing",
}


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(import_module(f"teahouse.{_WHERE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
