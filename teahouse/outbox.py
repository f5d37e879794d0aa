"""What code inside a host's transaction leaves to be said or told (P9). In: a room and a text, or an event of the
project, on the caller's connection. Out, after the commit: entries for the journal, which numbers them;
`live/sweep.py` moves them. In a transaction on another database it is left there (`elsewhere.py`).

No number is taken here and no room is locked, so a transaction that stays open makes nobody wait. Why the movers
need no lock among themselves: `docs/design/outbox.md`.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from functools import cache
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.db import connections, transaction
from django.utils.functional import Promise
from pydantic import BaseModel

from teahouse import database, declared, elsewhere, emitted, history, subjects
from teahouse.actions import people
from teahouse.conf import conf
from teahouse.declared import Said
from teahouse.emitted import Emission
from teahouse.entries import Entry, RootOf
from teahouse.journal import KEY_REUSED, Say, digest_of
from teahouse.live.fields import KEY
from teahouse.models import CustomEvent, Message, Outbox, Person, Room, Thread
from teahouse.render import RENDER_VERSION, render_sync

log = logging.getLogger("teahouse.outbox")

on_hint: list[Callable[[], None]] = []
"""Called after a commit that left something; a process without sockets has none, and the sweep finds it."""


def post(
    room: Any, text: str, *, by: Any = None, key: str | None = None, thread: int | Message | None = None
) -> int:
    """Says something in a room, as part of the caller's transaction.

    It is said once the transaction commits, also if this process dies right then, and never if it rolls back. The
    transaction is that on the database of Teahouse's tables. Where none is open there, it is one on another database
    that has the tables of the app `teahouse.project_outbox`: that of the object of the room, `default`, or any.
    What the project itself says asks for no rights and no rates. `@name`, `@here` and `@room` call members, the words
    where `by` may call, or without `by`.

    Args:
        room: a room, its name, or the object that it is on (`room_for`).
        text: Markdown, at most `LIMITS["text"]` characters. A lazy translation is said in the language that is active.
        by: a Person or a user of the project; None for the site's own bot.
        key: 1 to 64 printable ASCII characters; a repeat with the same key, room, speaker and text is said once.
            A new one by default.
        thread: a message of the room, or its id, in whose thread it is said; None: in the room itself.

    Returns:
        The id of the outbox row, for logs.

    Raises:
        ValueError: the text, key or thread cannot be taken; the message says what is right.
        TypeError: the room, the text or `by` is nothing of the kind.
        Room.DoesNotExist: there is no such room.
    """
    text = _check_text(text)
    place = _speakable(room)
    root = _root(place, thread) if thread is not None else None
    person = _speaker(by)
    using = _place_of(place)
    if key is not None:
        _check_key(using, place, person, key, text)
    html = render_sync(text)
    renderer = RENDER_VERSION if html is not None else 0
    said = {"key": key or _new_key(), "text": text, "html": html, "renderer": renderer, "thread": root}
    return _left(using, place, person, said)


def emit(room: Any, event: BaseModel, *, by: Any = None, key: str | None = None) -> int:
    """Tells a room of an event that the project has declared, as part of the caller's transaction, like `post`.

    Args:
        room: a room, its name, or the object that it is on (`room_for`).
        event: of a model declared with `teahouse.event`; at most 16 KB as JSON. How it is shown is made now.
        by: as of `post`.
        key: as of `post`; a repeat tells the same.

    Returns:
        The id of the outbox row, for logs.

    Raises:
        ValueError: the event is not declared or cannot be stored, or the key cannot be taken.
        TypeError: the room or `by` is nothing of the kind.
        Room.DoesNotExist: there is no such room.
    """
    said = declared.said(event)
    place = _speakable(room)
    person = _speaker(by)
    using = _place_of(place)
    if key is not None:
        _check_key_of_event(using, place, person, key, said)
    told = {"key": key or _new_key(), "text": said.data, "html": said.html, "event": said.name}
    return _left(using, place, person, told)


apost = sync_to_async(post)
aemit = sync_to_async(emit)


def waiting(limit: int = 200) -> list[Entry]:
    """The first rows of the outbox in the order they were left, as entries that take their rows with them."""
    rows = Outbox.objects.using(database.alias()).order_by("pk").select_related("person", "thread")[:limit]
    return [_entry(row) for row in rows]


def _entry(row: Outbox) -> Entry:
    by = history.who(row.person)
    if row.event:
        return emitted.entry(Emission(row.pk, row.room_id, by, row.key, row.event, row.text, row.html))
    root = RootOf(row.thread.pk, row.thread.seq, row.thread.person_id) if row.thread is not None else None
    return Say(row.room_id, by, row.key, row.text, row.html, rights=None, outbox=row.pk, root=root)


def _place_of(room: Room) -> str:
    """The database in which it is to be left: that of the transaction which is to take it along.

    Where the caller has none open it is Teahouse's own; unless something waits for the room in the project's, which
    was left there before, and is to be said before.
    """
    ours = database.alias()
    if elsewhere.is_open(ours):
        return ours
    wanted = elsewhere.home(subjects.database_of(room))
    inside = elsewhere.open_elsewhere()
    if inside and (taking := elsewhere.taking_along(inside, wanted)) is not None:
        return taking
    if inside:
        _tell_of_another(inside[0], ours)
    return wanted if elsewhere.waits(wanted, room.pk) else ours


def _left(using: str, room: Room, person: Person, said: dict[str, Any]) -> int:
    if using == database.alias():
        said["thread_id"] = said.pop("thread", None)
        left = Outbox.objects.using(using).create(room=room, person=person, **said).pk
    else:
        left = elsewhere.leave(using, room=room.pk, person=person.pk, **said)
    hint_after(using)
    return left


def hint_after(using: str) -> None:
    """Tells the mover once the caller's transaction there is committed. Of one that is managed by hand nobody hears,
    and the movers find what it has left within a second."""
    if connections[using].in_atomic_block or connections[using].get_autocommit():
        transaction.on_commit(hint, using=using)


@cache
def _tell_of_another(open_on: str, ours: str) -> None:
    """Once for each process: it is how the project is written, and nothing that a single call could do better."""
    log.warning(
        "Something was left to be said inside a transaction on the database %r, but Teahouse's tables are in %r: "
        "if that transaction is rolled back, it is said nevertheless. To have it taken along, have "
        '"teahouse.project_outbox" in INSTALLED_APPS, let the router make its tables in %r, and run: '
        "python manage.py migrate --database %s",
        *(open_on, ours, open_on, open_on),
    )


def _new_key() -> str:
    return f"outbox-{secrets.token_urlsafe(12)}"


def hint() -> None:
    """Tells the mover of this process, if there is one, that something was left."""
    for hear in tuple(on_hint):
        try:
            hear()
        except Exception:
            # It is committed: an error here must not look to the caller as if it were not.
            log.exception("The mover could not be told; the sweep finds the row within a second")


def _speakable(given: Any) -> Room:
    room = subjects.room_of(given)
    if room.kind == Room.Kind.PERSONAL:
        raise ValueError(f"{room} is a person's own stream, in which nobody speaks; post to a room")
    return room


def _root(room: Room, thread: int | Message) -> int:
    pk = thread.pk if isinstance(thread, Message) else thread
    found = Message.objects.using(database.alias()).filter(pk=pk, room=room).first()
    if found is None:
        raise ValueError(f"there is no message {pk} in {room} whose thread it could be")
    if found.thread_id is not None:
        raise ValueError(f"message {pk} is in the thread of {found.thread_id}; say it there")
    if found.deleted_at is not None and not Thread.objects.using(database.alias()).filter(root=pk).exists():
        raise ValueError(f"message {pk}, whose thread this would be, was deleted")
    return found.pk


def _speaker(by: Any) -> Person:
    if by is None:
        return people.site_bot()
    if isinstance(by, Person):
        return by
    is_user = isinstance(by, get_user_model())
    if not is_user and getattr(by, "is_anonymous", False) is not True:
        raise TypeError(f"{by!r} is nobody who speaks: give a Person, a saved user, or None for the bot")
    if by.pk is None:
        raise ValueError(
            f"{by} is nobody who could be known again: give a Person, a saved user, or None for the bot"
        )
    # Not renamed here, as `ensure_person` would: that locks the row until the caller commits.
    return people.known_person(by) or people.ensure_person(by)


def _check_text(text: Any) -> str:
    """The text, a lazy translation as it is in the language that is active."""
    if isinstance(text, Promise):
        text = str(text)
    if not isinstance(text, str):
        raise TypeError(f"a message is a text (str), not {text.__class__.__name__}: {text!r:.80}")
    limit = conf().LIMITS.text
    if not text.strip():
        raise ValueError("a message has at least one visible character")
    if len(text) > limit:
        raise ValueError(f"a message has at most {limit} characters; this one has {len(text)}")
    if "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise ValueError(
            "a text has no NUL (U+0000) and no lone surrogates (U+D800 to U+DFFF): they cannot be stored"
        )
    return text


def _check_key(using: str, room: Room, person: Person, key: str, text: str) -> None:
    """Refuses here, where the caller hears of it, what the journal could only log."""
    where = _used(room, person, key)
    said = Message.objects.using(database.alias()).filter(**where).values_list("digest", flat=True).first()
    left = [text for event, text in _waiting(using, room, person, key) if not event]
    if said not in (None, digest_of(text)) or left[:1] not in ([], [text]):
        raise ValueError(KEY_REUSED)


def _check_key_of_event(using: str, room: Room, person: Person, key: str, event: Said) -> None:
    where = _used(room, person, key)
    told = CustomEvent.objects.using(database.alias()).filter(**where).values_list("name", "data").first()
    left = next((one for one in _waiting(using, room, person, key) if one[0]), None)
    if any(one not in (None, (event.name, event.data)) for one in (told, left)):
        raise ValueError(emitted.KEY_REUSED)


def _used(room: Room, person: Person, key: str) -> dict[str, Any]:
    if not KEY.fullmatch(key):
        raise ValueError("a key is 1 to 64 printable ASCII characters")
    return {"room": room, "person": person, "key": key}


def _waiting(using: str, room: Room, person: Person, key: str) -> list[tuple[str, str]]:
    """Name of the event, empty for a message, and text of what was left with this key and waits."""
    rows = Outbox.objects.using(database.alias()).filter(room=room, person=person, key=key)
    waiting = list(rows.order_by("pk").values_list("event", "text"))
    if using != database.alias():
        waiting += elsewhere.said_with(using, room.pk, person.pk, key)
    return waiting
