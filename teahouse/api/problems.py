"""What a refused request is told. In: a `Problem`. Out: RFC 9457, `application/problem+json`, with the status that
fits."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import Any, Final

from django.http import HttpResponse
from django.urls import reverse

from teahouse.events import encode
from teahouse.live.protocol import ERRORS, Problem

MEDIA: Final = "application/problem+json"

OWN: Final = {
    "no_credential": "The request says not who asks: bring a token or ticket, or the cookie of a login.",
    "csrf": "A change by the cookie of a login brings the form's token in the header X-CSRFToken.",
    "sign_in_again": "By the cookie of a login this is for who typed the password in the last 30 minutes.",
    "not_allowed": "There is no such method at this address; the header Allow names those there are.",
    "media_type": "A body is application/json.",
    "too_large": "The body has more bytes than `limits.frame`.",
    "error": "Something is wrong with the server, and written to its log.",
}
"""Codes that only HTTP needs, beside those of the protocol."""
EVERY: Final = {
    **OWN,
    **{
        code: means
        for code, means in ERRORS.items()
        if code not in ("unknown_command", "hello_first", "hello_twice", "version", "not_subscribed")
    },
}
"""All that a request may be told."""

STATUSES: Final = {
    "no_credential": 401,
    "csrf": 403,
    "sign_in_again": 403,
    "not_allowed": 405,
    "media_type": 415,
    "too_large": 413,
    "error": 500,
    "bad_json": 400,
    "bad_token": 401,
    "guests_refused": 401,
    "banned": 403,
    "forbidden": 403,
    "not_found": 404,
    "archived": 409,
    "name_taken": 409,
    "too_many": 409,
    "gone": 410,
    "too_fast": 429,
    "busy": 503,
    "unavailable": 503,
}
"""Code → status; what is not named here, a value that is not right, is 422."""
CHALLENGE: Final = {
    "no_credential": "Bearer",
    "bad_token": 'Bearer error="invalid_token"',
    "guests_refused": "Bearer",
}


LATER: Final = (
    "The server could not answer just now; repeat the request, with the same Idempotency-Key if it had one."
)


def ended(code: int) -> Problem:
    """Why a session ended, as a request is told."""
    if code == 4001:
        return Problem("bad_token", "You are signed out, or the token was revoked or has expired.")
    if code == 4003:
        return Problem("banned", "The account was deactivated.")
    if code == 4103:
        return Problem(
            "too_fast", "Too many requests from your address at the same time.", retry=True, after=1.0
        )
    return Problem("unavailable", LATER, retry=True, after=1.0)


def status_of(code: str) -> int:
    return STATUSES.get(code, 422)


def response_of(problem: Problem, *, status: int | None = None, **more: Any) -> HttpResponse:
    """The answer to a request that was refused; `more` are members beside those of every problem."""
    status = status or status_of(problem.code)
    told: dict[str, Any] = {
        "type": f"{reverse('teahouse:api:docs')}#{problem.code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": problem.message,
        "code": problem.code,
        "retry": problem.retry,
    }
    if problem.after is not None:
        told["after"] = problem.after
    response = HttpResponse(encode({**told, **more}), content_type=MEDIA, status=status)
    response["Cache-Control"] = "no-store"
    if problem.after is not None or status == 503:
        response["Retry-After"] = str(max(1, math.ceil(problem.after or 1)))
    if problem.code in CHALLENGE:
        response["WWW-Authenticate"] = CHALLENGE[problem.code]
    return response
