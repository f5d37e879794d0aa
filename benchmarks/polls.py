"""Many without a socket, who ask over HTTP and wait for what is new: what one costs, and one message for all.

    bin/bench polls [--polls 2000] [--minutes 1] [--rounds 1] [--write]

Known guests in one room, each with a connection that is kept alive; each asks as the page does, waits 20 s, and asks
again. First nothing is said, then five messages. The load is one event loop in Python, on its core: where it is the
limit, that is said.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from statistics import median
from typing import Final

from benchmarks.field import LOAD_CORE, memory, processor
from benchmarks.tools import crowd
from benchmarks.tools.poller import Crowd
from benchmarks.tools.report import LIMIT, Section
from tests.clients import Client

SECONDS_A_ROUND: Final = 150.0
MESSAGES: Final = 5
APART: Final = 8.0
"""Seconds between two messages: longer than the pause that the server asks for."""


def main() -> int:
    parser = crowd.parser(__doc__, rounds=1)
    parser.add_argument("--polls", type=int, default=2000, help="how many (2000)")
    parser.add_argument("--minutes", type=float, default=1, help="for how long nothing is said (1)")
    options = parser.parse_args()
    return crowd.publish(run(options.rounds, options.polls, options.minutes), write=options.write)


def run(rounds: int, polls: int, minutes: float) -> Section:
    """Measures `rounds` times, each with a server of its own."""
    polls = crowd.as_many_as_allowed(polls)
    os.sched_setaffinity(0, {LOAD_CORE})
    answers = [measure(polls, minutes * 60, f"polls: round {n + 1} of {rounds}") for n in range(rounds)]
    command = f"polls --polls {polls} --minutes {minutes:g} --rounds {rounds}"
    what = (
        f"{polls:,} known guests in one room over HTTP, asking anew every 20 s; then {MESSAGES} messages, {APART:g} s "
        f"apart; medians of {rounds} rounds."
    )
    return Section("polls", crowd.head("Many who ask over HTTP", command, what) + table(answers), {})


def measure(polls: int, seconds: float, name: str) -> dict[str, float]:
    with crowd.server() as server:
        crowd.progress(f"{name}: making guests")
        tickets = server.people(polls).read_text().split()
        with Client(f"http://127.0.0.1:{server.port}", "speaker") as speaker:
            speaker.ok(do="subscribe", room=crowd.ROOM, make=True)
            return asyncio.run(_measure(server, tickets, seconds, name, speaker))


async def _measure(
    server: crowd.Server, tickets: list[str], seconds: float, name: str, speaker: Client
) -> dict[str, float]:
    before = memory(server.pid)
    crowd.progress(f"{name}: {len(tickets):,} come")
    people = Crowd(server.port, tickets)
    await people.all_wait()
    held = memory(server.pid) - before
    crowd.progress(f"{name}: nothing is said for {seconds:.0f} s")
    people.counted.answers = 0
    waits = await _spent(server, seconds)
    answers = people.counted.answers
    said: list[tuple[str, float]] = []
    crowd.progress(f"{name}: {MESSAGES} messages")
    spent = processor(server.pid)
    for number in range(MESSAGES):
        said.append((f"message {number}", time.monotonic()))
        await asyncio.to_thread(speaker.say, crowd.ROOM, said[-1][0])
        await asyncio.sleep(APART)
    spent = processor(server.pid) - spent
    people.check()
    await people.leave()
    heard = people.counted.heard
    times = [sorted(at - began for at in heard.get(text, [])) for text, began in said]
    return {
        **waits,
        "polls": len(tickets),
        "kilobytes": held / len(tickets) / 1024,
        "each": waits["seconds"] / answers * 1e6,
        "missed": sum(len(tickets) - len(one) for one in times),
        "half": median(one[len(one) // 2] for one in times if one),
        "last": median(one[-1] for one in times if one),
        "delivery": (spent - waits["rate"] * MESSAGES * APART) / (MESSAGES * len(tickets)) * 1e6,
    }


async def _spent(server: crowd.Server, seconds: float) -> dict[str, float]:
    """What the server's processor, and our own, did meanwhile."""
    spent, own, began = processor(server.pid), time.process_time(), time.monotonic()
    await asyncio.sleep(seconds)
    passed = time.monotonic() - began
    spent = processor(server.pid) - spent
    return {"seconds": spent, "rate": spent / passed, "load": (time.process_time() - own) / passed}


def table(answers: list[dict[str, float]]) -> str:
    def mid(name: str) -> float:
        return median(answer[name] for answer in answers)

    busy = f"{mid('load'):.0%}" + (" (the limit)" if mid("load") > LIMIT else "")
    lines = [
        "| what | found |",
        "|---|--:|",
        f"| who wait | {mid('polls'):,.0f} |",
        f"| memory of one | {mid('kilobytes'):.1f} KB |",
        f"| processor while nothing is said | {mid('rate'):.0%} of a core |",
        f"| of it for each who asks anew, after 20 s | {mid('each'):,.0f} µs |",
        f"| one message for all: half of them have it after | {mid('half'):.2f} s |",
        f"| and the last | {mid('last'):.2f} s |",
        f"| processor for each who hears it, and asks anew | {mid('delivery'):,.0f} µs |",
        f"| messages that somebody missed | {mid('missed'):,.0f} |",
        f"| load's core | {busy} |",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
