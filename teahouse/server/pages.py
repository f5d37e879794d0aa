"""The pages of errors, in the language of the reader."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from teahouse.server import place

RETRY_SECONDS = 5


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 400, _("This request cannot be understood"), _("Go back and try it another way."))


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 403, _("This is not yours to see"), _("Sign in as somebody who may, or go back."))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, 404, _("There is no such page"), _("The address may have a typing error in it."))


def server_error(request: HttpRequest) -> HttpResponse:
    return _bare_page(
        request,
        500,
        _("Something went wrong here"),
        _(
            "It is written in the server's log. Messages that were confirmed are stored. Try again in a moment."
        ),
    )


def database_away(request: HttpRequest) -> HttpResponse:
    response = _bare_page(
        request,
        503,
        _("The database cannot be reached just now"),
        _("Messages that were confirmed are stored. Try again in a moment."),
    )
    response["Retry-After"] = str(RETRY_SECONDS)
    return response


def _bare_page(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    """Asks nothing of who asks: to look for their account or messages would fail once more. What was only to be read
    can be asked for again; of a form the browser's own button says that it will be sent twice."""
    again = request.method in ("GET", "HEAD")
    context = {"heading": title, "text": text, "status": status, "place": place.last(), "again": again}
    return HttpResponse(render_to_string("server/error.html", context), status=status)


def _page(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    response = render(
        request, "server/error.html", {"heading": title, "text": text, "status": status}, status=status
    )
    # For another person, or a minute later, something may be there.
    add_never_cache_headers(response)
    return response
