"""What `probe.py` saw, typed. Its JSON crosses a border: from an interpreter of which nothing is known."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from teahouse.fit.versions import Version, parse


class _Facts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Error(_Facts):
    """An exception. `frames`: file, line, function and source, the place of the error last."""

    type: str
    message: str
    frames: list[tuple[str, int, str, str]]
    missing: str | None = None

    def text(self) -> str:
        """Type and message on one line."""
        message = " ".join(self.message.split())
        # "cannot import name 'x' from 'y' (/long/path/y.py)": the place is told apart.
        message = re.sub(r" \((?:/|[A-Z]:)[^()]*\)$", "", message)
        return f"{self.type}: {message}" if message else self.type

    def place(self, project: str = "") -> str:
        """ " (channels/auth.py:15 ← shop/asgi.py:9)": the place, and that of the project which led there; or ""."""
        if not self.frames:
            return ""
        last = self.frames[-1]
        place = _place(last, project)
        own = [frame for frame in self.frames if project and _inside(frame[0], project)]
        if own and own[-1] is not last:
            return f" ({place} ← {_place(own[-1], project)})"
        return f" ({place})"


def _place(frame: tuple[str, int, str, str], project: str) -> str:
    return f"{short(frame[0], project)}:{frame[1]}"


def _inside(file: str, project: str) -> bool:
    return Path(file).is_relative_to(project) and "site-packages" not in file and "dist-packages" not in file


def short(file: str, project: str = "") -> str:
    """A file as people name it: from the project's folder on, or from site-packages on."""
    for mark in ("site-packages", "dist-packages"):
        _, found, rest = file.rpartition(f"{mark}/")
        if found:
            return rest
    if project and Path(file).is_relative_to(project):
        return str(Path(file).relative_to(project))
    return file


class Python(_Facts):
    version: tuple[int, int, int]
    implementation: str
    executable: str
    prefix: str
    virtual: bool

    def text(self) -> str:
        return ".".join(str(number) for number in self.version)


class Package(_Facts):
    """An installed distribution. `also`: versions of the same name further down the path, which are hidden."""

    version: str
    requires: list[str]
    folder: str
    also: list[str] = []


class Module(_Facts):
    """What importing it gave: a version and file, or an error."""

    version: str | None = None
    file: str | None = None
    error: Error | None = None


class Route(_Facts):
    """`is_class`: the consumer was given as a class, without .as_asgi()."""

    path: str
    consumer: str
    is_class: bool


class Asgi(_Facts):
    """ASGI_APPLICATION. The fields after `error` are set as far as one got."""

    path: str | None
    malformed: bool = False
    error: Error | None = None
    file: str | None = None
    no_attribute: str | None = None
    candidates: list[str] = []
    unreadable: Error | None = None
    type: str = ""
    django: bool = False
    protocols: list[str] | None = None
    chain: list[str] = []
    routes: list[Route] | None = None


class Layer(_Facts):
    """`no_timeout`: each host says socket_timeout None, which redis-py 8 needs."""

    backend: str
    error: Error | None = None
    no_attribute: str | None = None
    no_timeout: bool = False
    capacity: int = 100


class Database(_Facts):
    """`journal`: "wal", "rollback", or None where there is no file of SQLite."""

    engine: str
    conn_max_age: int | float | str | None = 0
    transaction_mode: str | None = None
    init_command: str | None = None
    pool: bool = False
    journal: str | None = None


class Check(_Facts):
    """A message of `manage.py check`, or `failed`: the checks themselves ended in an error."""

    id: str = ""
    level: int = 0
    msg: str = ""
    hint: str = ""
    obj: str = ""
    failed: Error | None = None


class Values(_Facts):
    ASGI_APPLICATION: str | bool | int | float | None
    INSTALLED_APPS: list[str]
    MIDDLEWARE: list[str]
    DEBUG: bool


class Connections(_Facts):
    """By alias; None where it answers."""

    databases: dict[str, Error | None] = {}
    layers: dict[str, Error | None] = {}


class Project(_Facts):
    settings_error: Error | None = None
    setup_error: Error | None = None
    values: Values | None = None
    asgi: Asgi | None = None
    layers: dict[str, Layer] = {}
    databases: dict[str, Database] = {}
    checks: list[Check] = []
    connections: Connections | None = None


class Installation(_Facts):
    """What is installed for one interpreter, and what came of importing it (None: not tried)."""

    python: Python
    packages: dict[str, Package] = {}
    modules: dict[str, Module] | None = None

    def version(self, package: str) -> str | None:
        """As text. What the module says of itself counts more than what the metadata say."""
        module = (self.modules or {}).get(package.replace("-", "_"))
        if module is not None and module.version:
            return module.version
        return self.packages[package].version if package in self.packages else None

    def numbers(self, package: str) -> Version | None:
        found = self.version(package)
        return parse(found) if found else None

    def versions(self) -> dict[str, str]:
        """Every installed package by normalised name."""
        return {name: self.version(name) or "" for name in self.packages}
