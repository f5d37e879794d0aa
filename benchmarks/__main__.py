"""Measures Teahouse, alone and beside its peers.

    bin/bench                              everything
    bin/bench ten-publishers storing idle  these
    bin/bench --list                       what there is, and about how long each takes
    bin/bench field …, replay …, deflate … those with their own options; --help says which

Everything is all scenarios beside peers and all the other measurements. `replay` and `deflate` are none of them: they
want a folder of conversations. Where one measurement alone is named, options that are not known here are its own.
The last lines say what was reached; the exit status is 0 if every "must" was, 1 if not.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.peers import PEERS
from benchmarks.tools.goals import VERDICTS, Goal, Verdict, summary, told
from benchmarks.tools.scenarios import SCENARIOS

HERE: Final = Path(__file__).parent
OWN_OPTIONS: Final = ("deflate", "field", "replay")
"""Called with options of their own, and not part of everything."""


@dataclass(frozen=True)
class Measurement:
    """One name that bin/bench knows.

    Attributes:
        command: the words after `python -m`.
        seconds: about how long one round takes; None where nobody has said.
        rounds: it has some, and its first lines say so. Autobahn's cases, for one, are each right or wrong.
    """

    name: str
    title: str
    command: tuple[str, ...]
    seconds: float | None
    rounds: bool = True


def measurements() -> dict[str, Measurement]:
    """Scenarios of field.py first, then the modules beside it."""
    found = [
        Measurement(name, scenario.title, ("benchmarks.field", "--scenario", name), scenario.seconds())
        for name, scenario in SCENARIOS.items()
    ]
    return {one.name: one for one in [*found, *_modules()]}


def _modules() -> Iterator[Measurement]:
    for path in sorted(HERE.glob("[!_]*.py")):
        if path.stem not in OWN_OPTIONS:
            module = ast.parse(path.read_text(encoding="utf-8"))
            doc = ast.get_docstring(module) or ""
            name = path.stem.replace("_", "-")
            command, title = (f"benchmarks.{path.stem}",), doc.partition("\n")[0]
            yield Measurement(name, title, command, _seconds(module), rounds="--rounds" in doc)


def _seconds(module: ast.Module) -> float | None:
    """What the module says as `SECONDS_A_ROUND: Final = …`; it is not imported for that."""
    for node in module.body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "SECONDS_A_ROUND" and node.value:
            return float(ast.literal_eval(node.value))
    return None


def main() -> int:
    if sys.argv[1:2] and sys.argv[1] in OWN_OPTIONS:
        return subprocess.call([sys.executable, "-m", f"benchmarks.{sys.argv[1]}", *sys.argv[2:]])
    known = measurements()
    options, own = read_options()
    options.names = [name.replace("_", "-") for name in options.names]
    if options.list:
        show_list(list(known.values()), options.rounds)
        return 0
    for name in options.names:
        if name not in known:
            print(f"There is no benchmark called {name}. bin/bench --list names them.", file=sys.stderr)
            return 2
    if own and (len(options.names) != 1 or options.names[0] in SCENARIOS):
        print(f"Not known: {' '.join(own)}. bin/bench --help says what is.", file=sys.stderr)
        return 2
    if options.conversations:
        os.environ["TEAHOUSE_CONVERSATIONS"] = str(Path(options.conversations).resolve())
    return run([known[name] for name in options.names or known], options, own)


def read_options() -> tuple[argparse.Namespace, list[str]]:
    """Those known here, and the rest."""
    parser = argparse.ArgumentParser(
        prog="bin/bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        add_help=not _is_asked_of_one(),
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="what to measure; everything otherwise")
    parser.add_argument("--list", action="store_true", help="say what there is")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured (5)")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md and its pictures")
    parser.add_argument(
        "--peer",
        action="append",
        choices=list(PEERS),
        default=[],
        metavar="PEER",
        help=f"in scenarios beside peers these alone: {', '.join(PEERS)}",
    )
    parser.add_argument(
        "--conversations",
        metavar="FOLDER",
        help="logs of real conversations for real-chat (or TEAHOUSE_CONVERSATIONS); its own lines otherwise",
    )
    return parser.parse_known_args()


def _is_asked_of_one() -> bool:
    """`bin/bench NAME --help`, which the measurement itself answers."""
    return bool(sys.argv[1:2]) and not sys.argv[1].startswith("-") and sys.argv[1] not in SCENARIOS


def show_list(known: Sequence[Measurement], rounds: int) -> None:
    widest = max(len(one.name) for one in known)
    for one in known:
        takes = "" if one.seconds is None else f"{max(1, round(one.seconds * rounds / 60))} min"
        print(f"  {one.name:{widest}} {takes:>7}  {one.title}")
    whole = sum(one.seconds or 0 for one in known) * rounds / 60
    print(f"About {whole:.0f} min in all with --rounds {rounds}.")


def run(chosen: Sequence[Measurement], options: argparse.Namespace, own: Sequence[str]) -> int:
    """Each in a process of its own, one after the other."""
    began = time.monotonic()
    verdicts: list[Verdict] = []
    for number, one in enumerate(chosen, start=1):
        passed = round(time.monotonic() - began)
        print(
            f"== {one.name} ({number} of {len(chosen)}, {passed // 60}:{passed % 60:02} so far)", flush=True
        )
        verdicts += measured(one, options, own)
    print(f"\n{summary(verdicts)}")
    return 0 if all(verdict.must_reached for verdict in verdicts) else 1


def measured(one: Measurement, options: argparse.Namespace, own: Sequence[str]) -> list[Verdict]:
    """What a measurement tells; where it tells nothing or fails, that."""
    words = [*one.command, *(["--rounds", str(options.rounds)] if one.rounds else [])]
    words += [*(["--write"] if options.write else []), *own]
    if one.name in SCENARIOS:
        words += [word for peer in options.peer for word in ("--peer", peer)]
    with tempfile.TemporaryDirectory(prefix="teahouse-bench-") as folder:
        path = Path(folder, "verdicts")
        path.touch()
        status = subprocess.call([sys.executable, "-m", *words], env={**os.environ, VERDICTS: str(path)})
        found = told(path)
    if status or not found:
        found.append(Verdict(one.name, Goal("exit status", must=0, at_most=True), status))
    return found


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
    sys.exit(130)
