"""Old state and events are the fresh state, for who belongs to a room, what the room is, and one's own rooms."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any, Final

from tests.clients import Client
from tests.live.cast import accounts, fresh, made, who
from tests.live.checked import Checked
from tests.servers import Teahouse

ACTIONS: Final = 120
REFUSALS: Final = {"forbidden", "archived", "not_found"}
MARKUP: Final = ("Tea", "<i>Tea</i>", '茶 & "cake"')


@dataclass
class Known:
    """What a client keeps, as docs/protocol.md says: of a room, and of what one belongs to."""

    members: dict[int, str] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)

    def apply(self, frame: dict[str, Any]) -> None:
        about = frame.get("about", "")
        match frame["event"]:
            case "member":
                person, role = frame["member"]["person"]["id"], frame["member"]["role"]
                if role is None:
                    self.members.pop(person, None)
                else:
                    self.members[person] = role
            case "room":
                self.state = frame["state"]
            case "room_added":
                self.own.add(about)
            case "room_removed":
                self.own.discard(about)


def act(chance: random.Random, owner: Client, others: list[Client], room: str) -> str:
    """Something that somebody does, let or not; what became of it."""
    one, another = chance.choice(others), chance.choice(others)
    command: dict[str, Any]
    match chance.choice(
        ("join", "join", "leave", "invite", "invite", "remove", "role", "role", "change", "archive")
    ):
        case "join" | "leave" as do:
            who_does, command = one, {"do": do}
        case "invite":
            who_does, command = chance.choice((owner, one)), {"do": "invite", "people": [who(another)]}
        case "remove":
            who_does, command = chance.choice((owner, one)), {"do": "remove", "person": who(another)}
        case "role":
            role = chance.choice(("owner", "moderator", "member"))
            who_does, command = (
                chance.choice((owner, one)),
                {"do": "role", "person": who(another), "role": role},
            )
        case "change":
            who_does, command = chance.choice((owner, one)), {"do": "change", **changes(chance)}
        case _:
            who_does, command = owner, {"do": "archive", "on": chance.random() < 0.3}
    reply = who_does.ask(room=room, **command)
    return str(reply["error"]["code"]) if "error" in reply else "ok"


def changes(chance: random.Random) -> dict[str, str]:
    every = {
        "title": chance.choice(MARKUP),
        "topic": chance.choice(("", *MARKUP)),
        "speaking": chance.choice(("everyone", "moderators")),
        "kind": chance.choice(("open", "open", "private")),
    }
    return {name: every[name] for name in chance.sample(list(every), chance.randint(1, 2))}


def fresh_state(client: Client, room: str) -> tuple[Known, dict[str, Any]]:
    answer = client.ok(do="subscribe", room=room)
    listed = client.ok(do="members", room=room, limit=200)["members"]
    members = {one["person"]["id"]: one["role"] for one in listed}
    return Known(members, answer["room"]), answer["position"]


def live(client: Client, room: str, known: Known, until: int) -> None:
    """All that comes up to a number, each one behind the other."""
    seq = 0
    while seq < until:
        frame = next((one for one in client.heard if one.get("room") == room and "event" in one), None)
        if frame is not None:
            client.heard.remove(frame)
        else:
            frame = client.receive()
            if frame.get("room") != room or "event" not in frame:
                client.heard.append(frame)
                continue
        assert frame["seq"] == seq + 1 or seq == 0
        seq = frame["seq"]
        known.apply(frame)


def resumed(client: Client, room: str, known: Known, since: dict[str, Any]) -> dict[str, Any]:
    answer = client.ok(do="subscribe", room=room, since=since)
    assert answer["more"] is False
    for event in answer["events"]:
        known.apply(event)
    position: dict[str, Any] = answer["position"]
    return position


def test_old_state_and_events_are_the_fresh_state(pair: tuple[Teahouse, Teahouse]) -> None:
    here, there = pair
    seed = random.SystemRandom().randrange(1_000_000)
    chance = random.Random(seed)
    tokens = accounts(here, *(fresh(name) for name in ("Alice", "Bob", "Charlie")))
    with (
        Checked(here.url, token=tokens[0]) as alice,
        Checked(there.url, token=tokens[1]) as bob,
        Checked(here.url, token=tokens[2]) as charlie,
        Checked(there.url, token=tokens[0]) as watcher,
        Checked(there.url, token=tokens[1]) as bobs,
    ):
        room = made(alice, fresh("state"))
        told, start = fresh_state(watcher, room)
        begun = bobs.ok(do="subscribe", room="@me")["position"]
        own = Known(own={one["room"] for one in bobs.hello["rooms"]})
        outcomes: list[str] = []
        while len(outcomes) < ACTIONS or outcomes.count("ok") < ACTIONS // 3:
            outcomes.append(act(chance, alice, [bob, charlie], room))
        assert set(outcomes) <= {"ok", *REFUSALS}, f"seed {seed}"

        now, position = fresh_state(alice, room)
        before = Known(dict(told.members), dict(told.state))
        live(watcher, room, told, position["seq"])
        resumed(watcher, room, before, start)
        for name, known in (("live", told), ("resumed", before)):
            assert known == now, f"seed {seed}: {name}"

        missed = Known(own=set(own.own))
        end = resumed(bob, "@me", missed, begun)
        live(bobs, "@me", own, end["seq"] if end != begun else 0)
        with Checked(there.url, token=tokens[1]) as again:
            belongs = {one["room"] for one in again.hello["rooms"]}
        assert own.own == missed.own == belongs, f"seed {seed}"
