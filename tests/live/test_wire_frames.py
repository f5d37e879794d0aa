"""What no client should send: each has its close code, and a healthy connection beside it notices nothing."""

import contextlib
import struct
import threading
from collections.abc import Iterator
from time import monotonic

import pytest

from tests.live.rawsocket import BINARY, CLOSE, PING, PONG, RawSocket, frame
from tests.live.wireserver import WireServer, uvicorn_server

CONT = 0x0
LIMIT = 100_000


@pytest.fixture(scope="module", params=["uvloop", "asyncio"])
def server(request: pytest.FixtureRequest) -> Iterator[WireServer]:
    with uvicorn_server("--loop", request.param, "--ws-max-size", str(LIMIT)) as server:
        yield server


@pytest.fixture(scope="module")
def healthy(server: WireServer) -> Iterator[RawSocket]:
    with server.room("healthy") as client:
        yield client


@pytest.fixture(autouse=True)
def undisturbed(server: WireServer, healthy: RawSocket) -> Iterator[None]:
    """The one beside hears what it says and nothing else, and the server has nothing to log."""
    before = server.process.output()
    yield
    healthy.send("still there")
    assert healthy.read_text() == "still there"
    assert server.process.output()[len(before) :] == ""


def close(code: int, reason: bytes = b"") -> bytes:
    return frame(struct.pack("!H", code) + reason, CLOSE)


BROKEN = {
    "unmasked": (frame(b"hi", masked=False), 1002),
    "first reserved bit": (frame(b"hi", rsv=4), 1002),
    "second reserved bit": (frame(b"hi", rsv=2), 1002),
    "third reserved bit": (frame(b"hi", rsv=1), 1002),
    "reserved bit on a ping": (frame(b"hi", PING, rsv=4), 1002),
    **{f"opcode {code}": (frame(b"hi", code), 1002) for code in (*range(3, 8), *range(11, 16))},
    "fragmented ping": (frame(b"hi", PING, fin=False), 1002),
    "fragmented close": (frame(b"\x03\xe8", CLOSE, fin=False), 1002),
    "ping of 126 bytes": (frame(b"x" * 126, PING), 1002),
    "continuation of nothing": (frame(b"hi", CONT), 1002),
    "text within a text": (frame(b"hi", fin=False) + frame(b"hi"), 1002),
    "close of one byte": (frame(b"\x03", CLOSE), 1002),
    **{
        f"close code {code}": (close(code), 1002)
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000)
    },
    "close with a reason that is no UTF-8": (close(1000, b"\xff"), 1007),
    "no UTF-8": (frame(b"caf\xe9"), 1007),
    "lone surrogate": (frame(b"\xed\xa0\x80"), 1007),
    "overlong UTF-8": (frame(b"\xc0\xaf"), 1007),
    "half a character": (frame("茶".encode()[:2]), 1007),
    "no UTF-8 in a later fragment": (frame(b"ok", fin=False) + frame(b"\xff", CONT), 1007),
    "one byte too many": (frame(b"x" * (LIMIT + 1)), 1009),
    "said to have 2^62 bytes": (frame(b"x", length=2**62), 1009),
    "said to have 2^63 bytes and more": (frame(b"x", length=2**63 + 1), 1009),
    "too much in fragments": (frame(b"x" * LIMIT, fin=False) + frame(b"x", CONT), 1009),
    "much too much": (frame(b"x" * 5_000_000), 1009),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_frame_gets_its_code(server: WireServer, case: str) -> None:
    data, expected = BROKEN[case]
    with server.room(case) as client:
        writing = threading.Thread(target=client.write, args=[frame(b"before") + data + frame(b"after")])
        writing.start()

        texts, code, _ = client.read_until_close()

        writing.join()
        assert code == expected
        # What came whole before it was delivered. It was answered, unless the failure was in the same read.
        assert texts in ([], ["before"])
        assert client.read_rest() == b""
        client.socket.close()
        state = server.wait_for(case, lambda state: state["returned"])
        assert state["end"]["code"] == expected
        assert server.do("received", name=case) == ["before"]


def test_who_breaks_the_protocol_and_stays_is_aborted(server: WireServer) -> None:
    with server.room("stubborn", close_timeout=0.5) as client:
        began = monotonic()
        client.write(frame(b"hi", masked=False))
        assert client.read_close()[0] == 1002
        with contextlib.suppress(ConnectionError):  # It may have ended already.
            client.write(frame(b"x" * 50_000) * 100)
        client.wait_for_the_reset()
        assert monotonic() - began > 0.4, "it had no time to answer"


def test_whole_messages_are_delivered_however_they_are_cut(server: WireServer) -> None:
    with server.room("cutter") as client:
        tea = "茶".encode()
        client.write(frame(tea[:1], fin=False) + frame(b"1", PING) + frame(tea[1:2], CONT, fin=False))
        client.write(frame(b"2", PONG) + frame(b"", CONT, fin=False) + frame(tea[2:], CONT))
        assert client.read() == (PONG, b"1")
        assert client.read_text() == "茶"

        for byte in frame(b"byte by byte"):
            client.write(bytes([byte]))
        assert client.read_text() == "byte by byte"


@pytest.mark.parametrize("begun", ["first", "later"])
def test_what_can_be_no_text_is_refused_before_all_of_it_has_come(server: WireServer, begun: str) -> None:
    with server.room(f"never a text {begun}") as client:
        tea = "茶".encode()
        client.write(frame(b"\xff" if begun == "first" else tea[:2], fin=False))
        if begun == "later":
            client.write(frame(tea[2:] + tea[:1], CONT, fin=False) + frame(b"", CONT, fin=False))
            client.write(frame(b"A", CONT, fin=False))
        assert client.read_close()[0] == 1007


def test_a_peer_may_close_between_two_fragments(server: WireServer) -> None:
    with server.room("half said") as client:
        client.write(frame(b"hi", fin=False) + close(1000, b"enough") + frame(b"there", CONT))
        assert client.read_close() == (1000, "enough")
        assert client.read_rest() == b""
        state = server.wait_for("half said", lambda state: state["returned"])
        assert (state["end"]["code"], state["received"]) == (1000, 0)


def test_what_is_allowed_passes(server: WireServer) -> None:
    with server.room("allowed") as client:
        for text in [
            "",
            "\x00",
            "\ufeff",
            "\U0001f375",
            "x" * 125,
            "x" * 126,
            "x" * 65535,
            "x" * 65536,
            "x" * LIMIT,
        ]:
            client.send(text)
            assert client.read_text() == text
        client.send(b"\x00\xff", BINARY)
        client.send("end")
        assert client.read_text() == "end"
        assert server.state("allowed")["received"] == 11
