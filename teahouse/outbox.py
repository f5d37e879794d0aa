"""What code inside a host's transaction leaves to be said (P9). In: a room and a text, on the caller's connection.
Out, after the commit: entries for the journal, which numbers them; `live/sweep.py` moves them.

No number is taken here and no room is locked, so a transaction that stays open makes nobody wait. Why the movers
need no lock among themselves: `docs/design/outbox.md`.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from typing import Any

from asgiref.sync import sync_to_async
from django.db import transaction
from django.db.models import Model

from teahouse import database, history, subjects
from teahouse.actions import people
from teahouse.conf import conf
from teahouse.journal import KEY_REUSED, Say, digest_of
from teahouse.live.fields import KEY
from teahouse.models import Message, Outbox, Person, Room
from teahouse.render import RENDER_VERSION, render_sync

log = logging.getLogger("teahouse.outbox")

on_hint: list[Callable[[], None]] = []
"""Called after a commit that left something; a process without sockets has none, and the sweep finds it."""


def post(room: str | Room | Model, text: str, *, by: Any = None, key: str | None = None) -> int:
    """Says something in a room, as part of the caller's transaction on the database of Teahouse's tables.

    It is said once the transaction commits, also if this process dies right then, and never if it rolls back.
    What the project itself says asks for no rights and no rates.

    Args:
        room: a room, its name, or the object that it is on (`room_for`).
        text: Markdown, at most `LIMITS["text"]` characters.
        by: a Person or a user of the project; None for the site's own bot.
        key: 1 to 64 printable ASCII characters; a repeat with the same key, room, speaker and text is said once.
            A new one by default.

    Returns:
        The id of the outbox row, for logs.

    Raises:
        ValueError: the text or key cannot be taken; the message says what is right.
        Room.DoesNotExist: there is no such room. TypeError: that is no room and no object.
    """
    _check_text(text)
    room = subjects.room_of(room)
    if room.kind == Room.Kind.PERSONAL:
        raise ValueError(f"{room} is a person's own stream, in which nobody speaks; post to a room")
    person = _speaker(by)
    if key is not None:
        _check_key(room, person, key, text)
    html = render_sync(text)
    row = Outbox.objects.using(database.alias()).create(
        room=room,
        person=person,
        key=f"outbox-{secrets.token_urlsafe(12)}" if key is None else key,
        text=text,
        html=html,
        renderer=RENDER_VERSION if html is not None else 0,
    )
    transaction.on_commit(hint, using=database.alias())
    return row.pk


apost = sync_to_async(post)


def waiting(limit: int = 200) -> list[Say]:
    """The first rows of the outbox in the order they were left, as entries that take their rows with them."""
    rows = Outbox.objects.using(database.alias()).order_by("pk").select_related("person")[:limit]
    return [
        Say(row.room_id, history.who(row.person), row.key, row.text, row.html, rights=None, outbox=row.pk)
        for row in rows
    ]


def hint() -> None:
    """Tells the mover of this process, if there is one, that something was left."""
    for hear in tuple(on_hint):
        try:
            hear()
        except Exception:
            # It is committed: an error here must not look to the caller as if it were not.
            log.exception("The mover could not be told; the sweep finds the row within a second")


def _speaker(by: Any) -> Person:
    if by is None:
        return people.site_bot()
    if isinstance(by, Person):
        return by
    if by.pk is None:
        raise ValueError(
            f"{by} is nobody who could be known again: give a Person, a saved user, or None for the bot"
        )
    # Not renamed here, as `ensure_person` would: that locks the row until the caller commits.
    return people.known_person(by) or people.ensure_person(by)


def _check_text(text: str) -> None:
    limit = conf().LIMITS.text
    if not text.strip():
        raise ValueError("a message has at least one visible character")
    if len(text) > limit:
        raise ValueError(f"a message has at most {limit} characters; this one has {len(text)}")
    if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise ValueError(
            "a text has no NUL (U+0000) and no lone surrogates (U+D800 to U+DFFF): they cannot be stored"
        )


def _check_key(room: Room, person: Person, key: str, text: str) -> None:
    """Refuses here, where the caller hears of it, what the journal could only log."""
    if not KEY.fullmatch(key):
        raise ValueError("a key is 1 to 64 printable ASCII characters")
    where = {"room": room, "person": person, "key": key}
    said = Message.objects.using(database.alias()).filter(**where).values_list("digest", flat=True).first()
    left = Outbox.objects.using(database.alias()).filter(**where).values_list("text", flat=True).first()
    if said not in (None, digest_of(text)) or left not in (None, text):
        raise ValueError(KEY_REUSED)
