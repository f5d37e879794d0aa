"""Several serving processes behind one listening socket: started, started again when one dies, stopped together.

Not uvicorn's supervisor: that one kills a worker that is silent for some seconds, though a stopped machine or a
slow disk is no reason to close thousands of sockets. Here only a process that ended is replaced.
"""

from __future__ import annotations

import logging
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

log = logging.getLogger("teahouse.server")

STOP_SECONDS: Final = 40
"""Draining, and what was begun: a little more than listener.py allows for both."""
LIVED_WELL: Final = 10.0
LONGEST_PAUSE: Final = 30.0


@dataclass(eq=False)
class Worker:
    """One process, and our end of the channel over which it says that it is ready."""

    process: subprocess.Popen[bytes]
    channel: socket.socket
    started: float
    ready: bool = False


class Supervisor:
    """Runs `count` workers until it is told to stop."""

    def __init__(self, listening: socket.socket, count: int, on_ready: Callable[[], None]) -> None:
        self._listening = listening
        self._count = count
        self._on_ready = on_ready
        self._selector = selectors.DefaultSelector()
        self._workers: list[Worker] = []
        self._signals: list[int] = []
        self._open = False
        self._stopping_since: float | None = None
        self._early_deaths = 0
        self._start_at: list[float] = []

    def run(self) -> int:
        """The exit status: 0 after a stop, 1 where the workers cannot start at all."""
        before = self._catch_signals()
        try:
            self._start_at = [0.0] * self._count
            while self._workers or self._start_at:
                self._start_due()
                for key, _ in self._selector.select(self._until_next()):
                    key.data()
                self._obey()
            return 0 if self._open else 1
        finally:
            for worker in self._workers:
                worker.process.kill()
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(-1)

    def _catch_signals(self) -> dict[int, Any]:
        ours, systems = socket.socketpair()
        ours.setblocking(False)
        systems.setblocking(False)
        signal.set_wakeup_fd(systems.fileno(), warn_on_full_buffer=False)
        self._wake_pair = (ours, systems)
        self._selector.register(ours, selectors.EVENT_READ, lambda: ours.recv(1024))
        wanted = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        return {
            number: signal.signal(number, lambda number, _: self._signals.append(number))
            for number in wanted
            if signal.getsignal(number) != signal.SIG_IGN
        }

    def _start_due(self) -> None:
        now = time.monotonic()
        due = [at for at in self._start_at if at <= now]
        self._start_at = [at for at in self._start_at if at > now]
        for _ in due:
            self._start_one()

    def _start_one(self) -> None:
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "teahouse.server.worker"]
        fds = (self._listening.fileno(), theirs.fileno())
        process = subprocess.Popen([*command, *map(str, fds)], pass_fds=fds, stdin=subprocess.DEVNULL)
        theirs.close()
        worker = Worker(process, ours, time.monotonic())
        self._workers.append(worker)
        self._selector.register(ours, selectors.EVENT_READ, lambda: self._hear(worker))

    def _hear(self, worker: Worker) -> None:
        try:
            word = worker.channel.recv(64)
        except ConnectionError:
            word = b""
        if not word:
            self._bury(worker)
            return
        worker.ready = True
        if not self._open and all(one.ready for one in self._workers) and not self._start_at:
            self._open = True
            self._on_ready()
        elif self._open:
            log.info("A worker with pid %d serves.", worker.process.pid)

    def _bury(self, worker: Worker) -> None:
        self._selector.unregister(worker.channel)
        worker.channel.close()
        status = worker.process.wait()
        self._workers.remove(worker)
        if self._stopping_since is not None:
            return
        if not self._open:
            log.error("A worker could not start (status %d); the reason stands above.", status)
            self._stop()
            return
        lived = time.monotonic() - worker.started
        self._early_deaths = 0 if lived > LIVED_WELL else self._early_deaths + 1
        pause = min(LONGEST_PAUSE, 2.0**self._early_deaths - 1)
        log.error(
            "The worker with pid %d died (status %d); another one is started.", worker.process.pid, status
        )
        self._start_at.append(time.monotonic() + pause)

    def _obey(self) -> None:
        """A first signal asks all workers to end, a second Ctrl-C does not wait for them."""
        while self._signals:
            number = self._signals.pop(0)
            if self._stopping_since is None:
                self._stop()
            elif number == signal.SIGINT:
                self._kill()
        if self._stopping_since is not None and time.monotonic() - self._stopping_since > STOP_SECONDS:
            log.error("Workers did not end within %d s and are killed.", STOP_SECONDS)
            self._kill()

    def _stop(self) -> None:
        self._stopping_since = time.monotonic()
        self._start_at = []
        self._listening.close()
        for worker in self._workers:
            worker.process.terminate()

    def _kill(self) -> None:
        for worker in self._workers:
            worker.process.kill()

    def _until_next(self) -> float | None:
        """Seconds to wait for news at most; None where only news can change anything."""
        ends = list(self._start_at)
        if self._stopping_since is not None:
            ends.append(self._stopping_since + STOP_SECONDS)
        return max(0.0, min(ends) - time.monotonic()) + 0.01 if ends else None
