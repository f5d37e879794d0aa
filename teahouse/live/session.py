"""A session of the JSON protocol. In: text frames from the socket. Out: commands carried out through `actions/`,
replies, and what the hub delivers. Next: `live/protocol.py`, which says what a frame means.

Commands are carried out one after another up to the journal; the acknowledgement comes when it comes, so sends of
a session into one room are stored in the order received without waiting for each other.
"""

from __future__ import annotations

import asyncio
import secrets
from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, cast

from teahouse import history
from teahouse.access import Grant, Speaker
from teahouse.actions import membership, messages
from teahouse.actions.mentions import Called, answered, author_of, called, replied
from teahouse.conf import conf
from teahouse.entries import RootOf
from teahouse.events import Quoted
from teahouse.journal import Change, Entry, Stale, Stored
from teahouse.limits import Strikes
from teahouse.live import attending, managing, protocol, reading
from teahouse.live.inbox import Gate
from teahouse.live.protocol import Problem
from teahouse.live.sendqueue import Block
from teahouse.live.watching import Watching
from teahouse.models.rooms import slug_of
from teahouse.render import mentioned_names

HELLO_SECONDS: Final = 10.0
MANAGED: Final = managing.COMMANDS | attending.COMMANDS | reading.COMMANDS


@dataclass(slots=True, frozen=True, eq=False)
class _Unsaid:
    """A message that is to be stored; `number` is its place among the session's sends."""

    number: int
    command: protocol.Send
    html: str | None
    reply: Quoted | None
    root: RootOf | None


class Session(Watching):
    """One socket for all rooms of a person."""

    __slots__ = (
        "_again",
        "_answered",
        "_flying",
        "_landed",
        "_limits",
        "_patience",
        "_saying_again",
        "_sends",
        "_strikes",
        "_unanswered",
        "typed_at",
        "unread_threads",
    )

    speaks = "json"
    # Names no layer: a session is no member of it, the process is.
    channel_layer_alias = "teahouse: sessions have none"

    async def opened(self) -> None:
        self._strikes = Strikes()
        self._unanswered: set[int | str] = set()
        self._answered = Gate()
        self._sends = 0
        self._again: list[_Unsaid] = []  # In the order in which they came.
        # Room → the rights under which sends are being stored, and how many.
        self._flying: dict[int, tuple[int, int]] = {}
        self._landed = Gate()
        self._saying_again: asyncio.Task[None] | None = None
        self.typed_at: dict[int, float] = {}
        self.unread_threads: int | None = None  # As the session was told; None before it was.
        self._limits = conf().LIMITS
        self._await_hello()

    def _await_hello(self) -> None:
        self._patience = self.runtime.loop.call_later(HELLO_SECONDS, self._no_hello)

    def _no_hello(self) -> None:
        self.close(4105, "no hello within 10 s")

    def left(self) -> None:
        self._patience.cancel()
        if self._saying_again is not None:
            self._saying_again.cancel()
        self.unwatch_all()
        self.runtime.around.left(self)

    # Frames

    async def received(self, text: str | None, data: bytes | None) -> None:
        if text is None:
            self.close(1003, "text frames only")
            return
        # Of what cannot be too big, not even in the longest characters, nobody counts the bytes.
        if len(text) * 4 > self._limits.frame and len(text.encode()) > self._limits.frame:
            self.close(1009, "frame too big")
            return
        try:
            command = protocol.parse(text)
            self._take_id(command.id)
        except Problem as problem:
            self._refuse(problem.re, problem)
            if problem.code == "bad_json" and self._strikes.strike(self.runtime.loop.time()):
                self.close(4000, "ten frames that were no JSON object")
            return
        try:
            await self._carry_out(command)
        except Problem as problem:
            self._answer_refused(command.id, problem)
        while len(self._unanswered) >= self._limits.unanswered and not self.outlet.closed:
            self._answered.clear()
            await self._answered.wait()

    def _take_id(self, id: int | str) -> None:
        if id in self._unanswered:
            problem = Problem(
                "invalid", f"id: {id!r} is of a command that is not answered yet; take another."
            )
            problem.re = id
            raise problem
        self._unanswered.add(id)

    async def _carry_out(self, command: protocol.Command) -> None:
        if isinstance(command, protocol.Hello):
            await self._hello(command)
            return
        if self.speaker is None:
            raise Problem(
                "hello_first", 'The first command is hello, such as {"id":1,"do":"hello","v":1,"name":"梅"}.'
            )
        self.check_scope(command.do)
        if isinstance(command, protocol.Send):
            await self._send(self.speaker, command)
        elif isinstance(command, protocol.Ping):
            self.answer(command.id, {})
        elif (manage := MANAGED.get(command.do)) is not None:
            await manage(self, self.speaker, command)
        else:
            await getattr(self, f"_{command.do}")(self.speaker, command)

    # Replies

    def answer(self, id: int | str, result: Any) -> None:
        self._done_with(id)
        self.outlet.put(Block([protocol.ok(id, result)]))

    def _answer_refused(self, id: int | str, problem: Problem) -> None:
        self._done_with(id)
        self._refuse(id, problem)

    def _refuse(self, id: int | str | None, problem: Problem) -> None:
        problem.re = id
        self.runtime.counts.errors[problem.code] += 1
        self.outlet.put(Block([protocol.refusal(problem)]))
        if problem.close is not None:
            self.close(problem.close, problem.code)

    def _done_with(self, id: int | str) -> None:
        self._unanswered.discard(id)
        self._answered.set()

    # Commands

    async def _hello(self, command: protocol.Hello) -> None:
        if self.speaker is not None:
            raise Problem("hello_twice", "This session has said hello; open another one to be somebody else.")
        if command.v != protocol.VERSION:
            spoken = f"This server speaks version {protocol.VERSION}, not {command.v}."
            raise Problem("version", spoken, close=4008)
        # It was said: behind a crowd that comes at once the answer may take longer than we wait for a hello, and
        # who is sent away for that comes back as another guest, and makes the crowd larger.
        self._patience.cancel()
        try:
            identity = await self.introduce(command.token, command.name)
        except Problem:
            self._await_hello()
            raise
        speaker = identity.speaker
        self.runtime.names[speaker.id] = speaker.who
        asked = self.runtime.loop.time()
        own = await self.runtime.ask(self.runtime.own, speaker.id)
        own = await self.runtime.sweep.policing.own(speaker, own)
        self.unread_threads = own.threads
        self.watch_since(asked, (room for room, _ in own.rooms))
        answer: dict[str, Any] = {
            "v": protocol.VERSION,
            "session": secrets.token_urlsafe(9),
            "you": speaker.who,
            "ping": conf().PING,
            "limits": self._limits.model_dump(),
            "rooms": [state for _, state in own.rooms],
            "may": managing.site_rights(speaker),
            "settings": own.settings,
            "unseen": own.unseen,
            "threads": own.threads,
            "state": self.runtime.state,
        }
        if own.position is not None:
            answer["me"] = own.position
        if here := self.runtime.around.came(self, own.rooms):
            answer["here"] = here
        if self.runtime.place.name:
            answer["place"] = self.runtime.place.name
        if identity.ticket is not None:
            answer["ticket"] = identity.ticket
        self.answer(command.id, answer)

    async def _subscribe(self, speaker: Speaker, command: protocol.Subscribe) -> None:
        since = command.since.position() if command.since is not None else None
        self.stop_looking(slug_of(command.room) or command.room)
        if command.room == "@me":
            room, grant, joined = await self.follow_own(speaker, since)
        else:
            follow = self.follow_or_make if command.make else self.follow
            room, grant, joined = await follow(speaker, command.room, since)
        self.remember(command.room, grant)
        if since is not None:
            result = "reset" if joined.reset else "live" if joined.live else "page"
            self.runtime.counts.resumes[result] += 1
        answer = {
            "room": history.room_state(room) | {"room": command.room if command.room == "@me" else room.slug},
            "position": joined.position,
            "events": [],
            "more": not joined.live,
            "role": grant.role,
            "may": grant.may,
        }
        self.has_told(grant)
        if joined.reset:
            answer["reset"] = True
        if joined.live and grant.kind != "personal":
            answer["here"] = self._enter(speaker, room.pk)
        self._done_with(command.id)
        self.outlet.put(
            Block([_with_events(protocol.ok(command.id, answer), [e.wire for e in joined.events])])
        )

    def _enter(self, speaker: Speaker, room: int) -> dict[str, Any]:
        runtime = self.runtime
        runtime.presence.enter(room, speaker.id, self, runtime.loop.time())
        here = runtime.presence.here(room, to=speaker.id)
        told: dict[str, Any] = {"count": here.count}
        if here.people is not None:
            told["people"] = [runtime.names.get(one, {"id": one}) for one in here.people]
        return told

    async def _unsubscribe(self, speaker: Speaker, command: protocol.Unsubscribe) -> None:
        slug = "@me" if command.room == "@me" else slug_of(command.room)
        self.stop_looking(slug or command.room)
        for room, feed in list(self.subscribed.items()):
            if feed.slug == slug:
                self.unfollow(room)
                self.count_again(room)
        self.answer(command.id, {})

    async def _edit(self, speaker: Speaker, command: protocol.Edit) -> None:
        messages.check_text(command.text)
        self._check_rate(speaker)
        html = await self.runtime.renderer.render(command.text)
        await self.change(
            speaker, command, lambda grant: messages.edit(speaker, grant, command.message, command.text, html)
        )

    async def _delete(self, speaker: Speaker, command: protocol.Delete) -> None:
        await self.change(speaker, command, lambda grant: messages.delete(speaker, grant, command.message))

    async def _react(self, speaker: Speaker, command: protocol.React) -> None:
        self._check_rate(speaker)
        author = await self.runtime.read(author_of, command.message) if command.on else None
        await self.change(
            speaker,
            command,
            lambda grant: messages.react(speaker, grant, command.message, command.emoji, command.on, author),
        )

    async def change(self, speaker: Speaker, command: Any, made: Any) -> Grant:
        """Carries out a change under fresh rights, looking again as long as they change under it."""
        while True:
            grant = (await self.runtime.room(speaker, command.room))[1]
            change: Change = made(grant)
            try:
                self.answer(command.id, await self.runtime.store(change) or {})
                return grant
            except Stale:
                continue

    # Sending

    async def grant(self, speaker: Speaker, room: str, *, fresh: bool = False) -> Grant:
        # Nearly always the name is the permanent one.
        grant = None if fresh else self._grants.get(room) or self._grants.get(slug_of(room) or room)
        if grant is None:
            _, grant = await self.runtime.room(speaker, room)
            self.remember(room, grant)
        return grant

    async def _send(self, speaker: Speaker, command: protocol.Send) -> None:
        messages.check_text(command.text)
        try:
            grant = await self.grant(speaker, command.room)
            if not grant.may_speak:
                grant = await self.grant(speaker, command.room, fresh=True)
            grant.check_may_speak()
            self._check_rate(speaker)
            root: RootOf | None = None
            reply: Quoted | None = None
            if command.thread is not None or command.reply is not None:
                root, reply = await self._answered_by(grant, command)
        except Problem as problem:
            await self._repeat_or_raise(speaker, command, problem)
            return
        html = await self.runtime.renderer.render(command.text)
        self._sends += 1
        unsaid = _Unsaid(self._sends, command, html, reply, root)
        try:
            waits = bool(self._again) or not await self._say(speaker, unsaid, grant)
        except Problem as problem:
            await self._repeat_or_raise(speaker, command, problem)
            return
        if waits:
            self._say_later(unsaid)

    async def _answered_by(self, grant: Grant, command: protocol.Send) -> tuple[RootOf | None, Quoted | None]:
        """In whose thread it is said, and to what it replies."""
        found = await self.runtime.read(messages.answered, grant.room, command.thread, command.reply)
        return cast(tuple[RootOf | None, Quoted | None], found)

    def _check_rate(self, speaker: Speaker) -> None:
        if not conf().RATES:
            return
        wait = self.runtime.sends.take(speaker.id, self.runtime.loop.time())
        if wait:
            rate = f"{self._limits.per_second} messages a second, {self._limits.burst} at once"
            raise Problem("too_fast", f"At most {rate}.", retry=True, after=wait)

    async def _repeat_or_raise(self, speaker: Speaker, command: protocol.Send, problem: Problem) -> None:
        """A repeat is answered before rights and rates are looked at (P4)."""
        slug = slug_of(command.room) or ""
        stored = await self.runtime.read(messages.said_before, speaker.id, slug, command.key, command.text)
        if stored is None:
            raise problem
        self.answer(command.id, {"message": stored.message, "seq": stored.seq})

    async def _repeat_or_refuse(self, speaker: Speaker, command: protocol.Send, problem: Problem) -> None:
        try:
            await self._repeat_or_raise(speaker, command, problem)
        except Problem as refused:
            self._answer_refused(command.id, refused)

    async def _say(self, speaker: Speaker, unsaid: _Unsaid, grant: Grant) -> bool:
        """Submits a message; False, and nothing is submitted, where that could bring it before an earlier one."""
        command = unsaid.command
        mentions = await self._called(speaker, grant, command.text) if "@" in command.text else ()
        reply, root = unsaid.reply, unsaid.root
        author = None
        if reply is not None:
            author = await self.runtime.read(replied, speaker.id, grant, reply["by"]["id"])
        elif root is not None:
            author = await self.runtime.read(answered, speaker.id, grant, root)
        comes = membership.by_speaking(speaker, grant)
        stream = await self.own_stream(speaker) if comes else 0
        # From here on nothing is waited for.
        if self._closing:
            return True  # Signed out or banned meanwhile; a repeat with the same key is answered.
        rights, flying = self._flying.get(grant.room, (grant.rights, 0))
        if rights != grant.rights or (self._again and self._again[0].number < unsaid.number):
            return False
        entry = messages.say(
            speaker, grant, command.key, command.text, unsaid.html, mentions, reply, author, root
        )
        if comes:
            self._submit_quietly(comes(speaker, grant, stream))
        self.runtime.submit(entry, partial(self._said, unsaid, grant.room))
        self._flying[grant.room] = rights, flying + 1
        return True

    async def _called(self, speaker: Speaker, grant: Grant, text: str) -> Sequence[tuple[int, int]]:
        names = mentioned_names(text)
        if not names:
            return ()
        present = self.runtime.presence.present(grant.room)
        found: Called = await self.runtime.read(called, speaker.id, grant, names, present)
        if found.by_word:
            self.check_starts(speaker)
        return found.people

    def _submit_quietly(self, entry: Entry) -> None:
        """An entry that goes before another one in the same commit, and has nobody to answer."""
        self.runtime.submit(entry, lambda outcome: self._grants.clear())

    def _said(self, unsaid: _Unsaid, room: int, outcome: Any) -> None:
        rights, flying = self._flying.pop(room)
        if flying > 1:
            self._flying[room] = rights, flying - 1
        self._landed.set()
        if isinstance(outcome, Stored):
            self.answer(unsaid.command.id, {"message": outcome.message, "seq": outcome.seq})
        elif isinstance(outcome, Stale):
            self._say_later(unsaid)
        else:
            self._answer_refused(unsaid.command.id, outcome)

    def _say_later(self, unsaid: _Unsaid) -> None:
        """Puts it in its place among those that wait for rights to be looked at again."""
        insort(self._again, unsaid, key=lambda one: one.number)
        if self._saying_again is None or self._saying_again.done():
            self._saying_again = asyncio.create_task(self._say_again())

    async def _say_again(self) -> None:
        """Rights changed while messages were on their way: looks again and submits them in their order."""
        while self._again and not self._closing:
            while self._flying:
                # Whatever of it comes back stale has its place before what waits.
                self._landed.clear()
                await self._landed.wait()
            await self._submit_in_order()

    async def _submit_in_order(self) -> None:
        """What waits, with one look at each room's rights, until one has to wait on or an earlier one comes back."""
        assert self.speaker is not None
        looked: set[str] = set()
        last = 0
        while self._again and self._again[0].number > last and not self._closing:
            unsaid = self._again[0]
            room, last = unsaid.command.room, unsaid.number
            try:
                grant = await self.grant(self.speaker, room, fresh=room not in looked)
                looked.add(room)
                if not await self._say(self.speaker, unsaid, grant):
                    return
            except Problem as problem:
                await self._repeat_or_refuse(self.speaker, unsaid.command, problem)
            self._again.remove(unsaid)


def _with_events(reply: str, events: list[str]) -> str:
    """Puts the events, encoded once for everyone, into the reply."""
    return reply.replace('"events":[]', f'"events":[{",".join(events)}]', 1) if events else reply
