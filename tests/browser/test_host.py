"""Teahouse in somebody else's project: below a prefix, and as one element in a page with styles of its own."""

import re
import sys
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.async_api import Browser, expect

from tests.browser.person import Cast
from tests.browser.way import Way
from tests.processes import Process, free_port, temporary_folder
from tests.servers import ROOT, environment

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Host:
    """The project of tests/browser/host.py, running."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def site() -> Iterator[Host]:
    port = free_port()
    with temporary_folder("host") as folder:
        command = [sys.executable, "-m", "uvicorn", "tests.browser.host:application", "--port", str(port)]
        process = Process(command, log=folder / "log", env=environment(HOST_FOLDER=str(folder)), cwd=ROOT)
        host = Host(port)
        try:
            process.wait_until(lambda: _answers(host.url), "answering")
            yield host
        finally:
            process.kill()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/chat/guest/", timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False


async def test_the_element_works_in_a_page_of_the_host(cast: Cast) -> None:
    ada = await cast.person()
    await ada.open("/orders/")
    await ada.give_name("Ada")
    await expect(ada.composer).to_have_attribute("placeholder", "在「Main」里说点什么")
    await ada.say("from the host's page")
    await ada.sees("from the host's page")
    await ada.page.reload()
    await ada.sees("from the host's page")

    bob = await cast.person("Bob", "/chat/")
    await bob.sees("from the host's page")
    await bob.say("from the prefix")
    await ada.sees("from the host's page", "from the prefix")


async def test_without_a_socket_the_host_s_own_views_answer(browser: Browser, site: Host, cast: Cast) -> None:
    """Its ASGI application knows nothing of OverHttp, so nobody can wait: the page asks every other second."""
    async with Way(site.port, "refuses") as way:
        behind = Cast(browser, way.url)
        behind.expect_trouble("WebSocket connection to .* failed")
        ada = await behind.person("Ada", "/chat/")
        await expect(ada.state).to_have_text(re.compile("No live connection gets through"))
        bob = await cast.person("Bob", "/chat/")
        await bob.say("over the socket")
        await expect(ada.message("over the socket")).to_be_visible()
        await ada.say("without one")
        await expect(bob.message("without one")).to_be_visible()
        await behind.close()
        behind.check()


async def test_the_whole_chat_stays_below_its_prefix(cast: Cast) -> None:
    ada = await cast.person("Ada", "/chat/")
    await ada.page.evaluate("() => document.querySelector('teahouse-chat').go('kitchen')")
    await ada.page.wait_for_url("**/chat/rooms/kitchen/")
    await ada.page.get_by_role("button", name="Make this room").click()
    await ada.say("below the prefix")
    await ada.sees("below the prefix")
    await ada.page.reload()
    await ada.sees("below the prefix")
    for path, kind in (
        ("manifest.webmanifest", "manifest"),
        ("worker.js", "javascript"),
        ("offline/", "html"),
    ):
        answer = await ada.page.request.get(f"{ada.base}/chat/{path}")
        assert kind in answer.headers["content-type"]
        assert '"/chat/"' in await answer.text()


async def test_neither_styles_the_other(cast: Cast) -> None:
    ada = await cast.person()
    await ada.open("/orders/")
    await ada.give_name("Ada")
    await ada.say("hello")
    await ada.sees("hello")
    style = """(element) => {
        const { fontSize, color, backgroundColor, borderTopWidth } = getComputedStyle(element);
        return [fontSize, color, backgroundColor, borderTopWidth];
    }"""
    text = await ada.message("hello").locator(".text").evaluate(style)
    assert text[0] == "16px"
    assert text[1] != "rgb(255, 0, 0)"
    await ada.composer.fill("something to send")
    button = await ada.page.locator("button.send").evaluate(style)
    assert button[2] == "rgb(0, 80, 160)", "the colour that the host chose"
    assert button[3] == "0px"
    own = await ada.page.locator("#own").evaluate(style)
    assert own[:2] == ["40px", "rgb(255, 0, 0)"]
    box = await ada.page.locator("teahouse-room").bounding_box()
    assert box is not None
    assert 300 < box["height"] <= 800


async def test_the_host_hands_on_colours_of_the_names_that_it_has_itself(cast: Cast) -> None:
    """Set on the element itself: if the names inside were as plain, each would refer to itself there."""
    ada = await cast.person()
    await ada.open("/orders/")
    await ada.give_name("Ada")
    await ada.say("in your colours")
    await ada.sees("in your colours")
    look = """(element) => {
        const { color, backgroundColor, lineHeight, fontSize } = getComputedStyle(element);
        return [color, backgroundColor, parseFloat(lineHeight) / parseFloat(fontSize)];
    }"""
    inks = {False: ("rgb(1, 2, 3)", "rgb(240, 241, 242)"), True: ("rgb(251, 252, 253)", "rgb(11, 12, 13)")}
    for dark, (ink, paper) in inks.items():
        await ada.page.emulate_media(color_scheme="dark" if dark else "light")
        assert (await ada.page.locator("teahouse-room").evaluate(look))[:2] == [ink, paper]
        text = await ada.message("in your colours").locator(".text").evaluate(look)
        assert (text[0], text[2]) == (ink, 2)
        assert (await ada.page.locator("body").evaluate(look))[:2] == [ink, paper]
    box = ada.page.locator("teahouse-composer .box")
    assert await box.evaluate("(box) => getComputedStyle(box).borderRadius") == "13px", (
        "--round is the page's"
    )


async def test_the_pages_speak_the_readers_language_without_the_hosts_help(cast: Cast) -> None:
    mei = await cast.person("Mei", "/chat/", locale="zh-CN")
    await expect(mei.page.locator("html")).to_have_attribute("lang", "zh-hans")
    await mei.page.locator("teahouse-settings button").click()
    await mei.page.get_by_role("radio", name="English").check()
    await mei.page.reload()
    await expect(mei.page.locator("html")).to_have_attribute("lang", "en")
    await expect(mei.composer).to_have_attribute("placeholder", "Write in Main")


async def test_what_the_host_tells_is_shown_in_its_place_and_its_scripts_hear_of_it(cast: Cast) -> None:
    ada = await cast.person()
    await ada.page.add_init_script(
        """window.told = [];
        for (const name of ["teahouse-event", "teahouse-signal"]) {
            addEventListener(name, ({ detail: { event, kind, data } }) => told.push([event ?? kind, data]));
        }"""
    )
    await ada.open("/orders/")
    await ada.give_name("Ada")
    await ada.say("before it is paid")
    await ada.sees("before it is paid")
    await ada.page.request.get(f"{ada.base}/paid/7/")
    line = ada.page.locator(".happened")
    await expect(line).to_have_count(1)
    await expect(line.locator(".rich")).to_have_text("Order 7 was paid.")
    await expect(line.locator("a")).to_have_attribute("href", "/orders/")
    await ada.page.wait_for_function("told.length === 3")
    told = await ada.page.evaluate("told")
    assert sorted(told) == [
        ["lorry.moved", {"km": 7}],
        ["lorry.near", {"km": 7}],
        ["order.paid", {"number": 7}],
    ]
    await ada.say("behind it")
    await ada.sees("behind it")
    order = "(all) => all.map((one) => one.querySelector('.text, .rich').textContent)"
    shown = await ada.page.locator(":is(.message, .happened)").evaluate_all(order)
    assert shown[-3:] == ["before it is paid", "Order 7 was paid.", "behind it"]
    await expect(ada.message("behind it").locator(".name:not(.unseen *)")).to_have_text("Ada")
    await ada.page.reload()
    await expect(line).to_have_count(1)
    bob = await cast.person("Bob", "/chat/")
    await expect(bob.page.locator(".happened")).to_have_count(1)
    assert (await bob.page.locator(":is(.message, .happened)").evaluate_all(order))[-3:] == shown[-3:]
