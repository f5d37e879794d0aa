"""Text of strangers in a terminal: what may be shown, how wide it is, where it is broken. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

Fragments = list[tuple[str, str]]
"""Pieces of one line, each a style and a text."""

# C0 and C1 would command the terminal; the others turn the direction of what stands beside them.
_UNSAFE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_WORDS: Final = re.compile(r"\s+|[^\s]+")


def clean(text: str) -> str:
    """Without what would command the terminal; line ends and tabs stay."""
    return _UNSAFE.sub("\ufffd", text.replace("\r\n", "\n")).replace("\t", "    ")


def wrap(line: Fragments, width: int, indent: int, measure: Callable[[str], int]) -> list[Fragments]:
    """A line as several, none wider than `width` cells; from the second on with `indent` blanks before them.

    Breaks at blanks where it can. A Chinese character counts two cells, as `measure` says, and may stand on either side
    of a break.
    """
    lines: list[Fragments] = [[]]
    used = 0
    for style, word in _pieces(line, measure):
        size = measure(word)
        if used + size > width and used > indent and not word.isspace():
            lines.append([("", " " * indent)])
            used = indent
        if word.isspace() and used + size > width:
            continue
        for part in _fitting(word, width - used, width - indent, measure):
            if part is None:
                lines.append([("", " " * indent)])
                used = indent
            else:
                lines[-1].append((style, part))
                used += measure(part)
    return lines


def cut(text: str, width: int, measure: Callable[[str], int]) -> str:
    """The beginning of it that fits, with an ellipsis where that is not all."""
    if measure(text) <= width:
        return text
    found = ""
    for character in text:
        if measure(found + character) > width - 1:
            break
        found += character
    return found + "…"


def _pieces(line: Fragments, measure: Callable[[str], int]) -> Iterable[tuple[str, str]]:
    for style, text in line:
        for word in _WORDS.findall(text):
            start = 0
            for place, character in enumerate(word):
                if measure(character) == 2:
                    if place > start:
                        yield style, word[start:place]
                    yield style, character
                    start = place + 1
            if start < len(word):
                yield style, word[start:]


def _fitting(word: str, room: int, whole: int, measure: Callable[[str], int]) -> Iterable[str | None]:
    """Parts of a word that is longer than a line; None: a new line begins."""
    while measure(word) > room:
        place = _place(word, room, measure)
        if place == 0 and room >= whole:
            break  # Not even one character fits: a very narrow window.
        if place:
            yield word[:place]
        yield None
        word, room = word[place:], whole
    yield word


def _place(word: str, room: int, measure: Callable[[str], int]) -> int:
    """How many of its characters fit."""
    size = 0
    for place, character in enumerate(word):
        size += measure(character)
        if size > room:
            return place
    return len(word)
