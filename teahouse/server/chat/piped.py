"""The chat without a terminal: each line of the input is said, and what others say is printed."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator
from concurrent.futures import CancelledError
from typing import Final

from teahouse.client import Client, Room
from teahouse.server.chat.text import clean

CHUNKS: Final = 4
"""So much of the input is read before what stands there was said."""


async def run(chat: Client, name: str, *, follow: bool) -> int:
    """Until the end of the input, or with `follow` of the session; the exit status."""
    room = await chat.room(name)
    printing = asyncio.create_task(_print(chat, room))
    speaking = asyncio.create_task(_speak(room))
    await asyncio.wait([printing, speaking], return_when=asyncio.FIRST_COMPLETED)
    if printing.done():
        speaking.cancel()
        printing.result()  # Raises: the session or the room has ended.
    speaking.result()
    if follow:
        await printing
    printing.cancel()
    return 0


async def _speak(room: Room) -> None:
    async for line in _lines():
        if line.strip():
            await room.send(line)


async def _print(chat: Client, room: Room) -> None:
    async for message in room.messages():
        if message["by"]["id"] != chat.you["id"]:
            text = clean(message["text"]).replace("\n", "\n    ")
            print(f"{clean(message['by']['name'])}: {text}", flush=True)


async def _lines() -> AsyncIterator[str]:
    """Of standard input, whatever it is: a pipe, a file, a terminal."""
    loop = asyncio.get_running_loop()
    chunks: asyncio.Queue[bytes] = asyncio.Queue(CHUNKS)

    def read() -> None:
        # A thread that nobody waits for, and none of Python's own buffers: one that blocks in a read would hold up the
        # end of the program, the other's lock would break it.
        chunk = b"-"
        while chunk:
            chunk = os.read(sys.stdin.fileno(), 65_536)
            try:
                asyncio.run_coroutine_threadsafe(chunks.put(chunk), loop).result()
            except (RuntimeError, CancelledError):
                return  # The program ends.

    threading.Thread(target=read, name="stdin", daemon=True).start()
    rest = b""
    while chunk := await chunks.get():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.decode(errors="replace")
    if rest:
        yield rest.decode(errors="replace")
