"""What a project tells and shows in a room, from another process, as readers get it: live, resumed, in history."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from tests.clients import Client
from tests.live.cast import fresh
from tests.live.checked import Checked
from tests.servers import Teahouse

PROJECT = """
import teahouse
from pydantic import BaseModel
from django.db import transaction

@teahouse.event("order.paid")
class OrderPaid(BaseModel):
    number: int
    def render(self):
        return f"Order <strong>{{self.number}}</strong> was paid."

@teahouse.event("lorry.moved")
class LorryMoved(BaseModel):
    km: int

room = {room!r}
"""


def run(server: Teahouse, room: str, code: str) -> None:
    """Code of the project, in a process of its own."""
    status, said = server.command_line(
        "manage", "shell", "--no-imports", "-c", PROJECT.format(room=room) + code
    )
    assert status == 0, said


def told(events: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(event["seq"], event["event"], event.get("data"), event.get("html")) for event in events]


def test_readers_hear_of_it_live_and_after_they_were_away(pair: tuple[Teahouse, Teahouse]) -> None:
    here, there = pair
    room = fresh("orders")
    with Checked(here.url, "Alice") as alice, Checked(there.url, "Bob") as bob:
        start = alice.ok(do="subscribe", room=room, make=True)["position"]
        bob.ok(do="subscribe", room=room)
        alice.say(room, "one")
        run(
            here,
            room,
            "with transaction.atomic():\n"
            "    teahouse.emit(room, OrderPaid(number=7), key='a')\n"
            "    [teahouse.emit(room, LorryMoved(km=km)) for km in range(600)]\n"
            "teahouse.emit(room, OrderPaid(number=7), key='a')\n"
            "teahouse.post(room, 'behind')",
        )
        for reader in (alice, bob):
            paid = reader.event("order.paid")
            assert told([paid]) == [(2, "order.paid", {"number": 7}, "Order <strong>7</strong> was paid.")]
            assert (paid["by"]["name"], paid["by"]["kind"]) == ("Teahouse", "bot")
            moved = [reader.event("lorry.moved") for _ in range(600)]
            assert [(event["seq"], event["data"]["km"]) for event in moved] == [
                (km + 3, km) for km in range(600)
            ]
            assert reader.event(text="behind")["seq"] == 603
        live = [paid, *moved]
        with Checked(there.url, "Late") as late:
            missed, more, since = [], True, start
            while more:
                page = late.ok(do="subscribe", room=room, since=since)
                missed += page["events"]
                more, since = page["more"], since | {"seq": missed[-1]["seq"]}
            assert [event["seq"] for event in missed] == list(range(1, 604))
            assert [event for event in missed if "data" in event] == live
            every: list[dict[str, Any]] = []
            before: dict[str, int] = {}
            while not every or page["more"]["before"]:
                page = late.ok(do="history", room=room, events="all", limit=200, **before)
                every = page["events"] + every
                before = {"before": min(one["seq"] for one in page["events"] + page["messages"])}
            assert every == live
            shown = late.ok(do="history", room=room, events="shown")
            assert told(shown["events"]) == told([paid])
            assert [message["text"] for message in shown["messages"]] == ["one", "behind"]
            assert "events" not in late.ok(do="history", room=room)


def test_a_page_shows_it_before_any_script_runs(server: Teahouse) -> None:
    room = fresh("orders")
    with Client(server.url, "Alice") as alice:
        alice.ok(do="subscribe", room=room, make=True)
        run(server, room, "teahouse.emit(room, OrderPaid(number=8)); teahouse.emit(room, LorryMoved(km=1))")
        alice.event("lorry.moved")
    with urllib.request.urlopen(f"{server.url}/rooms/{room}/") as answer:
        page = answer.read().decode()
    lines = page.split('<div class="happened">')[1:]
    assert len(lines) == 1
    assert '<div class="rich">Order <strong>8</strong> was paid.</div>' in lines[0]
    first = json.loads(page.split('<script type="application/json">')[1].split("</script>")[0])
    assert told(first["history"]["events"]) == [
        (1, "order.paid", {"number": 8}, "Order <strong>8</strong> was paid.")
    ]


def test_a_signal_reaches_who_reads_the_room_at_this_moment(two_servers: tuple[Teahouse, Teahouse]) -> None:
    here, there = two_servers
    room, other = fresh("lorry"), fresh("lorry")
    with (
        Checked(here.url, "Alice") as alice,
        Checked(there.url, "Bob") as bob,
        Checked(there.url, "Charlie") as charlie,
    ):
        for person in (alice, bob):
            person.ok(do="subscribe", room=room, make=True)
        charlie.ok(do="subscribe", room=other, make=True)
        run(
            here,
            room,
            f"teahouse.signal(room, 'lorry.moved', {{'km': 7}}); teahouse.signal({other!r}, 'gone')",
        )
        for person in (alice, bob):
            frame = person.signal("custom")
            assert frame == {"signal": "custom", "room": room, "kind": "lorry.moved", "data": {"km": 7}}
        assert charlie.signal("custom") == {"signal": "custom", "room": other, "kind": "gone", "data": {}}
        assert alice.ok(do="subscribe", room=room)["position"]["seq"] == 0


@pytest.mark.parametrize(
    ("call", "why"),
    [
        ("'Lorry moved'", "words of a-z"),
        ("'a' * 65", "at most 64"),
        ("'big', {'x': 'y' * 17000}", "at most 16384 bytes"),
        ("'odd', {'x': float('nan')}", "written as JSON"),
        ("'odd', [1]", "JSON object"),
    ],
)
def test_a_signal_that_cannot_be_shown_is_refused(call: str, why: str, settings: Any) -> None:
    from teahouse.showing import signal

    with pytest.raises(ValueError, match=why):
        signal("main", *eval(f"({call},)"))
