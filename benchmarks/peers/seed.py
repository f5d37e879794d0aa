"""The seed's application as its notes have it: a Channels consumer that puts everyone into a group and broadcasts.

    uvicorn benchmarks.peers.seed:application       LAYER=memory, redis or pubsub; the last two with REDIS_URL

It checks no rights, stores nothing, numbers nothing. The group is taken from the address, as in the notes' comments.
"""

from __future__ import annotations

import os
from typing import Any

import django
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings

REDIS = {"hosts": [os.environ.get("REDIS_URL", "redis://127.0.0.1:6379")], "capacity": 100_000}
LAYERS: dict[str, dict[str, Any]] = {
    "memory": {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": {"capacity": 100_000}},
    "redis": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": REDIS},
    "pubsub": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": REDIS["hosts"]},
    },
}

settings.configure(
    SECRET_KEY="only for benchmarks",
    ALLOWED_HOSTS=["*"],
    INSTALLED_APPS=["channels"],
    CHANNEL_LAYERS={"default": LAYERS[os.environ.get("LAYER", "memory")]},
)
django.setup()

from django.core.asgi import get_asgi_application  # noqa: E402
from django.urls import re_path  # noqa: E402


class WsData(AsyncWebsocketConsumer):
    """The seed's consumer, but for its prints."""

    async def websocket_connect(self, message: Any) -> None:
        self.groupname = self.scope["url_route"]["kwargs"].get("group") or "main"
        self.tip = f'<span style="color:grey;width:100%;font-size:12px">{self.channel_name}:</span><br>'
        await self.channel_layer.group_add(self.groupname, self.channel_name)
        await self.accept()
        await self.send(self.tip + "[已连接!]")

    async def websocket_disconnect(self, message: Any) -> None:
        await self.channel_layer.group_discard(self.groupname, self.channel_name)

    async def websocket_receive(self, message: Any) -> None:
        await self.channel_layer.group_send(self.groupname, {"type": "send_msg", "message": message})

    async def send_msg(self, event: Any) -> None:
        msg = event["message"]["text"]
        if msg == "close":
            await self.send("[后端服务器关闭连接]")
            await self.close()
            return
        await self.send(self.tip + msg)


application = ProtocolTypeRouter(
    {
        "http": get_asgi_application(),
        "websocket": URLRouter([re_path(r"^wsmsg/?(?P<group>\w+)?", WsData.as_asgi())]),  # type: ignore[arg-type, list-item]
    }
)
