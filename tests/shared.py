"""What one worker makes and all of a run use: `once("tables.sqlite3", make)` is what the first `make` returned.

The folder is made before the workers are and removed behind them; without xdist it is this process's own.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.guard import guard

# Not `TEAHOUSE_…`: the program refuses a setting that it does not know.
FOLDER: Final = "SHARED_BY_TESTS"


def begin() -> None:
    """Makes the folder, unless it was inherited."""
    if FOLDER not in os.environ:
        os.environ[FOLDER] = tempfile.mkdtemp(prefix="teahouse-shared-")
        guard.folder(Path(os.environ[FOLDER]))


@contextmanager
def first_in(worker: str, first: str, what: str, longest: float = 90) -> Iterator[None]:
    """Does something in the worker `first`, and only then in the others, which find what it has left on the disk; none
    waits longer than so many seconds."""
    done = Path(os.environ[FOLDER]) / what
    end = time.monotonic() + longest
    while worker != first and not done.exists() and time.monotonic() < end:
        time.sleep(0.05)
    try:
        yield
    finally:
        if worker == first:
            done.touch()


def once(name: str, make: Callable[[], bytes]) -> bytes:
    """What `make` gives, called by one process of the run alone; the others wait for it."""
    begin()
    path = Path(os.environ[FOLDER]) / name
    with path.with_name(f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            made = make()
            path.write_bytes(made)
        return path.read_bytes()
