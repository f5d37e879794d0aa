"""What a fault is, and the list of them: filled by the modules beside this one, which `faults.py` names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from tests.faults.worlds import World

W = TypeVar("W", bound=World)
Happens = Callable[[W], Awaitable[None]]

LOST: Final = frozenset({1006})
RESTARTED: Final = frozenset({1001, 1006, 1012, 4201})
NONE: Final[frozenset[int]] = frozenset()


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        number: of the list that docs/reliability.md explains, such as "F1".
        worlds: in which it can happen.
        closes: codes with which connections may end by it. Any other close is unexplained.
        happens: makes it happen while people talk, and returns when it is over.
        takes_long: only `bin/faults` does it.
    """

    number: str
    title: str
    worlds: tuple[type[World], ...]
    closes: frozenset[int]
    happens: Callable[[Any], Awaitable[None]]
    takes_long: bool = False

    @property
    def name(self) -> str:
        return self.happens.__name__


FAULTS: Final[list[Fault]] = []


def fault(
    number: str,
    title: str,
    *worlds: type[World],
    closes: frozenset[int] = NONE,
    takes_long: bool = False,
) -> Callable[[Happens[W]], Happens[W]]:
    """Puts a function on the list."""

    def added(happens: Happens[W]) -> Happens[W]:
        FAULTS.append(Fault(number, title, worlds, closes, happens, takes_long))
        return happens

    return added
