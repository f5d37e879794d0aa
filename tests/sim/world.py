"""One schedule: processes, clients and faults, all drawn from a seed; at its end everything is well again, and checked.

In the first seconds people talk, edit, delete, are removed and taken in again, while sockets are cut, processes killed,
commits fail on either side of taking effect, and the layer loses what it is given. Then the faults stop, and whoever
is there must have caught up within a time.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from teahouse.journal import Change, Transaction
from teahouse.live import hub, missed, runtime, sweep
from teahouse.live.pings import PingWheel
from teahouse.live.presence import Presence
from tests.sim.client import Client, Following, Violation
from tests.sim.database import Database
from tests.sim.keeper import Keeper
from tests.sim.loop import Loop
from tests.sim.network import Layer, Socket
from tests.sim.plain import PlainClient
from tests.sim.process import Process, replaced, swapped

TROUBLE_SECONDS: Final = 0.8
HEALED_SECONDS: Final = 40.0
"""Time to catch up: a dead peer is noticed after two ping intervals, which are 25 s here as everywhere."""
STEP: Final = 0.1
ACTIONS: Final = 11
PEOPLE: Final = 4
OPEN, PRIVATE = "tea", "kitchen"
CLOSES: Final = frozenset({1000, 1001, 1006, 1013, 4001, 4004, 4100, 4101, 4102, 4105, 4200})


class World:
    """Everything of one schedule."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.loop = Loop()
        self.database = Database(self.loop.time)
        self.layer = Layer(self.loop, self.chance)
        self.processes = [
            Process(self.loop, self.database, self.layer, self.chance)
            for _ in range(self.chance.choice((1, 2, 2)))
        ]
        self.closes: Counter[int] = Counter()
        self.deliveries = 0
        self.clients = [self._client() for _ in range(PEOPLE)]
        # Not in every schedule: each client costs its time.
        self.typists = [self._typist()] if seed % 4 == 0 else []
        self.keeper = Keeper(self)
        # Who is there is known only some seconds later: not every schedule waits for it.
        self.looks_who_is_here = seed % 8 == 0

    def _member(self) -> int:
        if not self.database.rooms:
            self.database.add_room(OPEN, "open")
            self.database.add_room(PRIVATE, "private")
        person = self.database.add_person(f"P{len(self.database.people) + 1}")
        for room in self.database.rooms.values():
            self.database.roles[room.id, person.pk] = "member"
            room.belonging[person.pk] = [(0.0, True)]
        return person.pk

    def _client(self) -> Client:
        rooms = {slug: Following(slug) for slug in (OPEN, PRIVATE)}
        return Client(self, self._member(), self.chance, rooms)

    def _typist(self) -> PlainClient:
        return PlainClient(self, self._member(), self.chance, self.chance.choice((OPEN, PRIVATE)))

    @property
    def everyone(self) -> list[Client | PlainClient]:
        return [*self.clients, *self.typists]

    # The schedule

    def run(self) -> None:
        """Raises: Violation, or whatever the program itself did not expect."""
        with replaced(self.loop), swapped(SMALL):
            try:
                for process in self.processes:
                    process.start()
                for client in self.everyone:
                    self.loop.call_later(0.2 * self.chance.random(), client.connect)
                for _ in range(ACTIONS):
                    at = 0.2 + (TROUBLE_SECONDS - 0.2) * self.chance.random()
                    self.loop.call_later(at, self._action())
                self.loop.call_later(TROUBLE_SECONDS, self._heal)
                self._until(TROUBLE_SECONDS + STEP)
                patience = self.loop.time() + HEALED_SECONDS
                while not self.has_caught_up:
                    if self.loop.time() > patience:
                        raise Violation(f"not caught up after {HEALED_SECONDS} s: {self._who_has_not()}")
                    self._until(self.loop.time() + STEP)
                self._check_the_end()
            finally:
                self._close()

    def _until(self, time: float) -> None:
        self.loop.call_at(time, self.loop.stop)
        self.loop.run_forever()
        if self.loop.failures:
            raise Violation("\n".join(self.loop.failures))

    def _close(self) -> None:
        for process in self.processes:
            process.life.is_over = True
        self.loop.end()

    def _action(self) -> Callable[[], None]:
        names = ["say"] * 12 + ["change"] * 4 + ["cut"] * 3 + ["move"] * 3 + ["commit_fails"] * 2
        names += ["kill", "kill", "go_dead", "go_slow", "layer_loses", "layer_is_away", "leave_and_return"]
        names += ["post", "post", "revoke", "begin_new_histories", "back_up", "set_a_clock", "stand_still"]
        names += ["type", "type", "type"] if self.typists else []
        name = self.chance.choice(names)
        action: Callable[[], None] = getattr(self.keeper, name, None) or getattr(self, f"_{name}")
        return action

    def closed(self, socket: Socket, code: int) -> None:
        """A client's connection has ended."""
        self.closes[code] += 1
        if code == 4102 and not socket.is_dead:
            raise Violation(f"{self.loop.time():.3f} s: closed with {code}, though it lives")

    def say_something(self) -> None:
        """So that there is something that may come to those who may hear no more."""
        client = self.chance.choice(self.clients)
        client.say(client.rooms[OPEN], f"by {client.person}, {self.chance.randrange(1 << 30)}")

    def _type(self) -> None:
        for typist in self.typists:
            text = f"typed by {typist.person} <{self.chance.randrange(1 << 30)}>"
            typist.say("close" if self.chance.random() < 0.15 else text)

    def _say(self) -> None:
        client = self.chance.choice(self.clients)
        for _ in range(self.chance.choice((1, 1, 3, 9))):
            room = client.rooms[self.chance.choice((OPEN, OPEN, PRIVATE))]
            client.say(room, f"by {client.person}, {self.chance.randrange(1 << 30)}")

    def _change(self) -> None:
        """Somebody edits or deletes a message, by way of a process's journal."""
        there = [one.id for one in self.database.messages.values() if not one.deleted]
        if there:
            message = there[-1 - min(int(self.chance.expovariate(0.5)), len(there) - 1)]
            text = None if self.chance.random() < 0.4 else f"edited, {self.chance.randrange(1 << 30)}"
            self._submit(self.database.messages[message].room, partial(self._apply_change, message, text))

    def _apply_change(self, message: int, text: str | None, tx: Transaction) -> None:
        row = self.database.messages[message]
        if not row.deleted:
            seq = tx.number(row.room)
            self.database.edit(message, seq, text)
            kind = "message" if text is not None else "deleted"
            tx.about_message(row.room, seq, kind, self.database.who(row.by), self.database.state(row))

    def _move(self) -> None:
        """Somebody is removed from the private room, or taken in again."""
        person = self.chance.choice(self.everyone).person
        self._submit(self.database.slugs[PRIVATE], partial(self._apply_move, person))

    def _apply_move(self, person: int, tx: Transaction) -> None:
        room = self.database.slugs[PRIVATE]
        role = None if (room, person) in self.database.roles else "member"
        more: dict[str, Any] = {"member": {"person": self.database.who(person), "role": role}}
        if role is None:
            more["state"] = {
                "room": PRIVATE,
                "title": PRIVATE,
                "topic": "",
                "kind": "private",
                "archived": False,
            }
        tx.change_rights(room)
        seq = tx.about_room(room, "member", self.database.who(person), more, subject=person)
        self.database.set_role(room, person, role, seq)

    def _submit(self, room: int, apply: Callable[[Transaction], None]) -> None:
        serving = [process for process in self.processes if process.runtime is not None]
        if serving:
            process = self.chance.choice(serving)
            assert process.runtime is not None
            entry = Change((room,), apply)
            self.loop.call_soon(process.runtime.submit, entry, lambda outcome: None, context=process.context)

    def _cut(self) -> None:
        client = self.chance.choice(self.everyone)
        if client.socket is not None:
            client.socket.cut()

    def _go_dead(self) -> None:
        """Nothing arrives any more in either direction, and nobody is told; a person closes the page at last."""
        client = self.chance.choice(self.clients)
        if client.socket is not None:
            client.socket.is_dead = True
            self.loop.call_later(self.chance.random() * TROUBLE_SECONDS, client.leave)

    def _go_slow(self) -> None:
        socket = self.chance.choice(self.everyone).socket
        if socket is not None:
            socket.is_slow = True

    def _leave_and_return(self) -> None:
        client = self.chance.choice(self.clients)
        client.stays_away = True
        client.leave()
        self.loop.call_later(self.chance.random() * TROUBLE_SECONDS, self._return, client)

    def _return(self, client: Client) -> None:
        client.stays_away = False
        client.connect()

    def _kill(self) -> None:
        process = self.chance.choice(self.processes)
        if process.serves:
            process.kill()
            self.loop.call_later(0.1 + self.chance.random(), process.start)

    def _commit_fails(self) -> None:
        self.database.breaks += self.chance.choices(("before", "after"), k=self.chance.choice((1, 1, 2)))

    def _layer_loses(self) -> None:
        self.layer.loses, self.layer.doubles = self.chance.random(), self.chance.random()

    def _layer_is_away(self) -> None:
        self.layer.is_away = not self.layer.is_away

    # The end

    def _heal(self) -> None:
        self.layer.is_away = False
        self.layer.loses = self.layer.doubles = 0.0
        self.database.breaks.clear()
        for client in self.everyone:
            if client.socket is not None:
                client.socket.is_slow = False

    @property
    def has_caught_up(self) -> bool:
        return not self._who_has_not()

    def _who_has_not(self) -> list[str]:
        behind = self.keeper.unfinished()
        behind += [why for typist in self.typists if (why := typist.is_behind()) is not None]
        for client in self.clients:
            behind += [f"{key} of {client.person}" for key in client.unanswered]
            for room in client.rooms.values():
                row = self.database.rooms[self.database.slugs[room.slug]]
                if row.kind == "private" and (row.id, client.person) not in self.database.roles:
                    continue
                here = {one.person for one in self.clients if one.rooms[room.slug].live}
                here |= {
                    one.person for one in self.typists if one.begun is not None and one.group == room.slug
                }
                if self.looks_who_is_here and room.here != here:
                    behind.append(f"{client.person} sees {room.here} in {room.slug}, where {here} are")
                if not room.live or room.position != {"epoch": row.epoch, "seq": row.seq}:
                    behind.append(f"{client.person} at {room.position} of {room.slug}, which is at {row.seq}")
        return behind

    def _check_the_end(self) -> None:
        for client in self.clients:
            for key, (slug, message, seq) in client.acknowledged.items():
                row = self.database.messages.get(message)
                room = self.database.slugs[slug]
                if row is None or (row.room, row.by, row.key, row.seq) != (room, client.person, key, seq):
                    raise Violation(
                        f"{key} was acknowledged as {message} at {seq} of {slug}, and there is {row}"
                    )
            for key, slug in client.refused.items():
                if (self.database.slugs[slug], client.person, key) in self.database.keys:
                    raise Violation(f"{key} was refused and is stored")
            # Whatever could not be stored is sent again, behind what was said after it.
            if not self.database.gave_up:
                self._check_order(client)
        self.keeper.check_the_end()
        for typist in self.typists:
            typist.check_the_end()
        unknown = set(self.closes) - CLOSES
        if unknown:
            raise Violation(f"closed with {unknown}")

    def _check_order(self, client: Client) -> None:
        """What one person said in one room stands there in the order in which it was said."""
        for room in client.rooms:
            belonging = self.database.rooms[self.database.slugs[room]].belonging[client.person]
            if len(belonging) > 1:
                # What was refused while they did not belong may be stored when it is said again, if they never heard.
                continue
            told = [
                (seq, key)
                for key, (slug, _, seq) in sorted(
                    client.acknowledged.items(), key=lambda one: number_of(one[0])
                )
                if slug == room and key not in client.put_off
            ]
            if told != sorted(told):
                raise Violation(f"{client.person} said in {room}, in this order: {told}")


def number_of(key: str) -> int:
    return int(key.partition("-")[2])


SMALL: Final = {
    (hub, "RING_EVENTS"): 8,
    (hub, "PAGE_EVENTS"): 6,
    (hub, "HELD_EVENTS"): 4,
    (missed, "REACH_MORE"): 2,
    (missed, "ALIKE"): 4,
    (missed, "KEPT"): 3,
    (sweep, "TICK"): 0.5,
    (sweep, "SNAPSHOT_SECONDS"): 1.0,
    (runtime, "PingWheel"): partial(PingWheel, slices=2),
    (runtime, "Presence"): partial(Presence, grace=0.5, expiry=3.0, told_every=0.2),
}
"""So that a short schedule meets the ends of everything."""
