"""What the tests cost:  bin/test --costs [paths]

At the end it prints the processor seconds of folders, files and single tests, with the servers and browsers that they
started, and how long each worker had nothing to do before the last one ended. Seconds of the processor are the same
beside other work; those of a clock are not. Linux only.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections import defaultdict
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

TICKS: Final = os.sysconf("SC_CLK_TCK")
TOP: Final = 40
LEAST: Final = 1.0  # Seconds; a test below is not named.
BEFORE: Final = "(imports and collection)"


class Costs:
    """In a worker it measures, in the one that gave out the work it adds up; without xdist both are the same."""

    def __init__(self, config: pytest.Config) -> None:
        self.worker: dict[str, Any] | None = getattr(config, "workeroutput", None)
        self.tests: defaultdict[str, float] = defaultdict(float)
        self.ended: dict[str, float] = {}
        self.measured = 0.0

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        if not self.tests:
            self._add(BEFORE)
        outcome = yield
        self._add(item.nodeid)
        self.ended["this process"] = time.time()
        return outcome

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        """Measured once more before what a test had is taken away: nobody waits for some of Chromium's processes."""
        self._add(item.nodeid)
        return (yield)

    def _add(self, name: str) -> None:
        """All since the last time, whoever it was for: a server that is shared works for all."""
        now = used(os.getpid())
        self.tests[name] += max(now - self.measured, 0.0)
        self.measured = now

    def pytest_collection_finish(self) -> None:
        self.ended["this process"] = time.time()

    def pytest_sessionfinish(self) -> None:
        if self.worker is not None:
            self.worker["costs"] = dict(self.tests), self.ended["this process"]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        tests, ended = getattr(node, "workeroutput", {}).get("costs", ({}, 0.0))
        for name, seconds in tests.items():
            self.tests[name] += seconds
        self.ended[node.gateway.id] = ended

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for line in told(self.tests, self.ended):
            terminalreporter.write_line(line)


def used(pid: int) -> float:
    """Processor seconds of a process, those it has started and those it has waited for."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS + sum(used(child) for child in _children(pid))


def _children(pid: int) -> Iterator[int]:
    # It may end at any moment, also between the names of its threads.
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for thread in Path("/proc", str(pid), "task").iterdir():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                yield from map(int, (thread / "children").read_text().split())


def told(tests: Mapping[str, float], ended: Mapping[str, float]) -> list[str]:
    """The lines of the report. `tests`: seconds by node id; `ended`: when each worker was done, in seconds."""
    files: defaultdict[str, float] = defaultdict(float)
    folders: defaultdict[str, float] = defaultdict(float)
    for name, seconds in tests.items():
        file = name.partition("::")[0]
        files[file] += seconds
        folders[file.rpartition("/")[0] or file] += seconds
    lines = [f"= {sum(tests.values()):.0f} s of the processor"]
    for title, found, least in (("folders", folders, 0.0), ("files", files, LEAST), ("tests", tests, LEAST)):
        most = sorted(found.items(), key=lambda one: -one[1])[:TOP]
        lines += [f"= {title}", *(f"{seconds:7.1f} s  {name}" for name, seconds in most if seconds >= least)]
    last = max(ended.values(), default=0.0)
    idle = ", ".join(f"{name} {last - end:.0f} s" for name, end in ended.items())
    return [*lines, f"= nothing to do at the end: {idle}"]


def pytest_configure(config: pytest.Config) -> None:
    if sys.platform != "linux":
        raise pytest.UsageError("--costs reads /proc, which only Linux has")
    config.pluginmanager.register(Costs(config))
