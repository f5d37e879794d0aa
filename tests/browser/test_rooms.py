"""All rooms of a person: going from one to another, and how much is unread in each, on every device."""

import re
from typing import Any

import pytest
from playwright.async_api import Locator, expect

from tests.browser.line import Line
from tests.browser.person import FRONT, NARROW, Cast, Person
from tests.browser.test_look import barriers, small_targets
from tests.clients import Client
from tests.servers import Teahouse

pytestmark = pytest.mark.asyncio(loop_scope="session")

PHONE: dict[str, Any] = {"viewport": NARROW, "has_touch": True, "is_mobile": True}


@pytest.fixture
def two(site: Teahouse, room: str) -> tuple[str, str]:
    """This test's room and a second one, with something said in each."""
    other = f"{room[:50]}-other"
    with Client(site.url, "opener") as client:
        client.ok(do="subscribe", room=other, make=True)
        for name in (room, other):
            client.say(name, f"the first word in {name}")
    return room, other


def entry(person: Person, room: str) -> Locator:
    """The room's line in the list."""
    return person.page.locator(f"teahouse-rooms a[href='/rooms/{room}/']")


def shown(person: Person) -> Locator:
    """What is said in the room in front."""
    return person.page.locator(f"{FRONT} [role=log] .message .text")


async def visit(person: Person, *rooms: str) -> None:
    """Reads each, so that one belongs to them for the counts."""
    for room in rooms:
        await person.page.evaluate("room => document.querySelector('teahouse-chat').go(room)", room)
        await expect(shown(person).last).to_have_text(f"the first word in {room}")
        await expect(entry(person, room)).to_have_attribute("aria-current", "page")
        await expect(entry(person, room).locator(".number")).to_have_count(0)


async def test_another_room_comes_without_a_page_being_loaded(cast: Cast, two: tuple[str, str]) -> None:
    room, other = two
    ada = await cast.person("Ada", f"/rooms/{room}/")
    await visit(ada, other, room)
    await ada.page.evaluate("() => { window.stays = true; }")
    await ada.composer.fill("half a thou")
    await entry(ada, other).click()
    await ada.page.wait_for_url(f"**/rooms/{other}/")
    await expect(ada.page).to_have_title(f"{other} · Teahouse")
    await expect(ada.page.get_by_role("heading", level=1)).to_have_text(other)
    await expect(shown(ada)).to_have_text([f"the first word in {other}"])
    await ada.page.go_back()
    await expect(shown(ada)).to_have_text([f"the first word in {room}"])
    await expect(ada.composer).to_have_value("half a thou")
    assert await ada.page.evaluate("() => window.stays")
    await ada.page.go_forward()
    await ada.page.reload()
    await expect(shown(ada)).to_have_text([f"the first word in {other}"])
    await expect(ada.page.get_by_role("heading", level=1)).to_have_text(other)


async def test_what_is_unread_is_counted_and_reading_it_is_heard_everywhere(
    cast: Cast, site: Teahouse, two: tuple[str, str]
) -> None:
    room, other = two
    ada = await cast.person("Ada", f"/rooms/{room}/")
    await visit(ada, other, room)
    desk = await cast.window(cast.contexts[0])
    await desk.open("/")
    await expect(entry(desk, other)).to_be_visible()
    with Client(site.url, "Bob") as bob:
        bob.say(other, "news")
        bob.say(other, "@Ada, look")
        gone = bob.say(other, "a mistake")
        bob.ok(do="delete", room=other, message=gone["message"])
        for window in (ada, desk):
            await expect(entry(window, other)).to_have_class(re.compile("unread"))
            await expect(entry(window, other).locator(".number")).to_have_text("@2")
            await expect(window.page).to_have_title(re.compile(r"^\(2\) "))
        await expect(entry(ada, other)).to_have_accessible_name(f"{other} , 2 unread, 1 mention")
        await entry(ada, other).click()
        await expect(shown(ada).last).to_have_text("This message was deleted.")
        await expect(ada.page.get_by_text("New since you were here")).to_be_visible()
        for window in (ada, desk):
            await expect(entry(window, other).locator(".number")).to_have_count(0)
            await expect(window.page).not_to_have_title(re.compile(r"^\("))
        # In the room in front nothing is unread, in the one left behind all that comes is.
        bob.say(room, "behind your back")
        await expect(entry(ada, room).locator(".number")).to_have_text("1")
        bob.say(other, "before your eyes")
        await expect(shown(ada).last).to_have_text("before your eyes")
        await expect(ada.page).to_have_title(re.compile(r"^\(1\) "))


async def test_a_room_that_was_left_at_once_is_counted_too(
    cast: Cast, site: Teahouse, two: tuple[str, str]
) -> None:
    room, other = two
    ada = await cast.person()
    await ada.open(f"/rooms/{room}/")
    await expect(shown(ada)).to_have_count(1)
    await ada.give_name("Ada")
    # Before anything could be marked as read: there is no session yet.
    await ada.page.evaluate("room => document.querySelector('teahouse-chat').go(room)", other)
    await expect(shown(ada)).to_have_text([f"the first word in {other}"])
    with Client(site.url, "Bob") as bob:
        bob.say(room, "news")
        await expect(entry(ada, room).locator(".number")).to_have_text("1")


async def test_a_room_stays_as_it_was_left(cast: Cast, site: Teahouse, two: tuple[str, str]) -> None:
    room, other = two
    with Client(site.url, "Bob") as bob, Client(site.url, "Carol") as carol:
        for n in range(60):
            (bob, carol)[n % 2].say(room, f"line {n}")
        ada = await cast.person("Ada", f"/rooms/{room}/")
        await expect(shown(ada).last).to_have_text("line 59")
        scroller = ada.page.locator("teahouse-room").first.locator(".scroller")
        await scroller.evaluate("element => { element.scrollTop -= 700; }")
        await expect(ada.page.locator(".jump")).to_be_visible()
        await ada.page.wait_for_timeout(600)  # the view is held for half a second while older messages come
        before = await scroller.evaluate("element => element.scrollHeight - element.scrollTop")
        await visit(ada, other)
        bob.say(room, "while she was away")
        await expect(entry(ada, room).locator(".number")).to_have_text("1")
        await entry(ada, room).click()
        await expect(ada.page.get_by_role("button", name="1 new message")).to_be_visible()
        after = await scroller.evaluate("element => element.scrollHeight - element.scrollTop")
        assert 0 < after - before < 300, "only what was said came below"


async def test_keys_go_to_rooms(cast: Cast, site: Teahouse, two: tuple[str, str]) -> None:
    room, other = two
    ada = await cast.person("Ada", f"/rooms/{room}/")
    page = ada.page
    await visit(ada, other, room)
    await page.keyboard.press("Control+k")
    search = page.get_by_role("combobox")
    await expect(search).to_be_focused()
    await search.fill(other)
    await expect(page.get_by_role("option")).to_have_text([re.compile(other)])
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/rooms/{other}/")
    await expect(ada.composer).to_be_focused()
    with Client(site.url, "Bob") as bob:
        bob.say(room, "news")
        await expect(entry(ada, room).locator(".number")).to_have_text("1")
        await page.keyboard.press("Alt+ArrowDown")
        await page.wait_for_url(f"**/rooms/{room}/")
        await expect(shown(ada).last).to_have_text("news")
        await page.keyboard.press("Alt+ArrowDown")  # nothing else is unread
        await page.keyboard.press("Alt+Shift+ArrowDown")
        await page.wait_for_url(f"**/rooms/{other}/")
    await page.keyboard.type("?")
    await expect(ada.composer).to_have_value("?")
    await page.evaluate("() => document.activeElement.blur()")
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.locator(".skip").focus()
    await page.keyboard.press("Enter")
    await expect(ada.composer).to_be_focused()


async def test_escape_marks_the_room_as_read(cast: Cast, site: Teahouse, two: tuple[str, str]) -> None:
    room, _ = two
    with Client(site.url, "Bob") as bob, Client(site.url, "Carol") as carol:
        for n in range(40):
            (bob, carol)[n % 2].say(room, f"line {n}")
        ada = await cast.person("Ada", f"/rooms/{room}/")
        await expect(shown(ada).last).to_have_text("line 39")
        await ada.live()
        await ada.page.locator(".scroller").evaluate("element => { element.scrollTop -= 400; }")
        await expect(ada.page.locator(".jump")).to_be_visible()
        bob.say(room, "news")
        await expect(entry(ada, room).locator(".number")).to_have_text("1")
        await ada.page.keyboard.press("Escape")
        await expect(entry(ada, room).locator(".number")).to_have_count(0)
        await expect(ada.message("news")).to_be_in_viewport()


async def test_on_a_phone_one_pane_at_a_time(cast: Cast, site: Teahouse, two: tuple[str, str]) -> None:
    room, other = two
    ada = await cast.person("Ada", f"/rooms/{room}/", **PHONE)
    page = ada.page
    await expect(entry(ada, room)).not_to_be_visible()
    await page.get_by_role("button", name="To the rooms").tap()
    await expect(entry(ada, room)).to_be_focused()
    assert await small_targets(page) == []
    assert await barriers(page) == []
    await page.get_by_role("button", name="Browse and make rooms").tap()
    await expect(page.get_by_role("button", name=re.compile("Main"))).to_be_visible()
    assert await small_targets(page) == []
    await page.get_by_role("button", name="Close").tap()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Rooms")
    with Client(site.url, "Bob") as bob:
        bob.say(room, "while she looks at the list")
        await expect(entry(ada, room).locator(".number")).to_have_text("1")
    await entry(ada, room).tap()
    await expect(shown(ada).last).to_have_text("while she looks at the list")
    await page.go_back()  # the gesture
    await expect(entry(ada, room)).to_be_visible()
    await expect(entry(ada, room).locator(".number")).to_have_count(0)
    await page.go_forward()
    await expect(shown(ada).last).to_be_visible()
    await expect(entry(ada, room)).not_to_be_visible()
    await page.evaluate("room => document.querySelector('teahouse-chat').go(room)", other)
    await expect(shown(ada).last).to_have_text(f"the first word in {other}")
    await page.get_by_role("button", name="To the rooms").tap()
    await expect(entry(ada, other)).to_be_visible()


async def test_a_room_that_is_left_before_it_has_come_is_not_followed(
    cast: Cast, site: Teahouse, two: tuple[str, str]
) -> None:
    """A room that is subscribed to behind the page's back is counted by nobody."""
    room, other = two
    ada = await cast.person()
    line = await Line().between(ada)
    await ada.enter("Ada", f"/rooms/{other}/")
    await ada.say("I was here")
    await ada.sees(f"the first word in {other}", "I was here")
    await ada.open(f"/rooms/{room}/")
    await ada.live()
    line.keep_back = '"do":"history"'
    await entry(ada, other).click()
    await line.keeps.wait()
    await entry(ada, room).click()
    await expect(shown(ada).last).to_have_text(f"the first word in {room}")
    await ada.live()
    assert line.let_go() == 1
    line.keep_back = None
    with Client(site.url, "Bob") as bob:
        bob.say(other, "news")
        await expect(entry(ada, other).locator(".number")).to_have_text("1")
        bob.say(other, "more news")
        await expect(entry(ada, other).locator(".number")).to_have_text("2")


async def test_what_is_written_in_a_room_goes_out_though_it_was_left(
    cast: Cast, two: tuple[str, str]
) -> None:
    room, other = two
    cast.expect_trouble("ERR_INTERNET_DISCONNECTED", always=False)
    ada = await cast.person("Ada", f"/rooms/{room}/")
    bob = await cast.person("Bob", f"/rooms/{room}/")
    await bob.live()
    await visit(ada, other, room)
    await ada.page.context.set_offline(True)
    await ada.say("written offline")
    await entry(ada, other).click()
    await expect(ada.page.locator(".line-state")).to_have_text("Offline, 1 message waits")
    await ada.page.context.set_offline(False)
    await bob.sees(f"the first word in {room}", "written offline")
    await entry(ada, room).click()
    await expect(shown(ada).last).to_have_text("written offline")
    await expect(ada.page.locator(".message.pending")).to_have_count(0)
