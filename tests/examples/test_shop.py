"""examples/shop: what its README tells to try."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from tests.examples.conftest import Visitors


@pytest.mark.asyncio(loop_scope="module")
async def test_people_talk_about_an_order_and_the_shop_speaks_in_its_transactions(
    example: Callable[[str], str], browser: Chromium
) -> None:
    async with Visitors(browser, example("shop")) as visitors:
        mei, sam = await visitors.who_is("Mei"), await visitors.who_is("Sam")
        otto = await visitors.who_is("Otto")
        for person in (mei, sam, otto):
            await person.open("/orders/1/")
        await expect(otto.page.get_by_text("This order is not yours.")).to_be_visible()
        await expect(otto.page.locator("teahouse-room")).to_have_count(0)

        await mei.live()
        await mei.say("Is it here?")
        await sam.sees("Is it here?")

        await mei.page.get_by_role("button", name="Pay with a card that is refused").click()
        await expect(mei.page.get_by_role("alert")).to_have_text("Your card was refused.")
        await mei.page.get_by_role("button", name="Pay", exact=True).click()
        await sam.sees("Is it here?", "Paid, thank you. We pack it today.")
        await mei.live()

        # Sam's other window closes the order: what Mei has open hears of it.
        desk = await visitors.window(sam.page.context)
        await desk.open("/orders/1/")
        await expect(mei.composer).to_be_visible()
        await desk.page.get_by_role("button", name="Close").click()
        await expect(mei.composer).to_have_count(0)
        await desk.page.get_by_role("button", name="Open again").click()
        await expect(mei.composer).to_be_visible()

        await desk.page.get_by_role("button", name="Give it to another customer").click()
        await expect(mei.composer).to_have_count(0)
        await desk.live()
        await desk.say("Mei is not to read this")
        await sam.sees("Mei is not to read this")
        await expect(mei.page.get_by_text("Mei is not to read this")).to_have_count(0)
        await otto.open("/orders/1/")
        await otto.sees("Mei is not to read this")
