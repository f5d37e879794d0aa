"""What only HTTP asks for: one room, one message, tokens. In: typed commands. Out: results, carried out in a session as
the protocol's own are.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeVar

from pydantic import Field, ValidationError

from teahouse import directory, history, paging, proof, scopes
from teahouse.access import Speaker
from teahouse.actions import people, tokens
from teahouse.events import timestamp
from teahouse.live.fields import BaseCommand, MessageId, PersonId, RoomName
from teahouse.live.protocol import Problem
from teahouse.models import Person, Token

if TYPE_CHECKING:
    from teahouse.live.session import Session

C = TypeVar("C", bound=BaseCommand)
Scope = Literal["read", "write", "manage", "tokens", "hooks"]


class ListRooms(BaseCommand):
    """The rooms that one belongs to."""

    do: Literal["list_rooms"] = "list_rooms"


class GetRoom(BaseCommand):
    """A room, and what one may do there."""

    do: Literal["get_room"] = "get_room"
    room: RoomName


class GetMessage(BaseCommand):
    """One message as it is now."""

    do: Literal["get_message"] = "get_message"
    room: RoomName
    message: MessageId


class GetPerson(BaseCommand):
    """Somebody whom one may know of."""

    do: Literal["get_person"] = "get_person"
    person: PersonId


class ListTokens(BaseCommand):
    """Own tokens that are good."""

    do: Literal["list_tokens"] = "list_tokens"


class MakeToken(BaseCommand):
    """A token of one's own, for no more than what one came with is for."""

    do: Literal["make_token"] = "make_token"
    label: Annotated[str, Field(max_length=80)]
    scopes: list[Scope]
    expires_at: datetime | None


class RevokeToken(BaseCommand):
    """End a token, and the sessions that came with it."""

    do: Literal["revoke_token"] = "revoke_token"
    token: int


def made(kind: type[C], **fields: Any) -> C:
    """A command of this page.

    Raises:
        Problem: `invalid`.
    """
    try:
        return kind(**{"id": 1, **fields})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Problem("invalid", f"{where}: {first['msg'].removeprefix('Value error, ')}.") from None


async def _list_rooms(session: Session, speaker: Speaker, command: ListRooms) -> None:
    own = await session.runtime.ask(session.runtime.own, speaker.id)
    session.answer(command.id, {"rooms": [state for _, state in own.rooms]})


async def _get_room(session: Session, speaker: Speaker, command: GetRoom) -> None:
    if command.room == "@me":
        await session.own_stream(speaker)
    room, grant = await session.runtime.room(speaker, command.room)
    if room.between:
        room.people = await session.runtime.ask(session.runtime.between, room.between)
    told = {
        "room": history.room_state(room) | {"room": command.room if command.room == "@me" else room.slug},
        "position": {"epoch": room.epoch, "seq": room.seq},
        "role": grant.role,
        "may": list(grant.may),
    }
    session.answer(command.id, told)


async def _get_message(session: Session, speaker: Speaker, command: GetMessage) -> None:
    _, grant = await session.runtime.room(speaker, command.room)
    found = await session.runtime.read(paging.message, grant.room, command.message)
    await session.runtime.room(speaker, command.room)  # Reading may have ended meanwhile (P6).
    if found is None:
        raise Problem("not_found", f"There is no message {command.message} in {grant.slug}.")
    session.answer(command.id, found)


async def _get_person(session: Session, speaker: Speaker, command: GetPerson) -> None:
    session.answer(command.id, await session.runtime.read(directory.person, speaker, command.person))


async def check_proved(session: Session, scope: str) -> None:
    """As the pages do: a borrowed browser gets nothing by which it could stay.

    Raises:
        Problem: `sign_in_again`, where a login says who asks, in which nobody has shown lately that it is them.
    """
    if session.login is not None and not await session.runtime.read(proof.is_login_recent, session.login):
        said = "You signed in over 30 minutes ago. Sign in again, or type your password once more on a page of your "
        raise Problem("sign_in_again", f"{said}account, or bring a token with the scope {scope}.")


def _told(row: Token) -> dict[str, Any]:
    def when(at: datetime | None) -> str | None:
        return timestamp(at) if at is not None else None

    return {
        "id": row.pk,
        "label": row.label,
        "scopes": scopes.listed(row.scopes),
        "made_at": timestamp(row.created_at),
        "expires_at": when(row.expires_at),
        "last_used_at": when(row.last_used_at),
    }


def _listed(person: int) -> list[dict[str, Any]]:
    return [_told(row) for row in tokens.good(person=person).order_by("pk")]


async def _list_tokens(session: Session, speaker: Speaker, command: ListTokens) -> None:
    session.answer(command.id, {"tokens": await session.runtime.read(_listed, speaker.id)})


async def _make_token(session: Session, speaker: Speaker, command: MakeToken) -> None:
    if speaker.is_guest:
        raise Problem("forbidden", "Guests have a ticket and no tokens; sign in first.")
    await check_proved(session, "tokens")
    given = frozenset(command.scopes) or scopes.USUAL
    for name in sorted(given):
        scopes.check(session.scopes, name)
    ends = session.expires_at
    if ends is not None and (command.expires_at is None or command.expires_at > ends):
        raise Problem("invalid", "expires_at: a token ends no later than the one that makes it.")
    session.answer(
        command.id,
        await session.runtime.write(_made, speaker.id, command.label, given, command.expires_at),
    )


def _made(person: int, label: str, given: frozenset[str], expires_at: datetime | None) -> dict[str, Any]:
    row, secret = tokens.new_token(Person.objects.get(pk=person), label, given, expires_at)
    return {**_told(row), "token": secret}


async def _revoke_token(session: Session, speaker: Speaker, command: RevokeToken) -> None:
    row = await session.runtime.write(_revoked, speaker.id, command.token)
    session.answer(command.id, {"digest": row.digest})


def _revoked(person: int, pk: int) -> Token:
    row = tokens.good(person=person, pk=pk).first()
    if row is None:
        raise Problem("not_found", f"You have no good token {pk}.")
    people.revoke_token(row)
    return row


COMMANDS: Final[dict[type[BaseCommand], Callable[[Session, Speaker, Any], Awaitable[None]]]] = {
    ListRooms: _list_rooms,
    GetRoom: _get_room,
    GetMessage: _get_message,
    GetPerson: _get_person,
    ListTokens: _list_tokens,
    MakeToken: _make_token,
    RevokeToken: _revoke_token,
}
