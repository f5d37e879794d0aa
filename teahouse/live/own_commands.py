"""The JSON protocol's commands about what needs one person, and when they may be disturbed. In: fields of a frame. Out:
typed commands, for `live/protocol.py`; `live/attending.py` carries them out. Pure: no Django, no I/O.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Final, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictInt, StrictStr

from teahouse.events import Level
from teahouse.live.fields import BaseCommand, RoomName, Seq

_zones = cache(available_timezones)


def _zone(value: str) -> str:
    # A machine without the database of time zones knows none, and takes what the browser says.
    if _zones() and value not in _zones():
        raise ValueError(
            "a time zone is named as in the IANA database, such as Europe/Berlin or Asia/Shanghai"
        )
    return value


Hour = Annotated[StrictStr, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="Such as 22:00.")]
Zone = Annotated[StrictStr, Field(min_length=1, max_length=64), AfterValidator(_zone)]


class Quiet(BaseModel):
    """Hours of each day in which one is not to be disturbed, by the clock of a time zone."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    begin: Hour = Field(alias="from")
    end: Hour = Field(alias="to")
    zone: Zone


class Settings(BaseCommand):
    """Change own settings: the level of a room, and what holds for all rooms."""

    do: Literal["settings"]
    room: RoomName | None = Field(None, description="Whose level it is.")
    level: Level | None = Field(None, description="What to be told of; null: as is usual for such a room.")
    quiet: Quiet | None = Field(None, description="When not to be disturbed; null: never.")
    language: Annotated[StrictStr, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$")] | None = Field(
        None, description="Such as zh-hans; null: as the browser says."
    )
    seen: Seq | None = Field(
        None, description="Up to which number of the own stream one has seen what needs one."
    )

    @property
    def wanted(self) -> dict[str, Any]:
        """What is to change besides a level, as it is kept."""
        wanted: dict[str, Any] = {}
        given = self.model_fields_set
        if "quiet" in given:
            quiet = self.quiet
            wanted |= {"quiet_from": "", "quiet_to": "", "zone": ""}
            if quiet is not None:
                wanted = {"quiet_from": quiet.begin, "quiet_to": quiet.end, "zone": quiet.zone}
        if "language" in given:
            wanted["language"] = self.language or ""
        if self.seen is not None:
            wanted["seen"] = self.seen
        return wanted

    @property
    def wrong(self) -> str | None:
        """What is wrong with fields that are right one by one."""
        if (self.room is not None) != ("level" in self.model_fields_set):
            return "Give room and level together: the level is that of the room."
        if self.room is None and not self.wanted:
            return "Give what is to change: room and level, quiet, language or seen."
        if self.quiet is not None and self.quiet.begin == self.quiet.end:
            return "quiet: from and to are the same; give hours between which not to be disturbed, or null."
        return None


MOST_ACTIVITY: Final = 100


class Activity(BaseCommand):
    """List what needs one, newest first: mentions, replies to own messages, reactions to them."""

    do: Literal["activity"]
    before: Seq | None = Field(None, description="Go on before this number of the own stream.")
    limit: Annotated[StrictInt, Field(ge=1, le=MOST_ACTIVITY)] = 30


class Threads(BaseCommand):
    """List the threads that one takes part in, those in which something was said last first."""

    do: Literal["threads"]
    before: Seq | None = Field(None, description="Go on before this id of a thread's last message.")
    limit: Annotated[StrictInt, Field(ge=1, le=MOST_ACTIVITY)] = 30
