"""The last page of a room as the template draws it: a readable conversation before, and without, any script.

In: messages and events of the project as `paging.page` gives them. Out: rows. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

TOGETHER = timedelta(minutes=5)
CUPS = 8
EXCERPT = 120
"""Characters of what is quoted."""
KANA = re.compile("[\u3040-\u30ff]")
HANGUL = re.compile("[\u1100-\u11ff\uac00-\ud7af]")
HAN = re.compile("[\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


class Row(NamedTuple):
    """One message, or event of the project, and what stands around it.

    Attributes:
        message: the one or the other.
        at: when it was said, in the current time zone.
        day: the day, where a line with it stands before the message.
        head: whether it stands under a heading of its own.
        cup: number of the colour of its speaker.
        initial: first character of the name.
        lang: which glyphs the text wants; empty where the page's own will do.
        name_lang: the same of the name.
        reactions: each emoji with how many people chose it.
        quotes: what it replies to, where it is a reply.
        marked: whether the page is this message's own.
        replies: how many there are in its thread, with the address of the last.
    """

    message: Mapping[str, Any]
    at: datetime
    day: date | None
    head: bool
    cup: int
    initial: str
    lang: str
    name_lang: str
    reactions: list[tuple[str, int]]
    quotes: Quote | None
    marked: bool
    replies: tuple[int, str] | None = None


class Quote(NamedTuple):
    """A message that another one replies to. `text`: its beginning, empty where it is not on the page or deleted."""

    name: str
    text: str
    deleted: bool
    address: str


def rows(messages: Iterable[Mapping[str, Any]], address: str = "", marked: int | None = None) -> list[Row]:
    """As elements/page.js groups them: one heading for what a person says within five minutes of a day.

    Args:
        address: of the room; messages have theirs below it.
        marked: number of the message that the page is about.
    """
    messages = list(messages)
    known = {message["id"]: message for message in messages if "id" in message}
    found: list[Row] = []
    for message in messages:
        at = timezone.localtime(datetime.fromisoformat(message["at"]))
        before = found[-1] if found else None
        new_day = before is None or before.at.date() != at.date()
        by = message["by"]
        head = before is None or new_day or _apart(before, by["id"], at)
        initial = (by["name"].strip() or "·")[0].upper()
        found.append(
            Row(
                message=message,
                at=at,
                day=at.date() if new_day else None,
                head=head,
                cup=by["id"] % CUPS,
                initial=initial,
                lang=language_of(message.get("text", "")),
                name_lang=language_of(by["name"]),
                reactions=[(emoji, len(ids)) for emoji, ids in message.get("reactions", {}).items() if ids],
                quotes=_quote(message.get("reply"), known, address),
                marked=marked is not None and message["seq"] == marked,
                replies=_replies(message.get("thread"), address),
            )
        )
    return found


def _apart(before: Row, by: int, at: datetime) -> bool:
    if "event" in before.message:
        return True
    return bool(before.message["by"]["id"] != by) or at - before.at > TOGETHER


def in_order(page: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Messages and events of a page, as they stand in the room."""
    return sorted([*page["messages"], *page.get("events", ())], key=lambda one: int(one["seq"]))


def _replies(thread: Mapping[str, Any] | None, address: str) -> tuple[int, str] | None:
    return (thread["count"], f"{address}{thread['seq']}/") if thread is not None else None


def _quote(
    reply: Mapping[str, Any] | None, known: Mapping[int, Mapping[str, Any]], address: str
) -> Quote | None:
    if reply is None:
        return None
    quoted = known.get(reply["id"], {})
    text = excerpt(quoted.get("text", ""))
    return Quote(reply["by"]["name"], text, "deleted" in quoted, f"{address}{reply['seq']}/")


def excerpt(text: str) -> str:
    """The beginning of a text in one line, without the marks of its markup, as message.js makes it."""
    line = re.sub(r"\s+", " ", re.sub(r"[*_`>#~]+", "", re.sub(r"```\w*", " ", text))).strip()
    return f"{line[:EXCERPT]}…" if len(line) > EXCERPT else line


def around(rows: str, page: Mapping[str, Any], address: str) -> SafeString:
    """The rows with links to what was said before and after them, for who reads without a script."""
    before, after = page["more"]["before"], page["more"]["after"]
    messages = in_order(page)
    earlier = _link(f"{address}{messages[0]['seq']}/", _("Show earlier messages")) if before else ""
    later = _link(f"{address}{messages[-1]['seq']}/", _("Show later messages")) if after else ""
    newest = _link(address, _("Jump to newest")) if after else ""
    end = format_html('<p class="beginning">{} {}</p>', later, newest) if after else ""
    beginning = format_html('<p class="beginning">{}</p>', earlier) if before else ""
    return mark_safe(f"{beginning}{rows}{end}")  # noqa: S308  Templates made the rows.


def beside(rows: str, root: Mapping[str, Any], address: str) -> SafeString:
    """The rows of a thread with the way back to the room."""
    back = format_html(
        '<p class="beginning">{}</p>', _link(f"{address}{root['seq']}/", _("Back to the room"))
    )
    return mark_safe(f"{back}{rows}")  # noqa: S308  Templates made the rows.


def _link(address: str, text: str) -> SafeString:
    return format_html('<a class="link" href="{}">{}</a>', address, text)


def language_of(text: str) -> str:
    """As words.js says it: Chinese, Japanese and Korean share code points that each draws differently."""
    for letters, language in ((KANA, "ja"), (HANGUL, "ko"), (HAN, "zh-Hans")):
        if letters.search(text):
            return language
    return ""
