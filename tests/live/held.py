"""The program with a place held open: `serve` runs this module's `install` where TEST_HOLD names a FIFO.

A resume that has read its page writes to the FIFO and goes on only when the test has answered, so that what the
test does in between happens between the read and going live, for certain.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from teahouse.live.hold import hold


async def _held() -> None:
    folder = os.environ["TEST_HOLD"]
    await asyncio.to_thread(_meet, folder)


def _meet(folder: str) -> None:
    Path(folder, "reached").write_text("here")
    Path(folder, "go").read_text()


if __name__ == "__main__":
    from teahouse.server.cli import main

    hold["resume:page-read"] = _held
    sys.exit(main(sys.argv[1:]))
