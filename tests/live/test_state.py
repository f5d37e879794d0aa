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
        for gone in ("text", "html", "reply", "edited", "reactions"):
            message.pop(gone, None)
    if "text" in about:
        message.pop("html", None)
    message |= about
    message["rev"] = frame["seq"]
    if not message.get("reactions"):
        message.pop("reactions", None)


def fresh(client: Client, room: str) -> tuple[Known, dict[str, Any]]:
    """All messages as they are now, and the position from which to go on."""
    known: Known = {}
    while True:
        after = max((message["seq"] for message in known.values()), default=0)
        page = client.ok(do="history", room=room, after=after, limit=200)
        known |= {message["id"]: message for message in page["messages"]}
        if not page["more"]["after"]:
            return known, page["position"]


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


def act(chance: random.Random, who: Client, room: str, own: list[int], every: list[int]) -> None:
    """Something that somebody does. `own` are the messages of theirs that are not deleted, `every` everybody's."""
    kind = chance.choice(("say", "say", "edit", "react", "react", "delete")) if own and every else "say"
    if kind == "say":
        reply = {"reply": chance.choice(every)} if every and chance.random() < 0.3 else {}
        said = who.ok(
            do="send", room=room, key=f"s{len(every)}-{chance.random()}", text=chance.choice(TEXTS), **reply
        )
        message = said["message"]
        own.append(message)
        every.append(message)
    elif kind == "edit":
        who.ok(do="edit", room=room, message=chance.choice(own), text=chance.choice(TEXTS))
    elif kind == "react":
        emoji, on = chance.choice(EMOJI), chance.random() < 0.7
        who.ok(do="react", room=room, message=chance.choice(every), emoji=emoji, on=on)
    else:
        message = own.pop(chance.randrange(len(own)))
        every.remove(message)
        who.ok(do="delete", room=room, message=message)


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
        every: list[int] = []
        for number in range(ACTIONS):
            who = chance.choice((alice, bob))
            act(chance, who, room, own[who], every)
            if number == ACTIONS // 2:
                half, from_half = fresh(late, room)
        now, position = fresh(away, room)
        assert len(now) > 100, f"seed {seed}"

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
