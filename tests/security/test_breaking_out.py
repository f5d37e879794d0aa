"""Names, titles, topics and texts that want to be more than words, on every page that shows them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest

from tests.clients import Client, Plain
from tests.hostile import EXECUTES
from tests.security.asking import Site

ROOM = "breaking-out"
SCHEMES = {"", "http", "https", "mailto"}


class Page(HTMLParser):
    """What in a page could run: it holds nothing of it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.runs: list[str] = []
        self.words: list[str] = []
        self._apart = False  # In the data of a script, which is not markup.
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._apart = tag == "script"
        data = given.get("type") in ("application/json", "importmap")
        if (tag == "script" and not data and not given.get("src", "").startswith("/static/")) or tag in (
            *("style", "iframe", "object", "embed", "base", "math"),
        ):
            self.runs.append(self.get_starttag_text() or tag)
        for name, value in given.items():
            wrong = name.startswith("on") or name in ("style", "srcdoc", "formaction")
            if wrong or (name in ("href", "src", "action") and urlsplit(value.strip()).scheme not in SCHEMES):
                self.runs.append(f"<{tag} {name}={value}>")

    def handle_data(self, data: str) -> None:
        if not self._apart:
            self.words.append(data)


@pytest.fixture(scope="module")
def told(site: Site) -> Site:
    """Each of them said, by somebody who is called so as far as a name may be."""
    with Client(site.server.url, "Lan") as lan:
        lan.ok(do="subscribe", room=ROOM, make=True)
        for number, words in enumerate(EXECUTES):
            with Client(site.server.url, hello=False) as guest:
                if "ok" not in guest.ask(do="hello", v=1, name=words[:40]):
                    guest.ok(do="hello", v=1, name=f"n{number}")
                guest.say(ROOM, words)
    return site


def entitle(site: Site, words: str) -> None:
    with closing(sqlite3.connect(site.server.data / "teahouse.sqlite3", timeout=20)) as database, database:
        database.execute(
            "UPDATE teahouse_room SET title = ?, topic = ? WHERE slug = ?", [words[:120], words, ROOM]
        )


def test_a_rooms_page_shows_words(told: Site) -> None:
    for words in EXECUTES:
        entitle(told, words)
        page = Page(told.request("GET", f"/rooms/{ROOM}/")[1])
        assert page.runs == []
    shown = "".join(page.words)
    assert "<img src=x onerror=alert(1)>" in shown, "it is there, as it was typed"


@pytest.mark.parametrize("path", ["message/", "person/", "room/", "room/?q=" + "%22%3E%3Cscript%3E"])
def test_the_admin_shows_words(told: Site, path: str) -> None:
    entitle(told, "</script><script>alert(1)</script>")
    answer, text = told.request("GET", f"/admin/teahouse/{path}", told.cookie("site owner"))
    assert answer.status == 200
    assert Page(text).runs == []
    assert "<script>alert" not in text


def test_the_pages_around_show_words(told: Site) -> None:
    for words in EXECUTES:
        for path in ("/sign-in/?next=", "/rooms/", "/"):
            assert Page(told.request("GET", path + words)[1]).runs == []
        header = "".join(char for char in words if " " <= char <= "~")
        assert Page(told.request("GET", "/", Host=header, Accept_Language=header)[1]).runs == []


def test_a_plain_reader_gets_words(told: Site) -> None:
    with Plain(told.server.url, f"/wsmsg/{ROOM}") as reader, Client(told.server.url, "<i>Mei</i>") as mei:
        reader.next()
        for words in EXECUTES:
            mei.say(ROOM, words)
            label, _, text = reader.next().partition("<br>")
            assert "<i>" not in label
            assert not set(text) & set("<>\"'"), text
