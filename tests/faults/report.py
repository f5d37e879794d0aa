"""What came of the faults: a table for the screen and docs/reliability.md, and a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from statistics import median
from typing import Final

from tests.faults.trial import Outcome

HEAD: Final = (
    "fault", "what happens", "where", "times", "acknowledged", "deliveries", "lost", "repeated", "disordered",
    "unexplained closes", "back: median", "worst",
)  # fmt: skip


def cells(outcome: Outcome) -> list[str]:
    seconds = outcome.seconds
    return [
        outcome.fault.number,
        outcome.fault.title,
        outcome.world,
        f"{outcome.times:,}",
        f"{outcome.acknowledged:,}",
        f"{outcome.deliveries:,}",
        *(f"{outcome.broken[how]:,}" for how in ("lost", "repeated", "disordered")),
        f"{outcome.unexplained.total():,}",
        f"{median(seconds):.1f} s" if seconds else "never",
        f"{max(seconds):.1f} s" if seconds else "never",
    ]


def table(outcomes: Iterable[Outcome]) -> str:
    """In Markdown, the faults in the order of their numbers."""
    ordered = sorted(outcomes, key=lambda one: _place(one.fault.number))
    lines = [HEAD, ["---"] * 3 + ["--:"] * (len(HEAD) - 3), *(cells(outcome) for outcome in ordered)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def summary(outcomes: Sequence[Outcome], minutes: float) -> str:
    times = sum(outcome.times for outcome in outcomes)
    said = sum(outcome.acknowledged for outcome in outcomes)
    heard = sum(outcome.deliveries for outcome in outcomes)
    bad = sum(not outcome.is_clean for outcome in outcomes)
    found = "nothing was lost, repeated or out of order" if not bad else f"{bad} of them were not survived"
    return (
        f"{datetime.now(UTC):%Y-%m-%d}: {times:,} faults in {minutes:.0f} min, {said:,} messages acknowledged,"
        f" {heard:,} deliveries checked; {found}."
    )


def write(path: Path, outcomes: Sequence[Outcome], minutes: float, name: str, *, merge: bool) -> None:
    """Puts the table into its place in the page, between two comments.

    Args:
        name: of the place, "all" or "away".
        merge: the other lines that are there stay, and it is said which ones are of another run.
    """
    begin, end = (
        f"<!-- bin/faults{' --away' if name == 'away' else ''} writes: {name} -->",
        f"<!-- end: {name} -->",
    )
    text = path.read_text(encoding="utf-8")
    before, _, rest = text.partition(begin)
    old, ended, after = rest.partition(end)
    assert ended, f"{path} has no place for {begin}"
    said, lines = summary(outcomes, minutes), table(outcomes)
    if merge:
        numbers = sorted({outcome.fault.number for outcome in outcomes}, key=_place)
        first = old.strip().partition("\n")[0]
        said = f"{first}\n\nSome lines of {', '.join(numbers)} are of a later run. {said}"
        lines = merged(old, outcomes)
    path.write_text(f"{before}{begin}\n\n{said}\n\n{lines}\n\n{end}{after}", encoding="utf-8")


def merged(old: str, outcomes: Sequence[Outcome]) -> str:
    """The table that is there, with these lines in the place of those of the same fault and world."""
    head, dashes, *new = table(outcomes).splitlines()
    there = [line for line in old.splitlines() if line.startswith("| F")]
    kept = {_what(line): line for line in there} | {_what(line): line for line in new}
    return "\n".join([head, dashes, *sorted(kept.values(), key=lambda line: _place(line.split("|")[1]))])


def _what(line: str) -> tuple[str, ...]:
    """Fault, what happens, and where."""
    return tuple(cell.strip() for cell in line.split("|")[1:4])


def _place(number: str) -> int:
    return int(number.strip().removeprefix("F"))


PAGE: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Teahouse: faults</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem; max-width: 90rem }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums }}
th, td {{ text-align: start; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #8884; vertical-align: top }}
td:nth-child(n+4), th:nth-child(n+4) {{ text-align: end }}
tr.bad {{ background: #f443 }}
pre {{ white-space: pre-wrap }}
div {{ overflow-x: auto }}
</style>
<h1>Faults</h1>
<p>{summary}</p>
<div><table>
<tr>{head}</tr>
{rows}
</table></div>
{why}
</html>
"""


def page(outcomes: Sequence[Outcome], minutes: float) -> str:
    """The same as HTML, with the reasons where something was not as it should be."""
    rows = [
        f"<tr{'' if one.is_clean else ' class=bad'}>{''.join(f'<td>{escape(cell)}</td>' for cell in cells(one))}</tr>"
        for one in outcomes
    ]
    why = [
        f"<h2>{escape(one.fault.title)}, {escape(one.world)}</h2><pre>{escape(chr(10).join(one.why))}</pre>"
        for one in outcomes
        if one.why
    ]
    return PAGE.format(
        summary=escape(summary(outcomes, minutes)),
        head="".join(f"<th>{name}</th>" for name in HEAD),
        rows="\n".join(rows),
        why="\n".join(why),
    )
