"""Projects written to disk, as people write them: one with a chat by hand, to be spoiled by each test."""

from pathlib import Path

MANAGE = """\
#!/usr/bin/env python
import os
import sys


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
"""

SETTINGS = """\
import os

BASE_DIR = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SECRET_KEY = "only for tests"
DEBUG = True
ALLOWED_HOSTS = ["shop.example"]
INSTALLED_APPS = [
{apps}]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
ROOT_URLCONF = "shop.urls"
TEMPLATES = [{{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "APP_DIRS": True,
    "OPTIONS": {{"context_processors": [
        "django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
    ]}},
}}]
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(BASE_DIR, "db.sqlite3")}}}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "/static/"
USE_TZ = True
ASGI_APPLICATION = "shop.asgi.application"
# Opens its file when logging is set up: whoever looks must not.
LOGGING = {{
    "version": 1,
    "handlers": {{"file": {{"class": "logging.FileHandler", "filename": os.path.join(BASE_DIR, "shop.log")}}}},
    "root": {{"handlers": ["file"]}},
}}
"""

ASGI = """\
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

from django.core.asgi import get_asgi_application

django_application = get_asgi_application()

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator

from chat import routing

application = ProtocolTypeRouter(
    {
        "http": django_application,
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(routing.websocket_urlpatterns))),
    }
)
"""

ROUTING = """\
from django.urls import path, re_path

from chat import consumers

websocket_urlpatterns = [
    path("wsmsg/", consumers.WsData.as_asgi()),
    re_path(r"^wsmsg/(?P<group>\\\\w+)/$", consumers.WsData.as_asgi()),
]
"""

CONSUMERS = """\
from channels.generic.websocket import AsyncWebsocketConsumer


class WsData(AsyncWebsocketConsumer):
    async def connect(self):
        await self.channel_layer.group_add("main", self.channel_name)
        await self.accept()
"""

MODELS = """\
from django.db import models


class Line(models.Model):
    text = models.TextField()
"""

APPS = (
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
)


class Site:
    """The project `shop` with the app `chat`. Each change of a test is one call."""

    def __init__(self, folder: Path, runserver: str = "channels") -> None:
        """`runserver`: the app that makes it speak ASGI, "channels" before Channels 4 and "daphne" since."""
        self.folder = folder
        self.write("manage.py", MANAGE)
        for package in ("shop", "chat"):
            self.write(f"{package}/__init__.py", "")
        self.write("shop/urls.py", "urlpatterns = []\n")
        self.write("shop/asgi.py", ASGI)
        self.write("chat/routing.py", ROUTING.replace("\\\\w", "\\w"))
        self.write("chat/consumers.py", CONSUMERS)
        self.write("chat/models.py", MODELS)
        self.apps(runserver)

    def apps(self, *first: str) -> "Site":
        """INSTALLED_APPS: these, Django's own and the chat."""
        lines = "".join(f'    "{app}",\n' for app in (*first, *APPS, "chat"))
        self.write("shop/settings.py", SETTINGS.format(apps=lines))
        return self

    def write(self, name: str, text: str) -> "Site":
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return self

    def settings(self, *lines: str) -> "Site":
        """Appends to the settings."""
        path = self.folder / "shop" / "settings.py"
        path.write_text(path.read_text("utf-8") + "\n".join(lines) + "\n", "utf-8")
        return self

    def replace(self, name: str, old: str, new: str) -> "Site":
        path = self.folder / name
        text = path.read_text("utf-8")
        assert old in text, f"{name} holds no {old!r}"
        path.write_text(text.replace(old, new), "utf-8")
        return self

    def layer(self, backend: str, hosts: str = '["redis://127.0.0.1:6379/0"]') -> "Site":
        config = f', "CONFIG": {{"hosts": {hosts}}}' if "redis" in backend else ""
        return self.settings(f'CHANNEL_LAYERS = {{"default": {{"BACKEND": "{backend}"{config}}}}}')

    def files(self) -> dict[str, bytes]:
        """Every file of the project with its content."""
        every = (path for path in self.folder.rglob("*") if path.is_file())
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in every}
