"""One reader that never reads beside a thousand healthy ones: whether they notice, and what becomes of it.

    bin/bench slow_reader [--sessions 1000] [--rounds 5] [--write]

Rounds with and without it take turns, each with a server of its own. Messages of 2,000 characters, so that the
limit of what may wait for one session (1 MiB, beside what the system holds) is passed while it is looked at.
"""

from __future__ import annotations

import sys
import time
from statistics import median
from typing import Any, Final

from benchmarks.field import build_load, memory
from benchmarks.tools import crowd
from benchmarks.tools.report import Section

RATE: Final = 100
SIZE: Final = 2000
WARMUP: Final = 2


def main() -> int:
    parser = crowd.parser(__doc__, rounds=5)
    parser.add_argument("--sessions", type=int, default=1000, help="how many healthy ones (1000)")
    parser.add_argument("--seconds", type=float, default=30, help="how long people talk (30)")
    options = parser.parse_args()
    return crowd.publish(run(options.rounds, options.sessions, options.seconds), write=options.write)


def run(rounds: int, sessions: int, seconds: float) -> Section:
    """Measures `rounds` times without and with a reader that never reads."""
    build_load()
    without, beside = [], []
    for number in range(rounds):
        name = f"slow_reader: round {number + 1} of {rounds}"
        without.append(measure(sessions, 0, seconds, f"{name}, healthy alone"))
        beside.append(measure(sessions, 1, seconds, f"{name}, one never reads"))
    command = f"slow-reader --sessions {sessions} --seconds {seconds:g} --rounds {rounds}"
    what = (
        f"{sessions:,} healthy sessions in one room, {RATE} messages/s of {SIZE:,} characters for {seconds:g} s; "
        f"medians of {rounds} rounds."
    )
    body = crowd.head("A reader that never reads", command, what) + table(without, beside)
    return Section("slow-reader", body, {})


def measure(sessions: int, deaf: int, seconds: float, name: str) -> dict[str, Any]:
    with crowd.server() as server:
        crowd.progress(name)
        tickets = server.people(sessions + deaf)
        options: dict[str, object] = {"dialect": "teahouse-known", "sessions": sessions + deaf, "deaf": deaf}
        options |= {"tickets": tickets, "publishers": 10, "rate": RATE, "size": SIZE, "warmup": WARMUP}
        with crowd.load(server.port, **options, seconds=seconds) as process:
            most = 0
            while process.poll() is None:
                most = max(most, memory(server.pid))
                time.sleep(0.5)
            return crowd.answer_of(process) | {"megabytes": most / 2**20}


def table(without: list[dict[str, Any]], beside: list[dict[str, Any]]) -> str:
    worse = mid(beside, "p99_us") / mid(without, "p99_us") - 1
    more = mid(beside, "megabytes") - mid(without, "megabytes")
    closed = [answer["deaf_closed_seconds"] for answer in beside if "deaf_closed_seconds" in answer]
    when = f"{len(closed)} of {len(beside)}" + (f", after {median(closed):.1f} s" if closed else "")
    lines = [
        "| what | healthy alone | beside one that never reads | must | aim |",
        "|---|--:|--:|--:|--:|",
        f"| from sending to receipt, 99th percentile | {spread(without)} | {spread(beside)} "
        f"| at most 10 % worse: {worse:+.0%} | |",
        f"| the same, median | {mid(without, 'p50_us'):,.0f} µs | {mid(beside, 'p50_us'):,.0f} µs | | |",
        f"| memory of the server at most | {mid(without, 'megabytes'):.1f} MB | {mid(beside, 'megabytes'):.1f} MB "
        f"| bounded: {more:+.1f} MB | |",
        f"| the reader was cut | | {when} | all | |",
        f"| lost, repeated, disordered | {crowd.faults(without)} | {crowd.faults(beside)} | 0, 0, 0 | |",
        f"| healthy sessions dropped | {dropped(without)} | {dropped(beside)} | 0 | |",
        f"| load's core | {busiest(without):.0%} | {busiest(beside):.0%} | ≤ 80 % | |",
    ]
    return "\n".join(lines) + "\n"


def spread(answers: list[dict[str, Any]]) -> str:
    found = [float(answer["p99_us"]) for answer in answers]
    return f"{median(found):,.0f} µs ({min(found):,.0f} … {max(found):,.0f})"


def mid(answers: list[dict[str, Any]], name: str) -> float:
    return median(float(answer[name]) for answer in answers)


def dropped(answers: list[dict[str, Any]]) -> int:
    return sum(answer["lost_connections"] for answer in answers)


def busiest(answers: list[dict[str, Any]]) -> float:
    return max(float(answer["cpu"]) for answer in answers)


if __name__ == "__main__":
    sys.exit(main())
