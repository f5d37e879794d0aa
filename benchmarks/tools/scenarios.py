"""What is asked of every server, and what Teahouse is to reach beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from benchmarks.peers import PEERS


@dataclass(frozen=True)
class Scenario:
    """What is asked of every server.

    Attributes:
        options: of the load generator.
        number: the field of its answer that counts, and what it is called.
        per: what that field is divided by, to be a rate.
        must, aim: for each peer the least ratio, Teahouse to it; for a time the most.
    """

    name: str
    title: str
    options: dict[str, str]
    peers: tuple[str, ...]
    number: str = "deliveries"
    unit: str = "deliveries/s"
    per: str | None = "seconds"
    must: dict[str, float] | None = None
    aim: dict[str, float] | None = None
    dialect: str | None = None
    own_size: bool = True

    def value_of(self, answer: dict[str, Any]) -> float:
        """The number that counts, from one answer of the load generator."""
        value = float(answer[self.number])
        return value / float(answer[self.per]) if self.per else value


FIELD: Final = tuple(PEERS)
STRONG: Final = ("seed, uvicorn", "python-socketio", "Socket.IO", "ws", "NATS", "Nchan", "Centrifugo", "Bun")
SCENARIOS: Final = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            "ten-publishers",
            "One room, 1,000 sessions, 10 publishers, each waiting for its own echo",
            {"sessions": "1000", "publishers": "10", "window": "1"},
            STRONG,
            must={"seed, uvicorn": 30, "python-socketio": 5, "Socket.IO": 2, "NATS": 1, "Bun": 0.3},
            aim={"Bun": 0.7},
        ),
        Scenario(
            "in-flight",
            "The same with one publisher that has 64 messages in flight",
            {"sessions": "1000", "publishers": "1", "window": "64"},
            STRONG,
            must={"NATS": 1, "Bun": 0.4},
            aim={"Bun": 0.9},
        ),
        Scenario(
            "one-publisher",
            "One room, 1,000 sessions, one publisher waiting for its own echo, 64 bytes",
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
            must={"Socket.IO": 1},
            aim={"Nchan": 1},
        ),
        Scenario(
            "many-rooms",
            "1,000 rooms of 10 sessions, 100 publishers",
            {"sessions": "10000", "publishers": "100", "rooms": "1000", "window": "2"},
            ("NATS", "Bun"),
        ),
        Scenario(
            "storing",
            "200 senders, nobody reading, SQLite: acknowledged messages",
            {"sessions": "200", "publishers": "200", "acknowledged": "", "prefix": "main", "window": "4"},
            (),
            number="messages",
            unit="messages/s",
            dialect="teahouse-sender",
        ),
        Scenario(
            "connecting",
            "Connecting and subscribing, 3,000 sessions, known guests",
            {"sessions": "3000", "publishers": "0", "warmup": "0", "seconds": "0.2", "connecting": "100"},
            ("seed, uvicorn", "python-socketio", "Socket.IO", "ws", "Bun"),
            number="connected_per_second",
            unit="sessions/s",
            per=None,
            must={"seed, uvicorn": 1.5},
            dialect="teahouse-known",
            own_size=False,
        ),
        Scenario(
            "memory",
            "Memory of an idle session, 2,000 in one room, known guests",
            {"sessions": "2000", "publishers": "0", "warmup": "0", "hold": "4"},
            ("seed, daphne", "seed, uvicorn", "python-socketio", "Socket.IO", "ws", "NATS", "Nchan", "Bun"),
            number="kilobytes",
            unit="KB",
            per=None,
            must={"seed, uvicorn": 1},
            dialect="teahouse-known",
            own_size=False,
        ),
    )
}
