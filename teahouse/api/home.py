"""Where a request is carried out. In: a request on some thread. Out: the runtime of this process.

In a process with sockets that is theirs. Under ASGI without them it begins on the server's own loop, as the first
session would begin it. Under WSGI there is no loop: a thread gets one, which lives as long as the process. It numbers
and stores as all processes do, under the database's locks, and others hear of it over the bus or from the database.
"""

from __future__ import annotations

import asyncio
import threading

from asgiref.sync import async_to_sync
from django.http import HttpRequest

from teahouse.live import runtime
from teahouse.live.runtime import Runtime

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_thread: threading.Thread | None = None


def running(request: HttpRequest) -> Runtime:
    """The runtime of this process, begun where there is none yet. Not on an event loop."""
    current = runtime.current()
    if current is not None:
        return current
    if hasattr(request, "scope"):
        # A view's thread: this runs on the loop that the request came from.
        begun: Runtime = async_to_sync(runtime.start)()
        return begun
    return asyncio.run_coroutine_threadsafe(runtime.start(), _own_loop()).result()


def _own_loop() -> asyncio.AbstractEventLoop:
    global _loop, _thread
    with _lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            _thread = threading.Thread(target=_loop.run_forever, name="teahouse-loop", daemon=True)
            _thread.start()
        return _loop


def close() -> None:
    """Ends the runtime and the loop that were begun here; for tests, and for who wants to end in order."""
    global _loop, _thread
    with _lock:
        if _loop is not None and _thread is not None:
            asyncio.run_coroutine_threadsafe(runtime.stop(), _loop).result()
            _loop.call_soon_threadsafe(_loop.stop)
            _thread.join()
            _loop.close()
            _loop = _thread = None
