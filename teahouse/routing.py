"""What goes into an ASGI application beside the project's own: `application` wires all of it; `websocket_urlpatterns`
and `OverHttp` are for a project that wires its own.

`application` finds its addresses where `urls.py` has `include("teahouse.urls")`: the prefix stands there alone.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from channels.routing import ProtocolTypeRouter
from django.urls import re_path

from teahouse.live.addresses import own_address, path_of
from teahouse.live.over_http import OverHttp
from teahouse.live.plain import PlainSession
from teahouse.live.runtime import lifespan
from teahouse.live.session import Session

__all__ = ["OverHttp", "application", "websocket_urlpatterns"]


def _route(pattern: str, application: Any) -> Any:
    # Django's stubs know views only; Channels routes to ASGI applications.
    return re_path(pattern, application)


# A group is \w+ after NFC, which a composed letter is and a decomposed one is not: the session checks it.
websocket_urlpatterns = [
    _route(r"^ws/?$", Session.as_asgi()),
    _route(r"^wsmsg(?:/(?P<group>[^/]+))?/?$", PlainSession.as_asgi()),
]


async def _no_such_address(receive: Any, send: Any) -> None:
    """Accepts before it refuses: browsers show a refused handshake only as 1006."""
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": 4004, "reason": "no such address"})


def application(http: Any) -> Any:
    """An ASGI application with Teahouse's sockets beside the project's own HTTP application, and before that what
    stands in for them where no socket gets through.

    The sockets are below the prefix of `teahouse.urls`: `/chat/ws/` with `path("chat/", include("teahouse.urls"))`.
    A project that has WebSockets of its own routes them itself, with `websocket_urlpatterns` among them.
    """
    return ProtocolTypeRouter({"http": OverHttp(http), "websocket": _Sockets(), "lifespan": lifespan})


class _Sockets:
    """Routes what is below the prefix of our pages, and at the root what the plain protocol's clients know.

    Channels' `URLRouter` would do, but with a second copy of the scope and two coroutines that only wait for the next:
    1.2 KB for as long as the session lives, and 25 µs of each connect.
    """

    routes = websocket_urlpatterns  # As the router has them: `teahouse doctor` looks there.

    def __call__(self, scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        path = path_of(scope)
        prefix = own_address("home", near=path)
        if prefix is not None and path.startswith(prefix):
            path = path.removeprefix(prefix)
        for route in self.routes:
            if found := route.pattern.match(path.lstrip("/")):
                _, args, kwargs = found
                routed = dict(scope, url_route={"args": args, "kwargs": kwargs})
                session: Awaitable[None] = route.callback.consumer_class()(routed, receive, send)
                return session
        return _no_such_address(receive, send)
