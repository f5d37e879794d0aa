"""`teahouse backup`, `restore` and `move`: everything of a site in one file, and from one database into another.

A backup is a tar archive with the database as an SQLite file, whatever it came from, the site's secret key and
`manifest.json`, which says what there must be. It holds everything that people said: keep it as the data folder.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ValidationError

from teahouse import __version__
from teahouse.server import databases, folder, how_far, upgrade
from teahouse.server.forms import without_password
from teahouse.server.words import Refused, program, say, tell

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    from teahouse.server.environ import Environment

DATABASE: Final = "teahouse.sqlite3"
MANIFEST: Final = "manifest.json"
FORMAT: Final = 1
PAGES: Final = 2_000
"""Pages of SQLite that are copied before progress is told: 8 MB."""
STEP: Final = 0.2  # Seconds between two tellings.


class Manifest(BaseModel):
    """What a backup says of itself.

    Attributes:
        sha256: of the database file.
        rows: of each table.
    """

    format: int
    version: str
    made_at: datetime
    database: str
    sha256: str
    rows: dict[str, int]


class Bar:
    """Progress, where somebody sits at the terminal: one line that is written anew, and gone at the end."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._shown = sys.stderr.isatty()
        self._next = 0.0

    def __call__(self, done: int, of: int) -> None:
        if self._shown and (time.monotonic() >= self._next or done >= of):
            self._next = time.monotonic() + STEP
            width = 30 * done // of if of else 30
            line = f"{self._what} {'█' * width}{'░' * (30 - width)} {100 * done // of if of else 100:3} %"
            print(f"\r{line}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._shown and self._next:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


@contextmanager
def bar(english: str, chinese: str) -> Iterator[Bar]:
    shown = Bar(say(english, chinese))
    try:
        yield shown
    finally:
        shown.end()


# Backup


def backup(environment: Environment, path: Path | None) -> Path:
    """Writes everything to a file, as of one moment; the server may run meanwhile.

    Raises:
        Refused: the file is there already, or cannot be written; nothing is left of it.
    """
    stamp = datetime.now(UTC)
    path = path or environment.data / "backups" / f"teahouse-{stamp:%Y%m%dT%H%M%SZ}.tar"
    if path.exists():
        raise Refused(say(f"{path} is there already; name another file.", f"{path} 已存在，请换一个文件名。"))
    draft = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(mode=folder.PRIVATE_FOLDER, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".teahouse-backup-", dir=path.parent) as name:
            copy = Path(name, DATABASE)
            _copy_out(copy)
            manifest = _manifest(copy, environment, stamp)
            _pack(draft, copy, manifest, environment.data)
        draft.rename(path)
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):
            draft.unlink()
        reason = getattr(error, "strerror", None) or error
        raise Refused(
            say(f"The backup {path} could not be written: {reason}.", f"备份 {path} 无法写入：{reason}。")
        ) from None
    return path


def _copy_out(copy: Path) -> None:
    """The database as an SQLite file."""
    from django.db import connections

    connection = connections["default"]
    copy.touch(folder.PRIVATE_FILE)
    if connection.vendor != "sqlite":
        from teahouse.server import transfer

        with other_database("backup", f"sqlite:///{copy}", copy.parent), bar("Copying", "正在复制") as shown:
            upgrade.make_tables("backup")
            transfer.copy_all("default", "backup", shown)
        return
    with (
        bar("Copying", "正在复制") as shown,
        closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        # A transaction that reads keeps the moment: without it the copy begins anew whenever the server writes.
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        source.backup(target, pages=PAGES, sleep=0, progress=lambda _, left, of: shown(of - left, of))


def _manifest(copy: Path, environment: Environment, stamp: datetime) -> Manifest:
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        found = connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
        tables = sorted(name for (name,) in found)
        rows = {
            name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608  As it is called.
            for name in tables
        }
    kind = "PostgreSQL" if (environment.database_url or "").startswith("postgres") else "SQLite"
    return Manifest(
        format=FORMAT,
        version=__version__,
        made_at=stamp,
        database=kind,
        sha256=_sha256(copy),
        rows=rows,
    )


def _pack(draft: Path, copy: Path, manifest: Manifest, data: Path) -> None:
    text = copy.with_name(MANIFEST)
    text.write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
    draft.touch(folder.PRIVATE_FILE)
    with draft.open("wb") as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            tar.add(text, MANIFEST)
            tar.add(copy, DATABASE)
            if (secret := data / folder.SECRET_FILE).exists():
                tar.add(secret, folder.SECRET_FILE)
        file.flush()
        os.fsync(file.fileno())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# Restore


def restore(environment: Environment, path: Path, *, replace: bool) -> Manifest:
    """Puts a backup into the place of the database; nobody may serve from it meanwhile. All histories begin anew.

    Args:
        replace: what is there makes room: an SQLite file is kept in backups/, a PostgreSQL database is emptied.

    Raises:
        Refused: the backup is damaged or of a newer program, or there is something and `replace` is not said.
            The site is as before.
    """
    with tempfile.TemporaryDirectory(prefix=".teahouse-restore-", dir=environment.data) as name:
        manifest = _unpack(path, Path(name))
        copy = Path(name, DATABASE)
        if (environment.database_url or "").startswith("postgres"):
            _into_postgres(environment, copy, replace=replace)
        else:
            _into_place(environment, copy, replace=replace)
        _take_secret(Path(name, folder.SECRET_FILE), environment.data / folder.SECRET_FILE)
    # New histories have begun: the next start need not notice that there are fewer events than before.
    Path(environment.data, how_far.FILE).unlink(missing_ok=True)
    return manifest


def _unpack(path: Path, into: Path) -> Manifest:
    """The manifest; the files lie in `into` and are what it says."""
    try:
        with tarfile.open(path) as tar:
            for name in (MANIFEST, DATABASE, folder.SECRET_FILE):
                with suppress(KeyError):
                    tar.extract(tar.getmember(name), into, filter="data")
        manifest = Manifest.model_validate_json(Path(into, MANIFEST).read_bytes())
    except (OSError, tarfile.TarError, ValidationError) as error:
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise Refused(
            say(f"{path} is no backup of Teahouse: {reason}.", f"{path} 不是 Teahouse 的备份：{reason}。")
        ) from None
    if manifest.format > FORMAT:
        raise Refused(
            say(
                f"{path} was made by Teahouse {manifest.version}, which is newer than this {__version__}.",
                f"{path} 由 Teahouse {manifest.version} 创建，比本程序 {__version__} 新。",
            )
        )
    if not Path(into, DATABASE).exists() or _sha256(Path(into, DATABASE)) != manifest.sha256:
        raise Refused(
            say(
                f"{path} is damaged: its database is not the one that was saved. Nothing was changed.",
                f"{path} 已损坏：其中的数据库与保存时不同。没有改动任何内容。",
            )
        )
    return manifest


def _into_place(environment: Environment, copy: Path, *, replace: bool) -> None:
    place = databases.sqlite_file(environment.database_url, environment.data)
    if place.exists() and not replace and _has_content(place):
        raise Refused(_something_is_there(place))
    with _with_new_histories(copy):
        pass
    if place.exists():
        kept = environment.data / "backups" / f"before-restore-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.sqlite3"
        kept.parent.mkdir(mode=folder.PRIVATE_FOLDER, exist_ok=True)
        _empty_the_log(place)
        # Copied, not moved: were the machine to stop now, the next start would find no site and make an empty one.
        shutil.copy2(place, kept)
        tell(say(f"What was there is kept as {kept}", f"原有内容保存为 {kept}"))
    for beside in (place.with_name(place.name + end) for end in ("-wal", "-shm")):
        beside.unlink(missing_ok=True)
    shutil.move(copy, place)
    folder.keep_private(place)


def _empty_the_log(place: Path) -> None:
    """So that the file alone is everything."""
    with closing(sqlite3.connect(place)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _has_content(place: Path) -> bool:
    """Whether anybody has ever done anything there."""
    with closing(sqlite3.connect(f"file:{place}?mode=ro", uri=True)) as connection:
        try:
            found = connection.execute(
                "SELECT 1 FROM teahouse_person WHERE kind = 'user' UNION SELECT 1 FROM teahouse_event LIMIT 1"
            )
            return found.fetchone() is not None
        except sqlite3.OperationalError:
            return bool(connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0])


@contextmanager
def _with_new_histories(copy: Path) -> Iterator[None]:
    """The copy in this program's version, with new epochs, under the name "restored"."""
    from teahouse.actions import rooms

    with other_database("restored", f"sqlite:///{copy}", copy.parent) as connection:
        upgrade.refuse_newer(connection, copy.parent)
        upgrade.make_tables("restored")
        rooms.begin_new_histories("restored")
        yield


def _into_postgres(environment: Environment, copy: Path, *, replace: bool) -> None:
    from django.db import connections

    from teahouse.server import transfer

    databases.look_at(connections["default"], environment.database_url, allow_data_loss=True)
    _need_nobody(connections["default"])
    upgrade.make_tables("default")
    if not replace and _is_used("default"):
        raise Refused(_something_is_there(without_password(environment.database_url or "")))
    with _with_new_histories(copy), bar("Storing", "正在存入") as shown:
        transfer.copy_all("restored", "default", shown)
    connections["default"].close()


def _need_nobody(connection: BaseDatabaseWrapper) -> None:
    """Raises Refused where a server is connected to this PostgreSQL database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name = 'teahouse' AND pid <> pg_backend_pid()"
        )
        (others,) = cursor.fetchone()
    if others:
        raise Refused(
            say(
                f"A Teahouse is connected to this database ({others} connections). Stop it first.",
                f"有 Teahouse 正连接此数据库（{others} 个连接）。请先停止它。",
            )
        )


def _is_used(alias: str) -> bool:
    from teahouse.models import Event, Person

    users = Person.objects.using(alias).filter(kind=Person.Kind.USER)
    return users.exists() or Event.objects.using(alias).exists()


def _something_is_there(where: object) -> str:
    return say(
        f"There is a site in {where}. To put the backup in its place: {program()} restore --replace FILE",
        f"{where} 中已有站点。要用备份替换它：{program()} restore --replace 文件",
    )


def _take_secret(saved: Path, place: Path) -> None:
    """Logins and tickets go on where the key is the backup's; the one before is kept beside it."""
    if not saved.exists() or (place.exists() and place.read_bytes() == saved.read_bytes()):
        return
    if place.exists():
        place.rename(place.with_name(f"{place.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"))
    shutil.move(saved, place)
    folder.keep_private(place)


# Move


def move(environment: Environment, url: str, *, replace: bool) -> dict[str, Any]:
    """Copies the SQLite database into PostgreSQL, and reads all of it back; nobody may serve from either meanwhile.

    Returns: of each table what it holds (`transfer.Sum`).

    Raises:
        Refused: the other database cannot be used, or has a site in it.
    """
    from teahouse.server import transfer

    with other_database("target", url, environment.data) as connection:
        databases.look_at(connection, url, allow_data_loss=environment.allow_data_loss)
        _need_nobody(connection)
        upgrade.refuse_newer(connection, environment.data)
        upgrade.make_tables("target")
        if not replace and _is_used("target"):
            raise Refused(
                say(
                    f"There is a site in {without_password(url)}. To put this one in its place: --replace",
                    f"{without_password(url)} 中已有站点。要用本站点替换它：--replace",
                )
            )
        with bar("Moving", "正在迁移") as shown:
            return dict(transfer.copy_all("default", "target", shown))


@contextmanager
def other_database(alias: str, url: str, data: Path) -> Iterator[Any]:
    """A second database for the time of the body, under this name of Django's connections; no pool."""
    from django.db import connections

    entry = databases.django_database(url, data, 1)
    entry["OPTIONS"].pop("pool", None)
    configured = connections.configure_settings({"default": connections.settings["default"], alias: entry})
    connections.settings[alias] = configured[alias]
    try:
        yield connections[alias]
    finally:
        connections[alias].close()
        del connections.settings[alias]
        del connections[alias]
