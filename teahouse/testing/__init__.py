"""For the tests of projects that use Teahouse: a cast of people in a room, what was said there, and a live server.

    def test_a_paid_order_is_announced(db):
        cast = testing.cast("orders")
        pay(order)
        assert testing.posted("orders") == ["Order 7 was paid."]

`posted` sees what the test's own transaction left in the outbox, so it works in a `TestCase` that never commits. What
goes over sockets needs a server: the fixture `teahouse_server` of `teahouse.testing.pytest_plugin`, or
`LiveChatTestCase`. docs/testing.md has an example of each. All is loaded when first used: pytest reads a plugin before
Django is set up.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from teahouse.testing.casting import Cast, cast, posted
    from teahouse.testing.live import LiveChatTestCase
    from teahouse.testing.server import Server

__all__ = ["Cast", "LiveChatTestCase", "Server", "cast", "posted"]

_WHERE: Final = {
    "Cast": "casting", "cast": "casting", "posted": "casting", "LiveChatTestCase": "live", "Server": "server",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(import_module(f"teahouse.testing.{_WHERE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
