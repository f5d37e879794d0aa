"""Brings the database to the program's version: looks whether there is anything to do, copies, migrates."""

from __future__ import annotations

import pkgutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from teahouse import __version__
from teahouse.server.words import Refused, program, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.backends.base.base import BaseDatabaseWrapper

KEPT: Final = 5
LOCK: Final = 0x7EA_0A5E
"""Number of the advisory lock under which PostgreSQL is migrated: two servers may be started at once."""

DEADLOCK: Final = "40P01"
"""What PostgreSQL calls it (SQLSTATE)."""
DEADLOCKS: Final = 10
"""So many in a row are taken for bad luck: each lasts a second (`deadlock_timeout`)."""

Migration = tuple[str, str]


def known_migrations() -> set[Migration]:
    """(app, name) of every migration of this program, from the names of the files: importing them takes longer."""
    from django.apps import apps

    found: set[Migration] = set()
    for config in apps.get_app_configs():
        folder = Path(config.path) / "migrations"
        found |= {
            (config.label, module.name)
            for module in pkgutil.iter_modules([str(folder)])
            if module.name[0] != "_"
        }
    return found


def applied_migrations(connection: BaseDatabaseWrapper) -> set[Migration]:
    """(app, name) of what the database has been through."""
    if "django_migrations" not in connection.introspection.table_names():
        return set()
    with connection.cursor() as cursor:
        cursor.execute("SELECT app, name FROM django_migrations")
        return set(cursor.fetchall())


def newer(known: set[Migration], applied: set[Migration]) -> list[str]:
    """What a newer program left: migrations of our apps behind the last one that we know.

    Older ones that we do not know any more were squashed into others since.
    """
    last: dict[str, str] = {}
    for app, name in known:
        last[app] = max(name, last.get(app, ""))
    return sorted(f"{app}.{name}" for app, name in applied if app in last and name > last[app])


def bring_up_to_date(connection: BaseDatabaseWrapper, data: Path, tell: Callable[[str], None]) -> None:
    """Migrates where there is anything to migrate, behind a copy of an SQLite database that has content.

    Raises:
        Refused: the database is newer than the program, or cannot be copied.
    """
    known = known_migrations()
    if not _waiting(connection, known, data):
        return
    with _one_at_a_time(connection):
        # Another server may have migrated while this one waited for the lock.
        waiting = _waiting(connection, known, data)
        if not waiting:
            return
        applied = applied_migrations(connection)
        if not applied:
            tell(say("Making the database (only on the first start) …", "正在创建数据库（仅第一次启动时）…"))
        else:
            tell(
                say(
                    f"Bringing the database up to date ({len(waiting)} to apply) …",
                    f"正在升级数据库（{len(waiting)} 项）…",
                )
            )
            if connection.vendor == "sqlite":
                copy = copy_database(Path(str(connection.settings_dict["NAME"])), data / "backups")
                tell(say(f"A copy from before is {copy}", f"升级前的副本：{copy}"))
        again_after_deadlock(lambda: make_tables(connection.alias))


def need_up_to_date(connection: BaseDatabaseWrapper, data: Path) -> None:
    """For commands that need the tables and must not make them beside a server.

    Raises:
        Refused: the database is older or newer than the program.
    """
    if _waiting(connection, known_migrations(), data):
        raise Refused(
            say(
                f"The database of {data} is not made yet, or older than this program. "
                f"Start the server first: {program()} serve",
                f"{data} 的数据库尚未创建，或比本程序旧。请先启动服务器：{program()} serve",
            )
        )


def make_tables(alias: str) -> None:
    """Migrates a database that nobody else uses."""
    from django.core.management import call_command

    call_command("migrate", database=alias, interactive=False, verbosity=0)


def again_after_deadlock(run: Callable[[], None]) -> None:
    """Beside an older server that goes on, PostgreSQL may end a migration because each waits for the other. A migration
    is a transaction of its own: what is left to do is done by the next try."""
    from django.db import OperationalError

    for left in reversed(range(DEADLOCKS)):
        try:
            run()
            return
        except OperationalError as error:
            if not left or getattr(error.__cause__, "sqlstate", None) != DEADLOCK:
                raise


def refuse_newer(connection: BaseDatabaseWrapper, data: Path) -> None:
    """Raises Refused where the database was made by a newer program."""
    _waiting(connection, known_migrations(), data)


def _waiting(connection: BaseDatabaseWrapper, known: set[Migration], data: Path) -> set[Migration]:
    applied = applied_migrations(connection)
    if ahead := newer(known, applied):
        where = data / "backups"
        raise Refused(
            say(
                f"The database is newer than this Teahouse {__version__}: it has {', '.join(ahead)}.\n"
                f"Install the version that made it, or put a copy from before the upgrade in its place ({where}) and "
                "run: teahouse manage teahouse_restored. Nothing was changed.",
                f"数据库比本程序（Teahouse {__version__}）新：含有 {', '.join(ahead)}。\n"
                f"请安装创建它的版本，或换回升级前的副本（{where}）并运行 "
                "teahouse manage teahouse_restored。没有改动任何内容。",
            )
        )
    return known - applied


@contextmanager
def _one_at_a_time(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """On PostgreSQL an advisory lock; an SQLite file has the data folder's lock already."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def copy_database(path: Path, folder: Path) -> Path:
    """A whole copy by SQLite's own backup, as of one moment; the last five are kept.

    Raises:
        Refused: there is no room, or the folder cannot be written; what was begun is removed.
    """
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    copy = folder / f"before-{__version__}-{stamp}.sqlite3"
    draft = copy.with_suffix(".part")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        draft.touch(mode=0o600)
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(draft)) as target:
            source.backup(target)
        draft.rename(copy)
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):
            draft.unlink()
        reason = getattr(error, "strerror", None) or error
        raise Refused(
            say(
                f"The database must be copied before it is changed, and that failed: {copy}: {reason}. "
                "Make room; nothing was changed.",
                f"修改数据库前必须先复制，但复制失败：{copy}：{reason}。请腾出空间；没有改动任何内容。",
            )
        ) from None
    for old in sorted(folder.glob("before-*.sqlite3"), key=lambda file: file.stat().st_mtime)[:-KEPT]:
        old.unlink()
    return copy
