"""Teahouse: live group chat for Django.

What a project calls: `teahouse.room_for(order)` is the room on an object; `teahouse.post(room, text)` says something in
one as part of the caller's transaction, and `teahouse.emit(room, OrderPaid(…))` tells of an event that the project has
declared with `teahouse.event`; `teahouse.signal(room, "lorry.moved", {…})` shows something for a moment; a function
under `@teahouse.listen("message")` reacts to what happens; `teahouse.rights_changed(order)` asks the project's
`teahouse.Policy` anew. With an `a` before them, such as `apost`, they are for async code. All are loaded when first
used, since a project imports this package before Django is set up.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from teahouse.actions.policy import arights_changed, rights_changed
    from teahouse.declared import event
    from teahouse.followers.listening import listen
    from teahouse.outbox import aemit, apost, emit, post
    from teahouse.policy import Policy
    from teahouse.showing import asignal, signal
    from teahouse.subjects import aroom_for, room_for

__version__ = "0.1.0.dev0"
__all__ = [
    "Policy",
    "__version__",
    "aemit",
    "apost",
    "arights_changed",
    "aroom_for",
    "asignal",
    "emit",
    "event",
    "listen",
    "post",
    "rights_changed",
    "room_for",
    "signal",
]

WHERE: Final = {
    "Policy": "policy",
    "aemit": "outbox",
    "apost": "outbox",
    "arights_changed": "actions.policy",
    "aroom_for": "subjects",
    "asignal": "showing",
    "emit": "outbox",
    "event": "declared",
    "listen": "followers.listening",
    "post": "outbox",
    "rights_changed": "actions.policy",
    "room_for": "subjects",
    "signal": "showing",
}


def __getattr__(name: str) -> Any:
    if name in WHERE:
        return getattr(import_module(f"teahouse.{WHERE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
