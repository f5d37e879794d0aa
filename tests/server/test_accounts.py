"""The owner's link, signing in and out: what each does once, and whom each refuses."""

from __future__ import annotations

import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from teahouse.server.sessions import kept
from tests.clients import Client
from tests.servers import Answer, Browser, Teahouse, command_line, make_owner

PASSWORD = "a pot of oolong"


def ask(server: Teahouse, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(server.data / "teahouse.sqlite3", timeout=20)) as connection, connection:
        return list(connection.execute(query))


def new_link(server: Teahouse) -> str:
    status, said = server.command_line("owner-link")
    assert status == 0, said
    assert said.startswith(f"{server.url}/owner/")
    return said.strip()


def signed_in(browser: Browser) -> bool:
    return "Sign out</button>" in browser.get("/sign-out/").text


@pytest.fixture
def teahouse(made: Teahouse) -> Teahouse:
    """Each test has its own site: an owner is made only once."""
    made.start()
    return made


@pytest.fixture(scope="module")
def owned() -> Any:
    """A site with its owner, for tests that only sign in and out. Its rates are lifted."""
    with Teahouse(env={"TEAHOUSE_LIMITS": "off"}) as server:
        make_owner(server)
        yield server


# The owner's link


def test_the_link_makes_the_owner_signs_in_and_opens_the_admin(teahouse: Teahouse) -> None:
    browser = make_owner(teahouse, "梅")
    assert signed_in(browser)
    assert browser.get("/admin/").status == 200
    (row,) = ask(teahouse, "SELECT name, kind, is_owner FROM teahouse_person WHERE is_owner")
    assert row == ("梅", "user", 1)
    teahouse.restart()
    assert "/owner/" not in teahouse.output_of_this_start(), "a site with an owner prints no link"
    assert signed_in(browser), "a restart signs nobody out"


def test_a_used_link_says_so_and_where_to_sign_in(teahouse: Teahouse) -> None:
    link = teahouse.owner_link
    make_owner(teahouse)
    answer = teahouse.browser().get(link)
    assert answer.status == 410
    assert "The site has its owner" in answer.text
    assert "/sign-in/" in answer.text
    assert "teahouse manage changepassword" in answer.text
    assert "mei" not in answer.text, "who guesses links is told nothing"
    ask(teahouse, "UPDATE teahouse_person SET is_owner = 0")
    assert teahouse.browser().get(link).status == 410, "used is used, also when the owner is gone"


def test_a_link_that_ran_out_says_how_to_get_another(teahouse: Teahouse) -> None:
    link = teahouse.owner_link
    assert teahouse.browser().get(link).status == 200
    ask(teahouse, "UPDATE teahouse_onetimelink SET expires_at = '2020-01-01'")
    answer = teahouse.browser().get(link)
    assert answer.status == 410
    assert "teahouse owner-link" in answer.text
    assert teahouse.browser().get(new_link(teahouse)).status == 200


def test_a_guessed_link_makes_nobody_owner(teahouse: Teahouse) -> None:
    browser = teahouse.browser()
    assert browser.get("/owner/guessed/").status == 410
    browser.get("/sign-in/")
    token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', browser.get("/sign-in/").text)[0]
    fields = {"username": "mallory", "password": PASSWORD, "again": PASSWORD, "csrfmiddlewaretoken": token}
    assert browser.post("/owner/guessed/", fields).status == 410
    assert ask(teahouse, "SELECT count(*) FROM auth_user") == [(0,)]


def test_two_at_once_make_one_owner(teahouse: Teahouse) -> None:
    """The same link and another one, from four browsers in the same moment."""
    links = [teahouse.owner_link, teahouse.owner_link, new_link(teahouse), new_link(teahouse)]
    browsers = [teahouse.browser() for _ in links]
    forms = []
    for browser, link in zip(browsers, links, strict=True):
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', browser.get(link).text)
        assert found
        forms.append(found[1])
    together = Barrier(len(links))

    def send(index: int) -> Answer:
        fields = {
            "username": f"mei{index}",
            "password": PASSWORD,
            "again": PASSWORD,
            "csrfmiddlewaretoken": forms[index],
        }
        together.wait()
        return browsers[index].post(links[index], fields, follow=False)

    with ThreadPoolExecutor(len(links)) as threads:
        statuses = sorted(answer.status for answer in threads.map(send, range(len(links))))
    assert statuses == [302, 410, 410, 410]
    assert ask(teahouse, "SELECT count(*) FROM teahouse_person WHERE is_owner") == [(1,)]
    assert ask(teahouse, "SELECT count(*) FROM auth_user") == [(1,)]
    assert sum(signed_in(browser) for browser in browsers) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"again": "another pot"}, "The two passwords differ"),
        ({"password": "tea", "again": "tea"}, "too short"),
        ({"password": "12345678901", "again": "12345678901"}, "entirely numeric"),
        ({"password": "password123", "again": "password123"}, "too common"),
        ({"password": "meimeimei", "again": "meimeimei", "username": "meimeimei"}, "too similar"),
        ({"username": "two words"}, "valid username"),
        ({"username": ""}, "required"),
        ({"username": "梅" * 41}, "1 to 40 characters"),
    ],
)
def test_a_form_that_is_not_right_says_why_and_leaves_the_link(
    unowned: Teahouse, change: dict[str, str], said: str
) -> None:
    browser = unowned.browser()
    fields: dict[str, Any] = {"username": "mei", "password": PASSWORD, "again": PASSWORD, **change}
    answer = browser.submit(unowned.owner_link, **fields)
    assert answer.status == 400
    assert said in answer.text
    assert ask(unowned, "SELECT count(*) FROM auth_user") == [(0,)]
    assert browser.get(unowned.owner_link).status == 200


@pytest.fixture(scope="module")
def unowned() -> Any:
    with Teahouse(env={"TEAHOUSE_LIMITS": "off"}) as server:
        yield server


def test_the_command_makes_a_link_without_a_server_too(teahouse: Teahouse) -> None:
    teahouse.terminate()
    status, said = teahouse.command_line("owner-link", stdin="")
    assert status == 0
    assert "No server runs" in said
    path = re.search(r"/owner/\S+/", said)
    assert path
    teahouse.start()
    assert teahouse.browser().get(path[0]).status == 200


def test_the_command_refuses_where_there_is_an_owner_or_no_database(
    teahouse: Teahouse, tmp_path: Any
) -> None:
    make_owner(teahouse)
    status, said = teahouse.command_line("owner-link")
    assert status == 1
    assert "The site has its owner: mei" in said
    assert "teahouse manage changepassword mei" in said
    status, said = command_line("owner-link", "--data", str(tmp_path / "never served"))
    assert status == 1
    assert "teahouse serve" in said


def test_links_are_stored_as_digests(teahouse: Teahouse) -> None:
    token = teahouse.owner_link.rstrip("/").rpartition("/")[2]
    teahouse.terminate()
    assert all(token.encode() not in file.read_bytes() for file in teahouse.data.rglob("*") if file.is_file())


# Signing in


def test_passwords_are_kept_as_django_advises(tmp_path: Path) -> None:
    """Asked of an interpreter of its own: in those that are forked it is quick (tests/forked.py)."""
    code = "from django.contrib.auth.hashers import make_password; print(make_password('oolong'))"
    words = ("manage", "--data", str(tmp_path / "data"), "shell", "--no-imports", "-c", code)
    status, said = command_line(*words, fork=False)
    assert status == 0, said
    method, iterations, *_ = said.split("$")
    assert method == "pbkdf2_sha256"
    assert int(iterations) >= 1_000_000


def test_signing_in_and_out(owned: Teahouse) -> None:
    browser = owned.browser()
    assert not signed_in(browser)
    answer = browser.submit("/sign-in/", username="mei", password=PASSWORD)
    assert answer.url == f"{owned.url}/"
    assert signed_in(browser)
    assert browser.submit("/sign-out/").url == f"{owned.url}/"
    assert not signed_in(browser)


@pytest.mark.parametrize(("name", "password"), [("mei", "wrong"), ("nobody", PASSWORD), ("mei", "")])
def test_a_wrong_name_and_a_wrong_password_are_answered_alike(
    owned: Teahouse, name: str, password: str
) -> None:
    browser = owned.browser()
    answer = browser.submit("/sign-in/", username=name, password=password)
    assert answer.status == 400
    assert "correct" in answer.text or "required" in answer.text
    assert not signed_in(browser)


def test_it_goes_on_to_the_page_that_was_asked_for(owned: Teahouse) -> None:
    browser = owned.browser()
    asked = browser.get("/admin/")
    assert asked.url == f"{owned.url}/sign-in/?next=%2Fadmin%2F"
    answer = browser.submit(asked.url, username="mei", password=PASSWORD)
    assert answer.url == f"{owned.url}/admin/"
    assert answer.status == 200


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "https:evil.example",
        "javascript:alert(1)",
        "/\\evil.example",
    ],
)
def test_it_never_goes_on_to_another_site(owned: Teahouse, elsewhere: str) -> None:
    browser = owned.browser()
    hidden = browser.get("/sign-in/")
    token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', hidden.text)[0]
    fields = {"username": "mei", "password": PASSWORD, "next": elsewhere, "csrfmiddlewaretoken": token}
    answer = browser.post("/sign-in/", fields, follow=False)
    assert answer.status == 302
    assert answer.headers["Location"] == "/"


def test_signing_in_changes_the_session_key(owned: Teahouse) -> None:
    """Who planted a key in somebody's browser is not signed in with them."""
    browser = owned.browser()
    browser.submit("/sign-in/", username="mei", password=PASSWORD)
    first = browser.cookie("teahouse_session")
    browser.submit("/sign-in/", username="mei", password=PASSWORD)
    second = browser.cookie("teahouse_session")
    assert first is not None
    assert second is not None
    assert first != second
    keys = {key for (key,) in ask(owned, "SELECT session_key FROM django_session")}
    assert kept(second) in keys
    assert kept(first) not in keys
    assert signed_in(browser)


def test_keys_of_logins_are_stored_as_digests(teahouse: Teahouse) -> None:
    browser = make_owner(teahouse)
    key = browser.cookie("teahouse_session")
    assert key is not None
    ((stored,),) = ask(teahouse, "SELECT session_key FROM django_session")
    for cookie in (key, stored):
        seen = teahouse.browser().get("/", Cookie=f"teahouse_session={cookie}").text
        assert ("Sign out" in seen) == (cookie == key), "what is stored lets nobody in"
    browser.submit("/sign-out/")
    assert ask(teahouse, "SELECT count(*) FROM django_session") == [(0,)]
    teahouse.terminate()
    assert all(key.encode() not in file.read_bytes() for file in teahouse.data.rglob("*") if file.is_file())


def test_the_admins_own_pages_of_signing_in_and_out_are_ours(owned: Teahouse) -> None:
    browser = owned.browser()
    assert browser.get("/admin/login/?next=/admin/").url == f"{owned.url}/sign-in/?next=%2Fadmin%2F"
    browser.submit("/sign-in/", username="mei", password=PASSWORD)
    browser.submit("/admin/logout/")
    assert not signed_in(browser)


def test_signing_out_needs_the_form(owned: Teahouse) -> None:
    browser = owned.browser()
    browser.submit("/sign-in/", username="mei", password=PASSWORD)
    assert browser.get("/sign-out/").status == 200
    assert browser.post("/sign-out/", {}).status == 403
    assert signed_in(browser)


def test_a_form_from_another_site_is_refused(owned: Teahouse) -> None:
    browser = owned.browser()
    token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', browser.get("/sign-in/").text)[0]
    fields = {"username": "mei", "password": PASSWORD, "csrfmiddlewaretoken": token}
    answer = browser.post("/sign-in/", fields, Origin="https://evil.example")
    assert answer.status == 403
    assert "from another site" in answer.text
    assert browser.post("/sign-in/", fields).url == f"{owned.url}/"


def test_signing_out_ends_the_sockets_of_that_login_alone(owned: Teahouse) -> None:
    here, there = owned.browser(), owned.browser()
    for browser in (here, there):
        browser.submit("/sign-in/", username="mei", password=PASSWORD)
    with (
        Client(owned.url, origin=owned.url, additional_headers=_cookie(here)) as mine,
        Client(owned.url, origin=owned.url, additional_headers=_cookie(there)) as other,
        Client(owned.url, "lan") as guest,
    ):
        assert mine.you["name"] == "mei"
        assert mine.you["kind"] == "user"
        here.submit("/sign-out/")
        assert mine.closed()[0] == 4001
        assert other.ok(do="ping") is not None
        assert guest.ok(do="ping") is not None
    with Client(owned.url, origin=owned.url, additional_headers=_cookie(here)) as again:
        assert again.you["kind"] == "guest"


def _cookie(browser: Browser) -> dict[str, str]:
    return {"Cookie": f"teahouse_session={browser.cookie('teahouse_session')}"}


def test_too_many_tries_from_one_address_wait(teahouse: Teahouse) -> None:
    browser = make_owner(teahouse)
    browser.submit("/sign-out/")
    statuses = [browser.submit("/sign-in/", username="mei", password="").status for _ in range(12)]
    # One try was the owner's form.
    assert statuses[:8] == [400] * 8
    assert statuses[-1] == 429
    refused = browser.submit("/sign-in/", username="mei", password=PASSWORD)
    assert refused.status == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 20
    assert "Try again in" in refused.text
    assert not signed_in(browser)


def test_a_page_in_chinese_for_who_reads_chinese(owned: Teahouse) -> None:
    browser = owned.browser()
    assert "<h1>登录</h1>" in browser.get("/sign-in/", Accept_Language="zh-CN,zh;q=0.9").text
    assert "<h1>Sign in</h1>" in browser.get("/sign-in/", Accept_Language="en").text
