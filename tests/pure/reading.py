"""Readers of a hub that keep what they get, and events for them."""

import json
from collections.abc import Sequence

from teahouse.events import Event, EventFrame, MessageState, Who, message_event, room_event
from teahouse.live.hub import Feed, Hub
from teahouse.live.sendqueue import Block

TEA, OUT = 1, 2
EPOCH = "epoch-one"
AT = "2026-11-22T10:00:00.000Z"
ALICE: Who = {"id": 11, "name": "Alice", "kind": "user"}
BOB: Who = {"id": 12, "name": "Bob", "kind": "user"}


class Session:
    """A reader that keeps what it gets."""

    def __init__(self, person: int = 12, plain: bool = False) -> None:
        self.plain = plain
        self.person_id: int | None = person
        self.blocks: list[Block] = []
        self.ended: list[int] = []
        self.looking: list[int] = []
        self.closed: list[int] = []
        self.replaced: list[int] = []

    def deliver(self, block: Block) -> None:
        self.blocks.append(block)

    def reading_ended(self, room: int) -> None:
        self.ended.append(room)

    def look_again(self, room: int) -> None:
        self.looking.append(room)

    def group_closed(self, room: int) -> None:
        self.closed.append(room)

    def history_replaced(self, room: int) -> None:
        self.replaced.append(room)

    @property
    def texts(self) -> list[str]:
        return [text for block in self.blocks for text in block.texts]

    @property
    def seqs(self) -> list[int]:
        return [json.loads(text)["seq"] for text in self.texts]


def said(
    seq: int, text: str = "hello", message: int | None = None, room: int = TEA, of: int | None = None
) -> Event:
    """A message, or with `of` an edit of the one with that number."""
    state: MessageState = {"id": message or seq, "seq": of or seq, "at": AT, "by": ALICE, "text": text}
    return message_event(room, "tea", seq, AT, ALICE, "message", state)


def deleted(seq: int, message: int) -> Event:
    state: MessageState = {"id": message, "seq": 1, "at": AT, "by": ALICE, "deleted": AT}
    return message_event(TEA, "tea", seq, AT, ALICE, "deleted", state)


def removed(seq: int, person: Who) -> Event:
    frame: EventFrame = {
        "event": "member", "room": "tea", "seq": seq, "at": AT, "member": {"person": person, "role": None},
        "state": {"room": "tea", "title": "Tea", "topic": "", "kind": "private", "archived": False,
            "speaking": "everyone",
        },
    }  # fmt: skip
    return room_event(TEA, seq, frame, person["id"])


def closed(seq: int) -> Event:
    return room_event(TEA, seq, {"event": "closed", "room": "tea", "seq": seq, "at": AT, "by": ALICE})


def followed(hub: Hub, seq: int = 0, room: int = TEA) -> Feed:
    feed = hub.open(room, "tea")
    hub.load(feed, {"epoch": EPOCH, "seq": seq})
    return feed


def read_by(hub: Hub, *sessions: Session, seq: int = 0) -> Feed:
    feed = followed(hub, seq)
    for session in sessions:
        hub.join(session, feed, None)
    return feed


def numbers(events: Sequence[Event]) -> list[int]:
    return [event.seq for event in events]
