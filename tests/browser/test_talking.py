"""People in windows talk: names, messages, people, everything that one sees of the others."""

import re

import pytest
from playwright.async_api import Browser, Route, expect

from tests.browser.person import NARROW, Cast, Person
from tests.clients import Client
from tests.servers import Teahouse, make_owner

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(scope="module")
def owned(site: Teahouse) -> Teahouse:
    """The server with an owner, Mei."""
    make_owner(site, name="Mei")
    return site


async def test_two_people_talk(cast: Cast, room: str) -> None:
    ada = await cast.person("Ada", f"/rooms/{room}/")
    mei = await cast.person("林小梅", f"/rooms/{room}/", locale="zh-CN")
    await ada.say("Is anybody here?")
    await mei.sees("Is anybody here?")
    await mei.say("在的！", "刚泡了一壶茶。")
    await ada.sees("Is anybody here?", "在的！", "刚泡了一壶茶。")
    await ada.say("I am on my way.")
    for person in (ada, mei):
        await person.sees("Is anybody here?", "在的！", "刚泡了一壶茶。", "I am on my way.")
        await expect(person.here.filter(has_not_text="opener")).to_have_text(
            ["Ada", "林小梅"] if person is ada else ["林小梅", "Ada"]
        )
    # What one person says in a row stands under one heading.
    await expect(ada.page.locator(".message.head .by .name")).to_have_text(["Ada", "林小梅", "Ada"])
    assert await ada.message("在的！").locator(".text").get_attribute("lang") == "zh-Hans"


async def test_one_is_somebody_again_after_a_reload(cast: Cast, room: str) -> None:
    ada = await cast.person("Ada", f"/rooms/{room}/")
    await ada.say("before the reload")
    await ada.sees("before the reload")
    await ada.page.reload()
    await ada.sees("before the reload")
    await ada.say("and after it")
    await ada.sees("before the reload", "and after it")
    await expect(ada.page.locator(".message.head .by .name")).to_have_text(["Ada"])
    cookies = {cookie["name"]: cookie for cookie in await cast.contexts[0].cookies()}
    assert cookies["teahouse_guest"]["httpOnly"]
    assert cookies["teahouse_guest"]["sameSite"] == "Lax"


async def test_the_first_view_needs_no_script(cast: Cast, site: Teahouse, room: str) -> None:
    with Client(site.url, "梅") as client:
        client.say(room, "plain <b>text</b>")
        client.say(room, "**bold** text")
        gone = client.say(room, "regretted")
        client.ok(do="delete", room=room, message=gone["message"])
    reader = await cast.person(java_script_enabled=False)
    await reader.open(f"/rooms/{room}/")
    text = reader.page.locator(".message .text")
    await expect(text).to_have_text(["plain <b>text</b>", "bold text", "This message was deleted."])
    await expect(text.nth(1).locator("strong")).to_have_text("bold")
    await expect(reader.page.locator("noscript a.button")).to_be_visible()
    assert "regretted" not in await reader.page.content()


async def test_who_has_no_name_can_read_and_is_asked_for_one(cast: Cast, site: Teahouse, room: str) -> None:
    with Client(site.url, "梅") as client:
        client.say(room, "come in, the tea is ready")
    ada = await cast.person()
    await ada.open(f"/rooms/{room}/")
    await expect(ada.message("come in, the tea is ready")).to_be_visible()
    await expect(ada.composer).to_have_count(0)
    await expect(ada.page.locator("button.more")).to_have_count(0)
    await ada.give_name("Ada")
    await expect(ada.composer).to_be_focused()
    await ada.say("thank you")
    await ada.sees("come in, the tea is ready", "thank you")


async def test_a_name_is_taken_although_another_tab_was_given_a_secret_meanwhile(
    cast: Cast, site: Teahouse, room: str
) -> None:
    """Of two first requests of a browser each brings a cookie; a token fits the last of them only."""
    cast.expect_trouble("status of 403")
    ada = await cast.person()
    others = iter(["b" * 32])

    async def just_before(route: Route) -> None:
        if route.request.method == "POST" and (secret := next(others, None)):
            await ada.page.context.add_cookies([{"name": "teahouse_csrf", "value": secret, "url": site.url}])
        await route.continue_()

    await ada.open(f"/rooms/{room}/")
    await ada.page.route("**/guest/", just_before)
    await ada.give_name("Ada")
    await ada.say("hello")
    await ada.sees("hello")


async def test_a_refused_name_is_told_at_the_field(cast: Cast, owned: Teahouse, room: str) -> None:
    cast.expect_trouble("status of 400")
    cast.expect_trouble("status of 409")
    ada = await cast.person()
    await ada.open(f"/rooms/{room}/")
    await ada.give_name("   ")
    await expect(ada.page.get_by_role("alert")).to_have_text("A name has 1 to 40 visible characters.")
    await expect(ada.name_field).to_have_attribute("aria-invalid", "true")
    await ada.give_name("MEI")
    await expect(ada.page.get_by_role("alert")).to_have_text(re.compile("Somebody with an account"))
    await expect(ada.name_field).to_have_value("MEI")
    await expect(ada.name_field).to_be_focused()
    await ada.give_name("Ada")
    await ada.say("hello")
    await ada.sees("hello")


async def test_who_is_signed_in_needs_no_other_name(cast: Cast, owned: Teahouse, room: str) -> None:
    owner = await cast.person()
    await owner.open(f"/rooms/{room}/")
    await owner.page.get_by_role("link", name="Sign in").click()
    await owner.page.locator("input[name=username]").fill("Mei")
    await owner.page.locator("input[name=password]").fill("a pot of oolong")
    await owner.page.keyboard.press("Enter")
    await owner.page.wait_for_url(f"**/rooms/{room}/")
    await expect(owner.name_field).to_have_count(0)
    await owner.say("I own this place")
    await owner.sees("I own this place")
    await expect(owner.page.locator(".message.head .by .name")).to_have_text(["Mei"])
    await expect(owner.page.get_by_role("button", name="Leave")).to_have_count(0)
    await owner.page.get_by_role("link", name="Sign out").click()
    await owner.page.get_by_role("button", name="Sign out").click()
    await expect(owner.name_field).to_be_visible()


async def test_changing_and_deleting_what_one_said(cast: Cast, room: str) -> None:
    ada = await cast.person("Ada", f"/rooms/{room}/")
    bob = await cast.person("Bob", f"/rooms/{room}/")
    await ada.say("one", "two", "three")
    await bob.sees("one", "two", "three")

    await ada.composer.press("ArrowUp")
    await expect(ada.composer).to_have_value("three")
    await ada.composer.fill("3")
    await ada.composer.press("Enter")
    await bob.sees("one", "two", "3 (edited)")
    await expect(ada.composer).to_have_value("")

    await ada.composer.fill("a draft")
    await ada.choose("one", "Edit")
    await expect(ada.composer).to_have_value("one")
    await ada.composer.press("Escape")
    await expect(ada.composer).to_have_value("a draft")

    await ada.choose("two", "Delete", "Delete for everyone?")
    await expect(bob.page.locator(".tombstone")).to_have_text("This message was deleted.")
    assert await bob.texts() == ["one", "This message was deleted.", "3"]

    await bob.choose("one")
    await expect(bob.page.get_by_role("menuitem", name="Copy text")).to_be_visible()
    for action in ("Edit", "Delete"):
        await expect(bob.page.get_by_role("menuitem", name=action, exact=True)).to_have_count(0)


async def test_reactions_are_seen_and_taken_back(cast: Cast, room: str) -> None:
    ada = await cast.person("Ada", f"/rooms/{room}/")
    bob = await cast.person("Bob", f"/rooms/{room}/")
    await ada.say("tea?")
    await bob.sees("tea?")
    await bob.choose("tea?", "React 🍵")
    chip = ada.page.get_by_role("button", name="🍵, 1 person")
    await expect(chip).to_have_attribute("aria-pressed", "false")
    await chip.click()
    both = bob.page.get_by_role("button", name="🍵, 2 people")
    await expect(both).to_have_attribute("aria-pressed", "true")
    await both.click()
    await expect(chip).to_have_attribute("aria-pressed", "true")
    await chip.click()
    await expect(bob.page.locator(".reaction")).to_have_count(0)


async def test_keys_of_the_composer(cast: Cast, room: str) -> None:
    ada = await cast.person("Ada", f"/rooms/{room}/")
    await ada.composer.press_sequentially("first line")
    await ada.composer.press("Shift+Enter")
    await ada.composer.press_sequentially("second line")
    await expect(ada.composer).to_have_value("first line\nsecond line")
    # An Enter that chooses a Chinese word sends nothing.
    await ada.composer.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True})
    await expect(ada.messages).to_have_count(0)
    await ada.composer.press("Enter")
    await ada.sees("first line\nsecond line")
    await ada.composer.press("Enter")
    await ada.composer.fill("   \n  ")
    await ada.composer.press("Enter")
    await expect(ada.messages).to_have_count(1)


async def test_on_a_phone_enter_breaks_the_line(cast: Cast, room: str) -> None:
    ada = await cast.person("Ada", f"/rooms/{room}/", viewport=NARROW, has_touch=True, is_mobile=True)
    await ada.composer.press_sequentially("one")
    await ada.composer.press("Enter")
    await ada.composer.press_sequentially("two")
    await expect(ada.composer).to_have_value("one\ntwo")
    send = ada.page.get_by_role("button", name="Send")
    box = await send.bounding_box()
    assert box is not None
    assert box["width"] >= 44
    assert box["height"] >= 44
    await send.tap()
    await ada.sees("one\ntwo")
    await expect(ada.composer).to_be_focused()


async def test_too_long_a_text_is_told_while_it_is_written(cast: Cast, room: str) -> None:
    ada = await cast.person("Ada", f"/rooms/{room}/")
    await ada.live()
    await ada.composer.fill("茶" * 10_001)
    await expect(ada.page.get_by_role("alert")).to_have_text("10,001 of at most 10,000 characters")
    await ada.composer.press("Enter")
    await expect(ada.messages).to_have_count(0)
    # Counted as the server counts: an emoji is one character, though JavaScript takes it for two.
    await ada.composer.fill("🍵" * 10_000)
    await expect(ada.page.get_by_role("alert")).to_have_count(0)
    await ada.composer.press("Enter")
    await ada.sees("🍵" * 10_000)


async def test_a_draft_survives_a_reload(cast: Cast, room: str) -> None:
    ada = await cast.person("Ada", f"/rooms/{room}/")
    await ada.composer.fill("not yet fini")
    await ada.page.reload()
    await expect(ada.composer).to_have_value("not yet fini")
    await ada.composer.press("Enter")
    await ada.sees("not yet fini")
    await ada.page.reload()
    await ada.sees("not yet fini")
    await expect(ada.composer).to_have_value("")


async def test_typing_is_seen_until_it_is_said(cast: Cast, room: str) -> None:
    ada = await cast.person("Ada", f"/rooms/{room}/")
    bob = await cast.person("Bob", f"/rooms/{room}/")
    await ada.live()
    await bob.live()
    await ada.composer.press_sequentially("hm")
    await expect(bob.state).to_have_text("Ada is typing…")
    await ada.composer.press("Enter")
    await bob.sees("hm")
    await expect(bob.state).to_have_text("")


async def test_markup_never_runs(cast: Cast, browser: Browser, site: Teahouse) -> None:
    evil = "<img src=x onerror=alert(1)>"
    texts = [
        "<script>alert(2)</script>",
        "<b onclick=alert(3)>x</b> **b** [l](javascript:alert(4))",
        "</script>",
    ]
    room = "markup-" + "x"
    with Client(site.url, evil[:40]) as client:
        client.ok(do="subscribe", room=room, make=True)
        for text in texts:
            client.say(room, text)
        ada = await cast.person("Ada", f"/rooms/{room}/")  # from the page
        await ada.live()
        for text in texts:
            client.say(room, text + " live")  # over the socket
        await expect(ada.messages).to_have_count(6)
    shown = await ada.texts()
    assert shown[0] == texts[0]
    assert shown[2] == texts[2]
    assert shown[3] == texts[0] + " live"
    await expect(ada.page.locator(".message.head .by .name").first).to_have_text(evil)
    for element in (
        "img",
        "script:not([type='application/json'])",
        "[onclick]",
        "[onerror]",
        "a[href^=javascript]",
    ):
        await expect(ada.page.locator(f"[role=log] {element}")).to_have_count(0)
    reader = await cast.person(java_script_enabled=False)
    await reader.open(f"/rooms/{room}/")
    await expect(reader.page.locator("teahouse-room .message .text").first).to_have_text(texts[0])


async def test_a_room_that_is_not_there_can_be_made(cast: Cast) -> None:
    cast.expect_trouble("status of 404")
    ada: Person = await cast.person()
    await ada.open("/rooms/新茶馆/")
    await expect(ada.page.get_by_role("heading", name="There is no room “新茶馆” yet.")).to_be_visible()
    await ada.give_name("Ada")
    make = ada.page.get_by_role("button", name="Make this room")
    await expect(make).to_be_visible()
    # Nobody is in a room that is not there.
    await expect(ada.page.get_by_role("complementary")).to_have_count(0)
    await make.click()
    await expect(ada.page.get_by_role("complementary")).to_be_visible()
    await ada.say("the first word")
    await ada.sees("the first word")
    bob = await cast.person("Bob", "/rooms/新茶馆/")
    await bob.sees("the first word")
    await expect(bob.page.get_by_role("heading", level=1)).to_have_text("新茶馆")


async def test_leaving_a_name_behind(cast: Cast, room: str) -> None:
    ada = await cast.person("Ada", f"/rooms/{room}/")
    await ada.say("it was me")
    await ada.sees("it was me")
    await ada.page.get_by_role("button", name="Leave").click()
    await expect(ada.name_field).to_be_visible()
    await expect(ada.message("it was me")).to_be_visible()
    await ada.give_name("Eda")
    await ada.say("now it is me")
    await ada.sees("it was me", "now it is me")
    await expect(ada.page.locator(".message.head .by .name")).to_have_text(["Ada", "Eda"])
