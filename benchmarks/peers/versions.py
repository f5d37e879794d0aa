"""Which version of each server was measured. An empty text where it does not tell."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

Version = Callable[[], str]


def of_packages(*names: str) -> Version:
    """Python packages, as they are installed."""
    return lambda: ", ".join(f"{name} {version(name)}" for name in names)


def of_module(modules: Path, name: str) -> Version:
    """A package of npm in node_modules, and the Node.js under it."""

    def told() -> str:
        package = json.loads((modules / name / "package.json").read_text(encoding="utf-8"))
        return f"{package['version']}, Node.js {_printed('node', '--version')}"

    return told


def of_program(find: Callable[[], str], *options: str) -> Version:
    """What a program prints about itself."""
    return lambda: _printed(find(), *options)


def of_go_program(find: Callable[[], str]) -> Version:
    """A program that `go install` made: it knows its version only as that of its module."""

    def told() -> str:
        program = find()
        try:
            made = subprocess.run(["go", "version", "-m", program], capture_output=True, text=True)
        except FileNotFoundError:
            return _printed(program, "version")
        found = re.search(r"^\s*mod\s+\S+\s+v(\S+)", made.stdout, re.MULTILINE)
        return found.group(1) if found else _printed(program, "version")

    return told


def of_nchan(find_nginx: Callable[[], str]) -> Version:
    """nginx's own; the module's is only Debian's to know."""

    def told() -> str:
        asked = ["dpkg-query", "-W", "-f", "${Version}", "libnginx-mod-nchan"]
        try:
            module = re.sub(r"^\d+:|\+.*$", "", subprocess.run(asked, capture_output=True, text=True).stdout)
        except FileNotFoundError:
            module = ""
        return f"{module}, nginx {_printed(find_nginx(), '-v')}".removeprefix(", ")

    return told


def _printed(*command: str) -> str:
    """The first number with a dot that a program prints."""
    done = subprocess.run(command, capture_output=True, text=True)
    found = re.search(r"\d+\.\d[\w.\-]*", done.stdout + done.stderr)
    return found.group() if found else ""
