"""Teahouse: live group chat for Django.

What a project calls: `teahouse.room_for(order)` is the room on an object, `teahouse.post(room, text)` says something in
one as part of the caller's transaction, `teahouse.rights_changed(order)` asks the project's `teahouse.Policy` anew.
With an `a` before them, such as `apost`, they are for async code. They are loaded when first used, since a project
imports this package before Django is set up.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from teahouse.actions.policy import arights_changed, rights_changed
    from teahouse.outbox import apost, post
    from teahouse.policy import Policy
    from teahouse.subjects import aroom_for, room_for

__version__ = "0.1.0.dev0"
__all__ = [
    "Policy",
    "__version__",
    "apost",
    "arights_changed",
    "aroom_for",
    "post",
    "rights_changed",
    "room_for",
]

WHERE: Final = {
    "Policy": "policy",
    "apost": "outbox",
    "arights_changed": "actions.policy",
    "aroom_for": "subjects",
    "post": "outbox",
    "rights_changed": "actions.policy",
    "room_for": "subjects",
}


def __getattr__(name: str) -> Any:
    if name in WHERE:
        return getattr(import_module(f"teahouse.{WHERE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
