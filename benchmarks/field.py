"""Teahouse beside its peers: every scenario in one run, interleaved, server and load on different cores.

    bin/bench field [--scenario NAME ...] [--peer NAME ...] [--rounds 5] [--write]

Each round starts every server anew, Teahouse first: its event's size is the size of the others' messages. Medians
with their spread go to the screen and, with --write, to docs/performance.md. A peer that is not installed is named.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.peers import PEERS, ROOT, TEAHOUSE, Missing, Peer
from benchmarks.tools.report import put, section_of, values_of
from benchmarks.tools.scenarios import SCENARIOS, Scenario
from tests.clients import Client
from tests.processes import free_port

SERVER_CORE: Final = 0
LOAD_CORE: Final = 1
LOAD: Final = ROOT / "build" / "load"
SOURCES: Final = ROOT / "benchmarks" / "load"


def main() -> int:
    options = read_options()
    build_load()
    for name in options.scenario or SCENARIOS:
        scenario = SCENARIOS[name]
        peers = [
            TEAHOUSE,
            *(PEERS[peer] for peer in scenario.peers if not options.peer or peer in options.peer),
        ]
        result = run(scenario, peers, options.rounds)
        show(scenario, result)
        if options.write:
            put(ROOT / "docs" / "performance.md", section_of(result))
    return 0


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bin/bench field", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--scenario", action="append", choices=list(SCENARIOS), help="one of them; all otherwise"
    )
    parser.add_argument("--peer", action="append", choices=list(PEERS), help="beside Teahouse; all otherwise")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured (5)")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    return parser.parse_args()


def build_load() -> None:
    """Compiles the load generator where its sources are newer."""
    newest = max(path.stat().st_mtime for path in SOURCES.iterdir())
    if LOAD.exists() and LOAD.stat().st_mtime > newest:
        return
    LOAD.parent.mkdir(exist_ok=True)
    compiler = os.environ.get("CC", "cc")
    subprocess.run(
        [compiler, "-O3", "-march=native", "-Wall", "-Wextra", "-o", str(LOAD), str(SOURCES / "load.c")],
        check=True,
    )


def run(scenario: Scenario, peers: Sequence[Peer], rounds: int) -> dict[str, Any]:
    """All rounds of a scenario: {"scenario": …, "peers": {name: [answer of the load generator, …]}}."""
    answers: dict[str, list[dict[str, Any]]] = {}
    size = 64
    for number in range(rounds):
        for peer in peers:
            print(
                f"\r{scenario.name}: round {number + 1} of {rounds}, {peer.name:30}", end="", file=sys.stderr
            )
            try:
                answer = measure(scenario, peer, 64 if peer is TEAHOUSE or not scenario.own_size else size)
            except Missing as missing:
                answers[peer.name] = [{"missing": str(missing)}]
                continue
            answers.setdefault(peer.name, []).append(answer)
            if peer is TEAHOUSE and answer["deliveries"]:
                size = round(answer["bytes"] / answer["deliveries"])
    print(f"\r{'':70}\r", end="", file=sys.stderr)
    lacks = {peer.name: peer.lacks for peer in peers}
    return {"scenario": scenario, "size": size, "peers": answers, "lacks": lacks}


def measure(scenario: Scenario, peer: Peer, size: int) -> dict[str, Any]:
    """One start of a server and one run of the load against it."""
    with served(peer) as (port, process, folder):
        options = {"port": str(port), "path": peer.path, "dialect": peer.dialect, "size": str(size)}
        options |= scenario.options
        if peer is TEAHOUSE and scenario.dialect:
            options["dialect"] = scenario.dialect
        if options["dialect"] == "teahouse-known":
            options["tickets"] = str(tickets(port, int(options["sessions"]), folder))
        before = memory(process.pid)
        words = [word for name, value in options.items() for word in (f"--{name}", value) if word]
        load = subprocess.Popen([*pinned_to(LOAD_CORE), str(LOAD), *words], stdout=subprocess.PIPE, text=True)
        held = idle(process.pid, load, before, scenario) if "hold" in scenario.options else {}
        printed, _ = load.communicate()
        if load.returncode:
            raise SystemExit(f"\n{peer.name}: the load generator failed: {' '.join(words)}")
        answer: dict[str, Any] = json.loads(printed)
        return answer | held


def tickets(port: int, count: int, folder: Path) -> Path:
    """A file with tickets of guests who have been here before."""
    path = folder / "tickets"
    with path.open("w") as file:
        for number in range(count):
            with Client(f"http://127.0.0.1:{port}", f"load {number}") as client:
                file.write(f"{client.ticket}\n")
                if number == 0:
                    client.ok(do="subscribe", room="room", make=True)
    return path


def idle(pid: int, load: subprocess.Popen[str], before: int, scenario: Scenario) -> dict[str, Any]:
    """What sessions that do nothing cost: KB each, and microseconds of the processor in each second."""
    assert load.stdout is not None
    assert load.stdout.readline() == "ready\n"
    sessions, cpu, began = int(scenario.options["sessions"]), processor(pid), time.monotonic()
    time.sleep(float(scenario.options["hold"]) - 1)
    spent = (processor(pid) - cpu) / (time.monotonic() - began)
    return {
        "kilobytes": (memory(pid) - before) / sessions / 1024,
        "microseconds": spent / sessions * 1e6,
    }


def pinned_to(core: int) -> list[str]:
    """What goes before a command that is to stay on one core."""
    return ["taskset", "--cpu-list", str(core)]


@contextlib.contextmanager
def served(peer: Peer) -> Iterator[tuple[int, subprocess.Popen[bytes], Path]]:
    """A server on its core, answering; its port, process and folder."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="teahouse-bench-", ignore_cleanup_errors=True) as folder:
        command = [*pinned_to(SERVER_CORE), *peer.command(Path(folder), port)]
        with Path(folder, "log").open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **peer.env},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            wait_until_open(peer, port, process, Path(folder, "log"))
            yield port, process, Path(folder)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_until_open(peer: Peer, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 30
    while not answers(port, peer.path):
        if process.poll() is not None or time.monotonic() > end:
            raise SystemExit(f"\n{peer.name} does not answer:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.05)


def answers(port: int, path: str) -> bool:
    """Whether an HTTP request is answered, however: a port may be taken before anybody serves there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        connection.getresponse().read()
    except (TimeoutError, http.client.HTTPException):
        return True  # Nchan waits for a message.
    except OSError:
        return False
    finally:
        connection.close()
    return True


def memory(pid: int) -> int:
    """Bytes of a process and its children that are theirs alone or their share of what they share."""
    total = 0
    for one in [pid, *children(pid)]:
        for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


def processor(pid: int) -> float:
    """Seconds of the processor that a process and its children have used."""
    ticks = os.sysconf("SC_CLK_TCK")
    used = 0.0
    for one in [pid, *children(pid)]:
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        used += (int(fields[11]) + int(fields[12])) / ticks
    return used


def children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # A thread that ended meanwhile.
            for child in (task / "children").read_text().split():
                found += [int(child), *children(int(child))]
    return found


def show(scenario: Scenario, result: dict[str, Any]) -> None:
    """A table of medians, spread and ratios."""
    print(f"\n{scenario.title} ({scenario.unit}; {result['size']} bytes)")
    values = values_of(result)
    ours = median(values["Teahouse"])
    for name, found in values.items():
        answers_ = result["peers"][name]
        faults = sum(answer[fault] for answer in answers_ for fault in ("lost", "repeated", "disordered"))
        load = max(answer["cpu"] for answer in answers_)
        print(
            f"  {name:30} {median(found):>12,.0f}  {min(found):>12,.0f} … {max(found):<12,.0f}"
            f" ratio {ours / median(found):6.2f}  load's core {load:4.0%}"
            + (f"  FAULTS {faults}" if faults else "")
        )
    for name, answers_ in result["peers"].items():
        if "missing" in answers_[0]:
            print(f"  {name:30} is not here: {answers_[0]['missing']}")


if __name__ == "__main__":
    sys.exit(main())
