"""`teahouse chat URL`: a chat in the terminal, and without one what a script says and hears."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from teahouse.client import Client, ClientError, Refused
from teahouse.client.address import endpoint, room_of
from teahouse.server.chat import options, piped, remembered
from teahouse.server.chat.text import clean
from teahouse.server.words import Refused as Impossible
from teahouse.server.words import installed, program, say

MAIN = "main"
PATIENCE: Final = 2.0


def main(arguments: Sequence[str]) -> int:
    """The exit status.

    Raises:
        Impossible: the chat cannot be reached or lets one not in; or what the screen is drawn with is missing.
    """
    given = options.parse(arguments)
    on_screen = sys.stdin.isatty() and sys.stdout.isatty()
    if on_screen and not installed("prompt_toolkit"):
        raise Impossible(
            say(
                "The chat in the terminal is drawn by prompt-toolkit, which is not installed:\n"
                "  pip install 'teahouse[terminal]'\n"
                "Without it a script can use the command: it says the lines of its standard input.",
                "终端聊天需要 prompt-toolkit，尚未安装：\n  pip install 'teahouse[terminal]'\n"
                "没有它，脚本也可使用此命令：它会说出标准输入的每一行。",
            )
        )
    room = given.room or room_of(given.url) or MAIN
    try:
        return asyncio.run(_chat(given, room, on_screen))
    except ClientError as error:
        raise Impossible(clean(str(error))) from error


async def _chat(given: options.Given, room: str, on_screen: bool) -> int:
    async with _begun(await _signed_in(given), given.url) as chat:
        if not on_screen:
            return await piped.run(chat, room, follow=given.follow)
        from teahouse.server.chat.screen import Screen

        return await Screen(chat, room).run()


async def _signed_in(given: options.Given) -> Client:
    """A client of the person of the token, of the guest who was here before, or of a new one. Its session begins with
    `async with`, which is tried here once where a remembered ticket may not hold any more."""
    if given.token:
        return Client(given.url, token=given.token)
    tickets = remembered.Tickets()
    address = endpoint(given.url)
    known = tickets.get(address)
    if known is not None and given.name in (None, known.name):
        try:
            async with _begun(Client(given.url, ticket=known.ticket), given.url):
                return Client(given.url, ticket=known.ticket)
        except Refused as refused:
            if refused.code != "bad_token":
                raise
            tickets.forget(address)
    name = given.name or (known.name if known is not None else None) or _asked_name()
    async with _begun(Client(given.url, name=name), given.url) as guest:
        if guest.ticket is not None:
            tickets.keep(address, guest.you["name"], guest.ticket)
        return Client(given.url, ticket=guest.ticket)


@asynccontextmanager
async def _begun(client: Client, url: str) -> AsyncIterator[Client]:
    """Its session. Who waits for an answer is told what for: the client tries for a while."""
    address = endpoint(url)
    told = say(f"No answer from {address} yet, still trying …", f"{address} 尚无回应，仍在尝试 …")
    waiting = asyncio.get_running_loop().call_later(PATIENCE, _warn, told)
    async with AsyncExitStack() as stack:
        try:
            chat = await stack.enter_async_context(client)
        finally:
            waiting.cancel()
        yield chat


def _warn(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _asked_name() -> str:
    if sys.stdin.isatty():
        sys.stderr.write(say("Your name: ", "你的名字："))
        sys.stderr.flush()
        if name := sys.stdin.readline().strip():
            return name
    raise Impossible(
        say(
            f"Who speaks? {program()} chat URL --name NAME, as a guest; or --token TOKEN.",
            f"谁在说话？以访客身份：{program()} chat 地址 --name 名字；或 --token 令牌。",
        ),
        status=2,
    )
