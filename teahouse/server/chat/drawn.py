"""A room as lines of a terminal. Pure: what it is made of is `view.py`'s, how wide it is the caller's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final

from teahouse.server.chat.markup import lines_of
from teahouse.server.chat.text import Fragments, clean, wrap
from teahouse.server.words import say

COLOURS: Final = ("ansicyan", "ansigreen", "ansimagenta", "ansiblue", "ansired", "ansiyellow")
"""The terminal's own, which go with its background."""
INDENT: Final = 6


def name_of(by: dict[str, Any]) -> tuple[str, str]:
    """A person's name in their colour."""
    return f"{COLOURS[by['id'] % len(COLOURS)]} bold", clean(by["name"]).replace("\n", " ")


def drawn(
    messages: Iterable[dict[str, Any]], quoted: Callable[[int], dict[str, Any] | None], width: int,
    measure: Callable[[str], int],
) -> list[Fragments]:  # fmt: skip
    """All lines of these messages, with a line for each new day."""
    lines: list[Fragments] = []
    day = ""
    for message in messages:
        when = datetime.fromisoformat(message["at"]).astimezone()
        if (today := f"{when:%Y-%m-%d}") != day:
            day = today
            lines.append([("class:dim", f"── {day} ".ljust(width, "─"))])
        for line in _lines(message, f"{when:%H:%M}", quoted):
            lines += wrap(line, width, INDENT, measure)
    return lines


def _lines(
    message: dict[str, Any], time: str, quoted: Callable[[int], dict[str, Any] | None]
) -> list[Fragments]:
    head: Fragments = [("class:dim", f"{time} "), name_of(message["by"]), ("", ": ")]
    if "deleted" in message:
        return [[*head, ("class:dim", say("deleted", "已删除"))]]
    lines: list[Fragments] = []
    if (reply := message.get("reply")) is not None:
        lines.append(_quote(reply, quoted(reply["id"])))
    body = (
        lines_of(message["html"])
        if "html" in message
        else [[("", line)] for line in clean(message["text"]).split("\n")]
    )
    blank = ("", " " * INDENT)
    # A list or a block of code begins below the name, where its lines stand under each other.
    first, rest = (body[0], body[1:]) if len(body) == 1 or not _is_block(body[0]) else ([], body)
    lines.append([*head, *first])
    lines += [[blank, *line] for line in rest]
    if "edited" in message:
        lines[-1].append(("class:dim", say(" (edited)", "（已编辑）")))
    lines += [[blank, ("class:dim", text)] for text in _below(message)]
    return lines


def _plain(text: str) -> list[Fragments]:
    return [[("", line)] for line in clean(text).split("\n")]


def _quote(reply: dict[str, Any], original: dict[str, Any] | None) -> Fragments:
    text = clean(original.get("text", "")) if original is not None else ""
    short = " ".join(text.split())[:60]
    return [("class:dim", f"{' ' * INDENT}↱ "), name_of(reply["by"]), ("class:dim", f" {short}")]


def _below(message: dict[str, Any]) -> list[str]:
    found = []
    if reactions := message.get("reactions"):
        found.append("  ".join(f"{clean(emoji)} {len(people)}" for emoji, people in reactions.items()))
    if (thread := message.get("thread")) and thread["count"]:
        count = thread["count"]
        found.append(say(f"↳ {count} in its thread", f"↳ 讨论串有 {count} 条"))
    return found


def _is_block(line: Fragments) -> bool:
    text = "".join(text for _, text in line)
    return any("class:pre" in style and text for style, text in line[:1]) or text.startswith(
        ("• ", "│ ", "1. ")
    )
