"""The page around a conversation. In: what the template looks at. Out: the page, with what is another each time put in.

The templates of a room's page, three of them with forty links, take longer than all the rest of it, and come out the
same for all who have the same language and theme. So the page is drawn once with marks where rows, data and names go.
That holds for Teahouse's own templates alone, of which it is known what they look at; a project that puts one of its
own among them, such as `teahouse/base.html`, has it drawn for each request.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from django.http import HttpRequest
from django.template.loader import get_template
from django.utils import translation
from django.utils.safestring import mark_safe

from teahouse.web.kept import Kept

ROOM: Final = "teahouse/room.html"
BASE: Final = "teahouse/base.html"
OURS: Final = f"{Path(__file__).parent.parent}/"
KEPT_BYTES: Final = 4 * 2**20
MARK: Final = secrets.token_hex(16)
"""Nobody can guess it, so no title and no name holds it."""
MARKED: Final = re.compile(rf"{MARK}(\w+);")

Parts = list[tuple[bytes, str]]
"""A piece of HTML and the name of what follows it; empty behind the last."""


def page(
    request: HttpRequest, language: str, context: Mapping[str, Any], holes: Mapping[str, bytes]
) -> bytes:
    """The page in this language. `holes`: HTML that the template puts in under these names; the rest of the context
    can be a key."""
    room = get_template(ROOM).template  # type: ignore[attr-defined]
    given = _given(request, room)
    filled = tuple(name for name, html in holes.items() if html)
    theme = request.COOKIES.get("teahouse_theme")
    # The template's object: where templates may change, as in development, Django reads all of them anew.
    key = (
        room, language, theme if theme in ("dark", "light") else "", str(given.get("place") or ""), filled,
        *context.values(),
    )  # fmt: skip
    # Messages are shown once, and whoever shows them must look at them.
    parts = None if given.get("messages") else _kept.get(key)
    if parts is None:
        if given.get("messages") or not _are_ours():
            whole = {name: html.decode() for name, html in holes.items()}
            return _drawn(request, language, context, whole).encode()
        parts = _parts(_drawn(request, language, context, {name: f"{MARK}{name};" for name in filled}))
        _kept.put(key, parts, 2 * sum(len(html) for html, _ in parts))
    return b"".join([piece for html, name in parts for piece in (html, holes[name] if name else b"")])


_kept: Kept[Parts] = Kept(KEPT_BYTES)


def _parts(page: str) -> Parts:
    pieces = MARKED.split(page)
    return list(zip([html.encode() for html in pieces[::2]], [*pieces[1::2], ""], strict=True))


def _drawn(request: HttpRequest, language: str, context: Mapping[str, Any], holes: Mapping[str, str]) -> str:
    safe = {name: mark_safe(html) for name, html in holes.items()}  # noqa: S308  Made by templates, or escaped.
    with translation.override(language):
        return get_template(ROOM).render({**context, **safe}, request)


def _given(request: HttpRequest, template: Any) -> dict[str, Any]:
    """What the project's context processors give: `place` and `messages` are what our templates look at, beside
    `request` and in it the theme's cookie."""
    given: dict[str, Any] = {}
    for processor in template.engine.template_context_processors:
        given.update(processor(request))
    return given


def _are_ours() -> bool:
    return all(str(get_template(name).origin.name).startswith(OURS) for name in (ROOM, BASE))  # type: ignore[attr-defined]
