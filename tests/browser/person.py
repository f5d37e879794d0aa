"""A person at a browser window: what they do, and what they see."""

from __future__ import annotations

import os
import re
import time
from typing import Any, Final

from playwright.async_api import BrowserContext, ConsoleMessage, Locator, Page, expect

WIDE: Final = {"width": 1280, "height": 800}
NARROW: Final = {"width": 390, "height": 844}
LATE: Final = """(late) => {
    const { send } = WebSocket.prototype;
    WebSocket.prototype.send = function (frame) {
        setTimeout(() => this.readyState === WebSocket.OPEN && send.call(this, frame), late);
    };
    const { get, set } = Object.getOwnPropertyDescriptor(WebSocket.prototype, "onmessage");
    Object.defineProperty(WebSocket.prototype, "onmessage", {
        get,
        set(heard) { set.call(this, heard && ((event) => setTimeout(() => heard.call(this, event), late))); },
    });
}"""
"""A slow line: what a page says or hears over a WebSocket is so many ms late. `LATE=300 bin/test tests/browser` runs
all with one; what fails then takes for granted that something is quick, or is broken for people far away."""
FRONT: Final = "teahouse-room:not([aside])"
"""The room that is looked at; a page may hold others."""


class Person:
    """One window. `trouble` collects what a browser's console shows; `Cast` looks at it at the end."""

    def __init__(self, page: Page, base: str) -> None:
        self.page = page
        self.base = base
        self.trouble: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.trouble.append(f"error: {error}"))
        page.on("dialog", lambda dialog: self.trouble.append(f"dialog: {dialog.message}"))

    def _console(self, message: ConsoleMessage) -> None:
        # Only tests of the offline page let a browser have one: it asks for all files once more.
        if message.text == "Service Worker registration blocked by Playwright":
            return
        self.trouble.append(f"{message.type}: {message.text} ({message.location.get('url')})")

    async def open(self, path: str = "/") -> None:
        await self.page.goto(self.base + path)

    async def enter(self, name: str, path: str = "/") -> None:
        """Opens a room and takes a name there."""
        await self.open(path)
        await self.give_name(name)
        await expect(self.composer).to_be_visible()

    async def give_name(self, name: str) -> None:
        await self.name_field.fill(name)
        await self.page.keyboard.press("Enter")

    async def say(self, *texts: str) -> None:
        for text in texts:
            await self.composer.fill(text)
            if await self.composer.get_attribute("enterkeyhint") == "send":
                await self.composer.press("Enter")
            else:  # on a phone
                await self.page.locator("button.send").tap()

    async def sees(self, *texts: str) -> None:
        """Waits until the last messages are these, in this order, none of them still on its way."""
        shown = self.page.locator(f"{FRONT} [role=log] .message .text")
        await expect(shown.last).to_have_text(texts[-1])
        await expect(self.page.locator(".message.pending")).to_have_count(0)
        found = await shown.all_text_contents()
        assert found[-len(texts) :] == list(texts), found

    async def texts(self) -> list[str]:
        """The texts of all messages that are drawn, without what marks them as edited."""
        # Not inner_text: what is out of view is not laid out, and has none.
        texts = await self.page.locator(f"{FRONT} [role=log] .message .text").all_text_contents()
        return [re.sub(r" \((edited|已编辑)\)$", "", text) for text in texts]

    async def live(self) -> None:
        """Waits until events come in."""
        await self.page.wait_for_function(
            "() => document.querySelector('teahouse-room').connection === 'live'"
        )

    def message(self, text: str) -> Locator:
        return self.page.locator(f"{FRONT} [role=log] .message").filter(
            has=self.page.locator(".text", has_text=text)
        )

    async def finds(self, condition: str) -> None:
        """Waits until an asynchronous function of the page answers yes: Playwright's `wait_for_function` takes the
        promise of an answer for a yes."""
        found = await self.page.evaluate(
            """async ([condition, end]) => {
                const holds = eval(condition);
                while (!(await holds()) && Date.now() < end) await new Promise((next) => setTimeout(next, 20));
                return holds();
            }""",
            [condition, (time.time() + 20) * 1000],
        )
        assert found, f"this did not become true: {condition}"

    async def choose(self, text: str, *actions: str) -> None:
        """Opens the menu of a message and presses entries in it."""
        message = self.message(text)
        await message.hover()
        await message.locator("button.more").click()
        for action in actions:
            await self.page.get_by_role("menuitem", name=action, exact=True).click()

    @property
    def composer(self) -> Locator:
        return self.page.locator(f"{FRONT} teahouse-composer textarea")

    @property
    def name_field(self) -> Locator:
        return self.page.locator(f"{FRONT} teahouse-name input")

    @property
    def messages(self) -> Locator:
        return self.page.locator(f"{FRONT} [role=log] .message")

    @property
    def state(self) -> Locator:
        return self.page.locator(f"{FRONT} teahouse-state [role=status]")

    @property
    def here(self) -> Locator:
        return self.page.locator(f"{FRONT} teahouse-people .people .name")


class Cast:
    """The people of one test, each with cookies of their own."""

    def __init__(self, browser: Any, base: str) -> None:
        self.browser = browser
        self.base = base
        self.people: list[Person] = []
        self.contexts: list[BrowserContext] = []
        self.expected: dict[str, bool] = {}

    async def person(self, name: str | None = None, path: str = "/", **settings: Any) -> Person:
        """Somebody with a new browser; with a name, already in the room."""
        context = await self.browser.new_context(
            **{"viewport": WIDE, "locale": "en-GB", "service_workers": "block", **settings}
        )
        self.contexts.append(context)
        if late := os.environ.get("LATE"):
            await context.add_init_script(f"({LATE})({float(late)})")
        person = await self.window(context)
        if name is not None:
            await person.enter(name, path)
        return person

    async def window(self, context: BrowserContext) -> Person:
        """Another window of the same browser."""
        person = Person(await context.new_page(), self.base)
        self.people.append(person)
        return person

    def expect_trouble(self, pattern: str, *, always: bool = True) -> None:
        """What a console may show in this test; unless told otherwise it must show it, too."""
        self.expected[pattern] = always

    async def close(self) -> None:
        for context in self.contexts:
            await context.close()

    def check(self) -> None:
        """Nothing in any console but what was expected."""
        found = [line for person in self.people for line in person.trouble]
        unexpected = [
            line for line in found if not any(re.search(pattern, line) for pattern in self.expected)
        ]
        assert unexpected == [], unexpected
        for pattern, always in self.expected.items():
            assert not always or any(re.search(pattern, line) for line in found), f"nothing said {pattern!r}"
