"""Passwords: changing one, and getting back in without it by a link that works once."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from functools import cache, partial
from secrets import token_urlsafe
from threading import Lock, Thread
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import get_user_model, update_session_auth_hash
from django.contrib.auth.hashers import make_password
from django.core import signing
from django.core.mail import send_mail
from django.db import connections, transaction
from django.http import HttpRequest
from django.utils import timezone

from teahouse import database
from teahouse.actions import people
from teahouse.conf import conf
from teahouse.limits import Buckets
from teahouse.models import Login, OneTimeLink
from teahouse.server import logins
from teahouse.server.environ import current
from teahouse.server.owner import LinkRefused, digest
from teahouse.server.sessions import kept

log = logging.getLogger("teahouse.server")

RESET: Final = OneTimeLink.Purpose.RESET
BY_OWNER: Final = timedelta(hours=24)
BY_MAIL: Final = timedelta(hours=1)
ADDRESS_SECONDS: Final = 24 * 3600
ADDRESS_SALT: Final = "teahouse.mail"
MAILS: Final = 3
SECONDS_A_MAIL: Final = 1200.0
"""Three mails at once to one account, then one every twenty minutes: nobody's mailbox is filled from here."""


def change(request: HttpRequest, password: str) -> str | None:
    """Gives who is signed in another password. All other logins end, in every process, before this returns.

    Returns:
        The key that this login had until now; its open windows have to come back with the new one.
    """
    user: Any = request.user
    before = request.session.session_key
    hashed = make_password(password)

    def write() -> None:
        user.password = hashed
        user.save(update_fields=["password"])
        _forget_links(user)
        update_session_auth_hash(request, user)
        # Its open windows come back; they are not signed out.
        Login.objects.filter(kept=kept(before or "")).delete()

    database.write(write)
    logins.end_all(user, but=request.session.session_key)
    return before


def new_link(user: Any, lasts: timedelta = BY_OWNER) -> str:
    """A new link's token, with which the user takes another password, once."""
    now = timezone.now()
    OneTimeLink.objects.filter(purpose=RESET, expires_at__lt=now - timedelta(days=7)).delete()
    token = token_urlsafe(24)
    OneTimeLink.objects.create(purpose=RESET, user=user, digest=digest(token), expires_at=now + lasts)
    return token


def usable(token: str) -> OneTimeLink:
    """The link of this token.

    Raises:
        LinkRefused: it is used, has run out, or never was; or the account is not active.
    """
    link = OneTimeLink.objects.select_related("user").filter(purpose=RESET, digest=digest(token)).first()
    if link is None or link.used_at is not None or link.expires_at <= timezone.now():
        raise LinkRefused
    if link.user is None or not link.user.is_active:
        raise LinkRefused
    return link


def reset(token: str, password: str) -> Any:
    """Gives the link's user another password and uses the link up; the user. All logins end before this returns.

    Raises:
        LinkRefused: as `usable`.
    """
    hashed = make_password(password)

    @transaction.atomic
    def write() -> Any:
        link = usable(token)
        # Of two who come at once one finds it unused.
        if not OneTimeLink.objects.filter(pk=link.pk, used_at=None).update(used_at=timezone.now()):
            raise LinkRefused
        user: Any = link.user
        user.password = hashed
        user.save(update_fields=["password"])
        _forget_links(user)
        return user

    user = database.write(write)
    logins.end_all(user)
    return user


def _forget_links(user: Any) -> None:
    """Links that somebody asked for before the password was another."""
    OneTimeLink.objects.filter(purpose=RESET, user=user, used_at=None).delete()


# By mail


def mail_is_set_up() -> bool:
    """Whether there is a server for mail, and an address for the links in it.

    The address is the site's own: of what a request says who asked could make a link to a place of theirs.
    """
    return current().mail_url is not None and current().url is not None


def mailed_link(path: str) -> str:
    """A link as it stands in a mail."""
    return f"{current().url}{path}"


def find(named: str) -> list[Any]:
    """The active accounts of this name or mail address: of one address there may be several."""
    users = get_user_model()._default_manager.filter(is_active=True)
    named = named.strip()[:254]
    by_name = users.filter(username=named)
    return list(users.filter(email__iexact=named)[:5] if "@" in named and not by_name else by_name)


def send_links(named: str, link_of: Any, subject: str, text: str) -> None:
    """Mails a link to each account of this name or address. Returns at once, and says nothing of what there is:
    neither by its answer nor by how long it takes.

    Args:
        link_of: makes of a token the link.
        text: with %(name)s and %(link)s in it; in the language of who asks.
    """
    Thread(
        target=_send_links, args=(named, link_of, subject, text), name="teahouse-mail", daemon=True
    ).start()


def _send_links(named: str, link_of: Any, subject: str, text: str) -> None:
    try:
        for user in find(named):
            if user.email and _may_mail(user.pk):
                token = database.write(partial(new_link, user, BY_MAIL))
                body = text % {"name": user.get_username(), "link": link_of(token)}
                send(user.email, subject, body)
    except Exception:
        log.exception("A link for a new password could not be mailed")
    finally:
        connections.close_all()


def send(address: str, subject: str, text: str) -> bool:
    """Whether the mail server took it; why not is in the log."""
    try:
        send_mail(subject, text, settings.DEFAULT_FROM_EMAIL, [address])
    except OSError as error:  # smtplib's errors are among them.
        log.error("Mail cannot be sent: %s", error)
        return False
    return True


_mails_lock = Lock()


@cache
def _mails() -> Buckets:
    return Buckets(1 / SECONDS_A_MAIL, MAILS)


def _may_mail(user: Any) -> bool:
    with _mails_lock:
        return not conf().RATES or not _mails().take(user, time.monotonic())


# The address to which links are mailed is one from which its person has answered


def address_token(user: Any, address: str) -> str:
    """Shows that who has it reads the mail of this address."""
    return signing.dumps([user.pk, user.email, address], salt=ADDRESS_SALT, compress=True)


def address_of_token(user: Any, token: str) -> str | None:
    """The address that the user wants and reads the mail of; None where the link is old, or another's."""
    try:
        pk, before, address = signing.loads(token, salt=ADDRESS_SALT, max_age=ADDRESS_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return str(address) if pk == user.pk and before == user.email else None


def set_address(user: Any, address: str) -> None:
    user.email = address
    user.save(update_fields=["email"])
    _forget_links(user)


def come_again(key: str | None) -> None:
    """The open windows of this login come back, with the cookie that the browser has by now."""
    if key is not None:
        people.announce(people.Cut(session_key_digest=people.session_key_digest(key), again=True))
