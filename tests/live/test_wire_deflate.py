"""permessage-deflate on the wire: one compressed frame for all that agreed, and nobody's memory for a bomb."""

import os
import struct
import threading
import zlib
from collections.abc import Iterator
from importlib import metadata
from typing import Any

import pytest
from websockets.sync.client import connect

from teahouse.live.outlet import DeflatingOutlet, outlet_for
from teahouse.live.sendqueue import Block
from tests.clients import SECONDS
from tests.live.rawsocket import CLOSE, PING, TEXT, RawSocket, deflated, frame
from tests.live.wireserver import WireServer, uvicorn_server

OFFER = "permessage-deflate; client_max_window_bits"
CONT, RSV1 = 0x0, 4
LIMIT = 100_000
LONG = "The kettle is on, 茶. " * 20


@pytest.fixture(scope="module", params=["uvloop", "asyncio"])
def server(request: pytest.FixtureRequest) -> Iterator[WireServer]:
    options = ["--loop", request.param, "--ws-per-message-deflate", "true", "--ws-max-size", str(LIMIT)]
    with uvicorn_server(*options) as server:
        yield server
        assert "Traceback" not in server.process.output()


def room(server: WireServer, name: str, offer: str | None = OFFER, **query: Any) -> RawSocket:
    return server.room(name, offer=offer, compressed=True, **query)


# ---- what is agreed


def test_without_the_option_nothing_is_agreed() -> None:
    with uvicorn_server() as server, room(server, "hopeful") as client:
        assert client.agreed is None
        assert server.state("hopeful")["kind"] == "WireOutlet"


def test_neither_side_keeps_a_window(server: WireServer) -> None:
    with room(server, "browser") as client:
        assert client.agreed == "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
        assert server.state("browser")["kind"] == "DeflatingOutlet"


@pytest.mark.parametrize(
    ("offer", "compressed"),
    [
        (None, True),
        ("permessage-deflate; server_max_window_bits=10", True),
        ("x-unknown", True),
        (OFFER, False),
    ],
)
def test_who_cannot_share_or_should_not_reads_it_plain(
    server: WireServer, offer: str | None, compressed: bool
) -> None:
    name = f"{offer} {compressed}"
    with server.room(name, offer=offer, compressed=compressed) as client:
        assert server.state(name)["kind"] == "WireOutlet"
        server.do("put", texts=[LONG], names=[name])
        assert client.read_text() == LONG
        assert not client.was_deflated


# ---- what is sent


def test_readers_of_either_kind_get_the_same_texts(server: WireServer) -> None:
    texts = ["short", LONG, "x" * 70_000, "", LONG[::-1]]
    with room(server, "with") as one, room(server, "without", offer=None) as other:
        server.do("put", texts=texts, names=["with", "without"])
        seen = []
        for text in texts:
            assert one.read_text() == other.read_text() == text
            seen.append(one.was_deflated)
        assert seen == [False, True, True, False, True]


def test_the_same_bytes_go_to_all_that_agreed(server: WireServer) -> None:
    names = [f"sharing {number}" for number in range(5)]
    readers = [room(server, name) for name in names]
    server.do("put", texts=[LONG, LONG], names=names)
    for name in names:
        server.do("close", name=name, code=4200)
    found = set()
    for reader in readers:
        reader.answer_close(4200)
        found.add(reader.read_rest())
        reader.socket.close()
    [sent] = found
    assert sent[0] == 0xC1
    assert len(sent) < len(LONG.encode())


def test_a_library_reads_and_writes_it(server: WireServer) -> None:
    uri = f"ws://127.0.0.1:{server.port}/room?name=library&compressed=True"
    with connect(uri) as client:
        assert "no_context_takeover" in client.response.headers["Sec-WebSocket-Extensions"]  # type: ignore[union-attr]
        for text in ["one", LONG, LONG, "茶" * 20_000]:
            client.send(text)
            assert client.recv(timeout=SECONDS) == text


@pytest.mark.parametrize("size", [50_000, 60_000])
def test_the_limit_counts_what_is_sent_and_a_slow_reader_is_closed(server: WireServer, size: int) -> None:
    name = f"late {size}"
    with room(server, name, limit=500_000, receive_buffer=4096) as late:
        noise = os.urandom(size // 2).hex()
        server.do("put", texts=[noise], names=[name], times=600)
        texts, code, reason = late.read_until_close()
        assert (code, reason) == (4101, "too slow")
        assert set(texts) == {noise}
        # Hexadecimal digits shrink to little more than half.
        assert server.state(name)["slow"] == 1
        late.answer_close(4101)
        assert late.read_rest() == b""


def test_nothing_follows_a_close(server: WireServer) -> None:
    with room(server, "closing") as client:
        server.do("put", texts=[LONG], names=["closing"])
        server.do("put_close_put", name="closing")
        server.do("put", texts=[LONG], names=["closing"])
        assert client.read_until_close() == ([LONG, "before"], 4000, "done")
        client.answer_close(4000)
        assert client.read_rest() == b""


class OpenWire:
    """As much of a connection as an outlet needs."""

    deflates, choked, buffered, heard = True, False, 0, 0.0

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.transport = self

    def set_write_buffer_limits(self, high: int) -> None: ...

    def attach(self, outlet: object, close_timeout: float) -> bool:
        return True

    def write(self, data: bytes) -> None:
        self.written.append(data)


def test_a_thousand_readers_cost_one_compression(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    original = zlib.compressobj

    def counting(*args: Any, **options: Any) -> Any:
        made.append(args)
        return original(*args, **options)

    monkeypatch.setattr(zlib, "compressobj", counting)
    wires = [OpenWire() for _ in range(1000)]
    outlets = [
        outlet_for(
            {"extensions": {"teahouse.wire": wire}}, send, limit=1000, on_slow=lambda: None, compressed=True
        )
        for wire in wires
    ]
    assert {type(outlet) for outlet in outlets} == {DeflatingOutlet}

    block = Block([LONG, LONG, "short"])
    for outlet in outlets:
        outlet.put(block)

    assert len(made) == 2  # One for each text that is worth it.
    assert len({id(data) for wire in wires for data in wire.written}) == 1


async def send(message: object) -> None:
    raise AssertionError("an outlet on our wire does not send()")


# ---- what is received

GOOD = deflated(LONG.encode())
BOMB = deflated(b"x" * 10_000_000)
BOMB_CUT = [BOMB[start : start + 50] for start in range(0, len(BOMB), 50)]

BROKEN = {
    "a bomb": (frame(BOMB, rsv=RSV1), 1009),
    "one byte too many": (frame(deflated(b"x" * (LIMIT + 1)), rsv=RSV1), 1009),
    "a bomb in fragments": (
        frame(BOMB_CUT[0], fin=False, rsv=RSV1) + b"".join(frame(cut, CONT, fin=False) for cut in BOMB_CUT[1:]),
        1009,
    ),
    "one fragment too many": (
        frame(deflated(b"x" * LIMIT), fin=False, rsv=RSV1) + frame(deflated(b"xyz" * 100), CONT), 1009
    ),
    "nothing that can be inflated": (frame(b"\xff\xff\xff\xff", rsv=RSV1), 1002),
    "the bit on a ping": (frame(b"hi", PING, rsv=RSV1), 1002),
    "the bit on a close": (frame(struct.pack("!H", 1000), CLOSE, rsv=RSV1), 1002),
    "another bit": (frame(GOOD, rsv=RSV1 | 2), 1002),
    "no UTF-8": (frame(deflated(b"caf\xe9" * 100), rsv=RSV1), 1007),
}  # fmt: skip

if (
    metadata.version("websockets") >= "16.1"
):  # Older ones take no notice of it; what it says is read all the same.
    BROKEN["the bit on a continuation"] = (
        frame(GOOD[:5], fin=False, rsv=RSV1) + frame(GOOD[5:], CONT, rsv=RSV1),
        1002,
    )


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_frame_gets_its_code(server: WireServer, case: str) -> None:
    data, expected = BROKEN[case]
    before = server.do("memory")
    with room(server, case) as client:
        writing = threading.Thread(target=client.write, args=[frame(b"before") + data])
        writing.start()
        texts, code, _ = client.read_until_close()
        writing.join()
        assert code == expected
        assert texts in ([], ["before"])
        assert client.read_rest() == b""
    assert server.wait_for(case, lambda state: state["returned"])["end"]["code"] == expected
    assert server.do("memory") - before < 3_000_000


def test_whole_messages_are_read_however_they_are_cut(server: WireServer) -> None:
    with room(server, "cutter") as client:
        client.write(frame(GOOD, rsv=RSV1))
        assert client.read_text() == LONG
        client.write(frame(GOOD[:7], fin=False, rsv=RSV1) + frame(b"?", PING) + frame(GOOD[7:], CONT))
        assert client.read()[1] == b"?"
        assert client.read_text() == LONG
        client.write(frame(b"plain") + frame(deflated(b"x" * LIMIT), rsv=RSV1))
        assert client.read_text() == "plain"
        assert client.read_text() == "x" * LIMIT


def test_many_small_bombs_wait_for_the_application_within_bounds(server: WireServer) -> None:
    """Each is within the limit; 4 KB of them would be 3 MB."""
    with room(server, "sleeper") as client:
        client.send("sleep")
        server.wait_for("sleeper", lambda state: state["received"] == 1)
        client.socket.settimeout(1)
        before = server.do("memory")
        bombs = frame(deflated(b"x" * LIMIT), TEXT, rsv=RSV1) * 100
        with pytest.raises(TimeoutError):  # noqa: PT012 - which of the writes it is depends on the kernel
            for _ in range(10_000):
                client.write(bombs)
        assert server.do("memory") - before < 5_000_000
        server.do("wake_up")
        client.socket.settimeout(SECONDS)
        assert client.read_text() == "x" * LIMIT
