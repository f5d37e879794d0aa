"""The program that kills itself (`kill -9`) where a message tells it to: `serve` run by this module."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

BEFORE_COMMIT = "dies while its rows are written and the transaction is open"
AFTER_COMMIT = "dies after the commit, and neither the sender nor anybody else has heard of it"
BEFORE_BROADCAST = "dies when the own hub has it, and no other process has heard of it"


def _dies_in(owner: Any, name: str, place: str) -> None:
    """Kills this process when the method is called with a message that names the place."""
    method = getattr(owner, name)

    def dying(self: Any, told: Any, *more: Any) -> None:
        if place in repr(told):
            os.kill(os.getpid(), signal.SIGKILL)
        method(self, told, *more)

    setattr(owner, name, dying)


def _install() -> None:
    from teahouse.bus import Bus
    from teahouse.live.runtime import Runtime
    from teahouse.store import Sql

    def insert_and_die(self: Sql, rows: Any) -> None:
        insert(self, rows)
        if BEFORE_COMMIT in repr(rows):
            os.kill(os.getpid(), signal.SIGKILL)

    insert, Sql.insert_messages = Sql.insert_messages, insert_and_die  # type: ignore[method-assign]
    _dies_in(Runtime, "_settled", AFTER_COMMIT)
    _dies_in(Bus, "tell_events", BEFORE_BROADCAST)


if __name__ == "__main__":
    from teahouse.server import serve
    from teahouse.server.cli import main

    run = serve.run

    def run_mortally(*arguments: Any, **more: Any) -> int:
        _install()  # Django is set up by now.
        return run(*arguments, **more)

    serve.run = run_mortally
    sys.exit(main(sys.argv[1:]))
