"""Saying something by a form, for who has no JavaScript. In: a POST. Out: the page of the new message, or the room's
page with what was written and why it was not said. The form itself: with GET.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from functools import cache
from threading import Lock
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.http.response import HttpResponseRedirectBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from teahouse import access, outbox
from teahouse.access import Speaker
from teahouse.actions import messages, people
from teahouse.conf import conf
from teahouse.limits import Buckets
from teahouse.live import runtime
from teahouse.live.brief import Asked, exchange
from teahouse.live.fields import KEY
from teahouse.live.handshake import GUEST_COOKIE, Handshake
from teahouse.live.protocol import Problem
from teahouse.live.runtime import Runtime
from teahouse.models import Person
from teahouse.models.rooms import slug_of
from teahouse.web.draft import Draft, new_key
from teahouse.web.views import NOBODY, room_page
from teahouse.web.visitors import address_of, make_guest, set_ticket, speaker_of


class _SeeOther(HttpResponseRedirectBase):
    status_code = 303


@require_http_methods(["GET", "HEAD", "POST"])
def say(request: HttpRequest, name: str) -> HttpResponseBase:
    """Says the `text` of the form in a room. Who has no name yet gives one in `name`. With GET the room's page,
    which has the form then.
    """
    if request.method != "POST":
        return _form(request, name)
    text = request.POST.get("text", "").replace("\r\n", "\n")
    key = request.POST.get("key", "")
    draft = Draft(text, request.POST.get("name", ""), key if KEY.fullmatch(key) else new_key())
    ticket: str | None = None
    response: HttpResponseBase
    try:
        speaker = speaker_of(request)
        # First of all what costs nothing: nobody is made a guest for a room that they cannot speak in.
        if slug_of(name) is None:
            raise access.not_found(name)
        room = access.room(speaker or NOBODY, name)[0]
        messages.check_text(text)
        if speaker is None:
            speaker, ticket = _new_guest(request)
        seq = _said(request, speaker, ticket, room.slug, draft)
        where = reverse("teahouse:room", args=[room.slug])
        response = _SeeOther(where if seq is None else reverse("teahouse:message", args=[room.slug, seq]))
    except Problem as problem:
        if ticket is not None:
            # The page that comes is of whom the browser is from then on.
            request.COOKIES[GUEST_COOKIE] = ticket
        response = room_page(request, name, draft=draft._replace(problem=problem))
        if problem.after is not None:
            response["Retry-After"] = str(round(problem.after + 0.5))
    if ticket is not None and isinstance(response, HttpResponse):
        set_ticket(request, response, ticket)
    return response


def _form(request: HttpRequest, name: str) -> HttpResponseBase:
    slug = slug_of(name)
    if slug is not None and slug != name:
        return redirect("teahouse:say", slug)
    return room_page(request, name, draft=Draft())


def _new_guest(request: HttpRequest) -> tuple[Speaker, str]:
    try:
        person = make_guest(request)
    except Problem as problem:
        raise Problem(
            "bad_name" if problem.code == "invalid" else problem.code, problem.message, after=problem.after
        ) from None
    return access.speaker_of(person), people.ticket_for(person)


def _said(request: HttpRequest, speaker: Speaker, ticket: str | None, room: str, draft: Draft) -> int | None:
    """The number of the message; None where it gets one only later."""
    running = runtime.current()
    if running is None:
        _leave_to_be_said(speaker, room, draft)
        return None
    session = getattr(request, "session", None)
    door = Handshake(
        address=address_of(request),
        origin_is_wrong=False,  # The form's token was looked at.
        session_key=session.session_key if session is not None and not speaker.is_guest else None,
        ticket=ticket or request.COOKIES.get(GUEST_COOKIE) if speaker.is_guest else None,
        bearer=None,
        name=None,
    )
    command = {"id": 1, "do": "send", "room": room, "key": draft.key, "text": draft.text}
    try:
        return _asked(running, Asked([json.dumps(command)], person=speaker.id, door=door))
    except Problem as problem:
        if problem.code != "key_reused":
            raise
    # A page that the browser had kept, with another text in its form: another message.
    again = json.dumps(command | {"key": new_key()})
    return _asked(running, Asked([again], person=speaker.id, door=door))


def _asked(running: Runtime, asked: Asked) -> int:
    """Carries out a send on the loop that the sessions of this process live on."""
    said = asyncio.run_coroutine_threadsafe(exchange({}, asked), running.loop).result()
    # Who speaks in an open room belongs to it then, and may be told so before.
    frames: Iterator[dict[str, Any]] = map(json.loads, said.texts)
    reply = next((frame for frame in frames if "re" in frame), {})
    if "ok" in reply:
        return int(reply["ok"]["seq"])
    unknown = {"code": "unavailable", "message": "The server did not answer; try again.", "retry": True}
    error = reply.get("error", unknown)
    raise Problem(error["code"], error["message"], retry=error["retry"], after=error.get("after"))


def _leave_to_be_said(speaker: Speaker, room: str, draft: Draft) -> None:
    """In a process without sockets, as a project may have beside its own: one with sockets says it within a second."""
    found, grant = access.room(speaker, room)
    grant.check_may_speak()
    if conf().RATES:
        with _sends_lock:
            wait = _sends().take(speaker.id, time.monotonic())
        if wait:
            raise Problem("too_fast", "That was too fast.", retry=True, after=wait)
    try:
        outbox.post(found, draft.text, by=Person.objects.get(pk=speaker.id), key=draft.key)
    except ValueError as error:
        raise Problem("invalid", str(error)) from None


_sends_lock = Lock()


@cache
def _sends() -> Buckets:
    """The same rate as a process with sockets has."""
    limits = conf().LIMITS
    return Buckets(limits.per_second, limits.burst)
