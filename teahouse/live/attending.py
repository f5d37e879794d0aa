"""Commands about what needs one person. In: what a session was asked, of `live/own_commands.py`. Out: changes for the
journal by way of `actions/settings.py`, the list from `attention.py`, and their answers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from teahouse import attention
from teahouse.access import Grant, Speaker
from teahouse.actions import settings
from teahouse.live import own_commands as asked

if TYPE_CHECKING:
    from teahouse.live.session import Session


async def _settings(session: Session, speaker: Speaker, command: asked.Settings) -> None:
    stream = await session.own_stream(speaker)

    def change(grant: Grant | None) -> Any:
        return settings.change(speaker, grant, command.level, command.wanted, stream)

    if command.room is None:
        session.answer(command.id, await session.runtime.store(change(None)))
    else:
        session.watch((await session.change(speaker, command, change)).room)


async def _activity(session: Session, speaker: Speaker, command: asked.Activity) -> None:
    page = session.runtime.read(attention.activity, speaker.id, command.before, command.limit)
    session.answer(command.id, await page)


COMMANDS: Final[dict[str, Callable[[Session, Speaker, Any], Awaitable[None]]]] = {
    "settings": _settings,
    "activity": _activity,
}
