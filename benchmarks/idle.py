"""Thousands of idle sessions, pings on: who is dropped, and what a session costs in processor and memory.

    bin/bench idle [--sessions 30000] [--minutes 10] [--rounds 1] [--write]

Known guests in one room. A session is an open file of one process: where the system allows fewer, several workers share
them, with PostgreSQL and Redis, all on the server's core; and as many load generators, on theirs. The table says it.
"""

from __future__ import annotations

import contextlib
import math
import sys
import time
from statistics import median
from typing import Any, Final

from benchmarks.field import LOAD_CORE, build_load, memory, processor
from benchmarks.peers.needs import started
from benchmarks.tools import crowd
from benchmarks.tools.report import Section

GUESTS: Final = 1000
PORTS: Final = 28_000
"""So many lead from one address to the server's; the load generators share them."""
SLOWEST: Final = 200
"""Sessions in a second that connect at least."""


def main() -> int:
    parser = crowd.parser(__doc__, rounds=1)
    parser.add_argument("--sessions", type=int, default=30_000, help="how many (30000)")
    parser.add_argument("--minutes", type=float, default=10, help="for how long they do nothing (10)")
    options = parser.parse_args()
    return crowd.publish(run(options.rounds, options.sessions, options.minutes), write=options.write)


def run(rounds: int, sessions: int, minutes: float) -> Section:
    """Measures `rounds` times, each with a server of its own."""
    build_load()
    allowed = crowd.as_many_as_allowed(sessions)
    answers = [
        measure(sessions, allowed, minutes * 60, f"idle: round {n + 1} of {rounds}") for n in range(rounds)
    ]
    command = f"idle --sessions {sessions} --minutes {minutes:g} --rounds {rounds}"
    what = f"known guests in one room, pings at the program's own interval; medians of {rounds} rounds."
    if allowed < sessions:
        what += (
            f" This machine allows {allowed:,} sessions in one process: {workers_for(sessions, allowed)} workers "
            "share them, on one core, with PostgreSQL and Redis on the other, which are not counted."
        )
    return Section("idle", crowd.head("Sessions that do nothing", command, what) + table(answers), {})


def workers_for(sessions: int, allowed: int) -> int:
    """One is enough where it may have all; one more than needed otherwise, as no two get the same number."""
    return 1 if sessions <= allowed else math.ceil(sessions / allowed) + 1


def measure(sessions: int, allowed: int, seconds: float, name: str) -> dict[str, Any]:
    workers = workers_for(sessions, allowed)
    with contextlib.ExitStack() as stack:
        environment, arguments = {}, []
        if workers > 1:
            environment = stack.enter_context(started(("postgres", "redis"), {LOAD_CORE}))
            arguments = ["--workers", str(workers)]
        server = stack.enter_context(crowd.server(environment, arguments))
        crowd.progress(f"{name}: making guests")
        tickets = server.people(min(GUESTS, sessions))
        before = memory(server.pid)
        generators = math.ceil(sessions / allowed)
        options: dict[str, object] = {"dialect": "teahouse-known", "publishers": 0, "tickets": tickets}
        options |= {"sessions": sessions // generators, "warmup": 0, "per_address": PORTS // generators}
        # All begin to hold before the clock starts, and hold until it has stopped.
        options["hold"] = seconds + 2 + sessions / SLOWEST
        loads = []
        for number in range(generators):
            crowd.progress(f"{name}: connecting {sessions:,}, part {number + 1} of {generators}")
            process = stack.enter_context(crowd.load(server.port, **options))
            crowd.wait_until_ready(process)
            loads.append(process)
        spent, began = processor(server.pid), time.monotonic()
        while (passed := time.monotonic() - began) < seconds:
            crowd.progress(f"{name}: {sessions:,} sessions, {passed:.0f} of {seconds:.0f} s")
            time.sleep(min(1.0, seconds - passed))
        spent = (processor(server.pid) - spent) / (time.monotonic() - began)
        held = memory(server.pid) - before
        answers = [crowd.answer_of(process) for process in loads]
    return together(answers) | {
        "microseconds": spent / sessions * 1e6,
        "kilobytes": held / sessions / 1024,
    }


def together(answers: list[dict[str, Any]]) -> dict[str, Any]:
    """What several load generators counted."""
    names = ("sessions", "lost_connections", "pings", "lost", "repeated", "disordered")
    return {name: sum(answer[name] for answer in answers) for name in names}


def table(answers: list[dict[str, Any]]) -> str:
    sessions = answers[0]["sessions"]
    dropped = sum(answer["lost_connections"] for answer in answers)
    lines = [
        "| what | found | must | aim | lost, repeated, disordered |",
        "|---|--:|--:|--:|--:|",
        f"| sessions | {sessions:,} | 30,000 | 60,000 | {crowd.faults(answers)} |",
        f"| sessions dropped | {dropped:,} | 0 | 0 | |",
        f"| pings answered | {sum(answer['pings'] for answer in answers):,} | | | |",
        f"| processor per session and second | {mid(answers, 'microseconds'):.2f} µs | ≤ 5 µs | | |",
        f"| memory per session | {mid(answers, 'kilobytes'):.1f} KB | ≤ 24 KB | ≤ 14 KB | |",
    ]
    return "\n".join(lines) + "\n"


def mid(answers: list[dict[str, Any]], name: str) -> float:
    return median(float(answer[name]) for answer in answers)


if __name__ == "__main__":
    sys.exit(main())
