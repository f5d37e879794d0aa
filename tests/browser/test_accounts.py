"""Accounts as people meet them: Alice owns and invites, Bob comes by the link and is seen; every page, as it looks."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image
from playwright.async_api import Browser, FilePayload, Page, expect

from tests.browser.person import NARROW, Cast, Person
from tests.browser.test_look import barriers
from tests.clients import Client
from tests.servers import Teahouse

pytestmark = pytest.mark.asyncio(loop_scope="session")

PASSWORD = "a pot of oolong"
SHOWN = os.environ.get("TEAHOUSE_PICTURES")
"""A folder for a picture of each page, to be looked at."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def alice(browser: Browser, site: Teahouse) -> AsyncIterator[Cast]:
    """The owner's browser, in a cast of its own that lasts as long as the site."""
    people = Cast(browser, site.url)
    alice = await people.person(permissions=["clipboard-read", "clipboard-write"])
    await alice.page.goto(site.owner_link)
    await sign_up(alice.page, "alice", "**/welcome/")
    yield people
    await people.close()
    assert [line for person in people.people for line in person.trouble] == []


async def sign_up(page: Page, name: str, to: str | None = None) -> None:
    await page.get_by_label("Name", exact=True).fill(name)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_label("The password again").fill(PASSWORD)
    await page.get_by_role("button", name="Make").click()
    if to:
        await page.wait_for_url(to)
    else:
        await page.wait_for_selector("teahouse-room")


async def show(page: Page, name: str) -> None:
    if SHOWN:
        await page.screenshot(path=Path(SHOWN) / f"{name}.png", full_page=True)


async def invited(alice: Person) -> str:
    """A new link, as its page's button copies it."""
    await alice.open("/account/invitations/")
    await alice.page.get_by_label("For how many people").fill("1")
    await alice.page.get_by_role("button", name="Make the link").click()
    await alice.page.get_by_role("button", name="Copy").click()
    await expect(alice.page.get_by_role("button", name="Copied")).to_be_visible()
    await expect(alice.page.get_by_alt_text("The link as a QR code")).to_be_visible()
    link: str = await alice.page.evaluate("navigator.clipboard.readText()")
    return link


async def test_bob_comes_by_the_link_as_who_he_was_and_is_seen_with_his_picture(
    alice: Cast, cast: Cast, room: str
) -> None:
    path = f"/rooms/{room}/"
    (owner, *_) = alice.people
    link = await invited(owner)
    bob = await cast.person("Robert", path)
    await bob.say("said as a guest")
    other = await cast.window(cast.contexts[-1])
    await other.open(path)
    await other.live()
    await owner.open(path)
    await owner.live()
    await expect(owner.messages.locator(".by .name")).to_have_text(["Robert"])

    await bob.page.goto(link)
    await expect(bob.page.get_by_text("what was said here as Robert is yours")).to_be_visible()
    await sign_up(bob.page, "bob")
    await expect(owner.messages.locator(".by .name")).to_have_text(["bob"])
    # The other window comes back by itself, and goes on as who he is now.
    await expect(other.page.locator("teahouse-people .people .badge")).to_have_count(0)
    await other.live()
    await other.say("said in the other window")
    await owner.sees("said as a guest", "said in the other window")

    await bob.open("/account/")
    made = BytesIO()
    Image.effect_noise((1000, 1000), 90).convert("RGB").save(made, "PNG")
    assert len(made.getvalue()) > 2 * 2**20, "too big to be sent as it is"
    file = FilePayload(name="me.png", mimeType="image/png", buffer=made.getvalue())
    await bob.page.get_by_label("Picture").set_input_files(file)
    await bob.page.wait_for_function(
        "() => document.querySelector('#id_picture').files[0].name === 'picture.jpg'"
    )
    await bob.page.get_by_role("button", name="Use this picture").click()
    await expect(bob.page.get_by_role("status")).to_have_text("Saved.")
    picture = owner.messages.locator("img.cup").first
    await expect(picture).to_be_visible()
    await owner.page.wait_for_function(
        "() => document.querySelector('teahouse-room').shadowRoot.querySelector('img.cup').naturalWidth === 256"
    )
    await bob.page.get_by_label("Name that others see").fill("<b>Bob</b>")
    await bob.page.get_by_role("button", name="Save").click()
    await expect(owner.messages.locator(".by .name").first).to_have_text("<b>Bob</b>")
    await show(owner.page, "room-with-picture")


async def test_the_first_steps_on_a_phone(alice: Cast, cast: Cast, site: Teahouse) -> None:
    """All three in a row; the name is seen in the chat, the rooms in the list, and Bob comes by the link."""
    (owner, *_) = alice.people
    page = owner.page
    await page.set_viewport_size({"width": NARROW["width"], "height": NARROW["height"]})
    await owner.open("/welcome/")
    await page.get_by_label("Name of the place").fill("The <Kettle>")
    await page.get_by_role("button", name="Save and go on").click()
    for number in (1, 2, 3):
        await page.get_by_role("group", name=f"Room {number}").get_by_role("checkbox", name="Make it").check()
    await page.get_by_role("group", name="Room 5").get_by_label("Title").fill("Cups")
    await page.get_by_role("group", name="Room 5").get_by_label("Who reads it").select_option("private")
    await page.get_by_role("button", name="Make them and go on").click()
    await page.get_by_role("button", name="Make the link").click()
    await expect(page.get_by_alt_text("The link as a QR code")).to_be_visible()
    await expect(page.locator(".steps .done")).to_have_count(3)
    link = await page.get_by_label("Link").input_value()
    await page.set_viewport_size({"width": 1280, "height": 800})
    await page.get_by_role("link", name="To the chat").last.click()
    await expect(page.locator(".place").first).to_have_text("The <Kettle>")
    rooms = page.locator("teahouse-rooms .entry")
    for title in ("Announcements", "Small talk", "Questions", "Cups"):
        await expect(rooms.filter(has_text=title)).to_have_count(1)
    await expect(page).to_have_title(re.compile(r" · The <Kettle>$"))
    bob = await cast.person()
    await bob.page.goto(link)
    await expect(bob.page.get_by_role("heading", level=1)).to_have_text("alice invites you to The <Kettle>")
    await sign_up(bob.page, "bob-of-the-kettle")
    await expect(bob.page.locator("teahouse-rooms .entry").filter(has_text="Cups")).to_have_count(1)


async def test_the_status_page_goes_on_by_itself(alice: Cast, room: str, site: Teahouse) -> None:
    """What is said is counted while the page is open; without a connection that stands first, and ends by itself."""
    (owner, *_) = alice.people
    page, context = owner.page, alice.contexts[0]
    await owner.open("/status/")
    messages = page.locator(".tile", has_text="Messages a minute").locator(".figure")
    before = int(await messages.text_content() or "-1")
    with Client(site.url, "Xu") as guest:
        for number in range(20):
            guest.say(room, f"cup {number}")
        await expect(messages).not_to_have_text(str(before))
        assert int(await messages.text_content() or "-1") > before
        await expect(page.locator(".tile", has_text="Connections").locator(".hint").first).to_contain_text(
            re.compile(r"[1-9]\d* of guests")
        )
    assert await page.locator(".graph .line").first.get_attribute("d")
    before_trouble = len(owner.trouble)
    await context.set_offline(True)
    await expect(page.locator(".troubles li").first).to_contain_text("The server does not answer")
    await expect(page.get_by_role("status")).to_contain_text("somebody. The figures are those of")
    await show(page, "status-offline")
    await page.get_by_role("button", name="Settings").click()
    await page.get_by_role("radio", name="简体中文").check()
    await expect(page.locator(".troubles li").first).to_contain_text("服务器没有应答")
    await context.set_offline(False)
    await expect(page.locator(".troubles li").filter(has_text="服务器没有应答")).to_have_count(0)
    await page.get_by_role("radio", name="English").check()
    await page.keyboard.press("Escape")
    del owner.trouble[before_trouble:]  # What the browser says of its lost connection.


async def test_signing_out_there_reaches_an_open_page(alice: Cast, cast: Cast, room: str) -> None:
    (owner, *_) = alice.people
    elsewhere = await cast.person()
    await elsewhere.open("/sign-in/")
    await elsewhere.page.get_by_label("Name").fill("alice")
    await elsewhere.page.get_by_label("Password").fill(PASSWORD)
    await elsewhere.page.get_by_role("button", name="Sign in").click()
    await elsewhere.open(f"/rooms/{room}/")
    await elsewhere.live()
    await owner.open("/account/devices/")
    await owner.page.get_by_role("button", name="Sign out there").click()
    await expect(owner.page.get_by_role("status")).to_have_text("Signed out there.")
    await expect(elsewhere.name_field).to_be_visible()


PAGES = {
    "profile": "/account/",
    "password": "/account/password/",
    "devices": "/account/devices/",
    "invitations": "/account/invitations/",
    "invitation": "{invitation}",
    "people": "/account/people/",
    "person": "/account/people/{bob}/",
    "card": "/people/{bob}/",
    "confirm": "/account/confirm/",
    "status": "/status/",
    "welcome": "/welcome/",
    "welcome-rooms": "/welcome/rooms/",
    "welcome-people": "/welcome/people/",
}


@pytest.mark.parametrize("language", ["en", "zh-hans"])
async def test_every_page_fits_both_themes_both_widths_and_has_no_barrier(
    alice: Cast, language: str, site: Teahouse
) -> None:
    (owner, *_) = alice.people
    page, context = owner.page, alice.contexts[0]
    await invited(owner)
    invitation = page.url.removeprefix(site.url)
    with Client(site.url, "Xu") as guest:
        bob = guest.you["id"]
    await context.add_cookies([{"name": "django_language", "value": language, "url": site.url}])
    try:
        for name, path in PAGES.items():
            for theme, size in (("light", {"width": 1280, "height": 800}), ("dark", NARROW)):
                await page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
                await page.set_viewport_size({"width": size["width"], "height": size["height"]})
                await owner.open(path.format(bob=bob, invitation=invitation))
                wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
                assert wide <= 0, f"{name} is {wide} px too wide"
                assert await page.locator("html").get_attribute("lang") == language
                if language == "en":
                    assert await barriers(page) == [], (name, theme)
                await show(page, f"{name}-{language}-{theme}")
    finally:
        await context.clear_cookies(name="django_language")
        await page.set_viewport_size({"width": 1280, "height": 800})
