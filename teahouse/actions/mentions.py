"""Whom a message calls: people by name, with `@here` those who are there, with `@room` every member. In: the names of
a text. Out: people, each with the id of their own room, for `journal.Say`. Synchronous; callers run it on a reader.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import Q

from teahouse import threads
from teahouse.access import Grant
from teahouse.conf import conf
from teahouse.entries import RootOf
from teahouse.live.protocol import Problem
from teahouse.models import Member, Message, Room
from teahouse.models.people import name_key
from teahouse.render import beginnings

HERE: Final = "here"
ROOM: Final = "room"
NAMES: Final = 50
"""So many names of one text are looked for."""
PEOPLE: Final = 100
"""So many people are called by name."""


@dataclass(slots=True, frozen=True)
class Called:
    """Whom a text calls: (person, personal room) each. `by_word`: with `@here` or `@room`, not only by name."""

    people: Sequence[tuple[int, int]] = ()
    by_word: bool = False


def called(speaker: int, grant: Grant, names: Sequence[str], present: Collection[int]) -> Called:
    """Members of the room with these names; of `here` those who are `present`, of `room` all. Not the speaker.

    Where one may not call so, the words are text like any other.

    Raises:
        Problem: `too_many`, where `@here` or `@room` would call more than `LIMITS.called`.
    """
    tries = [[name_key(one) for one in beginnings(name)] for name in names[:NAMES]]
    words = {key for keys in tries for key in keys if key in (HERE, ROOM)}
    if words and not _may_call(grant):
        words = set()
    rows = Member.objects.filter(
        room=grant.room, person__name_key__in={key for keys in tries for key in keys}
    )
    by_name: dict[str, list[int]] = {}
    for person, key in rows.values_list("person", "person__name_key")[:PEOPLE]:
        by_name.setdefault(key, []).append(person)
    meant = [next((key for key in keys if key in by_name or key in words), "") for keys in tries]
    people = {person for key in meant for person in by_name.get(key, ())}
    if words := words.intersection(meant):
        people |= _everyone(speaker, grant, words, present)
    people.discard(speaker)
    slugs = {f"@{person}": person for person in people}
    personal = Room.objects.filter(slug__in=slugs).order_by("pk").values_list("slug", "pk") if slugs else ()
    return Called(tuple((slugs[slug], pk) for slug, pk in personal), by_word=bool(words))


def replied(speaker: int, grant: Grant, author: int) -> tuple[int, int] | None:
    """Who is to hear of a reply to them: somebody else, who may read the room, with the id of their own room."""
    rows = Member.objects.filter(room=grant.room, person=author)
    if grant.kind != Room.Kind.OPEN and not grant.on_object:
        rows = rows.exclude(role=Member.Role.GUEST)
    if author == speaker or not rows.exists():
        return None
    stream = Room.objects.filter(slug=f"@{author}").values_list("pk", flat=True).first()
    return None if stream is None else (author, stream)


def answered(speaker: int, grant: Grant, root: RootOf) -> tuple[int, int] | None:
    """Who is to hear that something was said in the thread of their message: not again before they have read it."""
    return None if threads.is_unread(root.author, root.id) else replied(speaker, grant, root.author)


def author_of(message: int) -> tuple[int, int] | None:
    """Who wrote a message and the id of their own room; None where they have none, so that they hear of nothing."""
    person = Message.objects.filter(pk=message).values_list("person", flat=True).first()
    stream = Room.objects.filter(slug=f"@{person}").values_list("pk", flat=True).first()
    return None if person is None or stream is None else (person, stream)


def _may_call(grant: Grant) -> bool:
    """Who has the right, and in a small room each member: how many they are changes with everyone who joins."""
    if "call" in grant.may:
        return True
    if "leave" not in grant.may:
        return False  # Only who belongs can leave.
    small = conf().LIMITS.small
    members = Member.objects.filter(room=grant.room).exclude(role=Member.Role.GUEST)
    return len(members.values_list("pk", flat=True)[:small]) < small


def _everyone(speaker: int, grant: Grant, words: set[str], present: Collection[int]) -> set[int]:
    """Of `@room` the members; of `@here` also guests who have been there before."""
    limit = conf().LIMITS.called
    there = Q(person__in=present) if HERE in words else Q()
    members = ~Q(role=Member.Role.GUEST) if ROOM in words else Q()
    which = there | members if words == {HERE, ROOM} else there & members
    rows = Member.objects.filter(which, room=grant.room).exclude(person=speaker)
    people = set(rows.values_list("person", flat=True)[: limit + 1])
    if len(people) > limit:
        raise Problem("too_many", _too_many(ROOM if ROOM in words else HERE, limit))
    return people


def _too_many(word: str, limit: int) -> str:
    how = "Call those who are here with @here, or people by name" if word == ROOM else "Call people by name"
    return f"@{word} calls at most {limit} people, and there are more. {how}; `@{word}` in backticks is only a word."
