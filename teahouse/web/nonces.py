"""The nonce of a page whose content security policy lets scripts by it. In: a request. Out: the attribute for a script.

Django has it from 6.0 on, django-csp before. Both make it when somebody asks, and change the policy by that, so nobody
asks who writes no script.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.http import HttpRequest
from django.template.context import Context
from django.utils.html import format_html
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString, mark_safe

HERE: Final = "teahouse_nonce_here"
"""In a context: what stands there instead, in a page that is drawn once for all requests."""


def attribute(request: HttpRequest) -> SafeString:
    """` nonce="…"`, with the space before it; empty where the request has none."""
    nonce: Any = getattr(request, "csp_nonce", None)
    if nonce is None:
        nonce = _get_nonce(request)
    # One that nobody has asked for yet is false until it is text.
    text = "" if nonce is None else str(nonce)
    return format_html(' nonce="{}"', text) if text else mark_safe("")


def attribute_in(context: Context) -> SafeString:
    """The same of the request that the template is rendered with."""
    here: SafeString | None = context.get(HERE)
    if here is not None:
        return here
    request = getattr(context, "request", None) or context.get("request")
    return attribute(request) if isinstance(request, HttpRequest) else mark_safe("")


def _of_django() -> Callable[[HttpRequest], Any]:
    try:
        found: Callable[[HttpRequest], Any] = import_string("django.middleware.csp.get_nonce")
    except ImportError:  # Before 6.0.
        return lambda _: None
    return found


_get_nonce: Final = _of_django()
