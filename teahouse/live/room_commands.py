"""The JSON protocol's commands about rooms and people. In: fields of a frame. Out: typed commands, for
`live/protocol.py`, which puts them beside the others; `live/managing.py` carries them out. Pure: no Django, no I/O.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field, StrictBool, StrictInt

from teahouse.live.fields import BaseCommand, PersonId, RoomName, Search, Text

Speaking = Literal["everyone", "moderators"]
Kind = Literal["open", "private"]
Limit = Annotated[StrictInt, Field(ge=1, le=200)]
MOST_INVITED: Final = 50
MOST_OTHERS: Final = 19


class Make(BaseCommand):
    """Make a room; who makes it owns it. Guests make open ones, which nobody owns."""

    do: Literal["make"]
    kind: Kind = "open"
    title: Text
    room: RoomName | None = Field(
        None,
        description="Its permanent name; left out, it is made from the title. A private room gets more behind it.",
    )
    topic: Text = ""
    speaking: Speaking = "everyone"


class Direct(BaseCommand):
    """The conversation with exactly these people, made where there is none."""

    do: Literal["direct"]
    people: Annotated[list[PersonId], Field(min_length=1, max_length=MOST_OTHERS)]


class Change(BaseCommand):
    """Give a room another title, topic, kind, or say who speaks in it."""

    do: Literal["change"]
    room: RoomName
    title: Text | None = None
    topic: Text | None = None
    speaking: Speaking | None = None
    kind: Kind | None = None

    @property
    def wanted(self) -> dict[str, Any]:
        """What is to change."""
        return self.model_dump(include={"title", "topic", "speaking", "kind"}, exclude_none=True)


class Archive(BaseCommand):
    """Make a room read-only, or with `"on": false` writable again."""

    do: Literal["archive"]
    room: RoomName
    on: StrictBool = True


class Join(BaseCommand):
    """Become a member of an open room."""

    do: Literal["join"]
    room: RoomName


class Leave(BaseCommand):
    """Belong to a room no more."""

    do: Literal["leave"]
    room: RoomName


class Invite(BaseCommand):
    """Make people members of a room."""

    do: Literal["invite"]
    room: RoomName
    people: Annotated[list[PersonId], Field(min_length=1, max_length=MOST_INVITED)]


class Remove(BaseCommand):
    """End somebody's membership."""

    do: Literal["remove"]
    room: RoomName
    person: PersonId


class Role(BaseCommand):
    """Give a member another role."""

    do: Literal["role"]
    room: RoomName
    person: PersonId
    role: Literal["owner", "moderator", "member"]


class Rooms(BaseCommand):
    """List open rooms by name, archived ones last; `search` is a part of the name or title."""

    do: Literal["rooms"]
    search: Search = ""
    after: RoomName | None = Field(None, description="Go on behind this room.")
    limit: Limit = 50


class Members(BaseCommand):
    """List the members of a room: owners, moderators, then the others."""

    do: Literal["members"]
    room: RoomName
    search: Search = ""
    after: PersonId | None = Field(None, description="Go on behind this person.")
    limit: Limit = 50


class People(BaseCommand):
    """Find people whose names begin so, those of `room` first."""

    do: Literal["people"]
    search: Search
    room: RoomName | None = None
    limit: Limit = 20
