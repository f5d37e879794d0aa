"""Help while one writes: emoji, names, what was begun."""

import pytest
from playwright.async_api import expect

from tests.browser.person import Cast
from tests.clients import Client
from tests.servers import Teahouse

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_emoji_are_chosen_for_a_text_and_as_a_reaction(cast: Cast, room: str) -> None:
    ada = await cast.person("Ada", f"/rooms/{room}/")
    bob = await cast.person("小雨", f"/rooms/{room}/", locale="zh-CN")
    await ada.composer.press_sequentially("a pot of ")
    await ada.page.get_by_role("button", name="Emoji", exact=True).click()
    search = ada.page.get_by_role("searchbox", name="Search emoji")
    await expect(search).to_be_focused()
    await expect(ada.page.locator("button[data-emoji]").first).to_be_visible()
    await search.fill("teapot")
    await expect(ada.page.locator("button[data-emoji]").first).to_have_attribute("aria-label", "teapot")
    await search.press("Enter")
    await expect(ada.composer).to_have_value("a pot of 🫖")
    await expect(ada.composer).to_be_focused()
    await ada.composer.press("Enter")
    await bob.sees("a pot of 🫖")
    await bob.choose("a pot of", "用别的表情回应")
    await bob.page.get_by_role("searchbox", name="搜索表情").fill("乌龙")
    await bob.page.locator("button[data-emoji='🍵']").click()
    await expect(ada.page.get_by_role("button", name="🍵, 1 person")).to_be_visible()
    # What was chosen last comes first, and the arrows lead through it.
    await ada.page.get_by_role("button", name="Emoji", exact=True).click()
    await ada.page.keyboard.press("ArrowDown")
    await expect(ada.page.locator("button[data-emoji]:focus")).to_have_attribute("data-emoji", "🫖")
    await ada.page.keyboard.press("ArrowDown")
    await ada.page.keyboard.press("ArrowRight")
    await expect(ada.page.locator("button[data-emoji]:focus")).to_have_attribute(
        "aria-label", "grinning face with big eyes"
    )
    await ada.page.keyboard.press("Escape")
    await expect(ada.page.get_by_role("button", name="Emoji", exact=True)).to_be_focused()


async def test_a_name_and_an_emoji_are_completed(cast: Cast, site: Teahouse, room: str) -> None:
    with (
        Client(site.url, "Anne-Marie") as anne,
        Client(site.url, "林小梅") as mei,
        Client(site.url, "Gone") as gone,
    ):
        for client in (anne, mei):
            client.ok(do="subscribe", room=room)
        gone.say(room, "I was here once")
        ada = await cast.person("Ada", f"/rooms/{room}/")
        await expect(ada.here).to_contain_text(["Anne-Marie", "林小梅"])
        options = ada.page.get_by_role("option")
        await ada.composer.press_sequentially("ask @mar")
        await expect(options).to_have_text(["A Anne-Marie guest"])
        await expect(options.first).to_have_attribute("aria-selected", "true")
        assert await ada.composer.get_attribute("aria-activedescendant") == await options.first.get_attribute(
            "id"
        )
        await ada.composer.press("Tab")
        await expect(ada.composer).to_have_value("ask @Anne-Marie ")
        await ada.composer.press_sequentially("or @小")
        await options.click()
        await expect(ada.composer).to_have_value("ask @Anne-Marie or @林小梅 ")
        await expect(ada.composer).to_be_focused()
        await ada.composer.press_sequentially("or @go")
        await expect(options).to_contain_text(["Gone"])
        await ada.composer.press("Escape")
        await expect(options).to_have_count(0)
        await ada.composer.press_sequentially("ne about :teap")
        await expect(options.first).to_contain_text(":teapot:")
        await ada.composer.press("Enter")
        await expect(ada.composer).to_have_value("ask @Anne-Marie or @林小梅 or @gone about 🫖")
        await ada.composer.press("Enter")
        await ada.sees("I was here once", "ask @Anne-Marie or @林小梅 or @gone about 🫖")


async def test_an_emoji_written_whole_is_one_when_it_is_written_or_sent(cast: Cast, room: str) -> None:
    ada = await cast.person("Ada", f"/rooms/{room}/")
    bob = await cast.person("Bob", f"/rooms/{room}/")
    await ada.composer.press_sequentially("more :tea:")
    await expect(ada.composer).to_have_value("more 🍵")
    await ada.composer.press_sequentially(" at 10:30:15, said as `:tea:` or :nothing:")
    await expect(ada.composer).to_have_value("more 🍵 at 10:30:15, said as `:tea:` or :nothing:")
    await ada.composer.press("Enter")
    await bob.sees("more 🍵 at 10:30:15, said as :tea: or :nothing:")
    await ada.say(":tea: in a text that was pasted")
    await bob.sees("🍵 in a text that was pasted")
    await ada.choose("in a text that was pasted", "Edit")
    await expect(ada.composer).to_have_value("🍵 in a text that was pasted")


async def test_what_was_closed_is_not_opened_by_a_late_answer(cast: Cast, site: Teahouse, room: str) -> None:
    """Escape went before the server had found anybody: the list came back over what was being written."""
    with Client(site.url, "Gone") as gone:
        gone.say(room, "I was here once")
    ada = await cast.person("Ada", f"/rooms/{room}/")
    options = ada.page.get_by_role("option")
    await ada.composer.press_sequentially("@g")
    await expect(options).to_contain_text(["Gone"])
    await ada.page.evaluate(
        """() => {
            const { client } = document.querySelector('teahouse-chat');
            client.findMembers = () => new Promise((answer) => { window.answer = () => answer([]); });
        }"""
    )
    await ada.composer.press_sequentially("o")
    await ada.page.wait_for_function("() => window.answer")
    await ada.composer.press("Escape")
    await expect(options).to_have_count(0)
    await ada.page.evaluate("() => { window.answer(); return new Promise(requestAnimationFrame); }")
    assert await options.count() == 0
