"""From TEAHOUSE_MAIL_URL to Django's mail settings."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

SECONDS = 20


def backend(url: str | None) -> tuple[str, dict[str, Any]]:
    """The mail backend and its settings. `smtps://` is TLS from the start (465); `smtp://` asks for STARTTLS where
    there is a password to protect (587), and speaks plainly else (25)."""
    if url is None:
        return "django.core.mail.backends.console.EmailBackend", {}
    parts = urlsplit(url)
    tls = parts.scheme == "smtps"
    starttls = not tls and parts.password is not None
    return "django.core.mail.backends.smtp.EmailBackend", {
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if tls else 587 if starttls else 25),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": tls,
        "EMAIL_USE_TLS": starttls,
        "EMAIL_TIMEOUT": SECONDS,
    }
