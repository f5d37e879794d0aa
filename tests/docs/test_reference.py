"""docs/reference is made from the code, and is as the code is."""

from __future__ import annotations

import subprocess
import sys

import teahouse
from tests.servers import ROOT


def test_it_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "bin" / "reference", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_tells_all_that_a_project_calls() -> None:
    page = (ROOT / "docs" / "reference" / "python.md").read_text()
    for name in teahouse.__all__:
        assert name.startswith("__") or f"\n### {name}\n" in page


def test_nothing_of_this_machine_is_in_it() -> None:
    for path in (ROOT / "docs" / "reference").glob("*.md"):
        assert str(ROOT) not in path.read_text()
        assert "/root/" not in path.read_text()
