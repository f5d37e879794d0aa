"""What is wrong is told in one form, whatever it is: RFC 9457."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.api.http import Answer, Api, Asking
from tests.live.cast import accounts, fresh
from tests.servers import Teahouse


@pytest.mark.parametrize(
    ("body", "code", "says"),
    [
        (b"{", "bad_json", "JSON"),
        (b"[1]", "bad_json", "object"),
        (b'"text"', "bad_json", "object"),
        (b"\xff", "bad_json", "UTF-8"),
        (b'{"text":NaN}', "bad_json", "NaN"),
        (b"[" * 50_000, "bad_json", "JSON"),
        (b'{"text":' + b"9" * 5000 + b"}", "bad_json", "JSON"),
        (b"{}", "invalid", "text"),
        (b"", "invalid", "the body"),
        (b'{"text":7}', "invalid", "text"),
        (b'{"text":"\\ud800"}', "invalid", "surrogates"),
        (b'{"text":"\\u0000"}', "invalid", "NUL"),
        (b'{"text":"  "}', "empty", "visible"),
        (json.dumps({"text": "x" * 10_001}).encode(), "too_long", "10000"),
        (b'{"text":"x","reply":"one"}', "invalid", "reply"),
        (b'{"text":"x","thread":999999}', "not_found", "999999"),
    ],
)
def test_a_wrong_body(asking: Asking, room: str, body: bytes, code: str, says: str) -> None:
    answer = asking.bob.ask("POST", f"rooms/{room}/messages", body)
    assert answer.status == {"bad_json": 400, "not_found": 404}.get(code, 422)
    assert answer.code == code
    assert says in answer.json["detail"]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("messages?limit=0", "limit"),
        ("messages?limit=1e2", "limit"),
        ("messages?before=x", "before"),
        ("messages?before=1&after=1", "before, after"),
        ("messages?at=yesterday", "at"),
        ("messages?at=0.5", "RFC 3339"),
        ("messages/9007199254740992", "message"),
        ("messages/0", "message"),
        ("messages/two", "message"),
        ("members?limit=201", "limit"),
    ],
)
def test_a_wrong_query(asking: Asking, room: str, path: str, says: str) -> None:
    answer = asking.bob.ask("GET", f"rooms/{room}/{path}")
    assert (answer.status, answer.code) == (422, "invalid")
    assert says in answer.json["detail"]


def test_no_such_address_and_no_such_method(asking: Asking, room: str) -> None:
    assert asking.bob.refused("GET", "nowhere") == (404, "not_found")
    assert asking.bob.refused("POST", "") == (404, "not_found")
    answer = asking.bob.ask("DELETE", f"rooms/{room}/messages")
    assert (answer.status, answer.code) == (405, "not_allowed")
    assert answer.headers["allow"] == "GET, HEAD, POST"
    assert asking.nobody.refused("GET", "nowhere") == (401, "no_credential")


def test_other_bodies_than_json_and_too_big_ones(asking: Asking, room: str) -> None:
    address = f"rooms/{room}/messages"
    answer = asking.bob.ask("POST", address, b"text=hello", Content_Type="application/x-www-form-urlencoded")
    assert (answer.status, answer.code) == (415, "media_type")
    big = json.dumps({"text": "x", "more": "y" * 131_072}).encode()
    assert asking.bob.refused("POST", address, big) == (413, "too_large")


def test_who_brings_nothing_or_something_wrong(server: Teahouse, asking: Asking) -> None:
    nobody = asking.nobody.ask("GET", "me")
    assert (nobody.status, nobody.code, nobody.headers["www-authenticate"]) == (
        401,
        "no_credential",
        "Bearer",
    )
    for header, code in (
        ("Bearer tok_nothing", "bad_token"),
        ("Bearer tkt_nothing", "bad_token"),
        ("Bearer", "bad_token"),
        ("Basic YTpi", "bad_token"),
    ):
        answer = asking.nobody.ask("GET", "me", Authorization=header)
        assert (answer.status, answer.code) == (401, code), header
        assert answer.headers["www-authenticate"].startswith("Bearer")
    answer = asking.alice.ask("GET", "me", Origin="https://evil.example")
    assert (answer.status, answer.code) == (403, "forbidden")
    assert asking.alice.ask("GET", "me", Origin=server.url).status == 200


def test_what_did_not_change_is_not_sent_again(asking: Asking, room: str) -> None:
    address = f"rooms/{room}/messages"
    asking.alice.ok("POST", address, {"text": "tea"})
    first = asking.bob.ask("GET", address)
    assert first.headers["cache-control"] == "private, no-cache"
    assert "Authorization" in first.headers["vary"]
    etag = first.headers["etag"]
    assert asking.bob.ask("GET", address, If_None_Match=etag).status == 304
    head = asking.bob.ask("HEAD", address)
    assert (head.status, head.text, head.headers["etag"]) == (200, "", etag)
    asking.alice.ok("POST", address, {"text": "more"})
    assert asking.bob.ask("GET", address, If_None_Match=etag).status == 200


def quota(header: str) -> dict[str, dict[str, int]]:
    """A RateLimit header: name → parameters."""
    found: dict[str, dict[str, int]] = {}
    for item in header.split(", "):
        name, *rest = item.split(";")
        found[name.strip('"')] = {key: int(value) for key, value in (one.split("=") for one in rest)}
    return found


def test_rates_are_told_and_kept() -> None:
    """A server of its own, with limits."""
    with Teahouse(env={"TEAHOUSE_LIMITS": "per_second=1,burst=3"}) as server:
        (token,) = accounts(server, "Alice")
        with Api(server.url, token) as alice:
            room = alice.ok("POST", "rooms", {"title": "Tea"})["room"]["room"]
            page = alice.ask("GET", f"rooms/{room}/messages")
            reads = [
                page,
                alice.ask("GET", f"rooms/{room}/messages", If_None_Match=page.headers["etag"]),
                alice.ask("GET", f"rooms/{room}/events?offset=-1"),
                alice.ask("GET", "people/999999"),
            ]
            before = [
                alice.ask("GET", "nowhere"),
                alice.ask("PUT", "rooms"),
                alice.ask("POST", f"rooms/{room}/messages", b"{"),
                alice.ask("POST", f"rooms/{room}/messages", b"text=x", Content_Type="text/plain"),
                alice.ask("POST", f"rooms/{room}/messages", {"text": 1}),
                alice.ask("GET", "me", Authorization="Bearer tok_nothing"),
                alice.ask("GET", "me", Origin="https://evil.example"),
            ]
            reads.append(alice.ask("GET", "people/999999"))
            # However long each takes, one is refused at last.
            answers: list[Answer] = []
            while not answers or answers[-1].status != 429:
                answers.append(alice.ask("POST", f"rooms/{room}/messages", {"text": fresh("m")}))
    assert [answer.status for answer in before] == [404, 405, 400, 415, 422, 401, 403]
    assert not any("ratelimit" in answer.headers for answer in before), "docs/api.md says so"
    assert answers[0].headers["ratelimit-policy"].startswith('"say";q=3;w=3, "start";q=60;w=60')
    assert [answer.status for answer in reads] == [200, 304, 200, 404, 404]
    assert [quota(answer.headers["ratelimit"])["say"]["r"] for answer in reads] == [3] * 5
    left: list[Any] = [quota(answer.headers["ratelimit"])["say"]["r"] for answer in answers]
    assert (left[0], left[-2]) == (2, 0), "of the last that was let through; one may have come back since"
    refused = answers[-1]
    assert refused.code == "too_fast"
    assert refused.json["retry"] is True
    assert 0 < refused.json["after"] <= int(refused.headers["retry-after"]) <= 2
