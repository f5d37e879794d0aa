"""Nothing that a guest writes runs: a real browser shows what the renderer made of it, with no policy to stop it."""

from __future__ import annotations

import random
from typing import Any, Final

import pytest
from playwright.async_api import Browser

from teahouse.render import render
from teahouse.render.markup import TAGS
from tests.hostile import EXECUTES, PIECES

TEXTS: Final = 4_000
AT_ONCE: Final = 500
SHOW: Final = """
([htmls, tags]) => {
    window.ran = [];
    window.alert = window.msgbox = what => window.ran.push(`alert ${what}`);
    window.onerror = what => window.ran.push(String(what));
    document.addEventListener("click", event => event.preventDefault(), true);
    const found = [];
    for (const html of htmls) {
        const box = document.createElement("div");
        document.body.append(box);
        box.innerHTML = html;
        for (const one of box.querySelectorAll("*")) {
            const names = one.getAttributeNames();
            if (!tags.includes(one.localName) || one.namespaceURI !== "http://www.w3.org/1999/xhtml")
                found.push(`<${one.localName}> of ${html}`);
            if (names.some(name => name.startsWith("on") || ["style", "src", "id", "name"].includes(name)))
                found.push(`${names} of ${html}`);
            if (one.localName === "a" && !["http:", "https:", "mailto:"].includes(one.protocol))
                found.push(`${one.protocol} of ${html}`);
            for (const kind of ["mouseover", "focus", "click", "toggle", "animationstart"])
                one.dispatchEvent(new Event(kind, {bubbles: true, cancelable: true}));
        }
    }
    // What loads or fails to load says so a little later; two frames are drawn until then.
    const later = resolve => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve, 50)));
    return new Promise(later).then(() => {
        document.body.replaceChildren();
        return found.concat(window.ran);
    });
}
"""


async def what_runs(browser: Browser, htmls: list[str]) -> list[str]:
    """What a page found, or what ran in it, when these were shown and everything in them was touched."""
    context = await browser.new_context()
    try:
        page = await context.new_page()
        found: list[Any] = []
        for first in range(0, len(htmls), AT_ONCE):
            found += await page.evaluate(SHOW, [htmls[first : first + AT_ONCE], sorted(TAGS)])
        return found
    finally:
        await context.close()


def written(seed: int) -> list[str]:
    """What somebody might try: whole texts, and pieces in any order."""
    chance = random.Random(seed)
    made = ["".join(chance.choices(PIECES, k=chance.randint(2, 30))) for _ in range(TEXTS)]
    return [*EXECUTES, *(text.encode("utf-8", "replace").decode() for text in made)]


@pytest.mark.asyncio(loop_scope="session")
async def test_nothing_runs_in_a_real_browser(browser: Browser) -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    htmls = [html for text in written(seed) if (html := render(text)) is not None]
    assert len(htmls) > TEXTS / 2
    assert await what_runs(browser, htmls) == [], f"seed {seed}"


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize(
    "html",
    [
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)></svg>",
        "<p onmouseover=alert(1)>x</p>",
        '<a href="javascript:alert(1)">x</a>',
        '<p style="position:fixed">x</p>',
        "<iframe></iframe>",
    ],
)
async def test_what_does_run_is_seen(browser: Browser, html: str) -> None:
    assert await what_runs(browser, [html]) != []
