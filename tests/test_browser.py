"""The browser that other tests use: Debian's Chromium, which can show Chinese."""

import pytest
from playwright.async_api import Browser

from tests import services

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_two_people_have_nothing_in_common(browser: Browser) -> None:
    alice, bob = await browser.new_context(), await browser.new_context()
    for person in (alice, bob):
        await person.route("http://tea.test/*", lambda route: route.fulfill(body="<title>tea</title>"))
    page = await alice.new_page()
    await page.goto("http://tea.test/")
    await page.evaluate("document.cookie = 'cup=full'")
    assert await page.evaluate("document.cookie") == "cup=full"
    other = await bob.new_page()
    await other.goto("http://tea.test/")
    assert await other.evaluate("document.cookie") == ""
    await alice.close()
    await bob.close()


async def test_chinese_is_shown_with_a_font_that_has_it(browser: Browser) -> None:
    """Two characters that are missing look the same: an empty box."""
    assert services.has_cjk_font()
    page = await browser.new_page()
    await page.set_content("<p style='font-size: 40px'><span>茶</span><span>馆</span></p>")
    tea, house = [await page.locator("span").nth(n).screenshot() for n in (0, 1)]
    assert tea != house
    await page.close()
