"""What a browser needs to install the chat and to open it without a connection: manifest, service worker, empty page.

None of it is anybody's own: who one is and what was said the page itself keeps, in the browser's database.
"""

from __future__ import annotations

import json
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.views.decorators.http import require_safe

from teahouse.web import shell, views
from teahouse.web.assets import modules, preloads

SHEETS: Final = ("theme.css", "page.css", "room.css", "bottom.css", "side.css", "threads.css", "chat.css")
ENTRIES: Final = ("whole.js", "page.js")
ICONS: Final = ("teahouse.svg", "teahouse-news.svg", "teahouse-named.svg")
SIZES: Final = {"teahouse-192.png": "any", "teahouse-512.png": "any", "teahouse-512-maskable.png": "maskable"}


@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """What the installed chat is called and looks like."""
    home, name = reverse("teahouse:home"), shell.place(request) or "Teahouse"
    icons = [
        {
            "src": static(f"teahouse/icons/{name}"),
            "sizes": "{0}x{0}".format(name.removesuffix(".png").split("-")[1]),
            "type": "image/png",
            "purpose": purpose,
        }
        for name, purpose in SIZES.items()
    ]
    icons.append({"src": static("teahouse/icons/teahouse.svg"), "sizes": "any", "type": "image/svg+xml"})
    content = {
        "id": home,
        "name": name,
        "short_name": name,
        "start_url": home,
        "scope": home,
        "display": "standalone",
        "background_color": "#f8f3e9",
        "theme_color": "#7a3f18",
        "icons": icons,
    }
    return JsonResponse(
        content, content_type="application/manifest+json", headers={"Cache-Control": "no-cache"}
    )


@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker: worker.js, with the addresses of this site before it."""
    home = reverse("teahouse:home")
    known: dict[str, Any] = {
        # The page that it keeps shows the name of the place.
        "version": f"{_version()}-{blake2b(shell.place(request).encode(), digest_size=4).hexdigest()}",
        "home": home,
        "shell": reverse("teahouse:offline"),
        "files": _files(),
    }
    text = f"const SITE = {json.dumps(known, sort_keys=True)};\n{_source('worker.js').decode()}"
    return HttpResponse(
        text, content_type="text/javascript; charset=utf-8", headers={"Cache-Control": "no-cache"}
    )


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """The page without a room and without anybody, which the service worker keeps."""
    where = (getattr(request, "urlconf", None) or settings.ROOT_URLCONF, request.META.get("SCRIPT_NAME", ""))
    context = {
        "socket": f"{reverse('teahouse:home')}ws/",
        "preloads": preloads,
        "language_cookie": settings.LANGUAGE_COOKIE_NAME,
        "sign_in": views.sign_in_page(settings.LOGIN_URL, *where),
    }
    with translation.override(views.language_of(request)):
        response = render(request, "teahouse/offline.html", context)
    response["Cache-Control"] = "no-cache"
    return response


def _files() -> list[str]:
    styles = [static(f"teahouse/{name}") for name in (*SHEETS, *ENTRIES)]
    return [*styles, *(static(f"teahouse/icons/{name}") for name in ICONS), *preloads()]


@cache
def _version() -> str:
    """Of the files, since in a host project their addresses may stay the same when they change."""
    digest = blake2b(digest_size=8)
    for name in (*SHEETS, *ENTRIES, *modules(), "worker.js"):
        digest.update(_source(name))
    for address in _files():
        digest.update(address.encode())
    return digest.hexdigest()


def _source(name: str) -> bytes:
    return files("teahouse").joinpath("static", "teahouse", *name.split("/")).read_bytes()
