"""What is known of one room, for a screen: messages as they are now, by number. In: history and events. Pure."""

from __future__ import annotations

from typing import Any, Final

from teahouse.events import EventFrame, MessageState, Position
from teahouse.live.replies import HistoryResult

HELD: Final = 1_000
"""Messages that are kept; of those before the server is asked again."""
FIELDS_APART: Final[tuple[str, ...]] = ("reactions", "thread")


class RoomView:
    """The messages of a room, those too that come in its threads while one looks; or those of the thread of one
    message, below it."""

    def __init__(self, thread: int | None = None) -> None:
        self.thread = thread
        self.messages: dict[int, dict[str, Any]] = {}  # By id, in the order said.
        self.position: Position | None = None
        self.more_before = False
        self._applied: dict[tuple[int, str], int] = {}

    @property
    def all(self) -> list[dict[str, Any]]:
        return list(self.messages.values())

    @property
    def first(self) -> int | None:
        """The number of the first one, with which the next page ends."""
        return next((one["seq"] for one in self.messages.values() if one["id"] != self.thread), None)

    @property
    def last(self) -> int:
        return int(self.position["seq"]) if self.position is not None else 0

    def page(self, page: HistoryResult, *, older: bool = False) -> None:
        """A page of history: the last one, or the one before what there is."""
        found = {message["id"]: dict(message) for message in page["messages"]}
        if (root := page.get("root")) is not None:
            found = {root["id"]: dict(root), **found}
        if older:
            self.messages = {**found, **self.messages}
        else:
            self.messages, self.position = found, page["position"]
        for message in page["messages"]:
            self._note(message["id"], message.get("rev", 0))
        self.more_before = page["more"]["before"]

    def apply(self, event: EventFrame) -> bool:
        """One event; whether something is new to be shown."""
        if self.position is not None:
            self.position = {"epoch": self.position["epoch"], "seq": event["seq"]}
        message = event.get("message")
        if message is None:
            return event["event"] in ("room", "member")
        part = event["event"] if event["event"] in FIELDS_APART else "message"
        if self._applied.get((message["id"], part), 0) >= event["seq"]:
            return False
        self._applied[message["id"], part] = event["seq"]
        return self._put(message, part, new=message.get("seq") == event["seq"])

    def last_of(
        self, *, person: int | None = None, besides: int | None = None, name: str = ""
    ) -> dict[str, Any] | None:
        """The last message of somebody, of anybody besides, or of who is called so."""
        for message in reversed(self.messages.values()):
            by = message["by"]
            fits = person in (None, by["id"]) and besides != by["id"]
            if fits and "deleted" not in message and by["name"].lower().startswith(name.lower()):
                return message
        return None

    def last_in_thread(self) -> dict[str, Any] | None:
        """The last message that was said in a thread, or has one."""
        found = (
            one
            for one in reversed(self.messages.values())
            if "root" in one or one.get("thread", {}).get("count")
        )
        return next(found, None)

    def _put(self, message: MessageState, part: str, *, new: bool) -> bool:
        held = self.messages.get(message["id"])
        if part != "message":
            if held is not None:
                held[part] = message.get(part)
            return held is not None
        if held is None and not (new and self._is_here(message)):
            return False
        kept = (
            {}
            if "deleted" in message or held is None
            else {name: held[name] for name in FIELDS_APART if name in held}
        )
        self.messages[message["id"]] = {**kept, **message}
        if len(self.messages) > HELD:
            del self.messages[next(one for one in self.messages if one != self.thread)]
            self.more_before = True
        return True

    def _is_here(self, message: MessageState) -> bool:
        return self.thread is None or ("root" in message and message["root"]["id"] == self.thread)

    def _note(self, message: int, rev: int) -> None:
        for part in ("message", *FIELDS_APART):
            self._applied[message, part] = max(rev, self._applied.get((message, part), 0))
