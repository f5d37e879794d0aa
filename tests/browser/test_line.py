"""What a page does when the line or the server goes: nothing written is lost, nothing comes twice."""

import asyncio
import json
import re
import sqlite3
from collections.abc import Iterator

import pytest
from playwright.async_api import expect

from tests.browser.line import Line
from tests.browser.person import Cast, Person
from tests.clients import Client
from tests.servers import Teahouse

pytestmark = pytest.mark.asyncio(loop_scope="session")

# Where sockets fail HTTP is tried.
REFUSED = "WebSocket connection to .* failed|Failed to load resource: net::ERR_"


@pytest.fixture(scope="module")
def site() -> Iterator[Teahouse]:
    """A server that pings each second, so that a dead line is noticed soon."""
    with Teahouse(env={"TEAHOUSE_PING": "1"}) as server:
        yield server


@pytest.fixture(autouse=True)
def running(site: Teahouse) -> None:
    """A test that failed while the server was down takes no other one with it."""
    if site.process is None:
        site.start()


async def behind_a_line(cast: Cast, name: str, room: str) -> tuple[Person, Line]:
    person = await cast.person()
    line = await Line().between(person)
    await person.enter(name, f"/rooms/{room}/")
    await person.live()
    return person, line


@pytest.mark.timeout(120)
async def test_what_is_written_while_the_server_is_down_arrives_once(
    cast: Cast, site: Teahouse, room: str
) -> None:
    cast.expect_trouble(REFUSED, always=False)  # Only if somebody comes back before the server does.
    ada = await cast.person("Ada", f"/rooms/{room}/")
    bob = await cast.person("Bob", f"/rooms/{room}/")
    await ada.say("before")
    await bob.sees("before")
    site.kill()
    await expect(ada.state).to_have_text(re.compile("Offline. You can go on"))
    await ada.say("while it is down", "and this")
    await expect(ada.state).to_have_text(re.compile("Offline. 2 messages wait to be sent"))
    await expect(ada.page.locator(".message.pending")).to_have_count(2)
    await asyncio.to_thread(site.start)
    for person in (ada, bob):
        # By themselves, with a jitter that grows while nobody answers.
        await expect(person.messages).to_have_count(3, timeout=40_000)
        await person.sees("before", "while it is down", "and this")
        await expect(person.state).to_have_text("")


async def test_what_is_written_while_the_server_is_down_survives_a_closed_window(
    cast: Cast, site: Teahouse, room: str
) -> None:
    cast.expect_trouble(REFUSED, always=False)
    ada = await cast.person("Ada", f"/rooms/{room}/")
    await ada.live()
    site.kill()
    await expect(ada.state).to_have_text(re.compile("Offline"))
    await ada.say("written, then closed")
    context = ada.page.context
    await ada.page.close()
    await asyncio.to_thread(site.start)
    again = await cast.window(context)
    await again.open(f"/rooms/{room}/")
    await again.sees("written, then closed")
    bob = await cast.person("Bob", f"/rooms/{room}/")
    await bob.sees("written, then closed")
    await expect(bob.messages).to_have_count(1)


async def test_a_lost_acknowledgement_makes_no_second_message(cast: Cast, room: str) -> None:
    ada, line = await behind_a_line(cast, "Ada", room)
    line.drop_reply_to = '"do":"send"'
    await ada.say("once")
    await expect(ada.messages).to_have_count(1)
    await ada.sees("once")
    sends = [json.loads(frame) for frame in line.sent if '"do":"send"' in frame]
    assert len(sends) == 2
    assert sends[0]["key"] == sends[1]["key"]
    bob = await cast.person("Bob", f"/rooms/{room}/")
    await bob.sees("once")
    await expect(bob.messages).to_have_count(1)


async def test_two_windows_of_one_person_send_a_message_once(cast: Cast, room: str) -> None:
    first, line = await behind_a_line(cast, "Ada", room)
    second = await cast.window(first.page.context)
    await line.between(second)
    await second.open(f"/rooms/{room}/")
    await second.live()
    line.held = True
    await line.break_off()
    await first.say("from the first window")
    await expect(second.message("from the first window")).to_be_visible()
    await second.say("from the second")
    line.held = False
    for window in (first, second):
        await window.sees("from the first window", "from the second")
        await expect(window.messages).to_have_count(2)
    bob = await cast.person("Bob", f"/rooms/{room}/")
    await bob.sees("from the first window", "from the second")
    await expect(bob.messages).to_have_count(2)


async def test_what_another_window_has_sent_stays_in_view_until_its_event_comes(
    cast: Cast, room: str
) -> None:
    first = await cast.person("Ada", f"/rooms/{room}/")
    await first.live()
    second = await cast.window(first.page.context)
    line = await Line().between(second)
    await second.open(f"/rooms/{room}/")
    await second.live()
    line.mute = True  # The second window hears of nothing but what the first one tells it.
    heard = "new Promise((done) => addEventListener('storage', ({ key }) => key === 'mark' && done()))"
    await second.page.evaluate(f"() => void (window.heard = {heard})")
    await first.say("sent from the first")
    await first.sees("sent from the first")
    await first.page.evaluate("() => localStorage.setItem('mark', 'behind all that was told')")
    await second.page.evaluate("() => window.heard")
    await expect(second.message("sent from the first")).to_have_count(1)
    assert await second.texts() == ["sent from the first"]
    line.mute = False
    await second.say("seen from the second")
    await second.sees("sent from the first", "seen from the second")
    await expect(second.messages).to_have_count(2)


async def test_a_line_that_swallows_everything_is_noticed(cast: Cast, room: str) -> None:
    """A half-open socket: no error, no close, nothing comes. The server pings each second here."""
    ada, line = await behind_a_line(cast, "Ada", room)
    line.mute = line.held = True
    await ada.say("into the void")
    await expect(ada.state).to_have_text(re.compile("Offline. 1 message waits"))
    line.mute = line.held = False
    await ada.sees("into the void")
    await expect(ada.messages).to_have_count(1)


async def test_away_for_more_than_a_page_of_events(cast: Cast, site: Teahouse, room: str) -> None:
    ada, line = await behind_a_line(cast, "Ada", room)
    line.held = True
    await line.break_off()

    def speak(speaker: int) -> None:
        """Each says almost as much as may be said at once, so that a message may be edited as well."""
        first = 39 * speaker
        with Client(site.url, f"Bob {speaker}") as bob:
            numbers = [
                bob.put(do="send", room=room, key=f"k{n}", text=f"text {n}") for n in range(first, first + 39)
            ]
            stored = [bob.reply_to(number)["ok"]["message"] for number in numbers]
            if first == 0:
                bob.ok(do="edit", room=room, message=stored[0], text="changed since")

    for speaker in range(26):
        await asyncio.to_thread(speak, speaker)
    line.sent.clear()
    line.held = False
    await ada.sees("text 1012", "text 1013")
    shown = await ada.texts()
    # What is far above the end is let go, and read again by who goes there.
    assert 600 <= len(shown) <= 700
    assert shown == [f"text {n}" for n in range(1014 - len(shown), 1014)]
    await ada.page.get_by_role("button", name="Go to a date", exact=True).click()
    await ada.page.get_by_role("button", name="The very beginning").click()
    await expect(ada.page.locator(".message.marked .text")).to_have_text("changed since (edited)")
    assert sum('"do":"subscribe"' in frame for frame in line.sent) >= 3


@pytest.mark.timeout(120)
async def test_a_history_that_began_anew_replaces_what_was_shown(
    cast: Cast, site: Teahouse, room: str
) -> None:
    cast.expect_trouble(REFUSED, always=False)  # Only if it comes back before the server does.
    ada = await cast.person("Ada", f"/rooms/{room}/")
    await ada.say("stays", "is lost with the backup")
    await ada.sees("stays", "is lost with the backup")
    site.kill()
    with sqlite3.connect(site.data / "teahouse.sqlite3") as database:
        room_id, seq = database.execute("SELECT id, seq FROM teahouse_room WHERE slug = ?", [room]).fetchone()
        database.execute("DELETE FROM teahouse_message WHERE room_id = ? AND seq = ?", [room_id, seq])
        database.execute("DELETE FROM teahouse_event WHERE room_id = ? AND seq = ?", [room_id, seq])
        database.execute(
            "UPDATE teahouse_room SET epoch = 'another', seq = ? WHERE id = ?", [seq - 1, room_id]
        )
    database.close()
    await ada.say("written between the two")
    await asyncio.to_thread(site.start)
    await expect(ada.state).to_have_text("", timeout=40_000)
    await ada.sees("stays", "written between the two")
    await expect(ada.messages).to_have_count(2)


async def test_more_at_once_than_allowed_arrives_all_the_same(cast: Cast, site: Teahouse, room: str) -> None:
    ada = await cast.person("Ada", f"/rooms/{room}/")
    await ada.live()
    texts = [f"quick {n}" for n in range(46)]  # 40 are allowed at once, then ten in a second
    await ada.say(*texts)
    await ada.sees(*texts)
    bob = await cast.person("Bob", f"/rooms/{room}/")
    assert await bob.texts() == texts


async def test_what_the_server_says_of_itself_is_shown(cast: Cast, room: str) -> None:
    ada, line = await behind_a_line(cast, "Ada", room)
    for state, text in (
        ("degraded", "Some messages may come a little later"),
        ("unavailable", "The server cannot store anything"),
        ("ok", r"^\s*$"),
    ):
        line.tell(json.dumps({"signal": "service", "state": state}))
        await expect(ada.state).to_have_text(re.compile(text))
    line.held, line.refuses_with = True, 4201
    # When it comes back by itself is drawn by lot; it must not do so before the button is pressed.
    await ada.page.evaluate("Math.random = () => 0.999")
    await line.break_off(4201, "30")
    await expect(ada.state).to_have_text(re.compile("The server is restarting"))
    await ada.say("while it restarts")
    await expect(ada.state).to_have_text(re.compile("1 message waits to be sent"))
    line.held = False
    await ada.page.get_by_role("button", name="Try now").click()
    await ada.sees("while it restarts")
    await line.break_off(4008)
    await expect(ada.page.get_by_role("button", name="Reload")).to_be_visible()
    await expect(ada.state).to_have_text(re.compile("older than the server"))


async def test_who_is_signed_out_elsewhere_is_asked_again_and_loses_nothing(cast: Cast, room: str) -> None:
    ada, line = await behind_a_line(cast, "Ada", room)
    await ada.say("I was here")
    await ada.sees("I was here")
    await ada.composer.fill("half a tho")
    await line.break_off(4001)
    await expect(ada.page.get_by_text("You are no longer signed in here.")).to_be_visible()
    await expect(ada.message("I was here")).to_be_visible()
    await ada.give_name("Ada")
    await expect(ada.composer).to_have_value("half a tho")
    await ada.composer.press("Enter")
    await ada.sees("I was here", "half a tho")


async def test_a_refused_message_stays_with_its_reason_until_it_is_dealt_with(cast: Cast, room: str) -> None:
    ada, line = await behind_a_line(cast, "Ada", room)
    line.refusals = ["forbidden", "too_long", "a-code-of-tomorrow", "key_reused"]
    await ada.say("one", "two", "three", "four", "five")
    failed = ada.page.locator(".message.failed")
    await expect(failed).to_have_count(4)
    await expect(ada.page.locator(".message.pending")).to_have_count(0)
    await expect(failed.nth(0)).to_contain_text("Not sent. You may read this room, but not do that here.")
    await expect(failed.nth(2)).to_contain_text("said by the test")
    await expect(ada.state).to_have_text("")
    await ada.page.reload()
    await expect(failed).to_have_count(4)
    await failed.nth(0).get_by_role("button", name="Try again").click()
    await failed.nth(0).get_by_role("button", name="Discard").click()
    await failed.nth(0).get_by_role("button", name="Rewrite").click()
    await expect(ada.composer).to_have_value("three")
    await failed.nth(0).get_by_role("button", name="Try again").click()
    await expect(failed).to_have_count(0)
    await ada.sees("five", "one", "four")
    keys = [json.loads(frame)["key"] for frame in line.sent if '"do":"send"' in frame]
    assert keys[0] in keys[5:], "one: again under its key"
    assert keys[3] not in keys[4:], "four: its key was used up"


async def test_an_archived_room_is_read_only(cast: Cast, site: Teahouse, room: str) -> None:
    ada, line = await behind_a_line(cast, "Ada", room)
    await expect(ada.composer).to_be_visible()
    with sqlite3.connect(site.data / "teahouse.sqlite3") as database:
        archive = (
            "UPDATE teahouse_room SET archived_at = '2026-11-01 00:00:00', rights = rights + 1 WHERE slug = ?"
        )
        database.execute(archive, [room])
    database.close()
    await line.break_off()
    await expect(ada.page.get_by_text("This room is archived")).to_be_visible()
    await expect(ada.composer).to_have_count(0)
