"""Each fault once in each world that it can happen in; `bin/faults` does the same for as long as one likes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest

from tests import seen
from tests.faults.faults import FAULTS, Fault
from tests.faults.of_connections import Patient
from tests.faults.of_processes import Rolling
from tests.faults.running import Running
from tests.faults.trial import trial
from tests.faults.worlds import World

CASES = [
    (world, fault)
    for world in sorted(
        dict.fromkeys(world for fault in FAULTS for world in fault.worlds), key=lambda world: world is Patient
    )
    for fault in FAULTS
    if world in fault.worlds and not fault.takes_long and world.is_possible()
]


class Worlds:
    """One at a time: it is closed when another is asked for. The one of the long faults is there from the beginning."""

    def __init__(self) -> None:
        self.running: Running[World] | None = None
        self.patient: Running[Patient] = Running(Patient).__enter__()
        for fault in FAULTS:
            if Patient in fault.worlds:
                self.patient.begin(fault.name, fault.happens)

    def of(self, kind: type[World]) -> Running[Any]:
        if kind is Patient:
            self.close()
            return self.patient
        if self.running is None or type(self.running.world) is not kind:
            self.close()
            self.running = Running(kind).__enter__()
        return self.running

    def close(self) -> None:
        running, self.running = self.running, None
        if running is not None:
            running.__exit__()


@pytest.fixture(scope="module")
def worlds() -> Iterator[Worlds]:
    worlds = Worlds()
    yield worlds
    worlds.close()
    worlds.patient.__exit__()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "fault"), CASES, ids=[f"{world.__name__.lower()}-{fault.name}" for world, fault in CASES]
)
def test_nothing_is_lost(worlds: Worlds, kind: type[World], fault: Fault) -> None:
    running = worlds.of(kind)
    try:
        # The newer version tells more than the schemas of today know, which is allowed, and meant.
        with seen.expected() if kind is Rolling else nullcontext():
            outcome = running.run(trial(running.world, fault))
    except BaseException:
        worlds.close()  # The next one begins with everything well.
        raise
    print(outcome.line())
    assert not outcome.why, "\n".join(outcome.why)
    assert not outcome.unexplained, f"closed with {dict(outcome.unexplained)}"
    assert outcome.is_clean
