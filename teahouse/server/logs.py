"""The log: one line a thing on standard error, errors with their traceback, no passwords."""

from __future__ import annotations

import logging
import re
from typing import Any

from teahouse.server.forms import without_password

CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
ONE_TIME = re.compile(r"(/owner/)[A-Za-z0-9_-]{8,}")


class NoSecrets(logging.Formatter):
    """Hides passwords of URLs and one-time links, in tracebacks too: a database error may quote its address."""

    def format(self, record: logging.LogRecord) -> str:
        return ONE_TIME.sub(r"\1…", without_password(super().format(record)))


def not_a_4xx(record: logging.LogRecord) -> bool:
    """Wrong addresses and refused forms are everyday; the access log, when switched on, has them."""
    status = getattr(record, "status_code", None)
    return not (isinstance(status, int) and 400 <= status < 500)


def refusals_in_one_line(record: logging.LogRecord) -> bool:
    """What Django refuses as suspicious gets no traceback: who sent it chooses its words, and how often."""
    if record.name.startswith("django.security."):
        record.msg, record.args = CONTROLS.sub("·", record.getMessage()), ()
        record.exc_info = record.exc_text = None
    return True


def logging_settings(level: str, *, access: bool) -> dict[str, Any]:
    """Django's LOGGING."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "not_a_4xx": {"()": lambda: not_a_4xx},
            "refusals_in_one_line": {"()": lambda: refusals_in_one_line},
        },
        "formatters": {
            "line": {
                "()": NoSecrets,
                "format": "{asctime} {levelname} [{process}] {name}: {message}",
                "datefmt": "%Y-%m-%d %H:%M:%S",
                "style": "{",
            }
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "line",
                # Not the logger's, which its children do not ask.
                "filters": ["refusals_in_one_line"],
            }
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Django's own configuration gives this one handlers; here all goes to the root's.
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.request": {"filters": ["not_a_4xx"]},
            "django.security": {"level": "ERROR"},
            "django.server": {"handlers": [], "propagate": True},
            # What it tells at INFO (started, waiting for startup, …) the program says in its own words.
            "uvicorn": {
                "handlers": [],
                "level": "DEBUG" if level == "DEBUG" else "WARNING",
                "propagate": True,
            },
            "uvicorn.access": {"level": "INFO" if access else "WARNING"},
            "asyncio": {"level": "WARNING"},
            # Each request of a webhook with its whole address, in which there may be a secret of its receiver's.
            "httpx": {"level": "WARNING"},
            # Each try to reach a lost Redis or PostgreSQL, some with a traceback: `teahouse.bus` and
            # `teahouse.sweep` say once that it is away and once that it is back.
            "channels_redis.pubsub": {"level": "CRITICAL"},
            "psycopg.pool": {"level": "ERROR"},
        },
    }
