"""Begins the runtime with the first request, where the server has no lifespan to begin it with (daphne, runserver).

What waits in the outbox and what follows the journal need it, whether anybody opens a socket or not.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from teahouse.live import runtime

log = logging.getLogger("teahouse.runtime")

AGAIN_SECONDS: Final = 5.0
"""After so long the next request tries once more, where it could not begin."""

_task: asyncio.Task[None] | None = None
_due = float("-inf")


def begin() -> None:
    """Begins it, if it has not begun. On the server's loop; does not wait, never fails."""
    global _task, _due
    if runtime.current() is not None or (_task is not None and not _task.done()):
        return
    loop = asyncio.get_running_loop()
    if loop.time() >= _due:
        _due = loop.time() + AGAIN_SECONDS
        _task = loop.create_task(_begin())


async def _begin() -> None:
    try:
        await runtime.start()
    except Exception as error:  # noqa: BLE001  Such as tables that are not there yet; sessions are told by themselves.
        log.warning("Teahouse could not begin, once more with a request: %s: %s", type(error).__name__, error)
