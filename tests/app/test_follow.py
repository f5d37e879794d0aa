"""Rights that end while a session subscribes: nothing above the number that ended them reaches it (P6)."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from teahouse.access import Grant, Speaker, not_found
from teahouse.actions.people import Cut
from teahouse.conf import conf
from teahouse.events import Event, Position
from teahouse.live import connection
from teahouse.live.connection import Connection
from teahouse.live.hub import Hub, Joined
from teahouse.live.identify import Identity
from teahouse.live.presence import Presence
from teahouse.live.protocol import Problem, Send, parse
from teahouse.live.session import Session
from teahouse.models import Room

BOB = Speaker({"id": 7, "name": "Bob", "kind": "user"})
SINCE: Position = {"epoch": "e", "seq": 0}
REMOVED = Event(1, 10, "member", 7, "{}", ends=7)
AFTER = Event(1, 11, "message", 3, "{}")


class Racing:
    """A runtime in which Bob is removed from the room at number 10, after his rights were read at `looked_at`.

    `delivered`: whether this process's hub has heard of it, or only the page, read from the database.
    """

    def __init__(self, looked_at: int, *, delivered: bool) -> None:
        self.hub, self.presence = Hub(), Presence()
        self.loop = SimpleNamespace(time=lambda: 0.0)
        self.looks = [looked_at, 11]
        self.delivered = delivered
        self.following = self

    async def room(self, *_: Any) -> tuple[Room, Any]:
        seq = self.looks.pop(0)
        if seq >= 10:
            raise not_found("secret")
        return Room(pk=1, slug="secret", kind="private", seq=seq), Grant

    async def subscribe(self, reader: Connection, room: int, slug: str, since: Position | None) -> Joined:
        feed = self.hub.open(room, slug)
        self.hub.load(feed, {"epoch": "e", "seq": 8})
        if self.delivered:
            self.hub.publish([Event(1, 9, "message", 2, "{}"), REMOVED, AFTER])
            return self.hub.join(reader, feed, None)
        return self.hub.join(reader, feed, since, [Event(1, 9, "message", 2, "{}"), REMOVED, AFTER])


@pytest.mark.parametrize("delivered", [True, False], ids=["the hub knows", "only the page knows"])
def test_a_removal_between_looking_and_subscribing_is_seen(delivered: bool) -> None:
    session = Session()
    runtime = Racing(9, delivered=delivered)
    session.runtime, session.speaker = runtime, BOB  # type: ignore[assignment]
    with pytest.raises(Problem, match="no room"):
        asyncio.run(session.follow(BOB, "secret", SINCE))
    assert session.subscribed == {}
    assert runtime.hub.feeds[1].is_empty
    assert runtime.looks == [], "it looked twice"


def test_a_cut_that_comes_while_it_is_asked_who_this_is_ends_the_session(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session, closed = Session(), []
    session.runtime = session.door = None  # type: ignore[assignment]
    session.outlet = SimpleNamespace(close=lambda code, reason: closed.append((code, reason)))

    async def identify(*_: Any, **__: Any) -> Identity:
        # The token was good when it was read; it is revoked before the session knows whose it is.
        assert not session.is_meant_by(Cut(token_digest="another"))
        assert not session.is_meant_by(Cut(token_digest="digest"))
        return Identity(BOB, token="digest")

    monkeypatch.setattr(connection, "identify", identify)
    asyncio.run(session.introduce("tok", None))
    assert closed == [(4001, "revoked")]


@pytest.mark.parametrize("cut", [True, False])
def test_what_is_being_said_at_a_sign_out_is_said_no_more(cut: bool) -> None:
    session, stored = Session(), []

    async def render(text: str) -> None:
        if cut:
            session.close(4001, "signed out")

    grant = Grant(1, "main", "open", 1, "member", False, True, False, False)
    session.outlet = SimpleNamespace(close=lambda *_: None)
    session.runtime = SimpleNamespace(  # type: ignore[assignment]
        renderer=SimpleNamespace(render=render),
        submit=lambda entry, done: stored.append(entry.text),
        loop=SimpleNamespace(time=lambda: 0.0),
        sends=SimpleNamespace(take=lambda *_: 0.0),
    )
    session._grants, session._limits = {"main": grant}, conf().LIMITS
    session._again, session._flying, session._sends = [], {}, 0
    command = parse('{"id":1,"do":"send","room":"main","key":"k","text":"hello"}')
    asyncio.run(session._send(BOB, cast(Send, command)))
    assert stored == ([] if cut else ["hello"])
