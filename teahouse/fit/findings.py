"""What the system checks and the doctor find, in words: `findings.toml` holds them in English and Chinese."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

Level = Literal["ok", "note", "warning", "error"]
LEVELS: tuple[Level, ...] = ("ok", "note", "warning", "error")
LANGUAGES = ("en", "zh")

_LEVEL_OF: dict[str, Level] = {"E": "error", "W": "warning", "I": "note", "o": "ok"}


@dataclass(frozen=True)
class Words:
    """`say`: one line, what is so. `why`: its cause or consequence. `do`: what to do. `type`: the lines to type."""

    say: str
    why: str = ""
    do: str = ""
    type: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """One thing found. `key` names its entry in findings.toml, `values` fill the entry's blanks.

    A finding of somebody else (Django's own checks) carries its `own` words and level instead.
    """

    key: str
    values: Mapping[str, object] = field(default_factory=dict)
    own: Words | None = None
    own_level: Level = "note"

    @property
    def level(self) -> Level:
        return self.own_level if self.own is not None else _LEVEL_OF[self.key[0]]

    @property
    def id(self) -> str:
        """Such as teahouse.W040; "" where all is well."""
        if self.own is not None:
            return self.key
        return "" if self.level == "ok" else f"teahouse.{self.key}"

    def words(self, language: str = "en") -> Words:
        if self.own is not None:
            return self.own
        entry = catalogue()[self.key]
        filled = {name: str(value) for name, value in self.values.items()}
        lines = {part: line.format(**filled) for part, line in entry[language].items()}
        typed = [
            part.rstrip() for line in entry.get("type", ()) for part in line.format(**filled).splitlines()
        ]
        return Words(**lines, type=tuple(typed))


@cache
def catalogue() -> dict[str, dict[str, Any]]:
    """Every finding there is, by key: `en` and `zh`, each with say, why, do; `type` is the same in both."""
    return tomllib.loads(files("teahouse.fit").joinpath("findings.toml").read_text("utf-8"))


def found(key: str, /, **values: object) -> Finding:
    return Finding(key, values)


def worst(findings: list[Finding]) -> Level:
    return max((finding.level for finding in findings), key=LEVELS.index, default="ok")
