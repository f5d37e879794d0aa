"""Outgoing webhooks over the API: an owner of the site makes, changes, replays and deletes them, and nobody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests import receiver as receivers
from tests.api.conftest import owner_token
from tests.api.http import Api, Asking
from tests.live.cast import fresh
from tests.receiver import Answer, Taken
from tests.scraped import Scrape
from tests.server.conftest import until
from tests.servers import Teahouse


class Receiver(receivers.Receiver):
    """Answers 500 to a text that is bad, and 410 to one that is gone."""

    def url(self, name: str) -> str:
        return self.url_of(f"/{name}")

    def answer(self, request: Taken) -> Answer:
        text = told(request)
        return Answer(500 if "bad" in text else 410 if "gone" in text else 200)

    def wait_for(self, text: str) -> None:
        self.wait_until(lambda: text in map(told, self.taken))


def told(request: Taken) -> str:
    """Where, and what was said."""
    return f"{request.path} {json.loads(request.body)['data']['message'].get('text')}"


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        yield server


@pytest.fixture(scope="module")
def olga(server: Teahouse) -> Iterator[Api]:
    with Api(server.url, owner_token(server, "read", "write", "manage")) as api:
        yield api


def test_one_is_made_told_changed_replayed_and_deleted(olga: Api, receiver: Receiver) -> None:
    room = olga.ok("POST", "rooms", {"title": fresh("Tea")})["room"]["room"]
    made = olga.ask("POST", "hooks", {"url": receiver.url("one"), "room": room, "label": "search"})
    assert made.status == 201
    hook = made.json
    assert hook["secret"].startswith("whsec_")
    address = f"hooks/{hook['id']}"
    told = olga.ok("GET", address)
    assert told == {name: value for name, value in hook.items() if name != "secret"}
    assert (told["events"], told["room"], told["active"], told["failing_since"]) == (
        ["message"],
        room,
        True,
        None,
    )
    assert told in olga.ok("GET", "hooks")["hooks"]

    olga.ok("POST", f"rooms/{room}/messages", {"text": "tea"})
    receiver.wait_for("/one tea")
    assert olga.ok("PATCH", address, {"url": receiver.url("two"), "events": ["*"]})["events"] == ["*"]
    olga.ok("POST", f"rooms/{room}/messages", {"text": "bad"})
    receiver.wait_for("/two bad")
    # The receiver knows of one a moment before it is written down.
    until(lambda: not _page(olga, f"{address}/deliveries?limit=1")[0][0]["ok"], "written down")
    (bad,), more = _page(olga, f"{address}/deliveries?limit=1")
    assert (bad["room"], bad["event"], bad["status"], more) == (room, "message", 500, True)
    (tea,), more = _page(olga, f"{address}/deliveries?limit=1&before={bad['id']}")
    assert (tea["ok"], tea["status"], tea["tries"], more) == (True, 200, 1, False)

    again = olga.ok("POST", f"{address}/deliveries/{tea['id']}/replay")
    assert (again["ok"], again["tries"]) == (True, 2)
    receiver.wait_for("/two tea")
    assert olga.ok("POST", f"{address}/deliveries/{bad['id']}/replay")["status"] == 500
    until(lambda: olga.ok("GET", address)["failing_since"] is not None, "failing")

    stopped = olga.ok("PATCH", address, {"active": False})
    assert (stopped["active"], stopped["stopped_at"] is not None) == (False, True)
    assert olga.ok("PATCH", address, {"active": True, "room": None})["room"] is None
    assert olga.ask("DELETE", address).status == 204
    for gone in (address, f"{address}/deliveries"):
        assert olga.refused("GET", gone) == (404, "not_found")
    assert olga.refused("POST", f"{address}/deliveries/{bad['id']}/replay") == (404, "not_found")


def test_one_that_is_given_up_is_seen_by_who_looks_after_the_site(
    server: Teahouse, olga: Api, receiver: Receiver
) -> None:
    def parked() -> int:
        return int(server.browser().get("/health/ready").json()["parked"])

    before = parked()
    room = olga.ok("POST", "rooms", {"title": fresh("Tea")})["room"]["room"]
    hook = olga.ok("POST", "hooks", {"url": receiver.url("seen"), "room": room, "label": "the index"})
    address = f"hooks/{hook['id']}"
    olga.ok("POST", f"rooms/{room}/messages", {"text": "gone"})
    receiver.wait_for("/seen gone")

    def is_given_up() -> bool:
        told = olga.ok("GET", address)
        return bool(told["stopped_at"] and told["failing_since"]) and told["active"] is False

    until(is_given_up, "given up")
    assert parked() == before + 1
    figures, name = Scrape(server.url), f"hook-{hook['id']}"
    assert figures.value("teahouse_follower_parked_rooms", follower=name) == 1
    assert figures.value("teahouse_follower_behind_events", follower=name) >= 1
    status, said = server.command_line("manage", "check", "--database", "default")
    assert (status, "teahouse.W069" in said, f"hook-{hook['id']} (the index)" in said) == (0, True, True), (
        said
    )
    olga.ok("DELETE", address)
    assert parked() == before


def _page(api: Api, path: str) -> tuple[list[dict[str, Any]], bool]:
    """Some deliveries, and whether there are more."""
    told = api.ok("GET", path)
    return told["deliveries"], told["more"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"url": "http://10.0.0.1/"}, "inner address"),
        ({"url": "ftp://example.org/"}, "begins with https://"),
        ({"url": "https://example.org/", "events": ["typing"]}, "'typing' is no event of rooms"),
        ({"url": "https://example.org/", "events": []}, "events"),
        (
            {"url": "https://example.org/", "events": [f"shop.{'x' * 40}{n}" for n in range(30)]},
            "at most 1000",
        ),
        ({"url": "https://example.org/", "room": "@me"}, "own stream"),
        ({"url": "https://example.org/", "label": "a\x00b"}, "label"),
        ({}, "url"),
    ],
)
def test_what_cannot_be_a_hook_is_told(olga: Api, body: dict[str, Any], says: str) -> None:
    answer = olga.ask("POST", "hooks", body)
    assert (answer.status, answer.code) == (422, "invalid")
    assert says in answer.json["detail"]


def test_a_change_says_what_is_wrong_and_changes_nothing(olga: Api) -> None:
    hook = olga.ok("POST", "hooks", {"url": "https://hooks.invalid/", "events": ["closed"]})
    address = f"hooks/{hook['id']}"
    for body, says in (
        ({}, "Say what is to change"),
        ({"url": None}, "url: null"),
        ({"label": "new", "events": ["nothing"]}, "no event of rooms"),
        ({"label": "new", "url": "http://10.0.0.1/"}, "inner address"),
    ):
        answer = olga.ask("PATCH", address, body)
        assert (answer.status, answer.code, says in answer.json["detail"]) == (422, "invalid", True), answer
    assert olga.refused("PATCH", address, {"room": "no-such-room"}) == (404, "not_found")
    assert olga.ok("GET", address)["label"] == ""
    olga.ok("DELETE", address)


def test_it_needs_an_owner_and_the_scope(server: Teahouse, olga: Api, asking: Asking) -> None:
    for nobody in (asking.alice, asking.guest):
        assert nobody.refused("GET", "hooks") == (403, "forbidden")
    with Api(server.url, owner_token(server)) as only_hooks:
        assert only_hooks.ask("GET", "hooks").status == 200
        assert only_hooks.refused("GET", "rooms") == (403, "forbidden")
    assert olga.ask("GET", "hooks").status == 200


def test_a_person_is_told_to_who_may_know_of_them(asking: Asking, room: str) -> None:
    ids = asking.ids()
    told = asking.bob.ok("GET", f"people/{ids['alice']}")
    assert told == {"person": {"id": ids["alice"], "name": "Alice", "kind": "user"}, "status": ""}
    assert asking.bob.ok("GET", f"people/{ids['bob']}")["person"]["name"] == "Bob"
    guest = asking.guest.ok("GET", "me")["you"]["id"]
    assert asking.guest.refused("GET", f"people/{ids['alice']}") == (404, "not_found")
    assert asking.charlie.refused("GET", f"people/{guest}") == (404, "not_found")
    open_room = asking.charlie.ok("POST", "rooms", {"title": fresh("Open")})["room"]["room"]
    asking.guest.ok("POST", f"rooms/{open_room}/messages", {"text": "hi"})
    asking.guest.ok("PUT", f"rooms/{open_room}/read", {"seq": 1})
    assert asking.charlie.ok("GET", f"people/{guest}")["person"]["kind"] == "guest"
    assert asking.guest.ok("GET", f"people/{ids['charlie']}")["person"]["name"] == "Charlie"
    assert asking.bob.refused("GET", "people/999999") == (404, "not_found")
