"""The ASGI application of the program: health and static files, then lifespan, sockets and pages.

`teahouse serve` runs it. Under another server: `DJANGO_SETTINGS_MODULE=teahouse.server.settings`, after a
`teahouse serve` or `teahouse manage migrate` has made the database.
"""

from __future__ import annotations

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "teahouse.server.settings")
django.setup(set_prefix=False)

# These import models, which Django must have loaded.
from teahouse.routing import application as with_sockets  # noqa: E402
from teahouse.server.handler import ClosesPages, Pages  # noqa: E402
from teahouse.server.health import Health  # noqa: E402
from teahouse.server.static import Static  # noqa: E402

pages = Pages()
application = Health(Static(ClosesPages(with_sockets(pages), pages)))
