"""Makes everything go wrong that docs/reliability.md lists, again and again, and says what came of it.

    bin/faults --minutes 30                   all faults, in turns, for half an hour
    bin/faults --fault killed_before_the_commit --fault reset --minutes 5
    bin/faults --list                         what there is
    bin/faults --away 2000 --minutes 3        2,000 clients, all cut every 15 s and away for 2 s
    bin/faults --minutes 30 --write           and the table of docs/reliability.md anew

Each fault happens to real servers while people talk, edit, delete and read; then everyone must be back, and what they
got is compared with what is stored. The last lines say what was lost, repeated or out of order; the exit status is 0 if
nothing was. A page of the same goes to build/faults.html. PostgreSQL and Redis are started here; hosts of their own
and full disks need root, the clock a C compiler; what cannot be made here is named.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from tests.faults.faults import FAULTS, Fault
from tests.faults.report import page, table, write
from tests.faults.trial import Outcome, trial
from tests.faults.worlds import One, World

ROOT: Final = Path(__file__).parent.parent.parent
EVERY: Final = 15.0


def main() -> int:
    options = read_options()
    if options.list:
        for fault in FAULTS:
            print(
                f"{fault.number:4}{fault.name:30}{fault.title} ({', '.join(one.name for one in fault.worlds)})"
            )
        return 0
    began = time.monotonic()
    if options.away:
        outcomes = [asyncio.run(away(options.away, options.minutes))]
    else:
        chosen = [fault for fault in FAULTS if not options.fault or fault.name in options.fault]
        outcomes = asyncio.run(rounds(chosen, options.minutes))
    minutes = (time.monotonic() - began) / 60
    print("\n" + table(outcomes))
    path = ROOT / "build" / "faults.html"
    path.parent.mkdir(exist_ok=True)
    path.write_text(page(outcomes, minutes), encoding="utf-8")
    print(f"\nAs a page: {path.relative_to(ROOT)}")
    if options.write:
        name = "away" if options.away else "all"
        write(ROOT / "docs" / "reliability.md", outcomes, minutes, name, merge=bool(options.fault))
    for outcome in outcomes:
        for why in outcome.why:
            print(f"{outcome.fault.name}, {outcome.world}: {why}", file=sys.stderr)
    return 0 if all(outcome.is_clean for outcome in outcomes) else 1


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bin/faults", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=0, help="how long, at least (one round of all)")
    parser.add_argument(
        "--fault",
        action="append",
        metavar="NAME",
        choices=[fault.name for fault in FAULTS],
        help="this one; all otherwise",
    )
    parser.add_argument("--away", type=int, metavar="CLIENTS", help="so many clients, all cut every 15 s")
    parser.add_argument("--list", action="store_true", help="say what there is")
    parser.add_argument(
        "--write",
        action="store_true",
        help="write the table of docs/reliability.md; with --fault its lines alone",
    )
    return parser.parse_args()


async def rounds(chosen: Sequence[Fault], minutes: float) -> list[Outcome]:
    """All faults in all worlds, one world after the other, until the time is over."""
    end = time.monotonic() + 60 * minutes
    outcomes = {(fault.name, world): Outcome(fault, world.name) for fault in chosen for world in fault.worlds}
    for world in dict.fromkeys(world for fault in chosen for world in fault.worlds):
        if not world.is_possible():
            print(f"{world.name}: not possible on this machine", file=sys.stderr)
            outcomes = {key: outcome for key, outcome in outcomes.items() if key[1] is not world}
    seed = 0
    while seed == 0 or time.monotonic() < end:
        for kind in dict.fromkeys(world for _, world in outcomes):
            faults = [fault for fault in chosen if (fault.name, kind) in outcomes]
            await one_round(kind, faults, outcomes, seed)
        seed += 1
    return list(outcomes.values())


async def one_round(
    kind: type[World],
    faults: Sequence[Fault],
    outcomes: dict[tuple[str, type[World]], Outcome],
    seed: int,
) -> None:
    """Each of the faults once in a world; one that was not survived gets another world for the rest."""
    world: World | None = None
    try:
        for fault in faults:
            if world is None:
                world = kind()
                await world.open()
            try:
                outcome = await trial(world, fault)
            except Exception:  # noqa: BLE001  Whatever it is, it is told, and the others go on.
                why = traceback.format_exc()
                outcome = Outcome(fault, kind.name, 1, why=[*world.record.why, why])
                await world.close()
                world = None
            outcomes[fault.name, kind].add(outcome)
            print(f"round {seed + 1}: {outcome.line()}", flush=True)
    finally:
        if world is not None:
            await world.close()


async def away(clients: int, minutes: float) -> Outcome:
    """Every connection cut each 15 s and away for 2 s, as a train through tunnels."""
    fault = next(fault for fault in FAULTS if fault.name == "away")
    outcome = Outcome(replace(fault, title=f"{clients:,} clients, cut each 15 s, 2 s away"), One.name)
    world = One(talkers=4, readers=clients - 4, rate=1.25)
    await world.open()
    try:
        began = time.monotonic()
        cut = 0
        while (cut + 1) * EVERY <= 60 * minutes:
            # Each has to be over, and everything compared, before the next one is due: on the second, or not at all.
            due = int((time.monotonic() - began) / EVERY) + 1
            if due > cut + 1:
                print(f"{due - cut - 1} cuts left out: the one before was not over", file=sys.stderr)
            cut = due
            part = await trial(world, fault, at=began + cut * EVERY)
            outcome.add(part)
            print(part.line(), flush=True)
    finally:
        await world.close()
    return outcome


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
    sys.exit(130)
