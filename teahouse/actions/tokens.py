"""Bearer tokens: what a program shows that it speaks for somebody. In: a person, scopes, when it ends; or what was
shown. Out: a secret that is seen once; or whose it is and what it may be used for.

Synchronous. What writes is called through `database.write`; what reads, on a reader thread.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, NamedTuple

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.utils import timezone

from teahouse import database, scopes
from teahouse.live.protocol import Problem
from teahouse.models import Person, Token
from teahouse.prepared import PreparedLists

MOST: Final = 100
"""Good tokens of one person."""
USED_WITHIN: Final = timedelta(hours=1)
"""How exactly it is kept when a token was used last."""


class Holder(NamedTuple):
    """Whose token it is, what it may be used for, and until when."""

    person: Person
    scopes: frozenset[str] = scopes.USUAL
    expires_at: datetime | None = None


def make_token(
    person: Person, label: str = "", *, scopes: Iterable[str] = (), expires_at: datetime | None = None
) -> str:
    """A bearer token; this is the only time that it is seen. Without scopes it is for what is usual."""
    return new_token(person, label, scopes, expires_at)[1]


def new_token(
    person: Person, label: str, given: Iterable[str], expires_at: datetime | None
) -> tuple[Token, str]:
    """The same, with its row.

    Raises:
        Problem: `too_many`, or `invalid` where it would have ended already.
    """
    if expires_at is not None and expires_at <= timezone.now():
        raise Problem("invalid", "expires_at: a token ends in the future, or never with null.")
    if good(person=person).count() >= MOST:
        raise Problem("too_many", f"A person has at most {MOST} good tokens; revoke one first.")
    secret = "tok_" + secrets.token_urlsafe(24)
    row = Token.objects.create(
        person=person,
        digest=token_digest(secret),
        label=label,
        scopes=scopes.stored(given),
        expires_at=expires_at,
    )
    return row, secret


def good(**which: object) -> QuerySet[Token]:
    """Tokens that are neither revoked nor expired, as it is where writes go."""
    lasting = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    return Token.objects.using(database.alias()).filter(lasting, revoked_at=None, **which)


def token_digest(secret: str) -> str:
    """What a token is kept as: SHA-256, in hexadecimal."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def person_of_token(token: str) -> Person | None:
    """The person of a token that is good, or None.

    A deactivated person is given too: `banned` is another answer than `bad_token`.
    """
    digest = token_digest(token)
    return people_of_tokens([digest])[digest]


def people_of_tokens(digests: list[str]) -> dict[str, Person | None]:
    """The same for many tokens, by their digests."""
    return {digest: held.person if held else None for digest, held in holders_of_tokens(digests).items()}


def holders_of_tokens(digests: list[str]) -> dict[str, Holder | None]:
    """Whose these tokens are, with what each may be used for."""
    holders: dict[str, Holder | None] = dict.fromkeys(digests)
    now = timezone.now()
    owners = {
        digest: Holder(Person.from_db(database.alias(), PERSON_FIELDS, fields), scopes.held(given), ends)
        for digest, given, ends, *fields in _token_owners.rows(digests)
        if ends is None or ends > now
    }
    users = {held.person.user_id for held in owners.values() if held.person.kind == Person.Kind.USER} - {None}
    # Not every project's users have a column that says whether they are active.
    accounts = database.in_bulk(get_user_model()._default_manager, users)
    for digest, held in owners.items():
        account = accounts.get(held.person.user_id)
        if held.person.kind != Person.Kind.USER or (account is not None and account.is_active):
            holders[digest] = held
    return holders


PERSON_FIELDS: Final = [field.attname for field in Person._meta.concrete_fields]
_token_owners: PreparedLists[Token] = PreparedLists(
    (str,),
    lambda digests: Token.objects.filter(digest__in=digests, revoked_at=None).values_list(
        "digest", "scopes", "expires_at", *(f"person__{name}" for name in PERSON_FIELDS)
    ),
)


def revoked_tokens(digests: set[str]) -> set[str]:
    """Those digests whose token is good no more."""
    return digests - set(good(digest__in=digests).values_list("digest", flat=True))


def note_used(digests: set[str]) -> None:
    """Keeps that these tokens were used just now; as exactly as USED_WITHIN says, so that few rows are written."""
    now = timezone.now()
    lately = Q(last_used_at__gt=now - USED_WITHIN)
    Token.objects.filter(digest__in=digests).exclude(lately).update(last_used_at=now)
