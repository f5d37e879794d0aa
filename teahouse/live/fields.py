"""What the fields of commands may hold. In: values of a frame. Out: the same, or an error that says what is right; for
`live/protocol.py` and `live/room_commands.py`. Pure: no Django, no I/O.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StrictInt, StrictStr

KEY: Final = re.compile(r"[\x20-\x7e]{1,64}")
BIGGEST: Final = 2**53 - 1  # What JavaScript can count to.


def _room(value: str) -> str:
    if not 1 <= len(value) <= 64:
        raise ValueError(f"a room's name has 1 to 64 characters; this one has {len(value)}")
    return value


def _key(value: str) -> str:
    if not KEY.fullmatch(value):
        raise ValueError("a key is 1 to 64 printable ASCII characters")
    return value


def storable(value: str) -> str:
    """Raises: ValueError."""
    if "\x00" in value:
        raise ValueError("a text has no NUL character (U+0000): it cannot be stored")
    return value


Id = (
    Annotated[StrictInt, Field(ge=-BIGGEST, le=BIGGEST)]
    | Annotated[StrictStr, Field(min_length=1, max_length=64)]
)
RoomName = Annotated[StrictStr, AfterValidator(_room)]
Key = Annotated[StrictStr, AfterValidator(_key)]
Text = Annotated[StrictStr, AfterValidator(storable)]
Seq = Annotated[StrictInt, Field(ge=0, le=BIGGEST)]
MessageId = Annotated[StrictInt, Field(ge=1, le=BIGGEST)]
Time = Annotated[AwareDatetime, Field(strict=True)]
"""RFC 3339, such as 2026-11-22T10:00:00Z."""
PersonId = Annotated[StrictInt, Field(ge=1, le=BIGGEST)]
Search = Annotated[StrictStr, Field(max_length=120), AfterValidator(storable)]
"""The beginning of a name, or a part of it; empty finds all."""


class BaseCommand(BaseModel):
    # Fields may be added: what is not known here is passed over.
    model_config = ConfigDict(extra="ignore", frozen=True)

    id: Id = Field(description="Repeated by the reply as `re`.")
