"""Who people are and what they prove it with: names, guests and tickets, tokens, logins, signing out.

Synchronous. What writes is called through `database.write`; what reads, on a reader thread.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user_model,
    load_backend,
)
from django.contrib.auth.signals import user_logged_out
from django.contrib.sessions.backends.base import SessionBase
from django.core import signing
from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.module_loading import import_string

from teahouse import database
from teahouse.actions.names import as_seen, clean_name, name_of
from teahouse.actions.tokens import (
    make_token,
    people_of_tokens,
    person_of_token,
    revoked_tokens,
    token_digest,
)
from teahouse.bus import tell_once
from teahouse.live.protocol import Problem
from teahouse.models import Person, Site, Token
from teahouse.models.people import name_key
from teahouse.prepared import PreparedLists

__all__ = [
    "Cut", "announce", "deactivate", "ended_logins", "ensure_person", "find_speaker", "guest_name_free", "guests",
    "known_person", "make_bot", "make_guest", "make_token", "people_of_tokens", "person_of_session", "person_of_ticket",
    "person_of_token", "rename_guest", "revoke_token", "revoked_tokens", "session_key_digest", "sign_out", "site_bot",
    "site_key", "ticket_for", "token_digest", "user_of_session",
]  # fmt: skip

log = logging.getLogger("teahouse.people")

TICKET_SALT: Final = "teahouse.ticket"
SITE_BOT: Final = "Teahouse"
LOCK_WAIT: Final = "200ms"
"""How long making a person may wait for a row that somebody else's transaction holds."""


# Users of the project


def ensure_person(user: Any) -> Person:
    """The person of a user of the project, made when it is first asked for and renamed with the user."""
    person = known_person(user) or _make_person(user)
    if person.name != (name := name_of(user)):
        person.rename(name)
        person.save(update_fields=["name", "name_key"])
    return person


def known_person(user: Any) -> Person | None:
    """The person of a user, if there is one yet. Looked for where writes go, since a replica may lag."""
    return Person.objects.using(database.alias()).filter(user=user.pk).first()


def _make_person(user: Any) -> Person:
    connection = database.connection()
    if connection.vendor == "postgresql" and connection.in_atomic_block:
        # In the caller's transaction, which may stay open for long, the row would make the writer wait as soon
        # as the user opens the chat (P9). So in one of its own; SQLite takes one writer at a time anyway.
        with ThreadPoolExecutor(1, "teahouse-person") as thread:
            if (person := thread.submit(_make_person_apart, user).result()) is not None:
                return person
    return _make_person_here(user)


def _make_person_apart(user: Any) -> Person | None:
    """None where the user is not committed yet (nobody else can ask for that one), or is locked."""
    try:
        return _make_person_here(user)
    except (IntegrityError, OperationalError) as reason:
        log.debug("The person of user %s is made in the caller's transaction: %s", user.pk, reason)
        return None
    finally:
        database.connection().close()


def _make_person_here(user: Any) -> Person:
    connection = database.connection()
    bounded = connection.vendor == "postgresql" and not connection.in_atomic_block
    name = name_of(user)
    made = {"kind": Person.Kind.USER, "name": name, "name_key": name_key(name)}
    with transaction.atomic(using=connection.alias):
        if bounded:
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'")
        return Person.objects.using(connection.alias).get_or_create(user_id=user.pk, defaults=made)[0]


# Guests


def make_guest(name: str | None) -> Person:
    """A new guest; without a name, `guest-` and four characters.

    Raises:
        Problem: `invalid` or `name_taken`.
    """
    name = f"guest-{secrets.token_hex(2)}" if name is None else _free_name(name)
    return Person.objects.create(kind=Person.Kind.GUEST, name=name, name_key=name_key(name))


def rename_guest(person: int, name: str) -> Person:
    """Gives a guest another name.

    Raises:
        Problem: `invalid` or `name_taken`.
    """
    guest = Person.objects.get(pk=person, kind=Person.Kind.GUEST)
    guest.rename(_free_name(name))
    guest.save(update_fields=["name", "name_key"])
    return guest


def guest_name_free(name: str) -> bool:
    """Whether a guest may take this name: no user and no bot has it, or one that looks the same."""
    keys = {name_key(name), name_key(as_seen(name))}
    taken = Person.objects.filter(name_key__in=keys, deactivated_at=None).exclude(kind=Person.Kind.GUEST)
    return not taken.exists()


def _free_name(name: str) -> str:
    name = clean_name(name)
    if not guest_name_free(name):
        raise Problem("name_taken", f"{name} is the name of somebody who is signed up here; take another.")
    return name


def ticket_for(person: Person) -> str:
    """What makes a guest the same guest again. Signed, so that checking it needs no database.

    Raises:
        ValueError: the person is no guest; others sign in or have a token.
    """
    if person.kind != Person.Kind.GUEST:
        raise ValueError(f"only guests get tickets; {person} signs in or has a token")
    return "tkt_" + signing.dumps(person.pk, salt=TICKET_SALT)


def person_of_ticket(ticket: str) -> int | None:
    """The id of the guest that the ticket was made for, or None."""
    if not (ticket.startswith("tkt_") and ticket.isascii()):
        return None
    try:
        found = signing.loads(ticket.removeprefix("tkt_"), salt=TICKET_SALT)
    except signing.BadSignature:
        return None
    return found if isinstance(found, int) else None


def guests(ids: list[int]) -> dict[int, Person | None]:
    """The guests with these ids."""
    people: dict[int, Person | None] = dict.fromkeys(ids)
    people.update((person.pk, person) for person in _people.objects(ids) if person.kind == Person.Kind.GUEST)
    return people


_people: PreparedLists[Person] = PreparedLists((int,), lambda ids: Person.objects.filter(pk__in=ids))


# Tokens and bots


def revoke_token(token: Token) -> None:
    """The token is good no more; after the commit the sessions that came with it end."""
    token.revoked_at = timezone.now()
    token.save(update_fields=["revoked_at"])
    _announce_after_commit(Cut(token_digest=token.digest))


def find_speaker(name: str) -> Person | None:
    """A user of the project by user name, else a bot by its name: whom a command means."""
    users = get_user_model()
    user = users._default_manager.filter(**{users.USERNAME_FIELD: name}).first()
    if user is not None:
        return ensure_person(user)
    bots = Person.objects.filter(kind=Person.Kind.BOT, name_key=name_key(name), deactivated_at=None)
    return bots.order_by("pk").first()


def make_bot(name: str) -> Person:
    """A bot, which speaks with a token.

    Raises:
        Problem: `invalid` or `name_taken`.
    """
    name = _free_name(name)
    return Person.objects.create(kind=Person.Kind.BOT, name=name, name_key=name_key(name))


# Logins


def person_of_session(session: SessionBase) -> Person | None:
    """The person who is signed in with a Django session, or None. May write, through the writer.

    A deactivated person is given too: `banned` is another answer than not being signed in.
    """
    user = user_of_session(session)
    if user is None:
        return None
    person = known_person(user)
    if person is not None and person.name == name_of(user):
        return person
    return database.write(partial(ensure_person, user))


def user_of_session(session: SessionBase | dict[str, Any]) -> Any:
    """The active user who is signed in with a Django session, or what it holds, or None. Writes nothing.

    As `django.contrib.auth.get_user`, which wants a request and cycles the session's key; the cookie with the new
    one could not be set here. Not `channels.auth.get_user`: that one ignores SECRET_KEY_FALLBACKS and flushes
    the session after a rotation.
    """
    try:
        pk = get_user_model()._meta.pk.to_python(session[SESSION_KEY])
        backend = session[BACKEND_SESSION_KEY]
    except (KeyError, ValidationError):
        return None
    if backend not in settings.AUTHENTICATION_BACKENDS:
        return None
    user: Any = load_backend(backend).get_user(pk)
    return user if user is not None and user.is_active and _is_users(session, user) else None


def _is_users(session: SessionBase | dict[str, Any], user: Any) -> bool:
    """Whether the session was begun with the user's present password, under this or an earlier secret key."""
    if not hasattr(user, "get_session_auth_hash"):
        return True
    own = session.get(HASH_SESSION_KEY) or ""
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(constant_time_compare(own, good) for good in hashes)


def ended_logins(keys: set[str]) -> set[str]:
    """Those session keys that vouch for nobody any more."""
    store = import_string(settings.SESSION_ENGINE + ".SessionStore")
    return {key for key in keys if user_of_session(store(key)) is None}


# Ending sessions


@dataclass(slots=True, frozen=True)
class Cut:
    """Whose live sessions end: all of a person, those of one login, or those of one token. With `again` they come
    back at once, as who they are now."""

    person: int | None = None
    session_key_digest: str | None = None
    token_digest: str | None = None
    again: bool = False

    def told(self) -> list[Any]:
        """As processes tell it each other; one of an earlier version knows no `again`."""
        told = [self.person, self.session_key_digest, self.token_digest]
        return [*told, True] if self.again else told


on_cut: list[Callable[[Cut], Future[None] | None]] = []
"""Called with each Cut; the runtime of a process that serves ends the sessions that are meant, in all processes. The
future is done when it has."""
CUT_SECONDS: Final = 6.0
"""More than the lease of a process that cannot be reached; the runtime waits no longer than that."""


def session_key_digest(key: str) -> str:
    """What a login is called between processes: its key is a secret."""
    return salted_hmac("teahouse.session", key, algorithm="sha256").hexdigest()


def announce(*cuts: Cut) -> None:
    """Ends live sessions now, and returns when they have ended in all processes, as far as this thread may wait.

    What ended them has to be committed: they come back at once and ask. A process that does not serve tells those
    that do, and does not wait for them.
    """
    if not on_cut:
        for cut in cuts:
            tell_once(site_key, {"cut": cut.told()})
        return
    cutting = []
    for hear, cut in product(tuple(on_cut), cuts):
        try:
            cutting.append(hear(cut))
        except Exception:
            # Each process looks by itself within a minute; the others are told all the same.
            log.exception("Live sessions could not be told of %s", cut)
    if not _may_wait():
        return
    # All at the same time: none waits for the lease of a dead process behind another.
    wait([future for future in cutting if future is not None], CUT_SECONDS)


def _may_wait() -> bool:
    """Neither the event loop, which does the work, nor the one writer waits for other processes."""
    if database.on_writer():
        return False
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return True
    return False


def _announce_after_commit(cut: Cut) -> None:
    transaction.on_commit(partial(announce, cut), using=database.alias())


def sign_out(key: str) -> None:
    """Ends the live sessions of one login, after the commit. The Django session itself is gone already."""
    _announce_after_commit(Cut(session_key_digest=session_key_digest(key)))


def deactivate(person: Person) -> None:
    """Bans a person: they may do nothing any more, and after the commit their live sessions end."""
    person.deactivated_at = timezone.now()
    person.save(update_fields=["deactivated_at"])
    _announce_after_commit(Cut(person=person.pk))


def _on_logout(request: Any, **_: Any) -> None:
    """Any logout of the project cuts the sockets of that login, as soon as the session is gone.

    Django sends the signal before it flushes the session. A socket that is cut now would be back, and let in,
    before that; so the session itself tells when it is flushed.
    """
    session = getattr(request, "session", None)
    key = getattr(session, "session_key", None)
    if session is None or key is None:
        return
    flush, aflush = session.flush, session.aflush

    def flushed() -> None:
        flush()
        sign_out(key)

    async def aflushed() -> None:
        await aflush()
        await sync_to_async(sign_out)(key)

    session.flush, session.aflush = flushed, aflushed


user_logged_out.connect(_on_logout, dispatch_uid="teahouse.sign_out")


# The site


def site_key() -> str:
    """What tells this site from another one that shares its Redis; made once, and its bot with it."""
    site = Site.objects.filter(pk=1).first()
    if site is None:
        with transaction.atomic(using=database.alias()):
            site, made = Site.objects.get_or_create(pk=1, defaults={"key": secrets.token_hex(8)})
            if made:
                _make_site_bot()
    return site.key


def site_bot() -> Person:
    """Who speaks where code says something without a speaker."""
    if (bot := _find_site_bot()) is not None:
        return bot
    site_key()
    with transaction.atomic(using=database.alias()):
        # Two who want it at once make one: who writes the site's row first goes first, on both databases.
        Site.objects.filter(pk=1).update(key=F("key"))
        return _find_site_bot() or _make_site_bot()


def _find_site_bot() -> Person | None:
    bots = Person.objects.using(database.alias()).filter(kind=Person.Kind.BOT, name=SITE_BOT)
    return bots.order_by("pk").first()


def _make_site_bot() -> Person:
    return Person.objects.create(kind=Person.Kind.BOT, name=SITE_BOT, name_key=name_key(SITE_BOT))
