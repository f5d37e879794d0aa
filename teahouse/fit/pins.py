"""From what somebody wants (`django==3.2`) to the versions that fit it and each other. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property

from teahouse.fit.versions import (
    CHANNELS,
    DJANGO,
    ChannelsLine,
    DjangoLine,
    Span,
    Version,
    allows,
    broken,
    parse,
    text,
    tried,
    within,
)

PACKAGES = ("django", "channels", "channels-redis", "daphne", "asgiref", "redis")

# redis-py 8 breaks the core layer (channels_redis #422). channels-redis before 4 uses aioredis, which it brings.
REDIS = ">=4.6,<8"


@dataclass(frozen=True)
class Wants:
    """Specifiers by package; "==3.2" with fewer than three numbers means every 3.2. `python` is a series."""

    packages: Mapping[str, str]
    python: Version | None = None

    def without(self, name: str) -> Wants:
        rest = {package: specifier for package, specifier in self.packages.items() if package != name}
        return Wants(rest, None if name == "python" else self.python)

    def names(self) -> list[str]:
        return [*self.packages, *(["python"] if self.python else [])]

    def admits(self, name: str, version: Version) -> bool:
        return allows(widened(self.packages.get(name, "")), version)


@dataclass(frozen=True)
class Choice:
    """One Channels and one Django that fit the wants. `tested` by Channels' makers, else tried for the table."""

    channels: ChannelsLine
    django: DjangoLine
    pythons: Span
    tested: bool
    wants: Wants

    @cached_property
    def requirements(self) -> list[str]:
        series = text(self.django.series)
        ours = {
            "django": f"~={series}.0",
            "channels": _release(self.channels),
            "channels-redis": self.channels.layer,
            "daphne": self.channels.daphne,
            "asgiref": self.channels.asgiref,
        }
        if self.channels.first < (2,):
            ours["asgi-redis"] = ours.pop("channels-redis")
        elif self.channels.first >= (4,):
            ours["redis"] = REDIS
        return [name + _joined(name, specifier, self.wants) for name, specifier in ours.items()]

    @property
    def command(self) -> str:
        """Quoted where a shell would take < or > for itself; double quotes are right in every shell."""
        words = [f'"{word}"' if set(word) & set("<>*!") else word for word in self.requirements]
        return "pip install " + " ".join(words)


def widened(specifier: str) -> str:
    """ "==3.2" as people mean it: any 3.2. Three numbers mean exactly that release."""
    given = parse(specifier.removeprefix("=="))
    if specifier.startswith("==") and "," not in specifier and "*" not in specifier and len(given) < 3:
        return f"=={text(given)}.*"
    return specifier


def _release(line: ChannelsLine) -> str:
    """Of a finished line the last release, of an open one the newest that there is."""
    if line.last[2] < 99:
        return f"=={text(line.last)}"
    return (
        f"~={text(line.first)}"
        if line.first[:2] == line.last[:2]
        else f">={text(line.first)},<{line.last[0] + 1}"
    )


def _joined(name: str, specifier: str, wants: Wants) -> str:
    want = wants.packages.get(name, "")
    if not want:
        return specifier
    if want.startswith("=="):
        covered = name in {"django", "channels"} and widened(want) != want and specifier.startswith("~=")
        return specifier if covered else widened(want)
    return f"{specifier},{want}"


def choices(wants: Wants) -> list[Choice]:
    """All that fits, best first: tested before tried, then the newest Django, then the newest Channels."""
    found = [
        Choice(channels, django, pythons, tested, wants)
        for channels, django in itertools.product(lines_of_channels(wants), lines_of_django(wants))
        if (pythons := common(channels.pythons, django.pythons)) is not None
        and (wants.python is None or within(wants.python, pythons))
        and _relatives_fit(channels, wants)
        and (
            (tested := _declared(channels, django) and within(django.series, channels.tested))
            or tried(_example(channels, wants), django.series)
        )
    ]
    # Python's sort keeps the order of the tables, newest first.
    return sorted(found, key=lambda choice: (not choice.tested, DJANGO.index(choice.django)))


def pairs(wants: Wants) -> Iterator[tuple[ChannelsLine, DjangoLine]]:
    """What the wants leave, fitting or not: of this it can be said why nothing fits."""
    return itertools.product(lines_of_channels(wants), lines_of_django(wants))


def lines_of_channels(wants: Wants) -> list[ChannelsLine]:
    return [line for line in CHANNELS if any(wants.admits("channels", version) for version in releases(line))]


def lines_of_django(wants: Wants) -> list[DjangoLine]:
    return [
        line for line in DJANGO if any(wants.admits("django", (*line.series, patch)) for patch in range(60))
    ]


def releases(line: ChannelsLine) -> list[Version]:
    """The releases that a line may hold; a patch number above 20 has never been."""
    minors = range(line.first[1], line.last[1] + 1)
    every = ((line.first[0], minor, patch) for minor in minors for patch in range(21))
    return [version for version in every if line.covers(version)]


def common(one: Span, other: Span) -> Span | None:
    first, last = max(one[0], other[0]), min(one[1], other[1])
    return (first, last) if first <= last else None


def relative_misfit(channels: ChannelsLine, wants: Wants) -> tuple[str, str] | None:
    """The first wanted relative (daphne, ...) that this Channels does not go with, and what it goes with."""
    ours = {
        "channels-redis": channels.layer,
        "daphne": channels.daphne,
        "asgiref": channels.asgiref,
        "redis": REDIS,
    }
    for name, specifier in ours.items():
        want = wants.packages.get(name)
        if want is not None and not _overlap(specifier, widened(want)):
            return name, specifier
    return None


def _relatives_fit(channels: ChannelsLine, wants: Wants) -> bool:
    return relative_misfit(channels, wants) is None


def _declared(channels: ChannelsLine, django: DjangoLine) -> bool:
    return allows(channels.django, (*django.series, 99)) and not broken(channels.last, django.series)


def _example(channels: ChannelsLine, wants: Wants) -> Version:
    """The newest release of the line that is wanted."""
    return next(version for version in reversed(releases(channels)) if wants.admits("channels", version))


@cache
def _overlap(one: str, other: str) -> bool:
    grid = itertools.product(range(12), range(20), range(12))
    return any(allows(one, version) and allows(other, version) for version in grid)
