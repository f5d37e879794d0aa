"""What every answer has, whom the site lets in under which name, static files, health."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients import Client
from tests.servers import Browser, Teahouse, make_owner

SITE = "https://chat.example.org"


@pytest.fixture(scope="module")
def site() -> Iterator[Teahouse]:
    """A site with an address of its own, behind a proxy on this machine."""
    with Teahouse(env={"TEAHOUSE_URL": SITE, "TEAHOUSE_PROXIES": "127.0.0.1"}) as server:
        yield server


def through_proxy(client: str = "203.0.113.5") -> dict[str, Any]:
    """What a proxy adds to a request."""
    return {"Host": "chat.example.org", "X_Forwarded_For": client, "X_Forwarded_Proto": "https"}


# Hosts


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "10.1.2.3:8000", "[::1]:8000", socket.gethostname()]
)
def test_without_an_address_own_names_are_let_in(teahouse: Teahouse, host: str) -> None:
    assert teahouse.browser().get("/", Host=host).status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "a b", "localhost.evil.example:8000", ""]
)
def test_without_an_address_foreign_names_are_refused(teahouse: Teahouse, host: str) -> None:
    answer = teahouse.browser().get("/", Host=host)
    assert answer.status == 400
    assert "<script" not in answer.text


def test_who_came_by_a_foreign_name_is_told_why(teahouse: Teahouse) -> None:
    said = teahouse.browser().get("/", Host="evil.example").text
    assert "evil.example" in said
    assert "TEAHOUSE_URL=" in said
    assert (
        "这不是本站的地址" in teahouse.browser().get("/", Host="evil.example", Accept_Language="zh-CN").text
    )


def test_with_an_address_that_one_is_let_in_alone(site: Teahouse) -> None:
    assert site.browser().get("/", **through_proxy()).status == 200
    for host in ("127.0.0.1", "localhost", "evil.example"):
        answer = site.browser().get("/", Host=host)
        assert answer.status == 400
        assert f'<a href="{SITE}/">' in answer.text
        assert "proxy_set_header Host" in answer.text


def test_health_answers_by_any_name(site: Teahouse) -> None:
    assert site.browser().get("/health/live", Host="10.0.0.7").status == 200
    assert site.browser().get("/health/ready", Host="pod-7").status == 200


# The address derives the rest


def test_https_makes_cookies_secure_and_says_so_for_later(site: Teahouse) -> None:
    answer = site.browser().get("/sign-in/", **through_proxy())
    assert "Secure" in answer.headers["Set-Cookie"]
    assert answer.headers["Strict-Transport-Security"] == f"max-age={30 * 24 * 3600}"
    assert "wss://chat.example.org" in answer.headers["Content-Security-Policy"]


def test_http_does_neither(teahouse: Teahouse) -> None:
    answer = teahouse.browser().get("/sign-in/")
    assert "Secure" not in answer.headers["Set-Cookie"]
    assert "Strict-Transport-Security" not in answer.headers
    assert f"ws://127.0.0.1:{teahouse.port}" in answer.headers["Content-Security-Policy"]


def test_the_links_printed_have_the_sites_address(site: Teahouse) -> None:
    assert f"{SITE}/\n" in site.output()
    assert site.owner_link.startswith(f"{SITE}/owner/")
    assert f"listening on {site.url}" in site.output()


def test_forms_are_taken_from_the_sites_origin_alone(site: Teahouse) -> None:
    right = sign_in_form(site, SITE)
    assert right == 400, "the form was looked at"
    assert sign_in_form(site, "https://evil.example") == 403
    assert sign_in_form(site, "http://chat.example.org") == 403


def sign_in_form(server: Teahouse, origin: str, client: str = "203.0.113.9") -> int:
    """The status of a sign-in without a password, which is a try too, and costs no hashing."""
    headers = through_proxy(client)
    page = server.browser().get("/sign-in/", **headers)
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    assert found
    # A Secure cookie, which a plain connection to the proxied server would not send.
    cookie = page.headers["Set-Cookie"].partition(";")[0]
    fields = {"username": "nobody", "password": "", "csrfmiddlewaretoken": found[1]}
    return (
        server.browser()
        .post("/sign-in/", fields, **headers, Origin=origin, Referer=f"{origin}/sign-in/", Cookie=cookie)
        .status
    )


def test_sockets_are_taken_from_the_sites_origin_alone(site: Teahouse) -> None:
    with Client(site.url, "mei", origin=SITE) as client:
        assert client.ok(do="ping") is not None
    with Client(site.url, hello=False, origin=site.url) as client:
        assert client.closed()[0] == 4003


# Proxies


def test_a_proxy_says_who_comes(site: Teahouse) -> None:
    """Seen by the tries of one address: those of another are its own."""
    statuses = [sign_in_form(site, SITE, "198.51.100.1") for _ in range(12)]
    assert statuses[-1] == 429
    assert sign_in_form(site, SITE, "198.51.100.2") == 400


def test_who_is_no_proxy_says_nothing(made: Teahouse) -> None:
    made.env["TEAHOUSE_PROXIES"] = "10.9.9.9"
    made.start()
    statuses = []
    for index in range(12):
        browser = made.browser()
        page = browser.get("/sign-in/")
        token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)[0]
        fields = {"username": "nobody", "password": "", "csrfmiddlewaretoken": token}
        statuses.append(browser.post("/sign-in/", fields, X_Forwarded_For=f"198.51.100.{index}").status)
    assert 429 in statuses, "all of them came from this machine"
    assert "Secure" not in made.browser().get("/sign-in/", X_Forwarded_Proto="https").headers["Set-Cookie"]


# Headers


@pytest.mark.parametrize("path", ["/", "/sign-in/", "/nowhere", "/admin/", "/owner/x/"])
def test_every_page_has_the_headers_that_protect_it(teahouse: Teahouse, path: str) -> None:
    answer = teahouse.browser().get(path)
    policy = dict(rule.split(" ", 1) for rule in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert policy["object-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "Server" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/sign-in/", "/sign-out/", "/nowhere", "/owner/x/"])
def test_no_page_needs_what_the_policy_forbids(teahouse: Teahouse, path: str) -> None:
    text = teahouse.browser().get(path).text
    assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>", text), "an inline script"
    assert not re.search(r"<style|\sstyle=|\son\w+=", text), "inline style or handler"
    assert not re.search(r'(src|href)="(https?:)?//', text), "something from elsewhere"


# Static files


@pytest.fixture(scope="module")
def stylesheet(teahouse: Teahouse) -> str:
    found = re.search(r'href="(/static/[^"]+/teahouse/page\.css)"', teahouse.browser().get("/sign-in/").text)
    assert found
    return found[1]


def test_a_static_file_is_kept_for_ever(teahouse: Teahouse, stylesheet: str) -> None:
    answer = teahouse.browser().get(stylesheet)
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/css")
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_under_an_old_address_it_is_served_and_not_kept(teahouse: Teahouse, stylesheet: str) -> None:
    old = re.sub(r"/static/\w+/", "/static/000000000000/", stylesheet)
    answer = teahouse.browser().get(old)
    assert answer.status == 200
    assert answer.text == teahouse.browser().get(stylesheet).text
    assert answer.headers["Cache-Control"] == "no-cache"
    again = teahouse.browser().get(old, If_None_Match=answer.headers["ETag"])
    assert again.status == 304
    assert again.text == ""


def test_what_is_no_static_file_is_not_served(teahouse: Teahouse, stylesheet: str) -> None:
    base = stylesheet.removesuffix("teahouse/page.css")
    for path in (
        "teahouse/",
        "nothing.css",
        "../../../settings.py",
        "%2e%2e/%2e%2e/conf.py",
        "teahouse/../../apps.py",
        "",
    ):
        assert teahouse.browser().get(base + path).status == 404, path
    assert teahouse.browser().post(stylesheet, {}).status == 405


def test_the_admins_files_are_there_too(teahouse: Teahouse, stylesheet: str) -> None:
    base = stylesheet.removesuffix("teahouse/page.css")
    assert teahouse.browser().get(f"{base}admin/css/base.css").status == 200


# Health


def test_health_says_how_it_is(teahouse: Teahouse) -> None:
    live = teahouse.browser().get("/health/live")
    assert (live.status, live.json()["state"]) == (200, "ok")
    ready = teahouse.browser().get("/health/ready")
    assert ready.status == 200
    assert ready.json()["state"] == "ok"
    assert ready.json()["database"] is True
    assert ready.headers["Cache-Control"] == "no-store"
    assert teahouse.browser().get("/health/other").status == 404


# Errors


def test_a_missing_page_says_so_in_both_languages(teahouse: Teahouse) -> None:
    assert "There is no such page" in teahouse.browser().get("/nowhere").text
    chinese = teahouse.browser().get("/nowhere", Accept_Language="zh-CN")
    assert chinese.status == 404
    assert "没有这个页面" in chinese.text


def test_the_language_of_the_site_is_for_browsers_without_one(made: Teahouse) -> None:
    made.env["TEAHOUSE_LANGUAGE"] = "zh-hans"
    made.start()
    assert "<h1>登录</h1>" in made.browser().get("/sign-in/").text
    assert "<h1>登录</h1>" in made.browser().get("/sign-in/", Accept_Language="fr").text
    assert "<h1>Sign in</h1>" in made.browser().get("/sign-in/", Accept_Language="en").text


def test_the_admin_shows_rooms_and_people_and_lets_nobody_else_in(made: Teahouse) -> None:
    made.start()
    owner = make_owner(made)
    with Client(made.url, "lan") as lan:
        lan.say("main", "Is the kettle on?")
    for page, shows in (
        ("room", "main"),
        ("person", "lan"),
        ("message", "Is the kettle on?"),
        ("token", "0 tokens"),
    ):
        answer = owner.get(f"/admin/teahouse/{page}/")
        assert answer.status == 200
        assert shows in answer.text
    assert owner.get("/admin/teahouse/message/add/").status == 403
    assert Browser(made.url).get("/admin/").url.startswith(f"{made.url}/sign-in/")
