"""What came of the faults: a table for the screen and docs/reliability.md, and a page."""

from __future__ import annotations

import re
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
    ordered = sorted(outcomes, key=lambda one: int(one.fault.number[1:]))
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


def write(path: Path, outcomes: Sequence[Outcome], minutes: float, *, away: bool) -> None:
    """Puts the table into its place in the page, between two comments."""
    name, command = ("away", "bin/faults --away") if away else ("all", "bin/faults")
    begin, end = f"<!-- {command} writes: {name} -->", f"<!-- end: {name} -->"
    text = path.read_text(encoding="utf-8")
    new = f"{begin}\n\n{summary(outcomes, minutes)}\n\n{table(outcomes)}\n\n{end}"
    text, found = re.subn(
        rf"{re.escape(begin)}.*?{re.escape(end)}", lambda _: new, text, count=1, flags=re.DOTALL
    )
    assert found, f"{path} has no place for {begin}"
    path.write_text(text, encoding="utf-8")


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
