"""The HTML that the server made of a message's Markdown, as lines of a terminal. Pure.

The server has read the Markdown once for all; here nothing of it is guessed again.
"""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Final

from teahouse.server.chat.text import Fragments, clean

INLINE: Final = {
    "strong": "bold", "b": "bold", "em": "italic", "i": "italic", "code": "class:code", "a": "underline",
    "del": "strike", "s": "strike",
}  # fmt: skip
HEADS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
ALONE: Final = {"br": "", "hr": "────", "img": ""}
"""What has no end, and what is shown of it where it says nothing else."""
BLOCKS: Final = frozenset({"p", "pre", "ul", "ol", "blockquote", "table", "hr", "div", *HEADS})
BREAKS: Final = BLOCKS | {"br", "li", "tr"}


def lines_of(html: str) -> list[Fragments]:
    """One for each line that it has; not yet broken to a width."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    while reader.lines and not reader.lines[-1]:
        reader.lines.pop()
    return reader.lines or [[]]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[Fragments] = []
        self._styles: list[tuple[str, str]] = []
        self._lists: list[int] = []  # The number of the next item; 0: bullets.
        self._quotes = 0
        self._pre = 0
        self._fresh = True
        self._link: tuple[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._fresh = self._fresh or tag in BREAKS
        if tag in ("pre", "blockquote", "ul", "ol", "li"):
            self._begin_block(tag, given)
        elif tag in ("td", "th") and not self._fresh:
            self._put(" │ ")
        elif tag == "a":
            self._link = (given.get("href") or "", "")
        elif tag in ALONE:
            self._put(given.get("alt") or ALONE[tag])
            return
        style = "bold" if tag in HEADS else INLINE.get(tag, "")
        self._styles.append((tag, "" if self._pre and tag == "code" else style))

    def _begin_block(self, tag: str, given: dict[str, str | None]) -> None:
        if tag == "pre":
            self._pre += 1
        elif tag == "blockquote":
            self._quotes += 1
        elif tag == "li":
            self._item()
        else:
            self._lists.append(int(given.get("start") or 1) if tag == "ol" else 0)

    def handle_endtag(self, tag: str) -> None:
        while self._styles:
            if self._styles.pop()[0] == tag:
                break
        if tag == "a" and self._link is not None:
            (href, text), self._link = self._link, None
            # A link whose text is another one would lead somewhere that nobody sees.
            if "://" in href and href.partition("://")[2].rstrip("/") != text.rpartition("://")[2].rstrip(
                "/"
            ):
                self._put(f" <{clean(href)}>")
        if tag in BLOCKS or tag == "li":
            self._fresh = True
        if tag == "pre":
            self._pre -= 1
        elif tag == "blockquote":
            self._quotes -= 1
        elif tag in ("ul", "ol") and self._lists:
            self._lists.pop()

    def handle_data(self, data: str) -> None:
        text = clean(data)
        if self._link is not None:
            self._link = (self._link[0], self._link[1] + text)
        if not self._pre:
            # Line ends in the source are blanks, and none stands before the first word of a line.
            if self._fresh and not text.strip():
                return
            self._put(text.replace("\n", " "))
            return
        first, *rest = text.removesuffix("\n").split("\n")
        self._put(first)
        for line in rest:
            self._fresh = True
            self._put(line)

    def _item(self) -> None:
        self._fresh = True
        number = self._lists[-1] if self._lists else 0
        mark = f"{number}. " if number else "• "
        if number:
            self._lists[-1] += 1
        self._put("  " * (len(self._lists) - 1) + mark)

    def _put(self, text: str) -> None:
        if self._fresh:
            self.lines.append([])
            self._fresh = False
            if self._quotes:
                self.lines[-1].append(("class:quote", "│ " * self._quotes))
        style = " ".join(style for _, style in self._styles if style)
        self.lines[-1].append((f"class:pre {style}".strip() if self._pre else style, text))
