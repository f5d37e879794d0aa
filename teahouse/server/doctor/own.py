"""The installation that the doctor itself runs from: the program's settings, its database and Redis, the wire."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from teahouse.fit.findings import Finding, found
from teahouse.fit.versions import own_requirement
from teahouse.server.doctor.examine import Examined, examine
from teahouse.server.words import Refused

PROGRAM = "teahouse.server.settings"


def examine_own(settings: str | None, lang: str) -> tuple[Examined, list[Finding]]:
    """The same look as at any other environment, and what only this one can be asked."""
    findings = [*_wire()]
    settings = settings or os.environ.get("DJANGO_SETTINGS_MODULE") or PROGRAM
    chosen: str | None = settings
    if settings == PROGRAM:
        problems = list(_program())
        findings = [*problems, *findings]
        chosen = None if problems else settings
    seen = examine(Path(sys.executable), Path.cwd(), chosen, connect=True, lang=lang, own=True)
    return seen, findings


def _program() -> Iterator[Finding]:
    """Whether the program's settings can be read at all. What is not there yet is not made by looking."""
    from teahouse.server import environ

    try:
        data = environ.read(os.environ).data
    except Refused as error:
        yield found("E070", problem=" ".join(str(error).split()))
        return
    if not data.is_dir():
        yield found("I070", folder=data)


def _wire() -> Iterator[Finding]:
    requirement = own_requirement("uvicorn")
    try:
        uvicorn = version("uvicorn")
    except PackageNotFoundError:
        yield found("W062", requirement=requirement)
        return
    try:
        from teahouse.live.wirecheck import self_test

        self_test()
    except Exception as error:  # noqa: BLE001 - an unknown uvicorn can fail in any way
        yield found(
            "W061", uvicorn=uvicorn, error=f"{type(error).__name__}: {error}", requirement=requirement
        )
    else:
        yield found("ok_wire", uvicorn=uvicorn)
