"""The table of docs/reliability.md: written anew, or line by line."""

from __future__ import annotations

from pathlib import Path

from tests.faults.faults import FAULTS
from tests.faults.report import write
from tests.faults.trial import Outcome

PAGE = """# Reliability

<!-- bin/faults writes: all -->

old

<!-- end: all -->

Written by hand.
"""


def outcome(name: str, times: int) -> Outcome:
    fault = next(fault for fault in FAULTS if fault.name == name)
    return Outcome(fault, "SQLite", times, 10, 100, seconds=[0.5])


def test_some_lines_take_the_place_of_theirs_and_the_others_stay(tmp_path: Path) -> None:
    page = tmp_path / "reliability.md"
    page.write_text(PAGE, encoding="utf-8")
    write(page, [outcome("away", 3), outcome("reset", 3)], 10.0, "all", merge=False)
    whole = page.read_text(encoding="utf-8")
    assert "old" not in whole
    assert "Written by hand." in whole

    write(page, [outcome("away", 7), outcome("drained", 2)], 1.0, "all", merge=True)
    text = page.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| F")]
    assert [line.split("|")[1].strip() for line in lines] == ["F2", "F3", "F5"]
    assert lines[1] in whole.splitlines(), "another one's line is as it was"
    assert "| 7 |" in lines[2]
    assert "6 faults in 10 min" in text
    assert "Some lines of F2, F5 are of a later run." in text
    write(page, [outcome("away", 8)], 1.0, "all", merge=True)
    again = page.read_text(encoding="utf-8")
    assert len([line for line in again.splitlines() if line.startswith("| F")]) == 3
    assert "Written by hand." in again
