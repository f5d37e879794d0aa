"""Teahouse: live group chat for Django.

What a project calls: `teahouse.post(room, text)` says something as part of the caller's transaction; `apost` is the
same for async code. They are loaded when first used, since a project imports this package before Django is set up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from teahouse.outbox import apost, post

__version__ = "0.1.0.dev0"
__all__ = ["__version__", "apost", "post"]


def __getattr__(name: str) -> Any:
    if name in ("apost", "post"):
        from teahouse import outbox

        return getattr(outbox, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
