"""For the tests of projects that use Teahouse: a cast of people in a room, and what was said there.

    def test_a_paid_order_is_announced(db):
        cast = testing.cast("orders")
        pay(order)
        assert testing.posted("orders") == ["Order 7 was paid."]

`posted` sees what the test's own transaction left in the outbox, so it works in a `TestCase` that never commits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Model

from teahouse import database
from teahouse.actions import people
from teahouse.models import Member, Message, Outbox, Person, Room
from teahouse.subjects import room_of


@dataclass(slots=True, frozen=True)
class Cast:
    """People who stand in four relations to one room. Users are `person.user`.

    Attributes:
        room: the room they are cast for.
        owner: a user who owns the room.
        member: a user who belongs to it.
        outsider: a user who does not.
        guest: no user at all; has a ticket (`people.ticket_for`).
    """

    room: Room
    owner: Person
    member: Person
    outsider: Person
    guest: Person


def cast(
    room: str = "tea", kind: str = Room.Kind.PRIVATE, make_user: Callable[[str], Any] | None = None
) -> Cast:
    """A new room with its people: Olga owns it, Mei belongs to it, Otto does not, and Gast is a guest.

    Args:
        kind: `open`, `private` or `direct`.
        make_user: makes a saved user with a user name, for projects whose users need more than that.
    """
    make = make_user or _make_user
    owner, member, outsider = (people.ensure_person(make(name)) for name in ("olga", "mei", "otto"))
    made = Room.objects.create(slug=room, title=room, kind=kind, made_by=owner)
    Member.objects.create(room=made, person=owner, role=Member.Role.OWNER)
    Member.objects.create(room=made, person=member, role=Member.Role.MEMBER)
    return Cast(made, owner, member, outsider, people.make_guest("Gast"))


def posted(room: Room | str | Model) -> list[str]:
    """The texts said in a room, or in that on an object, in their order: those stored, then those that wait.

    Deleted messages are left out. A room that is not there raises Room.DoesNotExist.
    """
    using = database.alias()
    room = room_of(room)
    stored = Message.objects.using(using).filter(room=room, deleted_at=None).order_by("seq")
    waiting = Outbox.objects.using(using).filter(room=room, event="").order_by("pk")
    return [*stored.values_list("text", flat=True), *waiting.values_list("text", flat=True)]


def _make_user(name: str) -> Any:
    model = get_user_model()
    return model._default_manager.create(**{model.USERNAME_FIELD: name})
