"""Runs the probe with the interpreter of another environment. Nothing is installed or written there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import teahouse
from teahouse.fit import probe
from teahouse.fit.facts import Asgi, Installation, Module, Package, Project, Python

TIMEOUT = 60.0
"""Seconds for one run of the probe. A project that imports for longer is told so."""


class WrongUse(Exception):
    """What was typed cannot be done; the message says what is right."""


@dataclass(frozen=True)
class Ended:
    """A run of the probe that did not come to its end: why, and the last lines it printed."""

    reason: str
    tail: str


@dataclass
class Run:
    """What one run of the probe told, by stage."""

    stages: dict[str, Any] = field(default_factory=dict)
    ended: Ended | None = None


@dataclass(frozen=True)
class Examined:
    """An environment, and the project in it if there is one. `ended` is the project's doing."""

    installation: Installation
    folder: str
    settings: str = ""
    project: Project | None = None
    fresh: Asgi | None = None
    hidden: Mapping[str, str] = field(default_factory=dict)
    ended: Ended | None = None


def interpreter(path: str) -> Path:
    """The interpreter that a path means: itself, or that of a virtual environment or of its bin folder.

    Raises:
        WrongUse: there is none.
    """
    given = Path(path).expanduser()
    if given.is_file():
        return given.absolute()
    if not given.exists():
        raise WrongUse(f"--python {path}: there is no such file or folder")
    names = ("bin/python", "bin/python3", "Scripts/python.exe", "python", "python3", "python.exe")
    for name in names:
        if (given / name).is_file():
            # Not resolved: an interpreter knows its virtual environment by the path it is called by.
            return (given / name).absolute()
    raise WrongUse(
        f"--python {path}: no Python in this folder; give the interpreter, a venv folder or its bin"
    )


def settings_of(folder: Path) -> str | None:
    """The settings module that manage.py in this folder names."""
    try:
        text = (folder / "manage.py").read_text("utf-8", "replace")
    except OSError:
        return None
    found = re.search(r"""DJANGO_SETTINGS_MODULE['"]\s*(?:,|\]\s*=)\s*['"]([\w.]+)['"]""", text)
    return found.group(1) if found else None


def examine(
    python: Path,
    folder: Path,
    settings: str | None,
    *,
    connect: bool = False,
    lang: str = "en",
    own: bool = False,
) -> Examined:
    """Looks at an environment and, with settings, at the project in `folder`. `own`: at that of this very process.

    Raises:
        WrongUse: `python` is no Python.
    """
    if not settings:
        return Examined(_installation(python, run(python, ["bare"], folder, own=own)), str(folder))
    asked = [str(folder), settings, lang, *(["connect"] if connect else [])]
    told = run(python, ["server", *asked], folder, own=own)
    fresh = Asgi.model_validate(told.stages["fresh"]) if "fresh" in told.stages else None
    if fresh is not None and fresh.error is not None:
        told = run(python, ["manage", *asked], folder, own=own)
    # Where the project does not load, the packages are tried without it: is it they or the project?
    installation = told if "modules" in told.stages else run(python, ["bare"], folder, own=own)
    return Examined(
        _installation(python, installation),
        str(folder),
        settings,
        Project.model_validate(told.stages["project"]) if "project" in told.stages else None,
        fresh,
        told.stages.get("hidden", {}),
        told.ended,
    )


def _installation(python: Path, told: Run) -> Installation:
    if "python" not in told.stages:
        tail = f": {told.ended.tail}" if told.ended and told.ended.tail else ""
        raise WrongUse(f"--python {python}: this is not a Python that runs{tail}")
    modules = told.stages.get("modules")
    return Installation(
        python=Python.model_validate(told.stages["python"]),
        packages={
            name: Package.model_validate(facts) for name, facts in told.stages.get("packages", {}).items()
        },
        modules=None
        if modules is None
        else {name: Module.model_validate(facts) for name, facts in modules.items()},
    )


def run(python: Path, arguments: Sequence[str], folder: Path, *, own: bool = False) -> Run:
    """The probe on standard input: no file of ours, and so no package of ours, is on its path."""
    source = probe.source()
    # -B: no bytecode is written. Not -I: it is unknown to Python 2, and PYTHONPATH may belong to the project.
    command = [str(python), "-B", "-", *arguments]
    try:
        done = subprocess.run(
            command,
            input=source,
            capture_output=True,
            cwd=folder,
            env=None if own else environment(),
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        return _read(
            late.stdout or b"", Ended(f"it took more than {TIMEOUT:.0f} s", _tail(late.stderr or b""))
        )
    except OSError as error:
        return Run(ended=Ended(str(error), str(error.strerror)))
    return _read(done.stdout, Ended(_status(done.returncode), _tail(done.stderr)))


def _read(output: bytes, ended: Ended) -> Run:
    result = Run(ended=ended)
    for line in output.decode("utf-8", "replace").splitlines():
        try:
            told = json.loads(line)
            result.stages[told["stage"]] = told["facts"]
        except (ValueError, KeyError, TypeError):
            continue  # not a line of the probe, so no Python at all: "python" will be missing
    if "end" in result.stages:
        result.ended = None
    return result


def _status(code: int) -> str:
    return f"killed by signal {-code}" if code < 0 else f"exit status {code}"


def _tail(output: bytes) -> str:
    lines = [line.strip() for line in output.decode("utf-8", "replace").splitlines() if line.strip()]
    return " | ".join(lines[-3:])[:500]


def environment(given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Our environment less what belongs to our own Python.

    PYTHONPATH stays, since a project may need it, less the folders that hold this very Teahouse.
    """
    given = os.environ if given is None else given
    kept = {name: value for name, value in given.items() if not name.startswith(("PYTHON", "__PYVENV"))}
    home = Path(teahouse.__file__).resolve().parent.parent
    paths = [path for path in given.get("PYTHONPATH", "").split(os.pathsep) if path]
    theirs = [path for path in paths if Path(path).resolve() != home and not _ours(Path(path))]
    if theirs:
        kept["PYTHONPATH"] = os.pathsep.join(theirs)
    kept["PYTHONDONTWRITEBYTECODE"] = "1"  # for the Pythons that a project starts
    kept["PYTHONIOENCODING"] = "utf-8"
    return kept


def _ours(path: Path) -> bool:
    return path.resolve().is_relative_to(Path(sys.prefix).resolve())
