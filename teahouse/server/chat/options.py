"""What may be typed after `teahouse chat`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final, NamedTuple

from teahouse.client.address import endpoint
from teahouse.server.usage import Parser
from teahouse.server.words import say

TOKEN: Final = "TEAHOUSE_TOKEN"


class Given(NamedTuple):
    """What was typed."""

    url: str
    room: str | None
    token: str | None
    name: str | None
    follow: bool


def parse(arguments: Sequence[str]) -> Given:
    """Exits with 2 and the right use where it is not right."""
    parser = _parser()
    found, rest = parser.parse_known_args(arguments)
    if rest:
        parser.unknown(rest)
    try:
        endpoint(found.url)
    except ValueError as error:
        parser.error(say(str(error), f"{found.url!r} 不是聊天地址；它形如 https://chat.example.org/"))
    token = found.token or (None if found.name else os.environ.get(TOKEN))
    return Given(found.url, found.room, token or None, found.name, found.follow)


def _parser() -> Parser:
    parser = Parser(
        prog="teahouse chat",
        description=say(
            "A chat in the terminal. /help says what can be typed there. Without --name or --token you are asked for\n"
            "a name, once, and are the same guest each time. Tokens are made in the chat: Account, Apps.\n"
            "Where input or output is no terminal, each line of the input is said, and what others say is printed.",
            "终端里的聊天，输入 /help 查看命令。没有 --name 或 --token 时会问一次名字，以后每次都是同一访客。\n"
            "令牌在聊天的“账户 → 应用”中创建。若输入或输出不是终端：说出输入的每一行，并打印别人说的话。",
        ),
        epilog=_examples(),
    )
    arguments = parser.add_argument_group(say("arguments", "参数"))
    arguments.add_argument(
        "url",
        metavar="URL",
        help=say("address of the chat, or of a room in it", "聊天的地址，或其中房间的地址"),
    )
    parser.add_argument(
        "--room",
        metavar=say("ROOM", "房间"),
        help=say("the room to begin in (main)", "从哪个房间开始（main）"),
    )
    parser.add_argument(
        "--name",
        metavar=say("NAME", "名字"),
        help=say("be a guest with this name, the same one each time", "以此名字作为访客，每次是同一人"),
    )
    parser.add_argument(
        "--token",
        metavar=say("TOKEN", "令牌"),
        help=say(
            f"be who this token belongs to; better in {TOKEN}, which `ps` does not show",
            f"作为此令牌的主人；放在 {TOKEN} 中更好，`ps` 看不到",
        ),
    )
    parser.add_argument(
        "--follow",
        action="store_true",
        help=say(
            "without a terminal: go on printing after the end of the input", "非终端时：输入结束后继续打印"
        ),
    )
    return parser


def _examples() -> str:
    return "\n".join(
        [
            say("examples:", "例子："),
            f"  teahouse chat https://chat.example.org/ --name {say('Mei', '梅')}",
            "  echo 'Backup done.' | TEAHOUSE_TOKEN=tok_… teahouse chat chat.example.org --room ops",
            "  teahouse chat chat.example.org --follow </dev/null | grep --line-buffered alarm",
        ]
    )
