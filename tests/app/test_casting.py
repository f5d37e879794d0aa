"""What the tests of projects are given: a cast in each room, and what was said there."""

from __future__ import annotations

from django.utils import timezone

import teahouse
from teahouse import testing
from teahouse.models import Message
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
