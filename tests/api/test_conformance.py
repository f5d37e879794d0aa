"""The conformance tests of Durable Streams that read, against a real server: `conformance/standin.py` says how. Those
that do not apply are named here, with the reason.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.api.conformance.standin import standing_in
from tests.servers import ROOT, Teahouse
from tests.services import MissingProgram

HERE: Final = Path(__file__).parent / "conformance"
VITEST: Final = ROOT / "node_modules" / ".bin" / "vitest"
READING: Final = (
    "Read Operations", "Long-Poll Operations", "HTTP Protocol", "Browser Security Headers", "HEAD Metadata should",
    "Offset Validation and Resumability", "Long-Poll Edge Cases", "Caching and ETag", "Read-Your-Writes", "SSE Mode",
)  # fmt: skip
"""The others create, append to, close, delete and fork streams, or are about lifetimes, producers, subscriptions."""
NOT: Final = (
    "on PUT", "on POST", "POST to", "409", "DELETE", "sequence", "seq ", "PUT responses", "POST responses",  # Writing.
    "binary", "base64", "protobuf", "image/png",  # Rooms hold texts.
    "CORS",  # Pages of other sites may not ask.
    "waits for data", "long-poll on empty",  # They wait for the 25 s to end in vain.
)  # fmt: skip
AT_LEAST: Final = 55
"""So many have passed; fewer would mean that the choice has gone wrong."""
PATIENCE: Final = 200
"""Seconds. All of it takes fifteen, but half a minute to a minute where others are busy: it failed after 55."""

pytestmark = pytest.mark.timeout(PATIENCE + 40)


def test_a_room_is_read_as_a_durable_stream(server: Teahouse, tokens: list[str]) -> None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise MissingProgram("npm", "npm")
    if not VITEST.exists():
        subprocess.run([npm, "ci", "--silent"], cwd=ROOT, check=True, timeout=PATIENCE)
    chosen = f"^({'|'.join(map(re.escape, READING))})(?!.*({'|'.join(map(re.escape, NOT))}))"
    with standing_in(server, tokens[0]) as address:
        done = subprocess.run(
            # Its tests give an answer two seconds, some of them half a one: who is late may try again.
            [
                node,
                VITEST,
                "run",
                "--root",
                HERE,
                "--retry=2",
                "--bail=1",
                f"--testTimeout={PATIENCE * 1000}",
                "-t",
                chosen,
            ],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            env={"PATH": os.environ["PATH"], "STANDIN": address, "NO_COLOR": "1"},
            cwd=ROOT,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"Tests\s+(\d+) passed", done.stdout)
    assert passed is not None, done.stdout
    assert int(passed[1]) >= AT_LEAST, done.stdout
