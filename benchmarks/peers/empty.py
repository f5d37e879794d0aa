"""`teahouse serve` with one page more, /empty/, whose view does nothing: what the way to any page costs by itself.

    python -m benchmarks.peers.empty serve --port 8000 --data FOLDER

Same process, same middleware, same server as the pages that it is beside.
"""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse
from django.urls import path

from teahouse.server import serve
from teahouse.server.cli import main

_start_django = serve.start_django


def empty(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def start_django() -> None:
    _start_django()
    from teahouse.server import urls  # Wants Django's settings.

    urls.urlpatterns.insert(0, path("empty/", empty))


if __name__ == "__main__":
    serve.start_django = start_django
    sys.exit(main())
