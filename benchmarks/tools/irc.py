"""Real conversations from public IRC logs: `[HH:MM] <nick> text`, `[HH:MM] * nick action`, `=== notice`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LINE = re.compile(r"\[(\d\d):(\d\d)\] (?:<([^>]*)> ?|\* (\S+) ?)(.*)")


@dataclass(frozen=True, slots=True)
class Line:
    """Something said `second` seconds after the conversation began."""

    second: float
    nick: str
    text: str


def conversation(path: Path) -> list[Line]:
    """What was said in a log, in order; notices (joins, parts, renames) are left out."""
    return list(_spread(_lines(path)))


def _lines(path: Path) -> Iterator[tuple[int, str, str]]:
    for row in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        found = LINE.fullmatch(row)
        if found is not None:
            hour, minute, said_by, acted, text = found.groups()
            yield int(hour) * 60 + int(minute), said_by or acted, text if said_by else f"* {acted} {text}"


def _spread(lines: Iterator[tuple[int, str, str]]) -> Iterator[Line]:
    """The logs know minutes only: the lines of a minute are spread evenly over it. Midnight goes on counting."""
    begun: int | None = None
    day = last = 0
    minute: list[tuple[str, str]] = []

    def spread() -> Iterator[Line]:
        for index, (nick, text) in enumerate(minute):
            yield Line((last - (begun or 0)) * 60 + 60 * index / len(minute), nick, text)

    for at, nick, text in lines:
        now = at + day
        if now < last - 720:
            day += 1440
            now += 1440
        begun = now if begun is None else begun
        if now != last:
            yield from spread()
            minute, last = [], max(now, last)
        minute.append((nick, text))
    yield from spread()
