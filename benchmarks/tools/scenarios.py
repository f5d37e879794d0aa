"""What is asked of every server, and what Teahouse is to reach beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, Final

from benchmarks.peers import ON_POSTGRES, PEERS, TEAHOUSE, Peer
from benchmarks.tools.goals import Goal, Verdict, times

STARTING: Final = 4.0
"""Seconds to start a server and to end it."""


@dataclass(frozen=True)
class Scenario:
    """What is asked of every server.

    Attributes:
        options: of the load generator; `texts` is only "chat", see tools/texts.py.
        number: the field of its answer that counts, and what it is called.
        per: what that field is divided by, to be a rate.
        least: whether less is better.
        dialect: of benchmarks/load/dialects.h, for Teahouse where it is not its usual one.
        own_size: whether the others' messages have the size of Teahouse's event.
        ours: how Teahouse is started.
    """

    name: str
    title: str
    options: dict[str, str]
    peers: tuple[str, ...]
    number: str = "deliveries"
    unit: str = "deliveries/s"
    per: str | None = "seconds"
    goals: tuple[Goal, ...] = ()
    dialect: str | None = None
    own_size: bool = True
    ours: Peer = TEAHOUSE
    known: str = "guest"  # Or "token": what the sessions prove who they are with, where they are known.

    def value_of(self, answer: dict[str, Any]) -> float:
        """The number that counts, from one answer of the load generator."""
        return _number(answer, self.number, self.per)

    def in_flight(self) -> int:
        """How many messages, or answers, for one socket can be on their way at once: they may leave in one write."""
        window, rooms = int(self.options.get("window", "1")), int(self.options.get("rooms", "1"))
        if "acknowledged" in self.options:
            return window
        return max(1, int(self.options["publishers"]) // rooms) * window

    @property
    def counts_messages(self) -> bool:
        """Whether it is about what a message or a delivery costs, which is the sum of parts."""
        return self.unit in ("deliveries/s", "messages/s")

    def seconds(self) -> float:
        """About how long one round takes."""
        options = self.options
        running = float(options.get("warmup", "1")) + float(
            options.get("hold") or options.get("seconds", "3")
        )
        connecting = int(options["sessions"]) / 1500
        tickets = 3 if self.dialect == "teahouse-known" else 0
        parts = 4 if self.counts_messages else 0
        return (len(self.peers) + 1) * (STARTING + connecting + running) + tickets + parts

    def verdicts(self, peers: dict[str, list[dict[str, Any]]], wanted: Sequence[str]) -> list[Verdict]:
        """What the answers say about each goal; those beside peers that were not wanted are left out."""
        ours = peers["Teahouse"]
        found = [
            Verdict(self.name, goal, self._found(goal, ours, peers))
            for goal in self.goals
            if goal.peer is None or goal.peer in wanted
        ]
        faults = sum(answer[fault] for answer in ours for fault in FAULTS)
        return [*found, Verdict(self.name, Goal("faults", must=0, at_most=True), faults)]

    def _found(
        self, goal: Goal, ours: list[dict[str, Any]], peers: dict[str, list[dict[str, Any]]]
    ) -> float | None:
        if goal.peer is None:
            number, per = (goal.number, goal.per) if goal.number else (self.number, self.per)
            return median(_number(answer, number, per) for answer in ours) * goal.scale
        theirs = peers.get(goal.peer, [])
        if not theirs or "missing" in theirs[0]:
            return None
        beside = median(self.value_of(answer) for answer in theirs)
        return median(self.value_of(answer) for answer in ours) / beside if beside else None


def _number(answer: dict[str, Any], number: str, per: str | None) -> float:
    value = float(answer[number])
    return value / float(answer[per]) if per else value


FAULTS: Final = ("lost", "repeated", "disordered", "refused")
FIELD: Final = tuple(PEERS)
STRONG: Final = ("seed, uvicorn", "python-socketio", "Socket.IO", "ws", "NATS", "Nchan", "Centrifugo", "Bun")
P99: Final = Goal("p99 ms", must=50, at_most=True, number="p99_us", scale=1e-3)
SENDERS: Final = {
    "sessions": "200",
    "publishers": "200",
    "acknowledged": "",
    "prefix": "main",
    "window": "2",
}
CONNECTING: Final = Scenario(
    "connecting",
    "Connecting and subscribing, 3,000 sessions, known guests",
    {"sessions": "3000", "publishers": "0", "warmup": "0", "seconds": "0.2", "connecting": "100"},
    ("seed, uvicorn", "python-socketio", "Socket.IO", "ws", "Bun"),
    number="connected_per_second",
    unit="sessions/s",
    per=None,
    goals=(Goal("sessions/s", 1_500, 3_000), times("seed, uvicorn", 1.5)),
    dialect="teahouse-known",
    own_size=False,
)
SCENARIOS: Final = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            "ten-publishers",
            "One room, 1,000 sessions, 10 publishers, each waiting for its own echo",
            {"sessions": "1000", "publishers": "10", "window": "1"},
            STRONG,
            goals=(
                times("seed, uvicorn", 30),
                times("python-socketio", 5),
                times("Socket.IO", 2),
                times("NATS", 1),
                times("Bun", 0.3, 0.7),
            ),
        ),
        Scenario(
            "in-flight",
            "The same with one publisher that has 64 messages in flight",
            {"sessions": "1000", "publishers": "1", "window": "64"},
            STRONG,
            goals=(times("NATS", 1), times("Bun", 0.4, 0.9)),
        ),
        Scenario(
            "ten-publishers-64",
            "One room, 1,000 sessions, 10 publishers, each waiting for its own echo, texts of 64 bytes",
            {"sessions": "1000", "publishers": "10", "window": "1"},
            STRONG,
            own_size=False,
        ),
        Scenario(
            "in-flight-64",
            "The same with one publisher that has 64 messages in flight, texts of 64 bytes",
            {"sessions": "1000", "publishers": "1", "window": "64"},
            STRONG,
            own_size=False,
        ),
        Scenario(
            "one-publisher",
            "One room, 1,000 sessions, one publisher waiting for its own echo, texts of 64 bytes",
            {"sessions": "1000", "publishers": "1", "window": "1"},
            FIELD,
            own_size=False,
        ),
        Scenario(
            "five-thousand",
            "One room, 5,000 sessions, 5 messages a second: from sending to receipt, 99th percentile",
            {"sessions": "5000", "publishers": "1", "rate": "5", "seconds": "8"},
            ("Socket.IO", "ws", "Nchan", "Bun"),
            number="p99_us",
            unit="µs",
            per=None,
            goals=(times("Socket.IO", 1, at_most=True), times("Nchan", None, 1, at_most=True)),
        ),
        Scenario(
            "many-rooms",
            "1,000 rooms of 10 sessions, 100 publishers",
            {"sessions": "10000", "publishers": "100", "rooms": "1000", "window": "2"},
            ("NATS", "Bun"),
            goals=(
                Goal("deliveries/s", 50_000, 80_000),
                Goal("messages/s", 5_000, 8_000, number="messages", per="seconds"),
            ),
        ),
        Scenario(
            "storing",
            "200 senders, nobody reading, SQLite: acknowledged messages",
            SENDERS,
            (),
            number="messages",
            unit="messages/s",
            goals=(Goal("messages/s", 8_000, 14_000), P99),
            dialect="teahouse-sender",
        ),
        Scenario(
            "real-chat",
            "200 senders of real lines of chat, Markdown rendered, nobody reading, SQLite",
            SENDERS | {"texts": "chat"},
            (),
            number="messages",
            unit="messages/s",
            goals=(Goal("messages/s", 5_000, 9_000),),
            dialect="teahouse-sender",
        ),
        Scenario(
            "postgres",
            "200 senders, nobody reading: two processes, PostgreSQL, Redis and the load on the same two cores",
            SENDERS,
            (),
            number="messages",
            unit="messages/s",
            goals=(Goal("messages/s", 3_000, 6_000),),
            dialect="teahouse-sender",
            ours=ON_POSTGRES,
        ),
        CONNECTING,
        replace(
            CONNECTING,
            name="connecting-token",
            title="Connecting and subscribing, 3,000 sessions, with bearer tokens",
            peers=("seed, uvicorn",),
            known="token",
        ),
        Scenario(
            "memory",
            "Memory of an idle session, 2,000 in one room, known guests",
            {"sessions": "2000", "publishers": "0", "warmup": "0", "hold": "4"},
            ("seed, daphne", "seed, uvicorn", "python-socketio", "Socket.IO", "ws", "NATS", "Nchan", "Bun"),
            number="kilobytes",
            unit="KB",
            per=None,
            goals=(Goal("KB", 24, 14, at_most=True), times("seed, uvicorn", 1, at_most=True)),
            dialect="teahouse-known",
            own_size=False,
        ),
    )
}
