"""People whom a Teahouse knows already, and what they prove it with. In: its folder. Out: a file for the load."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from benchmarks.peers import ROOT

MAKE: Final = {
    "guest": "people.ticket_for(people.make_guest(f'load {n}'))",
    "token": "people.make_token(people.make_bot(f'load {n}'))",
}
PEOPLE: Final = """
from django.db import transaction
from teahouse.actions import people
with transaction.atomic():
    for n in range({count}):
        print("credential", {make})
"""


def people(folder: Path, count: int, kind: str, env: Mapping[str, str]) -> Path:
    """A file with `count` tickets of guests, or tokens of bots (`kind` is `guest` or `token`)."""
    code = PEOPLE.format(count=count, make=MAKE[kind])
    command = [sys.executable, "-m", "teahouse", "manage", "--data", str(folder / "data")]
    printed = subprocess.run(
        [*command, "shell", "--command", code], cwd=ROOT, env=dict(env), capture_output=True, text=True
    )
    lines = [line.split()[1] for line in printed.stdout.splitlines() if line.startswith("credential ")]
    if len(lines) != count:
        raise SystemExit(f"{len(lines)} of {count} people were made:\n{printed.stderr[-2000:]}")
    path = folder / "tickets"
    path.write_text("\n".join(lines) + "\n")
    return path
