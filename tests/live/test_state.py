"""Old state and events are the fresh state: after each kind of action, for each kind of reader."""

from __future__ import annotations

import random
from typing import Any, Final

from tests.clients import Client
from tests.live.checked import Checked
from tests.servers import Teahouse

ACTIONS: Final = 650
"""More than a process remembers of a room (512): what is missed comes from the database and from memory."""
TEXTS: Final = ("plain", "**marked** up", "`code`", "看 https://example.com", "a < b & c")
EMOJI: Final = ("🍵", "👍", "茶")

Known = dict[int, dict[str, Any]]
"""Messages by id, as docs/protocol.md says that a client keeps them."""


def apply(known: Known, frame: dict[str, Any]) -> None:
    """An event, by the rules of "Events" in docs/protocol.md."""
    about = frame.get("message")
    if about is None:
        return
    message = known.setdefault(about["id"], {"rev": 0})
    if frame["seq"] <= message["rev"]:
        return
    if frame["event"] == "deleted":
        for gone in ("text", "html", "reply", "edited", "reactions"):  # Not what is told of a thread.
            message.pop(gone, None)
    if "text" in about:
        message.pop("html", None)
    message |= about
    message["rev"] = frame["seq"]
    if not message.get("reactions"):
        message.pop("reactions", None)
    if not message.get("thread", {}).get("count"):
        message.pop("thread", None)


def fresh(client: Client, room: str) -> tuple[Known, dict[str, Any]]:
    """All messages as they are now, those in threads too, and the position from which to go on: the first that was
    told."""
    known, position = whole(client, room)
    for root in list(known):
        known |= whole(client, room, thread=root)[0]
    return known, position


def whole(client: Client, room: str, **thread: int) -> tuple[Known, dict[str, Any]]:
    """What was said in the room itself, or in one of its threads."""
    known: Known = {}
    position: dict[str, Any] = {}
    while True:
        after = max((message["seq"] for message in known.values()), default=0)
        page = client.ok(do="history", room=room, after=after, limit=200, **thread)
        known |= {message["id"]: message for message in page["messages"]}
        position = position or page["position"]
        if not page["more"]["after"]:
            return known, position


def catch_up(client: Client, room: str, known: Known, since: dict[str, Any]) -> None:
    more = True
    while more:
        page = client.ok(do="subscribe", room=room, since=since)
        assert "reset" not in page
        for event in page["events"]:
            apply(known, event)
            since = {**since, "seq": event["seq"]}
        more = page["more"]
    assert page["position"] == since


Every = dict[int, int | None]
"""Messages that are not deleted, with the roots of the threads in which they were said."""


def act(chance: random.Random, who: Client, room: str, own: list[int], every: Every) -> None:
    """Something that somebody does. `own` are the messages of theirs that are not deleted, `every` everybody's."""
    kind = chance.choice(("say", "say", "edit", "react", "react", "delete")) if own and every else "say"
    if kind == "say":
        thread = a_root(chance, every) if every and chance.random() < 0.5 else None
        where = {} if thread is None else {"thread": thread}
        beside = [message for message, root in every.items() if root == thread]
        if beside and chance.random() < 0.3:
            where["reply"] = chance.choice(beside)
        key = f"s{len(every)}-{chance.random()}"
        message = who.ok(do="send", room=room, key=key, text=chance.choice(TEXTS), **where)["message"]
        own.append(message)
        every[message] = thread
    elif kind == "edit":
        who.ok(do="edit", room=room, message=chance.choice(own), text=chance.choice(TEXTS))
    elif kind == "react":
        emoji, on = chance.choice(EMOJI), chance.random() < 0.7
        who.ok(do="react", room=room, message=chance.choice(list(every)), emoji=emoji, on=on)
    else:
        message = own.pop(chance.randrange(len(own)))
        del every[message]
        who.ok(do="delete", room=room, message=message)


def a_root(chance: random.Random, every: Every) -> int | None:
    """Of a new thread, or of one that is there: its root may be deleted."""
    begun = [root for root in every.values() if root is not None]
    fresh = [message for message, root in every.items() if root is None]
    if not begun and not fresh:
        return None
    return chance.choice(begun if begun and (not fresh or chance.random() < 0.7) else fresh)


def test_old_state_and_events_are_the_fresh_state(pair: tuple[Teahouse, Teahouse]) -> None:
    here, there = pair
    seed = random.SystemRandom().randrange(1_000_000)
    chance = random.Random(seed)
    room = f"state-{seed}"
    with (
        Client(here.url, "Alice") as alice,
        Client(there.url, "Bob") as bob,
        Checked(there.url, "Live") as live,
        Checked(here.url, "Away") as away,
        Checked(there.url, "Late") as late,
    ):
        alice.ok(do="subscribe", room=room, make=True)
        start = live.ok(do="subscribe", room=room)["position"]
        own: dict[Client, list[int]] = {alice: [], bob: []}
        every: Every = {}
        for number in range(ACTIONS):
            who = chance.choice((alice, bob))
            act(chance, who, room, own[who], every)
            if number == ACTIONS // 2:
                half, from_half = fresh(late, room)
        now, position = fresh(away, room)
        assert len(now) > 100, f"seed {seed}"
        threads = [message["thread"]["count"] for message in now.values() if "thread" in message]
        assert max(threads) > 3, f"seed {seed}"
        assert sum(threads) == sum(
            "root" in message and "deleted" not in message for message in now.values()
        ), f"seed {seed}"

        told: Known = {}
        seq = start["seq"]
        while seq < position["seq"]:
            frame = live.heard.pop(0) if live.heard else live.receive()
            if "event" in frame:
                seq += 1
                assert frame["seq"] == seq
                apply(told, frame)
        missed: Known = {}
        catch_up(away, room, missed, start)
        catch_up(late, room, half, from_half)
        for name, known in (("live", told), ("resumed", missed), ("from a page of history", half)):
            assert known == now, f"seed {seed}: {name}"
