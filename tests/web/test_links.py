"""The page around a message: what is in it, for whom, with and without a script."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.clients import Client
from tests.servers import Teahouse
from tests.web.test_pages import first_page


@pytest.fixture(scope="module")
def site() -> Iterator[Teahouse]:
    """With a room in which 120 messages have been said."""
    with Teahouse(env={"TEAHOUSE_LIMITS": "off"}) as server:
        with Client(server.url, "梅") as mei:
            mei.ok(do="subscribe", room="茶馆", make=True)
            for n in range(1, 121):
                mei.say("茶馆", f"message {n}")
        yield server


def marked(text: str) -> list[str]:
    return re.findall(r'class="message[^"]* marked".*?<p class="text">([^<]*)<', text, re.DOTALL)


def test_it_is_what_history_answers_around_it(site: Teahouse) -> None:
    answer = site.browser().get("/rooms/%E8%8C%B6%E9%A6%86/60/")
    assert answer.status == 200
    page = first_page(answer)
    with Client(site.url, "Bob") as bob:
        assert page["history"] == bob.ok(do="history", room="茶馆", around=60, limit=50)
    assert page["at"] == 60
    assert marked(answer.text) == ["message 60"]
    # Links to what is around, and to the end, for who has no script.
    links = re.findall(r'<a class="link" href="([^"]+)">([^<]+)<', answer.text)
    base = "/rooms/%E8%8C%B6%E9%A6%86/"
    assert links == [
        (f"{base}35/", "Show earlier messages"),
        (f"{base}84/", "Show later messages"),
        (base, "Jump to newest"),
    ]


def test_at_the_ends_there_is_nothing_more(site: Teahouse) -> None:
    browser = site.browser()
    first, last = (browser.get(f"/rooms/%E8%8C%B6%E9%A6%86/{seq}/").text for seq in (1, 120))
    assert marked(first) == ["message 1"]
    assert "Show earlier messages" not in first
    assert marked(last) == ["message 120"]
    assert "Jump to newest" not in last


@pytest.mark.parametrize("seq", [0, 121, 10**9, 2**70])
def test_a_number_without_a_message_shows_what_is_there(site: Teahouse, seq: int) -> None:
    answer = site.browser().get(f"/rooms/%E8%8C%B6%E9%A6%86/{seq}/")
    assert answer.status == 200
    assert marked(answer.text) == []
    assert len(first_page(answer)["history"]["messages"]) == 25


def test_the_main_room_and_other_spellings(site: Teahouse) -> None:
    browser = site.browser()
    with Client(site.url, "Bob") as bob:
        seq = bob.say("main", "here")["seq"]
    assert marked(browser.get(f"/rooms/main/{seq}/").text) == ["here"]
    assert browser.get(f"/rooms/MAIN/{seq}/", follow=False).headers["Location"] == f"/rooms/main/{seq}/"


def test_a_room_that_is_not_there_or_not_yours(site: Teahouse) -> None:
    for path in ("/rooms/nowhere/1/", "/rooms/nowhere/"):
        assert site.browser().get(path).status == 404
    assert site.browser().get("/rooms/main/first/").status == 404


def test_a_quotation_is_read_from_what_it_quotes(site: Teahouse) -> None:
    browser = site.browser()
    with Client(site.url, "Bob") as bob:
        bob.ok(do="subscribe", room="quotes", make=True)
        said = bob.say("quotes", "shall we **meet**?")
        bob.ok(do="send", room="quotes", key="r", text="yes", reply=said["message"])
        quoted = '<span class="quoted-text">shall we meet?</span>'
        answer = browser.get("/rooms/quotes/")
        assert quoted in answer.text
        assert f'<a class="quotation" href="/rooms/quotes/{said["seq"]}/">' in answer.text
        bob.ok(do="edit", room="quotes", message=said["message"], text="<i class=x")
        assert '<span class="quoted-text">&lt;i class=x</span>' in browser.get("/rooms/quotes/").text
        bob.ok(do="delete", room="quotes", message=said["message"])
        text = browser.get("/rooms/quotes/").text
        assert '<span class="quoted-text faded">This message was deleted.</span>' in text
        assert "class=x" not in text


def test_a_message_of_a_thread_is_read_there_and_the_room_tells_of_it(site: Teahouse) -> None:
    with Client(site.url, "Bob") as bob:
        bob.ok(do="subscribe", room="threads", make=True)
        root = bob.say("threads", "the root")["message"]
        send = {"do": "send", "room": "threads", "thread": root}
        seqs = [bob.ok(**send, key=f"t{n}", text=f"answer {n}")["seq"] for n in range(2)]
        bob.say("threads", "beside it")
        of_room = bob.ok(do="history", room="threads", around=seqs[0], limit=50)
    browser = site.browser()
    room = browser.get("/rooms/threads/").text
    assert "answer" not in room
    assert f'<a class="thread" href="/rooms/threads/{seqs[1]}/"><span class="replies">2 replies<' in room
    answer = browser.get(f"/rooms/threads/{seqs[0]}/")
    assert marked(answer.text) == ["answer 0"]
    assert re.findall(r'<p class="text">([^<]*)<', answer.text) == ["the root", "answer 0", "answer 1"]
    assert '<a class="link" href="/rooms/threads/1/">Back to the room<' in answer.text
    # The script begins with the room around the root, and is told whose thread it is.
    assert first_page(answer)["history"] == of_room
    assert of_room["root"]["id"] == root
