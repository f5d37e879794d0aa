"""The findings on a terminal, or as JSON."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from teahouse.fit.findings import LEVELS, Finding, Words
from teahouse.server.doctor.terminal import Terminal, columns, wrap
from teahouse.server.doctor.words import say

DOCS = "https://github.com/teahouse-chat/teahouse/blob/main/docs/doctor.md"
MOST_OF_DJANGO = 5
"""Messages of Django's own checks that are shown; the others are counted."""


class Report:
    """What was looked at (`title`, `about`: pairs of name and version) and what was found."""

    def __init__(self, title: str, about: Sequence[tuple[str, str]], findings: Sequence[Finding]) -> None:
        self.title = title
        self.about = about
        self.findings = findings

    @property
    def counts(self) -> Counter[str]:
        return Counter(finding.level for finding in self.findings)

    @property
    def status(self) -> int:
        return 1 if self.counts["error"] else 0

    def print(self, terminal: Terminal, lang: str) -> None:
        terminal.line()
        terminal.line(f"  {terminal.paint('teahouse doctor', 'bold')}  {terminal.paint(self.title, 'dim')}")
        terminal.line()
        _print_pairs(terminal, self.about)
        shown, hidden = self._shown()
        self._print_findings(shown, terminal, lang)
        if hidden:
            terminal.line()
            python = dict(self.about).get("executable", "python")
            terminal.paragraph(say(lang, "more", n=hidden, python=python), "dim", indent=2)
        self._print_sum(terminal, lang)

    def _print_findings(self, shown: Sequence[Finding], terminal: Terminal, lang: str) -> None:
        """What is well stands line by line, what is not with room around it; the same lines to type only once."""
        before, typed = "", set[tuple[str, ...]]()
        for finding in shown:
            if (before, finding.level) != ("ok", "ok"):
                terminal.line()
            words = finding.words(lang)
            _print_finding(terminal, finding, words, brief=bool(words.type) and words.type in typed)
            before = finding.level
            typed.add(words.type)

    def _shown(self) -> tuple[list[Finding], int]:
        """In order; of messages that are not ours only the weightiest."""
        foreign = [finding for finding in self.findings if finding.own is not None]
        foreign.sort(key=lambda finding: -LEVELS.index(finding.level))
        left_out = foreign[MOST_OF_DJANGO:]
        return [finding for finding in self.findings if finding not in left_out], len(left_out)

    def _print_sum(self, terminal: Terminal, lang: str) -> None:
        counts = self.counts
        told = [
            say(lang, f"count_{level}", n=counts[level]) for level in reversed(LEVELS[1:]) if counts[level]
        ]
        comma = "，" if lang == "zh" else ", "
        terminal.line()
        if counts["error"]:
            sign, key, colour = "error", "misfit", "error"
        else:
            sign, key, colour = ("note", "fits", "ok") if told else ("ok", "all_well", "ok")
        text = say(lang, key, counts=comma.join(told))
        terminal.line(
            f"  {terminal.paint(terminal.signs[sign], colour)} {terminal.paint(text, colour, 'bold')}"
        )
        if told:
            terminal.paragraph(say(lang, "docs", url=DOCS), "dim")
        terminal.line()

    def json(self, lang: str) -> str:
        return json.dumps(
            {
                "about": dict(self.about),
                "fits": not self.counts["error"],
                "counts": {level: self.counts[level] for level in LEVELS},
                "findings": [as_json(finding, lang) for finding in self.findings],
            },
            ensure_ascii=False,
            indent=2,
        )


def as_json(finding: Finding, lang: str) -> dict[str, Any]:
    words = finding.words(lang)
    return {
        "id": finding.id or None,
        "level": finding.level,
        "say": words.say,
        "why": words.why,
        "do": words.do,
        "type": list(words.type),
    }


def _print_pairs(terminal: Terminal, pairs: Sequence[tuple[str, str]]) -> None:
    """Names and versions, as many to a line as fit."""
    line = ""
    for name, version in pairs:
        if name == "executable":
            continue
        piece = f"{terminal.paint(name, 'dim')} {version}   "
        size = columns(f"{name} {version}   ")
        if line and columns(_unpainted(line)) + size > terminal.width:
            terminal.line(f"  {line.rstrip()}")
            line = ""
        line += piece
    if line:
        terminal.line(f"  {line.rstrip()}")


def _unpainted(text: str) -> str:
    return re.sub(r"\x1b\[[\d;]*m", "", text)


def _print_finding(terminal: Terminal, finding: Finding, words: Words, *, brief: bool) -> None:
    """`brief`: without what to do, which an earlier one has said."""
    level = finding.level
    sign = terminal.paint(terminal.signs[level], level, "bold")
    _print_head(terminal, sign, words.say, finding.id, () if level == "ok" else (level, "bold"))
    if words.why:
        terminal.paragraph(words.why)
    if brief:
        return
    if words.do:
        terminal.paragraph(words.do)
    for line in words.type:
        # Never wrapped: it is there to be copied.
        terminal.line(f"      {terminal.paint(line, 'bold')}")


def _print_head(terminal: Terminal, sign: str, text: str, identity: str, colours: Sequence[str]) -> None:
    """The first line, with the id at the right edge, or below where there is no room."""
    first, *rest = wrap(text, terminal.width - 4)
    gap = terminal.width - 4 - columns(first) - columns(identity)
    if identity and gap >= 2 and not rest:
        terminal.line(
            f"  {sign} {terminal.paint(first, *colours)}{' ' * gap}{terminal.paint(identity, 'dim')}"
        )
        return
    terminal.line(f"  {sign} {terminal.paint(first, *colours)}")
    for line in rest:
        terminal.line(f"    {terminal.paint(line, *colours)}")
    if identity:
        terminal.line(f"    {terminal.paint(identity, 'dim')}")
