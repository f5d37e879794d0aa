"""The page around a conversation. In: what the template looks at. Out: the page, with what is another each time put in.

The templates of a room's page, four of them with forty links, take longer than all the rest of it, and come out the
same for all who have the same language and theme. So the page is drawn once with marks where rows, data, names and the
nonce of a content security policy go.
That holds for Teahouse's own templates alone, of which it is known what they look at; a project that puts one of its
own among them, such as `teahouse/base.html`, has it drawn for each request.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.signals import setting_changed
from django.http import HttpRequest
from django.template.loader import get_template
from django.utils import translation
from django.utils.safestring import mark_safe

from teahouse.web import nonces
from teahouse.web.kept import Kept

ROOM: Final = "teahouse/room.html"
BASE: Final = "teahouse/base.html"
FORM: Final = "teahouse/form.html"
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
    room, is_ours = _template.__wrapped__() if settings.DEBUG else _template()
    given = _given(request, room)
    # Messages are shown once, and whoever shows them must look at them.
    if given.get("messages") or not is_ours:
        whole = {name: html.decode() for name, html in holes.items()}
        return _drawn(request, language, context, whole).encode()
    holes = {**holes, nonces.HERE: nonces.attribute(request).encode()}
    filled = tuple(name for name, html in holes.items() if html)
    theme = request.COOKIES.get("teahouse_theme")
    key = (
        room, language, theme if theme in ("dark", "light") else "", str(given.get("place") or ""), filled,
        *context.values(),
    )  # fmt: skip
    parts = _kept.get(key)
    if parts is None:
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


def place(request: HttpRequest) -> str:
    """What the project calls the place, in the word `place` of its context processors; empty where it does not."""
    return str(_given(request, _template()[0]).get("place") or "")


@cache
def _template() -> tuple[Any, bool]:
    """The room's template, which is another object where templates have been read anew, and whether it and what it
    extends are ours."""
    found = [get_template(name) for name in (ROOM, BASE, FORM)]
    ours = all(str(each.origin.name).startswith(OURS) for each in found)  # type: ignore[attr-defined]
    return found[0].template, ours  # type: ignore[attr-defined]


def _settings_changed(**_: Any) -> None:
    _template.cache_clear()


setting_changed.connect(_settings_changed, dispatch_uid="teahouse.shell")  # Only tests send it.
