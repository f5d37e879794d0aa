"""What stands before every address of the API. In: a request. Out: the view's answer with the headers that all have, or
a problem: whatever goes wrong is told in the same form.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.core.exceptions import RequestDataTooBig
from django.core.signals import got_request_exception
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.views.decorators.csrf import csrf_exempt

from teahouse.api import problems, rates
from teahouse.api.asking import Told
from teahouse.api.document import hash_of
from teahouse.api.doors import door_of
from teahouse.conf import conf
from teahouse.live.protocol import Problem

log = logging.getLogger("teahouse.api")
View = Callable[..., HttpResponse]

JSON: Final = "application/json"


def guarded(view: View) -> View:
    """The view behind all checks that need no database."""

    @csrf_exempt  # Asked for by `doors`, where a cookie says who it is.
    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **more: Any) -> HttpResponse:
        try:
            request.teahouse_door = door_of(request)  # type: ignore[attr-defined]
            _check_body(request)
            response = _called(view, request, *args, **more)
        except Problem as problem:
            response = problems.response_of(problem)
        except Exception as error:
            log.exception("%s %s failed", request.method, request.path)
            got_request_exception.send(sender=None, request=request)
            said = f"Something went wrong here, and is in the server's log: {type(error).__name__}."
            response = problems.response_of(Problem("error", said, retry=True, after=5.0))
        return _finished(request, response)

    return answered


def _called(view: View, request: HttpRequest, *args: Any, **more: Any) -> HttpResponse:
    method = request.method
    if method == "HEAD":
        request.method = "GET"  # The server leaves the body out.
    response = view(request, *args, **more)
    request.method = method
    if response.status_code == 405:
        allowed = response["Allow"].split(", ")
        allowed = sorted({*allowed, *(("HEAD",) if "GET" in allowed else ())})
        said = f"There is no {method} here; there is {', '.join(allowed)}."
        response = problems.response_of(Problem("not_allowed", said))
        response["Allow"] = ", ".join(allowed)
    return response


def _check_body(request: HttpRequest) -> None:
    """Raises: Problem `too_large`, `media_type`."""
    most = conf().LIMITS.frame
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
        size = length if length > most else len(request.body)
    except (ValueError, RequestDataTooBig):
        size = most + 1
    if size > most:
        raise Problem("too_large", f"A body has at most {most} bytes.")
    if size and (request.content_type or "").lower() != JSON:
        raise Problem("media_type", f"The body is {JSON}, not {request.content_type or 'nameless'}.")


def _finished(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    response.headers.setdefault(
        "Cache-Control", "private, no-cache" if _may_keep(request, response) else "no-store"
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    patch_vary_headers(response, ("Authorization", "Cookie"))
    if _may_keep(request, response):
        response = _if_changed(request, response)
    told: Told | None = getattr(request, "teahouse_told", None)
    if told is not None:
        # Last: an answer of 304 is another one.
        for name, value in rates.headers(told.rates).items():
            response[name] = value
    return response


def _if_changed(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    etag = f'"{hash_of(response.content)}"'
    response["ETag"] = etag
    same = get_conditional_response(request, etag=etag, response=response)
    return same if isinstance(same, HttpResponse) else response


def _may_keep(request: HttpRequest, response: HttpResponse) -> bool:
    return request.method in ("GET", "HEAD") and response.status_code == 200


def nowhere(request: HttpRequest, rest: str = "") -> HttpResponse:
    """The answer at every other address."""
    said = f"There is no address {request.path}; the document at openapi.json names those there are."
    raise Problem("not_found", said)
