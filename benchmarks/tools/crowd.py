"""What measurements of crowds share: a Teahouse that can be killed and started again, known people, and the load."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.field import LOAD, LOAD_CORE, SERVER_CORE, pinned_to, wait_until_open
from benchmarks.peers import ROOT, TEAHOUSE
from benchmarks.tools import known
from benchmarks.tools.report import Section, machine, put
from tests.processes import free_port

PAGE: Final = ROOT / "docs" / "performance.md"
ROOM: Final = "main"
BESIDES: Final = 200  # Open files that the server needs for other than sessions.


class Server:
    """Teahouse on its own core, with the program's defaults but for the rates: killed and started at will."""

    def __init__(
        self, folder: Path, env: Mapping[str, str] | None = None, arguments: Sequence[str] = ()
    ) -> None:
        self.folder = folder
        self.arguments = arguments
        self.port = free_port()
        self.log = folder / "log"
        self.env = {**os.environ, **TEAHOUSE.env, **(env or {})}
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self.process is not None, "the server does not run"
        return self.process.pid

    def start(self) -> None:
        """Starts it and waits until it answers."""
        command = [*pinned_to(SERVER_CORE), *TEAHOUSE.command(self.folder, self.port), *self.arguments]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self.env, stdout=log, stderr=log, start_new_session=True
            )
        wait_until_open(TEAHOUSE, self.port, self.process, self.log)

    def kill(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def people(self, count: int, kind: str = "guest") -> Path:
        """A file with `count` tickets of guests, or tokens of bots (`kind` is `guest` or `token`)."""
        return known.people(self.folder, count, kind, self.env)


@contextlib.contextmanager
def server(env: Mapping[str, str] | None = None, arguments: Sequence[str] = ()) -> Iterator[Server]:
    """A server that has started, in a folder of its own; `arguments` of `serve` besides."""
    with tempfile.TemporaryDirectory(prefix="teahouse-bench-", ignore_cleanup_errors=True) as folder:
        made = Server(Path(folder), env, arguments)
        try:
            made.start()
            yield made
        finally:
            made.kill()


@contextlib.contextmanager
def load(port: int, **options: object) -> Iterator[subprocess.Popen[str]]:
    """The load generator on its core, speaking to Teahouse; options are its own, True is one without a value."""
    words = ["--port", str(port), "--path", TEAHOUSE.path, "--prefix", ROOM]
    for name, value in options.items():
        words += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
    process = subprocess.Popen([*pinned_to(LOAD_CORE), str(LOAD), *words], stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def wait_until_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    if process.stdout.readline() != "ready\n":
        raise SystemExit("\nthe load generator failed")


def answer_of(process: subprocess.Popen[str]) -> dict[str, Any]:
    """What the load generator printed at its end."""
    printed, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"\nthe load generator failed: {' '.join(map(str, process.args))}")  # type: ignore[arg-type]
    answer: dict[str, Any] = json.loads(printed)
    return answer


def loaded(port: int, **options: object) -> dict[str, Any]:
    """A run of the load generator, from its options to its answer."""
    with load(port, **options) as process:
        return answer_of(process)


def as_many_as_allowed(sessions: int) -> int:
    """Raises the limit of open files; as many of the sessions as it then leaves room for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = sessions + BESIDES
    if hard not in (resource.RLIM_INFINITY,) and hard < wanted:
        with contextlib.suppress(ValueError, OSError):  # Only who has CAP_SYS_RESOURCE may.
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(wanted, hard)), hard))
    return min(sessions, hard - BESIDES)


def faults(answers: list[dict[str, Any]]) -> str:
    """Cells of a table: lost, repeated, disordered, summed over the rounds."""
    return ", ".join(f"{sum(one[name] for one in answers):,}" for name in ("lost", "repeated", "disordered"))


def progress(text: str) -> None:
    """Shows what is under way, over what was shown before. In a file it would be a line for each second."""
    if sys.stderr.isatty():
        print(f"\r{text:78}", end="", file=sys.stderr, flush=True)


def parser(doc: str | None, rounds: int) -> argparse.ArgumentParser:
    """A command line with what every measurement has."""
    made = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--rounds", type=int, default=rounds, help=f"how often each is measured ({rounds})")
    made.add_argument("--write", action="store_true", help="write docs/performance.md")
    return made


def publish(section: Section, *, write: bool) -> int:
    """Shows a section, and writes it to the page where that is wanted."""
    progress("")
    print(f"\r{section.body}")
    if write:
        put(PAGE, section)
    return 0


def head(title: str, command: str, what: str) -> str:
    """How each section begins."""
    return f"## {title}\n\n{machine()}\n\n`bin/bench {command}`; {what}\n\n"
