"""A client of the chat for programs: bots, scripts, tests. It knows no Django and needs no settings.

`Client` is for asyncio, `SyncClient` for code without it. How to use them: docs/clients.md.
"""

from teahouse.client.client import Client
from teahouse.client.errors import ClientError, Closed, Disconnected, Refused, RoomLost, Unreachable
from teahouse.client.room import Room
from teahouse.client.sync import SyncClient, SyncRoom

__all__ = [
    "Client",
    "ClientError",
    "Closed",
    "Disconnected",
    "Refused",
    "Room",
    "RoomLost",
    "SyncClient",
    "SyncRoom",
    "Unreachable",
]
