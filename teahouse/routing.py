"""The WebSocket addresses: `websocket_urlpatterns` for the project's own `URLRouter`."""

from __future__ import annotations

from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import re_path

from teahouse.live.plain import PlainSession
from teahouse.live.runtime import lifespan
from teahouse.live.session import Session


def _route(pattern: str, application: Any) -> Any:
    # Django's stubs know views only; Channels routes to ASGI applications.
    return re_path(pattern, application)


# A group is \w+ after NFC, which a composed letter is and a decomposed one is not: the session checks it.
websocket_urlpatterns = [
    _route(r"^ws/?$", Session.as_asgi()),
    _route(r"^wsmsg(?:/(?P<group>[^/]+))?/?$", PlainSession.as_asgi()),
]


async def _no_such_address(scope: Any, receive: Any, send: Any) -> None:
    """Accepts before it refuses: browsers show a refused handshake only as 1006."""
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": 4004, "reason": "no such address"})


def application(http: Any) -> Any:
    """An ASGI application with Teahouse's sockets beside the project's own HTTP application."""
    websocket = URLRouter([*websocket_urlpatterns, _route(r"", _no_such_address)])
    return ProtocolTypeRouter({"http": http, "websocket": websocket, "lifespan": lifespan})
