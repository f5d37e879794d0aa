"""Plays real conversations: every nick a connection, many times real speed, to JSON and plain readers, and checks.

    bin/bench replay FOLDER [--url http://127.0.0.1:8000] [--speed 100] [--kill 2]

At the end every JSON reader has to hold the same sequence, equal to the journal. Exits with 1 if anything that was
acknowledged was lost, repeated or out of order. Without `--url` it starts a server of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.tools.irc import conversation

LOST_CONNECTION = (ConnectionClosed, InvalidHandshake, OSError, TimeoutError)
PATIENCE = 60.0


@dataclass
class Tally:
    """What is counted over all rooms."""

    sent: int = 0
    acknowledged: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    deliveries: int = 0
    lost: int = 0
    repeated: int = 0
    disordered: int = 0
    reconnects: int = 0

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.repeated or self.disordered)


class JsonClient:
    """A connection of the JSON protocol that comes back by itself, with the guest's ticket."""

    def __init__(self, url: str, name: str, tally: Tally) -> None:
        self._url = url.replace("http", "ws", 1) + "/ws/"
        self._name = name
        self._tally = tally
        self._ticket: str | None = None
        self._ids = itertools.count(1)
        self._came_before = False

    async def connections(self) -> AsyncIterator[ClientConnection]:
        """A new connection, said hello on, each time that the body loses the one before."""
        wait = 0.05
        while True:
            try:
                async with connect(
                    self._url, max_size=None, open_timeout=PATIENCE, compression=None
                ) as socket:
                    who: dict[str, Any] = {"token": self._ticket} if self._ticket else {"name": self._name}
                    answer = await self.ask(socket, {"do": "hello", "v": 1, **who}, lambda frame: None)
                    self._ticket = answer["ok"]["ticket"]
                    self._tally.reconnects += self._came_before
                    self._came_before = True
                    wait = 0.05
                    yield socket
            except LOST_CONNECTION:
                pass
            await asyncio.sleep(wait)
            wait = min(1.0, wait * 2)

    def next_id(self) -> int:
        return next(self._ids)

    async def ask(
        self, socket: ClientConnection, command: dict[str, Any], other: Callable[[dict[str, Any]], None]
    ) -> dict[str, Any]:
        """Sends a command and gives its reply; what else comes before goes to `other`."""
        number = self.next_id()
        await socket.send(json.dumps({"id": number, **command}, ensure_ascii=False))
        while True:
            frame: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), PATIENCE))
            if frame.get("re") == number:
                return frame
            other(frame)


class Talker(JsonClient):
    """One nick: says its lines when their time has come, each until it is acknowledged or refused."""

    def __init__(self, url: str, room: str, nick: str, tally: Tally) -> None:
        super().__init__(url, guest_name(nick), tally)
        self._room = room
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self.acknowledged: dict[int, str] = {}

    def say(self, text: str | None) -> None:
        """Queues a line; None ends the talker."""
        self._lines.put_nowait(text)

    async def run(self) -> None:
        line: tuple[str, str] | None = None
        async for connection in self.connections():
            while True:
                if line is None:
                    text = await self._lines.get()
                    if text is None:
                        return
                    line = (secrets.token_hex(8), text)
                    self._tally.sent += 1
                # A repeat has its first key: stored once, whatever the connection died of.
                command = {"do": "send", "room": self._room, "key": line[0], "text": line[1]}
                try:
                    reply = await self.ask(connection, command, lambda frame: None)
                except LOST_CONNECTION:
                    break
                if "ok" in reply:
                    self.acknowledged[reply["ok"]["seq"]] = line[1]
                    self._tally.acknowledged += 1
                elif reply["error"]["retry"]:
                    await asyncio.sleep(reply["error"].get("after", 0.2))
                    continue
                else:
                    self._tally.refused[reply["error"]["code"]] += 1
                line = None


class JsonReader(JsonClient):
    """Reads a room from its first event on, resumes where it was, and checks every number."""

    def __init__(self, url: str, room: str, tally: Tally) -> None:
        super().__init__(url, "reader", tally)
        self._room = room
        self.texts: dict[int, str] = {}
        self.position: dict[str, Any] | None = None
        self.ready = asyncio.Event()
        self._moved = asyncio.Event()

    def _take(self, frame: dict[str, Any]) -> None:
        if "event" not in frame or frame["room"] != self._room or self.position is None:
            return
        seq, last = frame["seq"], self.position["seq"]
        self._tally.deliveries += 1
        self._tally.repeated += seq <= last
        self._tally.disordered += seq > last + 1
        self.position["seq"] = max(seq, last)
        if frame["event"] == "message":
            self.texts[seq] = frame["message"]["text"]
        self._moved.set()

    async def run(self) -> None:
        async for connection in self.connections():
            with contextlib.suppress(*LOST_CONNECTION):
                await self._subscribe(connection)
                self.ready.set()
                async for text in connection:
                    self._take(json.loads(text))

    async def _subscribe(self, connection: ClientConnection) -> None:
        more = True
        while more:
            command: dict[str, Any] = {"do": "subscribe", "room": self._room, "make": True}
            if self.position is not None:
                command["since"] = self.position
            answer = (await self.ask(connection, command, self._take))["ok"]
            if answer.get("reset") or self.position is None:
                self._tally.lost += bool(answer.get("reset"))
                self.position = answer["position"]
            for event in answer["events"]:
                self._take(event)
            more = answer["more"]

    async def reached(self, seq: int) -> None:
        while self.position is None or self.position["seq"] < seq:
            self._moved.clear()
            await asyncio.wait_for(self._moved.wait(), PATIENCE)


class PlainReader:
    """Reads what the plain endpoint shows. It has no positions: what it misses while away is not counted."""

    def __init__(self, url: str, room: str, tally: Tally) -> None:
        self._url = url.replace("http", "ws", 1) + f"/wsmsg/{room}"
        self._tally = tally
        self.spells: list[list[str]] = []
        self.ready = asyncio.Event()

    async def run(self) -> None:
        while True:
            with contextlib.suppress(*LOST_CONNECTION):
                async with connect(
                    self._url, max_size=None, open_timeout=PATIENCE, compression=None
                ) as socket:
                    await socket.recv()  # "connected"
                    spell: list[str] = []
                    self.spells.append(spell)
                    self.ready.set()
                    async for text in socket:
                        spell.append(str(text))
                        self._tally.deliveries += 1
            await asyncio.sleep(0.1)

    def check(self, shown: list[str]) -> None:
        """Each spell is one stretch of what was said: the first from its beginning, the last up to its end."""
        for number, spell in enumerate(self.spells):
            first, last = number == 0, number == len(self.spells) - 1
            end = len(shown) - len(spell)
            if not spell and not (first and last):
                continue  # Away again, or back after the last word.
            starts = range(end if last else 0, (0 if first else end) + 1)
            if not any(shown[start : start + len(spell)] == spell for start in starts if start >= 0):
                stretch = shown if first and last else shown[-len(spell) :]
                missing = Counter(stretch) - Counter(spell) if last else Counter()
                self._tally.lost += missing.total()
                self._tally.disordered += not missing


def guest_name(nick: str) -> str:
    """A nick as a guest's name: without what a name may not have."""
    kept = "".join(c for c in nick if not unicodedata.category(c).startswith("C")).strip()
    return kept[:40] or "nobody"


class Room:
    """One conversation with its talkers and readers."""

    def __init__(self, url: str, path: Path, readers: int, tally: Tally, minutes: float | None) -> None:
        lines = conversation(path)
        self.lines = [line for line in lines if minutes is None or line.second <= minutes * 60]
        slug = re.sub(r"[^\w]+", "_", path.stem).lower() + "_" + secrets.token_hex(3)
        self.talkers = {line.nick: Talker(url, slug, line.nick, tally) for line in self.lines}
        self.json = [JsonReader(url, slug, tally) for _ in range(readers)]
        self.plain = [PlainReader(url, slug, tally) for _ in range(readers)]
        self._url, self._slug, self._tally = url, slug, tally

    async def play(self, speed: float) -> None:
        both: list[JsonReader | PlainReader] = [*self.json, *self.plain]
        readers = [asyncio.create_task(reader.run()) for reader in both]
        for reader in both:
            await asyncio.wait_for(reader.ready.wait(), PATIENCE)
        talkers = [asyncio.create_task(talker.run()) for talker in self.talkers.values()]
        begun = asyncio.get_running_loop().time()
        for line in self.lines:
            await asyncio.sleep(begun + line.second / speed - asyncio.get_running_loop().time())
            self.talkers[line.nick].say(line.text)
        for talker in self.talkers.values():
            talker.say(None)
        await asyncio.gather(*talkers)
        await self._check()
        for task in readers:
            task.cancel()
        await asyncio.gather(*readers, return_exceptions=True)

    async def _check(self) -> None:
        """Acknowledged, journal and readers have to be the same sequence."""
        acknowledged = {
            seq: text for talker in self.talkers.values() for seq, text in talker.acknowledged.items()
        }
        journal = await self._journal()
        said = {message["seq"]: message["text"] for message in journal}
        self._tally.lost += sum(said.get(seq) != text for seq, text in acknowledged.items())
        self._tally.repeated += len(said) - len(acknowledged)
        self._tally.disordered += list(said) != sorted(said)
        for reader in self.json:
            try:
                await reader.reached(max(said, default=0))
            except TimeoutError:
                print(f"A reader of {self._slug} got no further than {reader.position}", file=sys.stderr)
            self._tally.lost += sum(reader.texts.get(seq) != text for seq, text in said.items())
        shown = [label(message["by"]["name"]) + escape(message["text"]) for message in journal]
        for plain in self.plain:
            for _ in range(100):
                if plain.spells[-1][-1:] == shown[-1:]:
                    break
                await asyncio.sleep(0.1)
            plain.check(shown)

    async def _journal(self) -> list[dict[str, Any]]:
        client = JsonClient(self._url, "checker", self._tally)
        found: list[dict[str, Any]] = []
        async for connection in client.connections():
            with contextlib.suppress(*LOST_CONNECTION):
                while True:
                    after = found[-1]["seq"] if found else 0
                    command = {"do": "history", "room": self._slug, "after": after, "limit": 200}
                    page = (await client.ask(connection, command, lambda frame: None))["ok"]
                    found += page["messages"]
                    if not page["more"]["after"]:
                        return found
        raise AssertionError("connections() never ends")


def label(name: str) -> str:
    """What the plain protocol puts before a message (docs/protocol.md)."""
    return f'<span style="color:grey;width:100%;font-size:12px">{escape(name)}:</span><br>'


class Server:
    """A server of our own, in a temporary data folder, on a free port; killed and started again on demand."""

    def __init__(self, arguments: list[str]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="teahouse-replay-")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._command = [
            *(sys.executable, "-m", "teahouse", "serve", "--port", str(port)),
            *("--data", self._folder.name, *arguments),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        log = Path(self._folder.name, "replay.log").open("ab")  # noqa: ASYNC230, SIM115  The process keeps it.
        env = {**os.environ, "TEAHOUSE_LIMITS": "off"}
        self._process = subprocess.Popen(  # noqa: ASYNC220  Starting one takes a millisecond.
            self._command, stdout=log, stderr=log, env=env, start_new_session=True
        )
        for _ in range(600):
            with contextlib.suppress(*LOST_CONNECTION):
                async with connect(self.url.replace("http", "ws", 1) + "/ws/", open_timeout=1):
                    return
            if self._process.poll() is not None:
                break
            await asyncio.sleep(0.1)
        sys.exit("The server did not start:\n" + Path(log.name).read_text(encoding="utf-8"))  # noqa: ASYNC240

    def kill(self) -> None:
        """kill -9 of the server with all its workers."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def end(self) -> None:
        self.kill()
        self._folder.cleanup()


async def replay(options: argparse.Namespace) -> Tally:
    """Plays all conversations of the folder at once and gives what was counted."""
    tally = Tally()
    server = None if options.url else Server(options.serve)
    if server is not None:
        await server.start()
    url = options.url or server.url  # type: ignore[union-attr]
    rooms = [
        Room(url.rstrip("/"), path, options.readers, tally, options.minutes)
        for path in sorted(Path(options.folder).glob("*.txt"))  # noqa: ASYNC240
    ]
    if not rooms:
        sys.exit(
            f"No *.txt in {options.folder}: a file is a conversation of lines such as [10:00] <nick> text"
        )
    total = sum(len(room.lines) for room in rooms)
    length = max(room.lines[-1].second for room in rooms if room.lines) / options.speed
    people = sum(len(room.talkers) for room in rooms)
    print(
        f"{total} lines of {people} people in {len(rooms)} rooms, {length:.0f} s at {options.speed:g} x",
        flush=True,
    )
    tasks: list[Awaitable[None]] = [room.play(options.speed) for room in rooms]
    side = [asyncio.create_task(_progress(tally, total))]
    if options.kill:
        if server is None:
            sys.exit("--kill is for a server of our own: leave out --url")
        side.append(asyncio.create_task(_kill(server, tally, total, options.kill)))
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in side:
            task.cancel()
        await asyncio.gather(*side, return_exceptions=True)
        if server is not None:
            server.end()
    return tally


async def _progress(tally: Tally, total: int) -> None:
    while True:
        await asyncio.sleep(5)
        print(f"  {tally.acknowledged}/{total} acknowledged, {tally.deliveries} deliveries", flush=True)


async def _kill(server: Server, tally: Tally, total: int, times: int) -> None:
    """Kills the server when so much was acknowledged, evenly over the replay."""
    for number in range(1, times + 1):
        while tally.acknowledged < total * number / (times + 1):  # noqa: ASYNC110  A counter of many.
            await asyncio.sleep(0.05)
        server.kill()
        print(f"  kill -9 after {tally.acknowledged} acknowledged; starting again", flush=True)
        await server.start()


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/bench replay", description=__doc__.split("\n")[0])
    parser.add_argument("folder", help="folder with conversations, a *.txt each")
    parser.add_argument("--url", help="a server that runs, with TEAHOUSE_LIMITS=off (default: starts one)")
    parser.add_argument("--speed", type=float, default=100, help="times real speed (default 100)")
    parser.add_argument(
        "--readers", type=int, default=3, help="JSON and plain readers of each room (default 3 + 3)"
    )
    parser.add_argument("--minutes", type=float, help="only the first minutes of each conversation")
    parser.add_argument(
        "--kill", type=int, default=0, metavar="TIMES", help="kill -9 the server in the middle"
    )
    parser.epilog = "What follows -- goes to teahouse serve, such as: -- --workers 2"
    arguments = sys.argv[1:]
    border = arguments.index("--") if "--" in arguments else len(arguments)
    options = parser.parse_args(arguments[:border])
    options.serve = arguments[border + 1 :]
    begun = time.monotonic()
    # Ended from outside, the server of our own ends too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    tally = asyncio.run(replay(options))
    refused = sum(tally.refused.values())
    print(
        f"messages {tally.sent}, acknowledged {tally.acknowledged}, refused {refused} {dict(tally.refused)}, "
        f"deliveries {tally.deliveries}, reconnects {tally.reconnects}, {time.monotonic() - begun:.1f} s\n"
        f"lost {tally.lost}, repeated {tally.repeated}, disordered {tally.disordered}"
    )
    return 0 if tally.is_clean and tally.sent else 1


if __name__ == "__main__":
    sys.exit(main())
