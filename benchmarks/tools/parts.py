"""What a message and a delivery cannot do without, each alone: storing, rendering, encoding, one system call.

    python -m benchmarks.tools.parts --database FILE --batch 12 --size 319 --together 10 [--texts FILE]

Prints JSON, microseconds for one message each. Runs on the server's core, on the same disk, with nothing round the
parts: no loop, no rights, no locks. What a server needs beyond their sum is what it adds by itself.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import select
import socket
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.tools.texts import read
from teahouse.events import MessageState, Who, message_event, timestamp
from teahouse.render import Renderer

MESSAGE_ROW: Final = (
    "INSERT INTO teahouse_message (id, room_id, person_id, key, digest, seq, rev, at, text, html, renderer)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
EVENT_ROW: Final = (
    "INSERT INTO teahouse_event (room_id, seq, kind, subject, detail, by_id, at) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
SAMPLES: Final = 5
SECONDS: Final = 0.25
READERS: Final = 100


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tools.parts")
    parser.add_argument("--database", type=Path, required=True, help="an SQLite file with the tables")
    parser.add_argument("--batch", type=int, default=1, help="messages in one transaction")
    parser.add_argument("--size", type=int, default=320, help="bytes of one write")
    parser.add_argument("--together", type=int, default=1, help="messages that may leave in one write")
    parser.add_argument("--text-size", type=int, default=64, help="characters of a text, without --texts")
    parser.add_argument("--texts", type=Path, help="what is said, as for the load generator")
    parser.add_argument("--reader-core", type=int, default=1)
    options = parser.parse_args()
    texts = read(options.texts) if options.texts else ["x" * options.text_size]
    found = {
        "store": storing(options.database, options.batch, texts),
        "render": rendering(texts),
        "encode": encoding(texts),
        "write": writing(options.size, options.reader_core),
        "write_together": writing(options.size * options.together, options.reader_core) / options.together,
    }
    print(json.dumps(found))
    return 0


def rendering(texts: Sequence[str]) -> float:
    """The call that the chat makes for each text; the worker process, where a text goes there, is waited for."""
    renderer = Renderer()
    return microseconds(lambda: [renderer.render_sync(text) for text in texts], len(texts))


def encoding(texts: Sequence[str]) -> float:
    """From the facts of a message to the bytes that every reader gets."""
    by: Who = {"id": 1, "name": "load 1", "kind": "guest"}
    at = timestamp(datetime.now(UTC))
    states: list[MessageState] = [
        {"id": seq, "key": f"1-{seq}", "seq": seq, "at": at, "by": by, "text": text}
        for seq, text in enumerate(texts, start=1)
    ]

    def encode() -> None:
        for state in states:
            message_event(1, "room", state["seq"], at, by, "message", state).wire.encode()

    return microseconds(encode, len(states))


def storing(database: Path, batch: int, texts: Sequence[str]) -> float:
    """A message's row and its event's, in transactions as large as were seen, WAL, `synchronous=FULL`."""
    with (
        tempfile.TemporaryDirectory(dir=database.parent, prefix="parts-") as folder,
        contextlib.closing(sqlite3.connect(Path(folder, "db"), isolation_level=None)) as connection,
    ):
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        for statement in tables(database):
            connection.execute(statement)
        numbers = iter(range(1, sys.maxsize))

        def store() -> None:
            at = datetime.now(UTC).isoformat(sep=" ")
            taken = [next(numbers) for _ in range(batch)]
            said = [(n, 1, n % 200 + 1, f"{n % 200:x}-{n}", n, n, n, at, texts[n % len(texts)], None, 0)
                    for n in taken]  # fmt: skip
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(MESSAGE_ROW, said)
            connection.executemany(EVENT_ROW, [(1, n, "message", n, "", n % 200 + 1, at) for n in taken])
            connection.execute("COMMIT")

        return microseconds(store, batch)


def tables(database: Path) -> list[str]:
    """The two tables with their indexes, as the server made them."""
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        rows = connection.execute(
            "SELECT sql FROM sqlite_master WHERE tbl_name IN ('teahouse_message', 'teahouse_event')"
            " AND sql IS NOT NULL ORDER BY type DESC"
        )
        return [row[0] for row in rows]


def writing(size: int, reader_core: int) -> float:
    """One `send()` to a TCP socket of this machine, whose reader is on the other core: processor time, no waiting."""
    payload = b"x" * size
    with readers(reader_core) as writers:

        def write() -> None:
            for writer in writers:
                writer.sendall(payload)

        return microseconds(write, len(writers), clock=time.process_time)


@contextlib.contextmanager
def readers(core: int) -> Iterator[list[socket.socket]]:
    """Connections to a process on `core` that reads all that comes."""
    with socket.create_server(("127.0.0.1", 0), backlog=READERS) as server:
        child = os.fork()
        if child == 0:
            try:
                os.sched_setaffinity(0, {core})
                _read_all([server.accept()[0] for _ in range(READERS)])
            finally:
                os._exit(0)
        writers = [socket.create_connection(server.getsockname()) for _ in range(READERS)]
    for writer in writers:
        writer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        yield writers
    finally:
        for writer in writers:
            writer.close()
        os.waitpid(child, 0)


def _read_all(connections: list[socket.socket]) -> None:
    space = bytearray(256 * 1024)
    open_ = {connection.fileno(): connection for connection in connections}
    with select.epoll() as poller:
        for number in open_:
            poller.register(number, select.EPOLLIN)
        while open_:
            for number, _ in poller.poll():
                if not open_[number].recv_into(space):
                    poller.unregister(number)
                    open_.pop(number).close()


def microseconds(
    work: Callable[[], object], count: int, clock: Callable[[], float] = time.perf_counter
) -> float:
    """Of one of `count` things that `work` does: the median of a few samples."""
    work()
    samples = []
    for _ in range(SAMPLES):
        began, done = clock(), 0
        while clock() - began < SECONDS:
            work()
            done += count
        samples.append((clock() - began) / done * 1e6)
    return median(samples)


if __name__ == "__main__":
    sys.exit(main())
