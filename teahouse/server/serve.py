"""`teahouse serve`: looks at everything that could go wrong, brings the data up to date, serves until it is stopped."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from teahouse import __version__
from teahouse.server import address, databases, environ, folder, how_far
from teahouse.server.forms import without_password
from teahouse.server.words import Refused, installed, say, tell

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    from teahouse.server.environ import Environment

REDIS_SECONDS = 5


def serve(*, qr: bool, new_secret: bool) -> int:
    """Serves by `environ.current()`; the exit status.

    Raises:
        Refused: why nothing is served, and what to do.
    """
    environment = environ.current()
    tell(f"Teahouse {__version__} · {say('data', '数据')}: {environment.data}")
    need_services(environment)
    folder.prepare(environment.data)
    locks = take_locks(environment)
    bound = address.bind(environment.host, environment.port)
    port: int = bound.getsockname()[1]
    base = environment.url or address.url(_typed(environment.host), port)
    for lock in locks:
        lock.tell(base)
    start_django()
    with_database(environment, new_secret=new_secret)
    owner_link = new_owner_link(base)
    address.raise_file_limit()

    def ready() -> None:
        announce(environment, port, owner_link, qr=qr)

    watch = how_far.Watch(environment.data)
    watch.start()
    try:
        return run(environment, bound, ready)
    finally:
        watch.stop()


def need_services(environment: Environment) -> None:
    """Raises Refused where several processes are asked for without what they need, or Redis does not answer."""
    databases.need_driver(environment.database_url)
    on_postgres = (environment.database_url or "").startswith("postgres")
    if environment.workers > 1 and not (on_postgres and environment.redis_url):
        raise Refused(
            say(
                f"{environment.workers} workers need PostgreSQL (DATABASE_URL) and Redis (REDIS_URL): SQLite has one "
                "writer, and without Redis the processes would hear of each other late. One worker serves thousands.",
                f"{environment.workers} 个工作进程需要 PostgreSQL（DATABASE_URL）和 Redis（REDIS_URL）："
                "SQLite 只能有一个写进程，没有 Redis 进程间消息会延迟。一个工作进程即可服务数千人。",
            ),
            status=2,
        )
    if environment.redis_url:
        need_redis(environment.redis_url)


def need_redis(url: str) -> None:
    if not installed("channels_redis", "redis"):
        raise Refused(
            say(
                'Redis needs channels-redis, which is not installed: pip install "teahouse[redis]"',
                '使用 Redis 需安装 channels-redis：pip install "teahouse[redis]"',
            )
        )
    import redis

    try:
        with redis.Redis.from_url(
            url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS
        ) as client:
            client.ping()
    except (redis.RedisError, OSError, ValueError) as error:
        shown = without_password(url)
        raise Refused(
            say(
                f"Redis cannot be used: {shown}\n  {error}\n"
                "Is it running, and are address and password in REDIS_URL right?",
                f"Redis 无法使用：{shown}\n  {error}\n它在运行吗？REDIS_URL 中的地址和密码对吗？",
            )
        ) from None


def take_locks(environment: Environment) -> list[folder.Lock]:
    """The lock of the data folder, and that of an SQLite file which lies elsewhere."""
    data = environment.data
    what = say(f"The data folder {data}", f"数据文件夹 {data}")
    locks = [folder.Lock(data / folder.LOCK_FILE, what)]
    url = environment.database_url
    if url and url.startswith("sqlite:"):
        file = databases.sqlite_file(url, data)
        if not file.parent.is_dir():
            raise Refused(
                say(
                    f"DATABASE_URL: there is no folder {file.parent} for the database.",
                    f"DATABASE_URL：数据库所在文件夹 {file.parent} 不存在。",
                ),
                status=2,
            )
        locks.append(
            folder.Lock(file.with_name(file.name + ".lock"), say(f"The database {file}", f"数据库 {file}"))
        )
    return locks


def start_django() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "teahouse.server.settings"
    import django

    django.setup()


def plain_connection() -> BaseDatabaseWrapper:
    """A connection outside of the pool, whose waiting would hide why there is none."""
    from django.db import connections

    connection = connections["default"].copy()
    connection.settings_dict["OPTIONS"].pop("pool", None)
    return connection


def with_database(environment: Environment, *, new_secret: bool) -> None:
    """The database reached, looked at, brought up to date and filled with what every site has."""
    from django.db import connections

    from teahouse.server import site, upgrade

    connection = plain_connection()
    try:
        databases.look_at(connection, environment.database_url, allow_data_loss=environment.allow_data_loss)
        upgrade.bring_up_to_date(connection, environment.data, tell)
        if connection.vendor == "sqlite":
            folder.keep_private(Path(str(connection.settings_dict["NAME"])))
        site.prepare(new_secret=new_secret)
        how_far.look(connection, environment.data)
        site.forget_old_logins()
    finally:
        connection.close()
        connections.close_all()


def new_owner_link(base: str) -> str | None:
    """The link that makes the owner's account; None where there is an owner."""
    from django.db import connections

    from teahouse.server import owner

    try:
        return None if owner.find() else f"{base}/owner/{owner.new_link()}/"
    finally:
        connections.close_all()


def _typed(host: str) -> str:
    """What a person on this machine types for what is listened on."""
    if not address.is_everywhere(host):
        return host
    return next(iter(address.lan_addresses(host)), "127.0.0.1")


def announce(environment: Environment, port: int, owner_link: str | None, *, qr: bool) -> None:
    """What the person at the terminal needs to know, in the order in which it is needed."""
    local = address.url("127.0.0.1" if address.is_everywhere(environment.host) else environment.host, port)
    tell(say("Teahouse is open:", "茶馆已开门："))
    tell(f"  {environment.url or local}/")
    shared = environment.url
    if address.is_everywhere(environment.host) and not environment.url:
        for other in address.lan_addresses(environment.host):
            shared = shared or address.url(other, port)
            tell(
                f"  {address.url(other, port)}/  {say('for others in this network', '供同一网络的其他人使用')}"
            )
    elif environment.url:
        tell(f"  {say('listening on', '监听')} {local}")
    if shared and (qr or (sys.stdout.isatty() and address.is_everywhere(environment.host))):
        tell(address.qr_code(shared + "/"))
    if owner_link:
        tell(
            say(
                "It has no owner yet. This link makes the owner's account, once, within 24 hours, and leads on to the "
                "first steps:",
                "还没有主人。请打开此链接创建主人账户，随后有新手引导（一次有效，24 小时内）：",
            )
        )
        tell(f"  {owner_link}")
    tell(say("Stop it with Ctrl-C.", "按 Ctrl-C 停止。"))


def run(environment: Environment, bound: socket.socket, ready: object) -> int:
    """Serves in this process, or in several, until stopped."""
    assert callable(ready)
    if environment.workers > 1:
        from teahouse.server.workers import Supervisor

        _close_pool()
        return Supervisor(bound, environment.workers, ready).run()
    from teahouse.server.listener import make_server

    server = make_server(ready)
    server.run([bound])
    tell(say("Teahouse is closed.", "茶馆已关门。"))
    return 0 if server.started else 3


def _close_pool() -> None:
    """The parent of workers asks the database no more; its connections are theirs."""
    from django.db import connections

    connection = connections["default"]
    connection.close()
    if connection.vendor == "postgresql":
        connection.close_pool()  # type: ignore[attr-defined]
