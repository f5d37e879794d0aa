"""Who reads and speaks: a client as protocol.md wants it. It checks each thing that it gets, when it gets it.

It knows how far it has come in each room, goes on from there after every break, and repeats with its key whatever was
not acknowledged.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from teahouse.actions import people
from teahouse.events import CUSTOM, Position, timestamp
from tests.sim.database import Database
from tests.sim.network import Socket

if TYPE_CHECKING:
    from tests.sim.world import World

AGAIN_SECONDS: Final = 0.3
Answered = Callable[[dict[str, Any]], None]


class Violation(AssertionError):
    """A promise that was broken, and where."""


@dataclass(slots=True)
class Following:
    """A room as a client sees it. `begun`: the number with which it went live, after which a removal counts."""

    slug: str
    position: Position | None = None
    begun: int = 0
    restores: int = 0  # How often the database had been put back when the position was given.
    live: bool = False
    asking: bool = False
    here: set[int] = field(default_factory=set)  # Who is said to be there, while this one is live.


class Credential:
    """A person's token, and the next one when it was revoked."""

    def __init__(self, world: World, person: int) -> None:
        self._world, self._person = world, person
        self._tokens = itertools.count(1)
        self.token = self.digest = ""
        self.ended: dict[str, float] = {}  # Token → when it was answered that no session goes on with it.

    @property
    def is_good(self) -> bool:
        return self.digest in self._world.database.tokens

    def good(self) -> str:
        if not self.is_good:
            self.token = f"token-{self._person}-{next(self._tokens)}"
            self.digest = people.token_digest(self.token)
            self._world.database.tokens[self.digest] = self._world.database.people[self._person]
        return self.token

    def check(self, token: str, said_at: float) -> None:
        """Nothing that was said after the answer comes to a session of this token (P6)."""
        if said_at > self.ended.get(token, float("inf")):
            raise Violation(f"person {self._person} hears with {token} what was said after it was revoked")


@dataclass
class Client:
    """One person with one session at a time."""

    world: World
    person: int
    chance: random.Random
    rooms: dict[str, Following]
    unanswered: dict[str, tuple[str, str]] = field(
        default_factory=dict
    )  # Key → room, text: not acknowledged.
    acknowledged: dict[str, tuple[str, int, int]] = field(
        default_factory=dict
    )  # Key → room, message, number.
    refused: dict[str, str] = field(default_factory=dict)  # Key → room.
    put_off: set[str] = field(default_factory=set)  # Keys that were to be sent again later, behind others.
    socket: Socket | None = None
    is_ready: bool = False
    stays_away: bool = False

    def __post_init__(self) -> None:
        self._ids = itertools.count(1)
        self._keys = itertools.count(1)
        self._asked: dict[int, Answered] = {}
        self.credential = Credential(self.world, self.person)

    @property
    def database(self) -> Database:
        return self.world.database

    # Coming and going

    def connect(self) -> None:
        if self.socket is not None or self.stays_away:
            return
        serving = [process for process in self.world.processes if process.serves]
        if not serving:
            self.later(self.connect)
            return
        process = self.chance.choice(serving)
        socket = self.socket = Socket(self.world.loop, process, self.chance, f"10.0.0.{self.person}")
        socket.heard_text = lambda text: self._hear(socket, text)
        socket.ended = lambda code: self._ended(socket, code)
        self._token = self.credential.good()
        self.ask(self._welcomed, do="hello", v=1, token=self._token)

    def leave(self) -> None:
        """Closes the page; the server hears of it at once or not before a ping."""
        if self.socket is not None:
            socket = self.socket
            socket.cut()
            self._ended(socket, 1001)

    def _ended(self, socket: Socket, code: int) -> None:
        if socket is not self.socket:
            return
        self.world.closed(socket, code)
        self.socket, self.is_ready = None, False
        self._asked.clear()
        for room in self.rooms.values():
            room.live = room.asking = False
        self.later(self.connect)

    def later(self, run: Callable[[], None], seconds: float = AGAIN_SECONDS) -> None:
        self.world.loop.call_later(seconds * (0.5 + self.chance.random()), run)

    # Commands

    def ask(self, answered: Answered, **command: Any) -> None:
        assert self.socket is not None
        number = next(self._ids)
        self._asked[number] = answered
        self.socket.say(json.dumps({"id": number, **command}))

    def _welcomed(self, answer: dict[str, Any]) -> None:
        if "ok" not in answer:
            if answer["error"]["code"] == "bad_token" and not self.credential.is_good:
                return  # It is closed, and comes back with another.
            raise Violation(f"person {self.person} is not known: {answer}")
        self.is_ready = True
        for room in self.rooms.values():
            self.subscribe(room)
        for key in self.unanswered:
            self._send(key)

    def subscribe(self, room: Following) -> None:
        """From where it was; with no position, from now on."""
        if not self.is_ready or room.live or room.asking:
            return
        room.asking = True
        since = {} if room.position is None else {"since": room.position}
        asked_at = self.world.loop.time()
        self.ask(
            lambda answer: self._subscribed(room, answer, asked_at), do="subscribe", room=room.slug, **since
        )

    def _subscribed(self, room: Following, answer: dict[str, Any], asked_at: float) -> None:
        room.asking = False
        if "error" in answer:
            self._not_subscribed(room, answer["error"])
            return
        page, row = answer["ok"], self.database.rooms[self.database.slugs[room.slug]]
        if row.kind == "private" and not row.was_member(self.person, asked_at):
            raise Violation(f"{self._at(room)} has no right to read, and was answered {page}")
        if page.get("reset"):
            if row.epochs == 1:
                raise Violation(f"{self._at(room)} was reset, though its history is whole")
            room.position = None
        if room.position is None:
            room.position, room.restores = page["position"], self.database.restores
        if room.restores != self.database.restores or room.position["epoch"] != page["position"]["epoch"]:
            raise Violation(f"{self._at(room)} goes on in another history: {page['position']}")
        room.begun = page["position"]["seq"]
        for event in page["events"]:
            self._apply(room, event, as_of=page["position"]["seq"])
        if room.position != page["position"]:
            raise Violation(f"{self._at(room)} was told position {page['position']}")
        room.live = not page["more"]
        if room.live:
            room.here = {one["id"] for one in page["here"]["people"]}
        else:
            self.subscribe(room)

    def _not_subscribed(self, room: Following, error: dict[str, Any]) -> None:
        if error["code"] != "not_found" and not error.get("retry"):
            raise Violation(f"{self._at(room)} was refused: {error}")
        if error["code"] == "not_found" and room.slug in self.database.slugs:
            row = self.database.rooms[self.database.slugs[room.slug]]
            if row.kind == "open":
                raise Violation(f"{self._at(room)}: an open room was not found")
        self.later(lambda: self.subscribe(room), seconds=2 * AGAIN_SECONDS)

    def say(self, room: Following, text: str) -> None:
        key = f"k{self.person}-{next(self._keys)}"
        self.unanswered[key] = room.slug, text
        if self.is_ready:
            self._send(key)

    def _send(self, key: str) -> None:
        if key in self.unanswered and self.is_ready:
            room, text = self.unanswered[key]
            self.ask(lambda answer: self._said(key, answer), do="send", room=room, key=key, text=text)

    def _said(self, key: str, answer: dict[str, Any]) -> None:
        room, _ = self.unanswered.get(key, ("", ""))
        if "ok" in answer:
            told = answer["ok"]["message"], answer["ok"]["seq"]
            if self.acknowledged.get(key, (room, *told))[1:] != told:
                raise Violation(f"{key} was acknowledged as {self.acknowledged[key]} and as {told}")
            if room:
                self.acknowledged[key] = (room, *told)
                del self.unanswered[key]
        elif answer["error"].get("retry"):
            self.put_off.add(key)
            self.later(lambda: self._send(key))
        elif room:
            del self.unanswered[key]
            self.refused[key] = room

    # What comes

    def _hear(self, socket: Socket, text: str) -> None:
        if socket is not self.socket:
            return
        frame = json.loads(text)
        if "event" in frame:
            room = self.rooms[frame["room"]]
            if not room.live:
                raise Violation(f"{self._at(room)} does not read, and was given {frame}")
            self._apply(room, frame, as_of=frame["seq"])
            self.world.deliveries += 1
        elif "signal" not in frame:
            self._asked.pop(frame["re"])(frame)
        elif frame["signal"] == "presence":
            self._here_changed(self.rooms[frame["room"]], frame)

    def _here_changed(self, room: Following, frame: dict[str, Any]) -> None:
        if not room.live:
            return
        came, went = ({one["id"] for one in frame[name]} for name in ("came", "went"))
        room.here = (room.here | came) - went
        if len(room.here) != frame["count"]:
            raise Violation(f"{self._at(room)} sees {room.here} there, and was told of {frame['count']}")

    def _apply(self, room: Following, frame: dict[str, Any], as_of: int) -> None:
        assert room.position is not None
        seq, row = frame["seq"], self.database.rooms[self.database.slugs[room.slug]]
        if seq != room.position["seq"] + 1:
            raise Violation(f"{self._at(room)} was given {seq}")
        if seq > row.seq:
            raise Violation(f"{self._at(room)} was given {seq}, which is not committed")
        self.credential.check(self._token, row.events[seq - 1].when)
        if frame["at"] != timestamp(row.events[seq - 1].at):
            raise Violation(f"{self._at(room)} was given {seq} as of {frame['at']}")
        room.position = {"epoch": room.position["epoch"], "seq": seq}
        taken = row.taken_from(self.person, room.begun, seq)
        # Who was taken in again may read what was said meanwhile: one who catches up late may not notice at all.
        if taken and not row.was_member(self.person, row.events[seq - 1].when):
            raise Violation(f"{self._at(room)} was given {seq}, though its right ended with {taken}")
        if row.events[seq - 1].kind in ("message", "deleted"):
            self._check_content(room, frame, max(seq, as_of))
        elif row.events[seq - 1].kind == CUSTOM:
            self._check_told(room, frame)
        elif self.person in self._removed_by(frame):
            room.live = False
            self.later(lambda: self.subscribe(room))

    def _check_told(self, room: Following, frame: dict[str, Any]) -> None:
        """An event of the project says for ever what it said."""
        [told] = [
            one
            for one in self.database.customs.values()
            if (one.seq, one.room) == (frame["seq"], self.database.slugs[room.slug])
        ]
        if (frame["event"], frame["data"], frame["html"]) != (told.name, json.loads(told.data), "paid"):
            raise Violation(f"{self._at(room)} was told {frame}, and it says {told.data}")

    def _removed_by(self, frame: dict[str, Any]) -> set[int]:
        member = frame.get("member")
        return {member["person"]["id"]} if member and member["role"] is None else set()

    def _check_content(self, room: Following, frame: dict[str, Any], as_of: int) -> None:
        message = self.database.messages[frame["message"]["id"]]
        text = frame["message"].get("text")
        if text is None:
            if not message.deleted:
                raise Violation(f"{self._at(room)}: message {message.id} came without its text")
            return
        if message.deleted_at is not None and message.deleted_at <= as_of:
            raise Violation(f"{self._at(room)} was shown the deleted message {message.id}")
        oldest = max(seq for seq, _ in message.versions if seq <= as_of)
        if text not in [said for seq, said in message.versions if seq >= oldest]:
            raise Violation(
                f"{self._at(room)} was shown {text!r} of message {message.id}, which is out of date"
            )

    def _at(self, room: Following) -> str:
        at = room.position["seq"] if room.position is not None else None
        return f"{self.world.loop.time():.3f} s: person {self.person} at {at} of {room.slug}"
