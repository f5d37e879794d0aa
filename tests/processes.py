"""Programs that tests start: real processes with a log, which cannot outlive the tests."""

import fcntl
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Protocol

from tests.guard import guard

# Below the range from which the system takes ports for outgoing connections (32768 and up on Linux, 49152
# on macOS), so that a server that is stopped for a while finds its port free when it comes back.
PORTS: Sequence[int] = range(15_000, 32_000)
# Its own source of chance: hypothesis seeds the global one, and two workers would ask for the same ports.
_chance = random.SystemRandom()
_given: set[int] = set()
_giving = threading.Lock()


def free_port() -> int:
    """A TCP port of 127.0.0.1 on which nobody listens, and which nobody else gets here before this process has ended.

    Between this and the server's own bind lies the start of a Python, and again each time that the server is away: of
    two who had the port by chance one could not listen, and its test asked the other's server.
    """
    with _giving:
        for _ in range(1000):
            port = _chance.choice(PORTS)
            if port not in _given and _held(port) and _bindable(port):
                _given.add(port)
                return port
    raise RuntimeError("no free TCP port of 127.0.0.1 found in a thousand tries")


def _held(port: int) -> bool:
    """Whether this process now holds the port's byte of a file that all tests of this user lock, in whatever run. The
    system lets go of it when the process ends, however it ends."""
    try:
        fcntl.lockf(_held_ports(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


@cache
def _held_ports() -> int:
    """The file, open as long as this process lives: the first that is closed would take all locks with it."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    return os.open(Path(tempfile.gettempdir()) / f"teahouse-ports-{os.getuid()}", flags, 0o600)


def _bindable(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@contextmanager
def temporary_folder(name: str, owner: str | None = None) -> Iterator[Path]:
    """A folder that is removed at the end, also after `kill -9`.

    Not pytest's `tmp_path`: that lies below a folder of mode 0700, which another user cannot enter, and its
    name is too long for a Unix socket.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"teahouse-{name}-"))
    guard.folder(folder)
    try:
        if owner is not None:
            shutil.chown(folder, owner)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Started(Protocol):
    """What is used of `subprocess.Popen`."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float) -> int: ...
    def send_signal(self, number: signal.Signals, /) -> None: ...


class Process:
    """One started program. What it prints goes to the file `log`."""

    def __init__(
        self,
        argv: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: str | None = None,
        started: Started | None = None,
    ) -> None:
        """Starts it, but for one that is `started` already, as a leader of its own group."""
        self.argv = [str(word) for word in argv]
        self.log = log
        self._popen: Started = started or self._start(env, cwd, user)
        guard.process(self._popen.pid)

    def _start(self, env: Mapping[str, str] | None, cwd: Path | None, user: str | None) -> Started:
        with self.log.open("ab") as output:
            return subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if env is None else dict(env),
                cwd=cwd,
                user=user,
                group=user and _group_of(user),
                extra_groups=None if user is None else [],
                # A group of its own: Ctrl-C is for pytest alone, and `kill` reaches workers too.
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def running(self) -> bool:
        return self._popen.poll() is None

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def send_signal(self, number: signal.Signals) -> None:
        """To the process alone; a process that has ended is not an error."""
        self._popen.send_signal(number)

    def signal_group(self, number: signal.Signals) -> None:
        """To the process and its children, as long as the process itself has not been waited for."""
        if self.running:
            os.killpg(self.pid, number)

    def wait(self, timeout: float = 45) -> int:
        """Its exit status; negative is a signal's number. TimeoutExpired after `timeout` seconds."""
        status = self._popen.wait(timeout)
        guard.ended(self.pid)
        return status

    def stop(self, timeout: float = 45, number: signal.Signals = signal.SIGTERM) -> int:
        """Asks it to end and waits; one that has not ended after `timeout` seconds is killed: an error."""
        self.send_signal(signal.SIGCONT)
        self.send_signal(number)
        try:
            return self.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(
                f"{self} did not end within {timeout} s of {number.name}:\n{self.tail()}"
            ) from None

    def kill(self) -> int:
        """SIGKILL to the process and its children at once."""
        self.signal_group(signal.SIGKILL)
        return self.wait()

    def tail(self, lines: int = 40) -> str:
        return "\n".join(self.output().splitlines()[-lines:])

    def wait_until(self, ready: Callable[[], bool], what: str, timeout: float = 60) -> None:
        """Asks `ready` until it is true; fails at once, with the log's end, where the process has ended."""
        end = time.monotonic() + timeout
        while not ready():
            if not self.running:
                raise AssertionError(f"{self} ended with {self.wait()} before {what}:\n{self.tail()}")
            if time.monotonic() > end:
                raise AssertionError(f"{self}: not {what} after {timeout} s:\n{self.tail()}")
            time.sleep(0.01)

    def __str__(self) -> str:
        return f"{Path(self.argv[0]).name} (pid {self.pid})"


def _group_of(user: str) -> int:
    import pwd

    return pwd.getpwnam(user).pw_gid
