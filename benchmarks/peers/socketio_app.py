"""python-socketio at its best: rooms in memory, WebSocket only, on uvicorn. It stores nothing and checks nothing."""

from __future__ import annotations

from typing import Any

import socketio

server = socketio.AsyncServer(async_mode="asgi", transports=["websocket"], cors_allowed_origins="*")
application = socketio.ASGIApp(server)


async def join(sid: str, room: str) -> None:
    await server.enter_room(sid, room)
    await server.emit("joined", to=sid)


async def say(sid: str, room: str, text: Any) -> None:
    await server.emit("say", text, room=room)


server.on("join", join)
server.on("say", say)
