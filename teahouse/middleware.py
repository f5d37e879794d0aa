"""Whether a project has one of Django's middlewares, be it as a subclass of its own."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from django.conf import settings
from django.utils.module_loading import import_string

SESSIONS: Final = "django.contrib.sessions.middleware.SessionMiddleware"
USERS: Final = "django.contrib.auth.middleware.AuthenticationMiddleware"
LOGIN_REQUIRED: Final = "django.contrib.auth.middleware.LoginRequiredMiddleware"
LANGUAGES: Final = "django.middleware.locale.LocaleMiddleware"


def has(wanted: str) -> bool:
    """Whether MIDDLEWARE has this class or one made of it."""
    return wanted in settings.MIDDLEWARE or _has_made_of(wanted, tuple(settings.MIDDLEWARE))


@lru_cache(16)
def _has_made_of(wanted: str, paths: Sequence[str]) -> bool:
    kind = _imported(wanted)
    if kind is None:
        return False
    return any(isinstance(made, type) and issubclass(made, kind) for made in map(_imported, paths))


def _imported(path: str) -> Any:
    """None where it cannot be; the server that needs it says why. Importing a project's module may end in anything."""
    try:
        return import_string(path)
    except Exception:  # noqa: BLE001
        return None
