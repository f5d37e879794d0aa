"""A crowd comes back after `kill -9` while people go on talking: how long it takes, and what it asks of the database.

    bin/bench returning [--sessions 10000] [--kind guest] [--page] [--rounds 3] [--write]

Every session is somebody of their own. They reconnect, and subscribe from the last event they had; publishers say again
what they did not hear. With `--page` each follows their own stream as well, as the page does. The clock runs from the
kill, so the server's own start is in it. Statements are counted where SQLite gets them (`tools/statements/`), from the
server's second start, which is in it, until two seconds after the last is back.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.field import build_load
from benchmarks.peers import ROOT
from benchmarks.tools import crowd, known
from benchmarks.tools.report import Section

RATE: Final = 20
PUBLISHERS: Final = 20
BEFORE: Final = 2.0  # Seconds of talk before the kill.
HELPERS: Final = ROOT / "benchmarks" / "tools" / "statements"


def main() -> int:
    parser = crowd.parser(__doc__, rounds=3)
    parser.add_argument("--sessions", type=int, default=10_000, help="how many (10000)")
    parser.add_argument("--kind", choices=list(known.MAKE), default="guest", help="who they are (guest)")
    parser.add_argument(
        "--page", action="store_true", help="each follows their own stream too, as a page does"
    )
    parser.add_argument("--connecting", type=int, default=500, help="how many connect at the same time (500)")
    parser.add_argument("--statements", action="store_true", help="show what the database was asked most")
    options = parser.parse_args()
    section = run(
        options.rounds,
        options.sessions,
        options.kind,
        options.connecting,
        page=options.page,
        show=options.statements,
    )
    return crowd.publish(section, write=options.write)


def run(
    rounds: int, sessions: int, kind: str, connecting: int = 500, *, page: bool = False, show: bool = False
) -> Section:
    """Measures `rounds` times, each with a server of its own."""
    build_load()
    sessions = crowd.as_many_as_allowed(sessions)
    answers = []
    for number in range(rounds):
        name = f"returning: round {number + 1} of {rounds}"
        answer = measure(sessions, kind, connecting, name, page=page)
        if show:
            for statement, times in answer["statements"].most_common(30):
                print(f"\n{times:8,}  {' '.join(statement.split())}", end="", file=sys.stderr)
        answers.append(answer)
    command = f"returning --sessions {sessions} --kind {kind}{' --page' * page} --rounds {rounds}"
    who = "known guests" if kind == "guest" else "bots with bearer tokens"
    what = f"{sessions:,} {who} in one room, {RATE} messages/s, `kill -9`; medians of {rounds} rounds."
    title = "A crowd comes back after a kill" + ", with tokens" * (kind == "token") + ", as pages" * page
    name = "returning" + f"-{kind}" * (kind != "guest") + "-page" * page
    return Section(name, crowd.head(title, command, what) + table(answers), {})


def measure(sessions: int, kind: str, connecting: int, name: str, *, page: bool = False) -> dict[str, Any]:
    path = os.pathsep.join([str(HELPERS), str(ROOT)])
    with crowd.server({"PYTHONPATH": path}) as server:
        crowd.progress(f"{name}: making {sessions:,} people")
        tickets = server.people(sessions, kind)
        server.env["STATEMENTS"] = str(server.folder / "statements")
        crowd.progress(f"{name}: connecting")
        options: dict[str, object] = {
            "dialect": "teahouse-page-returning" if page else "teahouse-returning",
            "sessions": sessions,
            "tickets": tickets,
        }
        options |= {"publishers": min(PUBLISHERS, sessions), "rate": RATE, "connecting": connecting}
        with crowd.load(server.port, **options, returning=True, warmup=0, seconds=2) as process:
            crowd.wait_until_ready(process)
            time.sleep(BEFORE)
            crowd.progress(f"{name}: killed; coming back")
            killed = time.monotonic()
            server.kill()
            server.start()
            started = time.monotonic() - killed
            while process.poll() is None:
                time.sleep(0.2)
            asked = statements(server)
            answer = crowd.answer_of(process)
    return answer | {"started": started, "statements": asked, "reads": reads(asked)}


def statements(server: crowd.Server) -> Counter[str]:
    """What the running server has asked SQLite since its start."""
    counted: Counter[str] = Counter()
    for path in server.folder.glob("statements.*"):
        if path.suffix != ".draft" and Path(f"/proc/{path.suffix[1:]}").exists():
            counted.update(json.loads(path.read_text()))
    return counted


def reads(asked: Counter[str]) -> int:
    """How many of them read tables, outside the transactions that store what is said (those are marked with a `~`)."""
    return sum(
        times for statement, times in asked.items() if statement.lstrip("( ").startswith(("SELECT", "WITH"))
    )


def table(answers: list[dict[str, Any]]) -> str:
    sessions = answers[0]["sessions"]
    back = [float(answer["back_seconds"]) for answer in answers]
    read = [answer["reads"] for answer in answers]
    others = [answer["statements"].total() - answer["reads"] for answer in answers]
    returned = min(answer["returned"] for answer in answers)
    lines = [
        "| what | found | least … most | must | aim | lost, repeated, disordered |",
        "|---|--:|--:|--:|--:|--:|",
        f"| all back and caught up after | {median(back):.1f} s | {min(back):.1f} … {max(back):.1f} "
        f"| ≤ 15 s | ≤ 8 s | {crowd.faults(answers)} |",
        f"| of it until the server answered | {median(a['started'] for a in answers):.1f} s | | | | |",
        f"| a session in the middle was away for | {median(a['away_p50_seconds'] for a in answers):.1f} s | | | | |",
        f"| sessions that came back, of {sessions:,} | {returned:,} | | {sessions:,} | | |",
        f"| messages sent, refused | {sum(a['sent'] for a in answers):,}, "
        f"{sum(a['refused'] for a in answers):,} | | | | |",
        f"| reads of the database for each session | {median(read) / sessions:.2%} "
        f"| {min(read):,} … {max(read):,} in all | < 2 % | | |",
        f"| other statements: the journal's transactions, `PRAGMA data_version` | {median(others):,.0f} "
        f"| {min(others):,} … {max(others):,} | | | |",
        f"| load's core | {max(a['cpu'] for a in answers):.0%} | | ≤ 80 % | | |",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
