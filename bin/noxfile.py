"""The tests with every Python that is here, every Django, the oldest and the newest of what Teahouse may run on:

bin/nox                      all of it
bin/nox --list               what there is
bin/nox -k "python313 and django61 and newest" -- tests/pure -x
                             some of it; behind -- come other tests, or options of pytest
"""

import os
import tomllib
from pathlib import Path
from typing import Final

import nox

from tests.doctor.environments import pythons

ROOT: Final = Path(__file__).resolve().parent.parent
nox.options.envdir = str(ROOT / ".nox")
nox.options.default_venv_backend = "uv"
nox.options.reuse_venv = "yes"
nox.options.stop_on_first_error = False

PYTHONS: Final = {
    name: path for name, path in sorted(pythons().items()) if name in {"3.11", "3.12", "3.13", "3.14"}
}
# Each Django with the Pythons that it says it runs on.
DJANGOS: Final = {
    "5.2": {"3.11", "3.12", "3.13", "3.14"},
    "6.0": {"3.12", "3.13", "3.14"},
    "6.1": {"3.12", "3.13", "3.14"},
}
RESOLUTIONS: Final = {"oldest": "lowest-direct", "newest": "highest"}
TOOLS: Final = {
    "pytest",
    "pytest-asyncio",
    "pytest-django",
    "pytest-timeout",
    "pytest-xdist",
    "hypothesis",
    "jsonschema",
    "playwright",
    # Servers that a project may have; daphne brings what makes certificates.
    "daphne",
    "hypercorn",
    "granian",
}
# With browsers only what a project has on its pages. Left out is what does not depend on these versions: the look and
# feel of the chat, faults, simulation, hostile input, documentation.
FOLDERS: Final = (
    "tests/pure",
    "tests/app",
    "tests/live",
    "tests/api",
    "tests/web",
    "tests/server",
    "tests/embed",
)

# nox looks for `python3.13` on the PATH, where pyenv has only a shim that refuses.
os.environ["PATH"] = os.pathsep.join([*(str(path.parent) for path in PYTHONS.values()), os.environ["PATH"]])


def tools() -> list[str]:
    """What the tests themselves need, as it is locked: it is not what is tried."""
    locked = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    return [f"{package['name']}=={package['version']}" for package in locked if package["name"] in TOOLS]


@nox.session
@nox.parametrize(
    "python,django,dependencies",
    [
        nox.param(python, django, age, id=f"python{python}-django{django}-{age}".replace(".", ""))
        for python in PYTHONS
        for django, runs_on in DJANGOS.items()
        if python in runs_on
        for age in RESOLUTIONS
    ],
)
def tests(session: nox.Session, django: str, dependencies: str) -> None:
    """A warning is an error, as everywhere."""
    session.chdir(ROOT)
    session.install(
        *("--resolution", RESOLUTIONS[dependencies], "--requirements", "pyproject.toml", "--all-extras"),
        f"django~={django}.0",
    )
    session.install(*tools())
    session.install("--no-deps", "--editable", ".")  # Tests type its command.
    session.run("python", "-c", "import sys, django; print(sys.version.split()[0], django.__version__)")
    # anyio brings a plugin of its own, whose versions say more about pytest than about us.
    session.run(
        "pytest", "-p", "no:anyio", "--numprocesses=2", "--dist=loadfile", "-q", *(session.posargs or FOLDERS)
    )
