"""Which Python, Django, Channels and relatives fit each other: the table, and how to read it. Pure.

The ranges are those that the packages declare in their own metadata (tests/doctor/test_table.py compares
them with the real packages) and those that their makers tested. On top stands what was tried for this table
in November 2026: each release of Channels from 2.3.1 on with each series of Django from 1.11 to 6.1 that pip
would install beside it, serving one page and one WebSocket conversation under Daphne.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import requires

Version = tuple[int, ...]
Span = tuple[Version, Version]
"""From the first to the last series, both included: ((3, 6), (3, 9))."""

TEAHOUSE_PYTHON: Version = (3, 11)
TEAHOUSE_DJANGO: Version = (5, 2)

# channels.auth of Channels up to 3.0.3 imports LANGUAGE_SESSION_KEY, which Django 4.0 removed.
BROKEN_FROM_DJANGO: Version = (4, 0)
BROKEN_UP_TO_CHANNELS: Version = (3, 0, 3)

# From redis-py 8 on `socket_timeout` is 5 s by default; the core layer waits for longer (channels_redis #422).
REDIS_TIMEOUT_FROM: Version = (8,)


@dataclass(frozen=True)
class ChannelsLine:
    """Releases of Channels that ask for the same. Specifiers are those of pip."""

    first: Version
    last: Version
    pythons: Span
    django: str
    tested: Span
    asgiref: str
    daphne: str
    daphne_required: bool
    layer: str
    """The releases of channels-redis made for it (of asgi_redis for Channels 1)."""

    def covers(self, version: Version) -> bool:
        return self.first <= version[:3] <= self.last


@dataclass(frozen=True)
class DjangoLine:
    series: Version
    pythons: Span


def _channels(
    first: str,
    last: str,
    pythons: str,
    django: str,
    tested: str,
    asgiref: str,
    daphne: str,
    layer: str,
    daphne_required: bool = False,
) -> ChannelsLine:
    return ChannelsLine(
        parse(first),
        parse(last),
        _span(pythons),
        django,
        _span(tested),
        asgiref,
        daphne,
        daphne_required,
        layer,
    )


def parse(text: str) -> Version:
    """The numbers at the start of a version: "4.2rc1" is (4, 2), "" is ()."""
    found = re.match(r"\d+(\.\d+)*", text.strip().lstrip("vV"))
    return tuple(int(number) for number in found.group().split(".")) if found else ()


def text(version: Iterable[int]) -> str:
    return ".".join(str(number) for number in version)


def _span(given: str) -> Span:
    first, _, last = given.partition("-")
    return parse(first), parse(last or first)


def span_text(span: Span) -> str:
    first, last = span
    return text(first) if first == last else f"{text(first)}–{text(last)}"


def within(version: Version, span: Span) -> bool:
    """Whether the series of a version lies in the span: 3.11.7 in 3.6–3.11."""
    return span[0] <= version[: len(span[0])] and version[: len(span[1])] <= span[1]


def allows(specifier: str, version: Version) -> bool:
    """Whether a specifier of pip (">=3.2.10,<4", "~=3.0", "==3.2.*") admits a version. "" admits all.

    Pre-releases count as their release: what is asked here never depends on them.
    """
    return all(
        _allows_one(part.strip(), version) for part in specifier.strip("() ").split(",") if part.strip()
    )


def _allows_one(clause: str, version: Version) -> bool:
    found = re.fullmatch(r"(===|~=|==|!=|<=|>=|<|>)\s*v?([\w.!+*-]+)", clause)
    if found is None:
        raise ValueError(
            f"not a version specifier: {clause!r}; right are, for example, ==3.2, >=4.2,<5, ~=3.0"
        )
    operator, given = found.groups()
    bound = parse(given)
    size = max(len(bound), len(version), 4)
    have, want = _padded(version, size), _padded(bound, size)
    if operator == "~=":
        return have >= want and version[: len(bound) - 1] == bound[:-1]
    if given.endswith("*"):
        same = _padded(version, len(bound))[: len(bound)] == bound
        return same if operator == "==" else not same
    return {
        "==": have == want,
        "===": have == want,
        "!=": have != want,
        "<=": have <= want,
        ">=": have >= want,
        "<": have < want,
        ">": have > want,
    }[operator]


def _padded(version: Version, size: int) -> Version:
    return version + (0,) * (size - len(version))


# Newest first.
CHANNELS: tuple[ChannelsLine, ...] = (
    _channels("4.3.2", "4.3.99", "3.9-3.14", ">=4.2", "4.2-6.0", ">=3.9,<4", ">=4,<5", ">=4.3,<5"),
    _channels("4.3.0", "4.3.1", "3.9-3.13", ">=4.2", "4.2-5.2", ">=3.9,<4", ">=4,<5", ">=4.3,<5"),
    _channels("4.2.2", "4.2.99", "3.8-3.13", ">=4.2", "4.2-5.2", ">=3.6,<4", ">=4,<5", ">=4.2.1,<5"),
    _channels("4.2.0", "4.2.1", "3.8-3.12", ">=4.2", "4.2-5.1", ">=3.6,<4", ">=4,<5", ">=4.2.1,<4.3"),
    _channels("4.1.0", "4.1.99", "3.8-3.12", ">=4.2", "4.2-5.0", ">=3.6,<4", ">=4,<5", ">=4.2,<4.3"),
    _channels("4.0.0", "4.0.99", "3.7-3.10", ">=3.2", "3.2-4.1", ">=3.5,<4", ">=4,<5", ">=4,<4.2"),
    _channels("3.0.5", "3.0.99", "3.7-3.10", ">=2.2", "2.2-4.0", ">=3.5,<4", ">=3,<4", ">=3.4,<4", True),
    _channels("3.0.4", "3.0.4", "3.6-3.9", ">=2.2", "2.2-3.2", ">=3.3.1,<4", ">=3,<4", ">=3.3,<4", True),
    _channels("3.0.0", "3.0.3", "3.6-3.9", ">=2.2", "2.2-3.1", ">=3.2.10,<4", ">=3,<4", ">=3.2,<4", True),
    _channels("2.4.0", "2.4.99", "3.5-3.8", ">=2.2", "2.2-3.0", "~=3.2", "~=2.3", ">=2.4.2,<3.2", True),
    _channels("2.3.0", "2.3.99", "3.5-3.8", ">=1.11", "1.11-2.2", "~=3.2", "~=2.3", "~=2.4.0", True),
    _channels("2.2.0", "2.2.99", "3.5-3.7", ">=1.11", "1.11-2.2", "~=3.0", "~=2.3", "~=2.4.0", True),
    # Daphne 2.3 asks for asgiref 3, these for asgiref 2.
    _channels("2.1.2", "2.1.99", "3.5-3.7", ">=1.11", "1.11-2.1", "~=2.3", "~=2.2.0", ">=2.3,<2.4", True),
    _channels("2.0.0", "2.1.1", "3.5-3.7", ">=1.11", "1.11-2.1", "~=2.0", ">=2,<2.3", ">=2,<2.4", True),
    _channels("1.0.0", "1.1.99", "2.7-3.6", ">=1.8", "1.8-1.11", "~=1.1", "~=1.3", "~=1.0", True),
)

DJANGO: tuple[DjangoLine, ...] = tuple(
    DjangoLine(parse(series), _span(pythons))
    for series, pythons in (
        ("6.1", "3.12-3.14"),
        ("6.0", "3.12-3.14"),
        ("5.2", "3.10-3.14"),
        ("5.1", "3.10-3.13"),
        ("5.0", "3.10-3.12"),
        ("4.2", "3.8-3.12"),
        ("4.1", "3.8-3.11"),
        ("4.0", "3.8-3.10"),
        ("3.2", "3.6-3.10"),
        ("3.1", "3.6-3.9"),
        ("3.0", "3.6-3.9"),
        ("2.2", "3.5-3.9"),
        ("2.1", "3.5-3.7"),
        ("2.0", "3.4-3.7"),
        ("1.11", "2.7-3.7"),
    )
)


def channels_line(version: Version) -> ChannelsLine | None:
    """The line of a release of Channels; None for one that this table does not know (newer, or before 1.0)."""
    return next((line for line in CHANNELS if line.covers(_padded(version, 3))), None)


def django_line(version: Version) -> DjangoLine | None:
    return next((line for line in DJANGO if line.series == version[:2]), None)


def broken(channels: Version, django: Version) -> bool:
    """Whether this Channels is known not to start with this Django."""
    return channels[:3] <= BROKEN_UP_TO_CHANNELS and django >= BROKEN_FROM_DJANGO


def tried(channels: Version, django: Version) -> bool:
    """Whether they were seen running together for this table, whatever their makers tested."""
    if broken(channels, django) or django_line(django) is None:
        return False
    line = channels_line(channels)
    since: Version = (2, 0) if channels < (3,) else (3, 0)
    return line is not None and channels >= (2, 3) and django >= since and allows(line.django, django)


def latest_django(python: Version) -> Version | None:
    """The newest series of Django that pip installs on this Python."""
    return next((line.series for line in DJANGO if within(python, line.pythons)), None)


def requirement(given: str) -> tuple[str, str]:
    """Name, normalised, and specifier of a line of Requires-Dist: "Django (>=2.2)" is ("django", ">=2.2").

    Extras and markers are dropped; the caller leaves out requirements of extras.
    """
    head = given.partition(";")[0].strip()
    found = re.match(r"([A-Za-z0-9._-]+)\s*(?:\[[^\]]*\])?\s*(.*)", head)
    if found is None:
        return "", ""
    name, specifier = found.groups()
    return re.sub(r"[-_.]+", "-", name).lower(), specifier.strip("() ")


def own_requirements() -> list[str]:
    """What an installation of Teahouse asks for, without its extras, as its metadata say."""
    return [line for line in requires("teahouse") or () if "extra" not in line.partition(";")[2]]


def own_requirement(package: str) -> str:
    """What Teahouse asks of a package, as pip takes it: "uvicorn>=0.52.1,<0.55"."""
    specifiers = [specifier for name, specifier in map(requirement, own_requirements()) if name == package]
    return package + tidy(specifiers[0]) if specifiers else package


def tidy(specifier: str) -> str:
    """As people write it, the lower bound first: "<6.2,>=5.2" is ">=5.2,<6.2"."""
    return ",".join(
        sorted((part.strip() for part in specifier.split(",")), key=lambda part: part.startswith("<"))
    )


def unmet(name: str, specifier: str, packages: Mapping[str, str]) -> bool:
    """Whether an installed package is outside a specifier. A package that is not there is not looked at."""
    if name not in packages:
        return False
    try:
        return not allows(specifier, parse(packages[name]))
    except ValueError:
        return False  # a form of another age ("@ https://..."): nothing can be said of it
