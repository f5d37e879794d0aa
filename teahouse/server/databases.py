"""From DATABASE_URL to Django's DATABASES, and what is asked of the database before anyone is let in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from teahouse.server.folder import user
from teahouse.server.forms import without_password
from teahouse.server.words import Refused, installed, say

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

SQLITE_FILE: Final = "teahouse.sqlite3"
BUSY_SECONDS: Final = 20
CONNECT_SECONDS: Final = 5

LIBPQ: Final = {
    "application_name", "channel_binding", "connect_timeout", "gssencmode", "host", "keepalives",
    "keepalives_count", "keepalives_idle", "keepalives_interval", "options", "passfile", "port", "require_auth",
    "service", "sslcert", "sslcrl", "sslkey", "sslmode", "sslpassword", "sslrootcert", "target_session_attrs",
    "tcp_user_timeout",
}  # fmt: skip
"""Parameters that may follow the `?` of DATABASE_URL: libpq's, section 34.1.2 of PostgreSQL's manual."""


def django_database(url: str | None, data: Path, connections: int) -> dict[str, Any]:
    """The entry of DATABASES for this URL; None is SQLite in the data folder."""
    if url is None or url.startswith("sqlite:"):
        return _sqlite(sqlite_file(url, data))
    return _postgres(url, connections)


def sqlite_file(url: str | None, data: Path) -> Path:
    """`sqlite:////tea/house.db` is absolute, `sqlite:///house.db` lies in the data folder."""
    return data / (unquote(urlsplit(url).path[1:]) if url else SQLITE_FILE)


def _sqlite(path: Path) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "OPTIONS": {
            "timeout": BUSY_SECONDS,
            # Without IMMEDIATE a transaction that turns from reading to writing fails at once instead of waiting.
            "transaction_mode": "IMMEDIATE",
            # P1. Builds of SQLite differ in their default for WAL files.
            "init_command": "PRAGMA synchronous=FULL",
        },
    }


def _postgres(url: str, connections: int) -> dict[str, Any]:
    parts = urlsplit(url)
    options: dict[str, Any] = {"connect_timeout": str(CONNECT_SECONDS), "application_name": "teahouse"}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name not in LIBPQ:
            known = ", ".join(sorted(LIBPQ))
            raise Refused(
                say(
                    f"DATABASE_URL: {name!r} is no parameter of a PostgreSQL connection. There are: {known}",
                    f"DATABASE_URL：{name!r} 不是 PostgreSQL 连接参数。可用的有：{known}",
                ),
                status=2,
            )
        options[name] = value
    host = options.pop("host", None) or unquote(parts.hostname or "")
    port = options.pop("port", None) or parts.port or ""
    # Every connection of a process comes from here: the writer and the readers keep theirs, pages borrow.
    # 3 s: so long a send waits before its sender hears that the database is away.
    # The pauses between two tries to reach a PostgreSQL that is away do not grow beyond some seconds.
    options["pool"] = {"min_size": 0, "max_size": connections, "timeout": 3, "reconnect_timeout": 5}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path[1:]),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(port),
        # Kept-open connections leak under ASGI, where each request has a thread of its own.
        "CONN_MAX_AGE": 0,
        # A connection that died in the pool is noticed before it is used, at the cost of one round trip.
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def need_driver(url: str | None) -> None:
    """Raises Refused where DATABASE_URL names PostgreSQL and psycopg is not installed."""
    if url and url.startswith("postgres") and not installed("psycopg", "psycopg_pool"):
        raise Refused(
            say(
                'PostgreSQL needs psycopg, which is not installed: pip install "teahouse[postgres]"',
                '使用 PostgreSQL 需安装 psycopg：pip install "teahouse[postgres]"',
            )
        )


def look_at(connection: BaseDatabaseWrapper, url: str | None, *, allow_data_loss: bool) -> None:
    """Reaches the database and sees that what it confirms is kept (P1).

    Raises:
        Refused: it cannot be reached, is too old, or is set to forget.
    """
    from django.db import Error, NotSupportedError

    name = without_password(url) if url else str(connection.settings_dict["NAME"])
    try:
        connection.ensure_connection()
        if connection.vendor == "sqlite":
            _write_ahead(connection)
            _writable(connection)
        else:
            _durable(connection, name, allow_data_loss=allow_data_loss)
    except NotSupportedError as error:
        raise Refused(
            say(f"The database {name} will not do: {error}.", f"数据库 {name} 不可用：{error}。")
        ) from None
    except Error as error:
        advice = _look_at_the_file() if connection.vendor == "sqlite" else _look_at_the_server()
        reason = next(
            (line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__
        )
        raise Refused(
            say(f"The database cannot be used: {name}", f"数据库无法使用：{name}") + f"\n  {reason}\n{advice}"
        ) from None


def _look_at_the_server() -> str:
    return say(
        "Is it running, and are address, user, password and name in DATABASE_URL right?",
        "它在运行吗？DATABASE_URL 中的地址、用户、密码和库名对吗？",
    )


def _look_at_the_file() -> str:
    return say(
        f"The file, those beside it (…-wal, …-shm) and their folder must belong to the user {user()}. "
        "Copies from before upgrades lie in backups/ of the data folder.",
        f"此文件、旁边的 …-wal 和 …-shm 以及所在文件夹应属于用户 {user()}。升级前的副本在数据文件夹的 backups/ 里。",
    )


def _writable(connection: BaseDatabaseWrapper) -> None:
    """A file that can only be read would fail later, behind what was begun."""
    with connection.cursor() as cursor:
        cursor.execute("BEGIN IMMEDIATE")
        try:
            # On a file that can only be read BEGIN IMMEDIATE alone succeeds.
            cursor.execute("CREATE TABLE teahouse_probe (x)")
        finally:
            cursor.execute("ROLLBACK")


def _write_ahead(connection: BaseDatabaseWrapper) -> None:
    """WAL stays in the file, so it is set once; setting it on every connection can end in "database is locked"."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        mode = cursor.fetchone()[0]
        if mode != "wal":
            cursor.execute("PRAGMA journal_mode=WAL")
            mode = cursor.fetchone()[0]
    if mode != "wal":
        path = connection.settings_dict["NAME"]
        raise Refused(
            say(
                f"{path}: SQLite cannot write ahead here ({mode}). Network file systems cannot; use a local disk.",
                f"{path}：SQLite 在此无法使用 WAL（{mode}）。网络文件系统不行，请用本地磁盘。",
            )
        )


def _durable(connection: BaseDatabaseWrapper, name: str, *, allow_data_loss: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, setting FROM pg_settings WHERE setting = 'off' "
            "AND name IN ('fsync', 'synchronous_commit', 'full_page_writes')"
        )
        lost = [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT current_setting('server_encoding')")
        encoding = cursor.fetchone()[0]
    if encoding != "UTF8":
        raise Refused(
            say(
                f"The database {name} has the encoding {encoding}; it must be UTF8: createdb -E UTF8 -T template0 …",
                f"数据库 {name} 的编码是 {encoding}，应为 UTF8：createdb -E UTF8 -T template0 …",
            )
        )
    if lost and not allow_data_loss:
        raise Refused(
            say(
                f"The database {name} may forget what it has confirmed: {', '.join(lost)} is off, so a crash would "
                "lose messages that people were told are stored. Switch it on in postgresql.conf, or accept the loss "
                "with TEAHOUSE_ALLOW_DATA_LOSS=yes.",
                f"数据库 {name} 可能丢失已确认的内容：{', '.join(lost)} 为 off，崩溃时会丢消息。"
                "请在 postgresql.conf 中打开，或用 TEAHOUSE_ALLOW_DATA_LOSS=yes 接受丢失。",
            )
        )
