"""What `teahouse --help` says, and what is said to who typed something else."""

from __future__ import annotations

import argparse
import difflib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from teahouse import __version__
from teahouse.server import environ, forms
from teahouse.server.settings_words import SETTINGS_IN_CHINESE
from teahouse.server.words import in_chinese, say

COMMANDS: Final = (
    "serve", "owner-link", "invite", "reset-link", "backup", "restore", "move", "audit", "chat", "doctor", "manage",
    "version",
)  # fmt: skip


class Parser(argparse.ArgumentParser):
    """argparse's, whose errors end with the right use, in the terminal's language."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            formatter_class=argparse.RawDescriptionHelpFormatter, add_help=False, allow_abbrev=False, **kwargs
        )
        self._optionals.title = say("options", "选项")
        self._positionals.title = say("commands", "命令")
        self.add_argument("-h", "--help", action="help", help=say("show this help", "显示此帮助"))

    def format_help(self) -> str:
        return super().format_help().replace("usage: ", say("usage: ", "用法："), 1)

    def format_usage(self) -> str:
        return super().format_usage().replace("usage: ", say("usage: ", "用法："), 1)

    def error(self, message: str) -> NoReturn:
        message = message.replace("expected one argument", say("expected one argument", "需要一个值"))
        message = message.replace("argument -", say("argument -", "参数 -"))
        hint = say(f"Help: {self.prog} --help", f"帮助：{self.prog} --help")
        self.exit(2, f"teahouse: {message}\n{self.format_usage()}{hint}\n")

    def unknown(self, words: Sequence[str]) -> NoReturn:
        """What this command does not know, with the likeliest of what it knows."""
        options = [option for action in self._actions for option in action.option_strings]
        close = difflib.get_close_matches(words[0].partition("=")[0], options, 1)
        hint = say(f" Did you mean {close[0]}?", f" 是不是 {close[0]}？") if close else ""
        self.error(say(f"{words[0]!r} is not known here.{hint}", f"不认识 {words[0]!r}。{hint}"))


def parser() -> tuple[Parser, dict[str, Parser]]:
    """The whole command, and its commands that take options of ours."""
    root = Parser(
        prog="teahouse",
        description=say(
            "Live group chat. Serve it with one command, then open the address that it prints.",
            "即时群聊。一条命令即可启动，然后打开它显示的地址。",
        ),
        epilog=_examples(),
    )
    root.add_argument(
        "--version",
        action="version",
        version=f"Teahouse {__version__}",
        help=say("show the version", "显示版本"),
    )
    commands = root.add_subparsers(
        dest="command", metavar=say("COMMAND", "命令"), parser_class=Parser, title=say("commands", "命令")
    )
    own = {
        "serve": _serve(commands),
        "owner-link": _owner_link(commands),
        "invite": _invite(commands),
        "reset-link": _reset_link(commands),
        "backup": _backup(commands),
        "restore": _restore(commands),
        "move": _move(commands),
        "audit": _audit(commands),
    }
    others = {
        "chat": say("a chat in the terminal", "终端里的聊天"),
        "doctor": say("look whether versions and settings fit", "检查版本和设置是否匹配"),
        "manage": say("Django's management commands, for this site", "本站点的 Django 管理命令"),
    }
    for name, does in others.items():
        commands.add_parser(name, help=does)
    own["version"] = commands.add_parser("version", help=say("the version", "版本"))
    return root, own


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options; exits with 2 and the right use where they are not right."""
    root, own = parser()
    command = arguments[0] if arguments else ""
    if command and not command.startswith("-") and command not in COMMANDS:
        close = difflib.get_close_matches(command, COMMANDS, 1)
        hint = say(f" Did you mean: teahouse {close[0]}?", f" 是不是 teahouse {close[0]}？") if close else ""
        root.error(say(f"there is no command {command!r}.{hint}", f"没有命令 {command!r}。{hint}"))
    if command.partition("=")[0] in {"--data", "--config", "--host", "--port", "--workers"}:
        hint = f"teahouse serve {command} …"
        root.error(say(f"{command} stands behind the command: {hint}", f"{command} 应写在命令之后：{hint}"))
    options, rest = root.parse_known_args(arguments)
    if rest:
        own.get(options.command, root).unknown(rest)
    return options


def _examples() -> str:
    return say(
        "examples:\n"
        "  teahouse serve                       for you, at http://127.0.0.1:8000\n"
        "  teahouse serve --host 0.0.0.0        for everyone in your network\n"
        "  teahouse owner-link                  a new link for the owner's account\n"
        "  teahouse backup                      everything in one file, while the server runs\n"
        "  teahouse invite                      a link with which people make accounts\n"
        "  teahouse reset-link 梅               a link for a new password\n"
        "  teahouse manage changepassword 梅    a new password, typed here\n"
        "  teahouse doctor                      does everything here fit together?\n\n"
        "Settings for a real site (address, PostgreSQL, …): teahouse serve --help",
        "例子：\n"
        "  teahouse serve                       自己用，地址 http://127.0.0.1:8000\n"
        "  teahouse serve --host 0.0.0.0        供同一网络的所有人使用\n"
        "  teahouse owner-link                  生成创建主人账户的新链接\n"
        "  teahouse backup                      把一切存入一个文件，服务器可照常运行\n"
        "  teahouse invite                      生成邀请链接，供人创建账户\n"
        "  teahouse reset-link 梅               生成重设密码的链接\n"
        "  teahouse manage changepassword 梅    在此输入某人的新密码\n"
        "  teahouse doctor                      检查这里的一切是否匹配\n\n"
        "正式站点的设置（地址、PostgreSQL 等）：teahouse serve --help",
    )


def _serve(commands: Any) -> Parser:
    serve: Parser = commands.add_parser(
        "serve",
        help=say("start the chat", "启动聊天"),
        description=say("Starts the chat and serves it until Ctrl-C.", "启动聊天，按 Ctrl-C 停止。"),
        epilog=_settings_help(),
    )
    serve.add_argument(
        "--host",
        type=_form(forms.host),
        metavar=say("ADDRESS", "地址"),
        help=say(
            "address to listen on: 127.0.0.1 (this machine only, the default) or 0.0.0.0 (everyone)",
            "监听地址：127.0.0.1（仅本机，默认）或 0.0.0.0（所有人）",
        ),
    )
    serve.add_argument(
        "--port",
        type=_form(forms.port),
        metavar=say("PORT", "端口"),
        help=say("port to listen on (8000)", "监听端口（8000）"),
    )
    serve.add_argument(
        "--workers",
        type=_form(forms.workers),
        metavar="N",
        help=say(
            "processes; more than one needs PostgreSQL and Redis (1)",
            "进程数；多于一个需要 PostgreSQL 和 Redis（1）",
        ),
    )
    serve.add_argument(
        "--qr", action="store_true", help=say("print the address as a QR code", "打印地址的二维码")
    )
    serve.add_argument(
        "--new-secret",
        action="store_true",
        help=say("accept that the site's secret key has changed", "接受站点密钥已更换"),
    )
    _places(serve)
    return serve


def _owner_link(commands: Any) -> Parser:
    link: Parser = commands.add_parser(
        "owner-link",
        help=say("print a new one-time link for the owner's account", "打印创建主人账户的一次性新链接"),
        description=say(
            "Prints a link that makes the owner's account, once, within 24 hours. The server may run meanwhile.",
            "打印创建主人账户的链接，一次有效，24 小时内。服务器可以正在运行。",
        ),
    )
    _places(link)
    return link


def _invite(commands: Any) -> Parser:
    command: Parser = commands.add_parser(
        "invite",
        help=say("print a link with which people make accounts", "打印供人创建账户的邀请链接"),
        description=say(
            "Prints a link with which people make accounts. The server may run meanwhile.",
            "打印供人创建账户的邀请链接。服务器可以正在运行。",
        ),
    )
    command.add_argument(
        "--people",
        type=_number(0, 1000),
        default=1,
        metavar="N",
        help=say("for so many people; 0: any number (1)", "可供多少人使用；0 为不限（1）"),
    )
    command.add_argument(
        "--days",
        type=_number(0, 365),
        default=7,
        metavar="N",
        help=say("for so many days; 0: until it is revoked (7)", "有效天数；0 为直到撤销（7）"),
    )
    command.add_argument(
        "--room",
        action="append",
        default=[],
        metavar=say("ROOM", "房间"),
        help=say(
            "a room that people join by it; may be given several times", "通过链接加入的房间；可多次给出"
        ),
    )
    command.add_argument(
        "--note",
        type=_note,
        default="",
        metavar=say("TEXT", "备注"),
        help=say("for the list of links", "显示在链接列表中"),
    )
    _places(command)
    return command


def _number(low: int, high: int) -> Callable[[str], int]:
    def check(text: str) -> int:
        try:
            return forms.number(low, high, min(high, 10), text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r}: {error}") from None

    return check


def _note(text: str) -> str:
    if len(text) > 80:
        raise argparse.ArgumentTypeError(say("has 80 characters at the most", "最多 80 个字符"))
    return text


def _reset_link(commands: Any) -> Parser:
    command: Parser = commands.add_parser(
        "reset-link",
        help=say("print a one-time link for somebody's new password", "打印重设某人密码的一次性链接"),
        description=say(
            "Prints a link with which somebody takes a new password, once, within 24 hours.\n"
            "The server may run meanwhile.",
            "打印重设某人密码的链接，一次有效，24 小时内。服务器可以正在运行。",
        ),
    )
    _argument(
        command, "name", metavar=say("NAME", "名字"), help=say("the name they sign in with", "登录用的名字")
    )
    _places(command)
    return command


def _backup(commands: Any) -> Parser:
    command: Parser = commands.add_parser(
        "backup",
        help=say("write everything to one file", "把一切存入一个文件"),
        description=say(
            "Writes the database, as of one moment, and the secret key to a tar file. The server may run meanwhile.\n"
            "It holds everything that people said: keep it as the data folder.",
            "把数据库（某一时刻的状态）和密钥写入一个 tar 文件，服务器可照常运行。\n"
            "其中有所有人说过的话：请像数据文件夹一样保管。",
        ),
    )
    _argument(
        command,
        "file",
        nargs="?",
        type=_path,
        metavar=say("FILE", "文件"),
        help=say(
            "a new file (backups/teahouse-TIME.tar in the data folder)",
            "新文件（数据文件夹中的 backups/teahouse-时间.tar）",
        ),
    )
    _places(command)
    return command


def _restore(commands: Any) -> Parser:
    command: Parser = commands.add_parser(
        "restore",
        help=say("put a backup in place", "用备份恢复"),
        description=say(
            "Puts a backup in the place of the database, SQLite or PostgreSQL, whichever it was made from. Stop the\n"
            "server first. Clients that know later messages than the backup read anew.",
            "用备份替换数据库（SQLite 或 PostgreSQL 均可，与备份来源无关）。请先停止服务器。\n"
            "比备份知道得更多的客户端会重新读取。",
        ),
    )
    _argument(
        command,
        "file",
        type=_path,
        metavar=say("FILE", "文件"),
        help=say("what teahouse backup wrote", "teahouse backup 写的文件"),
    )
    command.add_argument(
        "--replace",
        action="store_true",
        help=say(
            "in the place of a site that is there; an SQLite file is kept in backups/",
            "替换已有的站点；SQLite 文件会保存到 backups/",
        ),
    )
    _places(command)
    return command


def _move(commands: Any) -> Parser:
    command: Parser = commands.add_parser(
        "move",
        help=say("copy the site from SQLite to PostgreSQL", "把站点从 SQLite 迁移到 PostgreSQL"),
        description=say(
            "Copies everything from the SQLite database into PostgreSQL, reads it back and compares. Stop the server\n"
            "first. The SQLite file stays as it is.",
            "把 SQLite 数据库中的一切复制到 PostgreSQL，再读回比较。请先停止服务器。SQLite 文件保持不变。",
        ),
        epilog=say("example:", "例子：")
        + "\n  teahouse move postgres://teahouse:PASSWORD@127.0.0.1/teahouse",
    )
    _argument(
        command,
        "url",
        type=_form(forms.database_url),
        metavar="URL",
        help=say("of the PostgreSQL database", "PostgreSQL 数据库的地址"),
    )
    command.add_argument(
        "--replace",
        action="store_true",
        help=say("in the place of a site that is there", "替换那里已有的站点"),
    )
    _places(command)
    return command


def _audit(commands: Any) -> Parser:
    command: Parser = commands.add_parser(
        "audit",
        help=say("look whether everything stored fits together", "检查存储的一切是否一致"),
        description=say(
            "Looks at every room, message and event; the server may run meanwhile. The exit status is 0 if everything\n"
            "fits together, 1 if not.",
            "检查每个房间、消息和事件，服务器可照常运行。一切一致时退出状态为 0，否则为 1。",
        ),
    )
    _places(command)
    return command


def _argument(command: Parser, name: str, **more: Any) -> None:
    """What stands behind the command without a name of its own."""
    command.add_argument_group(say("arguments", "参数")).add_argument(name, **more)


def _path(text: str) -> Path:
    return forms.path(text)


def _places(command: argparse.ArgumentParser) -> None:
    folder = environ.default_data(os.environ)
    command.add_argument(
        "--data",
        type=absolute,
        metavar=say("FOLDER", "文件夹"),
        help=say(
            f"folder of database, secret key and backups ({folder})",
            f"数据库、密钥和备份所在文件夹（{folder}）",
        ),
    )
    command.add_argument(
        "--config",
        type=absolute,
        metavar=say("FILE", "文件"),
        help=say("file with settings, NAME=value a line", "设置文件，每行 NAME=value"),
    )


def _form(parse: Callable[[str], Any]) -> Callable[[str], str]:
    """An argparse type that checks as the setting of the same name is checked, and passes the text on."""

    def check(text: str) -> str:
        try:
            parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r}: {error}") from None
        return text

    return check


def absolute(text: str) -> str:
    return str(forms.path(text))


def _settings_help() -> str:
    head = say(
        "settings, from the environment, from --config FILE or from FOLDER/teahouse.env (what each does, with its\n"
        "default: docs/settings.md); NAME_FILE names a file that holds the value:",
        "设置来自环境变量、--config 文件或 数据文件夹/teahouse.env（详见 docs/settings.md）；\n"
        "NAME_FILE 可指定存放值的文件：",
    )
    lines = [
        f"  {field.alias!s:<30} {SETTINGS_IN_CHINESE[str(field.alias)] if in_chinese() else field.description}"
        for field in environ.Environment.model_fields.values()
    ]
    example = "  TEAHOUSE_URL=https://chat.example.org TEAHOUSE_PROXIES=127.0.0.1 teahouse serve"
    return "\n".join([head, *lines, "", say("example:", "例子："), example])
