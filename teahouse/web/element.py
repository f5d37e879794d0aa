"""A `<teahouse-room>` in a page of the host's, as the template tags put it there. In: a template's context and a room.
Out: the element with its addresses, the last messages inside it, and once for each page the script.

All of it is let by a content security policy of `default-src 'self'`: there is no inline script and no style. Where the
request has a nonce, the script has it (`nonces.py`).
"""

from __future__ import annotations

from typing import Any, Final

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model
from django.http import HttpRequest
from django.template.context import Context
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from teahouse import history as stored
from teahouse.conf import conf
from teahouse.live.protocol import Problem
from teahouse.models import Room
from teahouse.subjects import existing, room_for
from teahouse.web import nonces
from teahouse.web.last import Place, find, in_html, page_of
from teahouse.web.views import NOBODY, sign_in_address, socket_address
from teahouse.web.visitors import speaker_of

LOADED: Final = "_teahouse_loaded"
"""On a request whose page has the script already."""
NO_REQUEST: Final = (
    "{% teahouse_room %} and {% teahouse_unread %} have to know who looks at the page, and there is no `request` in "
    "their context. Either the template was rendered without it: use render(request, …), and have this context "
    'processor in TEMPLATES: "django.template.context_processors.request". Or it is included with `only`, which leaves '
    "the request out: {% include … with request=request only %}"
)
NO_ADDRESSES: Final = (
    "{% teahouse_room %} needs Teahouse's addresses. Add them to urlpatterns in urls.py, below any prefix: "
    'path("chat/", include("teahouse.urls"))'
)


def room_shown(room: Any, *, title: str | None, kind: str | None) -> Room | None:
    """The room of an object, made where there is none yet, or the one with this name; None where there is none."""
    if _is_nobody(room):
        return None
    if isinstance(room, Room | str):
        return existing(room)
    return room_for(room, title=title, kind=kind)


def html(
    context: Context, room: Room | None, *, history: bool, otherwise: str, attributes: dict[str, Any]
) -> SafeString:
    """The element, or `otherwise` for who may not see the room."""
    request = _request(context)
    speaker = speaker_of(request)
    language = get_language() or "en"
    if room is None or (speaker is None and not conf().GUESTS):
        return conditional_escape(otherwise)
    try:
        found, known = find(speaker or NOBODY, room.slug)
    except Problem:
        return conditional_escape(otherwise)
    address = _reversed("room", room.slug)
    data, rows = b"", b""
    if history:
        seen = page_of(found, known, language, Place(None, address))
        who = in_html(speaker.who) if speaker is not None else b"null"
        data, rows = b'{%b,"you":%b}' % (seen.data, who), seen.list
    given = {
        "room": room.slug,
        "ws": socket_address(request),
        "guest": _reversed("guest"),
        "home": _reversed("home"),
        "signin": sign_in_address(request),
        **{name.replace("_", "-"): value for name, value in attributes.items()},
    }
    return format_html(
        "{}<teahouse-room{}>{}<noscript>{}<p>{}</p></noscript></teahouse-room>",
        _script(request),
        _attributes(given),
        mark_safe(f'<script type="application/json">{data.decode()}</script>' if data else ""),  # noqa: S308  Escaped.
        mark_safe(rows.decode()),  # noqa: S308  Templates made the rows.
        format_html('<a href="{}">{}</a>', address, _("Open the room")),
    )


def unread(context: Context, room: Any) -> int:
    """Unread messages of the person who looks at the page, of a room that they belong to and may see."""
    speaker = speaker_of(_request(context))
    found = None if _is_nobody(room) else existing(room)
    if speaker is None or found is None:
        return 0
    try:
        find(speaker, found.slug)
    except Problem:
        return 0
    row = stored.unread_of(room=found.pk, person=speaker.id).first()
    return 0 if row is None else int(row.unread)


def _is_nobody(given: Any) -> bool:
    """Whether this is `request.user` of who is not signed in: one template is for both, and nobody has no room."""
    return not isinstance(given, Model) and getattr(given, "is_anonymous", False) is True


def _request(context: Context) -> HttpRequest:
    request = context.get("request")
    if not isinstance(request, HttpRequest):
        raise ImproperlyConfigured(NO_REQUEST)
    return request


def _reversed(name: str, *args: str) -> str:
    try:
        return reverse(f"teahouse:{name}", args=args)
    except NoReverseMatch:
        raise ImproperlyConfigured(NO_ADDRESSES) from None


def _script(request: HttpRequest) -> SafeString:
    if getattr(request, LOADED, False):
        return mark_safe("")
    setattr(request, LOADED, True)
    address, nonce = static("teahouse/chat.js"), nonces.attribute(request)
    return format_html('<script type="module" src="{}"{}></script>\n', address, nonce)


def _attributes(given: dict[str, Any]) -> SafeString:
    """True becomes an attribute without a value; False, None and what is empty are left out."""
    bare = format_html_join("", " {}", ((name,) for name, value in given.items() if value is True))
    valued = (
        (name, value) for name, value in given.items() if value is not True and value not in (False, None, "")
    )
    return format_html("{}{}", format_html_join("", ' {}="{}"', valued), bare)
