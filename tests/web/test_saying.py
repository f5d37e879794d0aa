"""Speaking without JavaScript: a form below the conversation, and an ordinary POST."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from html import unescape

import pytest

from tests.clients import Client
from tests.live.cast import fresh
from tests.server.accounts import cookie
from tests.servers import Answer, Browser, Teahouse, make_owner


@pytest.fixture(scope="module")
def site() -> Iterator[Teahouse]:
    with Teahouse(env={"TEAHOUSE_LIMITS": "guests=200,per_second=1"}) as server:
        yield server


@pytest.fixture(scope="module")
def owner(site: Teahouse) -> Browser:
    return make_owner(site, name="Mei")


@pytest.fixture
def room(site: Teahouse) -> str:
    name = fresh("say")
    with Client(site.url, "opener") as client:
        client.ok(do="subscribe", room=name, make=True)
    return name


def hidden(page: Answer) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))


def say(browser: Browser, room: str, text: str, **more: str) -> Answer:
    """Fills in the form of the room's page."""
    page = browser.get(f"/rooms/{room}/say/")
    return browser.post(f"/rooms/{room}/say/", {**hidden(page), "text": text, **more})


def texts(site: Teahouse, room: str) -> list[str]:
    with Client(site.url, "reader") as reader:
        return [message["text"] for message in reader.ok(do="history", room=room)["messages"]]


def refused(answer: Answer) -> str:
    found = re.search(r'<p class="refused" role="alert">(.*?)</p>', answer.text)
    assert found, answer.text
    return unescape(found[1])


def test_a_visitor_gives_a_name_and_speaks(site: Teahouse, room: str) -> None:
    browser = site.browser()
    with Client(site.url, "Bob") as bob:
        bob.ok(do="subscribe", room=room)
        answer = say(browser, room, "hello\r\nfrom a form", name="Ada")
        heard = bob.event()
    assert heard["message"]["text"] == "hello\nfrom a form"
    assert heard["by"]["name"] == "Ada"
    assert (answer.status, answer.url) == (200, f"{site.url}/rooms/{room}/1/"), "the page of the new message"
    assert "from a form" in answer.text
    assert 'name="name"' not in answer.text, "who has one"
    again = say(browser, room, "and more")
    assert again.url.endswith("/2/")
    with Client(site.url, "reader") as reader:
        speakers = {message["by"]["id"] for message in reader.ok(do="history", room=room)["messages"]}
    assert speakers == {heard["by"]["id"]}


def test_who_is_signed_in_speaks_under_their_own_name(site: Teahouse, owner: Browser, room: str) -> None:
    with Client(site.url, "Bob") as bob:
        bob.ok(do="subscribe", room=room)
        assert say(owner, room, "signed in").status == 200
        joined, said = bob.event("member"), bob.event()
    assert joined["member"]["person"] == said["by"]
    assert (said["by"]["name"], said["by"]["kind"]) == ("Mei", "user")


def test_a_visitor_without_a_cookie_gets_the_form_when_they_ask_for_it(site: Teahouse, room: str) -> None:
    browser = site.browser()
    for path in ("/", f"/rooms/{room}/"):
        page = browser.get(path)
        assert "<textarea" not in page.text
        assert browser.cookie("teahouse_csrf") is None, "nor a cookie for it"
        link = re.search(r'href="([^"]*/say/)#say"', page.text)
        assert link, page.text
        assert "<textarea" in browser.get(link[1]).text
        assert browser.cookie("teahouse_csrf")
        assert "<textarea" in browser.get(path).text, "who has one gets it at once"
        browser = site.browser()
    assert browser.get("/rooms/Main/say/", follow=False).headers["Location"] == "/rooms/main/say/"
    assert browser.get("/rooms/ab-sent/say/").status == 404


def test_a_form_that_is_sent_twice_says_it_once(site: Teahouse, room: str) -> None:
    browser = site.browser()
    fields = {**hidden(browser.get(f"/rooms/{room}/say/")), "text": "once", "name": "Ada"}
    first = browser.post(f"/rooms/{room}/say/", fields, follow=False)
    assert (first.status, first.headers["Location"]) == (303, f"/rooms/{room}/1/")
    assert (
        browser.post(f"/rooms/{room}/say/", fields, follow=False).headers["Location"] == f"/rooms/{room}/1/"
    )
    # A page from the browser's memory, with something else in its form.
    another = browser.post(f"/rooms/{room}/say/", {**fields, "text": "another"}, follow=False)
    assert another.headers["Location"] == f"/rooms/{room}/2/"
    assert texts(site, room) == ["once", "another"]


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        (" \n", 400, "A message needs at least one visible character."),
        ("茶" * 10_001, 400, "The message is too long."),
        ("a\x00b", 400, "NUL"),
    ],
)
def test_what_cannot_be_said_stays_in_the_form(
    site: Teahouse, room: str, text: str, status: int, said: str
) -> None:
    answer = say(site.browser(), room, text, name="<Ada>")
    assert answer.status == status
    assert said in refused(answer)
    assert f">\n{text}</textarea>" in answer.text
    assert texts(site, room) == []


def test_a_name_that_cannot_be_is_asked_for_again(site: Teahouse, owner: Browser, room: str) -> None:
    browser = site.browser()
    taken = say(browser, room, "<b>kept</b>", name="Mei")
    assert (taken.status, refused(taken)) == (
        409,
        "Somebody with an account has this name. Please take another.",
    )
    assert "\n&lt;b&gt;kept&lt;/b&gt;</textarea>" in taken.text
    assert 'value="Mei"' in taken.text
    none = browser.post(
        f"/rooms/{room}/say/", {**hidden(taken), "text": "x", "name": " "}, Accept_Language="zh-CN"
    )
    assert (none.status, refused(none)) == (400, "名字由 1 到 40 个可见字符组成。")
    assert browser.cookie("teahouse_guest") is None


def test_an_archived_room_and_one_for_announcements(site: Teahouse, owner: Browser, room: str) -> None:
    browser = site.browser()
    say(browser, room, "before", name="Ada")
    login = {"Cookie": f"teahouse_session={owner.cookie('teahouse_session')}"}
    with Client(site.url, origin=site.url, additional_headers=login) as mei:
        mei.ok(do="change", room=room, speaking="moderators")
        answer = say(browser, room, "not here")
        assert (answer.status, refused(answer)) == (403, "You may read this room, but not speak here.")
        mei.ok(do="archive", room=room)
    page = browser.get(f"/rooms/{room}/")
    assert "nothing new is said here" in page.text
    assert "<textarea" not in page.text
    answer = browser.post(f"/rooms/{room}/say/", {**hidden(browser.get("/")), "text": "x"})
    assert answer.status == 403
    assert texts(site, room) == ["before"]


def test_a_room_that_is_not_yours_is_not_there(site: Teahouse, owner: Browser) -> None:
    login = {"Cookie": f"teahouse_session={owner.cookie('teahouse_session')}"}
    with Client(site.url, origin=site.url, additional_headers=login) as mei:
        private = mei.ok(do="make", title="secret", kind="private")["room"]["room"]
    browser = site.browser()
    fields = {**hidden(browser.get("/rooms/main/say/")), "text": "let me in", "name": "Eve"}
    answers = [browser.post(f"/rooms/{room}/say/", fields) for room in (private, "x" * len(private), "@me")]
    assert [answer.status for answer in answers] == [404, 404, 404]
    assert browser.cookie("teahouse_guest") is None, "nobody is made a guest for it"
    assert say(owner, private, "by its owner").url.endswith(f"/rooms/{private}/2/")


def test_the_rate_is_that_of_the_person(site: Teahouse, room: str) -> None:
    browser = site.browser()
    say(browser, room, "first", name="Ada")
    fields = {**hidden(browser.get(f"/rooms/{room}/")), "text": "too fast"}
    with Client(site.url, token=browser.cookie("teahouse_guest")) as ada:
        for turn in range(10):  # On a slow machine one more may be let through meanwhile.
            sent = [ada.put(do="send", room=room, key=f"k{turn}-{n}", text="fast") for n in range(50)]
            for number in sent:
                ada.reply_to(number)
            answer = browser.post(f"/rooms/{room}/say/", fields | {"key": f"form-{turn}"})
            if answer.status != 200:
                break
    assert (answer.status, refused(answer)) == (429, "That was too fast. Wait a moment and try again.")
    assert int(answer.headers["Retry-After"]) >= 1
    assert "too fast</textarea>" in answer.text


def test_a_form_of_another_site_says_nothing(site: Teahouse, room: str) -> None:
    browser = site.browser()
    say(browser, room, "mine", name="Ada")
    fields = hidden(browser.get(f"/rooms/{room}/"))
    evil = browser.post(f"/rooms/{room}/say/", {**fields, "text": "x"}, Origin="https://evil.example")
    del fields["csrfmiddlewaretoken"]
    assert [evil.status, browser.post(f"/rooms/{room}/say/", {**fields, "text": "x"}).status] == [403, 403]
    assert texts(site, room) == ["mine"]


def test_the_rooms_are_links_for_those_who_may_see_them(site: Teahouse, owner: Browser, room: str) -> None:
    visitor = site.browser()
    with Client(site.url, **cookie(owner)) as mei, Client(site.url, "Bob") as bob:
        secret = mei.ok(do="make", title="A <i>secret</i>", kind="private")["room"]["room"]
        mei.ok(do="join", room=room)
        bob.say(room, "news")
        bob.say(room, "more news")
    assert f'<a href="/rooms/{room}/">{room}</a>' in visitor.get("/rooms/").text
    assert f"/rooms/{secret}/" not in visitor.get("/rooms/").text
    own = owner.get("/rooms/").text
    assert f'<a href="/rooms/{secret}/">A &lt;i&gt;secret&lt;/i&gt;</a>' in own
    assert "2 unread" in own[own.index(f'"/rooms/{room}/"') :].partition("</li>")[0]
    assert own.count(f'"/rooms/{room}/"') == 1, "what is one's own is not among the others too"
    assert '<noscript><a class="account" href="/rooms/">Rooms</a>' in visitor.get(f"/rooms/{room}/").text
    with Client(site.url, **cookie(owner)) as mei:
        mei.ok(do="archive", room=room)
    assert "Archived" in visitor.get("/rooms/").text.partition(f'"/rooms/{room}/"')[2].partition("</li>")[0]


def test_more_rooms_than_a_page_has(site: Teahouse, room: str) -> None:
    names = [f"many-{number:03}" for number in range(205)]
    with closing(sqlite3.connect(site.data / "teahouse.sqlite3", timeout=20)) as database, database:
        columns = [name for _, name, *_ in database.execute("PRAGMA table_info(teahouse_room)")]
        others = ", ".join(f'"{name}"' for name in columns if name not in ("id", "slug"))
        copy = (
            f"INSERT INTO teahouse_room (slug, {others}) SELECT ?, {others} FROM teahouse_room WHERE slug = ?"
        )
        database.executemany(copy, [(name, room) for name in names])
    browser = site.browser()
    page, seen = "/rooms/", set[str]()
    while page:
        text = browser.get(page).text
        seen |= set(re.findall(r'href="/rooms/(many-\d+)/"', text))
        more = re.search(r'href="(\?after=[^"]+)"', text)
        page = f"/rooms/{unescape(more[1])}" if more else ""
    assert seen == set(names)
    assert browser.get("/rooms/?after=nowhere").text == browser.get("/rooms/").text
