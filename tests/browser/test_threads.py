"""Threads in the page: beside the room, in front of it on a phone, their drafts, links, and the list of them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import Locator, expect

from tests.browser.person import FRONT, NARROW, Cast, Person
from tests.browser.test_look import barriers
from tests.clients import Client
from tests.live.cast import fresh
from tests.servers import Teahouse

pytestmark = pytest.mark.asyncio(loop_scope="session")


def thread(person: Person) -> Locator:
    return person.page.locator(f"{FRONT} teahouse-thread")


def inside(person: Person) -> Locator:
    return thread(person).locator("[role=log] .message .text")


def field(person: Person) -> Locator:
    return thread(person).locator("textarea")


def opener(person: Person) -> Locator:
    return person.page.locator(f"{FRONT} .talk button.thread")


def in_room(person: Person) -> Locator:
    return person.page.locator(f"{FRONT} .talk [role=log] .message .text")


async def answer(person: Person, text: str) -> None:
    await field(person).fill(text)
    await field(person).press("Enter")


def answer_as(client: Client, room: str, root: int, text: str) -> dict[str, Any]:
    return client.ok(do="send", room=room, thread=root, key=fresh("k"), text=text)


async def test_two_people_talk_in_a_thread(cast: Cast, site: Teahouse, room: str) -> None:
    ada = await cast.person("Ada", f"/rooms/{room}/")
    bob = await cast.person("Bob", f"/rooms/{room}/")
    await bob.live()
    await ada.say("who brings tea?")
    await bob.sees("who brings tea?")
    await bob.choose("who brings tea?", "Reply in thread")
    await expect(field(bob)).to_be_focused()
    await expect(thread(bob).locator(".root .text")).to_have_text("who brings tea?")
    await expect(thread(bob).locator(".answers")).to_have_text("No replies yet")
    await answer(bob, "I do")
    await expect(inside(bob)).to_have_text(["I do"])
    # In the room nothing but the root, which tells of it.
    await expect(opener(ada)).to_contain_text("1 reply")
    await expect(opener(ada)).to_have_class(re.compile("news"))
    assert await ada.texts() == ["who brings tea?"]
    await opener(ada).click()
    await expect(inside(ada)).to_have_text(["I do"])
    await answer(ada, "how good of you")
    await expect(inside(bob)).to_have_text(["I do", "how good of you"])
    await expect(opener(bob)).to_contain_text("2 replies")
    await expect(opener(ada)).not_to_have_class(re.compile("news"))
    # Reactions, edits and deletions there, by the same menu.
    said = thread(ada).locator("[role=log] .message").filter(has_text="how good")
    await said.hover()
    await said.locator("button.more").click()
    menu = ada.page.get_by_role("menu")
    await expect(menu.get_by_role("menuitem", name="Reply in thread")).to_have_count(0)
    await menu.get_by_role("menuitem", name="Edit", exact=True).click()
    await field(ada).fill("how very good")
    await field(ada).press("Enter")
    await expect(inside(bob).last).to_contain_text("how very good")
    assert await barriers(ada.page) == []
    await ada.page.keyboard.press("Escape")
    await expect(thread(ada)).to_have_count(0)
    await expect(opener(ada)).to_be_focused()
    # What else stands at the side takes its place.
    await opener(ada).click()
    await expect(field(ada)).to_be_focused()
    await expect(ada.here.first).not_to_be_visible()
    await ada.page.get_by_role("button", name=re.compile(r"\d here")).click()
    await expect(thread(ada)).to_have_count(0)
    await expect(ada.here.first).to_be_visible()


async def test_a_thread_has_its_own_draft_and_what_was_written_offline_goes_out(
    cast: Cast, site: Teahouse, room: str
) -> None:
    cast.expect_trouble("ERR_INTERNET_DISCONNECTED", always=False)
    ada = await cast.person("Ada", f"/rooms/{room}/")
    await ada.say("root")
    await ada.sees("root")
    await ada.choose("root", "Reply in thread")
    await field(ada).fill("half an answer")
    await ada.composer.first.fill("half a message")
    await ada.page.reload()
    await expect(ada.composer.first).to_have_value("half a message")
    await ada.choose("root", "Reply in thread")
    await expect(field(ada)).to_have_value("half an answer")
    await ada.page.context.set_offline(True)
    await field(ada).press("Enter")
    await expect(inside(ada)).to_have_text(["half an answer"])
    assert await ada.texts() == ["root", "half an answer"], "both logs: the room's and the thread's"
    await ada.page.context.set_offline(False)
    await expect(thread(ada).locator(".message.pending")).to_have_count(0)
    await expect(opener(ada)).to_contain_text("1 reply")


async def test_links_and_the_list_lead_into_threads(cast: Cast, site: Teahouse, room: str) -> None:
    ada = await cast.person("Ada", f"/rooms/{room}/")
    await ada.say("first", "second")
    await ada.sees("first", "second")
    with Client(site.url, "Bob") as bob:
        first = bob.ok(do="history", room=room)["messages"][0]["id"]
        said = [answer_as(bob, room, first, f"answer {n}") for n in range(3)]
        listed = ada.page.get_by_role("button", name=re.compile("^Threads"))
        await expect(listed.locator(".number")).to_have_text("1")
        await listed.click()
        box = ada.page.get_by_role("dialog", name="Threads")
        await expect(box.locator(".need.new")).to_contain_text("3 replies · 3 new")
        await expect(box.locator(".need-said")).to_have_text(["first", "answer 2"])
        assert await barriers(ada.page) == []
        await box.locator(".need").click()
        await expect(inside(ada)).to_have_text(["answer 0", "answer 1", "answer 2"])
        await expect(listed.locator(".number")).to_have_count(0)
        # A permanent link, into a page that has nothing yet.
        await ada.open(f"/rooms/{room}/{said[1]['seq']}/")
        await expect(thread(ada).locator(".message.marked .text")).to_have_text("answer 1")
        await expect(in_room(ada)).to_have_text(["first", "second"])
        # One in a message, to another thread's message.
        second = bob.ok(do="history", room=room)["messages"][1]["id"]
        there = answer_as(bob, room, second, "over there")
        bob.say(room, f"{site.url}/rooms/{room}/{there['seq']}/")
        await ada.page.locator(f"{FRONT} .talk [role=log] .text a").click()
        await expect(thread(ada).locator(".message.marked .text")).to_have_text("over there")


async def test_on_a_phone_it_is_a_pane_of_its_own(cast: Cast, site: Teahouse, room: str) -> None:
    phone = {"viewport": NARROW, "has_touch": True, "is_mobile": True}
    ada = await cast.person("Ada", f"/rooms/{room}/", **phone)
    await ada.say("root")
    await ada.sees("root")
    with Client(site.url, "Bob") as bob:
        root = bob.ok(do="history", room=room)["messages"][0]["id"]
        answer_as(bob, room, root, "an answer")
    await opener(ada).tap()
    await expect(inside(ada)).to_have_text(["an answer"])
    await expect(ada.page.locator(f"{FRONT} .room-head")).not_to_be_visible()
    box = await thread(ada).bounding_box()
    assert box is not None
    assert (round(box["x"]), round(box["width"])) == (0, NARROW["width"])
    await ada.page.go_back()  # the gesture
    await expect(thread(ada)).to_have_count(0)
    await expect(ada.page.locator(f"{FRONT} .room-head")).to_be_visible()
    await ada.page.go_forward()
    await expect(inside(ada)).to_have_text(["an answer"])
    await thread(ada).get_by_role("button", name="Close the thread").tap()
    await expect(thread(ada)).to_have_count(0)
    await expect(in_room(ada)).to_have_text(["root"])
