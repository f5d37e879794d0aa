"""Nothing follows a close frame (RFC 6455, 5.5.1), however a connection ends, while the server goes on putting and
pinging: the bytes behind the frame are looked at."""

import contextlib
import os
import signal
import struct
import time
from collections.abc import Callable, Iterator

import pytest

from tests.live.rawsocket import CLOSE, PING, TEXT, RawSocket, frame
from tests.live.wireserver import WireServer, uvicorn_server

OFFER = "permessage-deflate"

# How long the socket is watched for what must not come: a hundred blocks and pings are tried meanwhile.
WATCHED = 0.1

# Not to be compressed to nothing.
NOISE = os.urandom(25_000).hex()

End = Callable[[WireServer, RawSocket, str], None]

ENDS: dict[str, tuple[End, int]] = {
    "the outlet closes": (lambda server, client, name: server.do("close", name=name, code=4200), 4200),
    "the application closes": (lambda server, client, name: client.send("close by send"), 4321),
    "the application fails": (lambda server, client, name: client.send("raise"), 1011),
    "the peer closes": (lambda server, client, name: client.answer_close(1000), 1000),
    "the peer closes amid a message": (
        lambda server, client, name: client.write(
            frame(b"half", fin=False) + frame(struct.pack("!H", 1000), CLOSE)
        ),
        1000,
    ),
    "the peer breaks the protocol": (
        lambda server, client, name: client.write(frame(b"hi", masked=False)), 1002
    ),
    "the peer sends no UTF-8": (lambda server, client, name: client.write(frame(b"caf\xe9")), 1007),
    "the peer sends too much": (lambda server, client, name: client.write(frame(b"x" * 100_001)), 1009),
    "the peer is too slow": (
        lambda server, client, name: server.do("put", texts=[NOISE], names=[name], times=600), 4101
    ),
    "the server stops": (lambda server, client, name: server.process.send_signal(signal.SIGTERM), 4201),
}  # fmt: skip


@pytest.fixture(params=["uvloop", "asyncio"])
def server(request: pytest.FixtureRequest) -> Iterator[WireServer]:
    with uvicorn_server("--loop", request.param, "--ws-per-message-deflate", "true") as server:
        yield server


@pytest.mark.parametrize("offer", [None, OFFER], ids=["plain", "compressed"])
@pytest.mark.parametrize("end", ENDS)
def test_nothing_follows_a_close(server: WireServer, end: str, offer: str | None) -> None:
    how, expected = ENDS[end]
    query = {"limit": 1_000_000, "compressed": offer is not None, "receive_buffer": 4096}
    with server.room("watched", offer=offer, **query) as client:
        server.do("babble", name="watched")
        assert [client.read() for _ in range(20)] == [(TEXT, b"babble"), (PING, b"")] * 10

        how(server, client, "watched")

        _, code, _ = client.read_until_close()
        assert code == expected
        with contextlib.suppress(ConnectionError):  # It may have ended already.
            client.write(frame(b"said after the close") + frame(b"?", PING))
        assert watched(client) == b""
        with contextlib.suppress(ConnectionError):
            client.answer_close(code)
        assert watched(client) == b""


def watched(client: RawSocket) -> bytes:
    """What comes in a time, the connection's end included, which is no bytes."""
    client.socket.settimeout(WATCHED)
    found = client.buffered
    begun = time.monotonic()
    with contextlib.suppress(TimeoutError, ConnectionResetError):
        while time.monotonic() - begun < WATCHED and (data := client.socket.recv(65536)):
            found += data
    return found
