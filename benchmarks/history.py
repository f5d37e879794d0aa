"""Pages of 50 from a room of 100,000 messages: over HTTP, beside a view that does nothing, and over the socket.

    bin/bench history [--rounds 5] [--write] [--messages 100000]

The room is filled once, with real lines of chat, by the load generator. A page over HTTP is the room's page as a
browser first gets it, drawn by the template with its last 50 messages, from `wrk` with 16 connections that stay. Beside
it, in the same process behind the same middleware, the empty view of peers/empty.py. Over the socket 16 sessions ask
for pages all over the room, each for the next when it has one. Rounds are interleaved.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.field import LOAD, LOAD_CORE, as_words, build_load, pinned_to, served
from benchmarks.peers import ROOT, TEAHOUSE, python
from benchmarks.tools import texts
from benchmarks.tools.goals import Goal, Verdict, in_short, summary, tell
from benchmarks.tools.report import LIMIT, Section, goals_table, machine, put
from tests.clients import Client

SECONDS_A_ROUND: Final = 20
SECONDS: Final = 4
CONNECTIONS: Final = 16
GOALS: Final = {
    "page": Goal("times an empty view", must=0.7),
    "socket": Goal("pages/s over the socket", must=2_000),
}
PAGES: Final = {"page": "/", "empty": "/empty/"}
NAMES: Final = {
    "page": "the room's page with its last 50",
    "empty": "an empty view behind the same middleware",
    "socket": "`history` over the socket",
}


def main() -> int:
    options = read_options()
    if shutil.which("wrk") is None:
        raise SystemExit("history needs wrk: apt-get install wrk")
    build_load()
    peer = replace(
        TEAHOUSE,
        command=lambda folder, port: python(
            "benchmarks.peers.empty", "serve", "--port", str(port), "--data", str(folder / "data")
        ),
    )
    found: dict[str, list[float]] = {name: [] for name in NAMES}
    busiest = 0.0
    with served(peer) as (port, _, folder):
        held = fill(port, folder, options.messages)
        for number in range(options.rounds):
            print(f"\rhistory: round {number + 1} of {options.rounds}", end="", file=sys.stderr, flush=True)
            for name, path in PAGES.items():
                found[name].append(over_http(port, path))
            answer = over_socket(port)
            found["socket"].append(answer["messages"] / answer["seconds"])
            busiest = max(busiest, answer["cpu"])
    print(f"\r{'':40}\r", end="", file=sys.stderr)
    ratio = median(found["page"]) / median(found["empty"])
    verdicts = [
        Verdict("history", GOALS["page"], ratio),
        Verdict("history", GOALS["socket"], median(found["socket"])),
    ]
    body = page(found, held, busiest, verdicts)
    print(f"{body}\n\n{summary(verdicts)}")
    tell(verdicts)
    if options.write:
        put(ROOT / "docs" / "performance.md", Section("history", body, {}))
    return 0


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bin/bench history", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured (5)")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    parser.add_argument(
        "--messages", type=int, default=100_000, help="that the room holds, at least (100,000)"
    )
    return parser.parse_args()


def fill(port: int, folder: Path, wanted: int) -> int:
    """Says so many things in the main room; how many it holds then."""
    texts.write(folder / "texts")
    words = {"sessions": "50", "publishers": "50", "window": "8", "texts": str(folder / "texts")}
    while (held := last_number(port)) < wanted:
        print(f"\rhistory: {held:,} of {wanted:,} messages said", end="", file=sys.stderr, flush=True)
        load(port, "teahouse-sender", words | {"warmup": "0", "seconds": "3"})
    return held


def last_number(port: int) -> int:
    with Client(f"http://127.0.0.1:{port}", "counter") as client:
        return int(client.ok(do="subscribe", room="main")["position"]["seq"])


def over_http(port: int, path: str) -> float:
    """Requests a second, all answered as they should be."""
    command = ["wrk", "--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{SECONDS}s"]
    done = subprocess.run(
        [*pinned_to(LOAD_CORE), *command, f"http://127.0.0.1:{port}{path}"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    if rate is None or "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise SystemExit(f"{path} was not answered as it should be:\n{done.stdout}")
    return float(rate.group(1))


def over_socket(port: int) -> dict[str, Any]:
    """What the load generator counts, of sessions that ask for page after page."""
    words = {"sessions": str(CONNECTIONS), "publishers": str(CONNECTIONS), "seconds": str(SECONDS)}
    answer = load(port, "teahouse-history", words)
    if answer["refused"]:
        raise SystemExit(f"history was refused {answer['refused']} times")
    return answer


def load(port: int, dialect: str, more: dict[str, str]) -> dict[str, Any]:
    words = {"port": str(port), "path": TEAHOUSE.path, "dialect": dialect, "prefix": "main"}
    command = [*pinned_to(LOAD_CORE), str(LOAD), *as_words(words | {"acknowledged": ""} | more)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def page(found: dict[str, list[float]], held: int, busiest: float, verdicts: Sequence[Verdict]) -> str:
    rounds = len(found["page"])
    lines = [
        "## A page of 50 messages\n",
        f"{machine()}\n",
        f"`bin/bench history --rounds {rounds}`; a room of {held:,} messages, {CONNECTIONS} connections that stay; "
        f"pages/s, medians of {rounds} rounds. The load's core was busy to {busiest:.0%}"
        f"{', and was the limit' if busiest > LIMIT else ''} where it asked over the socket.\n",
        "| what | median | least … most |",
        "|---|--:|--:|",
    ]
    lines += [
        f"| {NAMES[name]} | {in_short(median(rates))} | {in_short(min(rates))} … {in_short(max(rates))} |"
        for name, rates in found.items()
    ]
    return "\n".join([*lines, f"\n{goals_table(verdicts)}"])


if __name__ == "__main__":
    sys.exit(main())
