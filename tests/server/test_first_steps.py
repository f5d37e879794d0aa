"""The owner's first steps: a name, rooms, an invitation; each may be left out. Alice owns, Bob is invited."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.clients import Client
from tests.server.accounts import ask, cookie, link_in, sign_up
from tests.servers import Answer, Browser, Teahouse

HOSTILE = '<b>"Reed" & Cup</b><script>x'
ESCAPED = "&lt;b&gt;&quot;Reed&quot; &amp; Cup&lt;/b&gt;&lt;script&gt;x"


def lines(answer: Answer) -> list[dict[str, Any]]:
    """The offered rooms of the page, as its form would send them."""
    rows = re.findall(r'<div class="new-room".*?</div>', answer.text, re.DOTALL)
    return [
        {
            "number": number,
            "offered": re.findall(r'-offered" value="(\w+)"', row)[0],
            "wanted": " checked>" in row,
            "title": re.findall(r'-title" value="([^"]*)"', row)[0],
            "kind": re.findall(r'<option value="(\w+)" selected', row)[0],
        }
        for number, row in enumerate(rows)
    ]


def make_rooms(browser: Browser, rooms: list[dict[str, Any]], main: str = "Main") -> Answer:
    fields = {"main-title": main, "room-TOTAL_FORMS": str(len(rooms))}
    for one in rooms:
        fields |= {f"room-{one['number']}-{name}": one[name] for name in ("offered", "title", "kind")}
        if one["wanted"]:
            fields[f"room-{one['number']}-wanted"] = "on"
    return browser.submit("/welcome/rooms/", follow=False, **fields)


def rooms_of(site: Teahouse) -> list[tuple[Any, ...]]:
    return ask(site, "SELECT title, kind, speaking FROM teahouse_room WHERE kind <> 'personal' ORDER BY id")


def test_the_owners_link_leads_to_them_and_each_may_be_left_out(site: Teahouse) -> None:
    assert "first steps" in site.output()
    with Teahouse() as other:
        browser = other.browser()
        answer = sign_up(browser, other.owner_link, "alice")
        assert answer.url == f"{other.url}/welcome/"
        for step, following in (("/welcome/", "/welcome/rooms/"), ("/welcome/rooms/", "/welcome/people/")):
            assert f'<a href="{following}">Skip</a>' in browser.get(step).text
        assert '<a href="/">Skip</a>' in browser.get("/welcome/people/").text
        assert '<a href="/welcome/">' in browser.get("/account/").text, "they are found again"
        assert rooms_of(other) == [("Main", "open", "everyone")]
        assert ask(other, "SELECT name FROM teahouse_site") == [("",)]


def test_the_name_stands_everywhere_and_its_markup_nowhere(site: Teahouse, alice: Browser) -> None:
    before = site.browser().get("/worker.js").text
    assert '"name": "Teahouse"' in site.browser().get("/manifest.webmanifest").text
    assert alice.submit("/welcome/", follow=False, name=f"  {HOSTILE} ").status == 302
    link = link_in(alice.submit("/welcome/people/", places="1", days="7"))
    try:
        anybody = site.browser()
        for path in ("/", "/sign-in/", link, "/offline/", "/nowhere/", "/reset/"):
            page = anybody.get(path).text
            assert f"{ESCAPED}</title>" in page, path
            assert f"<span>{ESCAPED}</span>" in page, path
            assert "<b>" not in page, path
            assert "<script>x" not in page, path
        assert f"invites you to {ESCAPED}" in anybody.get(link).text
        manifest = json.loads(anybody.get("/manifest.webmanifest").text)
        assert manifest["name"] == manifest["short_name"] == HOSTILE
        assert anybody.get("/worker.js").text != before, "the page that the browser keeps has the old name"
        assert "<b>" not in alice.get("/admin/").text
        assert f'value="{ESCAPED}"' in alice.get("/welcome/").text, "it can be changed"
    finally:
        alice.submit("/welcome/", name="")
    assert "<span>Teahouse</span>" in anybody.get("/sign-in/").text


@pytest.mark.parametrize("name", ["x" * 41, "tea\u202eesuoh", "\u200b\u200b", "\u3164"])
def test_a_name_that_deceives_is_refused_and_changes_nothing(
    site: Teahouse, alice: Browser, name: str
) -> None:
    alice.submit("/welcome/", name="The Kettle")
    answer = alice.submit("/welcome/", name=name)
    assert answer.status == 400
    assert 'class="errorlist"' in answer.text
    assert ask(site, "SELECT name FROM teahouse_site") == [("The Kettle",)]


def test_rooms_are_offered_and_made_once(site: Teahouse, alice: Browser) -> None:
    page = alice.get("/welcome/rooms/")
    offered = lines(page)
    assert [(one["title"], one["kind"]) for one in offered if one["title"]] == [
        ("Announcements", "news"),
        ("Small talk", "open"),
        ("Questions", "open"),
        ("Back room", "private"),
    ]
    assert [one["wanted"] for one in offered] == [True, True, False, False, False, False]
    chosen = [one | {"wanted": one["title"] in ("Announcements", "Back room")} for one in offered]
    chosen[-1] |= {"title": "<i>Leaves</i>"}
    with Client(site.url, **cookie(alice)) as owner, Client(site.url, "Lan") as guest:
        guest.ok(do="subscribe", room="main")
        owner.ok(do="subscribe", room="@me")
        assert make_rooms(alice, chosen, "The hall").status == 302
        assert guest.event("room", "main")["state"]["title"] == "The hall"
        told = {owner.event("room_added")["about"] for _ in range(3)}
        assert {"announcements", "i-leaves-i"} < told, "it is heard on all devices"
        (private,) = told - {"announcements", "i-leaves-i"}
        assert guest.refused(do="subscribe", room=private) == "not_found"
        assert owner.ok(do="subscribe", room=private)["role"] == "owner"
    made = [
        ("The hall", "open", "everyone"),
        ("Announcements", "open", "moderators"),
        ("Back room", "private", "everyone"),
        ("<i>Leaves</i>", "open", "everyone"),
    ]
    assert rooms_of(site) == made
    make_rooms(alice, chosen, "The hall")
    assert rooms_of(site) == made, "a form that is sent twice makes nothing twice"
    page = alice.get("/welcome/rooms/")
    assert "&lt;i&gt;Leaves&lt;/i&gt;" in page.text
    assert "<i>" not in page.text
    assert [one["title"] for one in lines(page)] == ["Small talk", "Questions", "", ""]
    assert not any(one["wanted"] for one in lines(page)), "who comes back chooses anew"


def test_a_title_that_nobody_sees_is_refused_and_nothing_is_made(site: Teahouse, alice: Browser) -> None:
    before = rooms_of(site)
    offered = lines(alice.get("/welcome/rooms/"))
    for wrong, main in (("\u200b", "Main"), ("Fine", "\u200b"), ("y" * 121, "Main")):
        rooms = [*(one | {"wanted": True} for one in offered[:-1]), offered[-1] | {"title": wrong}]
        answer = make_rooms(alice, rooms, main)
        assert answer.status == 400
        assert 'class="errorlist"' in answer.text
    assert rooms_of(site) == before


def test_the_offers_speak_the_language(alice: Browser) -> None:
    page = alice.get("/welcome/rooms/", Accept_Language="zh-CN")
    assert "闲聊" in page.text
    assert "Small talk" not in page.text


def test_the_invitation_is_shown_with_its_code_and_again_later(site: Teahouse, alice: Browser) -> None:
    ask(site, "UPDATE teahouse_invitation SET revoked_at = '2026-01-01'")
    page = alice.get("/welcome/people/")
    rooms = re.findall(r'name="rooms" value="(\d+)"[^>]* checked', page.text)
    assert rooms, "those that there are"
    assert alice.submit("/welcome/people/", places="none", days="7").status == 400
    answer = alice.submit("/welcome/people/", places="2", days="7", rooms=rooms[0])
    assert 'src="data:image/svg+xml' in answer.text
    link = link_in(answer)
    assert link_in(alice.get("/welcome/people/")) == link
    assert sign_up(bob := site.browser(), link, "bob").status == 200
    assert bob.get("/welcome/").status == 403
    assert "/welcome/" not in bob.get("/account/").text


def test_what_is_done_is_marked(alice: Browser) -> None:
    assert alice.get("/welcome/").text.count("(done)") == 3
