"""The pages over HTTP: what is in the first view, who sees it, and how a guest is made."""

import json
import re
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest

from tests.clients import Client
from tests.servers import Answer, Browser, Teahouse, make_owner


@pytest.fixture(scope="module")
def site() -> Iterator[Teahouse]:
    with Teahouse(env={"TEAHOUSE_LIMITS": "guests=200"}) as server:
        yield server


@pytest.fixture(scope="module")
def owner(site: Teahouse) -> Browser:
    return make_owner(site, name="Mei")


def first_page(answer: Answer) -> dict[str, Any]:
    """The JSON that the page's script begins with."""
    found = re.search(r'<script type="application/json">(.*?)</script>', answer.text, re.DOTALL)
    assert found is not None
    page: dict[str, Any] = json.loads(found[1])
    return page


def become_guest(browser: Browser, name: str, **headers: Any) -> Answer:
    token = browser.get("/guest/").json()["csrf"]
    return browser.post("/guest/", {"name": name, "csrfmiddlewaretoken": token}, **headers)


# The first view


def test_the_page_holds_what_history_answers(site: Teahouse) -> None:
    with Client(site.url, "梅") as client, Client(site.url, "Bob") as bob:
        client.ok(do="subscribe", room="same-shape", make=True)
        first = client.say("same-shape", "**bold**")
        for n in range(56):  # More events than a page has messages; as many of each as may be at once.
            who = (client, bob)[n // 28]
            who.ok(do="react", room="same-shape", message=first["message"], emoji="🍵", on=n % 2 == 0)
        client.say("same-shape", "plain")
        page = first_page(site.browser().get("/rooms/same-shape/"))
        assert page["history"] == client.ok(do="history", room="same-shape", limit=50)
        assert page["room"] == client.ok(do="subscribe", room="same-shape")["room"]
        assert page["you"] is None
        assert [message["text"] for message in page["history"]["messages"]] == ["**bold**", "plain"]


def test_what_was_said_is_text_in_page_and_data(site: Teahouse) -> None:
    with Client(site.url, "<i>梅</i>") as client:
        client.ok(do="subscribe", room="markup", make=True)
        client.say("markup", "</script><script>alert(1)</script>")
        answer = site.browser().get("/rooms/markup/")
    assert "<script>alert" not in answer.text
    assert "&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text
    assert "&lt;i&gt;梅&lt;/i&gt;" in answer.text
    assert first_page(answer)["history"]["messages"][0]["text"] == "</script><script>alert(1)</script>"


class Links(HTMLParser):
    """What a page loads, and what in it a content policy without exceptions forbids."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.inline += [f"{tag} {name}" for name in given if name == "style" or name.startswith("on")]
        if tag == "style" or (
            tag == "script" and not given.get("src") and given.get("type") != "application/json"
        ):
            self.inline.append(tag)
        for name in ("src", "href"):
            if tag in ("script", "link", "img") and given.get(name):
                self.loads.append(str(given[name]))


def test_a_room_loads_only_what_the_server_has(site: Teahouse) -> None:
    answer = site.browser().get("/")
    links = Links()
    links.feed(answer.text)
    assert links.inline == []
    assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]
    assert len(links.loads) > 30, "all modules are asked for at once"
    for link in links.loads:
        assert link.startswith("/static/") or link == "/manifest.webmanifest", link
        assert site.browser().get(link).status == 200, link


def test_a_page_is_kept_by_nobody(site: Teahouse) -> None:
    """It is one person's, and holds the last messages."""
    for path in ("/", "/rooms/nowhere/", "/guest/"):
        assert "no-store" in site.browser().get(path).headers["Cache-Control"]


# Rooms


@pytest.mark.parametrize(
    ("path", "leads_to"), [("/rooms/main/", "/"), ("/rooms/MAIN/", "/"), ("/rooms/Tee/", "/rooms/tee/")]
)
def test_a_room_has_one_address(site: Teahouse, path: str, leads_to: str) -> None:
    answer = site.browser().get(path, follow=False)
    assert (answer.status, answer.headers["Location"]) == (302, leads_to)


def test_a_room_in_any_script(site: Teahouse) -> None:
    with Client(site.url, "梅") as client:
        client.ok(do="subscribe", room="茶馆", make=True)
    answer = site.browser().get(f"/rooms/{quote('茶馆')}/")
    assert answer.status == 200
    assert first_page(answer)["room"]["title"] == "茶馆"


def test_a_room_that_is_not_there_looks_like_one_that_is_not_yours(site: Teahouse, owner: Browser) -> None:
    with Client(site.url, "梅") as client:
        client.ok(do="subscribe", room="hidden", make=True)
        client.say("hidden", "a secret")
    with sqlite3.connect(site.data / "teahouse.sqlite3") as database:
        database.execute(
            "UPDATE teahouse_room SET kind = 'private', rights = rights + 1 WHERE slug = 'hidden'"
        )
        person = database.execute("SELECT id FROM teahouse_person WHERE name = 'Mei'").fetchone()[0]
        room = database.execute("SELECT id FROM teahouse_room WHERE slug = 'hidden'").fetchone()[0]
        insert = (
            "INSERT INTO teahouse_member (room_id, person_id, role, read, joined_at, level)"
            " VALUES (?, ?, 'member', 0, 0, '')"
        )
        database.execute(insert, [room, person])
    database.close()
    hidden = site.browser().get("/rooms/hidden/")
    absent = site.browser().get("/rooms/absent/")
    assert (hidden.status, absent.status) == (404, 404)
    assert first_page(hidden) == {"missing": True, "you": None}
    assert hidden.text.replace("hidden", "absent") == absent.text
    # Its member does see it: the room is there.
    seen = owner.get("/rooms/hidden/")
    assert seen.status == 200
    assert "a secret" in seen.text


@pytest.mark.parametrize("name", ["@me", "@1", "two words", "a.b", "x" * 65, "%00"])
def test_what_can_be_no_room_is_none(site: Teahouse, name: str) -> None:
    answer = site.browser().get(f"/rooms/{name if '%' in name else quote(name)}/")
    assert answer.status == 404


# Who one is


def test_a_guest_is_made_once_and_known_again(site: Teahouse) -> None:
    browser = site.browser()
    assert browser.get("/guest/").json()["you"] is None
    made = become_guest(browser, "  林  小梅 ")
    assert made.status == 200
    you = made.json()["you"]
    assert you == {"id": you["id"], "name": "林 小梅", "kind": "guest"}
    cookie = next(value for value in made.headers.get_all("Set-Cookie", []) if "teahouse_guest" in value)
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")}
    assert "Secure" not in cookie, "this server is reached by http"
    assert browser.get("/guest/").json()["you"] == you
    assert first_page(browser.get("/"))["you"] == you
    assert site.browser().get("/guest/").json()["you"] is None


def test_a_guest_leaves_the_name_behind(site: Teahouse) -> None:
    browser = site.browser()
    become_guest(browser, "Ada")
    token = browser.get("/guest/").json()["csrf"]
    assert browser.post("/guest/leave/", {"csrfmiddlewaretoken": token}).json() == {"you": None}
    assert browser.get("/guest/").json()["you"] is None


@pytest.mark.parametrize("path", ["/guest/", "/guest/leave/"])
def test_another_sites_form_changes_nothing(site: Teahouse, path: str) -> None:
    browser = site.browser()
    assert browser.post(path, {"name": "Ada"}).status == 403
    token = browser.get("/guest/").json()["csrf"]
    foreign = browser.post(path, {"name": "Ada", "csrfmiddlewaretoken": token}, Origin="http://evil.test")
    assert foreign.status == 403
    assert browser.cookie("teahouse_guest") is None
    assert browser.get("/guest/leave/").status == 405


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("", 400, "invalid"),
        (" \t ", 400, "invalid"),
        ("x" * 41, 400, "invalid"),
        ("a\u202eb", 400, "invalid"),
        ("ＭＥＩ", 409, "name_taken"),
    ],
)
def test_a_name_that_cannot_be_is_refused(
    site: Teahouse, owner: Browser, name: str, status: int, code: str
) -> None:
    browser = site.browser()
    answer = become_guest(browser, name)
    assert (answer.status, answer.json()["error"]["code"]) == (status, code)
    assert browser.cookie("teahouse_guest") is None
    assert become_guest(browser, "x" * 40).status == 200


def test_a_broken_ticket_is_no_ticket(site: Teahouse) -> None:
    browser = site.browser()
    become_guest(browser, "Ada")
    ticket = browser.cookie("teahouse_guest")
    assert ticket is not None
    for broken in (ticket[:-2], "tkt_" + "x" * 40, ticket.removeprefix("tkt_"), "1"):
        answer = site.browser().get("/guest/", Cookie=f"teahouse_guest={broken}")
        assert answer.json()["you"] is None
    assert site.browser().get("/guest/", Cookie=f"teahouse_guest={ticket}").json()["you"] is not None


def test_who_was_deactivated_is_nobody(site: Teahouse) -> None:
    browser = site.browser()
    you = become_guest(browser, "Ada").json()["you"]
    with sqlite3.connect(site.data / "teahouse.sqlite3") as database:
        when = "2026-11-22 00:00:00"
        database.execute("UPDATE teahouse_person SET deactivated_at = ? WHERE id = ?", [when, you["id"]])
    database.close()
    assert browser.get("/guest/").json()["you"] is None
    assert first_page(browser.get("/"))["you"] is None


def test_who_is_signed_in_is_no_guest(site: Teahouse, owner: Browser) -> None:
    you = first_page(owner.get("/"))["you"]
    assert (you["name"], you["kind"]) == ("Mei", "user")
    assert become_guest(owner, "Somebody else").json()["you"] == you
    assert owner.cookie("teahouse_guest") is None


def test_new_guests_have_a_rate() -> None:
    with Teahouse(env={"TEAHOUSE_LIMITS": "guests=2"}) as site:
        assert [become_guest(site.browser(), "Ada").status for _ in range(2)] == [200, 200]
        refused = become_guest(site.browser(), "Ada")
        assert refused.status == 429
        assert refused.json()["error"]["code"] == "too_fast"
        assert 1 <= int(refused.headers["Retry-After"]) <= 31


def test_where_guests_are_not_let_in_one_signs_in_first() -> None:
    with Teahouse(env={"TEAHOUSE_GUESTS": "no"}) as site:
        answer = site.browser().get("/", follow=False)
        assert (answer.status, answer.headers["Location"]) == (302, "/sign-in/?next=/")
        assert site.browser().get("/rooms/", follow=False).headers["Location"] == "/sign-in/?next=/rooms/"
        refused = become_guest(site.browser(), "Ada")
        assert (refused.status, refused.json()["error"]["code"]) == (403, "guests_refused")
        assert first_page(make_owner(site).get("/"))["you"]["kind"] == "user"


# Times and threads


def test_times_are_those_of_the_world_wherever_the_server_stands() -> None:
    with Teahouse(env={"TEAHOUSE_TIME_ZONE": "Asia/Shanghai"}) as site:
        with Client(site.url, "梅") as client:
            client.ok(do="subscribe", room="main")
            client.say("main", "now")
            told = client.ok(do="history", room="main")["messages"][0]["at"]
        assert abs(datetime.fromisoformat(told) - datetime.now(UTC)) < timedelta(minutes=1)
        answer = site.browser().get("/")
        assert first_page(answer)["history"]["messages"][0]["at"] == told
        here = datetime.fromisoformat(told).astimezone(ZoneInfo("Asia/Shanghai"))
        assert f">{here:%H:%M}</time>" in answer.text


def test_a_server_that_was_stopped_has_let_go_of_its_database() -> None:
    """SQLite removes its log behind the last connection; the threads that make pages keep theirs till the end."""
    with Teahouse() as site:
        with ThreadPoolExecutor(8) as readers:
            assert {
                answer.status for answer in readers.map(lambda _: site.browser().get("/"), range(24))
            } == {200}
        assert (site.data / "teahouse.sqlite3-wal").exists(), "it is open"
        assert site.terminate() == 0
        assert not (site.data / "teahouse.sqlite3-wal").exists()


# Language and theme


def test_the_page_speaks_the_browsers_language(site: Teahouse) -> None:
    chinese = site.browser().get("/", Accept_Language="zh-CN,zh;q=0.9")
    assert 'lang="zh-hans"' in chinese.text
    assert "跳到正文" in chinese.text
    english = site.browser().get("/", Accept_Language="fr,en;q=0.5")
    assert 'lang="en"' in english.text
    assert "Skip to the content" in english.text
    chosen = site.browser().get("/", Accept_Language="en", Cookie="django_language=zh-hans")
    assert 'lang="zh-hans"' in chosen.text


def test_the_page_comes_in_the_chosen_theme(site: Teahouse) -> None:
    for theme in ("dark", "light"):
        answer = site.browser().get("/", Cookie=f"teahouse_theme={theme}")
        assert f'data-theme="{theme}"' in answer.text
    for nonsense in ("", '"><script>', "blue"):
        assert "data-theme" not in site.browser().get("/", Cookie=f"teahouse_theme={nonsense}").text
