"""How much there is to do, of this process and of the others: for the owners' page of the state. In: the runtime's
counts, with each tick of the sweep, and what other processes answer over the bus. Out: `Figures` of each process.

Nothing is told while nobody looks. The last ten minutes are kept, so that who comes when something went wrong sees
how it began.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import platform
import resource
import time
from collections import Counter, deque
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ValidationError

from teahouse import __version__

if TYPE_CHECKING:
    from teahouse.live.runtime import Runtime

SLOT_SECONDS: Final = 5
SLOTS: Final = 120
ANSWER_SECONDS: Final = 0.5
"""How long the figures of other processes are waited for; the next time they are there."""
OLD_SECONDS: Final = 10.0


class Slot(BaseModel):
    """What happened in five seconds; `at` is their number since 1970, so that processes can be added up.

    Attributes:
        deliveries: events handed to sessions, each counted once for each session.
        sessions: how many there were at the end.
        busy: processor time, as a share of one processor.
        late: by how many milliseconds the event loop came late, at worst.
    """

    at: int
    messages: int = 0
    deliveries: int = 0
    sessions: int = 0
    busy: float = 0.0
    late: float = 0.0


class Totals(BaseModel):
    """What a process has counted since it began, and `open_files` now. As in `counts.py`; `processor` is seconds."""

    messages: int = 0
    deliveries: int = 0
    opened: dict[str, int] = {}
    errors: dict[str, int] = {}
    resumes: dict[str, int] = {}
    slow: int = 0
    entries: int = 0
    commits: list[int] = []
    commit_seconds: float = 0.0
    processor: float = 0.0
    open_files: int | None = None  # Where the system does not say.


class Figures(BaseModel):
    """One process. Times are seconds since 1970, sizes bytes; what another version does not tell is 0."""

    process: str
    pid: int = 0
    host: str = ""
    version: str = ""
    state: str = "ok"
    draining: bool = False
    redis: bool | None = None  # Whether it answers; None where there is none.
    since: float = 0.0
    sessions: int = 0
    guests: int = 0
    rooms: int = 0
    waiting: int = 0
    files: int = 0
    memory: int = 0
    speaking: dict[str, int] = {}  # The sessions, by what they speak.
    slots: list[Slot] = []
    totals: Totals = Totals()


class Watch:
    """The figures of one runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.messages = 0  # Stored by this process.
        self._since = time.time()
        self._slots: deque[Slot] = deque(maxlen=SLOTS)
        self._counted = (0, 0)
        self._processor = time.process_time()
        self._others: dict[str, tuple[float, Figures]] = {}
        self._answered = asyncio.Event()

    def tick(self, late: float) -> None:
        """Some time has gone by; the event loop came `late` by so many seconds."""
        slot = self._count()
        slot.late = max(slot.late, round(1000 * late, 1))

    def heard(self, data: dict[str, Any]) -> None:
        """What another process asked or answered."""
        told = data.get("figures")
        if told == "?":
            self.runtime.bus.tell({"figures": self.own().model_dump()})
        elif told:
            with contextlib.suppress(ValidationError):  # One of another version, which may tell it otherwise.
                self._others[data["from"]] = (self.runtime.loop.time(), Figures.model_validate(told))
                self._answered.set()

    async def everywhere(self) -> list[Figures]:
        """Of this process and of all that answer, this one first."""
        bus, loop = self.runtime.bus, self.runtime.loop
        began = loop.time()
        bus.tell({"figures": "?"})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_SECONDS):
                while any(self._others.get(one, (0.0,))[0] < began for one in bus.others()):
                    self._answered.clear()
                    await self._answered.wait()
        there, now = bus.others(), loop.time()
        self._others = {
            one: told for one, told in self._others.items() if one in there and now - told[0] < OLD_SECONDS
        }
        return [self.own(), *(told for _, told in self._others.values())]

    def own(self) -> Figures:
        """Of this process, as of now."""
        runtime = self.runtime
        self._count()
        sessions = list(runtime.sessions)
        return Figures(
            process=runtime.process,
            pid=os.getpid(),
            host=platform.node(),
            version=__version__,
            state=runtime.state,
            draining=runtime.draining,
            redis=runtime.bus.works if runtime.bus.is_there else None,
            since=self._since,
            sessions=len(sessions),
            guests=sum(one.speaker is not None and one.speaker.is_guest for one in sessions),
            rooms=len(runtime.hub.feeds),
            waiting=runtime.journal.waiting,
            files=_most_files(),
            memory=_memory(),
            speaking=Counter(one.speaks for one in sessions),
            slots=list(self._slots),
            totals=self._totals(),
        )

    def _totals(self) -> Totals:
        runtime, counts, journal = self.runtime, self.runtime.counts, self.runtime.journal
        return Totals(
            messages=self.messages,
            deliveries=runtime.hub.delivered,
            opened=counts.opened,
            errors=counts.errors,
            resumes=counts.resumes,
            slow=counts.slow,
            entries=journal.entries,
            commits=journal.commits.counts,
            commit_seconds=journal.commits.seconds,
            processor=time.process_time(),
            open_files=_open_files(),
        )

    def _count(self) -> Slot:
        """Adds what happened since to the slot that it is now."""
        at = int(time.time() // SLOT_SECONDS)
        if not self._slots or self._slots[-1].at < at:
            self._slots.append(Slot(at=at))
        slot = self._slots[-1]
        counted, processor = (self.messages, self.runtime.hub.delivered), time.process_time()
        slot.messages += counted[0] - self._counted[0]
        slot.deliveries += counted[1] - self._counted[1]
        slot.sessions = len(self.runtime.sessions)
        slot.busy = round(slot.busy + (processor - self._processor) / SLOT_SECONDS, 4)
        self._counted, self._processor = counted, processor
        return slot


def _most_files() -> int:
    """How many files and connections the process may have open; 0 where there is no bound."""
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return 0 if soft == resource.RLIM_INFINITY else soft


def _open_files() -> int | None:
    try:
        return len(os.listdir("/proc/self/fd")) - 1  # noqa: PTH208  No object for each of thousands.
    except OSError:
        return None


def _memory() -> int:
    """Bytes of memory that the process has now, or where the system does not say, had at most."""
    try:
        with Path("/proc/self/statm").open(encoding="ascii") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:
        unit = 1 if platform.system() == "Darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
