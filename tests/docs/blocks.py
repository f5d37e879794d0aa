"""The code blocks of the documentation, as they stand in the pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.servers import ROOT

FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\s*$")
LABEL = re.compile(r"^\s*`(?P<file>[\w./-]+\.\w+)`(?P<whole>, the whole file)?\s*$")
INDENTED = "indented"


@dataclass(frozen=True)
class Block:
    page: str
    line: int
    language: str
    file: str | None
    """The file that it belongs into: what stands alone in the line above it."""
    whole: bool
    """Whether it takes the place of what is in that file; else it comes behind it."""
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def first(self) -> str:
        return self.text.partition("\n")[0]


def pages() -> list[Path]:
    """Everything that people read, without what is made from the code (docs/reference)."""
    outside = [ROOT / name for name in ("README.md", "README.zh-CN.md", "CONTRIBUTING.md", "SECURITY.md")]
    inside = [path for path in sorted((ROOT / "docs").rglob("*.md")) if path.parent.name != "reference"]
    return [*outside, *inside, *sorted((ROOT / "examples").glob("**/README.md"))]


def all_blocks() -> list[Block]:
    return [block for path in pages() for block in blocks_of(path)]


def blocks_of(path: Path) -> Iterator[Block]:
    """Fenced blocks, and what is indented by four blanks behind an empty line."""
    page = path.relative_to(ROOT).as_posix()
    lines = path.read_text(encoding="utf-8").splitlines()
    number = 0
    while number < len(lines):
        if fence := FENCE.match(lines[number]):
            end = lines.index(f"{fence['indent']}```", number + 1)
            body = [line.removeprefix(fence["indent"]) for line in lines[number + 1 : end]]
            file, whole = _label(lines, number)
            yield Block(page, number + 1, fence["language"], file, whole, "\n".join(body) + "\n")
            number = end + 1
        elif _begins_indented(lines, number):
            end = number
            while end < len(lines) and (lines[end].startswith("    ") or not lines[end].strip()):
                end += 1
            body = [line[4:] for line in lines[number:end]]
            yield Block(page, number + 1, INDENTED, None, False, "\n".join(body).rstrip() + "\n")
            number = end
        else:
            number += 1


def _label(lines: list[str], number: int) -> tuple[str | None, bool]:
    above = next((line for line in reversed(lines[:number]) if line.strip()), "")
    label = LABEL.match(above)
    return (label["file"], label["whole"] is not None) if label else (None, False)


def _begins_indented(lines: list[str], number: int) -> bool:
    if not lines[number].startswith("    ") or lines[number - 1].strip():
        return False
    # What follows an item of a list belongs to it; a block in there has two more.
    above = next((line for line in reversed(lines[:number]) if line.strip()), "")
    return not re.match(r"^\s*(-|\d+\.) ", above)
