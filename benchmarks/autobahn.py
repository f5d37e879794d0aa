"""Autobahn's fuzzing client against our wire and uvicorn's own classes, all in one run.

    bin/bench autobahn [--mode plain] [--case 1.* ...] [--python2 PROGRAM] [--write]

All of its cases go against an echo application on each class, without and with compression. The suite runs on Python
2.7 alone, which has to be there; its packages come from PyPI, into build/autobahn. Exits with 1 where a case is worse
on our wire than on the class of uvicorn that it is made of. All cases take some two minutes without compression
and three quarters of an hour with it. --write puts the tables into docs/design/wire-autobahn.md.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from benchmarks.peers import ROOT
from benchmarks.tools.report import Section, machine, put
from tests.processes import free_port

SUITE: Final = "autobahntestsuite==25.10.1"
SITE: Final = ROOT / "build" / "autobahn"
PYTHONS: Final = ("python2.7", "python2", "pypy")
OURS: Final = "teahouse.live.wire:WireProtocol"
PAGE: Final = ROOT / "docs" / "design" / "wire-autobahn.md"
MODES: Final = {"plain": "Without compression", "deflate": "With compression"}

# Best first. What is unclean is the end of a connection, and whose fault that is.
GRADES: Final = (
    "OK",
    "INFORMATIONAL",
    "UNIMPLEMENTED",
    "NON-STRICT",
    "WRONG CODE",
    "FAILED BY CLIENT",
    "UNCLEAN",
    "FAILED",
)
TRIES: Final = 5

CATEGORIES: Final = {
    "1": "framing", "2": "pings and pongs", "3": "reserved bits", "4": "opcodes", "5": "fragmentation",
    "6": "UTF-8", "7": "closing", "9": "large messages", "10": "fragments of any size",
    "12": "compression, sizes", "13": "compression, parameters",
}  # fmt: skip


@dataclass(frozen=True)
class Agent:
    """A class on uvicorn, and the way its application writes."""

    name: str
    ws: str
    path: str = "/send"
    ours: bool = False


AGENTS: Final = (
    Agent("wire, outlet", OURS, "/outlet", ours=True),
    Agent("wire, send()", OURS, ours=True),
    Agent("websockets-sansio", "websockets-sansio"),
    Agent("websockets", "websockets"),
)
# What `teahouse serve` falls back to, and what our class is made of.
BASE: Final = "websockets-sansio"

Results = dict[str, dict[str, str]]
"""Agent → case → grade."""


def main() -> int:
    options = read_options()
    suite = installed(options.python2)
    status = 0
    for mode in options.mode or MODES:
        results = settled(suite, options.case, deflate=mode == "deflate")
        body = table(mode, results, options.case)
        print(body, flush=True)
        if options.write:
            put(PAGE, Section(f"autobahn-{mode}", body, {}))
        status |= any(worse(results, name) for name in ours())
    return int(status)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bin/bench autobahn", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--case", nargs="+", default=["*"], help="such as 1.* 7.7.1; all otherwise")
    parser.add_argument("--mode", action="append", choices=list(MODES), help="one of them; both otherwise")
    parser.add_argument(
        "--python2", help=f"Python 2.7; otherwise the first of {', '.join(PYTHONS)} that is one"
    )
    parser.add_argument("--write", action="store_true", help="write docs/design/wire-autobahn.md")
    return parser.parse_args()


def installed(python2: str | None) -> list[str]:
    """The command that runs the suite, which is installed first where it is not."""
    for python in [python2] if python2 else PYTHONS:
        if (found := shutil.which(python)) and _is_python2(found):
            break
    else:
        raise SystemExit("The suite needs Python 2.7, which is not here; --python2 names one.")
    if not (SITE / "autobahntestsuite").exists():
        SITE.mkdir(parents=True, exist_ok=True)
        print(f"Installing {SUITE} into {SITE}", file=sys.stderr)
        pip = [found, "-W", "ignore", "-m", "pip", "install", "--quiet", "--target", str(SITE), SUITE]
        subprocess.run(pip, check=True)
    # A folder on the path alone is not enough: zope is a namespace package, which a *.pth there makes known.
    begin = f"import site; site.addsitedir({str(SITE)!r}); from autobahntestsuite.wstest import run; run()"
    return [found, "-W", "ignore", "-c", begin]


def _is_python2(program: str) -> bool:
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return "Python 2.7" in answer.stdout + answer.stderr


def settled(suite: Sequence[str], cases: Sequence[str], *, deflate: bool) -> Results:
    """All cases; those in which we were worse are run again for every agent, and the best of each is kept.

    Where a frame is broken, whether the echo of the message before it or the end of the connection comes first hangs
    on how the kernel cuts the stream into reads: 4.1.5 and 4.2.5 go now one way, now the other, on every class.
    """
    results = run(suite, cases, deflate=deflate)
    for _ in range(TRIES):
        doubtful = sorted({case.partition(" ")[0] for name in ours() for case in worse(results, name)})
        if not doubtful:
            break
        for agent, grades in run(suite, doubtful, deflate=deflate).items():
            kept = results[agent]
            kept |= {case: min(kept[case], found, key=rank) for case, found in grades.items()}
    return results


def run(suite: Sequence[str], cases: Sequence[str], *, deflate: bool) -> Results:
    """All cases against all agents. One after the other: the suite waits for the end of each connection."""
    with tempfile.TemporaryDirectory(prefix="teahouse-autobahn-") as folder, contextlib.ExitStack() as stack:
        ports = {ws: stack.enter_context(served(ws, deflate)) for ws in {agent.ws for agent in AGENTS}}
        servers = [
            {"agent": agent.name, "url": f"ws://127.0.0.1:{ports[agent.ws]}{agent.path}"} for agent in AGENTS
        ]
        spec = {
            "outdir": folder,
            "servers": servers,
            "cases": list(cases),
            "exclude-cases": [],
            "exclude-agent-cases": {},
            # Of each connection: the version of the protocol.
            "options": {"version": 18},
        }
        Path(folder, "spec.json").write_text(json.dumps(spec))
        command = [*suite, "--mode", "fuzzingclient", "--spec", str(Path(folder, "spec.json"))]
        done = subprocess.run(
            command,
            env=os.environ | {"PYTHONPATH": str(SITE)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        report = Path(folder, "index.json")
        if not report.exists():
            raise SystemExit(f"The suite failed:\n{done.stdout.decode(errors='replace')[-2000:]}")
        answers = json.loads(report.read_text())
    return {
        agent: {case: grade(answer) for case, answer in found.items()} for agent, found in answers.items()
    }


@contextlib.contextmanager
def served(ws: str, deflate: bool) -> Iterator[int]:
    """The echo application on that class; its port. Limits and pings are as uvicorn has them."""
    port = free_port()
    command = [
        *(sys.executable, "-m", "uvicorn", "benchmarks.tools.echo:app", "--port", str(port), "--ws", ws),
        *("--ws-per-message-deflate", str(deflate).lower(), "--lifespan", "off", "--log-level", "critical"),
    ]
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, start_new_session=True
    )
    try:
        wait_until_listening(port, process)
        yield port
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 30
    while True:
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port)).close()
            return
        if process.poll() is not None or time.monotonic() > end:
            raise SystemExit("uvicorn does not start.")
        time.sleep(0.05)


def grade(answer: Mapping[str, Any]) -> str:
    """One word for how a case went: the worse of what was said and of how it ended."""
    said: str = answer["behavior"]
    ended: str = answer["behaviorClose"]
    return max(said, "OK" if ended == "INFORMATIONAL" else ended, key=rank)


def rank(grade: str) -> int:
    """Higher is worse; a grade that is not known is the worst."""
    return GRADES.index(grade) if grade in GRADES else len(GRADES)


def ours() -> list[str]:
    return [agent.name for agent in AGENTS if agent.ours]


def worse(results: Results, name: str) -> list[str]:
    """The cases in which that agent is worse than uvicorn's class."""
    base = results[BASE]
    return [
        f"{case} ({found}, not {base[case]})"
        for case, found in results[name].items()
        if rank(found) > rank(base[case])
    ]


def table(mode: str, results: Results, cases: Sequence[str]) -> str:
    """A row for each category, and by name what is not as it should be."""
    names = [agent.name for agent in AGENTS]
    lines = [
        f"## {MODES[mode]}\n",
        f"{machine()} uvicorn {version('uvicorn')}, websockets {version('websockets')}, {SUITE.replace('==', ' ')}.\n",
        f"Not all cases: {', '.join(cases)}.\n" if list(cases) != ["*"] else "All cases.\n",
        "| cases | " + " | ".join(names) + " |",
        "|---|" + "--:|" * len(names),
    ]
    for number in map(str, sorted({int(category(case)) for case in results[BASE]})):
        cells = [
            counted(found for case, found in results[name].items() if category(case) == number)
            for name in names
        ]
        lines.append(f"| {number} {CATEGORIES.get(number, '')} | " + " | ".join(cells) + " |")
    lines.append("| all | " + " | ".join(counted(results[name].values()) for name in names) + " |")
    lines += [f"\n{name}: {', '.join(found)}." for name in names if (found := wrong(results[name]))]
    lines += [
        f"\nWorse than {BASE} with {name}: {', '.join(worse(results, name)) or 'none'}." for name in ours()
    ]
    return "\n".join(lines) + "\n"


def category(case: str) -> str:
    return case.partition(".")[0]


def wrong(grades: Mapping[str, str]) -> list[str]:
    return [
        f"{case} ({found.lower()})" for case, found in grades.items() if rank(found) > rank("UNIMPLEMENTED")
    ]


def counted(grades: Iterable[str]) -> str:
    count = Counter(grades)
    others = sorted(set(count) - {"OK"}, key=rank)
    return ", ".join([str(count["OK"]), *(f"{count[other]} {other.lower()}" for other in others)])


if __name__ == "__main__":
    sys.exit(main())
