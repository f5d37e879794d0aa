"""The owner of the site, and the one-time link that makes the owner's account."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from teahouse.actions.people import ensure_person
from teahouse.models import OneTimeLink, Person, Site

HOURS: Final = 24


class LinkRefused(Exception):
    """The link makes no account: used, expired, unknown, or there is an owner already."""


def digest(token: str) -> str:
    """What is stored of a token: whoever reads the database cannot use the link."""
    return hashlib.sha256(token.encode()).hexdigest()


def find() -> Person | None:
    """The owner, if there is one."""
    return Person.objects.filter(is_owner=True, deactivated_at=None).first()


def stays_without(person: Person) -> bool:
    """Whether the site has an owner besides this person. In a transaction: until its end nobody else can ask, so that
    of two owners who take it from each other at once one stays."""
    Site.objects.select_for_update().filter(pk=1).first()
    return Person.objects.filter(is_owner=True, deactivated_at=None).exclude(pk=person.pk).exists()


def new_link() -> str:
    """A new link's token, good for 24 hours. Those that ran out are forgotten."""
    now = timezone.now()
    OneTimeLink.objects.filter(
        purpose=OneTimeLink.Purpose.OWNER, expires_at__lt=now - timedelta(days=7)
    ).delete()
    token = secrets.token_urlsafe(24)
    OneTimeLink.objects.create(
        purpose=OneTimeLink.Purpose.OWNER, digest=digest(token), expires_at=now + timedelta(hours=HOURS)
    )
    return token


def usable(token: str) -> OneTimeLink:
    """The link of this token.

    Raises:
        LinkRefused: it is used, has run out, or never was; or the site has its owner.
    """
    link = OneTimeLink.objects.filter(purpose=OneTimeLink.Purpose.OWNER, digest=digest(token)).first()
    if link is None or link.used_at is not None or link.expires_at <= timezone.now() or find() is not None:
        raise LinkRefused
    return link


@transaction.atomic
def make(token: str, name: str, password_hash: str) -> Any:
    """Makes the owner's account and uses the link up; the user.

    Two at once, with the same link or two, make one owner: the site's row is locked first.

    Raises:
        LinkRefused: as `usable`.
    """
    Site.objects.select_for_update().filter(pk=1).first()
    link = usable(token)
    user = get_user_model()(username=name, password=password_hash, is_staff=True, is_superuser=True)
    user.save()
    person = ensure_person(user)
    person.is_owner = True
    person.save(update_fields=["is_owner"])
    link.used_at = timezone.now()
    link.save(update_fields=["used_at"])
    return user
