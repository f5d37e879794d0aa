"""One fault in one world: talk, the fault, everyone back, everything compared; what came of it is a line of a table."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from statistics import median

from tests.faults.faults import Fault
from tests.faults.worlds import World


@dataclass
class Outcome:
    """What came of a fault in a world, over all the times that it happened."""

    fault: Fault
    world: str
    times: int = 0
    acknowledged: int = 0
    deliveries: int = 0
    broken: Counter[str] = field(default_factory=Counter)
    closes: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    why: list[str] = field(default_factory=list)

    @property
    def unexplained(self) -> Counter[int]:
        """Closes with codes that this fault does not explain."""
        return Counter({code: n for code, n in self.closes.items() if code not in self.fault.closes})

    @property
    def is_clean(self) -> bool:
        return not (self.broken or self.unexplained or self.why)

    def add(self, other: Outcome) -> None:
        self.times += other.times
        self.acknowledged += other.acknowledged
        self.deliveries += other.deliveries
        self.broken += other.broken
        self.closes += other.closes
        self.seconds += other.seconds
        self.why += other.why

    def line(self) -> str:
        """As `bin/faults` prints it."""
        recovered = f"{median(self.seconds):.1f} s, {max(self.seconds):.1f} s" if self.seconds else "never"
        return (
            f"{self.fault.number:4}{self.fault.title:70}{self.world:22}{self.times:4} times"
            f"{self.acknowledged:9,} acknowledged{self.deliveries:10,} deliveries, lost {self.broken['lost']},"
            f" repeated {self.broken['repeated']}, disordered {self.broken['disordered']},"
            f" unexplained closes {self.unexplained.total()}, back in {recovered}"
        )


async def trial(world: World, fault: Fault, at: float | None = None) -> Outcome:
    """Makes it happen once; `at` that moment of the monotonic clock, where one is given.

    Raises:
        AssertionError: something hung, or was refused for good.
    """
    record = world.record
    acknowledged, deliveries = record.acknowledged, record.deliveries
    broken, closes = record.faults.copy(), record.closes.copy()
    record.why.clear()
    world.go_on()
    await world.more_said()
    if at is not None:
        await asyncio.sleep(at - time.monotonic())
    await (world.begun.pop(fault.name, None) or fault.happens(world))
    over = time.monotonic()
    await world.all_is_well()
    seconds = time.monotonic() - over
    await world.settle()
    return Outcome(
        fault,
        world.name,
        1,
        record.acknowledged - acknowledged,
        record.deliveries - deliveries,
        record.faults - broken,
        record.closes - closes,
        [seconds],
        record.why.copy(),
    )
