"""How it looks: both themes, both languages, wide and narrow; nothing that shuts anybody out."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.person import NARROW, WIDE, Cast, Person
from tests.clients import Client
from tests.servers import ROOT, Teahouse

pytestmark = pytest.mark.asyncio(loop_scope="session")

AXE = Path(__file__).parent / "vendor/axe-core/axe.min.js"
PICTURES = ROOT / "test-results" / "pictures"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LANGUAGES = {"en": "en-GB", "zh": "zh-CN"}
TALK = {
    "en": [
        ("Ada", "Morning! Did the release go out?"),
        ("Bob", "It did, at four. Nobody noticed, which is the best kind of release."),
        (
            "Bob",
            "The notes say it all: **one** setting has a new name, and `teahouse doctor` tells you which.",
        ),
        ("Ada", "Good. Then I'll take the afternoon off, and read while the kettle does its work."),
    ],
    "zh": [
        ("林小梅", "大家早上好！昨天的版本发布顺利吗？"),
        ("老周", "顺利。四点整发的，没有人察觉——这就是最好的发布。"),
        ("老周", "说明里都写了：只有**一个**设置改了名字，运行 `teahouse doctor` 就知道是哪个。"),
        ("林小梅", "太好了，那我下午就休息，泡一壶铁观音，慢慢看书。"),
    ],
}


async def barriers(page: Page) -> list[str]:
    """What axe finds; each with the elements that it means."""
    await page.evaluate(AXE.read_text())
    found: dict[str, Any] = await page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    assert len(found["passes"]) > 15, "axe looked at nothing"
    return [
        f"{one['id']}: {one['help']} {json.dumps([node['target'] for node in one['nodes']])}"
        for one in found["violations"]
    ]


def talk(site: Teahouse, room: str, language: str) -> None:
    people: dict[str, Client] = {}
    for name, text in TALK[language]:
        if name not in people:
            people[name] = Client(site.url, name)
            people[name].ok(do="subscribe", room=room, make=True)
        said = people[name].say(room, text)
    people[TALK[language][0][0]].ok(do="react", room=room, message=said["message"], emoji="🍵")
    for client in people.values():
        client.socket.close()


@pytest.fixture(scope="module")
def talked(site: Teahouse) -> None:
    """Two rooms in which people have talked."""
    talk(site, "kitchen", "en")
    talk(site, "茶水间", "zh")


async def picture(person: Person, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    await person.page.screenshot(path=PICTURES / f"{name}.png")


# Each pair of a language, a theme and a size once: a scan of a whole page takes axe seconds.
@pytest.mark.parametrize(
    ("language", "theme", "size"),
    [("en", "light", "wide"), ("en", "dark", "narrow"), ("zh", "light", "narrow"), ("zh", "dark", "wide")],
)
async def test_nobody_is_shut_out(cast: Cast, talked: None, language: str, theme: str, size: str) -> None:
    room = {"en": "kitchen", "zh": "茶水间"}[language]
    narrow = {"viewport": NARROW, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
    settings: dict[str, Any] = narrow if size == "narrow" else {"viewport": WIDE}
    person = await cast.person(locale=LANGUAGES[language], color_scheme=theme, **settings)
    page = person.page
    found: dict[str, list[str]] = {}

    await person.open(f"/rooms/{room}/")
    await expect(person.name_field).to_be_visible()
    found["name"] = await barriers(page)
    await picture(person, f"name-{language}-{theme}-{size}")

    await person.give_name({"en": "Mei", "zh": "阿茶"}[language])
    await person.live()
    await person.say({"en": "Save me a cup!", "zh": "给我也留一杯！"}[language])
    await expect(page.locator(".message.pending")).to_have_count(0)
    found["room"] = await barriers(page)
    await picture(person, f"room-{language}-{theme}-{size}")

    if size == "narrow":
        await page.locator("button.count").click()
        await expect(person.here.first).to_be_visible()
        found["people"] = await barriers(page)
        await picture(person, f"people-{language}-{theme}-{size}")
        await page.locator("button.shut").click()
    more = person.messages.last.locator("button.more")
    await more.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("menu")).to_be_visible()
    found["menu"] = await barriers(page)
    await picture(person, f"menu-{language}-{theme}-{size}")
    await page.keyboard.press("Escape")
    if size == "narrow":  # They stand above the list of rooms there.
        await page.locator("button.back").click()
    await page.locator("teahouse-settings button").click()
    await expect(page.get_by_role("radio", name="English")).to_be_visible()
    found["settings"] = await barriers(page)
    await picture(person, f"settings-{language}-{theme}-{size}")
    assert found == {what: [] for what in found}


async def test_on_a_phone_everything_can_be_hit_with_a_finger(cast: Cast, site: Teahouse, room: str) -> None:
    with Client(site.url, "Bob") as bob:
        said = bob.say(room, "short")
        bob.ok(do="react", room=room, message=said["message"], emoji="🍵")
    person = await cast.person(viewport=NARROW, has_touch=True, is_mobile=True)
    await person.open(f"/rooms/{room}/")
    await expect(person.name_field).to_be_visible()
    small = await small_targets(person.page)
    await person.give_name("Ada")
    await person.live()
    await person.say("one", "two")
    await expect(person.page.locator(".message.pending")).to_have_count(0)
    small += await small_targets(person.page)
    await person.choose("one")
    await expect(person.page.get_by_role("menuitem").first).to_be_visible()
    small += await small_targets(person.page)
    await person.page.keyboard.press("Escape")
    await person.page.locator("button.count").click()
    await expect(person.here.first).to_be_visible()
    small += await small_targets(person.page)
    await person.page.locator("button.info").click()
    await person.page.get_by_role("button", name="Go to a date", exact=True).click()
    small += await small_targets(person.page)
    await person.page.get_by_role("button", name="The very beginning").click()
    await expect(person.page.locator("teahouse-details")).to_have_count(0)
    await person.page.locator("button.back").click()
    await person.page.locator("teahouse-settings button").click()
    await expect(person.page.get_by_role("dialog")).to_be_visible()
    small += await small_targets(person.page)
    assert small == []


async def small_targets(page: Page) -> list[str]:
    """What can be pressed and is smaller than 44 px in a direction, links within a text left out."""
    found: list[str] = await page.evaluate("""() => {
        const small = [];
        let seen = 0;
        const walk = (node) => {
            const pressed = node.matches?.('button, input, textarea, label:has(input), a[href]:not(.hint a, .text a)');
            const box = node.getBoundingClientRect?.();
            if (pressed && box.width && !node.matches('input[type=radio], .skip, .box input, .box textarea')) {
                seen += 1;
                const size = `${box.width}x${box.height}`;
                if (Math.min(box.width, box.height) < 44) small.push(`${node.outerHTML.slice(0, 60)} ${size}`);
            }
            for (const child of [...(node.shadowRoot?.childNodes ?? []), ...node.childNodes]) walk(child);
        };
        walk(document.body);
        if (seen < 3) throw new Error('nothing to press was found');
        return small;
    }""")
    return found


async def test_axe_would_find_a_barrier(cast: Cast, room: str) -> None:
    person = await cast.person("Ada", f"/rooms/{room}/")
    await person.page.evaluate("""() => {
        const root = document.querySelector('teahouse-room').shadowRoot;
        root.querySelector('.composer').insertAdjacentHTML('beforeend', '<button></button>');
        root.querySelector('h1').style.color = '#e0d8c8';
    }""")
    found = " ".join(await barriers(person.page))
    assert "button-name" in found
    assert "color-contrast" in found


async def test_the_theme_is_chosen_and_kept(cast: Cast, room: str) -> None:
    person = await cast.person("Ada", f"/rooms/{room}/", color_scheme="light")
    paper = "() => getComputedStyle(document.querySelector('teahouse-room')).backgroundColor"
    light = await person.page.evaluate(paper)
    await person.page.emulate_media(color_scheme="dark")
    dark = await person.page.evaluate(paper)
    assert light != dark, "without a choice it follows the system"
    settings = person.page.get_by_role("button", name="Settings")
    await settings.click()
    await person.page.get_by_role("radio", name="Light").check()
    assert await person.page.evaluate(paper) == light
    await person.page.reload()
    assert await person.page.evaluate(paper) == light
    await settings.click()
    await person.page.get_by_role("radio", name="As the system").check()
    assert await person.page.evaluate(paper) == dark
    await person.page.reload()
    assert await person.page.evaluate(paper) == dark


async def test_the_language_is_chosen_at_run_time_and_kept(cast: Cast, room: str) -> None:
    person = await cast.person("Ada", f"/rooms/{room}/")
    await person.say("hello")
    await person.sees("hello")
    await person.composer.fill("a draft")
    await person.page.get_by_role("button", name="Settings").click()
    await person.page.get_by_role("radio", name="简体中文").check()
    await expect(person.page.locator("html")).to_have_attribute("lang", "zh-Hans")
    await expect(person.composer).to_have_attribute("placeholder", f"在「{room}」里说点什么")
    await expect(person.page.locator(".line.day").last).to_have_text("今天")
    await expect(person.page.locator(".skip")).to_have_text("跳到正文")
    await expect(person.composer).to_have_value("a draft")
    await person.page.reload()
    await expect(person.page.get_by_text("跳到正文")).to_be_attached()
    await expect(person.composer).to_have_attribute("placeholder", f"在「{room}」里说点什么")
    await expect(person.composer).to_have_value("a draft")
    await person.page.get_by_role("button", name="设置").click()
    await person.page.get_by_role("radio", name="English").check()
    await expect(person.composer).to_have_attribute("placeholder", f"Write in {room}")


async def test_no_word_is_left_in_the_other_language(cast: Cast, site: Teahouse) -> None:
    """Whatever the page itself says in Chinese has no Latin word in it, but names that are the same in both."""
    cast.expect_trouble("status of 404")
    person = await cast.person(locale="zh-CN")
    said: list[str] = []
    for path in ("/", "/rooms/没有/"):
        await person.open(path)
        await expect(person.name_field).to_be_visible()
        said.append(await words_on(person.page))
    await person.give_name("阿茶")
    await person.page.get_by_role("button", name="新建这个房间").click()
    await person.say("一")
    await expect(person.page.locator(".message.pending")).to_have_count(0)
    await person.choose("一")
    said.append(await words_on(person.page))
    await person.page.keyboard.press("Escape")
    await person.page.locator("teahouse-settings button").click()
    said.append(await words_on(person.page))
    latin = {word for text in said for word in text.split() if word.isascii() and word.isalpha()}
    assert latin <= {"Teahouse", "Main", "English"}


async def words_on(page: Page) -> str:
    """All text and all labels, through every shadow root."""
    text: str = await page.evaluate("""() => {
        const said = [document.title];
        const walk = (node) => {
            if (node.nodeType === Node.TEXT_NODE) said.push(node.data);
            if (['SCRIPT', 'STYLE', 'NOSCRIPT'].includes(node.tagName)) return;
            for (const name of ['aria-label', 'title', 'placeholder', 'alt'])
                if (node.getAttribute?.(name)) said.push(node.getAttribute(name));
            for (const child of [...(node.shadowRoot?.childNodes ?? []), ...node.childNodes]) walk(child);
        };
        walk(document.body);
        return said.join(' ');
    }""")
    return text


async def test_without_motion_nothing_moves(cast: Cast, room: str) -> None:
    person = await cast.person("Ada", f"/rooms/{room}/", reduced_motion="reduce")
    moving = await person.page.evaluate("() => document.getAnimations().length")
    assert moving == 0
