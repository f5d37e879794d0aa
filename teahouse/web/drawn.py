"""Rows of a conversation as HTML, drawn once for all. In: a row of `web/conversation.py`. Out: what row.html makes.

Fifty rows cost the template 5 ms of the page's 11, and are the same for all who open a room; only at its end
something is new.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from django.template.loader import render_to_string
from django.urls import get_script_prefix
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from teahouse.web.conversation import Row

KEPT: Final = 4096
"""Rows, of about a kilobyte."""


def drawn(row: Row) -> SafeString:
    """The row in the language that is active."""
    message = row.message
    content = tuple(message.get(name) for name in ("at", "text", "html", "edited", "deleted", "event"))
    around = (row.at.isoformat(), row.day, row.head, row.cup, row.lang, row.name_lang, row.marked)
    picture = message["by"].get("avatar")
    by = (message["by"]["name"], (message["by"]["id"], picture, get_script_prefix()) if picture else None)
    key = (get_language(), by, content, around, tuple(row.reactions), row.quotes, row.replies)
    return _draw(_Drawing(key, row))


@dataclass(frozen=True, slots=True)
class _Drawing:
    """`key` is all that the template looks at; `initial` is of the name."""

    key: Hashable
    row: Row = field(compare=False)


@lru_cache(KEPT)
def _draw(drawing: _Drawing) -> SafeString:
    return render_to_string("teahouse/row.html", {"row": drawing.row})
