"""The examples, started by their one command: what their READMEs tell to try."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from tests.examples.conftest import Visitors

SUBJECT: Final = "My [cup] is **broken**"
"""What a visitor types, of which nothing is markup at the desk."""

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]


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
        await desk.page.locator("form").get_by_role("button", name="Close").click()
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


async def test_a_visitor_asks_and_an_agent_answers(example: Callable[[str], str], browser: Chromium) -> None:
    async with Visitors(browser, example("support")) as visitors:
        ada = await visitors.who_is("Ada")
        await ada.live()
        gina = await visitors.person()
        await gina.open("/")
        await gina.page.get_by_label("What is it about?").fill(SUBJECT)
        await gina.page.get_by_role("button", name="Ask").click()
        await gina.give_name("Gina")
        await gina.say("It came in two pieces")

        # What a visitor typed is letters at the desk too.
        await ada.sees(f"New: {SUBJECT}")
        # The link opens a window of its own; this one will do.
        await ada.page.goto(await ada.page.get_by_role("link", name=SUBJECT).get_attribute("href") or "")
        await ada.sees("It came in two pieces")
        await ada.live()
        await ada.say("We send you another one")
        await gina.sees("It came in two pieces", "We send you another one")

        stranger = await visitors.person()
        await stranger.open("/desk/")
        await expect(stranger.page.get_by_text("How can we help?")).to_be_visible()

        await ada.page.get_by_role("button", name="Close").click()
        await gina.sees("We send you another one", "Ada closed this. Thank you for asking.")
        await expect(gina.composer).to_have_count(0)


async def test_a_build_is_seen_by_everybody(example: Callable[[str], str], browser: Chromium) -> None:
    async with Visitors(browser, example("dashboard")) as visitors:
        ada, bob = await visitors.who_is("Ada"), await visitors.who_is("Bob")
        await bob.live()
        passed = bob.page.locator("[data-figure=all_passed]")
        await expect(passed).to_have_text("0")

        # There for three seconds only: looked for from before.
        seen = asyncio.create_task(bob.page.get_by_role("progressbar").wait_for())
        await ada.page.get_by_role("button", name="Build").click()
        await seen
        await expect(passed).to_have_text("1")
        await expect(bob.page.get_by_role("progressbar")).to_have_count(0)
        await expect(bob.page.get_by_text("Build 1 passed after 3.0 s.")).to_be_visible()
        await bob.say("Well done")
        await ada.sees("Well done")

        # It stands in the history too, and is counted once.
        await bob.open("/")
        await expect(bob.page.get_by_text("Build 1 passed after 3.0 s.")).to_be_visible()
        await bob.live()
        await expect(passed).to_have_text("1")
