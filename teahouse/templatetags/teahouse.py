"""`{% load teahouse %}`: a room in a template of the host's, and how much is unread there. `web/element.py` does it."""

from __future__ import annotations

from typing import Any

from django.template import Library
from django.template.context import Context
from django.utils.safestring import SafeString

from teahouse.web import element, nonces

register = Library()


@register.simple_tag(takes_context=True)
def teahouse_room(
    context: Context,
    room: Any,
    *,
    title: str | None = None,
    kind: str | None = None,
    history: bool = True,
    otherwise: str = "",
    **attributes: Any,
) -> SafeString:
    """The live room on an object, or the room with this name; `otherwise` for who may not see it.

    `title` and `kind` are of a room that is made now. Further arguments become attributes: `counts_in_title=True`.
    """
    made = element.room_shown(room, title=title, kind=kind)
    return element.html(context, made, history=history, otherwise=otherwise, attributes=attributes)


@register.simple_tag(takes_context=True)
def teahouse_unread(context: Context, room: Any) -> int:
    """How many messages of a room its member has not read; 0 for everybody else."""
    return element.unread(context, room)


@register.simple_tag(takes_context=True)
def teahouse_nonce(context: Context) -> SafeString:
    """` nonce="…"` for a script of a page whose content security policy has a nonce; nothing elsewhere."""
    return nonces.attribute_in(context)
