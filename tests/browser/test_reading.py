"""Moving about in a long conversation: nothing jumps, nothing is yanked away."""

import asyncio

import pytest
from playwright.async_api import expect

from tests.browser.line import Line
from tests.browser.person import NARROW, WIDE, Cast, Person
from tests.clients import Client
from tests.servers import Teahouse

pytestmark = pytest.mark.asyncio(loop_scope="session")

SPEAKERS = 5
TOLD = 40  # messages of each, as many as may be said at once

SCROLLER = "document.querySelector('teahouse-room').shadowRoot.querySelector('.scroller')"
IN_VIEW = f"""() => {{
    const edge = {SCROLLER}.getBoundingClientRect().top;
    const messages = [...{SCROLLER}.querySelectorAll('.message')];
    const first = messages.find((one) => one.getBoundingClientRect().top > edge);
    return {{text: first.querySelector('.text').textContent, top: first.getBoundingClientRect().top,
             count: messages.length}};
}}"""
FROM_END = f"() => {{ const s = {SCROLLER}; return s.scrollHeight - s.scrollTop - s.clientHeight; }}"

# Follows the message in view until older ones have come in above it: how far from its place it was ever painted, in
# px. An IntersectionObserver tells of each frame as it is painted; whoever asks in an animation frame sees what the
# layout has not yet settled.
WORST_JUMP = f"""async () => {{
    const painted = (element) => new Promise((done) => {{
        const observer = new IntersectionObserver(([entry]) => {{
            observer.disconnect();
            done(entry.boundingClientRect.top);
        }});
        observer.observe(element);
    }});
    const messages = () => [...{SCROLLER}.querySelectorAll('.message')];
    const count = messages().length;
    const edge = {SCROLLER}.getBoundingClientRect().top;
    const held = messages().find((one) => one.getBoundingClientRect().top > edge);
    const top = await painted(held);
    let worst = 0;
    window.following = true;
    for (let after = 0; after < 20; after += messages().length > count ? 1 : 0) {{
        worst = Math.max(worst, Math.abs((await painted(held)) - top));
    }}
    return worst;
}}"""
SETTLED = "async () => { for (let frame = 0; frame < 10; frame++) await new Promise(requestAnimationFrame); }"


def tell(site: Teahouse, room: str) -> None:
    for speaker in range(SPEAKERS):
        with Client(site.url, f"Speaker {speaker}") as client:
            numbers = [
                client.put(
                    do="send",
                    room=room,
                    key=f"k{n}",
                    text=f"message {speaker * TOLD + n} " + "word " * (n % 60),
                )
                for n in range(TOLD)
            ]
            for number in numbers:
                assert "ok" in client.reply_to(number)


@pytest.fixture
def told(site: Teahouse, room: str) -> str:
    """A room in which 200 messages have been said."""
    tell(site, room)
    return room


async def from_end(person: Person) -> float:
    return float(await person.page.evaluate(FROM_END))


async def scroll(person: Person, by: int) -> None:
    """As a wheel does: over the conversation, and painted when it returns."""
    await person.page.locator(".scroller").hover()
    await person.page.mouse.wheel(0, by)
    await person.page.evaluate(
        "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )


async def test_older_messages_come_in_above_without_a_jump(cast: Cast, told: str) -> None:
    ada = await cast.person()
    line = await Line().between(ada)
    await ada.enter("Ada", f"/rooms/{told}/")
    await ada.live()
    assert await from_end(ada) <= 2
    line.keep_back = '"do":"history"'
    for pages in range(3):
        assert len(await ada.texts()) == 50 * (pages + 1)
        await ada.page.evaluate(f"() => {{ {SCROLLER}.scrollTop = 400 - 100 * {pages}; }}")
        await ada.page.evaluate(SETTLED)
        jump = asyncio.create_task(ada.page.evaluate(WORST_JUMP))
        await ada.page.wait_for_function("() => window.following")
        assert line.let_go() == 1
        assert await jump <= 2
        await ada.page.evaluate("() => { window.following = false; }")
    await expect(ada.page.get_by_text(f"This is where {told} begins.")).to_be_attached()
    assert [text.split(" word")[0].strip() for text in await ada.texts()] == [
        f"message {n}" for n in range(200)
    ]


async def test_who_reads_up_is_not_yanked_down(cast: Cast, site: Teahouse, told: str) -> None:
    ada = await cast.person("Ada", f"/rooms/{told}/")
    await ada.live()
    await scroll(ada, -1500)
    assert await from_end(ada) > 1000
    # That near the beginning of what is there, older messages come in above.
    await expect(ada.messages).to_have_count(100)
    await ada.page.evaluate(SETTLED)
    before = await ada.page.evaluate(IN_VIEW)
    with Client(site.url, "Bob") as bob:
        bob.say(told, "news one")
        bob.say(told, "news two")
        await expect(ada.page.get_by_role("button", name="2 new messages")).to_be_visible()
        after = await ada.page.evaluate(IN_VIEW)
        assert after["text"] == before["text"]
        assert abs(after["top"] - before["top"]) <= 2
        await ada.page.get_by_role("button", name="2 new messages").click()
        await expect(ada.page.locator(".jump")).to_have_count(0)
        await expect(ada.message("news two")).to_be_in_viewport()
        bob.say(told, "news three, at the end one follows")
        await expect(ada.message("news three")).to_be_in_viewport()
        await expect(ada.page.locator(".jump")).to_have_count(0)
    # What one says oneself is always looked at.
    await scroll(ada, -1500)
    await expect(ada.page.get_by_role("button", name="Jump to newest")).to_be_visible()
    await ada.say("my own")
    await expect(ada.message("my own")).to_be_in_viewport()


async def test_a_line_stands_before_what_is_new(cast: Cast, site: Teahouse, room: str) -> None:
    ada = await cast.person("Ada", f"/rooms/{room}/")
    line = ada.page.get_by_text("New since you were here")
    with Client(site.url, "Bob") as bob:
        bob.say(room, "read at once")
        await ada.sees("read at once")
        await ada.say("an answer")
        await ada.sees("read at once", "an answer")
        await ada.page.reload()
        await ada.live()
        await expect(line).to_have_count(0)
        await ada.page.goto("about:blank")
        bob.say(room, "said while she was away")
        bob.say(room, "this too")
    await ada.open(f"/rooms/{room}/")
    await expect(line).to_be_visible()
    drawn = await ada.page.locator("[role=log]").inner_text()
    assert drawn.index("an answer") < drawn.index("New since") < drawn.index("said while she was away")


async def test_a_page_that_nobody_looks_at_counts_in_its_title(cast: Cast, site: Teahouse, room: str) -> None:
    ada = await cast.person("Ada", f"/rooms/{room}/")
    hide = """(hidden) => {
        Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});
        document.dispatchEvent(new Event('visibilitychange'));
    }"""
    with Client(site.url, "Bob") as bob:
        bob.say(room, "seen")
        await ada.sees("seen")
        title = await ada.page.title()
        await ada.page.evaluate(hide, True)
        bob.say(room, "unseen")
        bob.say(room, "unseen too")
        await expect(ada.page).to_have_title(f"(2) {title}")
        await expect(ada.page.get_by_text("New since you were here")).to_be_attached()
        await ada.page.evaluate(hide, False)
        await expect(ada.page).to_have_title(title)


async def test_the_keyboard_moves_among_messages(cast: Cast, room: str) -> None:
    ada = await cast.person("Ada", f"/rooms/{room}/")
    await ada.say("one", "two")
    await ada.sees("one", "two")
    await ada.page.keyboard.press("Shift+Tab")
    await expect(ada.message("two").locator("button.more")).to_be_focused()
    await ada.page.keyboard.press("ArrowUp")
    await expect(ada.message("one").locator("button.more")).to_be_focused()
    await ada.page.keyboard.press("Enter")
    await expect(ada.page.get_by_role("menuitem", name="React 👍")).to_be_focused()
    await ada.page.keyboard.press("ArrowUp")
    await expect(ada.page.get_by_role("menuitem", name="Delete")).to_be_focused()
    await ada.page.keyboard.press("Escape")
    await expect(ada.message("one").locator("button.more")).to_be_focused()


async def test_the_focus_of_a_deleted_message_goes_to_its_neighbour(cast: Cast, room: str) -> None:
    ada = await cast.person("Ada", f"/rooms/{room}/")
    await ada.say("stays", "goes")
    await ada.sees("stays", "goes")
    await ada.message("goes").locator("button.more").focus()
    for key in ("Enter", "ArrowUp", "Enter", "Enter"):  # the menu, its last entry, and that one is sure
        await ada.page.keyboard.press(key)
    await expect(ada.page.get_by_text("This message was deleted.")).to_be_visible()
    await expect(ada.message("stays").locator("button.more")).to_be_focused()


HEIGHTS = """() => {
    const host = document.querySelector('teahouse-room');
    const messages = [...(host.shadowRoot ?? host).querySelectorAll('.message')];
    const tops = messages.map((one) => one.getBoundingClientRect().top);
    return tops.map((top) => top - tops.at(-1));
}"""


@pytest.mark.parametrize("touch", [False, True])
async def test_nothing_moves_when_the_script_takes_over(
    cast: Cast, site: Teahouse, room: str, touch: bool
) -> None:
    with Client(site.url, "Bob") as bob:
        bob.say(room, "with **markup**, 汉字 and *weight*\n\n| a | b |\n|---|---|\n| 1 | 2 |")
        said = bob.say(room, "with reactions")
        for emoji in ("🍵", "👍"):
            bob.ok(do="react", room=room, message=said["message"], emoji=emoji)
        gone = bob.say(room, "gone")
        bob.ok(do="delete", room=room, message=gone["message"])
        said = bob.say(room, "tpyo")
        bob.ok(do="edit", room=room, message=said["message"], text="typo")
    places = []
    for script in (False, True):
        reader = await cast.person(
            viewport=NARROW, has_touch=touch, is_mobile=touch, java_script_enabled=script
        )
        await reader.open(f"/rooms/{room}/")
        await expect(reader.page.locator(".message")).to_have_count(4)
        if script:
            await expect(reader.name_field).to_be_visible()
        places.append(await reader.page.evaluate(HEIGHTS))
    before, after = places
    assert before == pytest.approx(after, abs=1)


@pytest.mark.parametrize("size", ["wide", "narrow"])
async def test_a_time_in_the_margin_stands_where_the_cups_do(cast: Cast, room: str, size: str) -> None:
    ada = await cast.person("Ada", f"/rooms/{room}/", viewport=WIDE if size == "wide" else NARROW)
    await ada.say("one", "two")
    await ada.sees("one", "two")
    time = await ada.message("two").locator("time").bounding_box()
    cup = await ada.page.locator(".message .cup").bounding_box()
    assert time is not None
    assert cup is not None
    assert time["x"] + time["width"] / 2 == pytest.approx(cup["x"] + cup["width"] / 2, abs=1)
    assert time["width"] <= cup["width"]
