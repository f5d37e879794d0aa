"""Who looks at a page. In: a request. Out: the person, by login or guest cookie; and new guests, with their cookie."""

from __future__ import annotations

import time
from functools import cache, partial
from threading import Lock
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from teahouse import access, database
from teahouse.access import Speaker
from teahouse.actions import people
from teahouse.conf import conf
from teahouse.limits import Buckets, address_key
from teahouse.live import runtime
from teahouse.live.handshake import GUEST_COOKIE, client_address
from teahouse.live.protocol import Problem
from teahouse.models import Person

COOKIE_SECONDS: Final = 400 * 24 * 3600  # Browsers keep no cookie longer.


def speaker_of(request: HttpRequest) -> Speaker | None:
    """Who the browser is: by the login, else by the guest cookie. Who was deactivated is nobody."""
    user = getattr(request, "user", None)
    person: Person | None = None
    if user is not None and user.is_authenticated:
        known = Person.objects.filter(user=user).first()
        person = known or database.write(partial(people.ensure_person, user))
    elif ticket := request.COOKIES.get(GUEST_COOKIE):
        known_id = people.person_of_ticket(ticket)
        person = people.guests([known_id])[known_id] if known_id is not None else None
    return access.speaker_of(person) if person is not None and person.deactivated_at is None else None


def make_guest(request: HttpRequest) -> Person:
    """A guest with the `name` of the form.

    Raises:
        Problem: `guests_refused`, `too_fast`, `name_taken`, `invalid`.
        database.Unavailable
    """
    if not conf().GUESTS:
        raise Problem("guests_refused", "Guests are not let in here; sign in first.")
    address = address_of(request)
    running = runtime.current()
    # In a process without sockets, as a host project may have beside its own, they are counted there.
    if wait := running.wait_for_guest(address) if running is not None else _wait_for_guest(address):
        raise Problem("too_fast", "Too many new guests from your address.", retry=True, after=wait)
    return database.write(partial(people.make_guest, request.POST.get("name", "")))


def _wait_for_guest(address: str) -> float:
    if not conf().RATES:
        return 0.0
    with _new_guests_lock:
        return _new_guests().take(address_key(address), time.monotonic())


_new_guests_lock = Lock()


@cache
def _new_guests() -> Buckets:
    """The same rate as a process with sockets has; views run on threads of their own."""
    limits = conf().LIMITS
    return Buckets(limits.guests / 60, limits.guests)


def address_of(request: HttpRequest) -> str:
    """Where the request came from, through `PROXIES` where one passed it on."""
    meta = request.META
    return client_address(meta.get("REMOTE_ADDR", ""), meta.get("HTTP_X_FORWARDED_FOR", ""))


def set_ticket(request: HttpRequest, response: HttpResponse, ticket: str) -> None:
    """From now on the browser is this guest."""
    response.set_cookie(GUEST_COOKIE, ticket, **_cookie(request))


def _cookie(request: HttpRequest) -> dict[str, Any]:
    return {
        "max_age": COOKIE_SECONDS,
        "path": settings.SESSION_COOKIE_PATH,
        "domain": settings.SESSION_COOKIE_DOMAIN,
        "secure": request.is_secure() or settings.SESSION_COOKIE_SECURE,
        "httponly": True,
        "samesite": "Lax",
    }
