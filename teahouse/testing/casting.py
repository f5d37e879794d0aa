"""A cast of people in a room, and what was said there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Model

from teahouse import database, elsewhere
from teahouse.actions import people
from teahouse.models import Member, Message, Outbox, Person, Room
from teahouse.subjects import database_of, room_of


@dataclass(slots=True, frozen=True)
class Cast:
    """People who stand in five relations to one room. Users are `person.user`.

    Attributes:
        room: the room they are cast for.
        owner: a user who owns the room.
        member: a user who belongs to it.
        outsider: a user who does not.
        guest: no user at all; has a ticket (`people.ticket_for`).
        bot: belongs to it too, and speaks with a token.
    """

    room: Room
    owner: Person
    member: Person
    outsider: Person
    guest: Person
    bot: Person


def cast(
    room: str = "tea", kind: str = Room.Kind.PRIVATE, make_user: Callable[[str], Any] | None = None
) -> Cast:
    """A new room with its people: Olga owns it, Mei belongs to it, Otto does not, Gast is a guest, and Robot is a
    bot that belongs to it.

    Args:
        kind: `open`, `private` or `direct`.
        make_user: makes a saved user with a user name, for projects whose users need more than that.
    """
    make = make_user or _make_user
    owner, member, outsider = (people.ensure_person(make(name)) for name in ("olga", "mei", "otto"))
    made = Room.objects.create(slug=room, title=room, kind=kind, made_by=owner)
    Member.objects.create(room=made, person=owner, role=Member.Role.OWNER)
    bot = people.make_bot("Robot")
    for person in (member, bot):
        Member.objects.create(room=made, person=person, role=Member.Role.MEMBER)
    return Cast(made, owner, member, outsider, people.make_guest("Gast"), bot)


def posted(room: Room | str | Model) -> list[str]:
    """The texts said in a room, or in that on an object, in their order: those stored, then those that wait.

    What was left again with the same key is said once, and stands here once. Deleted messages are left out. A room
    that is not there raises Room.DoesNotExist.
    """
    using = database.alias()
    room = room_of(room)
    stored = Message.objects.using(using).filter(room=room).order_by("seq")
    waiting = Outbox.objects.using(using).filter(room=room, event="").order_by("pk")
    said: dict[tuple[int, str], str | None] = {}
    for person, key, text, deleted in stored.values_list("person", "key", "text", "deleted_at"):
        said[person, key] = text if deleted is None else None
    for person, key, text in (
        *waiting.values_list("person", "key", "text"),
        *elsewhere.texts(room.pk, elsewhere.home(database_of(room))),
    ):
        said.setdefault((person, key), text)
    return [text for text in said.values() if text is not None]


def _make_user(name: str) -> Any:
    model = get_user_model()
    return model._default_manager.create(**{model.USERNAME_FIELD: name})
