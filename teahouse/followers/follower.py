"""What follows the journal. In: events of a room, in order, each as it is now. Out: whatever it does about them."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from pydantic import BaseModel

from teahouse import declared
from teahouse.events import CUSTOM, KINDS, Event, Who

if TYPE_CHECKING:
    from teahouse.followers.position import Failure

Begin = Literal["now", "start"]
OWN: Final = frozenset(KINDS)
"""Names of Teahouse's own events in rooms."""


class Heard(NamedTuple):
    """An event of a room, with what it is about as it is now: of a message that was deleted since it has no text.

    Attributes:
        kind: such as `message`, `deleted`, `member`, or a project's own, such as `order.paid`.
        room: the room's name.
        seq: its number there.
        frame: what readers get, as docs/protocol.md says.
        key: the same whenever the same event is handed over again.
    """

    kind: str
    room: str
    seq: int
    frame: dict[str, Any]
    key: str

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.frame["at"])

    @property
    def by(self) -> Who | None:
        """Who acted."""
        return self.frame.get("by")

    @property
    def message(self) -> dict[str, Any]:
        """The message it is about, as docs/protocol.md says; empty where it is about none."""
        message: dict[str, Any] = self.frame.get("message", {})
        return message

    @property
    def text(self) -> str:
        """What that says now."""
        return str(self.message.get("text", ""))

    @property
    def is_new(self) -> bool:
        """Whether a message was said, not edited."""
        return self.kind == "message" and self.message.get("seq") == self.seq

    @property
    def data(self) -> dict[str, Any]:
        """What an event of the project says."""
        data: dict[str, Any] = self.frame.get("data", {})
        return data

    @property
    def value(self) -> BaseModel | None:
        """The same as the model that was declared for it; None where there is none, or it is of another shape now."""
        return declared.value_of(self.kind, self.data)


def heard(event: Event, room: str, epoch: str) -> Heard:
    """An event as it comes from the journal."""
    frame = json.loads(event.wire)
    kind = frame["event"] if event.kind == CUSTOM else event.kind
    return Heard(kind, room, event.seq, frame, f"{room}:{epoch}:{event.seq}")


class Again(Exception):
    """It did not succeed and is to be tried again. `after`: seconds until then, or None: as the runner thinks."""

    def __init__(self, why: str, after: float | None = None) -> None:
        super().__init__(why)
        self.after = after


class Follower(ABC):
    """One that follows. Its name is what its positions are stored under.

    Attributes:
        begin: at what is new when it is first run, or at the start of each room.
        park_after: so many failures in a row of one event are told of, and from then on it is tried each hour.
    """

    name: str
    begin: Begin = "now"
    park_after: int = 10

    @abstractmethod
    def wants(self, room: str) -> bool:
        """Whether it follows the room of this name."""

    @abstractmethod
    def cares(self, event: Heard) -> bool:
        """Whether the event is to be handed to it."""

    @abstractmethod
    def hand(self, event: Heard) -> None:
        """Does what is to be done. Whatever it raises makes it be tried again later, before all else of the room."""

    def failed(self, event: Heard, error: BaseException, failure: Failure) -> None:  # noqa: B027  Most do not care.
        """Hears that `hand` raised."""
