"""What one person says in a room is stored in the order in which it was said, however often rights change meanwhile."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from teahouse.access import Grant, Speaker, not_found
from teahouse.conf import conf
from teahouse.journal import Say, Stale, Stored
from teahouse.live.counts import Counts
from teahouse.live.inbox import Gate
from teahouse.live.protocol import Send, parse
from teahouse.live.session import Session

BOB = Speaker({"id": 12, "name": "Bob", "kind": "guest"})


class Room:
    """A room whose rights change at any moment, and a journal that stores when it is told to."""

    def __init__(self) -> None:
        self.rights = 1
        self.stored: list[str] = []
        self.waiting: list[tuple[Say, Callable[[Any], None]]] = []
        self.renderer = SimpleNamespace(render=self.render)
        self.sends = SimpleNamespace(take=lambda *_: 0.0)
        self.counts = Counts()
        self.loop = asyncio.get_running_loop()
        self.told: list[dict[str, Any]] = []
        self.is_hidden = False  # From Bob, who was removed.

    async def render(self, text: str) -> None:
        return None

    async def room(self, speaker: Speaker, name: str) -> tuple[None, Grant]:
        if self.is_hidden:
            raise not_found(name)
        grant = Grant(1, "tea", "open", self.rights, "member", False, True, False, False)
        await asyncio.sleep(0)
        return None, grant

    async def read(self, said_before: Any, person: int, room: str, key: str, text: str) -> Stored | None:
        return Stored(7, 3, repeated=True) if key == "known" else None

    def submit(self, entry: Say, done: Callable[[Any], None]) -> None:
        self.waiting.append((entry, done))

    def store(self, count: int) -> None:
        """So many of those that wait, as one batch."""
        batch, self.waiting = self.waiting[:count], self.waiting[count:]
        for entry, done in batch:
            if entry.rights == self.rights:
                self.stored.append(entry.key)
                done(Stored(len(self.stored), len(self.stored)))
            else:
                done(Stale())


def session_in(room: Room) -> Session:
    session = Session()
    session.outlet = cast(
        Any, SimpleNamespace(put=lambda block: room.told.extend(map(json.loads, block.texts)))
    )
    session.runtime = cast(Any, room)
    session.speaker = BOB
    session._grants, session._limits = {}, conf().LIMITS
    session._unanswered, session._answered = set(), Gate()
    session._again, session._flying, session._sends, session._landed = [], {}, 0, Gate()
    session._saying_again = None
    return session


@pytest.mark.parametrize("seed", range(200))
def test_the_order_stays(seed: int) -> None:
    chance = random.Random(seed)

    async def talk() -> list[str]:
        room = Room()
        session = session_in(room)
        said = 0
        while len(room.stored) < 12:
            match chance.choice(("say", "say", "store", "store", "change", "look", "pass", "pass")):
                case "say" if said < 12:
                    said += 1
                    frame = f'{{"id":{said},"do":"send","room":"tea","key":"k{said}","text":"hello"}}'
                    await session._send(BOB, cast(Send, parse(frame)))
                case "store":
                    room.store(chance.randint(1, 4))
                case "change":
                    room.rights += 1
                case "look":  # As a subscription does.
                    session.remember("tea", (await room.room(BOB, "tea"))[1])
                case _:
                    await asyncio.sleep(0)
        return room.stored

    assert asyncio.run(asyncio.wait_for(talk(), 10)) == [f"k{number}" for number in range(1, 13)]


def test_a_repeat_that_waits_behind_others_is_answered_though_the_right_to_speak_is_gone() -> None:
    """P4: found by the simulation. Looked at again, it was refused like something new."""

    async def talk() -> list[dict[str, Any]]:
        room = Room()
        session = session_in(room)
        for number, key in enumerate(("new", "known"), 1):
            if number == 2:
                room.rights, room.is_hidden = 2, True
                room.store(1)
            frame = f'{{"id":{number},"do":"send","room":"tea","key":"{key}","text":"hello"}}'
            await session._send(BOB, cast(Send, parse(frame)))
        assert session._saying_again is not None
        await session._saying_again
        return room.told

    refused, answered = asyncio.run(asyncio.wait_for(talk(), 10))
    assert (refused["re"], refused["error"]["code"]) == (1, "not_found")
    assert answered == {"re": 2, "ok": {"message": 7, "seq": 3}}


def test_who_is_signed_out_while_rights_are_looked_at_again_says_nothing_more() -> None:
    async def talk() -> list[Say]:
        room = Room()
        session = session_in(room)
        for number in (1, 2):
            frame = f'{{"id":{number},"do":"send","room":"tea","key":"k{number}","text":"hello"}}'
            await session._send(BOB, cast(Send, parse(frame)))
        room.rights = 2
        room.store(2)
        await asyncio.sleep(0)  # It looks.
        session._closing = True
        assert session._saying_again is not None
        await session._saying_again
        return [entry for entry, _ in room.waiting]

    assert asyncio.run(asyncio.wait_for(talk(), 10)) == []
