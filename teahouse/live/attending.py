"""Commands about what needs one person. In: what a session was asked, of `live/own_commands.py`. Out: changes for the
journal by way of `actions/settings.py`, the list from `attention.py`, and their answers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from teahouse import access, attention
from teahouse.access import Found, Grant, Speaker
from teahouse.actions import settings
from teahouse.live import own_commands as asked
from teahouse.live.protocol import Problem

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
    page = await session.runtime.read(attention.activity, speaker.id, command.before, command.limit)
    page["activity"] = await readable(session, speaker, page["activity"])
    session.answer(command.id, page)


async def readable(session: Session, speaker: Speaker, listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of what is listed for a guest, what is in rooms that they may read at this moment: they belong to none, so no
    end of a membership has taken the others out."""
    if not (speaker.is_guest and listed):
        return listed
    places = {room: access.place(speaker, room) for room in {one["room"] for one in listed}}
    found = await session.runtime.read(access.rooms, [place for place in places.values() if place])
    may = {room for room, place in places.items() if place and _may_read(speaker, room, found[place])}
    return [one for one in listed if one["room"] in may]


def _may_read(speaker: Speaker, room: str, found: Found) -> bool:
    try:
        access.admitted(speaker, room, found)
    except Problem:
        return False
    return True


COMMANDS: Final[dict[str, Callable[[Session, Speaker, Any], Awaitable[None]]]] = {
    "settings": _settings,
    "activity": _activity,
}
