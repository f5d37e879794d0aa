"""When somebody has last shown that it is them: signed in, or typed the password once more. In: a login, which is a
Django session. Out: whether that was lately.

Signed in for weeks is enough to talk. What would let a borrowed browser keep an account asks for more, by whatever way
it comes: the program's pages (`server/recent.py`) and the API (`api/own.py`).
"""

from __future__ import annotations

import time
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.utils.module_loading import import_string

SECONDS: Final = 30 * 60
PROVED_AT: Final = "teahouse_proved_at"
"""In the Django session: when that was, in seconds since the epoch."""


def note(session: Any) -> None:
    """They have just shown it."""
    session[PROVED_AT] = time.time()


def is_recent(session: Any) -> bool:
    proved = session.get(PROVED_AT, 0)
    return bool(isinstance(proved, int | float) and 0 <= time.time() - proved < SECONDS)


def is_login_recent(key: str) -> bool:
    """The same of the key of a Django session. Reads it."""
    return is_recent(import_string(settings.SESSION_ENGINE + ".SessionStore")(key))


def _on_login(request: Any, **_: Any) -> None:
    # A project may sign somebody in where there are no sessions.
    if (session := getattr(request, "session", None)) is not None:
        note(session)


def connect() -> None:
    """From now on each sign-in is noted."""
    user_logged_in.connect(_on_login, dispatch_uid="teahouse.proof")
