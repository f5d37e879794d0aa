"""Invitations: links with which people make accounts. What may be made, what a link is good for, and the signing up."""

from __future__ import annotations

import asyncio
from base64 import urlsafe_b64encode
from datetime import timedelta
from functools import partial
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from teahouse import access, database
from teahouse.access import Speaker
from teahouse.actions import membership, people, profiles, rooms
from teahouse.journal import Stale
from teahouse.live import runtime as runtimes
from teahouse.live.protocol import Problem
from teahouse.models import Invitation, Person, Room, Site
from teahouse.server.environ import current
from teahouse.server.owner import digest

if TYPE_CHECKING:
    from django.db.models import QuerySet

MOST_PLACES: Final = 1000
MOST_DAYS: Final = 365
OPEN_LINKS: Final = 20
"""How many links somebody who is no owner may have open at the same time."""
JOIN_SECONDS: Final = 10.0


class InvitationRefused(Exception):
    """The link makes no account: `why` is unknown, used, expired or revoked."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class NameTaken(Exception):
    """Somebody signed up under this name meanwhile."""


def may_invite(person: Person) -> bool:
    """Owners may; everyone with an account where the site is set so."""
    return person.is_owner or current().invitations == "everyone"


def make(
    by: Person | None,
    *,
    places: int | None = 1,
    days: int | None = 7,
    note: str = "",
    to: QuerySet[Room] | None = None,
    guest: Person | None = None,
) -> Invitation:
    """A new invitation.

    Args:
        by: who invites; None is the machine's administrator.
        places: how many people may sign up; None is any number.
        days: how long it lasts; None is until it is revoked.
        to: rooms that people join by it, each of which `by` may invite to.
        guest: whose account it makes.

    Raises:
        Problem: `too_many` open links of one who is no owner.
    """
    if by is not None and not by.is_owner and open_ones(by).count() >= OPEN_LINKS:
        raise Problem("too_many", f"{OPEN_LINKS} links are open; revoke one first.")
    nonce = token_urlsafe(18)
    invitation = Invitation(
        digest=digest(_token(nonce)),
        nonce=nonce,
        made_by=by,
        guest=guest,
        note=note,
        places=places,
        expires_at=timezone.now() + timedelta(days=days) if days is not None else None,
    )
    with transaction.atomic():
        invitation.save()
        invitation.rooms.set(to if to is not None else ())
    return invitation


def _token(nonce: str) -> str:
    made = salted_hmac("teahouse.invitation", nonce, algorithm="sha256").digest()
    return urlsafe_b64encode(made[:24]).decode()


def token_of(invitation: Invitation) -> str | None:
    """What stands in its link; None where the site has another secret key since."""
    token = _token(invitation.nonce)
    return token if constant_time_compare(digest(token), invitation.digest) else None


def state(invitation: Invitation) -> str:
    """`open`, or why it opens nothing any more: `revoked`, `used`, `expired`."""
    by = invitation.made_by
    if invitation.revoked_at is not None or (by is not None and by.deactivated_at is not None):
        return "revoked"
    guest = invitation.guest
    if guest is not None and (guest.kind != Person.Kind.GUEST or guest.deactivated_at is not None):
        return "used"
    if invitation.places is not None and invitation.used >= invitation.places:
        return "used"
    if invitation.expires_at is not None and invitation.expires_at <= timezone.now():
        return "expired"
    return "open"


def open_ones(by: Person) -> QuerySet[Invitation]:
    """The person's links that still open something, as far as the database can say."""
    return Invitation.objects.filter(
        Q(places=None) | Q(used__lt=F("places")),
        Q(expires_at=None) | Q(expires_at__gt=timezone.now()),
        made_by=by,
        revoked_at=None,
    )


def usable(token: str) -> Invitation:
    """The invitation of this link.

    Raises:
        InvitationRefused: it is unknown, used up, expired or revoked.
    """
    invitation = Invitation.objects.select_related("made_by", "guest").filter(digest=digest(token)).first()
    if invitation is None:
        raise InvitationRefused("unknown")
    if (now := state(invitation)) != "open":
        raise InvitationRefused(now)
    return invitation


def revoke(invitation: Invitation) -> None:
    """It opens nothing any more; who signed up by it stays."""
    Invitation.objects.filter(pk=invitation.pk, revoked_at=None).update(revoked_at=timezone.now())


def name_is_taken(name: str) -> bool:
    """Whether somebody who is signed up has this name, or one that looks the same."""
    users = get_user_model()._default_manager.filter(username__iexact=name)
    return users.exists() or not people.guest_name_free(name)


@transaction.atomic
def sign_up(token: str, name: str, password_hash: str, guest: int | None) -> tuple[Any, Person, Invitation]:
    """Makes an account and takes a place of the invitation; the user, their person, the invitation.

    Two at once, on one place or one name, make one account: the site's row is locked first.

    Args:
        guest: who the visitor was until now, and stays as.

    Raises:
        InvitationRefused, NameTaken
    """
    Site.objects.select_for_update().filter(pk=1).first()
    invitation = usable(token)
    if name_is_taken(name):
        raise NameTaken
    user = get_user_model()(username=name, password=password_hash)
    user.save()
    whose = invitation.guest_id or guest
    before = None
    if whose is not None:
        before = Person.objects.filter(pk=whose, kind=Person.Kind.GUEST, deactivated_at=None).first()
    person = profiles.become_user(before, user) if before is not None else people.ensure_person(user)
    Invitation.objects.filter(pk=invitation.pk).update(used=F("used") + 1)
    return user, person, invitation


# Rooms


def may_name(by: Person | None) -> QuerySet[Room]:
    """The rooms that an invitation of this person may name: open ones, and those where they may invite."""
    every = Room.objects.filter(archived_at=None, kind__in=(Room.Kind.OPEN, Room.Kind.PRIVATE))
    if by is None:
        return every.order_by("title")
    speaker = access.speaker_of(by)
    own = every.filter(kind=Room.Kind.PRIVATE, members__person=by)
    private = [room.pk for room in own if _may_invite(speaker, room)]
    return every.filter(Q(kind=Room.Kind.OPEN) | Q(pk__in=private)).order_by("title")


def _may_invite(speaker: Speaker, room: Room) -> bool:
    try:
        return "invite" in access.room(speaker, room.slug)[1].may
    except Problem:
        return False


def join(invitation: Invitation, person: Person) -> list[str]:
    """Makes the person a member of the invitation's rooms; the names of those. Through the journal, on a page's thread.

    What whoever invites may not do any more is left out: a room that was archived, one to which they may
    not invite now.
    """
    runtime = runtimes.current()
    if runtime is None:
        return []
    joined = []
    stream = database.write(partial(rooms.personal, person.pk)).pk
    speaker = access.speaker_of(person)
    for room in may_name(invitation.made_by).filter(pk__in=invitation.rooms.values("pk")):
        while True:
            try:
                change = membership.join(speaker, access.given(room, "join", may_speak=True), stream)
                stored = asyncio.run_coroutine_threadsafe(runtime.store(change), runtime.loop)
                stored.result(JOIN_SECONDS)
                joined.append(room.slug)
                break
            except Stale:
                room.refresh_from_db()
            except Problem:  # It was archived meanwhile.
                break
    return joined
