"""What both kinds of session share: accept, read, clean up. In: an ASGI WebSocket connection. Out: calls of
`opened`, `received` and `left` in `live/session.py` and `live/plain.py`.

A Channels consumer without what Channels does per event: no hop through a thread, no member of the layer, no task.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from functools import cache, partial
from typing import Any, ClassVar, cast

from channels.consumer import AsyncConsumer
from django.conf import settings
from django.utils import timezone

from teahouse import access, scopes
from teahouse.access import Grant, Speaker
from teahouse.actions import people, rooms
from teahouse.conf import conf
from teahouse.events import Position, plain_text
from teahouse.limits import address_key
from teahouse.live import runtime as runtimes
from teahouse.live.handshake import Handshake, handshake
from teahouse.live.hub import Joined
from teahouse.live.identify import Identity, identify
from teahouse.live.outlet import Outlet, has_wire, outlet_for
from teahouse.live.protocol import Problem
from teahouse.live.runtime import Runtime
from teahouse.live.sendqueue import Block
from teahouse.models import Room
from teahouse.models.rooms import slug_of

log = logging.getLogger("teahouse.session")


@cache
def _tell_what_is_lost() -> None:
    """Once for each process: what serves it is seen by nobody before the first session, `manage.py check` neither."""
    log.warning(
        "This server has nothing but send() for sessions: everything works, but each delivery costs several times as "
        "much, and a reader that is too slow is noticed late. What has more: uvicorn --ws "
        "teahouse.live.wire:WireProtocol"
    )


class Connection(AsyncConsumer):
    """One WebSocket connection. `__call__` is the whole of its life; `finally` in it is what always runs:
    Channels' own `disconnect` does not after an error (channels #1466)."""

    # A consumer has a dict as well. With all that a session knows it would be 1.2 KB larger: 30 names and more are not
    # shared between instances, and each would have a table of names of its own.
    __slots__ = (
        "_address",
        "_closing",
        "_cuts",
        "_dropped",
        "_expiry",
        "_login_digest",
        "_looking",
        "deliver",
        "door",
        "expires_at",
        "login",
        "outlet",
        "runtime",
        "scopes",
        "speaker",
        "subscribed",
        "token",
        "watching",
    )
    plain = False
    speaks: ClassVar[str]
    """`json`, `plain`, `http` or `api`: what those who watch call this kind of session."""
    runtime: Runtime
    outlet: Outlet
    deliver: Callable[[Block], None]
    """The outlet's `put` itself: the hub calls it for each reader of each block."""
    door: Handshake

    def __init__(self) -> None:
        self.speaker: Speaker | None = None
        self.login: str | None = None  # Key of the Django session that the person is signed in with.
        self.token: str | None = None  # Digest of the bearer token that the person came with.
        self.scopes: frozenset[str] | None = None  # What that token may be used for.
        self.expires_at: datetime | None = None  # And until when.
        self._expiry: asyncio.TimerHandle | None = None
        self.subscribed: dict[int, Any] = {}
        self.watching: set[int] = set()  # Own rooms, of which the session is told what is new there.
        self._login_digest: str | None = None
        self._cuts: list[people.Cut] | None = None  # Those that came while it was asked who this is.
        self._closing = False  # It is we who end it: what still comes from the peer is not looked at.
        self._dropped = False
        # Rooms in which rights are being looked at again: by name, with the id.
        self._looking: dict[str, tuple[int, asyncio.Task[None]]] = {}

    @property
    def person_id(self) -> int | None:
        return self.speaker.id if self.speaker is not None else None

    # For the kinds of sessions

    async def opened(self) -> None:
        """The socket is accepted; anything may be sent."""
        raise NotImplementedError

    async def received(self, text: str | None, data: bytes | None) -> None:
        """A frame arrived."""
        raise NotImplementedError

    def left(self) -> None:
        """The socket is gone. Does not wait."""
        raise NotImplementedError

    def reading_lost(self, room: str) -> None:
        """The person may not read the room any more, in which not everybody may now."""
        raise NotImplementedError

    def rights_told(self, grant: Grant) -> None:
        """What the person may do in a room that the session follows was read anew."""
        raise NotImplementedError

    # The way of a connection

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope = scope
        await receive()  # websocket.connect
        # A refusal accepts first: browsers show a refused handshake only as 1006.
        await send({"type": "websocket.accept"})
        self.outlet = self.way_out(send)
        self.deliver = self.outlet.put
        self.door = self.brought()
        try:
            await self._until_the_end(receive)
        except asyncio.CancelledError:
            if not self._dropped:
                raise

    def way_out(self, send: Any) -> Outlet:
        """What this session writes to."""
        if not has_wire(self.scope) and not settings.DEBUG:
            _tell_what_is_lost()
        return outlet_for(
            self.scope,
            send,
            limit=conf().LIMITS.queue,
            compressed=conf().COMPRESSION,
            on_slow=self._too_slow,
            on_gone=partial(self._drop, cast(asyncio.Task[None], asyncio.current_task())),
        )

    def brought(self) -> Handshake:
        """What its request brought along."""
        return handshake(self.scope)

    def _drop(self, task: asyncio.Task[None]) -> None:
        """A server without our wire waits for its peer for ever: only the application's end makes it let go."""
        self._dropped = True
        task.cancel()

    async def _until_the_end(self, receive: Any) -> None:
        if await self._let_in():
            try:
                await self._live(receive)
            finally:
                self._leave()
        else:
            await _until_gone(receive)

    async def _let_in(self) -> bool:
        if self.door.origin_is_wrong:
            self.outlet.close(4003, "wrong origin")
            return False
        try:
            self.runtime = await runtimes.start()
        except Exception:
            log.exception("Teahouse cannot start")
            self.outlet.close(1013, "not ready")
            return False
        if self.runtime.draining:
            self.outlet.close(4201, "5")
            return False
        self.runtime.pace.came()
        self._address = address_key(self.door.address)
        if not self.runtime.addresses.enter(self._address):
            self.outlet.close(4103, "too many sessions from your address")
            return False
        return True

    async def _live(self, receive: Any) -> None:
        self.runtime.sessions[self] = None
        self.runtime.counts.opened[self.speaks] += 1
        self.runtime.pings.add(self.outlet)
        try:
            await self.opened()
            while (message := await receive())["type"] != "websocket.disconnect":
                # Also what a peer said before it left: `echo hello | client` closes at once.
                if not self._closing:
                    await self.received(message.get("text"), message.get("bytes"))
        except Problem as problem:
            # What a command could not be told by its reply: the session cannot go on.
            self.outlet.close(problem.close or 4100, problem.code)
            await _until_gone(receive)
        except Exception:
            log.exception("A session ended with an error")
            self.outlet.close(4100, "error")
            await _until_gone(receive)

    def _leave(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
        self.runtime.sessions.pop(self, None)
        self.runtime.pings.discard(self.outlet)
        self.runtime.addresses.leave(self._address)
        for room in list(self.subscribed):
            self.unfollow(room)
        for slug in list(self._looking):
            self.stop_looking(slug)
        self.left()

    async def introduce(self, token: str | None, name: str | None, *, known: bool = False) -> Identity:
        """Finds out who this is. `known`: who is nobody yet is not made a guest.

        Raises:
            Problem: as `identify`.
        """
        self._cuts = []
        try:
            identity = await identify(self.runtime, self.door, token, name, known=known)
        finally:
            meanwhile, self._cuts = self._cuts, None
        self.speaker, self.login, self.token = identity.speaker, identity.login, identity.token
        self.scopes = identity.scopes
        self.expires_at = identity.expires_at
        if identity.expires_at is not None:
            lasts = (identity.expires_at - timezone.now()).total_seconds()
            self._expiry = self.runtime.loop.call_later(lasts, self.close, 4001, "expired")
        if self.login is not None:
            self._login_digest = people.session_key_digest(self.login)
        # The login was good when it was read, and may have been ended before the answer was here.
        for cut in meanwhile:
            if self.is_meant_by(cut):
                self.cut(cut)
        return identity

    # Rooms

    async def follow(
        self, speaker: Speaker, name: str, since: Position | None = None
    ) -> tuple[Room, Grant, Joined]:
        """Makes this session hear of a room that the person may read, or gives it the next page before that.

        Raises:
            Problem: `not_found`, `too_many`, `unavailable`.
        """
        runtime, limit = self.runtime, conf().LIMITS.rooms
        while True:
            room, grant = await runtime.room(speaker, name)
            # Subscribing again starts anew.
            self.unfollow(room.pk)
            if len(self.subscribed) >= limit:
                raise Problem("too_many", f"A session subscribes to at most {limit} rooms.")
            if room.between:
                room.people = await runtime.ask(runtime.between, room.between)
            joined = await runtime.following.subscribe(self, room.pk, room.slug, since)
            feed = runtime.hub.feeds[room.pk]
            # The page may know of an end of which the feed will hear only now, from another process.
            ended_at = max((event.seq for event in joined.events if event.ends is not None), default=0)
            if max(feed.rights_ended_at, ended_at) <= room.seq:
                break
            # Somebody's right to read ended after we looked: perhaps ours. Look again.
            runtime.hub.leave(self, feed)
        runtime.pace.came()
        if joined.live:
            self.subscribed[room.pk] = feed
        return room, grant, joined

    async def follow_or_make(
        self, speaker: Speaker, name: str, since: Position | None = None
    ) -> tuple[Room, Grant, Joined]:
        """`follow`, of a room that its first visitor makes, where that is let.

        Raises:
            Problem: as `follow`, and as `rooms.visit`.
        """
        if slug_of(name) is None:
            raise access.not_found(name)
        self.check_scope("subscribe")
        try:
            return await self.follow(speaker, name, since)
        except Problem as problem:
            if problem.code != "not_found":
                raise
        self.check_scope("make")
        if speaker.is_guest:
            await self.runtime.write(rooms.visit, speaker, name)
        else:
            await self._make_own(speaker, name)
        return await self.follow(speaker, name, since)

    async def _make_own(self, speaker: Speaker, name: str) -> None:
        """An open room, which belongs to its first visitor. Where there is one by now, that is all right too."""
        stream = await self.runtime.write(rooms.personal, speaker.id)
        wanted = {"kind": "open", "title": name[:120], "topic": "", "speaking": "everyone"}
        self.check_starts(speaker)
        try:
            await self.runtime.store(rooms.make(speaker, stream.pk, wanted, name))
        except Problem as problem:
            if problem.code != "name_taken":
                raise

    def check_scope(self, command: str) -> None:
        """Raises: Problem `forbidden`, where the person came with a token that is not for this."""
        scopes.check(self.scopes, scopes.NEEDS.get(command, "manage"))

    def check_starts(self, speaker: Speaker, count: int = 1) -> None:
        """Of rooms made, conversations begun, people invited, rooms called.

        Raises:
            Problem: `too_fast`.
        """
        most = conf().LIMITS.per_minute
        wait = self.runtime.starts.take(speaker.id, self.runtime.loop.time(), min(count, most))
        if wait and conf().RATES:
            said = f"At most {most} rooms made, conversations begun, people invited and rooms called in a minute."
            raise Problem("too_fast", said, retry=True, after=wait)

    def unfollow(self, room: int) -> None:
        """Hears of the room no more; the person stays present for the grace."""
        feed = self.subscribed.pop(room, None)
        if feed is not None:
            self.runtime.hub.leave(self, feed)
            self._absent(room)

    def _absent(self, room: int) -> None:
        assert self.speaker is not None
        self.runtime.presence.leave(room, self.speaker.id, self, self.runtime.loop.time())

    def _too_slow(self) -> None:
        self._closing = True
        self.runtime.counts.slow += 1
        log.info("A session of %s was too slow", self.person_id)

    # What the hub and the runtime ask of a session

    def close(self, code: int, reason: str = "") -> None:
        self._closing = True
        self.outlet.close(code, reason)

    def is_meant_by(self, cut: people.Cut) -> bool:
        if self._cuts is not None:
            self._cuts.append(cut)
        return (
            (cut.person is not None and cut.person == self.person_id)
            or (cut.token_digest is not None and cut.token_digest == self.token)
            or (cut.session_key_digest is not None and cut.session_key_digest == self._login_digest)
        )

    def cut(self, cut: people.Cut) -> None:
        if cut.again:
            self.close(4200, "1")
        elif cut.person is not None:
            self.close(4003, "deactivated")
        else:
            self.close(4001, "signed out" if cut.token_digest is None else "revoked")

    def reading_ended(self, room: int) -> None:
        self._forget(room)

    def look_again(self, room: int) -> None:
        feed = self.subscribed.pop(room, None)
        if feed is not None and self.speaker is not None and not self._closing:
            again = self._follow_on(self.speaker, room, feed.slug, feed.position)
            self._looking[feed.slug] = room, self.runtime.loop.create_task(again)

    def stop_looking(self, slug: str) -> None:
        """What the person now asks of the room comes before what was under way."""
        looking = self._looking.pop(slug, None)
        if looking is not None:
            room, task = looking
            task.cancel()
            self._absent(room)

    async def _follow_on(self, speaker: Speaker, room: int, slug: str, since: Position) -> None:
        """Hears of a room again, behind what it had, if the person still may."""
        try:
            live = False
            while not live:
                _, grant, joined = await self.follow(speaker, slug, since)
                # Nothing is waited for between joining and telling what came before.
                self.tell(joined)
                # Who reads on may be let do something else: whoever tells of rights meets no reader meanwhile.
                self.rights_told(grant)
                if joined.reset:
                    self.close(4200, "1")
                since, live = joined.position, joined.live
        except Problem as problem:
            self._forget(room)
            if problem.code == "not_found":
                self.reading_lost(slug)
            else:
                self.close(4200, "1")
        finally:
            if slug in self._looking and self._looking[slug][1] is asyncio.current_task():
                del self._looking[slug]

    def tell(self, joined: Joined) -> None:
        """Gives the events of a page, as they would have come one by one."""
        texts = [plain_text(event) if self.plain else event.wire for event in joined.events]
        if there := [text for text in texts if text is not None]:
            self.deliver(Block(there))

    def group_closed(self, room: int) -> None:
        """Concerns plain sessions only."""

    def history_replaced(self, room: int) -> None:
        self._forget(room)
        self.close(4200, "1")

    def _forget(self, room: int) -> None:
        self.subscribed.pop(room, None)
        if self.person_id is not None:
            self.runtime.presence.remove(room, self.person_id, self.runtime.loop.time())


async def _until_gone(receive: Any) -> None:
    while (await receive())["type"] != "websocket.disconnect":
        pass
