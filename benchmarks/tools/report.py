"""From results of `benchmarks/field.py` to docs/performance.md and its pictures. Tables first: they are the numbers."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from html import escape
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.tools.goals import Verdict, in_short

BAR, GAP, LEFT, WIDTH = 20, 8, 210, 420
LIMIT: Final = 0.8
"""Of the load's core: busier than that, it may be the limit, and the server able to do more."""
FULL: Final = 0.97
"""Of the server's core: busier than that, the server is the limit, whatever the load's core does."""


@dataclass(frozen=True)
class Section:
    """A part of the page. `pictures`: name of a file → SVG; the body refers to them as `images/NAME`."""

    name: str
    body: str
    pictures: dict[str, str]


def put(page: Path, section: Section) -> None:
    """Puts a section in the page, in the place of the one with its name; a new one goes last. The rest stays."""
    images = page.parent / "images"
    images.mkdir(exist_ok=True)
    for name, picture in section.pictures.items():
        (images / name).write_text(picture, encoding="utf-8")
    begin, end = f"<!-- bin/bench writes: {section.name} -->\n", f"<!-- end: {section.name} -->\n"
    text = page.read_text(encoding="utf-8")
    before, found, rest = text.partition(begin)
    after = rest.partition(end)[2] if found else ""
    whole = f"{before.rstrip()}\n\n{begin}\n{section.body.strip()}\n\n{end}{after}"
    page.write_text(whole, encoding="utf-8")


def section_of(result: dict[str, Any]) -> Section:
    """What a scenario beside its peers has found."""
    picture = f"performance-{result['scenario'].name}.svg"
    return Section(result["scenario"].name, table(result, f"images/{picture}"), {picture: chart(result)})


def values_of(result: dict[str, Any]) -> dict[str, list[float]]:
    """For each peer that was there the numbers of all rounds."""
    scenario = result["scenario"]
    return {
        name: [scenario.value_of(answer) for answer in answers]
        for name, answers in result["peers"].items()
        if "missing" not in answers[0]
    }


def machine() -> str:
    """What it ran on, and when."""
    processor = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    kernel = platform.release().partition("-")[0]
    return f"{date.today():%Y-%m-%d}, {processor}, Linux {kernel}, Python {platform.python_version()}."  # noqa: DTZ011


def table(result: dict[str, Any], picture: str) -> str:
    scenario, values = result["scenario"], values_of(result)
    ours = median(values["Teahouse"])
    rounds = max(map(len, values.values()))
    said = result["peers"]["Teahouse"][0].get("texts")
    lines = [
        f"## {scenario.title}\n",
        f"{machine()}\n",
        f"`bin/bench {scenario.name} --rounds {rounds}`; {scenario.unit}, {sizes(result)}medians of {rounds} rounds."
        + (f" Said: {said}." if said else ""),
        f"\n![{scenario.title}]({picture})\n",
        "| server | version | median | least … most | Teahouse to it | cores of load, server "
        "| lost, repeated, disordered | does not |",
        "|---|---|--:|--:|--:|--:|--:|---|",
    ]
    for name, found in values.items():
        answers = result["peers"][name]
        faults = ", ".join(
            f"{sum(answer[fault] for answer in answers):,}" for fault in ("lost", "repeated", "disordered")
        )
        ratio = "" if name == "Teahouse" or not median(found) else f"{ours / median(found):.2f}"
        lines.append(
            f"| {name} | {result['versions'].get(name, '')} | {in_short(median(found))} "
            f"| {in_short(min(found))} … {in_short(max(found))} | {ratio} "
            f"| {cores_of(answers)} | {faults} | {result['lacks'].get(name, '')} |"
        )
    missing = [
        f"{name} ({answers[0]['missing']})"
        for name, answers in result["peers"].items()
        if "missing" in answers[0]
    ]
    if missing:
        lines.append(f"\nNot on this machine: {', '.join(missing)}.")
    lines.append(f"\n{goals_table(result['verdicts'])}")
    if parts := sum_of_parts(result):
        lines.append(f"\n{parts}")
    return "\n".join(lines) + "\n"


def cores_of(answers: Iterable[dict[str, Any]]) -> str:
    """How busy the load's core was at most, and the server's at least: which of them was the limit."""
    load = max(answer["cpu"] for answer in answers)
    server = min(answer["server_core"] for answer in answers)
    limit = ": the load is the limit" if load > LIMIT and server < FULL else ""
    return f"{load:.0%}, {server:.0%}{limit}"


def sizes(result: dict[str, Any]) -> str:
    """How long the messages were on the wire, where any were delivered."""
    if not any(answer["deliveries"] for answer in result["peers"]["Teahouse"]):
        return ""
    ours = f"Teahouse's event has {result['size']} bytes on the wire"
    if len(result["peers"]) == 1:
        return f"{ours}, "
    same = result["scenario"].own_size
    return (
        f"{ours}, {'and so have the messages of the others' if same else 'the messages of the others 64'}, "
    )


def goals_table(verdicts: Iterable[Verdict]) -> str:
    """What was to be reached, and whether it was."""
    lines = ["| asked of Teahouse | found | must | aim | |", "|---|--:|--:|--:|---|"]
    for verdict in verdicts:
        found = "" if verdict.found is None else in_short(verdict.found)
        goal = verdict.goal
        lines.append(f"| {goal.what} | {found} | {goal.must_is} | {goal.aim_is} | {verdict.says} |")
    return "\n".join(lines)


def sum_of_parts(result: dict[str, Any]) -> str:
    """What the parts that cannot be left out would allow alone, and how much of that is reached; "" if not measured."""
    scenario, answers = result["scenario"], result["peers"]["Teahouse"]
    if "parts" not in answers[0]:
        return ""
    parts = {name: median(answer["parts"][name] for answer in answers) for name in answers[0]["parts"]}
    reached = median(map(scenario.value_of, answers))
    message = parts["store"] + parts["render"] + parts["encode"]
    shared = median(answer["deliveries"] / answer["messages"] for answer in answers) or 1
    batch = median(answer["batch"] for answer in answers)
    lines = [
        "The parts alone, on the server's core, in µs for a message: "
        f"stored {parts['store']:.1f} (in transactions of {batch:.0f}, as seen), "
        f"rendered {parts['render']:.1f}, encoded {parts['encode']:.1f}; "
        f"one `send()` {parts['write']:.1f}. With these alone:\n",
        f"| every message in | µs for each | {scenario.unit} | reached of that |",
        "|---|--:|--:|--:|",
    ]
    ways = [("a write of its own", parts["write"])]
    if scenario.in_flight() > 1:
        ways.append((f"one write with all {scenario.in_flight()} in flight", parts["write_together"]))
    for way, write in ways:
        whole = message / shared + write
        lines.append(f"| {way} | {whole:.2f} | {1e6 / whole:,.0f} | {reached * whole / 1e6:.0%} |")
    return "\n".join(lines)


def chart(result: dict[str, Any]) -> str:
    """A bar for each server, in the colours of the reader's theme."""
    values = {name: median(found) for name, found in values_of(result).items()}
    longest = max(values.values())
    height = len(values) * (BAR + GAP) + GAP
    rows = []
    for index, (name, value) in enumerate(sorted(values.items(), key=lambda pair: -pair[1])):
        y = GAP + index * (BAR + GAP)
        width = max(1.0, WIDTH * value / longest)
        kind = "ours" if name == "Teahouse" else "other"
        rows.append(
            f'<text x="{LEFT - 10}" y="{y + 15}" text-anchor="end">{escape(name)}</text>'
            f'<rect class="{kind}" x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" rx="2"/>'
            f'<text x="{LEFT + width + 8:.1f}" y="{y + 15}">{in_short(value)}</text>'
        )
    style = (
        "text{font:13px system-ui,sans-serif;fill:#3a332c}.ours{fill:#8a5a2b}.other{fill:#c9bda9}"
        "@media(prefers-color-scheme:dark){text{fill:#ddd3c4}.ours{fill:#d09a5c}.other{fill:#5b5246}}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 110} {height}" role="img">'
        f"<title>{escape(result['scenario'].title)}</title><style>{style}</style>{''.join(rows)}</svg>\n"
    )
