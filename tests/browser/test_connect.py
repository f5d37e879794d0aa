"""`connect` of client.js in a browser: in a plain page of nobody's, and beside the elements of the chat's own page."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from playwright.async_api import Browser

from tests.browser.person import Cast
from tests.servers import Teahouse

pytestmark = pytest.mark.asyncio(loop_scope="session")

CONNECT = """async (name) => {
    // The address that the page's own modules have, or any other.
    const beside = document.querySelector("script[type=module][src]")?.src ?? `${location.origin}/static/any/teahouse/`;
    const { connect } = await import(new URL("client.js", beside).href);
    const chat = await connect({ url: "/", name });
    const room = await chat.room("main");
    window.heard = [];
    (async () => { for await (const event of room.events()) if (event.message) heard.push(event.message.text) })();
    Object.assign(window, { chat, room });
    return chat.you.name;
}"""


@pytest.fixture(scope="module")
def site() -> Iterator[Teahouse]:
    """One that is killed."""
    with Teahouse(env={"TEAHOUSE_LIMITS": "off"}) as server:
        yield server


async def test_a_plain_page_over_a_killed_server(site: Teahouse, browser: Browser) -> None:
    context = await browser.new_context()
    page = await context.new_page()
    plain = "<!doctype html><link rel=icon href=data:,><title>Nobody's</title>"
    await page.route("**/plain", lambda route: route.fulfill(body=plain, content_type="text/html"))
    await page.goto(f"{site.url}/plain")
    assert await page.evaluate(CONNECT, "Page") == "Page"
    first = await page.evaluate("room.send('before')")
    await asyncio.to_thread(site.kill)
    await page.wait_for_function("!chat.connected")
    await page.evaluate("window.later = Promise.all(['while', 'away'].map((text) => room.send(text))), null")
    await asyncio.to_thread(site.start)
    stored = await page.evaluate("later")
    assert [one["seq"] for one in stored] == [first["seq"] + 1, first["seq"] + 2]
    await page.wait_for_function("heard.length === 3")
    assert await page.evaluate("heard") == ["before", "while", "away"]
    assert await page.evaluate("room.messages.map((one) => one.text)") == ["before", "while", "away"]
    refused = await page.evaluate("chat.room('nowhere').catch((error) => error.problem.code)")
    assert refused == "not_found"
    await context.close()


async def test_beside_the_elements_it_is_the_same_person_on_the_same_connection(cast: Cast) -> None:
    ada = await cast.person()
    sockets: list[str] = []
    ada.page.on("websocket", lambda socket: sockets.append(socket.url))
    await ada.enter("Ada")
    await ada.live()
    before = len(sockets)
    assert await ada.page.evaluate(CONNECT, None) == "Ada"
    await ada.page.evaluate("room.send('from a script')")
    await ada.sees("from a script")
    await ada.say("by hand")
    await ada.page.wait_for_function("() => heard.includes('by hand')")
    await ada.page.evaluate("chat.close()")
    await ada.say("goes on")
    await ada.sees("by hand", "goes on")
    assert await ada.page.evaluate("heard") == ["from a script", "by hand"]
    assert len(sockets) == before, "there is one connection"
