"""People make rooms, ask others in, write to each other, and do in a room what they may do there, and nothing else."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.async_api import Locator, expect

from tests.browser.person import FRONT, WIDE, Cast, Person
from tests.browser.test_look import LANGUAGES, barriers, picture
from tests.clients import Client
from tests.server.accounts import cookie
from tests.servers import Teahouse, make_owner

pytestmark = pytest.mark.asyncio(loop_scope="session")

PASSWORD = "a pot of oolong"


@pytest.fixture(scope="module")
def site() -> Iterator[Teahouse]:
    """A server with three accounts: Mei, who owns it, Bob and Charlie. They sign in more often than people do."""
    with Teahouse(env={"TEAHOUSE_LIMITS": "off"}) as server:
        make_owner(server, name="Mei", password=PASSWORD)
        script = "from django.contrib.auth import get_user_model as users\n"
        for name in ("Bob", "Charlie"):
            script += f"users().objects.create_user({name!r}, password={PASSWORD!r})\n"
        status, said = server.command_line("manage", "shell", "-c", script)
        assert status == 0, said
        for name in ("Bob", "Charlie"):
            server.browser().submit("/sign-in/", username=name, password=PASSWORD)
        yield server


async def sign_in(cast: Cast, name: str, path: str = "/", **settings: Any) -> Person:
    person = await cast.person(**settings)
    await person.open(f"/sign-in/?next={path}")
    await person.page.locator("input[name=username]").fill(name)
    await person.page.locator("input[name=password]").fill(PASSWORD)
    await person.page.keyboard.press("Enter")
    await expect(person.composer).to_be_visible()
    await person.live()
    return person


def listed(person: Person, title: str) -> Locator:
    return person.page.locator("teahouse-rooms a").filter(has_text=title)


async def about(person: Person) -> Locator:
    await person.page.locator(f"{FRONT} button.info").click()
    details = person.page.locator(f"{FRONT} teahouse-details")
    await expect(details).to_be_visible()
    return details


async def test_a_room_is_made_and_its_owner_does_what_others_may_not(cast: Cast) -> None:
    bob = await sign_in(cast, "Bob")
    charlie = await sign_in(cast, "Charlie")
    await bob.page.get_by_role("button", name="Browse and make rooms").click()
    await bob.page.get_by_role("dialog").get_by_role("button", name="New room").click()
    await bob.page.get_by_role("textbox", name="Title").fill("Kettle watch")
    await bob.page.keyboard.press("Enter")
    await bob.page.wait_for_url("**/rooms/kettle-watch/")
    await expect(bob.page.get_by_role("heading", level=1)).to_have_text("Kettle watch")
    await bob.say("who is in?")

    # Charlie finds it, looks in, and may join but change nothing.
    await charlie.page.get_by_role("button", name="Browse and make rooms").click()
    await charlie.page.get_by_role("button", name=re.compile("Kettle watch")).click()
    await charlie.sees("who is in?")
    theirs = await about(charlie)
    for absent in ("Change", "Archive", "Remove Bob"):
        await expect(theirs.get_by_role("button", name=absent, exact=True)).to_have_count(0)
    await charlie.page.locator(".room-head").get_by_role("button", name="Join").click()
    await expect(theirs.get_by_role("button", name="Leave the room")).to_be_visible()

    ours = await about(bob)
    await expect(ours.locator(".people .name")).to_have_text(["Bob", "Charlie"])
    await ours.get_by_label("Role of Charlie").select_option("moderator")
    await expect(theirs.get_by_role("button", name="Change", exact=True)).to_be_visible()
    await theirs.get_by_role("button", name="Change", exact=True).click()
    await theirs.get_by_label("Title", exact=True).fill("Kettle club")
    await theirs.get_by_label("Topic").fill("Water, and when it boils")
    await theirs.get_by_role("button", name="Save").click()
    for person in (bob, charlie):
        await expect(person.page.get_by_role("heading", level=1)).to_have_text("Kettle club")
        await expect(listed(person, "Kettle club")).to_be_visible()
        await expect(person.page).to_have_title("Kettle club · Teahouse")

    await ours.get_by_text("Who may do what").click()
    await expect(ours.get_by_role("row", name="Invite people")).to_be_visible()
    await ours.get_by_role("button", name="Archive", exact=True).click()
    await ours.get_by_role("button", name="Really?").click()
    await expect(charlie.page.get_by_text("This room is archived")).to_be_visible()
    await expect(charlie.page.get_by_text("Archived (1)")).to_be_visible()
    await ours.get_by_role("button", name="Open again").click()
    await expect(charlie.composer).to_be_visible()


async def test_who_is_asked_into_a_private_room_sees_it_and_who_is_removed_does_not(cast: Cast) -> None:
    bob = await sign_in(cast, "Bob")
    charlie = await sign_in(cast, "Charlie")
    await bob.page.get_by_role("button", name="Browse and make rooms").click()
    await bob.page.get_by_role("dialog").get_by_role("button", name="New room").click()
    await bob.page.get_by_role("textbox", name="Title").fill("Surprise")
    await bob.page.get_by_label("Private: only members read it").check()
    await bob.page.get_by_role("button", name="Make the room").click()
    await bob.page.wait_for_url("**/rooms/surprise*/")
    await bob.say("a secret")
    ours = await about(bob)
    await ours.get_by_role("searchbox", name="Find people by name").fill("char")
    await ours.get_by_role("button", name="Add: Charlie").click()
    await expect(listed(charlie, "Surprise")).to_be_visible()
    await bob.say("@Charlie, sh!")
    await expect(listed(charlie, "Surprise").locator(".number")).to_have_text("@1")
    await listed(charlie, "Surprise").click()
    await charlie.sees("a secret", "@Charlie, sh!")
    theirs = await about(charlie)
    remove = ours.get_by_role("button", name="Remove Charlie")
    await remove.click()
    await expect(remove).to_have_text("Really?")
    await remove.click()
    await expect(charlie.page.get_by_text("You do not belong to this room any more.")).to_be_visible()
    await expect(listed(charlie, "Surprise")).to_have_count(0)
    await expect(charlie.page.get_by_text("a secret")).to_have_count(0)
    await expect(theirs).to_have_count(0)
    await expect(charlie.page.locator(f"{FRONT} .room-head button")).to_have_count(0)
    await expect(charlie.page.get_by_role("link", name="To the main room")).to_be_visible()
    # Asked in again, one reads it again.
    await ours.get_by_role("searchbox").fill("charl")
    await ours.get_by_role("button", name="Add: Charlie").click()
    await charlie.sees("a secret", "@Charlie, sh!")


async def test_one_writes_to_one_person(cast: Cast) -> None:
    bob = await sign_in(cast, "Bob")
    mei = await sign_in(cast, "Mei")
    await bob.page.keyboard.press("Control+k")
    await bob.page.get_by_role("combobox").fill("mei")
    await expect(bob.page.get_by_role("option", name="Mei")).to_be_visible()
    await bob.page.keyboard.press("Enter")
    await expect(bob.page.get_by_role("heading", level=1)).to_have_text("Mei")
    await bob.say("between us")
    await expect(listed(mei, "Bob").locator(".number")).to_have_text("1")
    await expect(mei.page).to_have_title(re.compile(r"^\(1\)"))
    for person, other in ((mei, "Bob"), (bob, "Mei")):
        await expect(listed(person, other).locator(".is-here")).to_be_visible()
        await expect(listed(person, other)).to_have_accessible_name(re.compile("here now"))
    await listed(mei, "Bob").click()
    await mei.sees("between us")
    await expect(mei.page.get_by_role("heading", level=1)).to_have_text("Bob")
    await expect(mei.page.get_by_text("Your conversation with Bob begins here.")).to_be_attached()
    await mei.page.get_by_role("button", name="New conversation").click()
    await mei.page.get_by_role("searchbox").fill("bob")
    await mei.page.get_by_role("button", name="Add: Bob").click()
    await mei.page.get_by_role("button", name="Begin the conversation").click()
    await mei.sees("between us")  # there is one for the two
    # What is new is all in view: nothing says that it stands further up.
    await expect(mei.page.get_by_role("button", name="unread")).to_have_count(0)


async def test_another_name_of_the_place_is_on_open_pages_at_once(cast: Cast) -> None:
    bob = await sign_in(cast, "Bob")
    mei = await sign_in(cast, "Mei")
    for name in ("The <b>Kettle</b>", "Teahouse"):
        await mei.open("/welcome/")
        await mei.page.get_by_label("Name of the place").fill(name)
        await mei.page.get_by_role("button", name="Save and go on").click()
        await expect(bob.page.locator("a.place")).to_have_text(name)
        await expect(bob.page).to_have_title(f"Main · {name}")


EVIL = "<img src=x onerror=alert(1)>"
# What markup would have made, through every shadow root.
MADE = """() => {
    const found = [];
    const walk = node => {
        const given = node.getAttributeNames?.() ?? [];
        if (given.some(name => name.startsWith("on")) || node.getAttribute?.("src") === "x") found.push(node.outerHTML);
        for (const child of [...(node.shadowRoot?.childNodes ?? []), ...node.childNodes]) walk(child);
    };
    walk(document.documentElement);
    return found;
}"""


async def test_a_name_a_title_and_a_topic_are_words_wherever_they_stand(cast: Cast, site: Teahouse) -> None:
    browser = site.browser()
    browser.submit("/sign-in/", username="Charlie", password=PASSWORD)
    browser.submit("/account/", name=EVIL, status=EVIL)
    mei = await sign_in(cast, "Mei")
    page = mei.page
    with Client(site.url, **cookie(browser)) as charlie:
        others = charlie.ok(do="people", search="mei")["people"][0]["id"]
        room = charlie.ok(do="make", title=EVIL, topic=EVIL)["room"]["room"]
        charlie.ok(do="invite", room=room, people=[others])
        charlie.ok(do="subscribe", room=room)
        said = charlie.say(room, f"@Mei {EVIL}")
        charlie.ok(do="send", room=room, key="t", text=f"@Mei {EVIL}", thread=said["message"])
        charlie.ok(do="edit", room=room, message=said["message"], text=f"@Mei {EVIL} again")
        direct = charlie.ok(do="direct", people=[others])["room"]["room"]
        charlie.say(direct, EVIL)

        async def shows(place: str | Locator) -> None:
            found = page.locator(place).first if isinstance(place, str) else place
            await expect(found).to_contain_text(EVIL)
            assert await page.evaluate(MADE) == []

        for title in await listed(mei, EVIL).all():
            await shows(title)
        await page.goto(f"{site.url}/rooms/{room}/")
        await mei.live()
        for place in ("h1", ".topic", ".message .text", ".message .by .name", "teahouse-people .name"):
            await shows(f"{FRONT} {place}")
        await shows(await about(mei))
        await mei.choose("again", "Reply")
        await shows(f"{FRONT} .replying")
        await mei.message("again").get_by_role("button", name="edited").click()
        await shows(f"{FRONT} .edits")
        await page.keyboard.press("Escape")
        for button, place in (
            (".needs .entry >> nth=0", ".need"),
            (".needs .entry >> nth=1", "dialog[open]"),
            (".group-head button >> nth=0", ".open-rooms"),
            (".go-to", ".found"),
        ):
            await page.locator(button).click()
            await shows(place)
            await page.keyboard.press("Escape")
        charlie.ok(do="typing", room=room)
        await shows(mei.state)
        await listed(mei, EVIL).last.click()
        await shows(f"{FRONT} h1")
        charlie.ok(do="remove", room=room, person=others)
    for path in ("/rooms/", f"/people/{charlie.you['id']}/", "/account/people/", "/account/invitations/"):
        await page.goto(site.url + path)
        await shows("main")
    browser.submit("/account/", name="", status="")


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("zh", "dark")])
async def test_nobody_is_shut_out_of_what_stands_around(cast: Cast, language: str, theme: str) -> None:
    mei = await sign_in(cast, "Mei", locale=LANGUAGES[language], color_scheme=theme, viewport=WIDE)
    page = mei.page
    found: dict[str, list[str]] = {}
    await (await about(mei)).locator("summary").click()
    found["about"] = await barriers(page)
    await picture(mei, f"about-{language}-{theme}")
    await page.locator(f"{FRONT} teahouse-details .about button").click()
    found["change"] = await barriers(page)
    await picture(mei, f"change-{language}-{theme}")
    for name, button in (
        ("rooms", ".group-head button >> nth=0"),
        ("direct", ".group-head button >> nth=1"),
        ("keys", ".self button"),
    ):
        await page.locator(button).click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        found[name] = await barriers(page)
        await picture(mei, f"{name}-{language}-{theme}")
        if name == "rooms":
            await page.get_by_role("dialog").locator(".strong").click()
            found["make"] = await barriers(page)
            await picture(mei, f"make-{language}-{theme}")
        await page.keyboard.press("Escape")
    await page.keyboard.press("Control+k")
    await expect(page.get_by_role("option").first).to_be_visible()
    found["switcher"] = await barriers(page)
    await picture(mei, f"switcher-{language}-{theme}")
    assert found == {what: [] for what in found}
