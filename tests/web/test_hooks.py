"""Incoming webhooks: a program speaks with one request, as a bot, in the room that its address is for."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message
from typing import Final
from urllib.parse import urlencode

import pytest

from tests.clients import Client
from tests.live.cast import accounts
from tests.servers import Teahouse

MAKE: Final = """
from teahouse.actions import bots, people
from teahouse.models import Room
room = Room.objects.get(slug="deploys")
for name in ("Deploy", "Other", "Fast"):
    hook, secret = bots.make_incoming(room, people.make_bot(name), None, name)
    print("secret", secret)
    if name == "Other":
        bots.revoke_incoming(hook)
"""


@pytest.fixture(scope="module")
def site() -> Iterator[Teahouse]:
    with Teahouse(env={"TEAHOUSE_LIMITS": "text=200,per_second=1,burst=40"}) as server:
        yield server


@pytest.fixture(scope="module")
def secrets(site: Teahouse) -> list[str]:
    """Of a hook, of one that was revoked, and of one for the test of rates."""
    with Client(site.url, "opener") as client:
        client.ok(do="subscribe", room="deploys", make=True)
    status, said = site.command_line("manage", "shell", "--no-imports", "-c", MAKE)
    assert status == 0, said
    return [line.split()[1] for line in said.splitlines() if line.startswith("secret ")]


def post(
    site: Teahouse, secret: str, body: bytes | str | None, kind: str = "", **headers: str
) -> tuple[int, str, Message]:
    """Status, what was answered, headers."""
    data = body.encode() if isinstance(body, str) else body
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    asked = urllib.request.Request(
        f"{site.url}/hooks/{secret}", data, named | ({"Content-Type": kind} if kind else {})
    )
    try:
        with urllib.request.urlopen(asked) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode(), refused.headers


FORM: Final = "application/x-www-form-urlencoded"


def test_each_form_is_said_as_the_bot(site: Teahouse, secrets: list[str]) -> None:
    slack = {"text": "<!here> Built <https://ci.example/7|number 7> &amp; sent", "attachments": []}
    with Client(site.url, "reader") as reader:
        reader.ok(do="subscribe", room="deploys")
        curl = ["curl", "-sS", "-d", "text=Deployed **v7**.", f"{site.url}/hooks/{secrets[0]}"]
        assert subprocess.run(curl, capture_output=True, text=True, check=True).stdout == "ok"
        said = reader.event(text="Deployed **v7**.")
        assert (said["by"]["name"], said["by"]["kind"]) == ("Deploy", "bot")
        assert "<strong>v7</strong>" in said["message"]["html"]
        for body, kind, text in (
            (
                json.dumps({"text": "as JSON 茶", "thread": said["message"]["id"]}),
                "application/json",
                "as JSON 茶",
            ),
            ("as it is & so", "text/plain", "as it is & so"),
            (
                urlencode({"payload": json.dumps(slack)}),
                FORM,
                "@here Built [number 7](https://ci.example/7) & sent",
            ),
        ):
            assert post(site, f"{secrets[0]}/", body, kind)[:2] == (200, "ok")
            message = reader.event(text=text)["message"]
            assert message.get("root", {}).get("id") == (said["message"]["id"] if "JSON" in text else None)


def test_it_calls_by_name_and_as_a_moderator_everybody(site: Teahouse, secrets: list[str]) -> None:
    (token,) = accounts(site, "Ada", owner="Ada")
    with Client(site.url, token=token) as ada:
        ada.ok(do="subscribe", room="@me")
        ada.ok(do="join", room="deploys")
        bot = next(one for one in ada.ok(do="people", search="Deploy")["people"] if one["kind"] == "bot")
        said = []
        for role, text in (
            (None, "@room is a word"),
            (None, "@Ada by name"),
            ("moderator", "@room by right"),
        ):
            if role is not None:
                ada.ok(do="invite", room="deploys", people=[bot["id"]])
                ada.ok(do="role", room="deploys", person=bot["id"], role=role)
            assert post(site, secrets[0], urlencode({"text": text}), FORM)[0] == 200
            if "word" not in text:
                said.append(ada.event("mention")["message"]["id"])
        history = ada.ok(do="history", room="deploys")["messages"]
        assert [one["text"] for one in history if one["id"] in said] == ["@Ada by name", "@room by right"]


def test_a_key_says_it_once(site: Teahouse, secrets: list[str]) -> None:
    with Client(site.url, "reader") as reader:
        reader.ok(do="subscribe", room="deploys")
        for _ in range(2):
            assert post(site, secrets[0], "text=once", FORM, Idempotency_Key="k1")[0] == 200
        status, why, _ = post(site, secrets[0], "text=twice", FORM, Idempotency_Key="k1")
        assert (status, "used here with another text" in why) == (409, True)
        assert post(site, secrets[0], "text=behind", FORM)[0] == 200
        assert [reader.event()["message"]["text"] for _ in range(2)] == ["once", "behind"]


def test_who_does_not_know_a_secret_says_nothing(site: Teahouse, secrets: list[str]) -> None:
    for secret in ("guessed", secrets[1], secrets[0][:-1], "%00", "茶"):
        for method_body in (b"text=hi", None):
            quoted = urllib.request.quote(secret, safe="%")  # type: ignore[attr-defined]
            assert post(site, quoted, method_body, FORM)[0] == 404
    assert post(site, secrets[0], None)[0] == 405


@pytest.mark.parametrize(
    ("body", "kind", "status", "why"),
    [
        ("txt=hi", FORM, 400, "`text`"),
        ("text=", FORM, 400, "visible character"),
        ("text=" + "x" * 201, FORM, 400, "at most 200 characters"),
        ("{", "application/json", 400, "JSON is an object"),
        ("[1]", "application/json", 400, "JSON is an object"),
        ('{"text": 7}', "application/json", 400, "`text`"),
        ('{"text": "a\\u0000b"}', "application/json", 400, "no NUL"),
        ('{"text": "hi", "thread": "x"}', "application/json", 400, "thread"),
        ('{"text": "hi", "thread": 999999}', "application/json", 400, "no message 999999"),
        (b"\xff", "text/plain", 400, "cannot be read"),
        ("x" * 200_000, "text/plain", 413, "At most"),
    ],
)
def test_what_cannot_be_said_is_told(
    site: Teahouse, secrets: list[str], body: bytes | str, kind: str, status: int, why: str
) -> None:
    said, text, _ = post(site, secrets[2] if status == 413 else secrets[0], body, kind)
    if said == 429:
        pytest.fail("the test has more requests than the burst lets through")
    assert (said, why in text) == (status, True), text


def test_who_is_too_fast_is_told_when_to_come_back(site: Teahouse, secrets: list[str]) -> None:
    for _ in range(400):
        status, _, headers = post(site, secrets[2], "", FORM)
        if status == 429:
            break
    assert status == 429
    assert int(headers["Retry-After"]) >= 1


def test_no_secret_gets_into_the_log(site: Teahouse, secrets: list[str]) -> None:
    assert post(site, secrets[0], "{", "application/json")[0] in (400, 429)
    assert not any(secret in site.log.read_text(errors="replace") for secret in secrets)
