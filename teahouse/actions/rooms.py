"""How rooms come to be: the first one, one's own stream, by a visit, by `make`, as a conversation. In: a speaker and
words. Out: an entry for `journal.py`, or for what has no number a function for `database.write`.
"""

from __future__ import annotations

import itertools
import re
import secrets
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any, Final

from django.db import transaction

from teahouse import database, history
from teahouse.access import Speaker, not_found
from teahouse.actions.membership import Invited, add
from teahouse.actions.names import as_seen, line
from teahouse.conf import conf
from teahouse.events import RoomState, Who
from teahouse.journal import Change, Stale, Transaction
from teahouse.live.protocol import Problem
from teahouse.models import Member, Room
from teahouse.models.rooms import SLUG_LENGTH, between, new_epoch, slug_of
from teahouse.subjects import is_reserved

TITLE_CHARACTERS: Final = 120
TOPIC_CHARACTERS: Final = 500
UNGUESSED: Final = "abcdefghjkmnpqrstuvwxyz23456789"
MAIN: Final = "main"
Made = tuple[int, RoomState]
"""A room's id, and what its readers see."""


def make_main() -> Room:
    """The room that is there from the first day."""
    room, _ = Room.objects.get_or_create(slug=MAIN, defaults={"title": "Main"})
    return room


def make_open(name: str, title: str = "") -> tuple[Room, bool]:
    """The open room of this name, and whether it was made now: nobody's, as `main` is. Asks for no rights and no rates.

    Raises:
        Problem: `invalid` name or title, `name_taken` by a room that is not open, or kept for rooms on objects.
    """
    slug = slug_of(name)
    if slug is None:
        raise _not_a_name()
    title = clean_title(title or name)
    room = Room.objects.filter(slug=slug).first()
    if room is None and not is_reserved(slug):
        room, made = Room.objects.get_or_create(slug=slug, defaults={"title": title})
        return room, made
    if room is None or room.kind != Room.Kind.OPEN or room.subject_type is not None:
        raise Problem("name_taken", f"{slug} is the name of a room on an object, or of one that is not open.")
    return room, False


def begin_new_histories(alias: str | None = None) -> int:
    """Gives every room a new epoch and returns how many there are: what a client knows is of another history.

    For a database put back from a backup. Its numbers are given a second time, so a client that was ahead of it
    would take new messages for those it has, as soon as the room has caught up with its position (P3).
    """
    alias = alias or database.alias()
    with transaction.atomic(using=alias):
        ids = list(Room.objects.using(alias).order_by("pk").values_list("pk", flat=True))
        for room in ids:
            Room.objects.using(alias).filter(pk=room).update(epoch=new_epoch())
    return len(ids)


def visit(speaker: Speaker, name: str) -> Room:
    """The open room of this name, made by its first visitor where that is let.

    Raises:
        Problem: `not_found` where there is none and none may be made, `too_many`, `invalid` name.
    """
    slug = slug_of(name)
    if slug is None:
        raise not_found(name)
    room = Room.objects.filter(slug=slug).first()
    if room is not None:
        return room
    if is_reserved(slug):
        raise not_found(name)
    if speaker.is_guest and not (conf().GUESTS and conf().GUEST_ROOMS):
        raise not_found(name)
    if speaker.is_guest:
        _check_guest_may_make(speaker)
    with transaction.atomic(using=database.alias()):
        room, _ = Room.objects.get_or_create(
            slug=slug, defaults={"title": name[:120], "made_by_id": speaker.id}
        )
    return room


def streams(people: Sequence[tuple[Who, int | None]]) -> list[Invited]:
    """The same people, each with an own room, made where there is none yet."""
    return [(who, personal(who["id"]).pk if stream is None else stream) for who, stream in people]


def personal(person: int) -> Room:
    """The person's own stream, `@me` on the wire; made when it is first needed."""
    room, _ = Room.objects.get_or_create(
        slug=f"@{person}", defaults={"title": "@me", "kind": Room.Kind.PERSONAL}
    )
    return room


# Made on purpose


def clean_title(title: str) -> str:
    """A title as it is kept.

    Raises:
        Problem: `invalid`.
    """
    title = line(title, "title", TITLE_CHARACTERS)
    if not as_seen(title).strip():
        raise Problem(
            "invalid",
            f"title: a title has 1 to {TITLE_CHARACTERS} characters, at least one that can be seen.",
        )
    return title


def clean_topic(topic: str) -> str:
    """A topic as it is kept; it may be empty.

    Raises:
        Problem: `invalid`.
    """
    return line(topic, "topic", TOPIC_CHARACTERS)


def make(speaker: Speaker, stream: int | None, wanted: dict[str, str], slug: str | None = None) -> Change:
    """A new room, which belongs to who makes it; what a guest makes belongs to nobody. The outcome is a `Made`.

    `wanted` has `kind`, `title`, `topic` and `speaking`, clean; `stream` is the id of the person's own room, None for a
    guest. Without `slug` the room is called after its title. Behind a private room's name stand characters that
    nobody guesses: whoever makes a room would learn by a name that is taken that such a room is there.

    Raises:
        Problem: `forbidden` or `invalid` name; in the journal also `too_many` and `name_taken`.
    """
    private = wanted["kind"] == Room.Kind.PRIVATE
    if speaker.is_guest and (private or wanted["speaking"] != Room.Speaking.EVERYONE):
        raise Problem(
            "forbidden", "Guests make open rooms in which everyone speaks; sign in to make another."
        )
    if slug is not None and (slug := slug_of(slug)) is None:
        raise _not_a_name()

    epoch = new_epoch()

    def apply(tx: Transaction) -> Made:
        # Carried out once more where nobody knows whether the first time took effect (journal.py).
        if (room := Room.objects.filter(made_by=speaker.id, epoch=epoch).first()) is not None:
            return room.pk, history.room_state(room)
        if speaker.is_guest:
            _check_guest_may_make(speaker)
        base = slug or slug_from(wanted["title"])
        # Names of rooms on objects, those that are not there yet too. A private room's name is like no other's.
        if not private and is_reserved(base):
            if slug is not None:
                raise _name_taken()
            base = f"room-{base}"[:SLUG_LENGTH]
        names = _names(base, private, only=slug is not None)
        room = _first_free(names, wanted | {"made_by_id": speaker.id, "epoch": epoch})
        tx.made(room)
        if stream is not None:
            add(tx, room, speaker.who, [(speaker.who, stream)], "made", Member.Role.OWNER)
        return room.pk, history.room_state(room)

    return Change(() if stream is None else (stream,), apply)


def _check_guest_may_make(speaker: Speaker) -> None:
    limit = conf().LIMITS.guest_rooms
    if not (conf().GUESTS and conf().GUEST_ROOMS):
        raise Problem("forbidden", "Guests make no rooms here; sign in first.")
    if conf().RATES and Room.objects.filter(made_by=speaker.id).count() >= limit:
        raise Problem("too_many", f"A guest may make {limit} rooms, and you have.")


def slug_from(title: str) -> str:
    """What a room with this title could be called: its words with hyphens between."""
    words = re.findall(r"\w+", unicodedata.normalize("NFC", unicodedata.normalize("NFC", title).lower()))
    return "-".join(words)[:SLUG_LENGTH].strip("-") or "room"


def _names(base: str, private: bool, *, only: bool) -> Iterator[str]:
    """Names to try, in their order."""
    if private:
        while True:
            yield _with(base, "".join(secrets.choice(UNGUESSED) for _ in range(10)))
    yield base
    if not only:
        for number in range(2, 10):
            yield _with(base, str(number))
        while True:
            yield _with(base, secrets.token_hex(3))


def _with(base: str, end: str) -> str:
    return f"{base[: SLUG_LENGTH - len(end) - 1]}-{end}"


def _first_free(names: Iterator[str], fields: dict[str, Any]) -> Room:
    for slug in itertools.islice(names, 30):
        room, made = Room.objects.get_or_create(slug=slug, defaults=fields)
        if made:
            return room
    raise _name_taken()


def _not_a_name() -> Problem:
    return Problem(
        "invalid", f"room: a room's name has 1 to {SLUG_LENGTH} letters, digits, hyphens and underscores."
    )


def _name_taken() -> Problem:
    return Problem("name_taken", "A room has this name already; take another, or leave `room` out.")


# Conversations


def find_conversation(people: Sequence[int]) -> tuple[Room, set[int]] | None:
    """The conversation of exactly these people, and who belongs to it now."""
    room = Room.objects.filter(between=between(people)).first()
    if room is None:
        return None
    history.state_of(room)
    return room, set(Member.objects.filter(room=room).values_list("person", flat=True))


def converse(speaker: Speaker, people: Sequence[Invited], there: int | None) -> Change:
    """The conversation of these people, the speaker among them; who has left it is back. The outcome is a `Made`.

    `there`: id of the room, if there is one. Who was away reads what was said meanwhile: it was said to them.

    Raises:
        Stale: in the journal, if there is one by now.
    """
    ids = [who["id"] for who, _ in people]

    def apply(tx: Transaction) -> Made:
        if there is None:
            fields: dict[str, Any] = {
                "slug": f"direct-{secrets.token_hex(8)}",
                "title": "",
                "kind": Room.Kind.DIRECT,
            }
            fields["made_by_id"] = speaker.id
            room, made = Room.objects.get_or_create(between=between(ids), defaults=fields)
            if not made:
                raise Stale
            tx.made(room)
        else:
            room = Room.objects.get(pk=there)
        add(tx, room, speaker.who, people, "made" if there is None else "back")
        return room.pk, history.state_of(room)

    locked = [stream for _, stream in people]
    return Change(tuple(locked if there is None else [there, *locked]), apply)
