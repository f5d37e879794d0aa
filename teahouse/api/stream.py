"""The events of a room as a Durable Stream, for clients without a WebSocket: `rooms/ROOM/events`. In: a GET or HEAD, on
the event loop before Django. Out: what was missed; with `live` also what comes. Next: `live/brief.py`.

Who waits holds no thread and no connection to the database, as those of `live/over_http.py`, which passes it on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Protocol

from django.utils import timezone
from django.utils.http import parse_etags

from teahouse.api import offsets, rates
from teahouse.api.document import hash_of
from teahouse.api.problems import ended
from teahouse.conf import conf
from teahouse.events import Position
from teahouse.live.brief import Asked, BriefSession, accepted
from teahouse.live.collected import Collected
from teahouse.live.handshake import Handshake
from teahouse.live.identify import Identity
from teahouse.live.outlet import Outlet
from teahouse.live.protocol import Problem

POLL_SECONDS: Final = 25.0
"""As long as a request of `frames/` waits, and for the same reasons."""
STREAM_SECONDS: Final = 60.0
"""Then a reader comes back and goes on from its offset."""
GATHER_SECONDS: Final = 0.05
HERE: Final = b": here\n\n"
"""Said where nothing else was, so that no proxy takes the silence for an end."""
EVENT: Final = '{"event":'
COMMON: Final = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Vary": "Authorization, Cookie",
}
STREAMED: Final = {
    **COMMON,
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache, no-store",
    "X-Accel-Buffering": "no",  # nginx would gather it.
}
OTHER_HISTORY: Final = (
    "This offset is of another history of the room, as after a restored backup: drop what you have, "
    "and begin at -1."
)


class Out(Protocol):
    """Where an answer goes to."""

    begun: bool

    async def begin(self, status: int, headers: Mapping[str, str], body: bytes | None) -> None:
        """The whole answer, or with no body the head of one that comes in pieces."""

    async def put(self, piece: bytes) -> None:
        """A piece of it."""


class Request(NamedTuple):
    """Who asks for what. `etag`: what the header If-None-Match says."""

    door: Handshake
    room: str
    asked: offsets.Asked
    head: bool = False
    etag: str = ""


class StreamSession(BriefSession):
    """One request for events. `refused` says why there is no answer."""

    outlet: Collected

    def __init__(self, request: Request, out: Out, *, waits: bool) -> None:
        super().__init__(Asked([""], door=request.door))
        self._room, self._what, self._out = request.room, request.asked, out
        self._head, self._etag, self._waits = request.head, request.etag, waits
        self._lost = False
        self.refused: Problem | None = None

    async def received(self, text: str | None, data: bytes | None) -> None:
        try:
            await self._answer_with_events()
        except Problem as problem:
            self.refused = problem

    async def introduce(self, token: str | None, name: str | None, *, known: bool = False) -> Identity:
        return await super().introduce(token, name, known=True)

    def reading_lost(self, room: str) -> None:
        self._lost = True
        self._stirred.set()

    def reading_ended(self, room: int) -> None:
        super().reading_ended(room)
        self._lost = True  # What came before is told yet: that it ended.
        self._stirred.set()

    async def _answer_with_events(self) -> None:
        await self.be_known()
        self.check_scope("subscribe")
        if self._room == "@me":
            assert self.speaker is not None
            await self.own_stream(self.speaker)
        position, texts, live = await self._page(await self._since())
        if self._head:
            await self._tell_end(position)
        elif self._what.live == "sse":
            await self._flow(position, texts, live)
        elif self._what.live == "long-poll" and not texts:
            await self._poll(position)
        else:
            await self._tell(position, texts, up_to_date=live)

    # What there is

    async def _since(self) -> Position | None:
        assert self.speaker is not None
        if self._head or not self._what.beginning:
            return None if self._head else self._what.since
        room, _ = await self.runtime.room(self.speaker, self._room)
        return {"epoch": room.epoch, "seq": 0}

    async def _page(self, since: Position | None) -> tuple[Position, list[str], bool]:
        """Where one is behind these events, and whether these are all."""
        assert self.speaker is not None
        _, _, joined = await self.follow(self.speaker, self._room, since)
        if joined.reset:
            raise Problem("gone", OTHER_HISTORY)
        texts = [event.wire for event in joined.events]
        return offsets.behind(since or joined.position, texts), texts, joined.live

    # How it is told

    async def _tell_end(self, position: Position) -> None:
        await self._out.begin(200, self._headers(position, "application/json", store=False), b"")

    async def _tell(self, position: Position, texts: list[str], *, up_to_date: bool) -> None:
        now = self._what.since is None and not self._what.beginning
        headers = self._headers(position, "application/json", store=not now and not self._what.live)
        if up_to_date:
            headers["Stream-Up-To-Date"] = "true"
        body = offsets.body(texts)
        if not now and not self._what.live:
            # Of what is told too: an edited message comes as it is now, at its old place.
            headers["ETag"] = f'"{hash_of(body)}"'
        # RFC 9110, 13.1.2: one of a list, or any; compared weakly.
        asked = [tag.removeprefix("W/") for tag in parse_etags(self._etag or "")]
        same = "ETag" in headers and (headers["ETag"] in asked or asked == ["*"])
        await self._out.begin(304 if same else 200, headers, b"" if same else body)

    async def _poll(self, position: Position) -> None:
        texts = await self._next(POLL_SECONDS) if self._waits else []
        if texts:
            await self._tell(offsets.behind(position, texts), texts, up_to_date=True)
            return
        self._check_end()
        headers = self._headers(position, "", store=False)
        await self._out.begin(204, {**headers, "Stream-Up-To-Date": "true"}, b"")

    async def _flow(self, position: Position, texts: list[str], live: bool) -> None:
        await self._out.begin(200, {**STREAMED, **self._rates()}, None)
        until = self.runtime.loop.time() + STREAM_SECONDS
        cursor = self._what.cursor
        while True:
            cursor = offsets.next_cursor(cursor, timezone.now())
            await self._out.put(offsets.block(texts, position, cursor, up_to_date=live))
            if not live:
                position, texts, live = await self._page(position)
                continue
            texts = await self._next_piece(until) if self._waits else []
            if not texts:
                return
            position = offsets.behind(position, texts)

    async def _next_piece(self, until: float) -> list[str]:
        """What comes next; nothing where it is time to end."""
        now = self.runtime.loop.time
        while (left := until - now()) > 0:
            if texts := await self._next(min(left, conf().PING)):
                return texts
            if self._ended:
                return []
            await self._out.put(HERE)
        return []

    # What comes

    def way_out(self, send: Any) -> Outlet:
        return Collected(conf().LIMITS.queue, self._stir, on_full=self._full)

    def _stir(self) -> None:
        self._stirred.set()

    @property
    def _ended(self) -> bool:
        return self.outlet.closed or self._lost

    def _taken(self) -> list[str]:
        texts = [text for text in self.outlet.texts if text.startswith(EVENT)]
        self.outlet.texts.clear()
        self.outlet.waiting = 0
        return texts

    async def _next(self, seconds: float) -> list[str]:
        """Events that come within so many seconds, with what comes right behind the first."""
        until = self.runtime.loop.time() + seconds
        texts = self._taken()
        while not texts and not self._ended:
            self._stirred.clear()
            try:
                async with asyncio.timeout_at(until):
                    await self._stirred.wait()
            except TimeoutError:
                break
            texts = self._taken()
        if texts and not self._ended:
            await asyncio.sleep(GATHER_SECONDS)
        return texts + self._taken()

    def _rates(self) -> dict[str, str]:
        assert self.speaker is not None
        return rates.headers(rates.left(self.runtime, self.speaker.id))

    def _check_end(self) -> None:
        """Raises: Problem, where the session ended while it waited."""
        if self.outlet.end is not None:
            raise ended(self.outlet.end[0])

    def _headers(self, position: Position, kind: str, *, store: bool) -> dict[str, str]:
        headers = {
            **COMMON,
            **self._rates(),
            "Stream-Next-Offset": offsets.offset(position),
            "Stream-Cursor": offsets.next_cursor(self._what.cursor, timezone.now()),
            "Cache-Control": "private, no-cache" if store else "no-store",
        }
        return {**headers, "Content-Type": kind} if kind else headers


async def tell(
    request: Request, out: Out, *, waits: bool = True, gone: asyncio.Future[Any] | None = None
) -> None:
    """Answers a request for events.

    Args:
        waits: False where nobody can wait for what comes.
        gone: done when who asked has left.

    Raises:
        Problem: nothing was begun.
    """
    session = StreamSession(request, out, waits=waits)
    if gone is not None:
        gone.add_done_callback(lambda _: session.close(1001, "gone"))
    await session({}, session.next_message, accepted)
    if session.refused is not None:
        raise session.refused
    if not out.begun:
        raise ended((session.outlet.end or (4100, ""))[0])
