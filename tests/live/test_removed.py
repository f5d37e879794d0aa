"""Rights that end in the middle of the stream: no event with a higher number reaches that session (P6). Two processes,
the writer on one, the reader on the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests import services
from tests.clients import Client, Plain
from tests.live.cast import accounts, fresh, made, who
from tests.servers import Teahouse

STREAM = 150


def removed(alice: Client, bob: Client, room: str) -> Any:
    return alice.put(do="remove", room=room, person=who(bob))


def left(alice: Client, bob: Client, room: str) -> Any:
    bob.put(do="leave", room=room)


def made_private(alice: Client, bob: Client, room: str) -> Any:
    return alice.put(do="change", room=room, kind="private")


def spoken(alice: Client, room: str, word: str) -> list[int]:
    """Sends many and waits for none; the ids of the commands."""
    return [alice.put(do="send", room=room, key=f"{word}{n}", text=f"{word} {n}") for n in range(STREAM)]


@pytest.mark.parametrize(
    ("kind", "ending", "last"),
    [("private", removed, "member"), ("private", left, "member"), ("open", made_private, "room")],
)
def test_nothing_after_the_end_of_a_right_reaches_the_other_process(
    two_servers: tuple[Teahouse, Teahouse],
    kind: str,
    ending: Callable[[Client, Client, str], Any],
    last: str,
) -> None:
    here, there = two_servers
    tokens = accounts(here, *(fresh(name) for name in ("Alice", "Bob", "Charlie")))
    with (
        Client(here.url, token=tokens[0]) as alice,
        Client(there.url, token=tokens[1]) as bob,
        Client(there.url, token=tokens[1]) as bobs_other,
        Client(there.url, token=tokens[2]) as charlie,
    ):
        room = made(alice, fresh("removed"), kind=kind)
        alice.ok(do="invite", room=room, people=[who(charlie), *([who(bob)] if kind == "private" else [])])
        start = bob.ok(do="subscribe", room=room)["position"]["seq"]
        charlie.ok(do="subscribe", room=room)
        waiting = spoken(alice, room, "before")
        ending(alice, bob, room)
        waiting += spoken(alice, room, "after")
        for number in waiting:
            assert "ok" in alice.reply_to(number)

        end = charlie.event(last, room=room)["seq"]
        while charlie.event(room=room)["message"]["text"] != f"after {STREAM - 1}":
            pass
        # Charlie, in the same process, has heard all; so would have Bob.
        bob.ok(do="ping")
        seqs = [frame["seq"] for frame in bob.heard if frame.get("room") == room and "event" in frame]
        while not seqs or seqs[-1] < end:
            frame = bob.receive()
            if frame.get("room") == room and "event" in frame:
                seqs.append(frame["seq"])
        assert seqs == list(range(start + 1, end + 1))
        rights = bob.signal("rights", lambda frame: frame["room"] == room and not frame["may"])
        assert rights["role"] is None
        assert bob.refused(do="history", room=room) == "not_found"
        assert bob.refused(do="subscribe", room=room, since={"epoch": "x", "seq": start}) == "not_found"
        bobs_other.ok(do="ping")
        heads = [frame for frame in bobs_other.heard if frame.get("signal") == "head"]
        assert all(frame["seq"] <= end for frame in heads)


def test_nor_by_way_of_the_database_while_redis_is_away(
    two_servers: tuple[Teahouse, Teahouse], shared_redis: services.Redis
) -> None:
    here, there = two_servers
    tokens = accounts(here, *(fresh(name) for name in ("Alice", "Bob", "Charlie", "Dora")))
    with (
        Client(here.url, token=tokens[0]) as alice,
        Client(there.url, token=tokens[1]) as bob,
        Client(there.url, token=tokens[2]) as charlie,
        Client(there.url, token=tokens[3]) as dora,
        Client(there.url, "Gina") as gina,
    ):
        room = made(alice, fresh("away"))
        alice.ok(do="invite", room=room, people=[who(charlie), who(bob)])
        name = made(alice, fresh("plain").replace("-", "x"))
        with Plain(there.url, f"/wsmsg/{name}") as plain:
            plain.next()
            for one in (bob, charlie, dora, gina):
                one.ok(do="subscribe", room=room)
            shared_redis.kill()
            try:
                alice.ok(do="change", room=name, kind="private")
                alice.ok(do="change", room=room, kind="private")
                alice.ok(do="remove", room=room, person=who(bob))
                alice.say(room, "only Charlie")
                assert charlie.event(text="only Charlie")
                # When this process hears of it Bob has been removed: he may not go on behind the change.
                for one in (bob, dora, gina):
                    assert one.event("room", room=room)
                    assert one.signal("rights", lambda frame: not frame["may"])["room"] == room
                    one.ok(do="ping")
                    assert "only Charlie" not in str(one.heard)
                    assert one.refused(do="subscribe", room=room) == "not_found"
                assert plain.closed() == (4004, "not_found")
            finally:
                shared_redis.start()
