"""The JSON protocol's commands and errors. In: a text frame. Out: a typed command or a clear error, for
`live/session.py`, which carries it out through `actions/`. Pure: no Django, no I/O.

The models are the one definition of what a client may send; the published schemas are made from them.
"""

from __future__ import annotations

import json
import math
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    TypeAdapter,
    ValidationError,
)

from teahouse.events import Position, encode
from teahouse.live.fields import BIGGEST, BaseCommand, Key, MessageId, RoomName, Seq, Text, Time, storable
from teahouse.live.own_commands import Activity, Settings, Threads
from teahouse.live.room_commands import (
    Archive,
    Change,
    Direct,
    Invite,
    Join,
    Leave,
    Make,
    Members,
    People,
    Remove,
    Role,
    Rooms,
)  # fmt: skip

VERSION: Final = 1


class Problem(Exception):
    """An error that a client is told: what was wrong and what is right.

    Attributes:
        code: a name of `ERRORS`.
        retry: whether the same command may succeed later.
        after: seconds to wait before that, or None.
        close: the close code that follows, or None.
        re: the id of the command, once it is known.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retry: bool = False,
        after: float | None = None,
        close: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry = retry
        self.after = after
        self.close = close
        self.re: int | str | None = None


ERRORS: Final = {
    "bad_json": "The frame is no JSON object. Answered with `re: null`; the tenth in a minute ends the session.",
    "invalid": "A field is missing or malformed; the message names it and what is right.",
    "unknown_command": "`do` names no command.",
    "hello_first": "The first command of a session is `hello`.",
    "hello_twice": "A session says `hello` once.",
    "version": "This version of the protocol is not spoken here. Followed by close 4008.",
    "bad_token": "The token or ticket is not valid, expired or revoked. Followed by close 4001.",
    "name_taken": "A signed-in person has this name, or a room; take another.",
    "guests_refused": "Guests are not let in here; sign in first. Followed by close 4001.",
    "banned": "The account was deactivated. Followed by close 4003.",
    "not_found": "There is no such room, message or person, or it is not yours to see.",
    "forbidden": "You may see this, but not do that here.",
    "archived": "The room is archived: it can be read, not written.",
    "not_subscribed": "Subscribe to the room first.",
    "gone": "The message was deleted.",
    "empty": "A message has at least one visible character.",
    "too_long": "The text is longer than `limits.text`.",
    "key_reused": "This key was used here with another text. A repeat has the same text, a new message a new key.",
    "too_many": "A limit on how many was reached: rooms of a session or guest, kinds of reactions.",
    "too_fast": "More in so short a time than allowed; `after` says how long to wait.",
    "busy": "Too much waits to be stored; repeat after `after` seconds.",
    "unavailable": "The database cannot be reached or did not answer; repeat, with the same key.",
}


class Hello(BaseCommand):
    """The first command: who speaks. `token`, or `name` for a guest, or neither with a cookie."""

    do: Literal["hello"]
    v: StrictInt = VERSION
    token: StrictStr | None = Field(None, max_length=400)
    name: Text | None = None


class Since(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    epoch: StrictStr = Field(max_length=64)
    seq: Seq

    def position(self) -> Position:
        return {"epoch": self.epoch, "seq": self.seq}


class Subscribe(BaseCommand):
    """Hear of all that happens in a room from now on, or from `since` on."""

    do: Literal["subscribe"]
    room: RoomName
    since: Since | None = None
    make: StrictBool = Field(False, description="Make the open room where there is none, if one may.")


class Unsubscribe(BaseCommand):
    """Hear of the room no more. Membership stays."""

    do: Literal["unsubscribe"]
    room: RoomName


class Send(BaseCommand):
    """Say something."""

    do: Literal["send"]
    room: RoomName
    key: Key = Field(description="1 to 64 printable ASCII characters, unique for person and room.")
    text: Text
    reply: MessageId | None = Field(None, description="Id of a message of the room that this replies to.")
    thread: MessageId | None = Field(
        None, description="Id of the message in whose thread it is said; none: in the room itself."
    )


class Edit(BaseCommand):
    """Change the text of an own message."""

    do: Literal["edit"]
    room: RoomName
    message: MessageId
    text: Text


class Edits(BaseCommand):
    """Read what a message said before it was edited."""

    do: Literal["edits"]
    room: RoomName
    message: MessageId


class Delete(BaseCommand):
    """Delete an own message, or as a moderator anybody's."""

    do: Literal["delete"]
    room: RoomName
    message: MessageId


class React(BaseCommand):
    """Put a reaction on a message, or with `"on": false` take it back."""

    do: Literal["react"]
    room: RoomName
    message: MessageId
    emoji: Annotated[StrictStr, Field(min_length=1, max_length=32), AfterValidator(storable)]
    on: StrictBool = True


class Read(BaseCommand):
    """Move the read mark forward, or with `"back": true` to any place; that of the room, or of one of its threads."""

    do: Literal["read"]
    room: RoomName
    seq: Seq
    thread: MessageId | None = Field(None, description="Id of the message whose thread was read.")
    back: StrictBool = False


class History(BaseCommand):
    """Read messages in their present state: the last ones, before, after or around a number, or of a time."""

    do: Literal["history"]
    room: RoomName
    before: Seq | None = None
    after: Seq | None = None
    around: Seq | None = None
    at: Time | None = Field(None, description="Around the first message said at this time or later.")
    limit: Annotated[StrictInt, Field(ge=1, le=200)] = 50
    thread: MessageId | None = Field(
        None, description="Id of the message whose thread is read; none: what was said in the room itself."
    )
    events: Literal["all", "shown"] | None = Field(
        None, description="Events of the project as well, all of them or those that are shown."
    )


class Typing(BaseCommand):
    """Tell the room that one is typing; shown for some seconds and forgotten."""

    do: Literal["typing"]
    room: RoomName
    thread: MessageId | None = None


class Ping(BaseCommand):
    """Is the other side there? Answered at once."""

    do: Literal["ping"]


Command = (
    Hello | Subscribe | Unsubscribe | Send | Edit | Edits | Delete | React | Read | History | Typing | Ping | Make
    | Direct | Change | Archive | Join | Leave | Invite | Remove | Role | Rooms | Members | People | Settings | Activity
    | Threads
)  # fmt: skip
COMMANDS: Final[dict[str, type[BaseCommand]]] = {
    model.model_fields["do"].annotation.__args__[0]: model for model in Command.__args__
}
_adapter: TypeAdapter[Command] = TypeAdapter(Annotated[Command, Discriminator("do")])


def parse(frame: str) -> Command:
    """The command in a text frame.

    Raises:
        Problem: with `re` set where the frame had a usable id.
    """
    try:
        command = _adapter.validate_json(frame)
    except ValidationError as error:
        raise _explained(frame, error) from None
    if (why := _together(command)) is not None:
        problem = Problem("invalid", why)
        problem.re = command.id
        raise problem
    return command


def _together(command: Command) -> str | None:
    """What is wrong with fields that are right one by one."""
    if isinstance(command, History):
        given = (command.before, command.after, command.around, command.at)
        if sum(one is not None for one in given) > 1:
            return "Give one of before, after, around and at, not several."
    if isinstance(command, Change) and not command.wanted:
        return "Give what is to change: title, topic, speaking or kind."
    return command.wrong if isinstance(command, Settings) else None


def _explained(frame: str, error: ValidationError) -> Problem:
    """Why a frame is no command. Off the fast path: here the frame is looked at a second time."""
    try:
        data = json.loads(frame, parse_int=_whole_number)
    except (ValueError, RecursionError) as wrong:
        return Problem("bad_json", f'A frame is one JSON object, such as {{"id":1,"do":"ping"}}: {wrong}.')
    if not isinstance(data, dict):
        return Problem("bad_json", f"A frame is one JSON object; this is {_kind_of(data)}.")
    problem = _wrong_field(data, error)
    problem.re = usable_id(data.get("id"))
    return problem


def _wrong_field(data: dict[str, Any], error: ValidationError) -> Problem:
    do = data.get("do")
    if not isinstance(do, str) or do not in COMMANDS:
        named = f"{do[:40]!r} is no command" if isinstance(do, str) else '"do" names the command'
        return Problem("unknown_command", f"{named}; there are {', '.join(COMMANDS)}.")
    if has_lone_surrogate(data):
        return Problem("invalid", "A text has no lone surrogates (U+D800 to U+DFFF): they cannot be stored.")
    if "id" in data and usable_id(data["id"]) is None:
        return Problem("invalid", f"id: an integer up to {BIGGEST}, or a string of 1 to 64 characters.")
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(
        str(part) for part in first["loc"][1:] if part not in ("int", "constrained-int", "constrained-str")
    )
    said = first["msg"].removeprefix("Value error, ")
    return Problem("invalid", f"{where or 'the frame'}: {said}.")


def _whole_number(digits: str) -> int:
    # Python refuses to read more than 4300 digits; here it is enough to know that they are too many.
    return int(digits[:20])


def has_lone_surrogate(value: Any) -> bool:
    rest = [value]  # Not recursive: a frame may be nested as deep as the interpreter's stack.
    while rest:
        value = rest.pop()
        if isinstance(value, str):
            if any("\ud800" <= char <= "\udfff" for char in value):
                return True
        elif isinstance(value, dict):
            rest += [*value, *value.values()]
        elif isinstance(value, list):
            rest += value
    return False


def _kind_of(value: Any) -> str:
    return {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}.get(
        type(value), "a number"
    )


def usable_id(value: Any) -> int | str | None:
    """The id of a frame that is otherwise wrong, where a reply can repeat it."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int) and abs(value) <= BIGGEST:
        return value
    if isinstance(value, str) and 0 < len(value) <= 64 and not has_lone_surrogate(value):
        return value
    return None


def ok(re: int | str, result: dict[str, Any]) -> str:
    """The reply to a command that was carried out."""
    return encode({"re": re, "ok": result})


def refusal(problem: Problem) -> str:
    """The reply to a command that was not."""
    error: dict[str, Any] = {"code": problem.code, "message": problem.message, "retry": problem.retry}
    if problem.after is not None:
        error["after"] = math.ceil(problem.after * 10) / 10
    return encode({"re": problem.re, "error": error})


CLOSE_CODES: Final = {
    1000: "done, by the client or by `close`",
    1001: "gone away",
    1002: "broken frame",
    1003: "a kind of data that is not taken here",
    1006: "lost without a close frame (never sent)",
    1007: "not UTF-8",
    1009: "a frame over `limits.frame`",
    1011: "error",
    1012: "restart",
    1013: "overloaded",
    4000: "the protocol was broken too often",
    4001: "bad, expired or revoked credential: get another first",
    4003: "wrong origin, or banned",
    4004: "no such room, or not yours",
    4008: "protocol version not spoken here",
    4100: "error",
    4101: "too slow",
    4102: "no pong",
    4103: "too much",
    4105: "no hello within 10 s",
    4200: "subscribe again",
    4201: "draining",
}
