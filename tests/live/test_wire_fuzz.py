"""Whatever bytes come: each connection gets whole frames and a documented close, and its neighbour notices nothing."""

from __future__ import annotations

import contextlib
import json
import random
import socket
import struct
from pathlib import Path
from typing import Final

from tests.clients import Client
from tests.live.rawsocket import BINARY, CLOSE, PING, PONG, TEXT, RawSocket, frame
from tests.server.conftest import until
from tests.servers import Teahouse

CONNECTIONS: Final = 400
CODES: Final = {1000, 1002, 1003, 1007, 1009, 4000, 4001}
ECHOED: Final = {1005, 3000, 4999}
"""What the client itself closed with comes back (RFC 6455, 5.5.1); 1005 stands for none."""
COMMANDS: Final = (
    {"id": 1, "do": "hello", "v": 1, "name": "fuzz"},
    {"id": 2, "do": "subscribe", "room": "main"},
    {"id": 3, "do": "send", "room": "main", "key": "k", "text": "**fuzz** 茶"},
    {"id": 4, "do": "history", "room": "main", "before": 3},
    {"id": 5, "do": "ping"},
)


def frames(chance: random.Random) -> bytes:
    """Some frames of a client, most of them wrong somewhere."""
    return b"".join(_frame(chance) for _ in range(chance.randint(1, 8)))


def _frame(chance: random.Random) -> bytes:
    payload = _payload(chance)
    opcode = chance.choice([TEXT] * 8 + [BINARY, CLOSE, PING, PONG, 0, 3, 7, 11, 15])
    length = chance.choice([None] * 9 + [0, 1, 125, 126, 65_535, 65_536, 1 << 40, (1 << 64) - 1])
    made = frame(
        payload,
        opcode,
        fin=chance.random() < 0.85,
        masked=chance.random() < 0.93,
        rsv=chance.choice([0] * 12 + [1, 2, 4, 7]),
        length=length,
    )
    if chance.random() < 0.1:  # A bit that toppled on the way.
        at = chance.randrange(len(made))
        made = made[:at] + bytes([made[at] ^ 1 << chance.randrange(8)]) + made[at + 1 :]
    return made[: chance.randrange(len(made)) + 1] if chance.random() < 0.1 else made


def _payload(chance: random.Random) -> bytes:
    kind = chance.randrange(6)
    if kind <= 2:
        return json.dumps(chance.choice(COMMANDS), ensure_ascii=False).encode()
    if kind == 3:
        whole = json.dumps(chance.choice(COMMANDS)).encode()
        return whole[: chance.randrange(len(whole))]
    if kind == 4:
        return struct.pack("!H", chance.choice([0, 999, 1000, 1005, 1006, 3000, 4999, 65535])) + b"bye\xff"
    return chance.randbytes(chance.choice([0, 1, 2, 125, 126, 200, 70_000]))


def open_files(server: Teahouse) -> int:
    return sum(1 for _ in Path(f"/proc/{server.pid}/fd").iterdir())


def end_of(raw: RawSocket) -> int | None:
    """Reads to the end; the code of the close frame, None where the connection just ended.

    Raises:
        AssertionError: a frame of the server's is no frame.
        TimeoutError: it hangs.
    """
    with contextlib.suppress(OSError):
        raw.socket.shutdown(socket.SHUT_WR)
    code = None
    try:
        while True:
            opcode, payload = raw.read()
            assert opcode in (TEXT, CLOSE, PING, PONG)
            if opcode == TEXT:
                json.loads(payload)
            if opcode == CLOSE:
                code = int.from_bytes(payload[:2], "big") if payload else 1005
    except (EOFError, ConnectionError):
        return code


def test_whatever_bytes_come(server: Teahouse) -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    chance = random.Random(seed)
    codes: set[int | None] = set()
    with Client(server.url, "Neighbour") as neighbour:
        neighbour.ok(do="subscribe", room="main")
        before = open_files(server)
        number = 0
        # And on until they were wrong in many ways.
        while number < CONNECTIONS or not codes >= {1002, 1007, None}:
            with RawSocket(server.port, "/ws/") as raw:
                with contextlib.suppress(ConnectionError):
                    raw.write(frames(chance))
                code = end_of(raw)
            assert code is None or code in CODES | ECHOED, f"seed {seed}, connection {number}: {code}"
            codes.add(code)
            number += 1
            if number % 50 == 0:
                said = f"still here {number}"
                neighbour.say("main", said)
                neighbour.event(text=said)
        neighbour.ok(do="ping")
        # Who was told to close has a while for it.
        until(lambda: open_files(server) <= before + 5, "rid of their sockets")
    assert "Traceback" not in server.output()
