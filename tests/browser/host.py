"""A project of somebody else: it has pages and styles of its own, and Teahouse below /chat/.

uvicorn tests.browser.host:application
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import django
from django.conf import settings

FOLDER = Path(os.environ["HOST_FOLDER"])

PAGE = """{% load static %}<!doctype html>
<html lang="zh"><head><meta charset="utf-8"><title>The host's page</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/host.css">
<script type="module" src="{% static 'teahouse/chat.js' %}"></script></head>
<body><h1>Orders</h1><p id="own">The host's own text</p>
<teahouse-room room="main" ws="/chat/ws/"></teahouse-room></body></html>"""

STYLE = """:root { color-scheme: light dark; }
body { --ink: light-dark(rgb(1, 2, 3), rgb(251, 252, 253)); --paper: light-dark(rgb(240, 241, 242), rgb(11, 12, 13));
  --line: var(--ink); --round: 1px; background: var(--paper); color: var(--ink); }
button { background: red; border: 9px solid; } p { font-size: 40px; color: red; } * { letter-spacing: 3px }
teahouse-room { letter-spacing: normal; --teahouse-tea: rgb(0, 80, 160); --teahouse-leading: 2;
  --teahouse-ink: var(--ink); --teahouse-paper: var(--paper); --teahouse-line: var(--line); }"""

settings.configure(
    SECRET_KEY="only for tests",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    STATIC_URL="/assets/",
    USE_TZ=True,
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.staticfiles",
        "channels",
        "teahouse",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    # No context processors and no LocaleMiddleware: not every project has them.
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": FOLDER / "host.sqlite3",
            "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 5},
        }
    },
    # A host's usual hardening: the script must not need to read these cookies.
    CSRF_COOKIE_HTTPONLY=True,
    CSRF_COOKIE_NAME="host_csrf",
)
django.setup()

# These need the settings above.
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler  # noqa: E402
from django.core.asgi import get_asgi_application  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.template import engines  # noqa: E402
from django.urls import include, path  # noqa: E402
from django.utils.html import format_html  # noqa: E402
from pydantic import BaseModel  # noqa: E402

import teahouse  # noqa: E402
from teahouse.actions.rooms import make_main  # noqa: E402
from teahouse.live.runtime import lifespan  # noqa: E402
from teahouse.routing import websocket_urlpatterns  # noqa: E402


@teahouse.event("order.paid")
class OrderPaid(BaseModel):
    """What the host's own program tells of."""

    number: int

    def render(self) -> str:
        return format_html('Order <a href="/orders/">{}</a> was paid.', self.number)


@teahouse.event("lorry.moved")
class LorryMoved(BaseModel):
    """For scripts alone."""

    km: int


def paid(request: HttpRequest, number: int) -> HttpResponse:
    teahouse.emit("main", OrderPaid(number=number))
    teahouse.emit("main", LorryMoved(km=number))
    teahouse.signal("main", "lorry.near", {"km": number})
    return HttpResponse("paid")


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(engines["django"].from_string(PAGE).render({}, request))


def style(request: HttpRequest) -> HttpResponse:
    return HttpResponse(STYLE, content_type="text/css")


urlpatterns = [
    path("orders/", page),
    path("paid/<int:number>/", paid),
    path("host.css", style),
    path("chat/", include("teahouse.urls")),
]

call_command("migrate", verbosity=0)
make_main()

sockets: Any = URLRouter([path("chat/", URLRouter(websocket_urlpatterns))])  # type: ignore[arg-type, list-item]
application = ProtocolTypeRouter(
    {"http": ASGIStaticFilesHandler(get_asgi_application()), "websocket": sockets, "lifespan": lifespan}
)
