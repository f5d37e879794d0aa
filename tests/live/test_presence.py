"""Who has gone is here no more, after the grace; how long that is belongs to `tests/pure/test_presence.py`."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.clients import Client
from tests.live.hasty import Hasty
from tests.server.conftest import until
from tests.servers import Teahouse


@pytest.fixture(scope="module")
def hasty() -> Iterator[Teahouse]:
    with Hasty(env={"TEAHOUSE_LIMITS": "off"}) as server:
        yield server


def test_who_goes_in_the_middle_of_a_resume_is_here_no_more(hasty: Teahouse) -> None:
    with Client(hasty.url, "Alice") as alice:
        with Client(hasty.url, "Bob") as bob, Client(hasty.url, "Carol") as carol:
            start = bob.ok(do="subscribe", room="going", make=True)["position"]
            carol.ok(do="subscribe", room="going")
            for number in [alice.put(do="send", room="going", key=f"k{n}", text="x") for n in range(501)]:
                assert "ok" in alice.reply_to(number)
            assert bob.ok(do="subscribe", room="going", since=start)["more"]

        def here() -> set[str]:
            return {who["name"] for who in alice.ok(do="subscribe", room="going")["here"]["people"]}

        # Those who came are told once a second: on a fast machine nobody was told of them yet.
        until(
            lambda: here() == {"Alice", "Bob", "Carol"},
            "told, though gone: a reconnect is hidden by the grace",
        )
        until(lambda: here() == {"Alice"}, "alone")


def test_who_subscribed_again_and_left_before_the_last_page_is_here_no_more(hasty: Teahouse) -> None:
    with Client(hasty.url, "Alice") as alice:
        start = alice.ok(do="subscribe", room="pages", make=True)["position"]
        for number in [alice.put(do="send", room="pages", key=f"k{n}", text="line") for n in range(501)]:
            alice.reply_to(number)
        with Client(hasty.url, "Bob") as bob:
            bob.ok(do="subscribe", room="pages")
            assert bob.ok(do="subscribe", room="pages", since=start)["more"]
        went: list[str] = []
        while "Bob" not in went:  # After the grace.
            frame = json.loads(alice.socket.recv(timeout=25))
            went += [who["name"] for who in frame.get("went", ())]
