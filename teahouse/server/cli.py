"""The command `teahouse`: what a person types, handed to what does it."""

from __future__ import annotations

import argparse
import gc
import io
import os
import sys
from collections.abc import Sequence
from typing import Final

from teahouse import __version__
from teahouse.server import environ, usage
from teahouse.server.words import Refused, program, say

CALM: Final = (50_000, 20, 100)
"""Thresholds of the garbage collector. With Python's own a start takes longer (0.66 s of processor for
`manage check`, now 0.57): of what is loaded nothing is garbage. A server sets its own when it is loaded."""


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status: 0 done, 1 not possible here and now, 2 wrong use or settings."""
    gc.set_threshold(*CALM)
    arguments = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a character shows another one; it does not end the program.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        # Their options are their own.
        if arguments[:1] == ["doctor"]:
            from teahouse.server.doctor import main as doctor

            status = int(doctor(arguments[1:]))
            sys.stdout.flush()
            return status
        if arguments[:1] == ["chat"]:
            from teahouse.server.chat import main as chat

            return chat(arguments[1:])
        if arguments[:1] == ["manage"]:
            return manage(arguments[1:])
        return _run(usage.parse(arguments))
    except Refused as refused:
        print(f"teahouse: {refused}", file=sys.stderr)
        return refused.status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Who reads has seen enough, such as `head`. The interpreter flushes once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _run(options: argparse.Namespace) -> int:
    for name in ("data", "config", "host", "port", "workers"):
        if (value := getattr(options, name, None)) is not None:
            environ.override(f"TEAHOUSE_{name.upper()}", value)
    match options.command:
        case "serve" | "owner-link" | "invite" | "reset-link" | "backup" | "restore" | "move" | "audit" if (
            os.name == "nt"
        ):
            raise Refused(
                say(
                    "The program runs on Linux and macOS; on Windows inside WSL: wsl --install",
                    "本程序在 Linux 和 macOS 上运行；Windows 上请用 WSL：wsl --install",
                )
            )
        case "serve":
            from teahouse.server.serve import serve

            return serve(qr=options.qr, new_secret=options.new_secret)
        case "owner-link":
            return owner_link()
        case "invite":
            return invite(options)
        case "reset-link":
            return reset_link(options.name)
        case "backup" | "restore" | "move" | "audit":
            from teahouse.server import keeping

            return keeping.run(options)
        case "version":
            print(f"Teahouse {__version__}")
            return 0
    usage.parser()[0].print_help()
    return 0


def manage(arguments: list[str]) -> int:
    """`teahouse manage [--data FOLDER] [--config FILE] COMMAND …`: Django's, with the program's settings."""
    while arguments and arguments[0].partition("=")[0] in ("--data", "--config"):
        option, equals, value = arguments.pop(0).partition("=")
        if not equals and not arguments:
            raise Refused(
                say(
                    f"{option} needs a value: teahouse manage {option} PATH COMMAND",
                    f"{option} 需要一个值：teahouse manage {option} 路径 命令",
                ),
                status=2,
            )
        environ.override(
            f"TEAHOUSE_{option[2:].upper()}", usage.absolute(value if equals else arguments.pop(0))
        )
    environ.current()
    os.environ["DJANGO_SETTINGS_MODULE"] = "teahouse.server.settings"
    from django.core.management import execute_from_command_line
    from django.db import DatabaseError

    try:
        execute_from_command_line(["teahouse manage", *(arguments or ["help"])])
    except DatabaseError:
        if not _tables_are_missing():
            raise
        raise Refused(
            say(
                f"The database has no tables yet. {program()} serve makes them, or: {program()} manage migrate",
                f"数据库里还没有表。{program()} serve 会建立它们，或者运行：{program()} manage migrate",
            )
        ) from None
    return 0


def _tables_are_missing() -> bool:
    from django.db import DatabaseError, connection

    try:
        return "teahouse_room" not in connection.introspection.table_names()
    except DatabaseError:
        return False  # It cannot be reached, which is another thing.


def owner_link() -> int:
    """Prints a new link; works beside a running server, whose address the lock of the data folder tells."""
    base, running = _open_site()
    from teahouse.server import owner

    if (there_is := owner.find()) is not None:
        name = there_is.user.get_username() if there_is.user else there_is.name
        raise Refused(
            say(
                f"The site has its owner: {name}. For a new password: {program()} manage changepassword {name}",
                f"站点已有主人：{name}。重设密码：{program()} manage changepassword {name}",
            )
        )
    print(f"{base}/owner/{owner.new_link()}/")
    _say_if_closed(running)
    return 0


def invite(options: argparse.Namespace) -> int:
    """Prints the link of a new invitation, which is the administrator's own: it may name any room."""
    base, running = _open_site()
    from teahouse.server import invitations

    wanted = list(dict.fromkeys(options.room))
    rooms = invitations.may_name(None).filter(slug__in=wanted)
    missing = sorted(set(wanted) - set(rooms.values_list("slug", flat=True)))
    if missing:
        named = ", ".join(missing)
        raise Refused(say(f"There is no room {named} to invite to.", f"没有可邀请加入的房间：{named}。"))
    made = invitations.make(
        None, places=options.people or None, days=options.days or None, note=options.note, to=rooms
    )
    print(f"{base}/join/{invitations.token_of(made)}/")
    _say_if_closed(running)
    return 0


def reset_link(name: str) -> int:
    """Prints a link with which somebody takes a new password."""
    base, running = _open_site()
    from django.contrib.auth import get_user_model

    from teahouse.server import passwords

    user = get_user_model()._default_manager.filter(username=name, is_active=True).first()
    if user is None:
        raise Refused(say(f"There is no active account {name!r}.", f"没有可用的账户 {name!r}。"))
    print(f"{base}/reset/{passwords.new_link(user)}/")
    _say_if_closed(running)
    return 0


def _open_site() -> tuple[str, bool]:
    """Makes the site's database ready for a command beside the server; the site's address, and whether it is served."""
    from teahouse.server import address, databases, folder, serve

    environment = environ.current()
    databases.need_driver(environment.database_url)
    folder.prepare(environment.data)
    serve.start_django()
    connection = serve.plain_connection()
    from teahouse.server import upgrade

    databases.look_at(connection, environment.database_url, allow_data_loss=True)
    upgrade.need_up_to_date(connection, environment.data)
    connection.close()
    running = folder.holder(environment.data / folder.LOCK_FILE)
    base = (
        environment.url
        or (running.url if running else None)
        or address.url(environment.host, environment.port)
    )
    return base, running is not None


def _say_if_closed(running: bool) -> None:
    if not running:
        hint = say(
            f"No server runs from this folder now; start it: {program()} serve",
            f"此文件夹没有服务器在运行；请启动：{program()} serve",
        )
        print(hint, file=sys.stderr)
