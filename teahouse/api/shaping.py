"""A result as an answer of HTTP."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from teahouse.events import encode

NOTHING = 204


def answer(result: Any, status: int = 200, **headers: str) -> HttpResponse:
    """The result as a socket would get it."""
    response = HttpResponse(encode(result), content_type="application/json", status=status)
    for name, value in headers.items():
        response[name] = value
    return response


def nothing() -> HttpResponse:
    """It is done, and there is no more to say."""
    response = HttpResponse(status=NOTHING)
    del response["Content-Type"]
    return response
