"""What needs one: the list of activity, the level of a room, quiet hours, and notifications once for all tabs."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.line import Line
from tests.browser.person import FRONT, Cast, Person
from tests.browser.test_look import LANGUAGES, barriers, picture
from tests.browser.test_rooms import entry, two, visit
from tests.clients import Client
from tests.servers import Teahouse

pytestmark = pytest.mark.asyncio(loop_scope="session")
__all__ = ["two"]

RECORD = """
  window.shown = [];
  window.Notification = class {
    static permission = "granted";
    static requestPermission = async () => "granted";
    constructor(title, options) { window.shown.push({title, ...options}); window.last = this; }
    close() {}
  };
"""
"""A browser without a screen shows no notification: what would be shown is written down instead."""


HELD = "async () => (await navigator.locks.query()).held.some(one => one.name.includes(' shows '))"
"""Whether one of the tabs shows it: the others see that."""


async def turn_on(person: Person) -> None:
    await person.page.get_by_role("button", name="Notifications and quiet hours").click()
    await person.page.get_by_role("button", name="Show notifications").click()
    await expect(person.page.get_by_role("button", name="Show none any more")).to_be_visible()
    await person.page.keyboard.press("Escape")


async def test_what_needs_one_is_listed_and_leads_to_the_message(
    cast: Cast, site: Teahouse, two: tuple[str, str]
) -> None:
    room, other = two
    ada = await cast.person("Ada", f"/rooms/{room}/")
    await visit(ada, other, room)
    await ada.say("my own words")
    await ada.sees(f"the first word in {room}", "my own words")
    with Client(site.url, "Bob") as bob:
        bob.say(other, "@Ada <b>look</b> here")
        mine = bob.ok(do="history", room=room)["messages"][-1]["id"]
        bob.ok(do="react", room=room, message=mine, emoji="🍵")
        bell = ada.page.get_by_role("button", name=re.compile("Activity"))
        await expect(bell.locator(".number")).to_have_text("2")
        await bell.click()
        box = ada.page.get_by_role("dialog", name="Activity")
        await expect(box.locator(".need.new")).to_have_count(2)
        await expect(box.locator(".need-head").first).to_contain_text("Bob reacted with 🍵")
        await expect(box.locator(".need-said")).to_have_text(["my own words", "@Ada <b>look</b> here"])
        await expect(bell.locator(".number")).to_have_count(0)
        assert await barriers(ada.page) == []
        await box.locator(".need").last.click()
        await ada.page.wait_for_url(f"**/rooms/{other}/**")
        await expect(ada.message("look")).to_be_visible()
        await expect(box).to_be_hidden()


async def test_what_is_said_to_one_is_marked_in_the_room(cast: Cast, site: Teahouse, room: str) -> None:
    ada = await cast.person("Ada", f"/rooms/{room}/")
    await ada.say("I am @Ada")
    await ada.sees("I am @Ada")
    with Client(site.url, "Bob") as bob:
        mine = bob.ok(do="history", room=room)["messages"][-1]["id"]
        bob.say(room, "@Ada look")
        bob.say(room, "not @Adam, nor `@Ada`")
        bob.ok(do="send", room=room, text="an answer", key="answer", reply=mine)
    called = ada.page.locator(f"{FRONT} .message.called")
    await expect(called.locator(".text")).to_have_text(["@Ada look", "an answer"])
    await expect(called.locator(".by").first).to_contain_text("Bob to you")
    await ada.page.reload()
    await expect(called.locator(".text")).to_have_text(["@Ada look", "an answer"])
    charlie = await cast.person("Charlie", f"/rooms/{room}/")
    await charlie.sees("I am @Ada", "@Ada look", "not @Adam, nor @Ada", "an answer")
    await expect(charlie.page.locator(".message.called")).to_have_count(0)


async def test_what_comes_between_the_hello_and_ones_own_stream_counts_too(
    cast: Cast, site: Teahouse, room: str
) -> None:
    """On a slow line that is half a second of every visit."""
    ada = await cast.person()
    line = await Line().between(ada)
    await ada.enter("Ada", f"/rooms/{room}/")
    await ada.say("here I am")
    await ada.sees("here I am")
    line.keep_back = '"@me"'
    await ada.page.reload()
    await line.keeps.wait()
    with Client(site.url, "Bob") as bob:
        bob.say(room, "@Ada look")
    await ada.sees("here I am", "@Ada look")
    assert line.let_go() == 1
    await expect(ada.page.locator(".needs .number")).to_have_text("1")


async def test_a_silenced_room_does_not_count_in_the_title(
    cast: Cast, site: Teahouse, two: tuple[str, str]
) -> None:
    room, other = two
    ada = await cast.person("Ada", f"/rooms/{room}/")
    await visit(ada, other)
    desk = await cast.window(cast.contexts[0])
    await desk.open(f"/rooms/{room}/")
    await ada.page.locator(f"{FRONT} button.info").click()
    level = ada.page.locator(f"{FRONT} select[name=level]")
    await expect(level).to_have_value("mentions")
    await level.select_option("nothing")
    await ada.page.evaluate("room => document.querySelector('teahouse-chat').go(room)", room)
    with Client(site.url, "Bob") as bob:
        bob.say(other, "does not count")
        await expect(entry(desk, other).locator(".number")).to_have_text("1")
        await expect(desk.page).not_to_have_title(re.compile(r"^\("))
        await ada.page.evaluate(
            "room => document.querySelector('teahouse-chat').client.command('settings', {room, level: 'mentions'})",
            other,
        )
        await expect(desk.page).to_have_title(re.compile(r"^\(1\) "))


async def test_a_message_is_shown_once_outside_of_all_tabs(
    cast: Cast, site: Teahouse, two: tuple[str, str]
) -> None:
    room, other = two
    ada = await cast.person()
    await cast.contexts[0].add_init_script(RECORD)
    await ada.enter("Ada", f"/rooms/{room}/")
    await visit(ada, other, room)
    await turn_on(ada)
    desk = await cast.window(cast.contexts[0])
    await desk.open(f"/rooms/{room}/")
    await desk.live()
    windows = (ada, desk)
    with Client(site.url, "Bob") as bob:
        bob.say(other, "nobody is called")
        bob.say(other, "@Ada *tea*?")
        await expect(entry(desk, other).locator(".number")).to_have_text("@2")
        await ada.finds(HELD)
        shown = [one for window in windows for one in await window.page.evaluate("() => window.shown")]
        assert [(one["title"], one["body"]) for one in shown] == [(f"Bob · {other}", "@Ada *tea*?")]
        (first,) = [one for one in windows if await one.page.evaluate("() => window.shown.length")]
        await first.page.evaluate("() => window.last.onclick()")
        await first.page.wait_for_url(f"**/rooms/{other}/**")
        await expect(first.message("tea")).to_be_visible()


@pytest.mark.parametrize("tag", LANGUAGES.values())
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_how_it_looks(cast: Cast, site: Teahouse, room: str, tag: str, scheme: str) -> None:
    ada = await cast.person(locale=tag, color_scheme=scheme)
    await ada.enter("Ada", f"/rooms/{room}/")
    await ada.say("我说的话 my own words")
    await ada.sees("我说的话 my own words")
    with Client(site.url, "Bob") as bob:
        bob.say(room, "@Ada 看一下，茶好了 tea is ready")
        mine = bob.ok(do="history", room=room)["messages"][0]["id"]
        bob.ok(do="react", room=room, message=mine, emoji="🍵")
    await expect(ada.page.locator(".needs .number")).to_have_text("2")
    await ada.page.locator(".needs .entry").first.click()
    await expect(ada.page.locator(".need")).to_have_count(2)
    assert await barriers(ada.page) == []
    await picture(ada, f"activity-{tag}-{scheme}")
    await ada.page.keyboard.press("Escape")
    await ada.page.locator(".needs .plain").click()
    await picture(ada, f"telling-{tag}-{scheme}")
    assert await barriers(ada.page) == []
