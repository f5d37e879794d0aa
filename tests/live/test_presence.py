"""Who has gone is here no more, after the grace; how long that is belongs to `tests/pure/test_presence.py`."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.clients import SECONDS, Client
from tests.live.cast import accounts, fresh, who
from tests.live.checked import Checked
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
            frame = json.loads(alice.socket.recv(timeout=SECONDS))
            went += [who["name"] for who in frame.get("went", ())]


def test_whom_one_talks_with_is_here_wherever_they_are_and_others_hear_nothing(hasty: Teahouse) -> None:
    alice_is, bob_is, charlie_is = accounts(hasty, *map(fresh, ("Alice", "Bob", "Charlie")))
    with Checked(hasty.url, token=alice_is) as alice, Checked(hasty.url, token=charlie_is) as charlie:
        assert "here" not in alice.hello
        with Checked(hasty.url, token=bob_is) as bob:
            # Bob is in no room; that they have a conversation is enough.
            alice.ok(do="direct", people=[who(bob)])
            assert alice.signal("here") == {"signal": "here", "came": [who(bob)], "went": []}
            assert bob.signal("here")["came"] == [who(alice)]
            until(lambda: _greeted(hasty, alice_is) == [who(bob)], "told in the hello")
            assert _greeted(hasty, charlie_is) is None
        assert alice.signal("here", lambda frame: bool(frame["went"]))["went"] == [who(bob)]
        assert _greeted(hasty, alice_is) is None
        with Checked(hasty.url, token=bob_is):
            assert alice.signal("here")["came"] == [who(bob)]
        charlie.ok(do="ping")
        assert [frame for frame in charlie.heard if frame.get("signal") == "here"] == []


def _greeted(server: Teahouse, token: str) -> list[int] | None:
    with Checked(server.url, token=token) as again:
        here: list[int] | None = again.hello.get("here")
        return here
