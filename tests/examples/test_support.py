"""examples/support: what its README tells to try."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from tests.examples.conftest import Visitors

SUBJECT = "My [cup] is **broken**"


@pytest.mark.asyncio(loop_scope="module")
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
