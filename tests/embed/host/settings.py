"""A project of somebody else: users of its own, two databases, a prefix, a policy; daphne serves it."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

FOLDER = Path(os.environ["HOST_FOLDER"])
SECRET_KEY = "only for tests"
DEBUG = True
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "tests.embed.host.urls"
ASGI_APPLICATION = "tests.embed.host.asgi.application"
STATIC_URL = "/static/"
USE_TZ = True
AUTH_USER_MODEL = "people.User"
SESSION_COOKIE_NAME = "shop_session"
LOGIN_URL = "/accounts/login/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGES = [("en", "English"), ("zh-hans", "中文")]

INSTALLED_APPS = [
    "daphne",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "tests.embed.host.people",
    "tests.embed.host.shop",
    "teahouse",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]


def _sqlite(name: str) -> dict[str, Any]:
    options = {"transaction_mode": "IMMEDIATE", "timeout": 5, "init_command": "PRAGMA journal_mode=WAL"}
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER / f"{name}.sqlite3", "OPTIONS": options}


POOL = {"pool": {"min_size": 1, "max_size": 20}}


def _postgres(url: str) -> dict[str, Any]:
    given = urlsplit(url)
    login = {"USER": given.username, "PASSWORD": given.password, "HOST": given.hostname, "PORT": given.port}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": given.path[1:],
        "OPTIONS": POOL,
        **login,
    }


DATABASES = {
    "default": _postgres(os.environ["HOST_SHOP"]) if "HOST_SHOP" in os.environ else _sqlite("shop"),
    "talk": _postgres(os.environ["HOST_TALK"]) if "HOST_TALK" in os.environ else _sqlite("talk"),
}
DATABASE_ROUTERS = ["tests.embed.host.router.Router"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
TEAHOUSE = {
    "POLICY": os.environ.get("HOST_POLICY", "tests.embed.host.shop.chat.Policy"),
    "METRICS_TOKEN": os.environ.get("HOST_METRICS_TOKEN"),
}

if "HOST_PROJECT_OUTBOX" in os.environ:
    INSTALLED_APPS.append("teahouse.project_outbox")

if "HOST_OWN_SERVICES" in os.environ:
    DEBUG = False
    CACHES = {"default": {"BACKEND": "tests.embed.host.refusing.Cache"}}
    EMAIL_BACKEND = "tests.embed.host.refusing.Mail"
    STORAGES = {
        "default": {"BACKEND": "tests.embed.host.refusing.Files"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
    }
    STATIC_ROOT = FOLDER / "static"
    TEMPLATES[0]["DIRS"].insert(0, Path(__file__).parent / "templates_of_its_own")

if "HOST_ATOMIC" in os.environ:
    for one in DATABASES.values():
        one["ATOMIC_REQUESTS"] = True
