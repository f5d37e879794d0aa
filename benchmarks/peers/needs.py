"""The databases and brokers that a server needs beside it: started anew for each measurement, gone after it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Final

from benchmarks.peers import Missing
from tests.services import MissingProgram, Postgres, Redis


@contextlib.contextmanager
def started(names: Sequence[str], cores: Collection[int]) -> Iterator[dict[str, str]]:
    """Starts "redis", "postgres" on these cores; the environment that tells a server where they are."""
    with contextlib.ExitStack() as stack:
        environment: dict[str, str] = {}
        with on_cores(cores):
            for name in names:
                try:
                    environment |= stack.enter_context(STARTS[name]())
                except MissingProgram as missing:
                    raise Missing(str(missing)) from None
        yield environment


@contextlib.contextmanager
def on_cores(cores: Collection[int]) -> Iterator[None]:
    """What is started meanwhile stays on these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def _redis() -> Iterator[dict[str, str]]:
    with Redis() as redis:
        yield {"REDIS_URL": redis.url}


@contextlib.contextmanager
def _postgres() -> Iterator[dict[str, str]]:
    with Postgres(shared_buffers="256MB") as postgres:
        yield {"DATABASE_URL": postgres.create_database()}


STARTS: Final[dict[str, Callable[[], AbstractContextManager[dict[str, str]]]]] = {
    "redis": _redis,
    "postgres": _postgres,
}
