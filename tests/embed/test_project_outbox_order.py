"""What is said inside the project's transactions and what is said beside them: in their order, and under the rights
of that moment. And what keeps one row keeps no other."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest

from tests.embed.conftest import DAPHNE, Shop
from tests.embed.test_project_outbox import HOLD
from tests.embed.two_databases import LEAVE, looked
from tests.server.conftest import until

BEGIN: Final = """
import json
from contextlib import suppress
from django.db import connections, transaction
from tests.embed.host.people.models import User
from tests.embed.host.shop.models import Order
from teahouse import testing
import teahouse
order = Order.objects.get(pk={order})
"""
INSIDE_AND_BESIDE: Final = """
for turn in range(5):
    with transaction.atomic():
        teahouse.post(order, f"inside {turn}")
        transaction.on_commit(lambda: teahouse.post(order, f"on commit {turn}"))
    teahouse.post(order, f"beside {turn}")
"""
LOSES: Final = """
otto = User.objects.get(full_name="Otto")
with transaction.atomic():
    order.customer = otto
    order.save()
    teahouse.rights_changed(order)
teahouse.post(order, "for Otto alone")
"""
LOSES_IN_BOTH: Final = """
otto = User.objects.get(full_name="Otto")
with transaction.atomic(using="talk"), transaction.atomic():
    teahouse.post(order, "for Otto alone")
    order.customer = otto
    order.save()
    teahouse.rights_changed(order)
"""
REUSED: Final = """
told = []
with transaction.atomic():
    teahouse.post(order, "first", key="k")
for text in ("second", "first"):
    try:
        teahouse.post(order, text, key="k")
        told.append("taken")
    except ValueError as error:
        told.append(str(error)[:22])
print(json.dumps(told))
"""
BY_HAND: Final = """
transaction.set_autocommit(False)
teahouse.post(order, "rolled back")
transaction.rollback()
teahouse.post(order, "committed")
transaction.commit()
transaction.set_autocommit(True)
"""
AS_IN_A_TEST: Final = """
from django.test import TestCase
class OneTest(TestCase):
    databases = {"default", "talk"}
    def runTest(self):
        with suppress(ZeroDivisionError), transaction.atomic():
            teahouse.post(order, "rolled back")
            1 / 0
        with transaction.atomic():
            teahouse.post(order, "inside")
        teahouse.post(order, "beside")
        print(json.dumps(testing.posted(order)))
import unittest
unittest.TextTestRunner().run(OneTest())
"""
REFUSE: Final = """
with connections["talk"].cursor() as cursor:
    if connections["talk"].vendor == "sqlite":
        cursor.execute("CREATE TRIGGER no_poison BEFORE INSERT ON teahouse_outbox WHEN NEW.text = 'poison'"
            " BEGIN SELECT RAISE(ABORT, 'no poison'); END")
    else:
        cursor.execute("ALTER TABLE teahouse_outbox ADD CONSTRAINT no_poison CHECK (text <> 'poison')")
"""
ALLOW: Final = """
with connections["talk"].cursor() as cursor:
    if connections["talk"].vendor == "sqlite":
        cursor.execute("DROP TRIGGER no_poison")
    else:
        cursor.execute("ALTER TABLE teahouse_outbox DROP CONSTRAINT no_poison")
"""


def run(shop: Shop, order: int, code: str) -> str:
    return shop.python(BEGIN.format(order=order) + code)


def test_what_is_said_beside_comes_behind_what_was_committed_before(apart: Shop) -> None:
    order = apart.new_order()
    run(apart, order, INSIDE_AND_BESIDE)
    until(lambda: looked(apart, order).waits == 0, "said")
    said = [f"{how} {turn}" for turn in range(5) for how in ("inside", "on commit", "beside")]
    assert looked(apart, order).said == said


@pytest.mark.parametrize("code", [LOSES, LOSES_IN_BOTH], ids=["said after the commit", "said in both"])
def test_who_loses_the_order_hears_nothing_of_what_follows(apart: Shop, code: str) -> None:
    order = apart.new_order()
    apart.get(f"/orders/{order}/", "Ada")  # Which makes the room.
    with apart.client("Ada") as ada, apart.client("Sam") as sam:
        for one in (ada, sam):
            one.ok(do="subscribe", room=f"order-{order}")
        run(apart, order, code)
        sam.event("message", text="for Otto alone")
        assert ada.refused(do="send", room=f"order-{order}", key="late", text="mine?") == "not_found"
        assert [frame for frame in ada.heard if frame.get("event") == "message"] == []


def test_a_key_that_waits_is_taken(closed: Shop) -> None:
    order = closed.new_order()
    assert json.loads(run(closed, order, REUSED)) == ["This key was used here", "taken"]
    closed.start(DAPHNE)
    until(lambda: looked(closed, order).waits == 0, "said")
    assert looked(closed, order).said == ["first"]


def test_a_transaction_that_is_managed_by_hand_is_one(apart: Shop) -> None:
    order = apart.new_order()
    run(apart, order, BY_HAND)
    until(lambda: looked(apart, order).said == ["committed"], "said")


def test_a_test_case_sees_what_would_be_said(apart: Shop) -> None:
    order = apart.new_order()
    told, *_ = run(apart, order, AS_IN_A_TEST).splitlines()
    assert json.loads(told) == ["inside", "beside"]


def test_what_is_left_while_others_cannot_be_dropped_is_said(closed: Shop) -> None:
    order = closed.new_order()
    closed.python(LEAVE.format(order=order, texts=["one"]))
    held = closed.folder / "held-waits"
    texts = ["one"]
    with ThreadPoolExecutor(1) as thread:
        holding = thread.submit(closed.python, HOLD)
        until(held.exists, "held")
        closed.start(DAPHNE)
        until(lambda: looked(closed, order).said == texts, "said")
        if "HOST_SHOP" in closed.env:  # Whoever holds SQLite lets nobody leave anything.
            closed.python(LEAVE.format(order=order, texts=["two"]))
            texts.append("two")
            until(lambda: looked(closed, order).said == texts, "said")
        # The server ends although it cannot drop what it has put.
        assert closed.process is not None
        closed.process.stop()
        assert held.exists()
        held.unlink()
        holding.result()
    closed.start(DAPHNE)
    until(lambda: looked(closed, order).waits == 0, "dropped")
    assert looked(closed, order).said == texts


def test_a_row_that_is_refused_keeps_no_other_back(closed: Shop) -> None:
    order = closed.new_order()
    closed.python(LEAVE.format(order=order, texts=["one", "poison", "two"]))
    run(closed, order, REFUSE)
    closed.start(DAPHNE)
    until(lambda: looked(closed, order).said == ["one", "two"], "said")
    closed.python(LEAVE.format(order=order, texts=["three"]))
    until(lambda: looked(closed, order) == (["one", "two", "three"], 1), "the refused one is there still")
    assert "Teahouse's database refuses outbox of the project" in closed.log.read_text()
    # The next start tries it once more.
    closed.kill()
    run(closed, order, ALLOW)
    closed.start(DAPHNE)
    until(lambda: looked(closed, order) == (["one", "two", "three", "poison"], 0), "said at last")
