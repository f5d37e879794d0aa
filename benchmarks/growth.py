"""How things grow: deliveries with the members of a room, storing with the rooms, resuming with what was missed.

    bin/bench growth [--part members] [--part rooms] [--part missed] [--most 100000] [--rounds 3] [--write]

Charts and tables of medians. Flat is good, but for resuming, which has to bring what was missed.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from websockets.sync.client import ClientConnection, connect

from benchmarks.field import build_load
from benchmarks.tools import crowd
from benchmarks.tools.curves import curve, number
from benchmarks.tools.report import Section, machine
from tests.clients import SECONDS, Client

MEMBERS: Final = (10, 100, 1_000, 10_000)
ROOMS: Final = (1, 100, 10_000)
MISSED: Final = (10, 100, 1_000, 10_000, 100_000)
SENDERS: Final = 200
AT_ONCE: Final = 200  # Rooms that are asked for before an answer is awaited.
PER_SESSION: Final = 1_000  # Rooms; 2,000 are the limit.

Answer = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """One thing that grows: measured at each of `sizes`, told by `number` of each answer."""

    title: str
    across: str
    up: str
    asked: str
    sizes: tuple[int, ...]
    measure: Callable[[int], Answer]
    number: Callable[[Answer], float]


def main() -> int:
    parser = crowd.parser(__doc__, rounds=3)
    parser.add_argument("--part", action="append", choices=list(PARTS), help="one of them; all otherwise")
    parser.add_argument("--most", type=int, default=100_000, help="leave out what is larger (100000)")
    options = parser.parse_args()
    if options.write and (options.part or options.most < max(MISSED)):
        parser.error("--write replaces the whole section: without --part and --most")
    section = run(options.rounds, options.part or list(PARTS), options.most)
    return crowd.publish(section, write=options.write)


def run(rounds: int, parts: Iterable[str], most: int) -> Section:
    """Measures each part `rounds` times at each size up to `most`."""
    build_load()
    body, pictures = (
        [f"## How it grows\n\n{machine()}\n\n`bin/bench growth --rounds {rounds}`; medians.\n"],
        {},
    )
    for name in parts:
        part = PARTS[name]
        found: dict[int, list[Answer]] = {size: [] for size in part.sizes if size <= most}
        for turn, size in itertools.product(range(rounds), found):
            crowd.progress(f"growth: {part.title}, {size:,}: round {turn + 1} of {rounds}")
            found[size].append(part.measure(size))
        points = [(float(size), median(map(part.number, answers))) for size, answers in found.items()]
        picture = f"performance-growth-{name}.svg"
        pictures[picture] = curve(part.title, points, part.across, part.up)
        body.append(f"### {part.title}\n\n![{part.title}](images/{picture})\n\n{table(part, found)}")
    return Section("growth", "\n".join(body), pictures)


def table(part: Part, found: dict[int, list[Answer]]) -> str:
    lines = [
        f"| {part.across} | {part.up} | least … most | must | load's core | lost, repeated, disordered |",
        "|--:|--:|--:|---|--:|--:|",
    ]
    for size, answers in found.items():
        values = [part.number(answer) for answer in answers]
        core = max(float(answer["cpu"]) for answer in answers)
        lines.append(
            f"| {size:,} | {number(median(values))} | {number(min(values))} … {number(max(values))} | {part.asked} "
            f"| {core:.0%} | {crowd.faults(answers)} |"
        )
    return "\n".join(lines) + "\n"


def members(count: int) -> Answer:
    """One publisher with 64 messages in flight, and so many sessions in its room."""
    with crowd.server() as server:
        return crowd.loaded(
            server.port, dialect="teahouse", sessions=count, publishers=1, window=64, connecting=200
        )


def rooms(count: int) -> Answer:
    """200 senders that go from room to room, nobody reading."""
    with crowd.server() as server:
        if count > 1:
            make_rooms(server.port, count)
        options: dict[str, object] = {
            "dialect": "teahouse-sender",
            "sessions": SENDERS,
            "publishers": SENDERS,
        }
        options |= {"rooms": count, "window": 4, "acknowledged": True, "roaming": True}
        return crowd.loaded(server.port, **options)


def make_rooms(port: int, count: int) -> None:
    """Visits main0, main1 … for the first time."""
    for first in range(0, count, PER_SESSION):
        numbers = range(first, min(first + PER_SESSION, count))
        with Client(f"http://127.0.0.1:{port}", f"maker {first}") as client:
            for begin in range(0, len(numbers), AT_ONCE):
                some = numbers[begin : begin + AT_ONCE]
                for one in some:
                    room = f"{crowd.ROOM}{one}"
                    client.socket.send(json.dumps({"id": one, "do": "subscribe", "room": room, "make": True}))
                answered: set[int] = set()
                while len(answered) < len(some):
                    frame = client.receive()
                    if "error" in frame:
                        raise SystemExit(f"\n{frame}")
                    answered |= {frame["re"]} if "re" in frame else set()


def missed(count: int) -> Answer:
    """A session comes back after so many events, and reads page after page until it is live."""
    with crowd.server() as server:
        with Client(f"http://127.0.0.1:{server.port}", "away") as client:
            position = client.ok(do="subscribe", room=crowd.ROOM)["position"]
        said = say(server.port, count)
        with connect(f"ws://127.0.0.1:{server.port}/ws/", max_size=None, compression=None) as socket:
            socket.send(json.dumps({"id": 1, "do": "hello", "v": 1, "name": "back"}))
            socket.recv(timeout=SECONDS)
            spent, began = time.process_time(), time.monotonic()
            pages = resume(socket, position)
            seconds = time.monotonic() - began
            spent = time.process_time() - spent
    numbers = [event["seq"] for page in pages for event in page["events"]]
    wanted = range(position["seq"] + 1, position["seq"] + said + 1)
    return {
        "seconds": seconds,
        "cpu": spent / seconds,
        "lost": len(set(wanted) - set(numbers)),
        "repeated": len(numbers) - len(set(numbers)),
        "disordered": sum(1 for one, next_ in itertools.pairwise(numbers) if next_ < one),
    }


def say(port: int, count: int) -> int:
    """Stores that many messages of 64 characters as fast as they are taken; how many events they are."""
    with Client(f"http://127.0.0.1:{port}", "speaker") as client:
        for begin in range(0, count, AT_ONCE):
            some = range(begin, min(begin + AT_ONCE, count))
            for one in some:
                said = {"room": crowd.ROOM, "key": f"{one}", "text": f"{one} ".ljust(64, "x")}
                client.socket.send(json.dumps({"id": one, "do": "send", **said}))
            answered = 0
            while answered < len(some):
                frame = client.receive()
                if "error" in frame:
                    raise SystemExit(f"\n{frame}")
                answered += "re" in frame
    return count


def resume(socket: ClientConnection, position: dict[str, Any]) -> list[dict[str, Any]]:
    """Subscribes from a position, and again from where each page ends, until a page is the last."""
    pages: list[dict[str, Any]] = []
    while not pages or pages[-1]["more"]:
        socket.send(json.dumps({"id": 2, "do": "subscribe", "room": crowd.ROOM, "since": position}))
        while (frame := json.loads(socket.recv(timeout=SECONDS))).get("re") != 2:
            pass  # A signal.
        pages.append(frame["ok"])
        position = pages[-1]["position"]
    return pages


PARTS: Final = {
    "members": Part(
        "Deliveries with the members of one room",
        "members",
        "deliveries/s",
        "flat, or more: one write carries many",
        MEMBERS,
        members,
        lambda answer: answer["deliveries"] / answer["seconds"],
    ),
    "rooms": Part(
        "Messages acknowledged with the rooms they go to",
        "rooms",
        "messages/s",
        "flat",
        ROOMS,
        rooms,
        lambda answer: answer["messages"] / answer["seconds"],
    ),
    "missed": Part(
        "Coming back after missed events",
        "events missed",
        "milliseconds until live",
        "no more than in proportion",
        MISSED,
        missed,
        lambda answer: answer["seconds"] * 1000,
    ),
}


if __name__ == "__main__":
    sys.exit(main())
