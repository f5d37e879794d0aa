"""Which views there are, and how each is reached: an address, and what is pressed there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from playwright.async_api import Page

from tests.shots.site import Shown

FRONT: Final = "teahouse-room:not([aside])"
Act = Callable[[Page, Shown], Awaitable[None]]


async def _nothing(page: Page, shown: Shown) -> None:
    pass


@dataclass(frozen=True)
class View:
    """`ready`: what is there when it can be looked at. `whose`: `owner`, or `nobody`. `whole`: all of a long page."""

    name: str
    path: str = "/"
    act: Act = _nothing
    ready: str = "main"
    whose: str = "owner"
    whole: bool = False
    only: str = ""


async def talk(page: Page, shown: Shown) -> None:
    await page.wait_for_function("() => document.querySelector('teahouse-room')?.connection === 'live'")
    await page.locator(f"{FRONT} [role=log] .message").last.wait_for()


async def draft(page: Page, shown: Shown) -> None:
    await talk(page, shown)
    await page.locator(f"{FRONT} teahouse-composer textarea").fill(shown.place.draft)


def press(selector: str, then: str = "dialog[open]") -> Act:
    async def act(page: Page, shown: Shown) -> None:
        await talk(page, shown)
        if not await page.locator(selector).first.is_visible():
            await page.locator(f"{FRONT} button.back").click()
        await page.locator(selector).first.click()
        await page.locator(then).first.wait_for()

    return act


async def menu(page: Page, shown: Shown) -> None:
    await talk(page, shown)
    # The button is seen where the pointer is, or on a phone always.
    more = page.locator(f"{FRONT} [role=log] .message").nth(-4).locator("button.more")
    await more.focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("menu").wait_for()


async def emoji(page: Page, shown: Shown) -> None:
    await talk(page, shown)
    await page.locator(f"{FRONT} teahouse-composer button[aria-haspopup]").first.click()
    await page.locator("button[data-emoji]").first.wait_for()


async def switcher(page: Page, shown: Shown) -> None:
    await talk(page, shown)
    await page.keyboard.press("Control+k")
    await page.locator("dialog[open]").wait_for()


async def rooms(page: Page, shown: Shown) -> None:
    await talk(page, shown)
    await page.locator(f"{FRONT} button.back").click()


async def about(page: Page, shown: Shown) -> None:
    await talk(page, shown)
    await page.locator(f"{FRONT} button.info").click()
    await page.locator(f"{FRONT} teahouse-details").wait_for()


async def people(page: Page, shown: Shown) -> None:
    await talk(page, shown)
    await page.locator(f"{FRONT} button.count").click()


async def settings(page: Page, shown: Shown) -> None:
    await page.locator("teahouse-settings button").first.click()


VIEWS: Final = (
    View("sign-in", "/sign-in/", whose="nobody"),
    View("guest", "/", whose="nobody", ready="teahouse-name input"),
    View("join", "{invitation}", whose="nobody"),
    View("forgotten", "/reset/", whose="nobody"),
    View("nowhere", "/nowhere/", whose="nobody"),
    View("all-rooms", "/rooms/"),
    View("room", act=draft),
    View("rooms", act=rooms, only="narrow"),
    View("people-here", act=people, only="narrow"),
    View("menu", act=menu),
    View("emoji", act=emoji),
    View("about", "/rooms/{second}/", act=about),
    View("direct", "{direct}", act=talk),
    View("announcements", "/rooms/{news}/", act=talk),
    View("activity", act=press(".needs .entry")),
    View("telling", act=press(".needs .plain")),
    View("browse", act=press("teahouse-rooms button")),
    View("switcher", act=switcher),
    View("shortcuts", act=press(".self button.plain"), only="wide"),
    View("welcome", "/welcome/", whole=True),
    View("welcome-rooms", "/welcome/rooms/", whole=True),
    View("welcome-people", "/welcome/people/", whole=True),
    View("profile", "/account/", whole=True),
    View("password", "/account/password/", whole=True),
    View("devices", "/account/devices/", whole=True),
    View("tokens", "/account/tokens/", whole=True),
    View("apps", "/account/apps/", whole=True),
    View("api", "/api/v1/docs", whole=True),
    View("invitations", "/account/invitations/", whole=True),
    View("invitation", "/account/invitations/2/", whole=True),
    View("people", "/account/people/", whole=True),
    View("person", "/account/people/{bob}/", whole=True),
    View("card", "/people/{bob}/"),
    View("settings", "/account/", act=settings),
    View("status", "/status/", ready="teahouse-status .tile", whole=True),
)
