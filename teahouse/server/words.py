"""What the command line says, in the language of the terminal: English, or Chinese where LANG is zh."""

from __future__ import annotations

import os
import shutil
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path


@cache
def in_chinese() -> bool:
    """As POSIX orders them: the first of LC_ALL, LC_MESSAGES and LANG that is set decides."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return value.lower().startswith("zh")
    return False


def say(english: str, chinese: str) -> str:
    """Both stand where they are said, so that neither is forgotten when the other changes."""
    return chinese if in_chinese() else english


def tell(line: str = "") -> None:
    """To the person at the terminal, at once. Nobody may be there any more (`teahouse serve | head`)."""
    try:
        print(line, flush=True)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - for the rest of this process


@cache
def program() -> str:
    """How this program is typed where it runs: a shell finds `teahouse` of `bin/serve` or of `uvx` on no PATH."""
    own = Path(sys.prefix, "bin", "teahouse")
    if any(part.startswith("archive-v") for part in own.parts):  # uvx keeps environments in uv's cache
        return "uvx teahouse"
    found = shutil.which("teahouse")
    if not own.exists() or (found and Path(found).resolve() == own.resolve()):
        return "teahouse"
    here = Path.cwd()
    return str(own.relative_to(here) if own.is_relative_to(here) else own)


def installed(*packages: str) -> bool:
    """Whether these optional packages are there, without importing them."""
    try:
        return all(find_spec(package) is not None for package in packages)
    except ValueError:
        return False  # What `sys.modules` holds as None.


class Refused(Exception):
    """Why something is not done and what to do instead, in words for who typed the command.

    `status` is the command's exit status: 1 for the state of the world, 2 for wrong use or settings.
    """

    def __init__(self, reason: str, *, status: int = 1) -> None:
        super().__init__(reason)
        self.status = status
