"""What a request brings in its body and its query. In: JSON, or texts. Out: typed values, or an error that says what is
right. The fields are those of the protocol's commands; `tests/pure/test_api_shapes.py` compares them.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictStr

from teahouse.events import Level
from teahouse.live.fields import BIGGEST, MessageId, PersonId, RoomName, Search, Seq, Text
from teahouse.live.own_commands import MOST_ACTIVITY, Quiet
from teahouse.live.room_commands import MOST_INVITED, MOST_OTHERS, Kind, Speaking
from teahouse.scopes import SCOPES

DIGITS: Final = re.compile(r"\d{1,16}", re.ASCII)

MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]", re.ASCII)


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        if not DIGITS.fullmatch(value):
            raise ValueError("a whole number, such as 50")
        return int(value)
    return value


Whole = Annotated[int, Field(ge=0, le=BIGGEST), BeforeValidator(_whole)]
"""A number in a query."""
Id = Annotated[int, Field(ge=1, le=BIGGEST), BeforeValidator(_whole)]


def _moment(value: Any) -> Any:
    # A number would be taken for seconds.
    if isinstance(value, str) and not MOMENT.match(value):
        raise ValueError("a time as in RFC 3339, such as 2026-11-22T10:00:00Z")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]
Limit = Annotated[int, Field(ge=1, le=200), BeforeValidator(_whole)]
MANY: Final = "At most so many."
Events = Annotated[
    list[Annotated[Text, Field(min_length=1, max_length=64)]], Field(min_length=1, max_length=50)
]
LABEL_LENGTH: Final = 80


class Shape(BaseModel):
    # Fields may be added: what is not known here is passed over.
    model_config = ConfigDict(extra="ignore", frozen=True)

    def given(self) -> dict[str, Any]:
        """What was said, and of the rest nothing: null is not the same as nothing said."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


# Bodies


class NewMessage(Shape):
    """Something to say."""

    text: Text = Field(description="Markdown.", examples=["Tea is *ready*."], min_length=1)
    reply: MessageId | None = Field(None, description="Id of a message of the room that this replies to.")
    thread: MessageId | None = Field(
        None, description="Id of the message in whose thread it is said; none: in the room itself."
    )


class NewText(Shape):
    """Another text for an own message."""

    text: Text = Field(description="Markdown.", min_length=1)


class NewRoom(Shape):
    """A room to make; who makes it owns it."""

    title: Text = Field(examples=["Tea"], min_length=1)
    kind: Kind = "open"
    room: RoomName | None = Field(
        None,
        description="Its permanent name; left out, it is made from the title. A private room gets more behind it.",
        min_length=1,
        max_length=64,
    )
    topic: Text = ""
    speaking: Speaking = "everyone"


class Changes(Shape):
    """What is to change of a room: at least one of these."""

    title: Text | None = None
    topic: Text | None = None
    speaking: Speaking | None = None
    kind: Kind | None = None


class Others(Shape):
    """With whom to talk."""

    people: list[PersonId] = Field(min_length=1, max_length=MOST_OTHERS, description="Ids of others.")


class Invited(Shape):
    """Whom to make members."""

    people: list[PersonId] = Field(min_length=1, max_length=MOST_INVITED, description="Their ids.")


class NewRole(Shape):
    """What a member is from now on."""

    role: Literal["owner", "moderator", "member"]


class Mark(Shape):
    """How far one has read."""

    seq: Seq = Field(description="The number of the last message that was read.")
    thread: MessageId | None = Field(None, description="Id of the message whose thread was read.")
    back: StrictBool = Field(False, description="Move it there also where that is back.")


class RoomSettings(Shape):
    """What to be told of in a room."""

    level: Level | None = Field(description="Null: as is usual for such a room.")


class OwnSettings(Shape):
    """What holds in all rooms: at least one of these."""

    quiet: Quiet | None = Field(None, description="When not to be disturbed; null: never.")
    language: Annotated[StrictStr, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$")] | None = Field(
        None, description="Such as zh-hans; null: as the browser says."
    )
    seen: Seq | None = Field(
        None, description="Up to which number of the own stream one has seen what needs one."
    )


class NewToken(Shape):
    """A token to make."""

    label: Annotated[StrictStr, Field(max_length=80)] = Field(
        "", description="What it is for, to know it by."
    )
    scopes: list[Literal["read", "write", "manage", "tokens", "hooks"]] = Field(
        default_factory=list,
        max_length=len(SCOPES),
        description="What it may be used for; none: read, write and manage.",
    )
    expires_at: AwareDatetime | None = Field(None, description="Null: it lasts until it is revoked.")


class NewHook(Shape):
    """A program to tell of events."""

    url: Text = Field(description="Begins with https:// or http://.", min_length=1, max_length=1000)
    events: Events = Field(["message"], description="Names of events; `*` is all.")
    room: RoomName | None = Field(None, description="Null: all rooms that who makes it may see.")
    label: Text = Field("", max_length=LABEL_LENGTH, description="What it is for, to know it by.")


class HookChanges(Shape):
    """What is to change of a webhook: at least one of these."""

    url: Annotated[Text, Field(min_length=1, max_length=1000)] | None = None
    events: Events | None = None
    room: RoomName | None = Field(None, description="Null: all rooms that who made it may see.")
    label: Annotated[Text, Field(max_length=LABEL_LENGTH)] | None = None
    active: StrictBool | None = Field(
        None, description="False stops it; true goes on with what happened meanwhile."
    )


# Queries


class Page(Shape):
    """Which messages: at most one of `before`, `after`, `around` and `at`; without them the last ones."""

    before: Whole | None = Field(None, description="Those before this number.")
    after: Whole | None = Field(None, description="Those after this number.")
    around: Whole | None = Field(None, description="Those around this number.")
    at: Moment | None = Field(None, description="Around the first message said at this time or later.")
    limit: Limit = Field(50, description=MANY)


class RoomPage(Page):
    """The same, and whether of the room itself or of a thread."""

    thread: Id | None = Field(None, description="Id of the message whose thread is read.")
    events: Literal["all", "shown"] | None = Field(
        None, description="Events of the project as well, all of them or those that are shown."
    )


class RoomSearch(Shape):
    """Which open rooms."""

    search: Search = Field("", description="A part of the name or title; empty finds all.")
    after: RoomName | None = Field(None, description="Go on behind this room.")
    limit: Limit = Field(50, description=MANY)


class MemberSearch(Shape):
    """Which members."""

    search: Search = Field("", description="The beginning of a name; empty finds all.")
    after: Id | None = Field(None, description="Go on behind this person.")
    limit: Limit = Field(50, description=MANY)


class PeopleSearch(Shape):
    """Which people."""

    search: Search = Field("", description="The beginning of a name; empty finds all.")
    room: RoomName | None = Field(None, description="Those of this room first.")
    limit: Limit = Field(20, description=MANY)


class Deliveries(Shape):
    """Which deliveries."""

    before: Id | None = Field(None, description="Go on before this id.")
    limit: Limit = Field(50, description=MANY)


class Newest(Shape):
    """Which of what needs one, or of one's threads."""

    before: Whole | None = Field(None, description="Go on before this number, which the page before named.")
    limit: Annotated[int, Field(ge=1, le=MOST_ACTIVITY), BeforeValidator(_whole)] = Field(
        30, description=MANY
    )
