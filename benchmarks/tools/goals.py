"""What is to be reached and whether it was: the last lines that bin/bench prints, and its exit status."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

VERDICTS: Final = "BENCH_VERDICTS"
"""Names the file to which what bin/bench has started tells its verdicts, one line of JSON each."""


@dataclass(frozen=True)
class Goal:
    """At least `must`, better `aim`; with `at_most` no more than these.

    Attributes:
        what: the unit, or what the number is: "messages/s", "times Bun".
        peer: the number is Teahouse's own divided by this peer's.
        number, per, scale: else the field of the load generator's answer, over another one, times `scale`;
            without a field, the number that the scenario counts by.
    """

    what: str
    must: float | None = None
    aim: float | None = None
    at_most: bool = False
    peer: str | None = None
    number: str | None = None
    per: str | None = None
    scale: float = 1

    @property
    def must_is(self) -> str:
        return self._bound(self.must)

    @property
    def aim_is(self) -> str:
        return self._bound(self.aim)

    def _bound(self, value: float | None) -> str:
        return "" if value is None else f"{'≤' if self.at_most else '≥'} {in_short(value)}"

    def holds(self, found: float, bound: float) -> bool:
        return found <= bound if self.at_most else found >= bound


@dataclass(frozen=True)
class Verdict:
    """What was found for a goal; None where it could not be measured."""

    scenario: str
    goal: Goal
    found: float | None

    @property
    def must_reached(self) -> bool:
        """Where there is no must, it is; what was not measured has not reached it."""
        if self.goal.must is None:
            return True
        return self.found is not None and self.goal.holds(self.found, self.goal.must)

    @property
    def says(self) -> str:
        if self.found is None:
            return "not measured"
        if not self.must_reached:
            return "not reached"
        if self.goal.aim is None:
            return "reached"
        return "aim reached" if self.goal.holds(self.found, self.goal.aim) else "short of the aim"


def times(peer: str, must: float | None = None, aim: float | None = None, *, at_most: bool = False) -> Goal:
    """A goal beside a peer: Teahouse's number divided by the peer's."""
    return Goal(f"times {peer}", must, aim, at_most, peer)


def in_short(value: float) -> str:
    """Three digits at least, and no more than say something."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def tell(verdicts: Iterable[Verdict]) -> None:
    """To bin/bench, where that has started this; it prints them all at its end."""
    if name := os.environ.get(VERDICTS):
        with Path(name).open("a", encoding="utf-8") as file:
            file.writelines(f"{json.dumps(asdict(verdict))}\n" for verdict in verdicts)


def told(path: Path) -> list[Verdict]:
    """What was told to this file."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [Verdict(row["scenario"], Goal(**row["goal"]), row["found"]) for row in rows]


def summary(verdicts: Sequence[Verdict]) -> str:
    """One line for each goal: scenario, what, ours, must, aim, reached or not."""
    head = ("scenario", "what", "ours", "must", "aim", "")
    rows = [
        (
            verdict.scenario,
            verdict.goal.what,
            "–" if verdict.found is None else in_short(verdict.found),
            verdict.goal.must_is,
            verdict.goal.aim_is,
            verdict.says,
        )
        for verdict in verdicts
    ]
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if 2 <= column <= 4 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in [head, *rows]
    )
