"""Guests in private rooms on objects, where the project lets them in: they hear of replies and have threads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from tests.clients import Client
from tests.embed.conftest import Shop, shop_prepared

SERVE: Final = ["uvicorn", "--port", "{port}", "tests.embed.host.asgi:application"]


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with shop_prepared(HOST_POLICY="tests.embed.host.shop.chat.PolicyForAll") as shop:
        shop.start(SERVE)
        yield shop


def test_a_guest_hears_of_replies_and_has_threads_until_the_room_is_closed_to_them(shop: Shop) -> None:
    order = shop.new_order()
    room = f"order-{order}"
    assert room in shop.get(f"/orders/{order}/", "Ada"), shop.log.read_text()
    # Which makes the room: private, as with every policy.
    with shop.client("Sam") as sam, Client(f"{shop.url}/talk", "Gina") as gina:
        ticket = gina.hello["ticket"]
        for client in (sam, gina):
            client.ok(do="subscribe", room=room)
        gina.ok(do="subscribe", room="@me")
        said = gina.say(room, "is it ready?")
        gina.ok(do="read", room=room, seq=said["seq"])
        sam.ok(do="send", room=room, key="r", text="soon", reply=said["message"])
        assert gina.event("reply")["about"] == room
        sam.ok(do="react", room=room, message=said["message"], emoji="🍵")
        assert gina.event("reaction")["about"] == room
        inside = sam.ok(do="send", room=room, key="t", text="at four", thread=said["message"])["message"]
        assert gina.event("reply")["message"]["id"] == inside
        (thread,) = gina.ok(do="threads")["threads"]
        assert (thread["room"], thread["last"]["text"], thread["unread"]) == (room, "at four", 1)
        kinds = [one["kind"] for one in gina.ok(do="activity")["activity"]]
        assert sorted(kinds) == ["reaction", "reply", "reply"]
        shop.get(f"/orders/{order}/change/?closed=1")  # Nobody tells Teahouse of it.
        assert gina.ok(do="threads")["threads"] == []
        assert gina.ok(do="activity")["activity"] == []
    with Client(f"{shop.url}/talk", token=ticket) as again:
        assert (again.hello["threads"], again.hello["rooms"]) == (0, [])
        assert again.refused(do="subscribe", room=room) == "not_found"
