"""Going to an old message, and back: links, quotations, days, what was not read."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.line import Line
from tests.browser.person import NARROW, Cast, Person
from tests.browser.test_look import barriers, picture
from tests.browser.test_reading import FROM_END, SCROLLER, scroll, tell
from tests.clients import Client
from tests.servers import Teahouse

pytestmark = pytest.mark.asyncio(loop_scope="session")

# Where a message is painted: nothing may lie between it and the reader's eye. Looked at behind whoever else hears of
# this layout; a moment earlier older messages may stand above it, and the view is not yet where it belongs.
PLACE = f"""(seq) => new Promise((told) => {{
    const painted = new ResizeObserver(() => {{
        painted.disconnect();
        const message = {SCROLLER}.querySelector(`.message[data-seq="${{seq}}"]`);
        told(message && message.getBoundingClientRect().top - {SCROLLER}.getBoundingClientRect().top);
    }});
    painted.observe({SCROLLER});
}})"""


@pytest.fixture(scope="module")
def told(site: Teahouse) -> str:
    """A room in which 200 messages have been said, for all who only read."""
    with Client(site.url, "opener") as client:
        client.ok(do="subscribe", room="long", make=True)
    tell(site, "long")
    return "long"


async def marked(person: Person, text: str) -> None:
    """Waits until the person is at this message."""
    await expect(person.page.locator(".message.marked .text")).to_have_text(re.compile(rf"^{text}\b"))
    await expect(person.page.locator(".message.marked")).to_be_in_viewport()


async def test_a_link_leads_to_a_message_and_on_in_both_directions(
    cast: Cast, site: Teahouse, told: str
) -> None:
    ada = await cast.person("Ada", f"/rooms/{told}/61/")
    await ada.live()
    await marked(ada, "message 60")
    top = await ada.page.evaluate(PLACE, 61)
    with Client(site.url, "Bob") as bob:
        bob.say(told, "said meanwhile")
        await expect(ada.page.get_by_role("button", name="1 new message")).to_be_visible()
    assert await ada.page.evaluate(PLACE, 61) == pytest.approx(top, abs=2)
    for _ in range(60):
        if await ada.message("message 0").count():
            break
        await scroll(ada, -2000)
    await expect(ada.page.get_by_text(f"This is where {told} begins.")).to_be_attached()
    for _ in range(60):
        if await ada.message("said meanwhile").count():
            break
        await scroll(ada, 3000)
    numbers = [int(n) for n in re.findall(r"message (\d+)", " ".join(await ada.texts()))]
    assert numbers == list(range(200))
    await ada.page.get_by_role("button", name=re.compile("new message|newest")).click()
    await ada.sees("said meanwhile")
    assert float(await ada.page.evaluate(FROM_END)) <= 2


async def test_a_link_works_without_a_script(cast: Cast, told: str) -> None:
    reader = await cast.person(java_script_enabled=False, locale="zh-CN", viewport=NARROW)
    await reader.open(f"/rooms/{told}/61/")
    here = reader.page.locator(".message.marked")
    await expect(here.locator(".text")).to_have_text(re.compile("message 60"))
    await expect(here).to_be_in_viewport()
    await reader.page.get_by_role("link", name="显示更早的消息").click()
    await reader.page.wait_for_url(f"**/rooms/{told}/36/")
    await expect(here.locator(".text")).to_have_text(re.compile("message 35"))
    await reader.page.get_by_role("link", name="回到最新消息").click()
    await reader.page.wait_for_url(f"**/rooms/{told}/")
    await expect(here).to_have_count(0)


async def test_a_link_in_a_message_loads_no_page(cast: Cast, site: Teahouse, told: str, room: str) -> None:
    with Client(site.url, "Bob") as bob:
        bob.say(told, f"look: {site.url}/rooms/{told}/11/ and {site.url}/rooms/{room}/1/")
        bob.say(room, "in the other room")
    ada = await cast.person("Ada", f"/rooms/{told}/")
    await ada.page.evaluate("() => { window.stayed = true; }")
    await ada.page.locator(f"a[href$='/{told}/11/']").click()
    await marked(ada, "message 10")
    assert await ada.page.evaluate("() => window.stayed")
    await expect(ada.page.locator(".message.marked")).to_be_focused()
    await ada.page.get_by_role("button", name="Jump to newest").click()
    await expect(ada.message("look:")).to_be_in_viewport()
    # A page with a way of its own to another room is asked first.
    await ada.page.evaluate(
        """() => addEventListener('teahouse-go', (event) => { window.went = event.detail; event.preventDefault(); })"""
    )
    await ada.page.locator(f"a[href$='/{room}/1/']").click()
    assert await ada.page.evaluate("() => window.went") == {"room": room, "seq": 1}
    assert await ada.page.evaluate("() => window.stayed")


async def test_what_is_asked_before_the_session_begins_is_answered_when_it_has(
    cast: Cast, site: Teahouse, told: str
) -> None:
    """On a slow line a page is there and can be used a while before."""
    with Client(site.url, "Bob") as bob:
        bob.say(told, f"there: {site.url}/rooms/{told}/11/")
    ada = await cast.person()
    line = await Line().between(ada)
    await ada.enter("Ada", f"/rooms/{told}/")
    await ada.live()
    line.keep_back = '"do":"hello"'
    await ada.page.reload()
    await line.keeps.wait()
    await ada.message("there").locator("a").click()
    assert line.let_go() == 1
    await marked(ada, "message 10")
    await ada.page.reload()
    await line.keeps.wait()
    await ada.page.get_by_role("button", name="Browse and make rooms").click()
    rooms = ada.page.get_by_role("dialog", name="Open rooms")
    await expect(rooms).to_be_visible()
    assert line.let_go() == 1
    await expect(rooms.get_by_role("button", name=re.compile("Main"))).to_be_visible()


async def test_copying_a_link(cast: Cast, site: Teahouse, room: str) -> None:
    ada = await cast.person("Ada", f"/rooms/{room}/", permissions=["clipboard-read", "clipboard-write"])
    await ada.say("find me")
    await ada.sees("find me")
    await ada.choose("find me", "Copy link")
    assert await ada.page.evaluate("() => navigator.clipboard.readText()") == f"{site.url}/rooms/{room}/1/"


async def test_a_day_is_gone_to(cast: Cast, told: str) -> None:
    ada = await cast.person("Ada", f"/rooms/{told}/")
    await ada.live()
    await ada.page.get_by_role("button", name="Go to a date", exact=True).click()
    await ada.page.get_by_role("button", name="The very beginning").click()
    await marked(ada, "message 0")
    await ada.page.get_by_role("button", name="Today: go to a date").click()
    day = ada.page.get_by_label("Go to a date", exact=True).locator("input")
    await expect(day).to_be_focused()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", await day.input_value())
    await ada.page.keyboard.press("Escape")
    await expect(day).not_to_be_visible()


async def test_a_quotation_shows_what_is_said_now(cast: Cast, site: Teahouse, told: str, room: str) -> None:
    ada = await cast.person("Ada", f"/rooms/{room}/")
    bob = await cast.person("Bob", f"/rooms/{room}/")
    await ada.say("shall we *meet* at four?")
    await bob.sees("shall we meet at four?")
    await bob.choose("shall we", "Reply")
    await expect(bob.composer).to_be_focused()
    await expect(bob.page.locator(".replying")).to_contain_text("Ada")
    await bob.page.reload()
    await expect(bob.page.locator(".replying")).to_contain_text("shall we meet at four?")
    await bob.say("yes")
    await expect(bob.page.locator(".replying")).to_have_count(0)
    for person in (ada, bob):
        await expect(person.message("yes").locator(".quotation")).to_contain_text("shall we meet at four?")
    await ada.choose("shall we", "Edit")
    await ada.composer.fill("at five")
    await ada.composer.press("Enter")
    await expect(bob.message("yes").locator(".quoted-text")).to_have_text("at five")
    await ada.choose("at five", "Delete", "Delete for everyone?")
    await expect(bob.message("yes").locator(".quoted-text")).to_have_text("This message was deleted.")
    # One far away is asked for, and led to.
    with Client(site.url, "Eve") as eve:
        old = eve.ok(do="history", room=told, around=5, limit=1)["messages"][0]["id"]
        eve.ok(do="send", room=told, key="old", text="that old one", reply=old)
    await ada.open(f"/rooms/{told}/")
    quotation = ada.message("that old one").locator(".quotation")
    await expect(quotation).to_contain_text("message 4")
    await quotation.click()
    await marked(ada, "message 4")


async def test_earlier_versions_are_shown(cast: Cast, room: str) -> None:
    ada = await cast.person("Ada", f"/rooms/{room}/")
    bob = await cast.person()
    line = await Line().between(bob)
    await bob.enter("Bob", f"/rooms/{room}/")
    await ada.say("one")
    await bob.sees("one")
    for text in ("**two**", "three"):
        await ada.composer.press("ArrowUp")
        await ada.composer.fill(text)
        await ada.composer.press("Enter")
        await expect(bob.message(text.strip("*"))).to_be_visible()
    await bob.page.get_by_role("button", name="(edited)").click()
    versions = bob.page.get_by_role("dialog", name="What was said before")
    await expect(versions.locator(".text")).to_have_text(["three", "two", "one"])
    await expect(versions.locator("strong")).to_have_text("two")
    await bob.page.keyboard.press("Escape")
    await expect(versions).not_to_be_visible()
    await expect(bob.page.get_by_role("button", name="(edited)")).to_be_focused()

    # On a slow line it is open before they are read, and does not open again when they are.
    line.keep_back = '"do":"edits"'
    await bob.page.get_by_role("button", name="(edited)").click()
    await expect(versions.locator(".text")).to_have_text(["three"])
    await expect(versions.get_by_role("status")).to_have_text("One moment…")
    await bob.page.keyboard.press("Escape")
    await bob.page.get_by_role("button", name="Emoji", exact=True).click()
    search = bob.page.locator("teahouse-emoji input")
    await expect(search).to_be_focused()
    assert line.let_go() == 1
    await expect(versions.get_by_role("status", include_hidden=True)).to_have_count(0)
    await search.fill("tea")
    # And where no answer comes it closes, and says why.
    await bob.page.keyboard.press("Escape")
    await bob.page.get_by_role("button", name="(edited)").click()
    await expect(versions).to_be_visible()
    line.held = True
    await line.break_off()
    await expect(versions).not_to_be_visible()
    await expect(
        bob.page.get_by_text("You are offline. Try again when the connection is back.")
    ).to_be_visible()
    line.held = False


async def test_unread_from_a_message_on(cast: Cast, site: Teahouse, told: str) -> None:
    ada = await cast.person("Ada", f"/rooms/{told}/")
    await ada.live()
    await ada.say("I was here")
    await ada.sees("I was here")
    with Client(site.url, "Bob") as bob:
        bob.say(told, "and then this")
        bob.say(told, "and that")
        await ada.sees("and then this", "and that")
        await ada.choose("and then this", "Mark unread from here")
        line = ada.page.locator(".line.new")
        await expect(line).to_be_visible()
        await expect(ada.page).to_have_title(re.compile(r"^\(2\) "))
        bob.say(told, "more")
        await expect(ada.page).to_have_title(re.compile(r"^\(3\) "))
        await ada.page.reload()
        await expect(ada.page.locator(".line.new + teahouse-message .text")).to_have_text("and then this")


async def test_the_first_unread_message_is_found(cast: Cast, site: Teahouse, room: str) -> None:
    ada = await cast.person("Ada", f"/rooms/{room}/")
    await ada.say("I was here")
    await ada.sees("I was here")
    await ada.page.evaluate("() => dispatchEvent(new Event('pagehide'))")
    await ada.open("/")
    await ada.live()
    tell(site, room)
    await ada.open(f"/rooms/{room}/")
    await ada.page.get_by_role("button", name="200 unread").click()
    await expect(ada.page.locator(".line.new")).to_be_in_viewport()
    await expect(ada.page.locator(".line.new + teahouse-message .text")).to_have_text(re.compile("message 0"))
    await expect(ada.page.get_by_role("button", name="unread")).to_have_count(0)


@pytest.mark.parametrize("style", ["en-light", "zh-dark"])
async def test_nobody_is_shut_out_of_it(cast: Cast, site: Teahouse, room: str, style: str) -> None:
    language, theme = style.split("-")
    narrow: dict[str, Any] = {"viewport": NARROW, "has_touch": True, "is_mobile": True}
    with Client(site.url, "林小梅") as mei:
        mei.ok(do="subscribe", room=room)
        said = mei.say(room, "tea at **four**?")
        mei.ok(do="edit", room=room, message=said["message"], text="tea at *five*?")
        mei.ok(do="send", room=room, key="r", text="yes", reply=said["message"])
        ada = await cast.person(
            "Ada",
            f"/rooms/{room}/1/",
            locale={"en": "en-GB", "zh": "zh-CN"}[language],
            color_scheme=theme,
            **(narrow if language == "zh" else {}),
        )
        await expect(ada.page.locator(".message.marked")).to_be_visible()
        await expect(ada.page.locator(".quoted-text")).to_have_text("tea at five?")
        found = {"marked": await barriers(ada.page)}
        await ada.composer.press_sequentially("@")
        await expect(ada.page.get_by_role("option")).to_contain_text(["林小梅"])
        found["names"] = await barriers(ada.page)
        await picture(ada, f"names-{style}")
        await ada.composer.fill("")
        for what, button in (
            ("edits", "button.edited"),
            ("dates", ".room-tools button[aria-haspopup]"),
            ("emoji", "button.smile"),
        ):
            if what == {"en": "edits", "zh": "dates"}[language]:
                continue  # In the other language, theme and width: a look at the whole page takes axe seconds.
            await ada.page.locator(button).first.click()
            if what == "emoji":
                await expect(ada.page.locator("button[data-emoji]").first).to_be_visible()
                # All of them alike: axe would look at each of 1,900 for half a minute, and it does when all are there
                # again, closed. So this one is the last.
                await ada.page.locator("teahouse-emoji input").fill({"en": "tea", "zh": "茶"}[language])
                await expect(ada.page.locator("button[data-emoji]").nth(20)).to_have_count(0)
            found[what] = await barriers(ada.page)
            await picture(ada, f"{what}-{style}")
            await ada.page.keyboard.press("Escape")
    assert found == {what: [] for what in found}
