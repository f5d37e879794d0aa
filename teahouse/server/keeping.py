"""What an operator types to keep a site: `teahouse backup`, `restore`, `move`, `audit`. Each says what it did."""

from __future__ import annotations

import argparse
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING

from teahouse.server import databases, environ, folder, serve
from teahouse.server.words import Refused, program, say

if TYPE_CHECKING:
    from teahouse.server.environ import Environment


def run(options: argparse.Namespace) -> int:
    """The exit status.

    Raises:
        Refused: why it is not done, and what to do.
    """
    environment = environ.current()
    databases.need_driver(environment.database_url)
    if options.command == "move":
        _need_two_kinds(environment, options.url)
    folder.prepare(environment.data)
    locks = serve.take_locks(environment) if options.command in ("restore", "move") else []
    serve.start_django()
    from django.db import Error

    from teahouse.server.transfer import Differs

    began = time.monotonic()
    try:
        status = _done(options, environment)
    except (OSError, sqlite3.Error, Error, Differs) as error:
        raise Refused(
            say(
                f"{options.command} failed: {error}",
                f"{options.command} 失败：{error}",
            )
        ) from error
    del locks
    seconds = time.monotonic() - began
    print(say(f"{seconds:.1f} s", f"用时 {seconds:.1f} 秒"))
    return status


def _done(options: argparse.Namespace, environment: Environment) -> int:
    match options.command:
        case "backup":
            return _backup(environment, options.file)
        case "restore":
            return _restore(environment, options.file, replace=options.replace)
        case "move":
            return _move(environment, options.url, replace=options.replace)
        case _:
            return _audit(environment)


def _need_two_kinds(environment: Environment, url: str) -> None:
    """Raises Refused where a move is not from SQLite to PostgreSQL."""
    if (environment.database_url or "").startswith("postgres"):
        raise Refused(
            say(
                "DATABASE_URL is PostgreSQL already; move copies from SQLite. Unset it, and give the target's URL.",
                "DATABASE_URL 已是 PostgreSQL；move 从 SQLite 复制。请取消该设置，只给出目标地址。",
            ),
            status=2,
        )
    if not url.startswith("postgres"):
        raise Refused(
            say(
                f"{url} is no PostgreSQL database: postgres://USER:PASSWORD@HOST/NAME",
                f"{url} 不是 PostgreSQL 数据库：postgres://用户:密码@主机/库名",
            ),
            status=2,
        )


def _need_site(environment: Environment) -> None:
    """Raises Refused where there is no database of this program's version."""
    from teahouse.server import upgrade

    if not (environment.database_url or "").startswith("postgres"):
        place = databases.sqlite_file(environment.database_url, environment.data)
        if not place.exists():
            raise Refused(
                say(
                    f"There is no site in {environment.data}: no {place}. Which folder is it? --data FOLDER",
                    f"{environment.data} 中没有站点：没有 {place}。是哪个文件夹？--data 文件夹",
                )
            )
    connection = serve.plain_connection()
    try:
        databases.look_at(connection, environment.database_url, allow_data_loss=True)
        upgrade.need_up_to_date(connection, environment.data)
    finally:
        connection.close()


def _backup(environment: Environment, path: Path | None) -> int:
    from teahouse.server import archive

    _need_site(environment)
    written = archive.backup(environment, path)
    size = written.stat().st_size / 1e6
    print(say(f"Written: {written} ({size:,.1f} MB)", f"已写入：{written}（{size:,.1f} MB）"))
    print(
        say(
            f"Put it back with: {program()} restore {written}",
            f"恢复命令：{program()} restore {written}",
        )
    )
    return 0


def _restore(environment: Environment, path: Path, *, replace: bool) -> int:
    from teahouse.server import archive

    manifest = archive.restore(environment, path, replace=replace)
    messages = manifest.rows.get("teahouse_message", 0)
    print(
        say(
            f"Restored: {messages:,} messages, as of {manifest.made_at:%Y-%m-%d %H:%M} UTC. All histories begin anew.",
            f"已恢复：{messages:,} 条消息，截至 {manifest.made_at:%Y-%m-%d %H:%M} UTC。所有历史重新开始。",
        )
    )
    return 0


def _move(environment: Environment, url: str, *, replace: bool) -> int:
    from teahouse.server import archive

    databases.need_driver(url)
    _need_site(environment)
    sums = archive.move(environment, url, replace=replace)
    width = max(map(len, sums))
    for table, sum_ in sums.items():
        print(f"  {table:{width}} {sum_.rows:>10,}  {sum_.check}")
    print(
        say(
            "Everything arrived: counts and checksums agree. Serve from it with DATABASE_URL, for good:\n"
            "the SQLite file stays, and what is said there from now on is not here.",
            "全部到达：行数和校验和一致。请用 DATABASE_URL 从新库启动；\n"
            "SQLite 文件保留不变，此后在那里说的话不会出现在这里。",
        )
    )
    return 0


def _audit(environment: Environment) -> int:
    from teahouse import audit
    from teahouse.server.archive import bar

    _need_site(environment)
    with bar("Looking", "正在检查") as shown:
        found = audit.audit(shown)
    counted = say(
        f"rooms {found.rooms:,}, messages {found.messages:,}, events {found.events:,}",
        f"房间 {found.rooms:,}，消息 {found.messages:,}，事件 {found.events:,}",
    )
    if found.waiting:
        print(
            say(
                f"{found.waiting:,} in the outbox, to be said when a server runs.",
                f"发件箱中有 {found.waiting:,} 条，服务器运行时会发出。",
            )
        )
    for line in found.wrong:
        print(f"  {line}")
    if found.count:
        print(say(f"{counted}: {found.count:,} do not fit.", f"{counted}：{found.count:,} 处不一致。"))
        return 1
    print(say(f"{counted}: everything fits together.", f"{counted}：全部一致。"))
    return 0
