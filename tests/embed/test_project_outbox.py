"""Teahouse's tables in a database of their own, and the outbox of the project: what is said in a transaction on the
project's own database is part of that one, and keeps nobody waiting; on two files of SQLite, and on PostgreSQL."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest

from tests.embed import payments
from tests.embed.conftest import DAPHNE, Shop, ShopCast
from tests.embed.two_databases import LEAVE, looked
from tests.server.conftest import until

in_browsers = pytest.mark.asyncio(loop_scope="session")

PUT: Final = """
from teahouse import elsewhere
elsewhere.put(elsewhere.left("default"))
"""
"""As a server that dies before it has dropped them."""

HOLD: Final = """
from django.db import transaction
from teahouse.project_outbox.models import ProjectOutbox
from tests.embed.host.shop.views import wait_to_go_on
with transaction.atomic():
    list(ProjectOutbox.objects.select_for_update())
    wait_to_go_on("held")
"""
"""Whoever wants to delete these rows has to wait: on SQLite for the file, on PostgreSQL for the rows."""

RIGHTS: Final = """
import json
from contextlib import suppress
from django.db import transaction
from tests.embed.host.shop.models import Order
from teahouse.models import RightsChange
from teahouse.project_outbox.models import ProjectRightsChange
import teahouse
order = Order.objects.get(pk={order})
teahouse.room_for(order)
seen = []
def look():
    seen.append([ProjectRightsChange.objects.count(), RightsChange.objects.using("talk").count()])
with suppress(ZeroDivisionError), transaction.atomic():
    teahouse.rights_changed(order)
    look()
    1 / 0
look()
with transaction.atomic():
    teahouse.rights_changed(order)
look()
print(json.dumps(seen))
"""


@pytest.fixture(scope="module")
def shop(apart: Shop) -> Shop:
    """For the cast."""
    return apart


@in_browsers
async def test_what_is_said_in_the_projects_own_transaction_is_part_of_it(shop: Shop, cast: ShopCast) -> None:
    await payments.is_part_of_it(shop, cast)


@in_browsers
async def test_a_view_that_holds_its_transaction_delays_nobody(shop: Shop, cast: ShopCast) -> None:
    await payments.delays_nobody(shop, cast)


@in_browsers
async def test_killed_after_the_commit_it_arrives_after_the_start(shop: Shop, cast: ShopCast) -> None:
    await payments.arrives_after_the_start(shop, cast)


def test_who_loses_the_order_hears_nothing_of_the_same_transaction(shop: Shop) -> None:
    order, otto = shop.new_order(), shop.people["Otto"]["user"]
    shop.get(f"/orders/{order}/", "Ada")  # Which makes the room.
    with shop.client("Ada") as ada, shop.client("Sam") as sam:
        for one in (ada, sam):
            one.ok(do="subscribe", room=f"order-{order}")
        shop.get(f"/orders/{order}/hand-over/{otto}/")
        sam.event("message", text="for the new customer alone")
        assert ada.refused(do="send", room=f"order-{order}", key="late", text="mine?") == "not_found"
        assert [frame for frame in ada.heard if frame.get("event") == "message"] == []
    with shop.client("Otto") as new:
        events = new.ok(do="history", room=f"order-{order}")["messages"]
        assert [event["text"] for event in events] == ["for the new customer alone"]


def test_a_change_of_rights_is_part_of_the_transaction_too(closed: Shop) -> None:
    order = closed.new_order()
    assert json.loads(closed.python(RIGHTS.format(order=order))) == [[1, 0], [0, 0], [1, 1]]
    closed.start(DAPHNE)
    until(lambda: looked(closed, order).waits == 0, "told")


def test_what_was_put_and_not_dropped_is_said_once(closed: Shop) -> None:
    order = closed.new_order()
    closed.python(LEAVE.format(order=order, texts=["one", "two"]))
    closed.python(PUT)
    closed.python(LEAVE.format(order=order, texts=["three"]))
    closed.start(DAPHNE)
    until(lambda: looked(closed, order).waits == 0, "dropped")
    assert looked(closed, order).said == ["one", "two", "three"]


def test_it_is_said_while_it_cannot_be_dropped(closed: Shop) -> None:
    order = closed.new_order()
    closed.python(LEAVE.format(order=order, texts=["one"]))
    held = closed.folder / "held-waits"
    with ThreadPoolExecutor(1) as thread:
        holding = thread.submit(closed.python, HOLD)
        until(held.exists, "held")
        closed.start(DAPHNE)
        until(lambda: looked(closed, order).said == ["one"], "said")
        assert not holding.done()
        held.unlink()
        holding.result()
    until(lambda: looked(closed, order).waits == 0, "dropped")
    assert looked(closed, order).said == ["one"]


def test_a_room_that_is_gone_by_then_keeps_nobody_waiting(closed: Shop) -> None:
    gone, order = closed.new_order(), closed.new_order()
    closed.python(LEAVE.format(order=gone, texts=["nowhere"]))
    closed.python(LEAVE.format(order=order, texts=["here"]))
    closed.python(f'from teahouse.models import Room; Room.objects.get(slug="order-{gone}").delete()')
    closed.start(DAPHNE)
    until(lambda: looked(closed, order).waits == 0, "dropped")
    assert looked(closed, order).said == ["here"]
    assert "1 messages or events were left for a room" in closed.log.read_text()


def test_its_migrations_make_what_its_models_say(shop: Shop) -> None:
    told = shop.python(
        "from django.core.management import call_command\n"
        "call_command('makemigrations', 'teahouse_project_outbox', check_changes=True, dry_run=True)"
    )
    assert "No changes detected" in told
