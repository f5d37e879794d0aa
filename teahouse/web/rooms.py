"""The rooms that one may see, as a page of links: what stands beside the conversation where there is no JavaScript.

In: a request. Out: own rooms and conversations, with how much is unread in each, then open rooms, page by page.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from teahouse import access, directory, history
from teahouse.access import Speaker
from teahouse.conf import conf
from teahouse.live.protocol import Problem
from teahouse.web.conversation import language_of as language_of_text
from teahouse.web.views import NOBODY, language_of, way_back
from teahouse.web.visitors import speaker_of

PAGE: Final = 100


@require_safe
@never_cache
def rooms(request: HttpRequest) -> HttpResponse:
    """`rooms/?after=<name>`: all that one may go to."""
    speaker = speaker_of(request)
    if speaker is None and not conf().GUESTS:
        return redirect_to_login(way_back(request, resolve_url(settings.LOGIN_URL)))
    after = request.GET.get("after") or None
    try:
        found = directory.open_rooms(speaker or NOBODY, "", after, PAGE)
    except Problem:  # It is gone, or open no more: from the beginning.
        after, found = None, directory.open_rooms(speaker or NOBODY, "", None, PAGE)
    own = _own(speaker) if speaker is not None else []
    known = {room["room"] for room in own}
    listed = [_shown(room) for room in found["rooms"] if room["room"] not in known]
    context = {
        "own": [_shown(room) for room in own] if after is None else [],
        "open": listed,
        "more": f"?{urlencode({'after': found['rooms'][-1]['room']})}" if found["more"] else "",
    }
    with translation.override(language_of(request)):
        return render(request, "teahouse/rooms.html", context)


def _own(speaker: Speaker) -> list[dict[str, Any]]:
    """Rooms, then conversations, by name; those that were archived are behind all others."""
    told = [room for _, room in history.own_rooms_of([speaker.id])[speaker.id]]
    found = access.rooms([(room["room"], speaker.id) for room in told])
    seen = [room for room in told if _may_see(speaker, room["room"], found[room["room"], speaker.id])]
    return sorted(
        seen, key=lambda room: (room["archived"], room["kind"] == "direct", _title(room).casefold())
    )


def _may_see(speaker: Speaker, name: str, found: access.Found) -> bool:
    """The project's policy may have taken the room from its members."""
    try:
        access.admitted(speaker, name, found)
    except Problem:
        return False
    return True


def _title(room: dict[str, Any]) -> str:
    """A conversation is called by the others in it."""
    if room["kind"] != "direct":
        return str(room["title"] or room["room"])
    names = [who["name"] for who in room.get("people", ())]
    comma = "、" if all(language_of_text(name) == "zh-Hans" for name in names) else ", "
    return comma.join(names) or str(room["room"])


def _shown(room: dict[str, Any]) -> dict[str, Any]:
    title = _title(room)
    return {**room, "title": title, "lang": language_of_text(title)}
