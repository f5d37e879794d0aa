"""The page of access tokens: made, shown once, listed, revoked; and nobody else's."""

from __future__ import annotations

import re

from tests.api.http import Api
from tests.clients import Client
from tests.server.accounts import PASSWORD, ask, csrf, invite, press, sign_in, sign_up
from tests.servers import Answer, Browser, Teahouse

PAGE = "/account/tokens/"
HOOK = {"url": "https://hooks.invalid/", "events": ["closed"]}


def make(browser: Browser, **fields: str) -> Answer:
    wanted = {"label": "backup", "days": "30", "scopes": "read", "page": PAGE, **fields}
    return browser.post(f"{PAGE}make/", {"csrfmiddlewaretoken": csrf(browser, PAGE), **wanted})


def by_login(site: Teahouse, browser: Browser) -> Api:
    cookies = f"teahouse_session={browser.cookie('teahouse_session')}; teahouse_csrf={'a' * 32}"
    return Api(site.url, Cookie=cookies, X_CSRFToken="a" * 32)


def age(site: Teahouse, browser: Browser) -> None:
    """As if the password had been typed long ago."""
    key = browser.cookie("teahouse_session")
    script = (
        "from teahouse.server.sessions import SessionStore; from django.contrib.sessions.models import Session\n"
        f"store = SessionStore({key!r}); store['teahouse_proved_at'] = 0; store.save()"
    )
    status, said = site.command_line("manage", "shell", "--no-imports", "-c", script)
    assert status == 0, said


def secret_in(answer: Answer) -> str:
    found = re.search(r'value="(tok_[\w-]+)"', answer.text)
    assert found, answer.text
    return found[1]


def numbers(browser: Browser) -> list[str]:
    return re.findall(rf'action="{PAGE}(\d+)/revoke/"', browser.get(PAGE).text)


def test_a_token_is_made_shown_once_and_revoked(site: Teahouse, alice: Browser) -> None:
    answer = make(alice)
    assert answer.status == 200
    secret = secret_in(answer)
    with Api(site.url, secret) as api, Client(site.url, token=secret) as socket:
        assert api.ok("GET", "me")["scopes"] == ["read"]
        page = alice.get(PAGE).text
        assert "backup" in page
        assert secret not in page
        (number,) = numbers(alice)
        assert "revoked" in press(alice, f"{PAGE}{number}/revoke/", PAGE).text
        assert socket.closed() == (4001, "revoked")
        assert api.refused("GET", "me") == (401, "bad_token")
    assert numbers(alice) == []


def test_what_is_not_right_is_told_and_makes_nothing(site: Teahouse, alice: Browser) -> None:
    before = ask(site, "SELECT count(*) FROM teahouse_token")
    for wrong in ({"label": ""}, {"scopes": "all"}, {"days": "31"}, {"label": "x" * 81}):
        answer = make(alice, **wrong)
        assert answer.status == 400, wrong
        assert "errorlist" in answer.text
        assert "tok_" not in answer.text
    assert ask(site, "SELECT count(*) FROM teahouse_token") == before


def test_anothers_token_is_neither_listed_nor_revoked(site: Teahouse, alice: Browser) -> None:
    secret = secret_in(make(alice))
    (number,) = numbers(alice)
    bob = site.browser()
    sign_up(bob, invite(alice), "bob")
    assert numbers(bob) == []
    press(bob, f"{PAGE}{number}/revoke/", PAGE)
    with Api(site.url, secret) as api:
        assert api.ask("GET", "me").status == 200
    press(alice, f"{PAGE}{number}/revoke/", PAGE)


def test_who_typed_the_password_long_ago_types_it_again(site: Teahouse, alice: Browser) -> None:
    sign_up(site.browser(), invite(alice), "carol")
    carol = sign_in(site, "carol", PASSWORD)
    before = ask(site, "SELECT count(*) FROM teahouse_token")
    age(site, carol)
    assert "/account/confirm/" in make(carol).url
    with by_login(site, carol) as api:
        assert api.refused("POST", "tokens", {"label": "by the API"}) == (403, "sign_in_again")
        assert api.ok("GET", "tokens") == {"tokens": []}
    assert ask(site, "SELECT count(*) FROM teahouse_token") == before
    back = carol.submit(f"/account/confirm/?next={PAGE}", password=PASSWORD)
    assert back.url == f"{site.url}{PAGE}"
    assert secret_in(make(carol))
    with by_login(site, carol) as api:
        made = api.ok("POST", "tokens", {"label": "by the API"})
        assert api.refused("POST", "hooks", HOOK) == (403, "forbidden"), (
            "no owner is told to sign in for nothing"
        )
        age(site, carol)
        api.ok("DELETE", f"tokens/{made['id']}")


def test_an_owner_who_typed_the_password_long_ago_changes_no_webhook(site: Teahouse) -> None:
    """Pages and API alike; a token of theirs does."""
    alice = sign_in(site, "alice", PASSWORD)
    token = secret_in(make(alice, scopes="hooks"))
    with by_login(site, alice) as api, Api(site.url, token) as program:
        hook = f"hooks/{api.ok('POST', 'hooks', HOOK)['id']}"
        age(site, alice)
        for method, path, body in (
            ("POST", "hooks", HOOK),
            ("PATCH", hook, {"label": "x"}),
            ("POST", f"{hook}/deliveries/1/replay", None),
            ("DELETE", hook, None),
        ):
            assert api.refused(method, path, body) == (403, "sign_in_again"), (method, path)
        assert api.ok("GET", hook)["label"] == ""
        assert program.ok("PATCH", hook, {"label": "x"})["label"] == "x"
        program.ok("DELETE", hook)


def test_it_speaks_both_languages(alice: Browser) -> None:
    assert "Access tokens" in alice.get(PAGE, Accept_Language="en").text
    chinese = alice.get(PAGE, Accept_Language="zh-CN").text
    assert "访问令牌" in chinese
    assert "创建和更改房间" in chinese
