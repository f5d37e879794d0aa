"""Tokens: what they may be used for, how long, and that nothing is left of a revoked one. Logins and tickets beside."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.api.http import Api, Asking
from tests.clients import Client, Plain
from tests.live.cast import fresh
from tests.servers import Teahouse, make_owner

MAKE = """
from django.contrib.auth import get_user_model
from teahouse.actions.people import ensure_person, make_token
person = ensure_person(get_user_model().objects.create_user({name!r}))
for scopes in {scopes!r}:
    print("token", make_token(person, scopes=scopes.split()))
"""


def made(server: Teahouse, *scopes: str) -> list[str]:
    """Tokens of a new person, for these scopes."""
    script = MAKE.format(name=fresh("dora"), scopes=scopes)
    status, said = server.command_line("manage", "shell", "--no-imports", "-c", script)
    assert status == 0, said
    return [line.split()[1] for line in said.splitlines() if line.startswith("token ")]


@pytest.fixture(scope="module")
def scoped(server: Teahouse) -> Iterator[dict[str, Api]]:
    """One person with four tokens."""
    names = ("read", "write", "manage", "read write manage tokens")
    found = {name: Api(server.url, token) for name, token in zip(names, made(server, *names), strict=True)}
    yield found
    for each in found.values():
        each.connection.close()


def test_a_token_is_for_what_its_scopes_say(scoped: dict[str, Api]) -> None:
    everything = scoped["read write manage tokens"]
    room = everything.ok("POST", "rooms", {"title": fresh("Tea")})["room"]["room"]
    one = everything.ok("POST", f"rooms/{room}/messages", {"text": "tea"})["message"]
    for needed, method, path, body in (
        ("read", "GET", "rooms", None),
        ("read", "GET", f"rooms/{room}", None),
        ("read", "GET", f"rooms/{room}/messages", None),
        ("read", "GET", f"rooms/{room}/messages/{one}", None),
        ("read", "GET", "people?search=d", None),
        ("write", "POST", f"rooms/{room}/messages", {"text": "more"}),
        ("write", "PATCH", f"rooms/{room}/messages/{one}", {"text": "teas"}),
        ("write", "PUT", f"rooms/{room}/messages/{one}/reactions/x", None),
        ("write", "PUT", f"rooms/{room}/read", {"seq": 1}),
        ("manage", "POST", "rooms", {"title": fresh("Pot")}),
        ("manage", "PATCH", f"rooms/{room}", {"topic": fresh("topic")}),
        ("tokens", "GET", "tokens", None),
    ):
        for name, asking in scoped.items():
            answer = asking.ask(method, path, body)
            if needed in name.split():
                assert answer.status < 300, (name, method, path, answer)
            else:
                assert (answer.status, answer.code) == (403, "forbidden"), (name, method, path)
                assert needed in answer.json["detail"] or "read" in answer.json["detail"]
    for name, asking in scoped.items():
        assert asking.ok("GET", "me")["scopes"] == name.split()


def test_it_keeps_to_them_on_sockets(server: Teahouse) -> None:
    read, write = made(server, "read", "write")
    room = fresh("scoped")
    with Client(server.url, token=read) as reader, Client(server.url, token=write) as writer:
        assert reader.refused(do="subscribe", room=room, make=True) == "forbidden"
        with Client(server.url, "maker") as maker:
            maker.ok(do="subscribe", room=room, make=True)
        reader.ok(do="subscribe", room=room)
        assert reader.refused(do="send", room=room, key="1", text="x") == "forbidden"
        assert writer.refused(do="history", room=room) == "forbidden"
        stored = writer.ok(do="send", room=room, key="1", text="tea")
        assert reader.event()["message"]["id"] == stored["message"]
    with Plain(server.url, f"/wsmsg/{room}", additional_headers={"Authorization": f"Bearer {read}"}) as plain:
        plain.next()
        plain.send("x")
        assert plain.next().startswith("["), "a refusal"
    with Plain(
        server.url, f"/wsmsg/{room}", additional_headers={"Authorization": f"Bearer {write}"}
    ) as plain:
        assert plain.closed()[0] == 4001


def test_tokens_are_made_listed_and_revoked(server: Teahouse, scoped: dict[str, Api]) -> None:
    all_of_them = scoped["read write manage tokens"]
    answer = all_of_them.ask("POST", "tokens", {"label": "bot", "scopes": ["read"]})
    assert answer.status == 201
    secret = answer.json["token"]
    assert answer.headers["cache-control"] == "no-store"
    listed = {each["id"]: each for each in all_of_them.ok("GET", "tokens")["tokens"]}
    shown = {name: value for name, value in answer.json.items() if name != "token"}
    assert listed[answer.json["id"]] == shown
    assert secret not in str(listed)
    with Api(server.url, secret) as bot, Client(server.url, token=secret) as socket:
        assert bot.ok("GET", "me")["scopes"] == ["read"]
        all_of_them.ok("DELETE", f"tokens/{answer.json['id']}")
        assert socket.closed() == (4001, "revoked")
        assert bot.refused("GET", "me") == (401, "bad_token")
    assert answer.json["id"] not in {each["id"] for each in all_of_them.ok("GET", "tokens")["tokens"]}
    assert all_of_them.refused("DELETE", f"tokens/{answer.json['id']}") == (404, "not_found")


def test_a_token_makes_none_that_may_do_more(server: Teahouse) -> None:
    (token,) = made(server, "read tokens")
    with Api(server.url, token) as some:
        assert some.refused("POST", "tokens", {"scopes": ["write"]}) == (403, "forbidden")
        assert some.refused("POST", "tokens", {}) == (403, "forbidden"), "the usual scopes are more"
        assert some.ok("POST", "tokens", {"scopes": ["read"]})["scopes"] == ["read"]
        assert some.refused("POST", "tokens", {"scopes": ["all"]}) == (422, "invalid")
        soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        ends = some.ok("POST", "tokens", {"scopes": ["read", "tokens"], "expires_at": soon})
        with Api(server.url, ends["token"]) as ending:
            later = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
            assert ending.refused("POST", "tokens", {"scopes": ["read"], "expires_at": later}) == (
                422,
                "invalid",
            )
            assert ending.refused("POST", "tokens", {"scopes": ["read"]}) == (422, "invalid")
            ending.ok("POST", "tokens", {"scopes": ["read"], "expires_at": soon})
        past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
        assert some.refused("POST", "tokens", {"scopes": ["read"], "expires_at": past}) == (422, "invalid")


def test_nobody_lists_or_revokes_anothers(server: Teahouse, scoped: dict[str, Api]) -> None:
    (token,) = made(server, "tokens")
    number = scoped["read write manage tokens"].ok("GET", "tokens")["tokens"][0]["id"]
    with Api(server.url, token) as other:
        assert number not in {each["id"] for each in other.ok("GET", "tokens")["tokens"]}
        assert other.refused("DELETE", f"tokens/{number}") == (404, "not_found")


def test_an_expired_token_is_refused_everywhere_and_its_sockets_end(
    server: Teahouse, scoped: dict[str, Api]
) -> None:
    everything = scoped["read write manage tokens"]
    # By then all three are in, on a busy machine too.
    soon = (datetime.now(UTC) + timedelta(seconds=5)).isoformat()
    token = everything.ok("POST", "tokens", {"scopes": ["read", "write"], "expires_at": soon})["token"]
    headers = {"Authorization": f"Bearer {token}"}
    with (
        Client(server.url, token=token) as socket,
        Plain(server.url, "/wsmsg/main", additional_headers=headers) as plain,
        Api(server.url, token) as api,
    ):
        assert api.ok("GET", "me")["scopes"] == ["read", "write"]
        assert socket.closed() == (4001, "expired")
        assert plain.closed() == (4001, "expired")
        assert api.refused("GET", "me") == (401, "bad_token")
    with Client(server.url, hello=False) as late:
        assert late.refused(do="hello", v=1, token=token) == "bad_token"
    with Plain(server.url, "/wsmsg/main", additional_headers=headers) as plain:
        assert plain.closed()[0] == 4001


def test_a_login_needs_the_forms_token_for_what_changes_something() -> None:
    with Teahouse() as server:
        browser = make_owner(server)
        cookies = f"teahouse_session={browser.cookie('teahouse_session')}; teahouse_csrf={'a' * 32}"
        with Api(server.url, Cookie=cookies) as mei:
            me = mei.ok("GET", "me")
            assert (me["you"]["name"], me["scopes"]) == ("mei", None)
            assert mei.refused("POST", "rooms", {"title": "Tea"}) == (403, "csrf")
            assert mei.refused("POST", "rooms", {"title": "Tea"}, X_CSRFToken="b" * 32) == (403, "csrf")
            mei.ok("POST", "rooms", {"title": "Tea"}, X_CSRFToken="a" * 32)
            wrong = {"X_CSRFToken": "a" * 32, "Origin": "https://evil.example"}
            assert mei.refused("POST", "rooms", {"title": "Tea"}, **wrong) == (403, "forbidden")
            made = mei.ok("POST", "tokens", {"label": "laptop"}, X_CSRFToken="a" * 32)
            assert made["scopes"] == ["read", "write", "manage"]


def test_a_guest_speaks_with_a_ticket(asking: Asking) -> None:
    name = asking.alice.ok("POST", "rooms", {"title": fresh("Open")})["room"]["room"]
    asking.guest.ok("POST", f"rooms/{name}/messages", {"text": "hello"})
    told = asking.alice.ok("GET", f"rooms/{name}/messages")["messages"]
    assert [message["by"]["kind"] for message in told] == ["guest"]
    assert asking.guest.refused("POST", "tokens", {}) == (403, "forbidden")
    assert asking.guest.refused("GET", "people?search=a") == (403, "forbidden")
