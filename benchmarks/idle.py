"""Thousands of idle sessions, pings on: who is dropped, and what a session costs in processor and memory.

    bin/bench idle [--sessions 30000] [--minutes 10] [--rounds 1] [--write]

Known guests in one room. A session is an open file of one process: where the system allows fewer, so many are measured,
and the table says it.
"""

from __future__ import annotations

import sys
import time
from statistics import median
from typing import Any

from benchmarks.field import build_load, memory, processor
from benchmarks.tools import crowd
from benchmarks.tools.report import Section

GUESTS = 1000


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
    answers = [measure(allowed, minutes * 60, f"idle: round {n + 1} of {rounds}") for n in range(rounds)]
    command = f"idle --sessions {sessions} --minutes {minutes:g} --rounds {rounds}"
    what = f"known guests in one room, pings at the program's own interval; medians of {rounds} rounds."
    if allowed < sessions:
        what += f" This machine allows {allowed:,} sessions in one process, not {sessions:,}."
    return Section("idle", crowd.head("Sessions that do nothing", command, what) + table(answers), {})


def measure(sessions: int, seconds: float, name: str) -> dict[str, Any]:
    with crowd.server() as server:
        crowd.progress(f"{name}: making guests")
        tickets = server.people(min(GUESTS, sessions))
        before = memory(server.pid)
        crowd.progress(f"{name}: connecting {sessions:,}")
        options = {"dialect": "teahouse-known", "sessions": sessions, "publishers": 0, "tickets": tickets}
        with crowd.load(server.port, **options, warmup=0, hold=seconds + 1) as process:
            crowd.wait_until_ready(process)
            spent, began = processor(server.pid), time.monotonic()
            while (passed := time.monotonic() - began) < seconds:
                crowd.progress(f"{name}: {sessions:,} sessions, {passed:.0f} of {seconds:.0f} s")
                time.sleep(min(1.0, seconds - passed))
            spent = (processor(server.pid) - spent) / (time.monotonic() - began)
            held = memory(server.pid) - before
            answer = crowd.answer_of(process)
    return answer | {"microseconds": spent / sessions * 1e6, "kilobytes": held / sessions / 1024}


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
