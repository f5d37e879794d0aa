"""The last page of a room as the template draws it: a readable conversation before, and without, any script.

In: messages as `paging.page` gives them. Out: rows. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.utils import timezone

TOGETHER = timedelta(minutes=5)
CUPS = 8
KANA = re.compile("[\u3040-\u30ff]")
HANGUL = re.compile("[\u1100-\u11ff\uac00-\ud7af]")
HAN = re.compile("[\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


class Row(NamedTuple):
    """One message and what stands around it.

    Attributes:
        at: when it was said, in the current time zone.
        day: the day, where a line with it stands before the message.
        head: whether it stands under a heading of its own.
        cup: number of the colour of its speaker.
        initial: first character of the name.
        lang: which glyphs the text wants; empty where the page's own will do.
        name_lang: the same of the name.
        reactions: each emoji with how many people chose it.
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


def rows(messages: Iterable[Mapping[str, Any]]) -> list[Row]:
    """As elements/page.js groups them: one heading for what a person says within five minutes of a day."""
    found: list[Row] = []
    for message in messages:
        at = timezone.localtime(datetime.fromisoformat(message["at"]))
        before = found[-1] if found else None
        new_day = before is None or before.at.date() != at.date()
        by = message["by"]
        head = (
            before is None or new_day or before.message["by"]["id"] != by["id"] or at - before.at > TOGETHER
        )
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
            )
        )
    return found


def language_of(text: str) -> str:
    """As words.js says it: Chinese, Japanese and Korean share code points that each draws differently."""
    for letters, language in ((KANA, "ja"), (HANGUL, "ko"), (HAN, "zh-Hans")):
        if letters.search(text):
            return language
    return ""
