import os

from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.embed.host.settings")
pages = get_asgi_application()

from teahouse.live import sweep  # noqa: E402
from teahouse.routing import application as with_teahouse  # noqa: E402

# Tests do not wait for a minute.
if seconds := os.environ.get("HOST_POLICY_SECONDS"):
    setattr(sweep, "POLICY_SECONDS", float(seconds))  # noqa: B010  mypy lets nobody assign it.

application = with_teahouse(ASGIStaticFilesHandler(pages))
