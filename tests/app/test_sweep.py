"""What a process looks after by the clock, asked directly: by itself the sweep comes to it within a minute."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connections

from teahouse import testing
from teahouse.live import sweep
from teahouse.live.presence import Presence
from teahouse.live.sweep import Sweep
from teahouse.models import Member, Room
from tests.app.conftest import Database


class Sitting:
    """A session that is subscribed to one room, and notes what becomes of it."""

    def __init__(self, person: int, room: int) -> None:
        self.person_id = person
        self.login = self.token = None
        self.subscribed = {room: object()}
        self.closed: list[int] = []

    def unfollow(self, room: int) -> None:
        del self.subscribed[room]

    def reading_ended(self, room: int) -> None:
        assert room not in self.subscribed

    def close(self, code: int, reason: str) -> None:
        self.closed.append(code)


def runtime(*sessions: Sitting) -> Any:
    async def read(run: Any, *args: Any) -> Any:
        def on_a_thread() -> Any:
            try:
                return run(*args)
            finally:
                connections.close_all()

        return await asyncio.to_thread(on_a_thread)

    return SimpleNamespace(sessions=dict.fromkeys(sessions), read=read)


@pytest.mark.parametrize("kind", [Room.Kind.PRIVATE, Room.Kind.OPEN])
def test_a_member_removed_behind_our_back_reads_a_private_room_no_more(database: Database, kind: str) -> None:
    cast = testing.cast(kind=kind)
    mei, olga = (Sitting(person.pk, cast.room.pk) for person in (cast.member, cast.owner))
    look = Sweep(runtime(mei, olga))._check_logins
    asyncio.run(look())
    assert (mei.closed, olga.closed) == ([], [])
    Member.objects.filter(person=cast.member).delete()
    asyncio.run(look())
    assert mei.closed == ([] if kind == Room.Kind.OPEN else [4200])
    assert bool(mei.subscribed) == (kind == Room.Kind.OPEN)
    assert olga.closed == []


def test_the_names_of_who_is_nowhere_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "TICK", 0)
    presence = Presence()
    presence.enter(1, 7, "session", 0.0)
    live = runtime(Sitting(8, 1))
    live.loop, live.bus = SimpleNamespace(time=lambda: 0.0), SimpleNamespace(tell=lambda data: None)
    live.hub, live.presence = SimpleNamespace(feeds={}), presence
    live.figures = SimpleNamespace(tick=lambda late: None)
    live.names = {person: {"id": person, "name": str(person)} for person in (7, 8, 9)}
    asyncio.run(Sweep(live)._show_presence())
    assert set(live.names) == {7, 8}


def test_logins_are_looked_at_as_soon_as_the_bus_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a command said of them while it was away is lost."""
    monkeypatch.setattr(sweep, "TICK", 0)
    looks: list[int] = []

    async def look() -> None:
        looks.append(live.bus.gaps)

    live = runtime()
    live.loop, live.bus = SimpleNamespace(time=lambda: 0.0), SimpleNamespace(works=True, gaps=0)
    live.place = SimpleNamespace(look=look)
    looking = Sweep(live)
    monkeypatch.setattr(looking, "_check_logins", lambda: asyncio.sleep(0))
    asyncio.run(looking._look_at_logins())
    asyncio.run(looking._look_at_logins())
    assert looks == [0]
    live.bus.gaps = 1
    asyncio.run(looking._look_at_logins())
    asyncio.run(looking._look_at_logins())
    assert looks == [0, 1]
