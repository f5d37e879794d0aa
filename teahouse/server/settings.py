"""Django's settings of the program, all derived from `environ.current()`."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from teahouse.server import databases, environ, folder, mail, static
from teahouse.server.address import is_loopback
from teahouse.server.forms import LANGUAGES as LANGUAGE_NAMES
from teahouse.server.logs import logging_settings

ENVIRONMENT = environ.current()
HERE = Path(__file__).parent

folder.prepare(ENVIRONMENT.data)
databases.need_driver(ENVIRONMENT.database_url)


SITE_HOST = urlsplit(ENVIRONMENT.url).hostname if ENVIRONMENT.url else None
HTTPS = bool(ENVIRONMENT.url and ENVIRONMENT.url.startswith("https:"))

SECRET_KEY = ENVIRONMENT.secret_key or folder.secret_key(ENVIRONMENT.data)
DEBUG = False

# The one site address decides which Host and Origin are right. Without one `security.HostCheck` lets in
# addresses, localhost and this machine's names, which a list cannot say.
ALLOWED_HOSTS = [SITE_HOST] if SITE_HOST else ["*"]
CSRF_TRUSTED_ORIGINS = [ENVIRONMENT.url] if ENVIRONMENT.url else []
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 30 * 24 * 3600 if HTTPS else 0
# There is no SECURE_PROXY_SSL_HEADER: it would believe everyone. uvicorn takes scheme and address from the headers
# of TEAHOUSE_PROXIES alone.

# Cookies know no ports: other Django sites on localhost have the default names.
SESSION_COOKIE_NAME = "teahouse_session"
CSRF_COOKIE_NAME = "teahouse_csrf"
SESSION_COOKIE_AGE = 60 * 24 * 3600
SESSION_ENGINE = "teahouse.server.sessions"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# HSTS for subdomains and in browsers' lists concerns more than this site; to send people from http to https is the
# proxy's work, since behind one that is not in TEAHOUSE_PROXIES everything would look like http, for ever. Static files
# are served by the program itself, and what names the site is TEAHOUSE_URL, as `HostCheck` says to who needs it.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021", "teahouse.W073", "teahouse.W078"]
CSRF_FAILURE_VIEW = "teahouse.server.accounts.csrf_failure"

TEAHOUSE: dict[str, Any] = {
    "URL": ENVIRONMENT.url,
    "PROXIES": ENVIRONMENT.proxies,
    # Behind a proxy everyone comes from this machine.
    "LOOPBACK": is_loopback(ENVIRONMENT.host)
    and not ENVIRONMENT.proxies
    and (SITE_HOST is None or is_loopback(SITE_HOST)),
    "GUESTS": ENVIRONMENT.guests,
    "GUEST_ROOMS": ENVIRONMENT.guest_rooms,
    "PEOPLE": ENVIRONMENT.people,
    "RATES": ENVIRONMENT.limits.rates,
    "LIMITS": ENVIRONMENT.limits.values,
    "PING": ENVIRONMENT.ping,
    "COMPRESSION": ENVIRONMENT.compression,
    "HOOKS_INNER": ENVIRONMENT.hooks_inner,
    "METRICS_TOKEN": ENVIRONMENT.metrics_token,
}

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "teahouse",
]

MIDDLEWARE = [
    "teahouse.server.security.ContentPolicy",
    "django.middleware.security.SecurityMiddleware",
    "teahouse.server.security.HostCheck",
    "teahouse.server.security.DatabaseAway",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "teahouse.server.logins.NoteLogins",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["teahouse.server.tags"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "teahouse.server.place.context",
            ],
        },
    }
]

ROOT_URLCONF = "teahouse.server.urls"
ASGI_APPLICATION = "teahouse.server.asgi.application"
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "/"

DATABASES = {
    "default": databases.django_database(
        ENVIRONMENT.database_url, ENVIRONMENT.data, ENVIRONMENT.database_connections
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CHANNEL_LAYERS: dict[str, Any] = {}
if ENVIRONMENT.redis_url:
    # The core layer drops over 100 messages; this one idles well and drops nothing while the socket is up.
    CHANNEL_LAYERS["default"] = {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [ENVIRONMENT.redis_url], "prefix": "teahouse"},
    }

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

LANGUAGE_CODE = ENVIRONMENT.language
LANGUAGES = list(LANGUAGE_NAMES.items())
LOCALE_PATHS = [HERE / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = ENVIRONMENT.time_zone

STATIC_URL = static.PREFIX
# The files are served from where they lie in the packages (static.py); nothing is collected.
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.AppDirectoriesFinder"]

EMAIL_BACKEND, MAIL_SETTINGS = mail.backend(ENVIRONMENT.mail_url)
globals().update(MAIL_SETTINGS)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = ENVIRONMENT.mail_from

LOGGING = logging_settings(ENVIRONMENT.log_level, access=ENVIRONMENT.access_log)
