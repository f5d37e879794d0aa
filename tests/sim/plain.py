"""Who reads and speaks over the plain protocol: new messages only, as text, without positions and keys."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

from teahouse.events import label
from teahouse.live.plain import CLOSED, CONNECTED
from tests.sim.client import AGAIN_SECONDS, Credential, Violation
from tests.sim.database import RoomRow
from tests.sim.network import Socket

if TYPE_CHECKING:
    from tests.sim.world import World


@dataclass
class PlainClient:
    """One person in one group. It checks each text when it gets it."""

    world: World
    person: int
    chance: random.Random
    group: str
    socket: Socket | None = None
    begun: int | None = None  # The number behind which everything has to come; None while it does not read.
    had: int = 0  # The number of the last message that came.
    said: set[str] = field(default_factory=set)
    ended: bool = False  # It was told that the group was closed.

    def __post_init__(self) -> None:
        self.credential = Credential(self.world, self.person)

    @property
    def row(self) -> RoomRow:
        database = self.world.database
        return database.rooms[database.slugs[self.group]]

    def connect(self) -> None:
        if self.socket is not None:
            return
        serving = [process for process in self.world.processes if process.serves]
        if not serving:
            self._later()
            return
        self._token = self.credential.good()
        process, address = self.chance.choice(serving), f"10.0.1.{self.person}"
        socket = self.socket = Socket(
            self.world.loop, process, self.chance, address, group=self.group, token=self._token
        )
        self.ended = False
        socket.heard_text = lambda text: self._hear(socket, text)
        socket.ended = lambda code: self._ended(socket, code)

    def say(self, text: str) -> None:
        if self.socket is not None and self.begun is not None:
            if text != "close":
                self.said.add(text)
            self.socket.say(text)

    def _later(self) -> None:
        self.world.loop.call_later(AGAIN_SECONDS * (0.5 + self.chance.random()), self.connect)

    def _ended(self, socket: Socket, code: int) -> None:
        if socket is not self.socket:
            return
        if self.ended != (code == 1000):
            raise Violation(f"{self._at}: closed with {code}, told of it: {self.ended}")
        self.world.closed(socket, code)
        self.socket = self.begun = None
        self._later()

    # What comes

    def _hear(self, socket: Socket, text: str) -> None:
        if socket is not self.socket:
            return
        if self.ended:
            raise Violation(f"{self._at} heard {text!r} behind the end")
        if text == CLOSED:
            self.ended = True
        elif text.endswith(CONNECTED):
            # It was let in at a number before that: some of what was said till now comes too.
            self.begun, self.had = self.row.seq, 0
        elif not text.startswith("["):
            self._take(text)

    def _take(self, text: str) -> None:
        """A message: the next one behind the last. Those that are deleted may be left out."""
        if self.begun is None:
            raise Violation(f"{self._at} was given {text!r} before it was let in")
        database, row = self.world.database, self.row
        for message in sorted(database.messages.values(), key=lambda one: one.seq):
            if message.room != row.id or message.seq <= self.had:
                continue
            shown = label(database.people[message.by].name)
            if text in {shown + escape(said) for _, said in message.versions}:
                break
            if message.deleted_at is None and message.seq > self.begun:
                raise Violation(f"{self._at} was given {text!r}, and not {message}")
        else:
            raise Violation(f"{self._at} was given {text!r}, which is not behind it")
        self.had = message.seq
        event = row.events[message.seq - 1]
        self.credential.check(self._token, event.when)
        if any(one.kind == "closed" for one in row.events[self.begun : message.seq]):
            raise Violation(f"{self._at} was given {text!r}, though the group was closed before")
        taken = row.taken_from(self.person, self.begun, message.seq)
        if taken and not row.was_member(self.person, event.when):
            raise Violation(f"{self._at} was given {text!r}, though its right ended with {taken}")

    # The end

    def is_behind(self) -> str | None:
        """What it has not got yet of what it has to get."""
        database, row = self.world.database, self.row
        if row.kind == "private" and (row.id, self.person) not in database.roles:
            return None
        if self.begun is None:
            return f"{self.person} does not read {self.group}"
        stays = (one.seq for one in database.messages.values() if one.room == row.id and not one.deleted)
        last = max(stays, default=0)
        return f"{self._at} has not got {last}" if last > max(self.had, self.begun) else None

    def check_the_end(self) -> None:
        """What it said is stored once at most, and nothing else under its name."""
        texts = [one.versions[0][1] for one in self.world.database.messages.values() if one.by == self.person]
        if len(texts) != len(set(texts)) or not self.said.issuperset(texts):
            raise Violation(f"{self.person} said {self.said}, and there is {texts}")

    @property
    def _at(self) -> str:
        return f"{self.world.loop.time():.3f} s: {self.person} at {self.had} of {self.group}, plain"
