"""A cast of people in a room, and what was said there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Final

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


_made: Final[list[Cast]] = []
"""The casts of this process that were there when the last one was made."""
_NAMES: Final = ("olga", "mei", "otto")


def cast(
    room: str = "tea", kind: str = Room.Kind.PRIVATE, make_user: Callable[[str], Any] | None = None
) -> Cast:
    """A new room with its people: Olga owns it, Mei belongs to it, Otto does not, Gast is a guest, and Robot is a
    bot that belongs to it. A second one in a test has the same people, in another room.

    Args:
        kind: `open`, `private` or `direct`.
        make_user: makes a saved user with a user name, for projects whose users need more than that. Called once for
            each of the three users.

    Raises:
        ValueError: the room is there already, or a user of such a name whom no cast has made.
    """
    if Room.objects.filter(slug=room).exists():
        raise ValueError(f"there is a room {room!r} already: a cast has a new one, so give it another name")
    who = _people_there() or _new_people(make_user or _make_user)
    made = Cast(Room.objects.create(slug=room, title=room, kind=kind, made_by=who["owner"]), **who)
    for person, role in (
        (made.owner, Member.Role.OWNER), (made.member, Member.Role.MEMBER), (made.bot, Member.Role.MEMBER),
    ):  # fmt: skip
        Member.objects.create(room=made.room, person=person, role=role)
    _made.append(made)
    return made


def _new_people(make: Callable[[str], Any]) -> dict[str, Person]:
    users = [make(name) for name in _NAMES]
    owner, member, outsider = (people.ensure_person(user) for user in users)
    bot, guest = people.make_bot("Robot"), people.make_guest("Gast")
    return {"owner": owner, "member": member, "outsider": outsider, "guest": guest, "bot": bot}


def _people_there() -> dict[str, Person] | None:
    """The people of an earlier cast of the same test, read anew. Tests use ids again, so it is known by its room's
    epoch, which no other room has."""
    there = set(
        Room.objects.filter(epoch__in=[one.room.epoch for one in _made]).values_list("epoch", flat=True)
    )
    _made[:] = [one for one in _made if one.room.epoch in there]
    if not _made:
        return None
    roles = {field.name: getattr(_made[0], field.name).pk for field in fields(Cast) if field.name != "room"}
    found = Person.objects.in_bulk(list(roles.values()))
    return {role: found[pk] for role, pk in roles.items()}


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
    if model._base_manager.filter(**{model.USERNAME_FIELD: name}).exists():
        raise ValueError(
            f"there is a user {name!r} already, and the cast has one of that name: call yours otherwise, or give the "
            "cast's other user names, cast(…, make_user=…)"
        )
    return model._default_manager.create(**{model.USERNAME_FIELD: name})
