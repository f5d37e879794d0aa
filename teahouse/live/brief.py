"""A session as long as one request, for who has no socket. In: the frames that a socket would carry. Out: what the
session said, once all is answered, or, for one that waits, once there is something new. Next: `live/session.py`.

It is a session like any other: who speaks, rights, rates, the hub, cuts are looked at as on a socket. It keeps nothing
from one request to the next, so each may reach another process: what a client has is in its positions.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from teahouse.access import Grant, Speaker
from teahouse.conf import conf
from teahouse.events import Position, encode
from teahouse.live import protocol
from teahouse.live.collected import Collected
from teahouse.live.handshake import Handshake
from teahouse.live.hub import Joined
from teahouse.live.identify import BAD_TOKEN, Identity
from teahouse.live.outlet import Outlet
from teahouse.live.protocol import Problem
from teahouse.live.session import Session
from teahouse.models import Room

ANSWER_SECONDS: Final = 30.0
"""How long a command may take; who hears nothing repeats it, with the same key."""
GATHER_SECONDS: Final = 0.05
"""What comes so soon after the first that is new leaves with it."""

HELLO_FIRST: Final = (
    "Bring a token or ticket in the Authorization header, or begin with hello, such as "
    '{"id":1,"do":"hello","v":1,"name":"梅"}.'
)


class Asked(NamedTuple):
    """What a request asks for.

    Attributes:
        wait: seconds that may pass until something new comes.
        person: who asks, as far as they know; a credential of somebody else is refused.
        known: what the answer before said of own rooms (`BriefSession.known`).
        door: what the request brought along, where it is not to be read from its headers.
    """

    frames: Sequence[str]
    wait: float = 0.0
    person: int | None = None
    known: str = ""
    door: Handshake | None = None


class BriefSession(Session):
    """Opened, asked and left in one go by `exchange`."""

    speaks = "http"
    outlet: Collected

    waiting = 0
    """Of all, how many wait for something new at this moment."""

    def __init__(self, asked: Asked) -> None:
        super().__init__()
        self._asked = asked
        self._messages: deque[dict[str, Any]] = deque(
            [
                {"type": "websocket.connect"},
                *({"type": "websocket.receive", "text": frame} for frame in asked.frames),
            ]
        )
        self._stirred = asyncio.Event()
        self._missed = False  # A reply says more than that all is as it was.
        self._greeting: dict[str, Any] | None = None

    async def next_message(self) -> dict[str, Any]:
        """What a socket's `receive` would give."""
        if self._messages:
            return self._messages.popleft()
        if self._asked.known and self.known not in ("", self._asked.known):
            self._missed = True  # Between the request before and this one.
        if self._asked.wait:
            BriefSession.waiting += 1
        self.outlet.known = self.known
        try:
            await self._until_told()
        finally:
            if self._asked.wait:
                BriefSession.waiting -= 1
        return {"type": "websocket.disconnect", "code": 1000}

    @property
    def known(self) -> str:
        """A digest of what the hello told of own rooms besides those that are subscribed to, whose events tell it;
        empty where there was none."""
        if self._greeting is None:
            return ""
        followed = {feed.slug for feed in self.subscribed.values()}
        others = [room for room in self._greeting["rooms"] if room["room"] not in followed]
        told = encode({"rooms": others, "state": self._greeting["state"]})
        return blake2b(told.encode(), digest_size=6).hexdigest()

    async def _until_told(self) -> None:
        now = asyncio.get_running_loop().time
        began, first = now(), None
        while not self.outlet.closed:
            until = began + self._asked.wait
            if self._unanswered:
                until = began + ANSWER_SECONDS
            elif self._missed or self.outlet.news:
                first = first or now()
                until = min(until, first + GATHER_SECONDS)
            self._stirred.clear()
            try:
                async with asyncio.timeout_at(until):
                    await self._stirred.wait()
            except TimeoutError:
                return

    # What is otherwise than on a socket

    def way_out(self, send: Any) -> Outlet:
        return Collected(conf().LIMITS.queue, self._stirred.set, on_full=self._full)

    def _full(self) -> None:
        self._closing = True  # What else is asked for is not even looked at.

    def brought(self) -> Handshake:
        return self._asked.door or super().brought()

    def answer(self, id: int | str, result: Any) -> None:
        if "session" in result:
            self._greeting = result
        super().answer(id, result)

    async def _carry_out(self, command: protocol.Command) -> None:
        if self.speaker is None and not isinstance(command, protocol.Hello):
            await self.be_known()
        await super()._carry_out(command)

    def _refuse(self, id: int | str | None, problem: Problem) -> None:
        self._missed = True
        super()._refuse(id, problem)

    async def be_known(self) -> None:
        """Who has a login, a token or a ticket need not say hello each time."""
        door = self.door
        if door.session_key is None and door.ticket is None and door.bearer is None:
            raise Problem("hello_first", HELLO_FIRST)
        speaker = (await self.introduce(None, None, known=True)).speaker
        self._patience.cancel()
        self.runtime.names[speaker.id] = speaker.who

    async def introduce(self, token: str | None, name: str | None, *, known: bool = False) -> Identity:
        person = self._asked.person
        token = self.door.bearer if token is None else token
        identity = await super().introduce(token, name, known=known or person is not None)
        if person not in (None, identity.speaker.id):
            raise Problem("bad_token", BAD_TOKEN, close=4001)
        return identity

    async def follow(
        self, speaker: Speaker, name: str, since: Position | None = None
    ) -> tuple[Room, Grant, Joined]:
        room, grant, joined = await super().follow(speaker, name, since)
        self._missed = self._missed or bool(joined.events) or joined.reset or not joined.live
        return room, grant, joined


async def exchange(scope: Any, asked: Asked, gone: asyncio.Future[Any] | None = None) -> Collected:
    """Carries out what is asked and gives what was said.

    Args:
        scope: of the HTTP request.
        gone: done when who asked has left, and nobody reads the answer.
    """
    session = BriefSession(asked)
    if gone is not None:
        gone.add_done_callback(lambda _: session.close(1001, "gone"))
    await session(scope, session.next_message, accepted)
    return session.outlet


async def accepted(message: Any) -> None:
    """There is no socket to accept."""
