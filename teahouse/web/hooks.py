"""Where programs speak in a room with one request:  curl -d 'text=Deployed.' https://chat.example.org/hooks/SECRET

In: an address with a secret, and a form, JSON or plain text. Out: what is said, by way of the outbox.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from teahouse import outbox
from teahouse.actions import bots
from teahouse.conf import conf
from teahouse.journal import KEY_REUSED
from teahouse.models import IncomingHook

HOW: Final = "Say something with POST: a form or JSON with `text`, or plain text."
SLACK_CALLS: Final = {"<!here>": "@here", "<!channel>": "@room", "<!everyone>": "@room"}
SLACK_LINK: Final = re.compile(r"<((?:https?|mailto):[^|>\s]+)(?:\|([^>\n]+))?>")


class Refused(Exception):
    """What is answered, with which status."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@csrf_exempt
@never_cache
def speak(request: HttpRequest, secret: str) -> HttpResponse:
    """`/hooks/<secret>`."""
    hook = bots.incoming(secret)
    if hook is None:
        return _answer(404, "There is no such hook; it may have been revoked.")
    if request.method != "POST":
        response = _answer(405, HOW)
        response["Allow"] = "POST"
        return response
    if (wait := _wait(hook)) > 0:
        response = _answer(429, f"Too fast; again in {math.ceil(wait)} seconds.")
        response["Retry-After"] = str(math.ceil(wait))
        return response
    try:
        _say(request, hook)
    except Refused as refused:
        return _answer(refused.status, str(refused))
    bots.used(hook)
    return _answer(200, "ok")


def _say(request: HttpRequest, hook: IncomingHook) -> None:
    if hook.room.archived_at is not None:
        raise Refused(403, "The room is archived: it can be read, not written.")
    said = _said(request)
    text, thread = said.get("text"), said.get("thread")
    if not isinstance(text, str):
        raise Refused(400, HOW)
    if isinstance(thread, str) and thread.isdecimal():
        thread = int(thread)
    if thread is not None and (not isinstance(thread, int) or isinstance(thread, bool) or thread >= 2**63):
        raise Refused(400, "thread: the id of a message of the room.")
    try:
        outbox.post(
            hook.room, text, by=hook.person, key=request.headers.get("Idempotency-Key"), thread=thread
        )
    except ValueError as wrong:
        why = str(wrong)
        raise Refused(409 if why == KEY_REUSED else 400, why) from None


def _said(request: HttpRequest) -> dict[str, Any]:
    """The fields of the body, whatever its form."""
    try:
        length = int(request.headers.get("Content-Length") or 0)
    except ValueError:
        length = 0
    if length > conf().LIMITS.frame:
        raise Refused(413, f"At most {conf().LIMITS.frame} bytes.")
    try:
        if request.content_type == "application/json":
            return _object(request.body)
        if request.content_type == "text/plain":
            return {"text": request.body.decode()}
        if "payload" in request.POST:  # As Slack has it.
            return _from_slack(_object(request.POST["payload"]))
        return dict(request.POST.items())
    except RequestDataTooBig:
        raise Refused(413, "That is too much.") from None
    except (UnicodeDecodeError, MultiPartParserError):
        raise Refused(400, f"The body cannot be read. {HOW}") from None


def _object(text: bytes | str) -> dict[str, Any]:
    try:
        read = json.loads(text)
    except (ValueError, RecursionError) as wrong:
        raise Refused(400, f'JSON is an object such as {{"text": "hello"}}: {wrong}.') from None
    if not isinstance(read, dict):
        raise Refused(400, 'JSON is an object such as {"text": "hello"}.')
    return read


def _from_slack(said: dict[str, Any]) -> dict[str, Any]:
    """With links as Markdown has them, and words that call. What else there is besides the text is not shown."""
    text = said.get("text")
    if not isinstance(text, str):
        return said
    for theirs, ours in SLACK_CALLS.items():
        text = text.replace(theirs, ours)
    linked = SLACK_LINK.sub(lambda link: f"[{link[2]}]({link[1]})" if link[2] else link[1], text)
    return {"text": linked.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")}


def _answer(status: int, text: str) -> HttpResponse:
    response = HttpResponse(text if status == 200 else f"{text}\n", status=status, content_type="text/plain")
    # Django would write the address into the log, and with it the secret.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _wait(hook: IncomingHook) -> float:
    """Seconds until the hook may speak again; 0.0 counts once."""
    limits = conf().LIMITS
    return bots.wait(hook, limits.per_second, limits.burst) if conf().RATES else 0.0
