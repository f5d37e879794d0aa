"""An ASGI application without Django for the tests of outlets: an echo, a room of outlets, and its control.

/refuse     closes before it accepts
/echo       what another application on the same server does: receive() and send(), no outlet
/late       an echo that accepts when it is told to
/room       a reader with an outlet; its query: name, limit, close_timeout, compressed. What it says is echoed to it
/control    one JSON command a message, one answer each; see `control`
"""

import asyncio
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from teahouse.live.outlet import Outlet, outlet_for
from teahouse.live.pings import PingWheel
from teahouse.live.sendqueue import Block

Message = dict[str, Any]


class Reader:
    """One connection to /room, and what became of it."""

    def __init__(self) -> None:
        self.outlet: Outlet
        self.slow = 0
        self.gone = asyncio.Event()
        self.received: list[Any] = []
        self.end: Message | None = None
        self.returned = False
        self.awake = True

    def state(self) -> Message:
        return {
            "kind": type(self.outlet).__name__,
            "closed": self.outlet.closed,
            "waiting": self.outlet.waiting,
            "slow": self.slow,
            "gone": self.gone.is_set(),
            "received": len(self.received),
            "end": self.end,
            "returned": self.returned,
        }


CLOSE_TIMEOUT = 60
"""Seconds: whoever means to answer a close has answered by then, on any machine."""

readers: dict[str, Reader] = {}
latecomers: list[asyncio.Event] = []
wheel = PingWheel(float(os.environ.get("PING", "3600")), slices=10)


async def app(scope: Message, receive: Any, send: Any) -> None:
    assert scope["type"] == "websocket"
    assert (await receive())["type"] == "websocket.connect"
    if scope["path"] == "/refuse":
        await send({"type": "websocket.close"})
        return
    if scope["path"] == "/late":
        latecomers.append(asyncio.Event())
        await latecomers[-1].wait()
    await send({"type": "websocket.accept"})
    wheel.start()
    serve = {"/echo": echo, "/late": echo, "/room": room, "/control": control}[scope["path"]]
    await serve(scope, receive, send)


async def echo(scope: Message, receive: Any, send: Any) -> None:
    while (message := await receive())["type"] == "websocket.receive":
        if message.get("text") == "close":
            await send({"type": "websocket.close", "code": 4321, "reason": "asked for"})
        elif message.get("text") == "raise":
            raise ValueError("asked for")
        elif message.get("text") != "return":
            await send(message | {"type": "websocket.send"})
        else:
            return


async def room(scope: Message, receive: Any, send: Any) -> None:
    query = dict(parse_qsl(scope["query_string"].decode()))
    reader = readers[query["name"]] = Reader()

    def on_slow() -> None:
        reader.slow += 1

    reader.outlet = outlet_for(
        scope,
        send,
        limit=int(query.get("limit", 1_000_000)),
        on_slow=on_slow,
        on_gone=reader.gone.set,
        close_timeout=float(query.get("close_timeout", CLOSE_TIMEOUT)),
        compressed=query.get("compressed") == "True",
    )
    wheel.add(reader.outlet)
    try:
        await listen(reader, receive, send)
    finally:
        reader.returned = True


async def listen(reader: Reader, receive: Any, send: Any) -> None:
    """Receive until the end, or until the server takes nothing more."""
    gone = asyncio.ensure_future(reader.gone.wait())
    while True:
        message = asyncio.ensure_future(receive())
        await asyncio.wait({message, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not message.done():
            message.cancel()
            return
        if message.result()["type"] == "websocket.disconnect":
            reader.end = message.result()
            gone.cancel()
            return
        await hear(reader, message.result(), send)


async def hear(reader: Reader, message: Message, send: Any) -> None:
    text = message.get("text")
    reader.received.append(text if text is not None else message["bytes"])
    if text == "raise":
        raise ValueError("asked for")
    if text == "send":  # What a session never does: both ways of writing on one connection.
        await send({"type": "websocket.send", "text": "sent"})
    elif text == "send close":
        reader.outlet.close(4000, "the outlet was first")
        await send({"type": "websocket.close", "code": 4321})
    elif text == "close by send":
        await send({"type": "websocket.close", "code": 4321})
        reader.outlet.put(Block(["after the close"]))
        reader.outlet.close(4000, "too late")
    elif text == "sleep":
        await sleep(reader)
    elif text is not None:
        reader.outlet.put(Block([text]))


async def sleep(reader: Reader) -> None:
    """Receive nothing until "wake_up" comes or the outlet is closed."""
    reader.awake = False
    while not (reader.awake or reader.outlet.closed):  # noqa: ASYNC110 - an outlet tells nobody of its end
        await asyncio.sleep(0.02)


async def control(scope: Message, receive: Any, send: Any) -> None:
    """{"do": NAME, ...} → the answer of the function of that name."""
    while (message := await receive())["type"] == "websocket.receive":
        arguments = json.loads(message["text"])
        answer = COMMANDS[arguments.pop("do")](**arguments)
        await send({"type": "websocket.send", "text": json.dumps(answer)})


def put(texts: list[str], names: list[str] | None = None, times: int = 1) -> None:
    """The same blocks for all readers, or those named: `times` blocks, each of all the texts."""
    for _ in range(times):
        block = Block(texts)
        for name in names or readers:
            readers[name].outlet.put(block)


def put_each(texts: list[str]) -> None:
    """A block for each text, for all readers."""
    for text in texts:
        put([text])


def babble(name: str) -> None:
    """From now on put and ping all the time, whatever becomes of the connection."""
    babbling.append(asyncio.ensure_future(keep_babbling(readers[name].outlet)))


babbling: list[asyncio.Future[None]] = []


async def keep_babbling(outlet: Outlet) -> None:
    block = Block(["babble"])
    for _ in range(5000):
        outlet.put(block)
        outlet.ping()
        await asyncio.sleep(0.001)


def close(name: str, code: int, reason: str = "") -> None:
    readers[name].outlet.close(code, reason)


def abort(name: str) -> None:
    readers[name].outlet.abort()


def put_close_put(name: str) -> None:
    """All in one go, the peer not having read anything in between."""
    outlet = readers[name].outlet
    outlet.put(Block(["before"]))
    outlet.close(4000, "done")
    outlet.put(Block(["after"]))
    outlet.close(4001, "again")


def state() -> Message:
    return {name: reader.state() for name, reader in readers.items()} | {"wheel": len(wheel)}


def received(name: str) -> list[Any]:
    return readers[name].received


def memory() -> int:
    """Bytes of this process that are in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def block(seconds: float) -> None:
    """Hold the whole loop up."""
    time.sleep(seconds)


def late() -> int:
    """How many have come to /late."""
    return len(latecomers)


def let_in() -> None:
    for one in latecomers:
        one.set()


def wake_up() -> None:
    """For those who fell asleep with "sleep"."""
    for reader in readers.values():
        reader.awake = True


COMMANDS: dict[str, Callable[..., Any]] = {
    "put": put,
    "put_each": put_each,
    "babble": babble,
    "close": close,
    "abort": abort,
    "put_close_put": put_close_put,
    "state": state,
    "received": received,
    "memory": memory,
    "block": block,
    "late": late,
    "let_in": let_in,
    "wake_up": wake_up,
}
