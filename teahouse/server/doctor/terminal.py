"""Text on a terminal: columns that Chinese takes, wrapping, colours."""

from __future__ import annotations

import os
import re
import shutil
import unicodedata
from collections.abc import Iterator
from typing import TextIO

COLOURS = {"ok": "32", "note": "36", "warning": "33", "error": "31", "bold": "1", "dim": "2"}
SIGNS = {"ok": "✓", "note": "·", "warning": "!", "error": "✗", "type": "→"}
PLAIN_SIGNS = {"ok": "+", "note": "-", "warning": "!", "error": "x", "type": ">"}
# No line of Chinese begins with these.
CLOSING = "，。；：、！？）」』”’》"


def columns(text: str) -> int:
    """What a text takes on a terminal: two for each wide character, none for a combining one."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def wrap(text: str, width: int) -> Iterator[str]:
    """Lines of at most `width` columns. Breaks at spaces and between wide characters; longer words stay whole."""
    line = ""
    # A piece is a run of spaces, a wide character with the punctuation after it, or a word.
    pieces = re.findall(rf"\s+|[⺀-鿿＀-￯][{CLOSING}]*|[^\s⺀-鿿＀-￯]+[{CLOSING}]*", text)
    for piece in pieces:
        if line and not piece.isspace() and columns(line + piece) > width:
            yield line.rstrip()
            line = ""
        if line or not piece.isspace():
            line += piece
    if line.strip():
        yield line.rstrip()


class Terminal:
    """Where the report goes: how wide, whether in colour, whether it can show ✓."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        tty = stream.isatty()
        # Lines of more than 100 columns are hard to read; a pipe gets what most terminals have.
        self.width = min(shutil.get_terminal_size().columns, 100) if tty else 100
        self.colour = tty and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self.signs = SIGNS if _can_show(stream, "".join(SIGNS.values())) else PLAIN_SIGNS

    def paint(self, text: str, *colours: str) -> str:
        if not self.colour or not text:
            return text
        codes = ";".join(COLOURS[colour] for colour in colours)
        return f"\x1b[{codes}m{text}\x1b[0m"

    def line(self, text: str = "") -> None:
        encoding = self.stream.encoding or "utf-8"
        print(text.encode(encoding, "replace").decode(encoding), file=self.stream)

    def paragraph(self, text: str, *colours: str, indent: int = 4) -> None:
        for line in wrap(text, self.width - indent):
            self.line(" " * indent + self.paint(line, *colours))


def _can_show(stream: TextIO, text: str) -> bool:
    try:
        text.encode(stream.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True
