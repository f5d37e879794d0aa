"""The chat can be installed, and opens without a connection: with the rooms and what was last seen in them."""

import json
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.line import Line
from tests.browser.person import Cast
from tests.browser.test_rooms import entry, shown
from tests.clients import Client
from tests.servers import Teahouse

pytestmark = pytest.mark.asyncio(loop_scope="session")

# Answers from the database of the browser: how many entries there are.
KEPT = """() => new Promise((resolve) => {
    const open = indexedDB.open('teahouse', 1);
    open.onsuccess = () => {
        const all = open.result.transaction('seen').objectStore('seen').getAllKeys();
        all.onsuccess = () => resolve(all.result.length);
    };
})"""

WIDTH = """src => new Promise((resolve) => {
    const image = new Image();
    image.onload = () => resolve(image.naturalWidth);
    image.src = src;
})"""


async def test_it_opens_without_a_connection_and_goes_on(cast: Cast, site: Teahouse, room: str) -> None:
    cast.expect_trouble("ERR_INTERNET_DISCONNECTED|ERR_FAILED|Failed to fetch|status of 503", always=False)
    with Client(site.url, "Bob") as bob:
        bob.say(room, "the last word")
        ada = await cast.person("Ada", f"/rooms/{room}/", service_workers="allow")
        await ada.page.evaluate("() => document.querySelector('teahouse-chat').go('main')")
        await expect(entry(ada, room)).to_be_visible()
        await ada.page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
        await ada.finds(f"async () => (await ({KEPT})()) >= 3")
        await ada.page.context.set_offline(True)

        # Another window of the same browser, while there is no connection.
        later = await cast.window(cast.contexts[0])
        await later.open(f"/rooms/{room}/")
        await expect(shown(later)).to_have_text(["the last word"])
        await expect(later.page.get_by_role("heading", level=1)).to_have_text(room)
        await expect(later.page.locator(".line-state")).to_have_text("Offline")
        await later.say("written without a connection")
        await expect(later.page.locator(".message.pending")).to_be_visible()
        await later.page.reload()
        await expect(shown(later)).to_have_text(["the last word", "written without a connection"])
        await expect(entry(later, room)).to_have_attribute("aria-current", "page")

        bob.say(room, "said meanwhile")
        await later.page.context.set_offline(False)
        await later.sees("the last word", "said meanwhile", "written without a connection")

        # Who leaves takes along what was seen: nothing is kept on the way out, nor by the other window.
        bob.say(room, "the very last word")
        await later.sees("the very last word")
        await later.page.get_by_role("button", name="Leave").click()
        await expect(later.name_field).to_be_visible()
        await ada.page.evaluate("dispatchEvent(new Event('pagehide'))")  # It would keep what it has seen.
        assert await ada.page.evaluate(KEPT) == await later.page.evaluate(KEPT) == 0


async def test_what_was_on_its_way_when_the_line_died_is_no_sign_of_life(cast: Cast, room: str) -> None:
    """It is asked again at once, not after the 25 s in which a server would have pinged."""
    ada = await cast.person()
    line = await Line().between(ada)
    await ada.enter("Ada", f"/rooms/{room}/")
    await ada.live()
    line.mute = line.held = True
    await ada.page.evaluate("dispatchEvent(new Event('offline'))")
    line.tell('{"signal":"service","state":"ok"}')
    await expect(ada.page.locator(".line-state")).to_have_text("Offline")


async def test_what_one_may_read_no_more_is_not_kept(cast: Cast, site: Teahouse, room: str) -> None:
    with Client(site.url, "Bob") as bob:
        bob.say(room, "a word")
    ada = await cast.person("Ada", f"/rooms/{room}/")
    await ada.finds(f"async () => (await ({KEPT})()) == 2")
    await ada.page.evaluate(
        """() => {
            const { rooms } = document.querySelector('teahouse-chat').client;
            for (const one of rooms.all()) rooms.removed(one.room);
            document.querySelector('teahouse-chat').client.dispatchEvent(new Event('change'));
        }"""
    )
    await ada.finds(f"async () => (await ({KEPT})()) == 1")


async def test_the_manifest_is_complete(cast: Cast, site: Teahouse) -> None:
    browser = site.browser()
    answer = browser.get("/manifest.webmanifest")
    assert answer.headers["Content-Type"] == "application/manifest+json"
    manifest: dict[str, Any] = json.loads(answer.text)
    assert (manifest["start_url"], manifest["scope"], manifest["display"]) == ("/", "/", "standalone")
    person = await cast.person()
    await person.open()
    for icon in manifest["icons"]:
        size = await person.page.evaluate(WIDTH, icon["src"])
        assert icon["sizes"] in (f"{size}x{size}", "any")
