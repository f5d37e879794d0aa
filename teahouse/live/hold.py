"""Places where a test can hold the program, so that what has to happen exactly then does. Pure; without effect in
normal operation, where nothing is ever put into `hold`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

PLACES: Final = {"resume:page-read": "a resume has read its page and is not live yet"}

hold: dict[str, Callable[[], Awaitable[None]]] = {}


async def pause_at(place: str) -> None:
    """Waits where a test holds this place."""
    if hold and place in hold:
        await hold[place]()
