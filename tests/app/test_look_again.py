"""A room becomes private under its readers: who may goes on without a gap, each event once, whatever comes between."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from teahouse.access import Grant, Speaker, not_found
from teahouse.conf import conf
from teahouse.events import EVERYONE, Event, Position
from teahouse.live.counts import Counts
from teahouse.live.hub import Hub, Joined
from teahouse.live.inbox import Gate
from teahouse.live.presence import Presence
from teahouse.live.protocol import parse
from teahouse.live.session import Session
from teahouse.models import Room

BOB = Speaker({"id": 7, "name": "Bob", "kind": "user"})
NARROWED = Event(1, 3, "room", None, '{"event":"room","seq":3}', ends=EVERYONE)


def said(seq: int) -> Event:
    return Event(1, seq, "message", seq, f'{{"event":"message","seq":{seq}}}')


class Narrowing:
    """A runtime with one room, whose answers about rights wait until they are let go."""

    def __init__(self, *, belongs: bool) -> None:
        self.hub, self.presence = Hub(), Presence()
        self.counts = Counts()
        self.names: dict[int, Any] = {}
        self.loop = asyncio.get_running_loop()
        self.pace = SimpleNamespace(came=lambda: None)
        self.following = self
        self.belongs = belongs
        self.let_go = asyncio.Event()
        self.let_go.set()
        self.looks = 0
        feed = self.hub.open(1, "tea")
        self.hub.load(feed, {"epoch": "e", "seq": 0})

    async def room(self, speaker: Speaker, name: str) -> tuple[Room, Grant]:
        self.looks += 1
        await self.let_go.wait()
        feed = self.hub.feeds[1]
        assert feed.seq is not None
        if feed.seq >= NARROWED.seq and not self.belongs:
            raise not_found(name)
        role = "member" if self.belongs else None
        return Room(pk=1, slug="tea", seq=feed.seq), Grant(
            1, "tea", "private", 1, role, False, True, False, False
        )

    async def subscribe(self, reader: Session, room: int, slug: str, since: Position | None) -> Joined:
        return self.hub.join(reader, self.hub.feeds[1], since)

    def publish(self, *events: Event) -> None:
        self.hub.publish(events)
        self.hub.flush()


Steps = Callable[[Narrowing, Session, list[Any]], Awaitable[None]]


def told(steps: Steps, *, belongs: bool) -> list[Any]:
    """All that a session gets that follows the room when it becomes private with number 3."""

    async def run() -> list[Any]:
        heard: list[Any] = []
        runtime: Any = Narrowing(belongs=belongs)
        session = Session()
        session.runtime, session.speaker = runtime, BOB
        session.outlet = SimpleNamespace(
            put=lambda block: heard.extend(map(json.loads, block.texts)), close=lambda *_: None
        )
        session.deliver = session.outlet.put
        session._unanswered, session._answered, session._limits = set(), Gate(), conf().LIMITS
        await ask(session, "subscribe", since={"epoch": "e", "seq": 0})
        runtime.publish(said(1), said(2))
        runtime.let_go.clear()
        runtime.publish(NARROWED, said(4))
        await asyncio.sleep(0)
        assert runtime.looks == 2
        await steps(runtime, session, heard)
        for _ in range(10):
            await asyncio.sleep(0)
        runtime.publish(said(7))
        return heard

    return asyncio.run(asyncio.wait_for(run(), 10))


async def ask(session: Session, do: str, **fields: Any) -> None:
    command: Any = parse(json.dumps({"id": f"{do} {fields}", "do": do, "room": "tea", **fields}))
    await getattr(session, f"_{do}")(BOB, command)


def seqs(heard: list[Any]) -> list[int]:
    """Of the events, those in the answers of `subscribe` too."""
    found: list[int] = []
    for frame in heard:
        found += [event["seq"] for event in frame.get("ok", {}).get("events", ())]
        found += [frame["seq"]] if "event" in frame else []
    return found


async def nothing_else(runtime: Narrowing, session: Session, heard: list[Any]) -> None:
    runtime.publish(said(5), said(6))
    assert seqs(heard) == [1, 2, 3], "nothing until it is known who may read on"
    runtime.let_go.set()


async def subscribes_again(runtime: Narrowing, session: Session, heard: list[Any]) -> None:
    asked = asyncio.create_task(ask(session, "subscribe", since={"epoch": "e", "seq": 3}))
    await asyncio.sleep(0)
    runtime.publish(said(5), said(6))
    runtime.let_go.set()
    await asked


async def unsubscribes(runtime: Narrowing, session: Session, heard: list[Any]) -> None:
    await ask(session, "unsubscribe")
    runtime.publish(said(5), said(6))
    runtime.let_go.set()


@pytest.mark.parametrize("steps", [nothing_else, subscribes_again])
def test_a_member_hears_each_event_once(steps: Steps) -> None:
    assert seqs(told(steps, belongs=True)) == [1, 2, 3, 4, 5, 6, 7]


def test_who_does_not_belong_hears_nothing_more_and_is_told_so() -> None:
    heard = told(nothing_else, belongs=False)
    assert seqs(heard) == [1, 2, 3]
    assert heard[-1] == {"signal": "rights", "room": "tea", "role": None, "may": []}


def test_who_unsubscribes_meanwhile_is_not_subscribed_again() -> None:
    assert seqs(told(unsubscribes, belongs=True)) == [1, 2, 3]
