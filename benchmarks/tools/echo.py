"""An ASGI application that says what it hears, as `benchmarks/autobahn.py` wants it: at /send with send(), as any
application; at /outlet as Teahouse's sessions do, past it."""

from __future__ import annotations

from typing import Any, Final

from teahouse.live.outlet import outlet_for
from teahouse.live.sendqueue import Block

LIMIT: Final = 64 * 1024 * 1024


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    assert scope["type"] == "websocket"
    await receive()
    await send({"type": "websocket.accept"})
    if scope["path"] == "/outlet":
        await past_send(scope, receive, send)
    else:
        await with_send(receive, send)


async def with_send(receive: Any, send: Any) -> None:
    while (message := await receive())["type"] == "websocket.receive":
        await send(message | {"type": "websocket.send"})


async def past_send(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Texts; an outlet has nothing else. Both ways of writing keep their order."""
    outlet = outlet_for(scope, send, limit=LIMIT, on_slow=lambda: None, compressed=True)
    while (message := await receive())["type"] == "websocket.receive":
        if message.get("text") is not None:
            outlet.put(Block([message["text"]]))
        else:
            await send(message | {"type": "websocket.send"})
