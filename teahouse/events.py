"""What can happen in a room, and its JSON on the wire. In: facts. Out: `Event`, for `live/hub.py` and `bus.py`.

The TypedDicts are the one definition of what a client receives; the published schemas are made from them.
Pure: no Django, no I/O.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any, Final, Literal, NamedTuple, NotRequired

from pydantic_core import to_json
from typing_extensions import TypedDict  # pydantic's schemas need this one below Python 3.12.

Kind = Literal["user", "guest", "bot"]
Role = Literal["owner", "moderator", "member", "guest"]


class Who(TypedDict):
    """A person as others see them. `avatar` is the version of their picture, where there is one."""

    id: int
    name: str
    kind: Kind
    avatar: NotRequired[str]


class Position(TypedDict):
    """A place in one history of a room: what a client has applied, and goes on from."""

    epoch: str
    seq: int


class Quoted(TypedDict):
    """What a message replies to: where it stands and who said it. Not the text, which may change or be deleted."""

    id: int
    seq: int
    by: Who


class Root(TypedDict):
    """The message in whose thread another one was said, and where it stands."""

    id: int
    seq: int


class ThreadState(TypedDict):
    """What is told of a thread at its root: how many messages, when the last was said and its number, and of those
    who spoke there the last five, the last first. Where all were deleted there is no last one."""

    count: int
    last: NotRequired[str]
    seq: NotRequired[int]
    people: list[Who]


class MessageState(TypedDict):
    """A message, or those fields of it that an event replaces. `root` where it was said in a thread, `thread` where it
    is a root."""

    id: int
    key: NotRequired[str]
    seq: NotRequired[int]
    at: NotRequired[str]
    by: NotRequired[Who]
    text: NotRequired[str]
    html: NotRequired[str]
    reply: NotRequired[Quoted]
    root: NotRequired[Root]
    thread: NotRequired[ThreadState]
    edited: NotRequired[str]
    deleted: NotRequired[str]
    reactions: NotRequired[dict[str, list[int]]]
    rev: NotRequired[int]


class MemberState(TypedDict):
    """A membership after the event; `role` is null for one who belongs to the room no more."""

    person: Who
    role: Role | None


class RoomState(TypedDict):
    """A room as its readers see it. A conversation (`direct`) has no title but the `people` whose it is, at most 20."""

    room: str
    title: str
    topic: str
    kind: Literal["open", "private", "direct", "personal"]
    archived: bool
    speaking: Literal["everyone", "moderators"]
    people: NotRequired[list[Who]]


Level = Literal["all", "mentions", "nothing"]


QuietHours = TypedDict("QuietHours", {"from": str, "to": str, "zone": str})
"""Hours of each day, such as 22:00, by the clock of a time zone."""


class OwnSettings(TypedDict):
    """A person's settings. `seen`: the number of the own stream up to which they have seen what needs them."""

    quiet: QuietHours | None
    language: str | None
    seen: int


class EventFrame(TypedDict):
    """What goes over the wire: the same bytes to every reader."""

    event: str
    room: str
    seq: int
    at: str
    by: NotRequired[Who]
    message: NotRequired[MessageState]
    member: NotRequired[MemberState]
    state: NotRequired[RoomState]
    read: NotRequired[int]
    about: NotRequired[str]
    thread: NotRequired[int]
    role: NotRequired[Role]
    position: NotRequired[Position]
    settings: NotRequired[OwnSettings]
    level: NotRequired[Level]
    data: NotRequired[dict[str, Any]]
    html: NotRequired[str]


KINDS: Final = {
    "message": "said or edited (then with `edited`); `html` only where the text has markup",
    "deleted": "a message is gone: who it was by and where it stood, no text",
    "reactions": "the whole set of reactions of a message, at most 30 kinds and 500 people",
    "thread": "what is told of a thread, at the message that is its root",
    "member": "somebody joined, left, was invited or removed, or has another role",
    "room": "title, topic, kind or who may speak, that it was archived, or that its project gave other rights",
    "closed": "the group was closed over the plain protocol",
}
PERSONAL_KINDS: Final = {
    "read": "the read mark of the room `about` moved, on some device",
    "thread_read": "the read mark of the thread of a message in the room `about` moved, on some device",
    "room_added": "the person belongs to the room `about` now",
    "room_removed": "the person belongs to the room `about` no more",
    "mention": "a message in the room `about` names the person",
    "reply": "a message in the room `about` replies to one of the person",
    "reaction": "somebody has put a reaction on a message of the person in the room `about`",
    "settings": "the person's settings changed, or the level of the room `about`",
    "signed_out": "the person signed out somewhere",
}

ABOUT_MESSAGES: Final = frozenset({"message", "deleted", "reactions", "thread"})
CUSTOM: Final = "custom"
"""The kind of all that a project tells of itself. On the wire they have their own names, each with a dot in it."""
_APART: Final = ("reactions", "thread")
"""They replace one field of the message; the others about messages all that it says."""
ABOUT_RIGHTS: Final = frozenset({"member", "room"})
"""After these somebody may do other things in the room than before."""

EVERYONE: Final = 0
"""As `Event.ends`: not everybody may read on. Who may looks again."""

NARROWED: Final = "narrowed"
"""The detail of an event `room` from which on only members read."""

LOOK_AGAIN: Final = "look again"
"""The detail of an event `room` after which another answer of the project's policy counts."""

REACTION_KINDS: Final = 30
REACTION_PEOPLE: Final = 500


class Event(NamedTuple):
    """One numbered change of a room, encoded once.

    Attributes:
        room: id of the room.
        seq: its number there, from 1, without a gap.
        kind: a name of `KINDS` or `PERSONAL_KINDS`, or CUSTOM.
        subject: id of the message or person that it is about, or None.
        wire: the JSON text that every reader gets.
        ends: id of the person who may read the room no more after this number (P6), or EVERYONE, or None.
    """

    room: int
    seq: int
    kind: str
    subject: int | None
    wire: str
    ends: int | None = None

    @property
    def size(self) -> int:
        """Bytes on the wire."""
        return len(self.wire) if self.wire.isascii() else len(self.wire.encode())


def encode(frame: Mapping[str, Any]) -> str:
    """JSON as it goes over the wire: compact, not escaped to ASCII. In a third of the time that `json` takes."""
    return to_json(frame).decode()


def timestamp(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, such as 2026-11-22T10:00:00.123Z."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def room_event(
    room: int, seq: int, frame: EventFrame, subject: int | None = None, *, detail: str = ""
) -> Event:
    """An event that is not about one message; `frame["seq"]` is `seq`. `detail`: as the journal keeps it."""
    ends = EVERYONE if detail in (NARROWED, LOOK_AGAIN) else _whose_reading_ends(frame)
    return Event(room, seq, frame["event"], subject, encode(frame), ends)


def message_event(room: int, slug: str, seq: int, at: str, by: Who, kind: str, state: MessageState) -> Event:
    """An event about one message. `state` is the message as at the commit of `seq`, or newer (P3)."""
    frame: EventFrame = {"event": kind, "room": slug, "seq": seq, "at": at, "by": by, "message": state}
    return Event(room, seq, kind, state["id"], encode(frame))


def custom_frame(
    slug: str, seq: int, at: str, by: Who | None, name: str, data: str, html: str | None
) -> EventFrame:
    """One of the project's own as it goes over the wire. `data` is JSON of an object."""
    frame: EventFrame = {"event": name, "room": slug, "seq": seq, "at": at}
    if by is not None:
        frame["by"] = by
    frame["data"] = json.loads(data)
    if html is not None:
        frame["html"] = html
    return frame


def custom_event(room: int, seq: int, frame: EventFrame, subject: int) -> Event:
    """One of the project's own; `subject` is the id of what it says."""
    return Event(room, seq, CUSTOM, subject, encode(frame))


def _whose_reading_ends(frame: EventFrame) -> int | None:
    member = frame.get("member")
    if member is None or member["role"] is not None:
        return None
    state = frame.get("state")
    # Who leaves an open room may go on reading it; `state` comes along where reading ends.
    return member["person"]["id"] if state is not None and state["kind"] != "open" else None


def restated(old: Event, new: Event) -> Event | None:
    """`old` as a resume may show it after `new` changed the same message: its own number, the newer content.

    None where `new` leaves what `old` shows untouched. This is what keeps a deleted or edited text out of the
    hub's ring, as reading present state keeps it out of a resume from the database (P3). It cuts and joins
    texts instead of parsing them: a reaction to a popular message restates hundreds of events.
    """
    if old.subject != new.subject or old.kind not in ABOUT_MESSAGES or new.kind not in ABOUT_MESSAGES:
        return None
    # Nothing brings a deleted message back; an older change may come later, where a page was read meanwhile.
    if old.kind == "deleted" or (
        part_of(old.kind) != part_of(new.kind) and not takes_away(old.kind, new.kind)
    ):
        return None
    head = old.wire.removeprefix(f'{{"event":"{old.kind}"').partition(_MESSAGE)[0]
    state = new.wire.partition(_MESSAGE)[2]
    return Event(old.room, old.seq, new.kind, old.subject, f'{{"event":"{new.kind}"{head}{_MESSAGE}{state}')


def part_of(kind: str) -> str:
    """Which part of a message events of this kind replace: those of one part are brought up to date by each other."""
    return kind if kind in _APART else "message"


def takes_away(old: str, new: str) -> bool:
    """Whether nothing is left of what events of the kind `old` show after one of the kind `new`. A thread stays when
    its root is deleted."""
    return new == "deleted" and old != "thread"


# Where `message_event` puts the state, always last. No text can hold this: its quotes would be escaped.
_MESSAGE: Final = ',"message":'


def label(name: str) -> str:
    """The plain protocol's label of a speaker, HTML-escaped (protocol.md, "Plain text")."""
    return f'<span style="color:grey;width:100%;font-size:12px">{escape(name)}:</span><br>'


def plain_text(event: Event) -> str | None:
    """What a plain reader gets of an event: new messages only, as escaped HTML; None for all else."""
    if event.kind != "message":
        return None
    frame: EventFrame = json.loads(event.wire)
    message = frame["message"]
    # An event about another number is an edit. One that was edited since and comes late, from the database, is
    # shown as it is now: plain readers hear of it only this once.
    if message.get("seq") != event.seq:
        return None
    return label(message["by"]["name"]) + escape(message["text"])
