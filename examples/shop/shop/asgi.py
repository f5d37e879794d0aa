"""What uvicorn serves."""

import os

from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
# uvicorn brings no static files; a real site has them served by nginx or WhiteNoise.
http = ASGIStaticFilesHandler(get_asgi_application())

from teahouse.routing import application as with_teahouse  # noqa: E402  Django has to be set up first.

application = with_teahouse(http)
