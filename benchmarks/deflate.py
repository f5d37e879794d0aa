"""What compression saves and costs: bytes and the server's processor for each event, with readers of either kind.

    bin/bench deflate FOLDER [--readers 10 1000] [--events 2000] [--write]

FOLDER has conversations, a *.txt each, of lines such as [10:00] <nick> text. Each line becomes an event, in a block of
its own, for all readers on sockets of this machine. --write puts the table into docs/design/wire.md.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import selectors
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from benchmarks.field import processor
from benchmarks.peers import ROOT
from benchmarks.tools.irc import conversation
from benchmarks.tools.report import Section, machine, put
from teahouse.events import encode
from tests.live.rawsocket import RawSocket
from tests.live.wireserver import uvicorn_server, wait_for

OFFER: Final = "permessage-deflate; client_max_window_bits"
# Blocks put in one command of the control connection.
PORTION: Final = 50


def main() -> int:
    options = read_options()
    events = list(itertools.islice(events_of(Path(options.folder)), options.events))
    plain = sum(len(event.encode()) for event in events) / len(events)
    lines = [
        "| readers | | bytes of an event | µs of the processor for an event | for a delivery |",
        "|--:|---|--:|--:|--:|",
    ]
    for count in options.readers:
        for offer, name in ((None, "plain"), (OFFER, "compressed")):
            size, spent = measure(events, count, offer)
            cost = spent / len(events) * 1e6
            lines.append(f"| {count:,} | {name} | {size:.0f} | {cost:,.0f} | {cost / count:.2f} |")
            print(lines[-1], flush=True)
    body = "\n".join(
        [f"{machine()} {len(events):,} lines of real chat, {plain:.0f} bytes each as JSON; uvloop.\n", *lines]
    )
    if options.write:
        put(ROOT / "docs" / "design" / "wire.md", Section("deflate", body, {}))
    return 0


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bin/bench deflate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", help="folder with conversations")
    parser.add_argument("--readers", type=int, nargs="+", default=[10, 1000])
    parser.add_argument("--events", type=int, default=2000)
    parser.add_argument("--write", action="store_true", help="write docs/design/wire.md")
    return parser.parse_args()


def events_of(folder: Path) -> Iterator[str]:
    """Events as the journal makes them, of all the lines."""
    seq = itertools.count(1000)
    for path in sorted(folder.glob("*.txt")):
        people: dict[str, int] = {}
        for line, number in zip(conversation(path), seq, strict=False):
            by = {"id": people.setdefault(line.nick, len(people) + 7), "name": line.nick, "kind": "guest"}
            at = f"2026-11-22T10:{number // 60 % 60:02}:{number % 60:02}.{number % 1000:03}Z"
            message = {"id": 9000 + number, "key": f"01JDB{number:021}", "seq": number, "at": at, "by": by}
            message["text"] = line.text
            yield encode(
                {"event": "message", "room": path.stem, "seq": number, "at": at, "by": by, "message": message}
            )


def measure(events: Sequence[str], count: int, offer: str | None) -> tuple[float, float]:
    """Bytes of an event on the wire, and seconds of the server's processor for all of them."""
    with uvicorn_server("--ws-per-message-deflate", "true") as server, contextlib.ExitStack() as stack:
        readers = [
            stack.enter_context(
                RawSocket(server.port, f"/room?name={number}&compressed=True&limit=50000000", offer=offer)
            )
            for number in range(count)
        ]
        wait_for(lambda: len(server.do("state")) > count, "all are in the room")
        drain = stack.enter_context(draining(readers))
        server.do("put", texts=[events[0]])  # What the first one costs is not what is asked.
        wait_for(lambda: drain.rests, "all is read")
        before, taken = processor(server.process.pid), drain.taken
        for start in range(0, len(events), PORTION):
            server.do("put_each", texts=events[start : start + PORTION])
        wait_for(lambda: drain.rests, "all is read")
        spent = processor(server.process.pid) - before
        return (drain.taken - taken) / count / len(events), spent


class Drain:
    """Reads from all sockets and counts."""

    def __init__(self, readers: Sequence[RawSocket]) -> None:
        self.taken = 0
        self._last = time.monotonic()
        self._selector = selectors.DefaultSelector()
        self._over = threading.Event()
        for reader in readers:
            self._selector.register(reader.socket, selectors.EVENT_READ)

    @property
    def rests(self) -> bool:
        """Nothing came for a time."""
        return time.monotonic() - self._last > 0.3

    def run(self) -> None:
        while not self._over.is_set():
            for key, _ in self._selector.select(0.05):
                self.taken += len(key.fileobj.recv(1 << 18))  # type: ignore[union-attr]
                self._last = time.monotonic()

    def end(self) -> None:
        self._over.set()


@contextlib.contextmanager
def draining(readers: Sequence[RawSocket]) -> Iterator[Drain]:
    drain = Drain(readers)
    thread = threading.Thread(target=drain.run)
    thread.start()
    try:
        yield drain
    finally:
        drain.end()
        thread.join()


if __name__ == "__main__":
    sys.exit(main())
