"""Commands of those who read: pages of history, earlier texts, read marks, threads, and that one is typing. In: what a
session was asked. Out: answers, and changes for the journal by way of `actions/`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from teahouse import threads
from teahouse.access import Grant, Speaker
from teahouse.actions import membership
from teahouse.actions import threads as thread_actions
from teahouse.live import own_commands, pages, protocol
from teahouse.live.attending import readable
from teahouse.live.pages import Asked
from teahouse.live.protocol import Problem
from teahouse.paging import Where

if TYPE_CHECKING:
    from teahouse.live.session import Session

TYPING_SECONDS: Final = 1.0
"""More often nobody is told that somebody is typing."""


async def _history(session: Session, speaker: Speaker, command: protocol.History) -> None:
    place = (command.before, command.after, command.around, command.limit, command.at, command.thread)
    where = Where(*place, command.events)
    page = await session.runtime.ask(session.runtime.pages, Asked(speaker, command.room, where))
    if isinstance(page, Problem):
        raise page
    session.answer(command.id, page)


async def _edits(session: Session, speaker: Speaker, command: protocol.Edits) -> None:
    earlier = session.runtime.read(pages.earlier, speaker, command.room, command.message)
    session.answer(command.id, await earlier)


async def _read(session: Session, speaker: Speaker, command: protocol.Read) -> None:
    stream = await session.own_stream(speaker)

    def change(grant: Grant) -> Any:
        if command.thread is None:
            return membership.read(speaker, grant, command.seq, command.back, stream)
        return thread_actions.read(speaker, grant, command.thread, command.seq, command.back, stream)

    grant = await session.change(speaker, command, change)
    if command.thread is None:
        session.watch(grant.room)


async def _threads(session: Session, speaker: Speaker, command: own_commands.Threads) -> None:
    page = await session.runtime.read(threads.listed, speaker.id, command.before, command.limit)
    page["threads"] = await readable(session, speaker, page["threads"])
    session.answer(command.id, page)


async def _typing(session: Session, speaker: Speaker, command: protocol.Typing) -> None:
    grant = await session.grant(speaker, command.room)
    if grant.room not in session.subscribed:
        raise Problem("not_subscribed", f"Subscribe to {command.room} first.")
    grant.check_may_speak()
    now = session.runtime.loop.time()
    if now - session.typed_at.get(grant.room, -TYPING_SECONDS) >= TYPING_SECONDS:
        session.typed_at[grant.room] = now
        frame: dict[str, Any] = {"signal": "typing", "room": grant.slug, "by": speaker.who}
        if command.thread is not None:
            frame["thread"] = command.thread
        session.runtime.signal(grant.room, frame)
    session.answer(command.id, {})


COMMANDS: Final[dict[str, Callable[[Session, Speaker, Any], Awaitable[None]]]] = {
    "history": _history,
    "edits": _edits,
    "read": _read,
    "threads": _threads,
    "typing": _typing,
}
