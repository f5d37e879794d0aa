"""Teahouse beside its peers: every scenario in one run, interleaved, server and load on different cores.

    bin/bench field [--scenario NAME ...] [--peer NAME ...] [--rounds 5] [--write]

Each round starts every server anew, Teahouse first: its event's size is the size of the others' messages. Medians
with their spread go to the screen and, with --write, to docs/performance.md. A peer that is not installed is named.
After Teahouse's own measurement its parts are measured alone, on the same core and the same disk (tools/parts.py).
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from math import nan
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.peers import PEERS, ROOT, Missing, Peer
from benchmarks.peers.needs import started
from benchmarks.tools import known, texts
from benchmarks.tools.goals import summary, tell
from benchmarks.tools.report import cores_of, put, section_of, sum_of_parts, values_of
from benchmarks.tools.scenarios import FAULTS, SCENARIOS, Scenario
from tests.clients import Client
from tests.processes import free_port

SERVER_CORE: Final = 0
LOAD_CORE: Final = 1
LOAD: Final = ROOT / "build" / "load"
SOURCES: Final = ROOT / "benchmarks" / "load"
SIZE: Final = 64
"""Bytes of what people say."""


def main() -> int:
    options = read_options()
    build_load()
    for name in options.scenario or SCENARIOS:
        scenario = SCENARIOS[name]
        wanted = [peer for peer in scenario.peers if not options.peer or peer in options.peer]
        result = run(scenario, [scenario.ours, *(PEERS[peer] for peer in wanted)], options.rounds)
        result["verdicts"] = scenario.verdicts(result["peers"], wanted)
        show(scenario, result)
        tell(result["verdicts"])
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
    size = SIZE
    began = time.monotonic()
    for number in range(rounds):
        for peer in peers:
            passed = round(time.monotonic() - began)
            progress = f"round {number + 1} of {rounds}, {peer.name}, {passed // 60}:{passed % 60:02} so far"
            print(f"\r{scenario.name}: {progress:55}", end="", file=sys.stderr, flush=True)
            ours = peer is scenario.ours
            try:
                answer = measure(scenario, peer, SIZE if ours or not scenario.own_size else size)
            except Missing as missing:
                answers[peer.name] = [{"missing": str(missing)}]
                continue
            answers.setdefault(peer.name, []).append(answer)
            if ours and answer["deliveries"]:
                size = round(answer["bytes"] / answer["deliveries"])
    print(f"\r{'':90}\r", end="", file=sys.stderr)
    there = [peer for peer in peers if "missing" not in answers[peer.name][0]]
    if scenario.ours not in there:
        raise SystemExit(f"{scenario.name} cannot be measured here: {answers['Teahouse'][0]['missing']}")
    return {
        "scenario": scenario,
        "size": size,
        "peers": answers,
        "lacks": {peer.name: peer.lacks for peer in peers},
        "versions": {peer.name: peer.version() for peer in there},
    }


def measure(scenario: Scenario, peer: Peer, size: int) -> dict[str, Any]:
    """One start of a server and one run of the load against it; of ours then its parts."""
    with served(peer) as (port, process, folder):
        options = {"port": str(port), "path": peer.path, "dialect": peer.dialect, "size": str(size)}
        options["server-core"] = str(SERVER_CORE)
        options |= scenario.options
        ours = peer is scenario.ours
        if ours and scenario.dialect:
            options["dialect"] = scenario.dialect
        if options["dialect"] == "teahouse-known":
            make_room(port)
            env = without_settings() | peer.env
            options["tickets"] = str(known.people(folder, int(options["sessions"]), scenario.known, env))
        said = {}
        if "texts" in options:
            options["texts"] = str(folder / "texts")
            said = {"texts": texts.write(folder / "texts")}
        before = memory(process.pid)
        load = subprocess.Popen(
            [*pinned_to(LOAD_CORE), str(LOAD), *as_words(options)], stdout=subprocess.PIPE, text=True
        )
        held = idle(process.pid, load, before, scenario) if "hold" in scenario.options else {}
        printed, _ = load.communicate()
        if load.returncode:
            raise SystemExit(f"\n{peer.name}: the load generator failed: {' '.join(as_words(options))}")
        answer: dict[str, Any] = json.loads(printed)
        end(process)  # It would still be busy with those who have left.
        parts = parts_of(scenario, answer, options, folder) if ours and scenario.counts_messages else {}
        return answer | held | said | parts


def as_words(options: dict[str, str]) -> list[str]:
    """{"port": "8000", "acknowledged": ""} → ["--port", "8000", "--acknowledged"]"""
    return [word for name, value in options.items() for word in (f"--{name}", value) if word]


def parts_of(
    scenario: Scenario, answer: dict[str, Any], options: dict[str, str], folder: Path
) -> dict[str, Any]:
    """{"parts": {part: microseconds}, "batch": messages in a transaction}, measured where the server ran."""
    database = folder / "data" / "teahouse.sqlite3"
    wire = round(answer["bytes"] / (answer["deliveries"] or answer["messages"] or 1))
    asked = {"size": str(wire), "together": str(scenario.in_flight()), "text-size": options["size"]}
    asked["reader-core"] = str(LOAD_CORE)
    if not database.exists():
        return {}  # What PostgreSQL takes of two cores is no sum of parts of one.
    batch = batch_seen(database)
    asked |= {"database": str(database), "batch": str(round(batch))}
    if "texts" in options:
        asked["texts"] = options["texts"]
    command = [*pinned_to(SERVER_CORE), sys.executable, "-m", "benchmarks.tools.parts", *as_words(asked)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return {"parts": json.loads(done.stdout), "batch": batch}


def batch_seen(database: Path) -> float:
    """Messages in one transaction: those of one carry the same time, to the microsecond."""
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        asked = "SELECT count(*) * 1.0 / count(DISTINCT at) FROM teahouse_event WHERE kind = 'message'"
        return float(connection.execute(asked).fetchone()[0])


def make_room(port: int) -> None:
    """The load's room, as its first visitor makes it."""
    with Client(f"http://127.0.0.1:{port}", "first") as client:
        client.ok(do="subscribe", room="room", make=True)


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


def pinned_to(*cores: int) -> list[str]:
    """What goes before a command that is to stay on these cores."""
    return ["taskset", "--cpu-list", ",".join(map(str, cores))]


@contextlib.contextmanager
def served(peer: Peer) -> Iterator[tuple[int, subprocess.Popen[bytes], Path]]:
    """A server on its core, answering; its port, process and folder.

    What it needs beside it may use both cores: what it takes from the server's is not more than it must.
    """
    port = free_port()
    cores = [SERVER_CORE, LOAD_CORE] if peer.spread else [SERVER_CORE]
    with contextlib.ExitStack() as stack:
        name = tempfile.TemporaryDirectory(prefix="teahouse-bench-", ignore_cleanup_errors=True)
        folder = Path(stack.enter_context(name))
        environment = stack.enter_context(started(peer.needs, {SERVER_CORE, LOAD_CORE}))
        command = [*pinned_to(*cores), *peer.command(folder, port)]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=without_settings() | peer.env | environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            wait_until_open(peer, port, process, folder / "log")
            yield port, process, folder
        finally:
            end(process)


def without_settings() -> dict[str, str]:
    """The environment but for what would change how Teahouse runs."""
    ours = ("TEAHOUSE_", "DATABASE_URL", "REDIS_URL")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def end(process: subprocess.Popen[bytes]) -> None:
    """Kills it with its children; one that has been waited for is left alone."""
    if process.returncode is None:
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
    """A table of medians, spread and ratios; then the sum of parts, and what was to be reached."""
    print(f"\n{scenario.title} ({scenario.unit}; {result['size']} bytes)")
    values = values_of(result)
    ours = median(values["Teahouse"])
    for name, found in values.items():
        answers_ = result["peers"][name]
        faults = sum(answer[fault] for answer in answers_ for fault in FAULTS)
        print(
            f"  {name:30} {median(found):>12,.0f}  {min(found):>12,.0f} … {max(found):<12,.0f}"
            f" ratio {ours / (median(found) or nan):6.2f}  {cores_of(answers_)}"
            + (f"  FAULTS {faults}" if faults else "")
        )
    for name, answers_ in result["peers"].items():
        if "missing" in answers_[0]:
            print(f"  {name:30} is not here: {answers_[0]['missing']}")
    if parts := sum_of_parts(result):
        print(f"\n{parts}")
    print(f"\n{summary(result['verdicts'])}")


if __name__ == "__main__":
    sys.exit(main())
