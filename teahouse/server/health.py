"""`/health/live`: the process answers. `/health/ready`: it can serve, so traffic may be sent here.

Answered before Django: no database session, no thread and no Host header stand in the way of who watches.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final

from teahouse import __version__, database
from teahouse.followers.parked import parked
from teahouse.live import runtime
from teahouse.server.static import respond

SECONDS: Final = 3.0
"""How long the database may take for `SELECT 1` before it counts as lost."""


class Health:
    """The ASGI application in front: answers for `/health/`, passes everything else on."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/health/"):
            await self.inner(scope, receive, send)
            return
        match scope["path"].rstrip("/"):
            case "/health/live":
                status, facts = 200, {"state": "ok", "version": __version__}
            case "/health/ready":
                facts = await ready()
                status = 200 if facts["state"] in ("ok", "degraded") else 503
            case _:
                status, facts = 404, {"error": "There are /health/live and /health/ready."}
        body = b"" if scope["method"] == "HEAD" else json.dumps(facts).encode() + b"\n"
        await respond(
            send, status, [("Content-Type", "application/json"), ("Cache-Control", "no-store")], body
        )


async def ready() -> dict[str, Any]:
    """State `ok`, `degraded` (Redis is silent; all goes on, a little later), `starting`, `draining`, `unavailable`.

    `parked`: how many followers, listeners and webhooks, do not go on by themselves. The server can serve all the same.
    """
    running = runtime.current()
    if running is None:
        return {"state": "starting", "version": __version__}
    answers, waiting = await _of_database(running)
    facts: dict[str, Any] = running.health() | {
        "version": __version__,
        "database": answers,
        "parked": waiting,
    }
    if not answers:
        facts["state"] = "unavailable"
    elif facts.get("draining"):
        facts["state"] = "draining"
    return facts


async def _of_database(running: runtime.Runtime) -> tuple[bool, int | None]:
    """Whether it answers, and how many followers are parked."""
    try:
        async with asyncio.timeout(SECONDS):
            await running.readers.run(database.ping)
            return True, len(await running.readers.run(parked))
    except (database.Unavailable, TimeoutError):
        return False, None
