"""What the server says besides events: the result of each command, and the signals. Pure: shapes alone.

The TypedDicts are the one definition of what a client receives; the published schemas are made from them.
"""

from __future__ import annotations

from typing import Any, Final, Literal, NotRequired

from typing_extensions import TypedDict

from teahouse.events import EventFrame, Level, MessageState, OwnSettings, Position, Role, RoomState, Who

State = Literal["ok", "degraded", "unavailable"]


Right = Literal[
    "speak",
    "call",
    "react",
    "join",
    "leave",
    "invite",
    "change",
    "archive",
    "remove",
    "moderate",
    "kind",
    "roles",
]
SiteRight = Literal["make", "private", "direct", "people"]


class OwnRoom(TypedDict):
    """A room that the person belongs to. A conversation has no title, but the `people` whose it is besides oneself."""

    room: str
    title: str
    kind: Literal["open", "private", "direct", "personal"]
    role: Role
    archived: bool
    people: NotRequired[list[Who]]
    position: Position
    read: int
    level: Level
    unread: int
    mentions: int


class HelloResult(TypedDict):
    """Who one is, and what to keep to. `ping` is in seconds; only guests get a ticket. `place`: what the site's owners
    call it. `here`: ids of those people of one's conversations who are here, in whatever room; left out where nobody
    is. `me`: the position of one's own stream to which all of this is told; left out where nothing ever was."""

    v: int
    session: str
    you: Who
    ping: int
    limits: dict[str, int]
    rooms: list[OwnRoom]
    settings: OwnSettings
    unseen: int
    threads: int
    may: list[SiteRight]
    state: State
    me: NotRequired[Position]
    place: NotRequired[str]
    here: NotRequired[list[int]]
    ticket: NotRequired[str]


class Present(TypedDict):
    """Somebody who is here; a name that is not known yet is left out."""

    id: int
    name: NotRequired[str]
    kind: NotRequired[Literal["user", "guest", "bot"]]
    avatar: NotRequired[str]


class Here(TypedDict):
    """Who is in a room; in one with over 100 people present, how many."""

    count: int
    people: NotRequired[list[Present]]


class SubscribeResult(TypedDict):
    """A page of a resume; with `more` false one is live and goes on from `position`."""

    room: RoomState
    position: Position
    events: list[EventFrame]
    more: bool
    reset: NotRequired[Literal[True]]
    here: NotRequired[Here]
    role: Role | None
    may: list[Right]


class StoredResult(TypedDict):
    """The message, and the number of the event that changed it last."""

    message: int
    seq: int


class ReadResult(TypedDict):
    """Where the mark is now."""

    read: int


class Sides(TypedDict):
    """On which sides of a page there is more."""

    before: bool
    after: bool


class HistoryResult(TypedDict):
    """Messages as they are now, oldest first, and a position read before them. `root` of the thread that was asked
    for, or in which the message was said around which one asked: then they are those of the room around the root.
    `read`: with `thread`, how far one has read there, null where one takes no part. `events`: of the project, where
    they were asked for."""

    messages: list[MessageState]
    position: Position
    more: Sides
    root: NotRequired[MessageState]
    read: NotRequired[int | None]
    events: NotRequired[list[EventFrame]]


class RoomResult(TypedDict):
    """The room that was made, or the conversation."""

    room: RoomState


class InviteResult(TypedDict):
    """Who is a member now and was none before."""

    added: list[int]


class ListedRoom(RoomState):
    """An open room: how many belong to it, and whether oneself does."""

    members: int
    joined: bool


class RoomsResult(TypedDict):
    """A page of the open rooms; with `more` the next comes `after` the last."""

    rooms: list[ListedRoom]
    more: bool


class ListedMember(TypedDict):
    """Who belongs to a room, and as what."""

    person: Who
    role: Role


class MembersResult(TypedDict):
    """A page of a room's members, and how many it has; with `more` the next comes `after` the last."""

    members: list[ListedMember]
    count: int
    more: bool


class PeopleResult(TypedDict):
    """People whose names begin so."""

    people: list[Who]


class SettingsResult(TypedDict):
    """What holds now; `level` where that of a room was asked for."""

    settings: OwnSettings
    level: NotRequired[Level]


class Needing(TypedDict):
    """Something that needs a person: `by` has named them, replied to them, or reacted. `message` is as it is now, with
    `reaction` one's own, else that of `by`; `seq` is of the own stream. A conversation has `people`, no title."""

    seq: int
    kind: Literal["mention", "reply", "reaction"]
    at: str
    by: Who
    room: str
    title: str
    people: NotRequired[list[Who]]
    message: MessageState
    emoji: NotRequired[list[str]]


class ActivityResult(TypedDict):
    """A page, newest first; with `more` the next comes `before` that number."""

    activity: list[Needing]
    more: bool
    before: int


class ListedThread(TypedDict):
    """A thread that one takes part in: its root as `message`, the `last` one, how far one has `read` there, and how
    much is `unread`, at most 100. A conversation has `people`, no title."""

    room: str
    title: str
    people: NotRequired[list[Who]]
    message: MessageState
    last: NotRequired[MessageState]
    read: int
    unread: int


class ThreadsResult(TypedDict):
    """A page; with `more` the next come `before` that id. `unread`: in how many of all there is something unread."""

    threads: list[ListedThread]
    more: bool
    before: int
    unread: int


class EarlierText(TypedDict):
    """What a message said before an edit, and when that was said."""

    at: str
    text: str
    html: NotRequired[str]


class EditsResult(TypedDict):
    """Earlier texts, oldest first; with `more`, those before them are too long to be told or kept no longer."""

    edits: list[EarlierText]
    more: bool


class NoResult(TypedDict):
    """Nothing but that it was done."""


class ErrorResult(TypedDict):
    """Why a command was not carried out; `after` is in seconds."""

    code: str
    message: str
    retry: bool
    after: NotRequired[float]


class TypingSignal(TypedDict):
    """Somebody is typing; shown for some seconds."""

    signal: Literal["typing"]
    room: str
    thread: NotRequired[int]
    by: Who


class PresenceSignal(TypedDict):
    """Who came and went; with `whole`, `came` is everybody who is here."""

    signal: Literal["presence"]
    room: str
    came: list[Present]
    went: list[Present]
    count: int
    whole: NotRequired[Literal[True]]


class HeadSignal(TypedDict):
    """An own room that the session has not subscribed to has something new."""

    signal: Literal["head"]
    room: str
    seq: int
    unread: int
    mentions: int


class ThreadsSignal(TypedDict):
    """In how many of the threads that one takes part in there is something unread."""

    signal: Literal["threads"]
    unread: int


class RightsSignal(TypedDict):
    """What one may do in a room now; nothing, and no role, where one may read it no more."""

    signal: Literal["rights"]
    room: str
    role: Role | None
    may: list[Right]


class RoomSignal(TypedDict):
    """An own room that the session has not subscribed to has another title, or was archived."""

    signal: Literal["room"]
    state: RoomState


class PersonSignal(TypedDict):
    """Somebody with whom one shares a room is called otherwise now, has another picture, or is no guest any more."""

    signal: Literal["person"]
    who: Who


class CustomSignal(TypedDict):
    """What the project shows for a moment."""

    signal: Literal["custom"]
    room: str
    kind: str
    data: dict[str, Any]


class ServiceSignal(TypedDict):
    """The server is well, or in which way it is not."""

    signal: Literal["service"]
    state: State


class HereSignal(TypedDict):
    """People with whom one has a conversation came to the site, in whatever room, or went."""

    signal: Literal["here"]
    came: list[int]
    went: list[int]


class PlaceSignal(TypedDict):
    """The site is called otherwise."""

    signal: Literal["place"]
    name: str


RESULTS: Final[dict[str, Any]] = {
    "hello": HelloResult,
    "subscribe": SubscribeResult,
    "unsubscribe": NoResult,
    "send": StoredResult,
    "edit": StoredResult,
    "edits": EditsResult,
    "delete": StoredResult,
    "react": StoredResult,
    "read": ReadResult,
    "history": HistoryResult,
    "typing": NoResult,
    "ping": NoResult,
    "make": RoomResult,
    "direct": RoomResult,
    "change": NoResult,
    "archive": NoResult,
    "join": NoResult,
    "leave": NoResult,
    "invite": InviteResult,
    "remove": NoResult,
    "role": NoResult,
    "rooms": RoomsResult,
    "members": MembersResult,
    "people": PeopleResult,
    "settings": SettingsResult,
    "activity": ActivityResult,
    "threads": ThreadsResult,
}
SIGNALS: Final[dict[str, Any]] = {
    "typing": TypingSignal,
    "presence": PresenceSignal,
    "head": HeadSignal,
    "threads": ThreadsSignal,
    "rights": RightsSignal,
    "room": RoomSignal,
    "person": PersonSignal,
    "service": ServiceSignal,
    "here": HereSignal,
    "place": PlaceSignal,
    "custom": CustomSignal,
}
