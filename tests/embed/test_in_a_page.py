"""A room in a page of the shop, in real browsers: daphne, users of its own, a prefix, two databases, a policy."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import expect

from tests.embed import payments
from tests.embed.conftest import Shop, ShopCast

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_two_talk_on_the_page_of_an_order_and_the_outsider_sees_nothing(
    shop: Shop, cast: ShopCast
) -> None:
    page = f"/orders/{(order := shop.new_order())}/"
    ada = await cast.signed_in("Ada", page)
    await expect(ada.composer).to_be_visible()
    sam = await cast.signed_in("Sam", page)
    await ada.say("Where is my tea?")
    await sam.sees("Where is my tea?")
    await sam.say("On its way.")
    await ada.sees("Where is my tea?", "On its way.")
    await sam.page.reload()
    await sam.sees("Where is my tea?", "On its way.")

    cast.expect_trouble("404")
    otto = await cast.signed_in("Otto", page)
    await expect(otto.page.get_by_text("Nothing to talk about.")).to_be_visible()
    await expect(otto.page.locator("teahouse-room")).to_have_count(0)
    assert "Where is my tea?" not in await otto.page.content()
    await otto.open(f"/talk/rooms/order-{order}/")
    await expect(otto.page.locator("teahouse-room .missing")).to_be_visible()
    nobody = await cast.person()
    await nobody.open(page)
    await expect(nobody.page.get_by_text("Nothing to talk about.")).to_be_visible()


async def test_a_change_of_the_policy_closes_the_room_in_an_open_page(shop: Shop, cast: ShopCast) -> None:
    page = f"/orders/{(order := shop.new_order())}/"
    ada, sam = await cast.signed_in("Ada", page), await cast.signed_in("Sam", page)
    await ada.say("mine")
    await sam.sees("mine")
    otto = shop.people["Otto"]["user"]
    await ada.page.request.get(f"{shop.url}/orders/{order}/change/?customer={otto}&tell=1")
    await expect(ada.page.get_by_text("You do not belong to this room any more.")).to_be_visible()
    await expect(ada.message("mine")).to_have_count(0)
    await sam.say("about Ada")
    await sam.sees("mine", "about Ada")
    assert "about Ada" not in await ada.page.inner_text("teahouse-room")
    await ada.page.reload()
    await expect(ada.page.get_by_text("Nothing to talk about.")).to_be_visible()


async def test_what_is_said_in_a_transaction_is_part_of_it(shop: Shop, cast: ShopCast) -> None:
    await payments.is_part_of_it(shop, cast)


async def test_a_view_that_holds_its_transaction_delays_nobody(shop: Shop, cast: ShopCast) -> None:
    await payments.delays_nobody(shop, cast)


async def test_killed_after_the_commit_it_arrives_after_the_start(shop: Shop, cast: ShopCast) -> None:
    await payments.arrives_after_the_start(shop, cast)


async def test_it_speaks_chinese_with_the_page(shop: Shop, cast: ShopCast) -> None:
    ada = await cast.signed_in("Ada", f"/orders/{shop.new_order()}/", locale="zh-CN")
    await expect(ada.composer).to_have_attribute("placeholder", re.compile("说点什么"))
    await ada.say("茶好了吗？")
    await ada.sees("茶好了吗？")
    await ada.page.reload()
    await ada.sees("茶好了吗？")
    read = await ada.page.locator("noscript").evaluate("(element) => element.textContent")
    assert "茶好了吗？" in read
    assert "打开房间" in read


async def test_unread_is_counted_for_who_belongs(shop: Shop, cast: ShopCast) -> None:
    page = f"/orders/{(order := shop.new_order())}/"
    ada = await cast.signed_in("Ada", page)
    await ada.say("hello")
    await ada.sees("hello")
    await ada.open("/admin/login/")
    with shop.client("Sam") as sam:
        for text in ("one", "two"):
            sam.say(f"order-{order}", text)
    unread = re.compile(r'<p id="unread">(\d+)</p>')
    assert unread.findall(await asyncio.to_thread(shop.get, page, "Ada")) == ["2"]
    assert unread.findall(await asyncio.to_thread(shop.get, page, "Otto")) == ["0"]


async def test_the_admin_shows_it(shop: Shop, cast: ShopCast) -> None:
    order = shop.new_order()
    ada = await cast.signed_in("Ada", f"/orders/{order}/")
    await ada.say("seen by staff")
    await ada.sees("seen by staff")
    sam = await cast.signed_in("Sam", "/admin/teahouse/room/?q=order")
    await expect(sam.page.get_by_role("link", name=f"order-{order}", exact=True)).to_be_visible()
    for path, text in (
        ("message/", "seen by staff"),
        ("person/", "Otto"),
        ("token/", "Ada (user"),
    ):
        await sam.open(f"/admin/teahouse/{path}")
        await expect(sam.page.locator("#result_list")).to_contain_text(text)
        await sam.page.locator("#result_list tr", has_text=text).locator("th a").first.click()
        await expect(sam.page.locator("#content")).to_contain_text(text)
    await sam.open("/admin/teahouse/room/")
    await sam.page.get_by_role("link", name=f"order-{order}", exact=True).click()
    await expect(sam.page.locator("#content")).to_contain_text(f"order-{order}")
