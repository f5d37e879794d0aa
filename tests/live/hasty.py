"""The program in which who has gone is missed sooner: a grace of six seconds instead of fifteen. `serve` run by this
module; nothing else differs."""

from __future__ import annotations

import sys
from functools import partial
from typing import Final

from tests.live.dying import serve_with
from tests.servers import Teahouse

GRACE: Final = 6.0


class Hasty(Teahouse):
    """A `teahouse serve` with that grace."""

    def command(self) -> list[str]:
        command = super().command()
        return [sys.executable, "-m", "tests.live.hasty", *command[command.index("serve") :]]


def install() -> None:
    from teahouse.live import runtime
    from teahouse.live.presence import Presence

    setattr(runtime, "Presence", partial(Presence, grace=GRACE))  # noqa: B010  mypy lets nobody assign it.


if __name__ == "__main__":
    sys.exit(serve_with(install))
