"""Where the project has pages of ours, for what stands before Django and knows no request. In: a path of ASGI's scope.
Out: addresses to compare it with, both as `urls.py` sees them.
"""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import unquote

from django.conf import settings
from django.conf.urls.i18n import is_language_prefix_patterns_used
from django.core.handlers import asgi
from django.core.signals import setting_changed
from django.urls import NoReverseMatch, get_script_prefix, reverse
from django.utils.translation import get_language_from_path, override

ADDRESSING = ("ROOT_URLCONF", "LANGUAGES", "LANGUAGE_CODE", "USE_I18N", "FORCE_SCRIPT_NAME")


def path_of(scope: Any) -> str:
    """Without the script's name, be that the server's `root_path` or `FORCE_SCRIPT_NAME`; a proxy may have taken it
    off before."""
    path = str(scope["path"])
    script = asgi.get_script_prefix(scope).rstrip("/")
    below = path.removeprefix(script)
    return below if below.startswith("/") else path


def own_address(name: str, *args: str, near: str = "/") -> str | None:
    """The address of a page of ours; None where the project has none of them.

    Args:
        near: where addresses begin with a language (`i18n_patterns`), the page is that in the language of this path.
    """
    language = None
    if is_language_prefix_patterns_used(settings.ROOT_URLCONF)[0]:
        language = get_language_from_path(near) or settings.LANGUAGE_CODE
    return _own_address(name, args, language)


@cache
def _own_address(name: str, args: tuple[str, ...], language: str | None) -> str | None:
    try:
        with override(language):
            address = reverse(f"teahouse:{name}", args=args, urlconf=settings.ROOT_URLCONF)
    except NoReverseMatch:
        return None
    # A path in ASGI's scope is decoded.
    return "/" + unquote(address).removeprefix(get_script_prefix())


def _settings_changed(*, setting: str, **_: Any) -> None:
    if setting in ADDRESSING:
        _own_address.cache_clear()


setting_changed.connect(_settings_changed, dispatch_uid="teahouse.addresses")  # Only tests send it.
