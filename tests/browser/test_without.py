"""Where no WebSocket gets through the page goes on by HTTP, until one does again; nothing is lost or doubled."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.browser.person import Cast, Person
from tests.browser.test_rooms import entry, visit
from tests.browser.way import Way
from tests.clients import Client
from tests.servers import Teahouse

pytestmark = pytest.mark.asyncio(loop_scope="session")

BY_HTTP = re.compile("No live connection gets through here")
REFUSED = "WebSocket connection to .* failed"
LOADING = "Failed to load resource"


@pytest.fixture(scope="module")
def site() -> Iterator[Teahouse]:
    """A server that pings each second, so that a dead line is noticed soon."""
    with Teahouse(env={"TEAHOUSE_PING": "1"}) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def way(site: Teahouse) -> AsyncIterator[Way]:
    async with Way(site.port) as way:
        yield way


@pytest_asyncio.fixture(loop_scope="session")
async def behind(browser: Browser, way: Way) -> AsyncIterator[Cast]:
    """People whose browsers reach the server by the way."""
    people = Cast(browser, way.url)
    yield people
    await people.close()
    people.check()


async def by_http(person: Person) -> None:
    await person.live()
    asked = "performance.getEntriesByType('resource').some(({ name }) => name.includes('/frames/'))"
    assert await person.page.evaluate(asked)


async def test_a_proxy_that_refuses_the_upgrade(
    cast: Cast, behind: Cast, way: Way, site: Teahouse, room: str
) -> None:
    behind.expect_trouble(REFUSED)
    way.mode = "refuses"
    bob = await cast.person("Bob", f"/rooms/{room}/")
    await bob.say("before")
    ada = await behind.person("Ada", f"/rooms/{room}/")
    eve = await behind.person("Eve", f"/rooms/{room}/")
    await by_http(ada)
    await ada.sees("before")
    await ada.say("from Ada")
    await bob.sees("before", "from Ada")
    await bob.say("from Bob")
    await eve.say("from *Eve*")
    for person in (ada, bob, eve):
        await expect(person.messages).to_have_count(4)
        await expect(person.here.filter(has_not_text="opener")).to_have_count(3)
    await ada.choose("from Ada", "Edit")
    await ada.say("from Ada, changed")
    await expect(ada.state).to_have_text(BY_HTTP)
    await expect(bob.message("from Ada, changed")).to_be_visible()
    await expect(eve.message("from Ada, changed")).to_be_visible()


async def test_what_is_said_in_other_rooms_is_counted(
    behind: Cast, way: Way, site: Teahouse, room: str
) -> None:
    behind.expect_trouble(REFUSED)
    way.mode = "refuses"
    other = f"{room[:50]}-other"
    with Client(site.url, "Ben") as ben:
        ben.ok(do="subscribe", room=other, make=True)
        for name in (room, other):
            ben.say(name, f"the first word in {name}")
        ada = await behind.person("Ada", f"/rooms/{room}/")
        await by_http(ada)
        await visit(ada, other, room)
        ben.say(other, "news")
        await expect(entry(ada, other).locator(".number")).to_have_text("1")
        ben.say(other, "and more")
        await expect(entry(ada, other).locator(".number")).to_have_text("2")
        await entry(ada, other).click()
        await ada.sees(f"the first word in {other}", "news", "and more")
        await expect(entry(ada, other).locator(".number")).to_have_count(0)


async def test_the_socket_takes_over_when_it_gets_through(
    behind: Cast, way: Way, site: Teahouse, room: str
) -> None:
    behind.expect_trouble(REFUSED)
    way.mode = "refuses"
    ada = await behind.person("Ada", f"/rooms/{room}/")
    await by_http(ada)
    with Client(site.url, "Ben") as ben:
        for n in range(5):
            ben.say(room, f"{n}")
        asked = way.asked
        way.mode = "open"
        # As when the network changes; by itself it tries each few seconds, and less often later.
        await ada.page.evaluate("() => dispatchEvent(new Event('online'))")
        for n in range(5, 15):
            ben.say(room, f"{n}")
            await ada.composer.fill(f"Ada {n}")
            await ada.composer.press("Enter")
        await expect(ada.state).to_have_text("")
        assert way.asked == asked + 1
        ben.say(room, "by the socket")
        await expect(ada.message("by the socket")).to_be_visible()
        await expect(ada.page.locator(".message.pending")).to_have_count(0)
        told = [message["text"] for message in ben.ok(do="history", room=room)["messages"]]
    assert sorted(told) == sorted(
        [f"{n}" for n in range(15)] + [f"Ada {n}" for n in range(5, 15)] + ["by the socket"]
    )
    await ada.sees(*told)
    await expect(ada.messages).to_have_count(len(told))


async def test_a_proxy_that_swallows_the_upgrade(behind: Cast, way: Way, site: Teahouse, room: str) -> None:
    way.mode = "swallows"
    ada = await behind.person("Ada", f"/rooms/{room}/")
    await by_http(ada)
    await ada.say("nobody answered, and yet")
    await ada.sees("nobody answered, and yet")
    with Client(site.url, "Ben") as ben:
        ben.say(room, "I heard you")
        await ada.sees("nobody answered, and yet", "I heard you")
    behind.expect_trouble(REFUSED, always=False)


async def test_lines_that_die_without_a_word(behind: Cast, way: Way, site: Teahouse, room: str) -> None:
    """Pings come each second here, each 25 s elsewhere: there it is noticed 24 s later. Both wait, so both at once."""
    async with Way(site.port) as other:
        elsewhere = Cast(behind.browser, other.url)
        for people in (behind, elsewhere):
            people.expect_trouble(REFUSED, always=False)
            people.expect_trouble(LOADING, always=False)
        way.mode = "open"
        ada = await behind.person("Ada", f"/rooms/{room}/")
        eve = await elsewhere.person("Eve", f"/rooms/{room}/")
        for person in (ada, eve):
            await person.live()
            await expect(person.state).to_have_text("")
        with Client(site.url, "Ben") as ben:
            ben.ok(do="subscribe", room=room)
            await asyncio.gather(
                _everything_disappears(ada, way, ben, room), _sockets_are_swallowed(eve, other, ben, room)
            )
            for person in (ada, eve):
                await expect(person.messages).to_have_count(5)
        await elsewhere.close()
        elsewhere.check()


async def _everything_disappears(ada: Person, way: Way, ben: Client, room: str) -> None:
    way.mode = "hole"
    await ada.say("into the hole")
    ben.say(room, "meanwhile")
    await expect(ada.state).to_have_text(re.compile("Offline. 1 message waits"), timeout=35_000 - 24_000)
    way.mode = "open"
    way.cut()
    await ada.page.evaluate("() => dispatchEvent(new Event('online'))")
    await expect(ada.message("into the hole")).to_be_visible()
    await expect(ada.message("meanwhile")).to_be_visible()


async def _sockets_are_swallowed(eve: Person, way: Way, ben: Client, room: str) -> None:
    """Nothing is closed, nothing comes, but requests get through: one goes on by HTTP, and back."""
    way.mode = "deaf"
    await eve.say("into a deaf ear")
    await expect(eve.state).to_have_text(re.compile("Offline. 1 message waits"), timeout=35_000 - 24_000)
    await by_http(eve)
    await expect(eve.page.locator(".message.pending")).to_have_count(0)
    assert await asyncio.to_thread(ben.event, text="into a deaf ear")
    way.mode = "open"
    await eve.page.evaluate("() => dispatchEvent(new Event('online'))")
    await eve.page.wait_for_function("() => !document.querySelector('teahouse-chat').client.socket.byHttp")
    ben.say(room, "by a socket again")
    await expect(eve.message("by a socket again")).to_be_visible()
    await eve.say("by a socket too")
    assert await asyncio.to_thread(ben.event, text="by a socket too")


async def test_one_speaks_without_a_script(cast: Cast, site: Teahouse, room: str) -> None:
    with Client(site.url, "Ben") as ben:
        ben.say(room, "can you hear me?")
        ada = await cast.person(java_script_enabled=False)
        await ada.open(f"/rooms/{room}/")
        await ada.page.get_by_role("link", name=f"Write in {room}").click()
        await ada.page.get_by_label("Your name").fill("Ada")
        await ada.page.get_by_label(f"Write in {room}").fill("yes\nwithout a script")
        await ada.page.get_by_role("button", name="Send").click()
        await expect(ada.page).to_have_url(f"{site.url}/rooms/{room}/2/")
        await expect(ada.page.locator(".message .text").last).to_have_text("yes\nwithout a script")
        ben.ok(do="subscribe", room=room)
        ben.say(room, "good")
        await ada.page.get_by_role("link", name="Show what is new").click()
        await expect(ada.page.locator(".message .text").last).to_have_text("good")
        await ada.page.get_by_role("link", name="Rooms").click()
        await ada.page.get_by_role("link", name=room).click()
        await expect(ada.page.locator(".message .text").last).to_have_text("good")
