"""Chat at a steady rate while a guest sends the 20 worst inputs for Markdown and highlighting: who waits longer?

    bin/bench worst-inputs [--rounds 5] [--write] [--pause 0]

100 sessions in a room, 10 of them saying 50 things a second. In every second run a guest sends the texts of
data/worst.py in turn into the same room, each when the one before was acknowledged. Rates are lifted,
so that it can send more than a guest may. Everything has one core, the rendering process too, and nobody's 99th
percentile may rise by more than 10 ms.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from statistics import median
from time import monotonic
from typing import Any, Final

from websockets.exceptions import ConnectionClosed

from benchmarks.data.worst import WORST
from benchmarks.field import LOAD, LOAD_CORE, as_words, build_load, pinned_to, served
from benchmarks.peers import ROOT, TEAHOUSE
from benchmarks.tools.goals import Goal, Verdict, in_short, summary, tell
from benchmarks.tools.report import Section, goals_table, machine, put
from tests.clients import Client

ROOM: Final = "room"
SECONDS_A_ROUND: Final = 30
GOAL: Final = Goal("ms more of p99", must=10, at_most=True)
LOAD_OPTIONS: Final = {
    "path": TEAHOUSE.path,
    "dialect": TEAHOUSE.dialect,
    "sessions": "100",
    "prefix": ROOM,
    "publishers": "10",
    "rate": "50",
    "seconds": "8",
}


class Guest:
    """Sends the worst texts in turn from a thread; how long each took to be acknowledged, in seconds."""

    def __init__(self, port: int, pause: float) -> None:
        self.took: dict[str, list[float]] = defaultdict(list)
        self._port = port
        self._pause = pause
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._run, name="guest")

    def __enter__(self) -> Guest:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()

    def _run(self) -> None:
        with (
            contextlib.suppress(ConnectionClosed),
            Client(f"http://127.0.0.1:{self._port}", "guest") as client,
        ):
            client.ok(do="subscribe", room=ROOM, make=True)
            number = 0
            while True:
                for name, text in WORST.items():
                    if self._enough.wait(self._pause):
                        return
                    began, number = monotonic(), number + 1
                    client.ok(do="send", room=ROOM, key=f"worst-{number}", text=text)
                    self.took[name].append(monotonic() - began)


def main() -> int:
    options = read_options()
    build_load()
    alone: list[dict[str, Any]] = []
    beside: list[dict[str, Any]] = []
    took: dict[str, list[float]] = defaultdict(list)
    for number in range(options.rounds):
        print(f"\rworst-inputs: round {number + 1} of {options.rounds}", end="", file=sys.stderr, flush=True)
        with served(TEAHOUSE) as (port, _, _):
            alone.append(chat(port))
        with served(TEAHOUSE) as (port, _, _), Guest(port, options.pause) as guest:
            beside.append(chat(port))
        for name, times in guest.took.items():
            took[name] += times
    print(f"\r{'':40}\r", end="", file=sys.stderr)
    if not took:
        raise SystemExit("The guest got nothing sent.")
    rises = [after["p99_us"] - before["p99_us"] for before, after in zip(alone, beside, strict=True)]
    faults = sum(answer[fault] for answer in alone + beside for fault in ("lost", "repeated", "disordered"))
    verdicts = [
        Verdict("worst-inputs", GOAL, median(rises) / 1000),
        Verdict("worst-inputs", Goal("faults", must=0, at_most=True), faults),
    ]
    body = "\n".join(page(alone, beside, took)) + f"\n\n{goals_table(verdicts)}"
    print(f"{body}\n\n{summary(verdicts)}")
    tell(verdicts)
    if options.write:
        put(ROOT / "docs" / "performance.md", Section("worst-inputs", body, {}))
    return 0


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bin/bench worst-inputs",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured (5)")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    parser.add_argument("--pause", type=float, default=0, help="seconds between two of the worst (0)")
    return parser.parse_args()


def chat(port: int) -> dict[str, Any]:
    """What the load generator counts of people who chat."""
    command = [*pinned_to(LOAD_CORE), str(LOAD), *as_words(LOAD_OPTIONS | {"port": str(port)})]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def page(
    alone: list[dict[str, Any]], beside: list[dict[str, Any]], took: dict[str, list[float]]
) -> Iterator[str]:
    """The lines of the section: what the others waited, and what the guest did."""
    sent = sum(map(len, took.values()))
    yield "## A guest sends the 20 worst inputs while others chat\n"
    yield f"{machine()}\n"
    yield (
        f"`bin/bench worst-inputs --rounds {len(alone)}`; 100 sessions, 50 messages a second, from sending to receipt, "
        f"medians of {len(alone)} rounds. The guest had {sent} of them acknowledged in all.\n"
    )
    yield "| the others' ms | median | least … most |"
    yield "|---|--:|--:|"
    for name, answers in (("alone", alone), ("beside the guest", beside)):
        for field, called in (("p50_us", "half"), ("p99_us", "p99")):
            found = [answer[field] / 1000 for answer in answers]
            yield f"| {called}, {name} | {median(found):.2f} | {min(found):.2f} … {max(found):.2f} |"
    slowest = sorted(took.items(), key=lambda pair: -median(pair[1]))[:3]
    told = ", ".join(f"{name} {in_short(median(times) * 1000)} ms" for name, times in slowest)
    yield f"\nThe guest itself waited longest for: {told}."


if __name__ == "__main__":
    sys.exit(main())
