"""Who speaks on a connection. In: what the handshake and the hello brought. Out: a person, or why not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.utils.module_loading import import_string

from teahouse.access import Speaker, speaker_of
from teahouse.actions import people
from teahouse.conf import conf
from teahouse.live.handshake import Handshake
from teahouse.live.protocol import Problem
from teahouse.live.runtime import Runtime
from teahouse.models import Person

BAD_TOKEN: Final = "This token or ticket is not valid here, expired or revoked; get another first."


@dataclass(slots=True, frozen=True)
class Identity:
    """A person on a connection, and what vouches for them: `login`, the key of a Django session, or `token`, the
    digest of a bearer token, with its `scopes` and when it ends; else the guest's `ticket`."""

    speaker: Speaker
    login: str | None = None
    token: str | None = None
    ticket: str | None = None
    scopes: frozenset[str] | None = None
    expires_at: datetime | None = None


async def identify(
    runtime: Runtime, door: Handshake, token: str | None, name: str | None, *, known: bool = False
) -> Identity:
    """The person: by token or ticket; by name, as a guest; else by login cookie, guest cookie, or as a new guest, but
    that with `known` nobody new is made.

    Raises:
        Problem: `bad_token`, `banned`, `name_taken`, `guests_refused`, `invalid` name, `too_fast`, `unavailable`.
    """
    if token is not None and not token.startswith("tkt_"):
        digest = people.token_digest(token)
        held = await runtime.ask(runtime.tokens, digest)
        if held is None:
            raise Problem("bad_token", BAD_TOKEN, close=4001)
        speaker = speaker_of(_active(held.person))
        runtime.used_tokens.add(digest)
        return Identity(speaker, token=digest, scopes=held.scopes, expires_at=held.expires_at)
    if token is None and name is None and door.session_key is not None:
        signed_in = await runtime.read(_person_of_login, door.session_key)
        if signed_in is not None:
            return Identity(speaker_of(_active(signed_in)), login=door.session_key)
    strict = known or token is not None
    return await _guest(runtime, door, token if token is not None else door.ticket, name, strict=strict)


async def _guest(
    runtime: Runtime, door: Handshake, ticket: str | None, name: str | None, *, strict: bool
) -> Identity:
    if not conf().GUESTS:
        raise Problem("guests_refused", "Guests are not let in here; sign in first.", close=4001)
    known = people.person_of_ticket(ticket) if ticket is not None else None
    person = await runtime.ask(runtime.guests, known) if known is not None else None
    if person is None and strict:
        raise Problem("bad_token", BAD_TOKEN, close=4001)
    if person is None:
        _check_rate(runtime, door)
        person = await runtime.write(people.make_guest, name)
    elif name is not None and name != person.name:
        person = await runtime.write(people.rename_guest, person.pk, name)
    if known != person.pk or settings.SECRET_KEY_FALLBACKS:
        # A new guest's, or one that may be signed with a key that is on its way out.
        ticket = people.ticket_for(person)
    return Identity(speaker_of(_active(person)), ticket=ticket)


def _check_rate(runtime: Runtime, door: Handshake) -> None:
    if wait := runtime.wait_for_guest(door.address):
        raise Problem(
            "too_fast", "Too many new guests from your address.", retry=True, after=wait, close=4103
        )


def _active(person: Person) -> Person:
    if person.deactivated_at is not None:
        raise Problem("banned", "This account was deactivated.", close=4003)
    return person


def _person_of_login(key: str) -> Person | None:
    store: SessionBase = import_string(settings.SESSION_ENGINE + ".SessionStore")(key)
    person: Person | None = people.person_of_session(store)
    return person
