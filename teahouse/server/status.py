"""The state of the site as its owners see it. In: the figures of all processes, the database, the disk, the settings.
Out: a `Status`, whose `troubles` say what is wrong, the worst first.
"""

from __future__ import annotations

import asyncio
import platform
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

import django
from django.db import connection
from pydantic import BaseModel

from teahouse import __version__, database
from teahouse.conf import Limits, conf
from teahouse.followers.parked import parked
from teahouse.live import runtime as runtimes
from teahouse.live.figures import SLOT_SECONDS, SLOTS, Figures
from teahouse.models import Person
from teahouse.server.environ import Environment, current

SECONDS: Final = 5.0
KEPT_SECONDS: Final = 10.0
"""What has to be counted in the database is counted as often at most."""
RATES: Final = frozenset({"per_second", "burst", "sessions", "per_minute", "guest_rooms", "guests"})
"""Limits that `TEAHOUSE_LIMITS=off` lifts."""

GB: Final = 10**9
LITTLE_DISK: Final = 2 * GB
NO_DISK: Final = GB // 2
LATE_MS: Final = 250.0
SLOW_MS: Final = 250.0
MANY_WAIT: Final = 2000
NEARLY: Final = 0.8
"""Of the files that a process may have open."""
NONE: Final[Mapping[str, int]] = {}
STARTING_SECONDS: Final = 20.0
"""So long other processes may take to come."""

Code = Literal[
    "starting", "disk_full", "disk_low", "disk_copy", "bus", "database", "database_slow", "processes", "versions",
    "late", "waiting", "files", "rates", "data_loss",
    "followers",
]  # fmt: skip


class Trouble(BaseModel):
    """Something that is wrong. `bad`: it costs people something now or will soon; others are for the morning.

    The numbers are for the sentence: `value` is what there is, `bound` what would be right; `where` a process.
    """

    code: Code
    bad: bool = False
    value: float = 0.0
    bound: float = 0.0
    where: str = ""


class Storage(BaseModel):
    """Bytes. `path`: the folder whose disk is told of. With PostgreSQL that is not where the database is, perhaps."""

    database: int
    backups: int
    path: str
    free: int
    total: int
    newest_backup: float | None = None


class Database(BaseModel):
    """`milliseconds`: how long the shortest question takes."""

    kind: str
    milliseconds: float
    events: int
    rooms: int
    people: int


class Limit(BaseModel):
    """`lifted`: it does not hold, since the rates are off."""

    name: str
    value: int
    default: int
    lifted: bool


class Status(BaseModel):
    """All of it; times are seconds since 1970."""

    now: float
    troubles: list[Trouble]
    processes: list[Figures]
    expected: int
    redis: bool | None
    database: Database
    storage: Storage
    limits: list[Limit]
    versions: dict[str, str]
    slot_seconds: int = SLOT_SECONDS
    slots: int = SLOTS


def look() -> Status:
    """The state now. On a page's thread.

    Raises:
        database.Unavailable, or as the database does.
    """
    environment, now = current(), time.time()
    processes = _processes()
    status = Status(
        now=now,
        troubles=[],
        processes=processes,
        expected=environment.workers,
        redis=processes[0].redis if processes else None,
        database=_database(now),
        storage=_storage(environment),
        limits=_limits(),
        versions={
            "Teahouse": __version__,
            "Django": django.get_version(),
            "Python": platform.python_version(),
        },
    )
    status.troubles = troubles(
        status,
        rates=conf().RATES,
        data_loss=environment.allow_data_loss,
        sqlite=connection.vendor == "sqlite",
        parked={one.title: one.rooms for one in parked()},
    )
    return status


def _processes() -> list[Figures]:
    running = runtimes.current()
    if running is None:
        return []
    return asyncio.run_coroutine_threadsafe(running.figures.everywhere(), running.loop).result(SECONDS)


# What is wrong


def troubles(
    status: Status, *, rates: bool, data_loss: bool, sqlite: bool, parked: Mapping[str, int] = NONE
) -> list[Trouble]:
    """What somebody should see to, what costs people something first. Pure. `parked`: in how many rooms something
    waits for followers that do not go on by themselves, by their titles."""
    found = [
        *_of_storage(status.storage, sqlite=sqlite),
        *_of_processes(status),
        *(trouble for one in status.processes for trouble in _of_process(one, status.now)),
    ]
    if status.redis is False:
        found.append(Trouble(code="bus", bad=True))
    if status.database.milliseconds > SLOW_MS:
        found.append(Trouble(code="database_slow", value=status.database.milliseconds, bound=SLOW_MS))
    found += [Trouble(code="followers", value=rooms, where=name) for name, rooms in parked.items()]
    if not rates:
        found.append(Trouble(code="rates"))
    if data_loss:
        found.append(Trouble(code="data_loss"))
    return sorted(found, key=lambda trouble: not trouble.bad)


def _of_storage(storage: Storage, *, sqlite: bool) -> list[Trouble]:
    free = storage.free
    if free < NO_DISK:
        return [Trouble(code="disk_full", bad=True, value=free, bound=LITTLE_DISK, where=storage.path)]
    if free < LITTLE_DISK:
        return [Trouble(code="disk_low", value=free, bound=LITTLE_DISK, where=storage.path)]
    if sqlite and free < storage.database:
        # An upgrade copies the database first, and refuses where there is no room.
        return [Trouble(code="disk_copy", value=free, bound=storage.database, where=storage.path)]
    return []


def _of_processes(status: Status) -> list[Trouble]:
    if not status.processes:
        return [Trouble(code="starting", bad=True)]
    found = []
    count = len(status.processes)
    oldest = status.now - min(one.since for one in status.processes)
    if count < status.expected and oldest > STARTING_SECONDS and status.redis:
        found.append(Trouble(code="processes", bad=True, value=count, bound=status.expected))
    if len({one.version for one in status.processes}) > 1:
        found.append(
            Trouble(code="versions", where=", ".join(sorted({one.version for one in status.processes})))
        )
    return found


def _of_process(one: Figures, now: float) -> list[Trouble]:
    """Of the last quarter of a minute. To be late once is nothing: for most of that time it has to be."""
    found, where = [], f"{one.pid}"
    last = [slot.late for slot in one.slots if slot.at * SLOT_SECONDS > now - 4 * SLOT_SECONDS]
    late = sorted(last)[-3] if len(last) >= 3 else 0.0
    if late > LATE_MS:
        found.append(Trouble(code="late", bad=True, value=late, bound=LATE_MS, where=where))
    if one.state == "unavailable":
        found.append(Trouble(code="database", bad=True, where=where))
    if one.waiting > MANY_WAIT:
        found.append(Trouble(code="waiting", bad=True, value=one.waiting, bound=MANY_WAIT, where=where))
    if one.files and one.sessions > NEARLY * one.files:
        found.append(Trouble(code="files", bad=True, value=one.sessions, bound=one.files, where=where))
    return found


# What there is


def _database(now: float) -> Database:
    began = time.perf_counter()
    database.ping()
    took = 1000 * (time.perf_counter() - began)
    return Database(kind=_kind(), milliseconds=round(took, 2), **_counts(now))


_counted: tuple[float, dict[str, int]] = (0.0, {})


def _counts(now: float) -> dict[str, int]:
    global _counted
    if not 0 <= now - _counted[0] < KEPT_SECONDS:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT coalesce(sum(seq), 0), count(*) FROM teahouse_room WHERE kind <> 'personal'"
            )
            events, rooms = cursor.fetchone()
        people = Person.objects.filter(kind=Person.Kind.USER, deactivated_at=None).count()
        _counted = (now, {"events": int(events), "rooms": int(rooms), "people": people})
    return _counted[1]


def _kind() -> str:
    if connection.vendor == "sqlite":
        import sqlite3

        return f"SQLite {sqlite3.sqlite_version}"
    major, minor = divmod(connection.pg_version, 10_000)  # type: ignore[attr-defined]
    return f"PostgreSQL {major}.{minor}"


def _storage(environment: Environment) -> Storage:
    data = environment.data
    if connection.vendor == "sqlite":
        file = Path(str(connection.settings_dict["NAME"]))
        size = sum(_size(file.with_name(file.name + end)) for end in ("", "-wal", "-shm"))
        where = file.parent
    else:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_database_size(current_database())")
            size, where = int(cursor.fetchone()[0]), data
    disk = shutil.disk_usage(where)
    backups = [path for path in (data / "backups").glob("*") if path.is_file()]
    return Storage(
        database=size,
        backups=sum(map(_size, backups)),
        newest_backup=max((path.stat().st_mtime for path in backups), default=None),
        path=str(where),
        free=disk.free,
        total=disk.total,
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # The log is not there while nobody writes.
        return 0


def _limits() -> list[Limit]:
    now: dict[str, Any] = conf().LIMITS.model_dump()
    return [
        Limit(name=name, value=now[name], default=field.default, lifted=name in RATES and not conf().RATES)
        for name, field in Limits.model_fields.items()
    ]
