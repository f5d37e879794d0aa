"""Ends what the tests started when the tests themselves are gone, `kill -9` and closed terminals included.

`Guard` starts this file as a program of its own and tells it over a pipe what to look after:

    process 4711        started; the leader of its own process group
    ended 4711          ended in the ordinary way
    folder /tmp/x       to be removed at the end

The pipe ends when the tests do, however they end. Then the processes still named are killed with
their groups and the folders are removed. Standard library only, any POSIX system.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path


class Guard:
    """One helper process for all that one pytest process starts; made on first use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._helper: subprocess.Popen[str] | None = None

    def process(self, pid: int) -> None:
        self._tell(f"process {pid}")

    def ended(self, pid: int) -> None:
        self._tell(f"ended {pid}")

    def folder(self, path: Path) -> None:
        self._tell(f"folder {path}")

    def _tell(self, line: str) -> None:
        with self._lock:
            if self._helper is None:
                self._helper = subprocess.Popen(
                    [sys.executable, "-S", "-E", __file__],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    start_new_session=True,  # Ctrl-C in the terminal is not for it
                    text=True,
                    cwd="/",
                )
            assert self._helper.stdin is not None
            self._helper.stdin.write(line + "\n")
            self._helper.stdin.flush()

    def close(self) -> None:
        """Lets the helper clean up and waits for it."""
        with self._lock:
            helper, self._helper = self._helper, None
        if helper is not None and helper.stdin is not None:
            helper.stdin.close()
            helper.wait(30)


guard = Guard()


def main() -> None:
    processes: set[int] = set()
    folders: list[str] = []
    for line in sys.stdin:
        word, _, value = line.rstrip("\n").partition(" ")
        if word == "process":
            processes.add(int(value))
        elif word == "ended":
            processes.discard(int(value))
        else:
            folders.append(value)
    for pid in processes:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
