"""A room as lines of a terminal. Pure: what it is made of is `view.py`'s, how wide it is the caller's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Any, Final

from teahouse.server.chat.markup import lines_of
from teahouse.server.chat.text import Fragments, clean, cut, wrap
from teahouse.server.words import say

COLOURS: Final = ("ansicyan", "ansigreen", "ansimagenta", "ansiblue", "ansiyellow")
"""The terminal's own, which go with its background; red is for what calls one."""
INDENT: Final = 6


def name_of(by: dict[str, Any]) -> tuple[str, str]:
    """A person's name in their colour."""
    return f"{COLOURS[by['id'] % len(COLOURS)]} bold", clean(by["name"]).replace("\n", " ")


def drawn(
    messages: Iterable[dict[str, Any]], quoted: Callable[[int], dict[str, Any] | None], width: int,
    measure: Callable[[str], int], thread: int | None = None,
) -> list[Fragments]:  # fmt: skip
    """All lines of these messages, with a line for each new day; `thread`: of whose thread they are."""
    lines: list[Fragments] = []
    day = ""
    for message in messages:
        when = datetime.fromisoformat(message["at"]).astimezone()
        if (today := f"{when:%Y-%m-%d}") != day:
            day = today
            lines.append([("class:dim", f"── {day} ".ljust(width, "─"))])
        fit = partial(cut, width=width, measure=measure)
        for line in _lines(message, f"{when:%H:%M}", quoted, fit, thread):
            lines += wrap(line, width, INDENT, measure)
        if message["id"] == thread:
            lines.append([("class:dim", "─" * width)])
    return lines


def _lines(
    message: dict[str, Any],
    time: str,
    quoted: Callable[[int], dict[str, Any] | None],
    fit: Callable[[str], str],
    thread: int | None,
) -> list[Fragments]:
    who = name_of(message["by"])
    head: Fragments = [("class:dim", f"{time} "), who]
    if "deleted" in message:
        return [[*head, ("class:dim", say(": deleted", "：已删除"))]]
    blank = ("", " " * INDENT)
    body = lines_of(message["html"]) if "html" in message else _plain(message["text"])
    if (answered := _answered(message, quoted, thread)) is not None:
        answered = f"{time} {who[1]} {answered}"
        lines = [[*head, ("class:dim", fit(answered)[len(time) + 1 + len(who[1]) :])]]
    elif _is_block(body[0]) and len(body) > 1:
        # A list or a block of code begins below the name, where its lines stand under each other.
        lines = [[*head, ("", ":")]]
    else:
        lines, body = [[*head, ("", ": "), *body[0]]], body[1:]
    lines += [[blank, *line] for line in body]
    if "edited" in message:
        lines[-1].append(("class:dim", say(" (edited)", "（已编辑）")))
    below = _below(message) if message["id"] != thread else []
    lines += [[blank, ("class:dim", text)] for text in below]
    return lines


def _answered(
    message: dict[str, Any], quoted: Callable[[int], dict[str, Any] | None], thread: int | None
) -> str | None:
    """What stands above a message that answers another, or was said in a thread of the room that is looked at."""
    if (root := message.get("root")) is not None and thread is None:
        original = quoted(root["id"])
        name = f" {name_of(original['by'])[1]}: {_short(original)}" if original is not None else ""
        return say("↳ in a thread", "↳ 话题中") + name
    if (reply := message.get("reply")) is not None:
        return f"↱ {name_of(reply['by'])[1]}: {_short(quoted(reply['id']))}"
    return None


def _short(original: dict[str, Any] | None) -> str:
    """What a message says, in one line; nothing where it is not held, or was deleted."""
    return " ".join(clean(original.get("text", "")).split()) if original is not None else ""


def _plain(text: str) -> list[Fragments]:
    return [[("", line)] for line in clean(text).split("\n")]


def _below(message: dict[str, Any]) -> list[str]:
    found = []
    if reactions := message.get("reactions"):
        found.append("  ".join(f"{clean(emoji)} {len(people)}" for emoji, people in reactions.items()))
    if (thread := message.get("thread")) and thread["count"]:
        count = thread["count"]
        found.append(say(f"↳ {count} in its thread", f"↳ 话题中 {count} 条"))
    return found


def _is_block(line: Fragments) -> bool:
    text = "".join(text for _, text in line)
    return any("class:pre" in style and text for style, text in line[:1]) or text.startswith(
        ("• ", "│ ", "1. ")
    )
