"""What the chat calls to render a text: short texts here at once, the others in a process with a time limit.

A thread that hangs cannot be ended and keeps others from the interpreter; a process can be killed.
"""

import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path

from teahouse.limits import Bucket
from teahouse.render.markup import is_short, needs_markup, render_short
from teahouse.render.worker import WALL, Answer, receive, send

logger = logging.getLogger(__name__)

# Seconds of processor time for one text. The slowest honest text of 10,000 characters found takes 0.1 s.
LIMIT_SECONDS = 0.25
# Texts that wait for the worker; one more stays plain at once.
QUEUE = 32
# Seconds a text waits for those before it; then it stays plain. Nobody's message is held up longer by others'.
PATIENCE = 2.0
# Seconds for a worker to start (0.2 on an idle machine), and seconds until the next try after it could not.
START_SECONDS = 10.0
RETRY_SECONDS = 30.0

_START = "import sys; sys.path[:] = sys.argv[2:]; from teahouse.render.worker import main; main(float(sys.argv[1]))"


class Renderer:
    """Renders the texts of one process. Cheap to make: the worker starts with the first text that needs it.

    A text that cannot be rendered in time stays plain: the answer is None, as for one without markup.
    `stayed_plain` counts those, by reason: busy, time, failed.
    """

    def __init__(self, limit_seconds: float = LIMIT_SECONDS) -> None:
        self.stayed_plain: Counter[str] = Counter()
        self._worker = _Worker(limit_seconds, self.stayed_plain)
        self._places = threading.BoundedSemaphore(QUEUE)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="teahouse-render")
        weakref.finalize(self, self._worker.stop)
        render_short("*once*")  # so that no message waits for the rules to be compiled

    async def render(self, text: str) -> str | None:
        """Safe HTML of the text, or None where plain text says it all. A short text is never waited for."""
        if not needs_markup(text):
            return None
        if is_short(text):
            return render_short(text)
        if self._worker.stopped or not self._places.acquire(blocking=False):
            self.stayed_plain["busy"] += 1
            return None
        future = self._thread.submit(self._worker.ask, text, time.monotonic() + PATIENCE)
        future.add_done_callback(lambda _: self._places.release())
        return await asyncio.wrap_future(future)

    def render_sync(self, text: str) -> str | None:
        """As `render`, for code without an event loop; any thread may call it."""
        if not needs_markup(text):
            return None
        if is_short(text):
            return render_short(text)
        return self._worker.ask(text, time.monotonic() + PATIENCE)

    async def close(self) -> None:
        """End the worker. Texts that wait for it, or come later, stay plain."""
        await asyncio.to_thread(self._worker.stop)
        self._thread.shutdown(wait=False)


@cache
def _shared() -> Renderer:
    return Renderer()


def render_sync(text: str) -> str | None:
    """Renderer.render_sync of one renderer for the whole process, for code that posts without a server."""
    return _shared().render_sync(text)


class _Worker:
    """The process at the other end, started when it is needed and not there, one text at a time."""

    def __init__(self, limit: float, stayed_plain: Counter[str]) -> None:
        self._limit = limit
        self._stayed_plain = stayed_plain
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._peer: socket.socket | None = None
        self._start_after = 0.0
        self.stopped = False
        self._may_log = Bucket(rate=1 / 60, burst=5)

    def ask(self, text: str, until: float) -> str | None:
        """The answer to one text; None also where its turn did not come `until` then (monotonic), or it failed."""
        patience = until - time.monotonic()
        if patience < 0 or not self._turn.acquire(timeout=patience):
            return self._plain("busy")
        try:
            if self.stopped or not self._is_there():
                return self._plain("failed")
            return self._answer(text)
        finally:
            self._turn.release()

    def stop(self) -> None:
        """End it for good, whatever it is doing."""
        self.stopped = True
        if self._process is not None:
            self._process.kill()
        with self._turn:
            self._end()

    def _answer(self, text: str) -> str | None:
        try:
            assert self._peer is not None
            send(self._peer, Answer.PLAIN, text)
            frame = self._received()
        except TimeoutError:
            self._end()
            return self._plain("time")
        except ConnectionError:
            frame = None
        if frame is None:
            return self._gone()
        kind, html = frame
        if kind == Answer.TIME_IS_UP:
            return self._plain("time")
        if kind == Answer.FAILED:
            self._log("A text of %d characters could not be rendered and stays plain:\n%s", len(text), html)
            return self._plain("failed")
        return html if kind == Answer.HTML else None

    def _received(self) -> tuple[int, str] | None:
        assert self._peer is not None
        with self._peer.makefile("rb") as incoming:
            return receive(incoming)

    def _gone(self) -> str | None:
        assert self._process is not None
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)  # the socket closes a moment before the exit code is there
        exit_code = self._end()
        if exit_code == -signal.SIGALRM:
            return self._plain("time")
        if not self.stopped:
            self._log(
                "The rendering process ended (exit code %s); its text stays plain, the next one starts it anew.",
                exit_code,
            )
        return self._plain("failed")

    def _is_there(self) -> bool:
        # In a child that was forked, poll() finds that the process is none of its own, and so it starts another:
        # two who ask on one socket would get each other's answers.
        if self._process is not None and self._process.poll() is None:
            return True
        if exit_code := self._end():
            self._log("The rendering process ended between two texts (exit code %s).", exit_code)
        return time.monotonic() >= self._start_after and self._start()

    def _start(self) -> bool:
        self._peer, theirs = socket.socketpair()
        self._peer.settimeout(START_SECONDS)
        path = [os.path.abspath(folder) for folder in sys.path if folder]  # noqa: PTH100  # may be a zip file
        try:
            with theirs:
                self._process = subprocess.Popen(
                    [_python(), "-P", "-c", _START, str(self._limit), *path],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    start_new_session=True,  # Ctrl-C in the terminal is not for it
                )
            if self._received() is None:
                raise ConnectionError(f"it ended with exit code {self._end()}")
        except OSError as error:  # time-outs and lost connections are too
            self._end()
            self._start_after = time.monotonic() + RETRY_SECONDS
            self._log("The rendering process does not start; long texts and code stay plain: %s", error)
            return False
        self._peer.settimeout(self._limit * WALL * 1.5)
        return True

    def _end(self) -> int | None:
        """Leaves nothing of it behind; its exit code, if it ran."""
        process, self._process = self._process, None
        peer, self._peer = self._peer, None
        if peer is not None:
            peer.close()
        if process is None:
            return None
        if process.poll() is None:
            process.kill()
        return process.wait()

    def _plain(self, reason: str) -> str | None:
        self._stayed_plain[reason] += 1
        return None

    def _log(self, message: str, *args: object) -> None:
        # Bounded, because those who write messages would else write the log.
        if not self._may_log.take(time.monotonic()):
            logger.warning(message, *args)


def _python() -> str:
    """The interpreter; where it is embedded (uWSGI), sys.executable is the server's program."""
    if Path(sys.executable or "").name.startswith(("python", "pypy")):
        return sys.executable
    return str(Path(sys.prefix, "bin", "python3"))
