"""The uvicorn server of one process: how it is set up, how it says that it is ready, how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, Final

import uvicorn

from teahouse.conf import conf
from teahouse.live import runtime
from teahouse.live.wirecheck import protocol_class
from teahouse.server.environ import current

log = logging.getLogger("teahouse.server")

BACKLOG: Final = 16_384
"""Connections that may wait to be accepted: ten thousand come back at once after a restart. The system's own bound
(net.core.somaxconn, 4096 on Linux) may be lower; then the others knock again after a second."""
COLLECTOR: Final = (20_000, 20, 100)
DRAIN_SECONDS: Final = 20
GRACE_SECONDS: Final = 10
FORCED_SECONDS: Final = 2
SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Server(uvicorn.Server):
    """uvicorn's server, which tells when it is ready, drains before it stops, and ends with status 0."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        _calm_collector()
        if self.started and not self.should_exit:
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Nobody new comes in; who is here is told to come back elsewhere; what was begun is ended."""
        for server in self.servers:
            server.close()
        running = runtime.current()
        if running is not None:
            await self._unless_forced(running.drain())
        await super().shutdown(sockets=sockets)
        if self.force_exit:
            # uvicorn leaves this out then; what was accepted is to be stored all the same.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.lifespan.shutdown(), FORCED_SECONDS)
        gc.unfreeze()  # What is dropped at the end is closed as ever.

    async def _unless_forced(self, work: Any) -> None:
        """Awaits `work`, at most DRAIN_SECONDS and not beyond a second Ctrl-C."""
        task = asyncio.ensure_future(work)
        loop = asyncio.get_running_loop()
        end = loop.time() + DRAIN_SECONDS
        while not task.done() and not self.force_exit and loop.time() < end:
            await asyncio.wait([task], timeout=0.1)
        if not task.done():
            task.cancel()
        elif (error := task.exception()) is not None:
            log.error("Sessions could not be told to come back", exc_info=error)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, but the signal is not raised again at the end: to be stopped is no failure."""
        before = {number: signal.signal(number, self.handle_exit) for number in self._handled()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        self.should_exit = True

    def _handled(self) -> list[signal.Signals]:
        # Under nohup a hang-up is ignored, and a worker's terminal signals are its parent's business.
        return [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]


def _calm_collector() -> None:
    """Tells Python's garbage collector that what is loaded now stays, and to look less often at what comes.

    A session is some two hundred objects that stay as well: with the usual thresholds a crowd that comes had them
    looked through again and again, for a quarter of the processor's time (730 µs a session, now 550).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTOR)


def make_server(on_ready: Callable[[], None]) -> Server:
    """The server of this process; call it before an event loop runs."""
    from django.urls import get_resolver

    from teahouse.server.asgi import application

    # Imports all pages now: a fault in one is found here, and the first visitor does not wait.
    assert get_resolver().url_patterns

    environment = current()
    config = uvicorn.Config(
        application,
        loop="uvloop",
        http="httptools",
        ws=protocol_class(),
        ws_max_size=conf().LIMITS.frame,
        # Where our wire does not fit, tens of kilobytes for each connection; docs/design/wire.md has the measurements.
        ws_per_message_deflate=conf().COMPRESSION,
        # The ping wheel of live/ does it for all sessions together.
        ws_ping_interval=None,
        lifespan="on",
        log_config=None,
        access_log=environment.access_log,
        proxy_headers=bool(environment.proxies),
        forwarded_allow_ips=list(environment.proxies),
        server_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE_SECONDS,
        # The number of processes is ours to say, not WEB_CONCURRENCY's.
        workers=1,
    )
    return Server(config, on_ready)
