"""The browsers in which people are signed in: noted as they come, shown to their person, ended from elsewhere."""

from __future__ import annotations

import logging
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from threading import Lock
from typing import Any, Final

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from teahouse import database
from teahouse.actions import people
from teahouse.models import Login
from teahouse.server.sessions import kept

log = logging.getLogger("teahouse.server")

SEEN_SECONDS: Final = 300.0
"""How exactly it is known when a browser was here last: each page that is opened would be a write else."""
REMEMBERED: Final = 10_000

_seen: OrderedDict[str, float] = OrderedDict()
_seen_lock = Lock()


class NoteLogins:
    """Middleware: notes from where each login is used."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # The session as the page leaves it; one that nobody looked at is not read for this, and none while the database
        # is away, which the page says.
        session = request.session
        key = session.session_key if session.accessed and response.status_code < 500 else None
        if key and (user := session.get(SESSION_KEY)) and _is_due(key):
            try:
                database.write(partial(_note, key, user, request.META))
            except database.Unavailable as error:
                # The page is made; the next one notes it.
                log.warning("A login could not be noted: %s", error)
        return response


def _is_due(key: str) -> bool:
    now = time.monotonic()
    with _seen_lock:
        if now - _seen.get(key, -SEEN_SECONDS) < SEEN_SECONDS:
            return False
        _seen[key] = now
        _seen.move_to_end(key)
        if len(_seen) > REMEMBERED:
            _seen.popitem(last=False)
        return True


def _note(key: str, user: Any, meta: dict[str, Any]) -> None:
    seen = {
        "address": str(meta.get("REMOTE_ADDR", ""))[:64],
        "agent": str(meta.get("HTTP_USER_AGENT", ""))[:300].replace("\0", ""),
        "seen_at": timezone.now(),
        "called": people.session_key_digest(key),
    }
    # One that was ended while this page was made is not to come back to the list.
    if Session.objects.filter(session_key=kept(key)).exists():
        Login.objects.update_or_create(kept=kept(key), defaults={"user_id": user, **seen})


def of(user: Any) -> list[Login]:
    """Where the user is signed in, the one seen last first. Those that vouch for nobody any more are forgotten."""
    logins = list(Login.objects.filter(user=user).order_by("-seen_at"))
    open_ones = set()
    sessions = Session.objects.filter(expire_date__gt=timezone.now())
    for session in sessions.filter(session_key__in=[login.kept for login in logins]):
        if people.user_of_session(session.get_decoded()) == user:
            open_ones.add(session.session_key)
    if ended := [login.pk for login in logins if login.kept not in open_ones]:
        database.write(Login.objects.filter(pk__in=ended).delete)
    return [login for login in logins if login.kept in open_ones]


def end(login: Login) -> None:
    """Signs out this login; its sockets are closed in every process when this returns."""
    _end({login.kept}, [login])


def end_all(user: Any, but: str | None = None) -> None:
    """Signs the user out everywhere, but for the login with the key `but`; sockets included, when this returns."""
    own = kept(but) if but else None
    noted = list(Login.objects.filter(user=user).exclude(kept=own))
    every = _all_of(user) - {own}
    _end(every, noted)
    if every - {login.kept for login in noted} and (person := people.known_person(user)) is not None:
        # Of a page that has been open since before there was a list nobody knows what its login is called. So all of
        # the person's come back, and have to show a login.
        people.announce(people.Cut(person=person.pk, again=True))


def _end(rows: set[str], noted: list[Login]) -> None:
    def forget() -> None:
        Session.objects.filter(session_key__in=rows).delete()
        Login.objects.filter(kept__in=rows).delete()

    database.write(forget)
    people.announce(*(people.Cut(session_key_digest=login.called) for login in noted))


def _all_of(user: Any) -> set[str]:
    """All sessions of the user. They do not know whose they are, so each is looked into."""
    wanted, found = str(user.pk), set()
    for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator():
        if str(session.get_decoded().get(SESSION_KEY)) == wanted:
            found.add(session.session_key)
    return found


def forget_old() -> None:
    """Those whose session ran out."""
    old = timezone.now() - timedelta(days=1)
    sessions = Session.objects.values_list("session_key", flat=True)
    Login.objects.filter(seen_at__lt=old).exclude(kept__in=sessions).delete()


# What is made of a User-Agent. The first that fits: each names the older ones that it wants to be taken for.
BROWSERS: Final = (
    (r"Edg(?:e|A|iOS)?/", "Edge"),
    (r"OPR/|Opera", "Opera"),
    (r"SamsungBrowser/", "Samsung Internet"),
    (r"MicroMessenger/", "WeChat"),
    (r"Firefox/|FxiOS/", "Firefox"),
    (r"(?:Headless)?Chrome/|CriOS/", "Chrome"),
    (r"Safari/", "Safari"),
)
SYSTEMS: Final = (
    (r"iPhone", "iPhone"),
    (r"iPad", "iPad"),
    (r"Android", "Android"),
    (r"Windows", "Windows"),
    (r"Mac OS X|Macintosh", "macOS"),
    (r"CrOS", "ChromeOS"),
    (r"Linux|X11", "Linux"),
)


def browser_of(agent: str) -> str:
    """What a person would call the browser of this User-Agent, such as "Firefox · Windows"; empty where unknown."""
    named = [
        next((name for pattern, name in table if re.search(pattern, agent)), "")
        for table in (BROWSERS, SYSTEMS)
    ]
    return " · ".join(name for name in named if name)
