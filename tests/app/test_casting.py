"""What the tests of projects are given: a cast in each room, and what was said there."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

import teahouse
from teahouse import testing
from teahouse.actions import people
from teahouse.models import Member, Message
from tests.app.conftest import Database
from tests.app.journals import move_all


def test_what_is_left_again_with_its_key_is_counted_once(database: Database) -> None:
    cast = testing.cast("orders")
    for text, key in (("Paid.", "k"), ("Paid.", "k"), ("Paid.", "other")):
        teahouse.post("orders", text, key=key)
    teahouse.post("orders", "Paid.", key="k", by=cast.member)
    assert testing.posted("orders") == ["Paid.", "Paid.", "Paid."]
    move_all()
    assert testing.posted("orders") == ["Paid.", "Paid.", "Paid."]
    teahouse.post("orders", "Paid.", key="k")
    assert testing.posted("orders") == ["Paid.", "Paid.", "Paid."], "stored, and left once more"
    Message.objects.filter(key="k").update(deleted_at=timezone.now())
    assert testing.posted("orders") == ["Paid."]


def test_a_second_cast_is_the_same_people_in_another_room(database: Database) -> None:
    orders, returns = testing.cast("orders"), testing.cast("returns", kind="open")
    for role in ("owner", "member", "outsider", "guest", "bot"):
        assert getattr(returns, role) == getattr(orders, role)
    roles = Member.objects.order_by("pk").values_list("room__slug", "person", "role")
    owner, member, bot = orders.owner.pk, orders.member.pk, orders.bot.pk
    expected = [(owner, "owner"), (member, "member"), (bot, "member")]
    assert list(roles) == [(room, *one) for room in ("orders", "returns") for one in expected]
    assert (orders.room.kind, returns.room.kind) == ("private", "open")


def test_what_was_cast_in_a_test_is_over_with_it(database: Database) -> None:
    """A test in a transaction ends with a rollback, and the next one uses its ids again."""
    with transaction.atomic():
        testing.cast("orders")
        transaction.set_rollback(True)
    guest = people.make_guest("Somebody")
    cast = testing.cast("orders")
    assert guest not in (cast.owner, cast.member, cast.outsider, cast.guest, cast.bot)
    assert User.objects.count() == 3


def test_a_user_whom_no_cast_has_made(database: Database) -> None:
    mei = User.objects.create_user("mei")
    with pytest.raises(ValueError, match=r"there is a user 'mei' already.*make_user"):
        testing.cast("orders")
    User.objects.exclude(pk=mei.pk).delete()
    cast = testing.cast("orders", make_user=lambda name: User.objects.create_user(f"{name}-of-the-cast"))
    assert cast.member.user != mei


def test_a_room_that_is_there(database: Database) -> None:
    testing.cast("orders")
    with pytest.raises(ValueError, match="there is a room 'orders' already"):
        testing.cast("orders")
