"""Pictures of every main page, wide and narrow, light and dark, in both languages:  bin/shots FOLDER [--only NAME …]

`bin/shots --docs` takes those of the documentation anew.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Any, Final

from PIL import Image
from playwright.async_api import Browser, BrowserContext, async_playwright
from playwright.async_api import Error as PlaywrightError

from tests.browser.person import NARROW, WIDE
from tests.servers import ROOT, Teahouse
from tests.services import chromium_options
from tests.shots.said import PLACES
from tests.shots.site import Shown
from tests.shots.views import VIEWS, View

LOCALES: Final = {"en": "en-GB", "zh": "zh-CN"}
SIZES: Final[dict[str, dict[str, Any]]] = {
    "wide": {"viewport": WIDE},
    "narrow": {"viewport": NARROW, "has_touch": True, "is_mobile": True, "device_scale_factor": 2},
}
THEMES: Final = ("light", "dark")
SETTLED: Final = 0.4
"""Seconds in which what moves comes to rest; a picture of it may be taken a little late, never too early."""
TALK: Final = 90.0
"""So that the page of the state has something to show of its ten minutes."""
DOCS: Final = {
    "conversation": "room-{language}-light-wide",
    "phone": "room-{language}-dark-narrow",
    "first-steps": "welcome-rooms-{language}-light-wide",
    "status": "status-{language}-dark-wide",
}


def main() -> int:
    names = [view.name for view in VIEWS]
    parser = argparse.ArgumentParser(prog="bin/shots", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, help="where the pictures go; made if it is not there")
    parser.add_argument("--docs", action="store_true", help="those of docs/images")
    parser.add_argument(
        "--only", nargs="+", choices=names, default=names, metavar="NAME", help=", ".join(names)
    )
    given = parser.parse_args()
    if given.docs == bool(given.folder):
        parser.error("name a folder, or say --docs")
    only = given.only
    if given.docs:
        only = [name for name in names if any(shot.startswith(f"{name}-{{") for shot in DOCS.values())]
    folder = ROOT / "test-results" / "shots" if given.docs else given.folder
    folder.mkdir(parents=True, exist_ok=True)
    views = [view for view in VIEWS if view.name in only]
    missed = asyncio.run(_take(views, folder, TALK if given.docs else 0))
    if given.docs and not missed:
        _put_into_docs(folder)
    print(f"Missed: {', '.join(missed)}" if missed else "All there.", file=sys.stderr)
    return 1 if missed else 0


async def _take(views: list[View], folder: Path, talk: float) -> list[str]:
    """The names of those that could not be taken. `talk`: seconds for which people talk before."""
    missed: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**chromium_options())
        for language, place in PLACES.items():
            with (
                Teahouse() as server,
                Shown(server, place) as shown,
            ):
                await asyncio.to_thread(shown.fill)
                await asyncio.sleep(talk)
                for theme in THEMES:
                    for size in SIZES:
                        for view in views:
                            if view.only in ("", size):
                                name = f"{view.name}-{language}-{theme}-{size}"
                                if not await _shoot(browser, view, shown, folder / f"{name}.png"):
                                    missed.append(name)
        await browser.close()
    return missed


async def _shoot(browser: Browser, view: View, shown: Shown, file: Path) -> bool:
    _, language, theme, size = file.stem.rsplit("-", 3)
    context = await browser.new_context(
        locale=LOCALES[language],
        color_scheme="dark" if theme == "dark" else "light",
        service_workers="block",
        **SIZES[size],
    )
    if view.whose == "owner":
        await _sign_in(context, shown)
    page = await context.new_page()
    try:
        await page.goto(f"{shown.server.url}{_path(view, shown)}")
        await page.locator(view.ready).first.wait_for()
        await view.act(page, shown)
        await asyncio.sleep(SETTLED)
        await page.screenshot(path=file, full_page=view.whole)
    except PlaywrightError as error:
        print(f"{file.stem} cannot be reached: {error}", file=sys.stderr)
        return False
    finally:
        await context.close()
    with Image.open(file) as image:
        image.convert("RGB").save(file, optimize=True)
    print(file)
    return True


async def _sign_in(context: BrowserContext, shown: Shown) -> None:
    session = shown.owner.cookie("teahouse_session")
    assert session
    await context.add_cookies([{"name": "teahouse_session", "value": session, "url": shown.server.url}])


def _path(view: View, shown: Shown) -> str:
    _, second, _, news, *_ = shown.place.rooms
    return view.path.format(
        invitation=shown.invitation.removeprefix(shown.server.url),
        second=shown.rooms[second.title],
        news=shown.rooms[news.title],
        direct=f"/rooms/{shown.directs[0]}/",
        bob=shown.ids[shown.place.people[1]],
    )


def _put_into_docs(folder: Path) -> None:
    for name, shot in DOCS.items():
        for language, end in (("en", ""), ("zh", "-zh")):
            target = ROOT / "docs" / "images" / f"{name}{end}.png"
            # A third of the bytes; of Pillow's ways this is the one that leaves paper, the wash over it, and emoji
            # their colours.
            with Image.open(folder / f"{shot.format(language=language)}.png") as image:
                reduced = image.convert("RGB").quantize(
                    256, method=Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE
                )
            reduced.save(target, optimize=True)
            print(target.relative_to(ROOT))


if __name__ == "__main__":
    sys.exit(main())
