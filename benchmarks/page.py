"""A room of 100,000 messages in a browser: its first view, jumping to old messages, scrolling.

    bin/bench page [--rounds 5] [--write] [--messages 100000]

The room is filled once, with real lines of chat in English and Chinese, by the load generator. Each round is a new
Chromium profile: it loads the page with an empty cache and again with a full one, opens the room from another by a
click, follows links to messages all over it, scrolls up and down from there with the wheel, and writes. A click counts
until the first frame after the message has been painted at its place, with the request for its page. A long task is
what the browser calls so: more than 50 ms in which the page's own thread did nothing else. A key counts from being
pressed until what it wrote was painted, in steps of 8 ms, as the browser tells it.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final

from playwright.async_api import Browser, Page, async_playwright

from benchmarks.field import build_load, served
from benchmarks.history import fill
from benchmarks.peers import ROOT, TEAHOUSE
from benchmarks.tools.goals import Goal, Verdict, in_short, summary, tell
from benchmarks.tools.report import Section, goals_table, machine, put
from tests.services import chromium_options

SECONDS_A_ROUND: Final = 20
FRONT: Final = "teahouse-room:not([aside])"
JUMPS: Final = 12
STEPS: Final = 60
"""Turns of the wheel in each direction."""
STEP: Final = 700
"""Pixels that one turn scrolls."""
GOALS: Final = {
    "view": Goal("KB for the first view", must=150, at_most=True),
    "open": Goal("ms from click to paint, the room", must=100, at_most=True),
    "jump": Goal("ms from click to paint, an old message", must=100, at_most=True),
    "task": Goal("ms, the longest task while scrolling", must=50, at_most=True),
    "key": Goal("ms from key to paint, the slowest", must=100, at_most=True),
}
NAMES: Final = {
    "view": "HTML with the last 50 messages, and style sheets: what the first view needs, KB",
    "first": "all that is loaded with an empty cache, scripts included, KB",
    "paint": "first paint with a full cache, ms",
    "open": "opening the room from another one, ms from click to paint",
    "jump": "jump to an old message, ms from click to paint",
    "task": "longest task while scrolling, ms (the browser tells of those over 50)",
    "frame": "longest time between two frames while scrolling, ms",
    "held": "messages held after scrolling, most",
    "key": "the slowest key while writing, ms until painted",
}

# As a link in a message is followed: through the click, the request, the drawing. Ends behind the paint.
JUMP: Final = """async ([room, seq]) => {
    const root = document.querySelector('teahouse-room:not([aside])').shadowRoot;
    const link = document.createElement('a');
    link.href = `/rooms/${room}/${seq}/`;
    root.querySelector('[role=log]').after(link);
    const there = () => root.querySelector(`.message.marked[data-seq="${seq}"]`);
    const start = performance.now();
    link.click();
    for (;;) {
        await new Promise(requestAnimationFrame);
        const place = there()?.getBoundingClientRect();
        if (place && place.top > 0 && place.bottom < innerHeight) break;
        if (performance.now() - start > 10000) throw new Error(`${seq} did not come`);
    }
    await new Promise((done) => setTimeout(done));
    link.remove();
    return performance.now() - start;
}"""
OPEN: Final = """async () => {
    const link = document.createElement('a');
    link.href = '/';
    document.querySelector('teahouse-chat').shadowRoot.querySelector('teahouse-rooms').after(link);
    const start = performance.now();
    link.click();
    for (;;) {
        await new Promise(requestAnimationFrame);
        const front = document.querySelector('teahouse-room[room=main]:not([aside])');
        const said = [...front?.shadowRoot.querySelectorAll('[role=log] .message') ?? []];
        const last = said.at(-1)?.getBoundingClientRect();
        if (last && last.top > 0 && last.bottom < innerHeight) break;
        if (performance.now() - start > 10000) throw new Error('the room did not come');
    }
    await new Promise((done) => setTimeout(done));
    return performance.now() - start;
}"""
WATCH: Final = """() => {
    window.tasks = [];
    window.frames = [];
    const seen = (list) => tasks.push(...list.getEntries().map((one) => one.duration));
    new PerformanceObserver(seen).observe({type: 'longtask'});
    window.keys = [];
    const pressed = (list) => keys.push(...list.getEntries().filter((one) => one.name === 'keydown'));
    new PerformanceObserver(pressed).observe({type: 'event', durationThreshold: 16});
    let before = performance.now();
    const frame = (now) => { frames.push(now - before); before = now; requestAnimationFrame(frame); };
    requestAnimationFrame(frame);
}"""
HELD: Final = """() => document.querySelector('teahouse-room:not([aside])')
    .shadowRoot.querySelectorAll('.message').length"""
PAINTED: Final = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


@dataclass
class Found:
    """Of all rounds: for each name of NAMES the numbers."""

    numbers: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in NAMES})

    def add(self, name: str, number: float) -> None:
        self.numbers[name].append(number)


def main() -> int:
    options = read_options()
    build_load()
    found = Found()
    with served(TEAHOUSE) as (port, _, folder):
        held = fill(port, folder, options.messages)
        asyncio.run(measure(f"http://127.0.0.1:{port}", held, options.rounds, found))
    print(f"\r{'':40}\r", end="", file=sys.stderr)
    worst = {name: median(found.numbers[name]) for name in GOALS}
    worst |= {name: max(found.numbers[name]) for name in ("task", "key")}
    verdicts = [Verdict("page", goal, worst[name]) for name, goal in GOALS.items()]
    body = page(found, held, options.rounds, verdicts)
    print(f"{body}\n\n{summary(verdicts)}")
    tell(verdicts)
    if options.write:
        put(ROOT / "docs" / "performance.md", Section("page", body, {}))
    return 0


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bin/bench page", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured (5)")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    parser.add_argument(
        "--messages", type=int, default=100_000, help="that the room holds, at least (100,000)"
    )
    return parser.parse_args()


async def measure(url: str, held: int, rounds: int, found: Found) -> None:
    async with async_playwright() as playwright:
        for number in range(rounds):
            print(f"\rpage: round {number + 1} of {rounds}", end="", file=sys.stderr, flush=True)
            browser = await playwright.chromium.launch(**chromium_options())
            await one_round(browser, url, held, number, found)
            await browser.close()


async def one_round(browser: Browser, url: str, held: int, number: int, found: Found) -> None:
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    window = await context.new_page()
    loaded = await bytes_loaded(window)
    await window.goto(url)
    await window.locator("teahouse-name input").fill(f"Reader {number}")
    await window.keyboard.press("Enter")
    await live(window)
    found.add("view", sum(size for kind, size in loaded if kind in ("Document", "Stylesheet")) / 1000)
    found.add("first", sum(size for _, size in loaded) / 1000)
    await window.goto(url)
    await live(window)
    found.add("paint", await window.evaluate(PAINTED))
    await window.goto(f"{url}/rooms/den/")
    if number == 0:
        await window.get_by_role("button", name="Make this room").click()
    await live(window)
    found.add("open", await window.evaluate(OPEN))
    for jump in range(JUMPS):
        # All over the room, another place each time; numbers that are no message's are passed over by the page.
        seq = await message_at(window, 1 + (jump * 7919 + number * 104729) * 31 % held)
        found.add("jump", await window.evaluate(JUMP, ["main", seq]))
        await window.wait_for_timeout(100)
    await scroll(window, found)
    await write(window, found)
    await context.close()


async def live(window: Page) -> None:
    await window.wait_for_function(
        "() => document.querySelector('teahouse-room:not([aside])')?.connection === 'live'"
    )


async def bytes_loaded(window: Page) -> list[tuple[str, float]]:
    """Grows with each answer: what it is, and bytes as they came over the network."""
    session = await window.context.new_cdp_session(window)
    await session.send("Network.enable")
    kinds: dict[str, str] = {}
    loaded: list[tuple[str, float]] = []
    session.on("Network.responseReceived", lambda event: kinds.update({event["requestId"]: event["type"]}))
    session.on(
        "Network.loadingFinished",
        lambda event: loaded.append((kinds.get(event["requestId"], ""), event["encodedDataLength"])),
    )
    return loaded


async def message_at(window: Page, seq: int) -> int:
    """The number of a message, there or before: every event has one, and not each is a message."""
    page = await window.request.get(f"{window.url.rstrip('/')}/rooms/main/{seq}/")
    text = await page.text()
    history = text.partition('"messages":')[2].partition('"position":')[0]
    numbers = [int(number) for number in re.findall(r'"seq":(\d+)', history)]
    return min(numbers, key=lambda one: abs(one - seq))


async def scroll(window: Page, found: Found) -> None:
    await window.locator(f"{FRONT} .scroller").hover()
    await window.evaluate(WATCH)
    most = 0
    for direction in (-1, 1):
        for _ in range(STEPS):
            await window.mouse.wheel(0, direction * STEP)
            await window.wait_for_timeout(30)
        most = max(most, await window.evaluate(HELD))
    seen: dict[str, Any] = await window.evaluate("() => ({tasks, frames})")
    found.add("task", max(seen["tasks"], default=0))
    found.add("frame", max(seen["frames"][1:], default=0))
    found.add("held", most)


async def write(window: Page, found: Found) -> None:
    """The browser tells of keys that took 16 ms or more."""
    await window.locator(f"{FRONT} textarea").focus()
    await window.keyboard.type("Nobody waits for what is being written here, @Rea :tea", delay=20)
    await window.wait_for_timeout(100)
    keys: list[float] = await window.evaluate("() => keys.map((one) => one.duration)")
    found.add("key", max(keys, default=0))


def page(found: Found, held: int, rounds: int, verdicts: Sequence[Verdict]) -> str:
    lines = [
        "## The page of a room of 100,000 messages\n",
        f"{machine()}\n",
        f"`bin/bench page --rounds {rounds}`; a room of {held:,} messages in Chromium, which shares two cores with the "
        f"server; {JUMPS} jumps in each round, then {STEPS} turns of the wheel up and as many down.\n",
        "| what | median | least … most |",
        "|---|--:|--:|",
    ]
    lines += [
        f"| {NAMES[name]} | {in_short(median(numbers))} | {in_short(min(numbers))} … {in_short(max(numbers))} |"
        for name, numbers in found.numbers.items()
    ]
    return "\n".join([*lines, f"\n{goals_table(verdicts)}"])


if __name__ == "__main__":
    sys.exit(main())
