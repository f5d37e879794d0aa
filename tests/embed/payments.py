"""A payment in a transaction of the project's: what holds whichever database that is on."""

from __future__ import annotations

import asyncio
from http.client import RemoteDisconnected

import pytest

from tests.embed.conftest import DAPHNE, Shop, ShopCast
from tests.server.conftest import until


async def is_part_of_it(shop: Shop, cast: ShopCast) -> None:
    """One that fails leaves nothing in an open page, the next comes."""
    page = f"/orders/{(order := shop.new_order())}/"
    ada, sam = await cast.signed_in("Ada", page), await cast.signed_in("Sam", page)
    await ada.live()
    for how, answer in (("fails", "failed"), ("well", "paid")):
        told = await sam.page.request.get(f"{shop.url}/orders/{order}/pay/{how}/")
        assert await told.text() == answer
    await ada.sees("paid: well")
    assert await ada.texts() == ["paid: well"], "nothing of what was rolled back"


async def delays_nobody(shop: Shop, cast: ShopCast) -> None:
    """While one stays open others talk."""
    page = f"/orders/{(order := shop.new_order())}/"
    ada, sam = await cast.signed_in("Ada", page), await cast.signed_in("Sam", page)
    await ada.live()
    await sam.live()
    waits = shop.folder / f"order-{order}-waits"
    slow = asyncio.create_task(asyncio.to_thread(shop.get, f"/orders/{order}/pay/slow/", "Sam"))
    await asyncio.to_thread(until, waits.exists, "holding its transaction")
    await ada.say("meanwhile")
    await sam.sees("meanwhile")
    assert waits.exists(), "it was said while the view held its transaction"
    assert not slow.done()
    waits.unlink()
    await slow
    await sam.sees("meanwhile", "paid: slow")


async def arrives_after_the_start(shop: Shop, cast: ShopCast) -> None:
    """Of one behind whose commit the process is killed."""
    page = f"/orders/{(order := shop.new_order())}/"
    cast.expect_trouble("ERR_CONNECTION|WebSocket|Failed to load|ERR_EMPTY|ERR_INCOMPLETE", always=False)
    ada = await cast.signed_in("Ada", page)
    await ada.say("before")
    await ada.sees("before")
    with pytest.raises(RemoteDisconnected):
        await asyncio.to_thread(shop.get, f"/orders/{order}/pay/dies/")
    assert shop.process is not None
    assert await asyncio.to_thread(shop.process.wait, 20) != 0
    await asyncio.to_thread(shop.start, DAPHNE)
    await ada.sees("before", "paid: dies")
