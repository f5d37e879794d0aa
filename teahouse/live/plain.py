"""A connection of the plain text protocol, the seed's: what is typed goes to everyone in the group. In: text frames.
Out: messages for the journal, and each new message as escaped HTML. It keeps no positions and no keys.
"""

from __future__ import annotations

import contextlib
import secrets
from typing import Any, Final

from teahouse.access import Grant, Speaker
from teahouse.actions import membership, messages, room_settings, rooms
from teahouse.conf import conf
from teahouse.events import label
from teahouse.journal import Stale, Stored
from teahouse.live.connection import Connection
from teahouse.live.protocol import Problem
from teahouse.live.sendqueue import Block

CONNECTED: Final = "[已连接!]"
CLOSED: Final = "[后端服务器关闭连接]"
REFUSALS: Final = {
    "too_long": "太长: 一条消息最多 {limit} 个字",
    "empty": "空消息: 请写点什么",
    "invalid": "无法保存: 消息里不能有空字符",
    "bad_name": "名字不行: 1 到 40 个可见字符",
    "too_fast": "太快: 请稍后再发",
    "forbidden": "没有权限",
    "archived": "房间已归档, 只能阅读",
    "not_found": "没有这个房间",
    "name_taken": "名字已被占用, 请换一个",
    "bad_token": "凭证无效",
    "banned": "账号已停用",
    "guests_refused": "请先登录",
    "busy": "服务器忙, 请重发",
    "unavailable": "服务器没有回应, 可能没有保存",
    "binary": "只收文字",
}


class PlainSession(Connection):
    """A reader and writer of one group."""

    plain = True
    speaks = "plain"
    channel_layer_alias = "teahouse: sessions have none"

    async def opened(self) -> None:
        self._prefix = secrets.token_urlsafe(9)
        self._count = 0
        group = self.scope["url_route"]["kwargs"].get("group") or rooms.MAIN
        try:
            speaker = (await self.introduce(self.door.bearer, self.door.name)).speaker
            room, self._grant, _ = await self.follow_or_make(speaker, group)
        except Problem as problem:
            # Nothing else can be invalid here than the name.
            self._refuse(problem, "bad_name" if problem.code == "invalid" else problem.code)
            self.close(problem.close or _close_code(problem), problem.code)
            return
        self.outlet.put(Block([label(speaker.who["name"]) + CONNECTED]))
        self.runtime.names[speaker.id] = speaker.who
        self.runtime.presence.enter(room.pk, speaker.id, self, self.runtime.loop.time())

    def left(self) -> None:
        pass

    async def received(self, text: str | None, data: bytes | None) -> None:
        try:
            if text is None:
                self.outlet.put(Block([f"[{REFUSALS['binary']}]"]))
            elif text == "close":
                await self._close_group()
            else:
                await self._say(text)
        except Problem as problem:
            self._refuse(problem)

    async def _say(self, text: str) -> None:
        assert self.speaker is not None
        self.check_scope("send")
        if "\x00" in text:
            raise Problem("invalid", "A text has no NUL character (U+0000).")
        messages.check_text(text)
        if conf().RATES and (wait := self.runtime.sends.take(self.speaker.id, self.runtime.loop.time())):
            raise Problem("too_fast", "Wait a moment.", retry=True, after=wait)
        if not self._grant.may_speak:
            self._grant = await self._look_again()
        # Before anything is done: who may not speak here does not become a member by trying.
        self._grant.check_may_speak()
        html = await self.runtime.renderer.render(text)
        if self._closing:
            return  # Signed out or banned meanwhile.
        if not self._grant.may_speak:
            self._grant = await self._look_again()
        self._grant.check_may_speak()
        if comes := membership.by_speaking(self.speaker, self._grant):
            await self._come(self.speaker, comes)
        self._count += 1
        # A key of our own makes the journal's second try after a broken connection safe.
        key = f"plain-{self._prefix}-{self._count}"
        while True:
            outcome = await self._stored(messages.say(self.speaker, self._grant, key, text, html))
            if not isinstance(outcome, Stale):
                return
            self._grant = await self._look_again()

    async def _come(self, speaker: Speaker, comes: membership.Coming) -> None:
        """Who speaks in an open room has been there from then on, here as in the other protocol."""
        stream = await self.runtime.write(rooms.personal, speaker.id)
        with contextlib.suppress(Stale):
            await self.runtime.store(comes(speaker, self._grant, stream.pk))
        self._grant = await self._look_again()

    async def _stored(self, entry: Any) -> Any:
        try:
            outcome = await self.runtime.store(entry)
        except Stale as stale:
            return stale
        assert isinstance(outcome, Stored)
        return outcome

    async def _look_again(self) -> Grant:
        assert self.speaker is not None
        return (await self.runtime.room(self.speaker, self._grant.slug))[1]

    async def _close_group(self) -> None:
        """From one who may: a numbered event that ends every plain connection. From another: only his own."""
        assert self.speaker is not None
        self._grant = await self._look_again()
        if self._grant.may_close and (self.scopes is None or "manage" in self.scopes):
            await self.runtime.store(room_settings.close(self.speaker, self._grant))
        else:
            self._end()

    def _end(self) -> None:
        self.outlet.put(Block([CLOSED]))
        self.close(1000)

    def group_closed(self, room: int) -> None:
        self.subscribed.pop(room, None)
        if self.speaker is not None:
            self.runtime.presence.leave(room, self.speaker.id, self, self.runtime.loop.time())
        self._end()

    def reading_ended(self, room: int) -> None:
        super().reading_ended(room)
        self.close(4004, "not_found")

    def rights_told(self, grant: Grant) -> None:
        self._grant = grant

    def reading_lost(self, room: str) -> None:
        self.close(4004, "not_found")

    def _refuse(self, problem: Problem, code: str | None = None) -> None:
        self.runtime.counts.errors[code or problem.code] += 1
        words = REFUSALS.get(code or problem.code, problem.message).format(limit=conf().LIMITS.text)
        self.outlet.put(Block([f"[{words}]"]))


def _close_code(problem: Problem) -> int:
    if problem.code == "not_found":
        return 4004
    if problem.retry:
        return 1013
    return 4103 if problem.code == "too_many" else 4001
