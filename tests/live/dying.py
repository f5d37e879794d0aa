"""The program that kills itself (`kill -9`) where it is told to: `serve` run by this module.

A message whose text is a place kills it there. So does the file that TEST_DIES names, if a place stands in it; it is
removed first, so that whoever starts it again is not killed again.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

BEFORE_COMMIT = "dies while its rows are written and the transaction is open"
AFTER_COMMIT = "dies after the commit, and neither the sender nor anybody else has heard of it"
BEFORE_BROADCAST = "dies when the own hub has it, and no other process has heard of it"


def _perhaps_die(told: Any, place: str) -> None:
    if place in repr(told) or _is_told(place):
        os.kill(os.getpid(), signal.SIGKILL)


def _is_told(place: str) -> bool:
    told = Path(os.environ.get("TEST_DIES", os.devnull))
    if not told.is_file() or told.read_text() != place:
        return False
    told.unlink()
    return True


def _dies_in(owner: Any, name: str, place: str) -> None:
    """Kills this process when the method is called with a message that names the place, or is told to."""
    method = getattr(owner, name)

    def dying(self: Any, told: Any, *more: Any) -> None:
        _perhaps_die(told, place)
        method(self, told, *more)

    setattr(owner, name, dying)


def install() -> None:
    from teahouse.bus import Bus
    from teahouse.live.runtime import Runtime
    from teahouse.store import Sql

    def insert_and_die(self: Sql, rows: Any) -> None:
        insert(self, rows)
        _perhaps_die(rows, BEFORE_COMMIT)

    insert, Sql.insert_messages = Sql.insert_messages, insert_and_die  # type: ignore[method-assign]
    _dies_in(Runtime, "_settled", AFTER_COMMIT)
    _dies_in(Bus, "tell_events", BEFORE_BROADCAST)


def serve_with(install: Callable[[], None]) -> int:
    """The command line's program; `install` is called when Django is set up."""
    from teahouse.server import serve
    from teahouse.server.cli import main

    run = serve.run

    def run_changed(*arguments: Any, **more: Any) -> int:
        install()
        return run(*arguments, **more)

    serve.run = run_changed
    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(serve_with(install))
