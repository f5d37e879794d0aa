"""The owners' page of the state, and its figures. For everybody else there is no such page."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from teahouse.server import status
from teahouse.server.recent import person_of

View = Callable[..., HttpResponse]


def _for_owners(view: View) -> View:
    """Others get what an address gets at which nothing is."""

    @wraps(view)
    def looked(request: HttpRequest, *args: Any, **more: Any) -> HttpResponse:
        try:
            is_owner = request.user.is_authenticated and person_of(request).is_owner
        except PermissionDenied:
            is_owner = False
        if not is_owner:
            raise Http404
        return view(request, *args, **more)

    return never_cache(looked)


@_for_owners
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """`/status/`."""
    context = {
        "figures": status.look().model_dump(mode="json"),
        "person": person_of(request),
        "tab": "status",
    }
    return render(request, "server/status.html", context)


@_for_owners
@require_safe
def figures(_request: HttpRequest) -> HttpResponse:
    """`/status/figures/`: the same as JSON, asked for every other second."""
    return HttpResponse(status.look().model_dump_json(), content_type="application/json")
