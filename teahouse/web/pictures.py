"""Serves people's pictures. In: a person and the version of a picture. Out: a WebP, to be kept for ever."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.views.decorators.http import require_safe

from teahouse.models import Picture


@require_safe
def picture(request: HttpRequest, person: int, version: str) -> HttpResponse:
    """`people/<id>/<version>.webp`. The version is made of the content, so an old address is no more, and who has not
    seen the person has no address."""
    found = Picture.objects.filter(person=person, person__avatar=version).first()
    if found is None:
        return HttpResponseNotFound(headers={"Cache-Control": "no-store"})
    return HttpResponse(
        bytes(found.data),
        content_type="image/webp",
        headers={
            "Cache-Control": "private, max-age=31536000, immutable",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cross-Origin-Resource-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
        },
    )
