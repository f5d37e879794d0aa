"""Real environments for the doctor to examine: built with uv, once in a session, shared by all workers.

Each names the packages that it pins and the Pythons that are best for it. Where the machine has none of them
the tests' own Python does: what is proved stays the same, and the doctor says then that the Python does not fit.
"""

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ONLY_OWN_PYTHON = "TEAHOUSE_TESTS_ONE_PYTHON"
"""Set to anything: the tests run as on a machine with no other Python."""


@dataclass(frozen=True)
class Recipe:
    """`dependencies`: with what the packages ask for; without it Django is there and asgiref is not."""

    packages: tuple[str, ...]
    pythons: tuple[str, ...] = ()
    dependencies: bool = True


RECIPES = {
    "seed": Recipe(
        ("django==3.2.3", "channels==3.0.3", "channels-redis==3.2.0", "aioredis==1.3.1"),
        ("3.9", "3.8", "3.7", "3.6"),
    ),
    "misfit": Recipe(("django==4.0", "channels==3.0.3"), ("3.9", "3.8")),
    "channels2": Recipe(("django==2.2.28", "channels==2.4.0"), ("3.8", "3.7", "3.6")),
    "redis8": Recipe(
        ("django~=5.2.0", "channels~=4.3.1", "channels-redis~=4.3", "redis~=8.0", "uvicorn~=0.52")
    ),
    "quarrel": Recipe(
        ("django==5.2", "channels==4.3.1", "asgiref==3.8.1", "sqlparse==0.5.3"), (), dependencies=False
    ),
    "headless": Recipe(("django==4.2",), (), dependencies=False),
    "empty": Recipe(()),
}


USE = """
from django.conf import settings
apps = ["auth", "contenttypes", "sessions", "messages"]
settings.configure(INSTALLED_APPS=["django.contrib." + app for app in apps], ROOT_URLCONF="django.conf.urls")
import django
django.setup()
from django.core import asgi, checks
checks.run_checks()
names = ("channels.apps", "channels.auth", "channels.routing", "channels.generic.websocket", "daphne.server")
for name in (*names, "channels_redis.core"):
    try:
        __import__(name)
    except ImportError:
        pass
"""


def series(python: Path) -> str:
    told = subprocess.run(
        [python, "-S", "-E", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        capture_output=True,
        text=True,
    )
    return told.stdout.strip()


@cache
def pythons() -> dict[str, Path]:
    """Every Python of this machine by series: of pyenv, of uv, on the PATH."""
    own = {f"{sys.version_info[0]}.{sys.version_info[1]}": Path(sys.executable)}
    if os.environ.get(ONLY_OWN_PYTHON):
        return own
    found: dict[str, Path] = {}
    for candidate in _candidates():
        # A shim of pyenv that has no such version answers nothing.
        if (name := series(candidate)) and name not in found:
            found[name] = candidate
    return found | own


def _candidates() -> Iterator[Path]:
    homes = [Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions"]
    homes.append(Path(os.environ.get("UV_PYTHON_INSTALL_DIR", "~/.local/share/uv/python")).expanduser())
    for home in homes:
        for folder in sorted(home.glob("*"), reverse=True):
            if (folder / "bin" / "python").exists():
                yield folder / "bin" / "python"
    for folder in map(Path, os.environ.get("PATH", "").split(os.pathsep)):
        yield from sorted(
            path for path in folder.glob("python[23]*") if re.fullmatch(r"python\d\.\d+", path.name)
        )


def python_for(recipe: Recipe) -> Path:
    return next((pythons()[name] for name in recipe.pythons if name in pythons()), Path(sys.executable))


def uv() -> str:
    """uv itself: on the PATH, or beside the tests' Python."""
    found = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    assert found, "uv is needed to build environments: pip install uv, or bin/test, which brings it"
    return found


class Environments:
    """Those of this session, in one folder that all workers share."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def python(self, name: str) -> Path:
        """The interpreter of an environment, built if nobody has yet."""
        home = self.folder / name
        with _locked(self.folder / f"{name}.lock"):
            if not (home / "built").exists():
                build(home, RECIPES[name])
                (home / "built").touch()
        return home / "bin" / "python"


def build(home: Path, recipe: Recipe) -> None:
    shutil.rmtree(home, ignore_errors=True)
    python = python_for(recipe)
    run("venv", "--no-python-downloads", "--python", str(python), str(home))
    if recipe.packages:
        shims = shims_for(series(python), recipe)
        options = [] if recipe.dependencies else ["--no-deps"]
        run("pip", "install", "--python", str(home / "bin" / "python"), *options, *recipe.packages, *shims)
        # Bytecode of what is used, since the doctor makes none; the environments that it meets in life have it.
        subprocess.run([home / "bin" / "python", "-c", USE], capture_output=True)


def shims_for(python: str, recipe: Recipe) -> list[str]:
    """What newer Pythons dropped and old Djangos still import."""
    version = tuple(int(number) for number in python.split("."))
    if not recipe.pythons or python in recipe.pythons:
        return []
    return [
        *(["setuptools<81"] if version >= (3, 12) else []),
        *(["legacy-cgi"] if version >= (3, 13) else []),
    ]


def run(*arguments: str) -> str:
    """uv with these arguments, from the cache where it can. Its standard output."""
    for options in (["--offline"], []):
        done = subprocess.run([uv(), "--quiet", *options, *arguments], capture_output=True, text=True)
        if done.returncode == 0:
            return done.stdout
    raise AssertionError(f"uv {' '.join(arguments)}\n{done.stderr}")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
