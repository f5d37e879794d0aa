"""Commands about rooms and people. In: what a session was asked, of `live/room_commands.py`. Out: changes for the
journal by way of `actions`, lists from `directory.py`, and their answers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from teahouse import directory, history
from teahouse.access import Grant, Speaker
from teahouse.actions import membership, room_settings, rooms
from teahouse.actions.membership import Invited
from teahouse.conf import conf
from teahouse.events import Who
from teahouse.journal import Change, Stale
from teahouse.live import room_commands as asked
from teahouse.live.protocol import Problem
from teahouse.rights import RANKS

if TYPE_CHECKING:
    from teahouse.live.session import Session


def site_rights(speaker: Speaker) -> list[str]:
    """What a person may do besides what each room says: make open and private rooms, begin conversations, look up
    people."""
    if not speaker.is_guest:
        return ["make", "private", "direct", "people"]
    return ["make"] if conf().GUESTS and conf().GUEST_ROOMS else []


async def _make(session: Session, speaker: Speaker, command: asked.Make) -> None:
    wanted = {
        "kind": command.kind,
        "title": rooms.clean_title(command.title),
        "topic": rooms.clean_topic(command.topic),
        "speaking": command.speaking,
    }
    stream = None if speaker.is_guest else await session.own_stream(speaker)
    change = rooms.make(speaker, stream, wanted, command.room)
    session.check_starts(speaker)
    _answer_made(session, command.id, await session.runtime.store(change))


def _answer_made(session: Session, re: int | str, made: rooms.Made) -> None:
    room, state = made
    session.watch(room)
    session.answer(re, {"room": state})


async def _direct(session: Session, speaker: Speaker, command: asked.Direct) -> None:
    if speaker.is_guest:
        raise Problem("forbidden", "Conversations are between people with an account; sign in first.")
    others = list(dict.fromkeys(one for one in command.people if one != speaker.id))
    if not others:
        raise Problem("invalid", "people: a conversation has somebody besides you; name at least one other.")
    session.check_starts(speaker)
    runtime, everyone = session.runtime, [speaker.id, *others]
    while True:
        found = await runtime.read(rooms.find_conversation, everyone)
        room, belong = found or (None, set())
        if room is None:
            people = await runtime.read(directory.reachable, speaker, others)
            people += await runtime.read(directory.named, [speaker.id])
        elif missing := set(everyone) - belong:
            people = await runtime.read(directory.named, sorted(missing))
        else:
            session.answer(command.id, {"room": history.room_state(room)})
            return
        invited = await _with_streams(session, people)
        try:
            change = rooms.converse(speaker, invited, None if room is None else room.pk)
            _answer_made(session, command.id, await runtime.store(change))
            return
        except Stale:
            continue


async def _with_streams(session: Session, people: Sequence[tuple[Who, int | None]]) -> list[Invited]:
    ready = [(who, stream) for who, stream in people if stream is not None]
    if len(ready) == len(people):
        return ready
    made: list[Invited] = await session.runtime.write(rooms.streams, people)
    return made


async def _change(session: Session, speaker: Speaker, command: asked.Change) -> None:
    wanted = command.wanted
    if "title" in wanted:
        wanted["title"] = rooms.clean_title(wanted["title"])
    if "topic" in wanted:
        wanted["topic"] = rooms.clean_topic(wanted["topic"])
    await session.change(speaker, command, lambda grant: room_settings.change(speaker, grant, wanted))


async def _archive(session: Session, speaker: Speaker, command: asked.Archive) -> None:
    await session.change(speaker, command, lambda grant: room_settings.archive(speaker, grant, command.on))


async def _join(session: Session, speaker: Speaker, command: asked.Join) -> None:
    # Who may not has no stream made.
    membership.check_may_join(speaker, (await session.runtime.room(speaker, command.room))[1])
    stream = await session.own_stream(speaker)
    grant = await session.change(speaker, command, lambda grant: membership.join(speaker, grant, stream))
    session.watch(grant.room)


async def _leave(session: Session, speaker: Speaker, command: asked.Leave) -> None:
    _, grant = await session.runtime.room(speaker, command.room)
    membership.check_may_leave(grant)
    if grant.role not in RANKS:
        session.answer(command.id, {})  # Who does not belong needs no stream to hear of it.
        return
    stream = await session.own_stream(speaker)
    await session.change(
        speaker, command, lambda grant: membership.remove(speaker, grant, speaker.who, stream)
    )


async def _invite(session: Session, speaker: Speaker, command: asked.Invite) -> None:
    # Who may not invite learns nothing of who is there.
    (await session.runtime.room(speaker, command.room))[1].check("invite")
    ids = list(dict.fromkeys(command.people))
    session.check_starts(speaker, len(ids))
    people = await session.runtime.read(directory.reachable, speaker, ids)
    invited = await _with_streams(session, people)
    await session.change(speaker, command, lambda grant: membership.invite(speaker, grant, invited))


async def _remove(session: Session, speaker: Speaker, command: asked.Remove) -> None:
    # Who may not remove learns nothing of who is there, and who may nothing of people elsewhere.
    _, asked_under = await session.runtime.room(speaker, command.room)
    asked_under.check("remove")
    found = await session.runtime.read(directory.belonging, asked_under, command.person)
    people = await _with_streams(session, found)

    def change(grant: Grant) -> Change:
        grant.check("remove")
        if not people:
            raise membership.no_member(command.person)
        return membership.remove(speaker, grant, *people[0])

    await session.change(speaker, command, change)


async def _role(session: Session, speaker: Speaker, command: asked.Role) -> None:
    _, asked_under = await session.runtime.room(speaker, command.room)
    asked_under.check("roles")
    people = await session.runtime.read(directory.belonging, asked_under, command.person)

    def change(grant: Grant) -> Change:
        grant.check("roles")
        if not people:
            raise membership.no_member(command.person)
        return membership.give_role(speaker, grant, people[0][0], command.role)

    await session.change(speaker, command, change)


async def _rooms(session: Session, speaker: Speaker, command: asked.Rooms) -> None:
    page = session.runtime.read(directory.open_rooms, speaker, command.search, command.after, command.limit)
    session.answer(command.id, await page)


async def _members(session: Session, speaker: Speaker, command: asked.Members) -> None:
    _, grant = await session.runtime.room(speaker, command.room)
    page = await session.runtime.read(directory.members, grant, command.search, command.after, command.limit)
    # Reading may have ended meanwhile: who came since is not for the person (P6).
    await session.runtime.room(speaker, command.room)
    session.answer(command.id, page)


async def _people(session: Session, speaker: Speaker, command: asked.People) -> None:
    grant = None
    if command.room is not None:
        _, grant = await session.runtime.room(speaker, command.room)
    found = await session.runtime.read(directory.people, speaker, command.search, grant, command.limit)
    if command.room is not None:
        await session.runtime.room(speaker, command.room)
    session.answer(command.id, found)


COMMANDS: Final[dict[str, Callable[[Session, Speaker, Any], Awaitable[None]]]] = {
    "make": _make,
    "direct": _direct,
    "change": _change,
    "archive": _archive,
    "join": _join,
    "leave": _leave,
    "invite": _invite,
    "remove": _remove,
    "role": _role,
    "rooms": _rooms,
    "members": _members,
    "people": _people,
}
