"""What an ASGI application waits for: its next message, and leave to go on. Next: wire.py, which holds both.

They stand in for an asyncio.Queue and an asyncio.Event: four deques and two dicts, 4 KB, which ten
thousand idle connections do not need.
"""

import asyncio
from typing import Any


class Inbox:
    """The messages for the application.

    The disconnect is the last message, the first one counts, and who asks again gets it again.
    """

    __slots__ = ("_end", "_messages", "_waiters")

    def __init__(self) -> None:
        self._messages: list[dict[str, Any]] = []
        self._end: dict[str, Any] | None = None
        self._waiters: list[asyncio.Future[None]] = []

    def __len__(self) -> int:
        """Messages that wait, the disconnect not counted."""
        return len(self._messages)

    def put_nowait(self, message: dict[str, Any]) -> None:
        if self._end is not None:
            return
        if message["type"] == "websocket.disconnect":
            self._end = message
        else:
            self._messages.append(message)
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def get(self) -> dict[str, Any]:
        while not self._messages:
            if self._end is not None:
                return self._end
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            try:
                await waiter
            finally:
                self._waiters.remove(waiter)
        return self._messages.pop(0)

    def clear(self) -> None:
        """Forget the messages that wait; the disconnect stays."""
        self._messages.clear()


class Gate:
    """An event that is made when somebody has to wait: whether send() may go on, whether an answer has left."""

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event: asyncio.Event | None = None

    def clear(self) -> None:
        if self._event is None:
            self._event = asyncio.Event()

    def set(self) -> None:
        if self._event is not None:
            self._event.set()
            self._event = None

    async def wait(self) -> None:
        if self._event is not None:
            await self._event.wait()
