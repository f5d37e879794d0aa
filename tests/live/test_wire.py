"""WireProtocol and WireOutlet on a real uvicorn, with its two event loops, seen from raw sockets."""

import ast
import asyncio
import inspect
import signal
import socket
import struct
import threading
from collections.abc import Iterator
from time import monotonic

import pytest
from uvicorn import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.sync.client import connect

from teahouse.live import outlet, wire
from tests.clients import SECONDS
from tests.live.rawsocket import CLOSE, PING, PONG, TEXT, RawSocket, frame
from tests.live.wireserver import WireServer, uvicorn_server, wait_for


@pytest.fixture(scope="module", params=["uvloop", "asyncio"])
def server(request: pytest.FixtureRequest) -> Iterator[WireServer]:
    with uvicorn_server("--loop", request.param) as server:
        yield server


@pytest.fixture
def quiet(server: WireServer) -> Iterator[WireServer]:
    """The server, which must have nothing to log about the test."""
    before = server.process.output()
    yield server
    assert server.process.output()[len(before) :] == ""


# ---- what another application on the server does


def test_an_application_that_knows_nothing_of_outlets_works(quiet: WireServer) -> None:
    with connect(f"ws://127.0.0.1:{quiet.port}/echo") as client:
        messages: list[str | bytes] = ["hello", "", b"\x00\xff", "茶" * 5000, "\x00"]
        for message in messages:
            client.send(message)
            assert client.recv(timeout=SECONDS) == message
        client.send("close")
        with pytest.raises(Exception, match=r"4321 .* asked for"):
            client.recv(timeout=SECONDS)


def test_an_application_may_refuse(quiet: WireServer) -> None:
    with pytest.raises(AssertionError, match=r"HTTP/1\.1 403"):
        RawSocket(quiet.port, "/refuse")


def test_an_application_that_fails_is_told_to_its_peer(server: WireServer) -> None:
    for path in ["/echo", "/room?name=failing"]:
        with RawSocket(server.port, path) as client:
            client.send("raise")
            assert client.read_close() == (1011, "")
            client.answer_close(1011)
            assert client.read_rest() == b""
    assert server.process.output().count("ValueError: asked for") == 2


def test_an_application_that_returns_is_told_to_its_peer(quiet: WireServer) -> None:
    with RawSocket(quiet.port, "/echo") as client:
        client.send("return")
        assert client.read_close() == (1011, "")


# ---- writing


def test_what_is_put_reaches_every_reader_in_order(quiet: WireServer) -> None:
    texts = [f"{number} 茶 {'x' * number}" for number in range(300)]
    names = [f"reader {number}" for number in range(30)]
    readers = [quiet.room(name) for name in names]
    for first in range(0, 300, 3):
        quiet.do("put", texts=texts[first : first + 3], names=names)
    for reader in readers:
        assert [reader.read_text() for _ in texts] == texts
        reader.socket.close()


def test_a_reader_without_own_hand_reads_it_too(quiet: WireServer) -> None:
    with connect(f"ws://127.0.0.1:{quiet.port}/room?name=library") as client:
        client.send("said")
        assert client.recv(timeout=SECONDS) == "said"
        quiet.do("put", texts=["a" * 70_000], names=["library"])
        assert client.recv(timeout=SECONDS) == "a" * 70_000


def test_both_ways_of_writing_keep_their_order(quiet: WireServer) -> None:
    with quiet.room("both") as client:
        for text in ["one", "send", "two", "send"]:
            client.send(text)
        assert [client.read_text() for _ in range(4)] == ["one", "sent", "two", "sent"]


def test_a_reader_that_pauses_gets_what_waited(quiet: WireServer) -> None:
    with quiet.room("pausing", limit=30_000_000, receive_buffer=4096) as client:
        texts = [str(number) + "x" * 40_000 for number in range(200)]
        for text in texts:
            quiet.do("put", texts=[text], names=["pausing"])
        assert quiet.state("pausing")["waiting"] > 3_000_000
        assert [client.read_text() for _ in texts] == texts
        quiet.wait_for("pausing", lambda state: state["waiting"] == 0)
        assert quiet.state("pausing")["slow"] == 0


# ---- slow readers


def test_a_reader_that_never_reads_is_dropped_and_disturbs_nobody(quiet: WireServer) -> None:
    text, times = "x" * 50_000, 600
    with (
        quiet.room("never", limit=500_000, close_timeout=0.5, receive_buffer=4096) as never,
        quiet.room("beside", limit=100_000_000) as beside,
    ):
        read: list[str] = []
        reading = threading.Thread(target=lambda: read.extend(beside.read_text() for _ in range(times)))
        reading.start()
        before = quiet.do("memory")
        for _ in range(times // 10):
            quiet.do("put", texts=[text], names=["never", "beside"], times=10)
            quiet.wait_for("beside", lambda state: state["waiting"] < 1_000_000)
        reading.join(SECONDS)

        assert read == [text] * times
        state = quiet.state("never")
        assert (state["closed"], state["slow"]) == (True, 1)
        assert state["waiting"] < 600_000
        # 30 MB were put for it; half a megabyte waits, and one and a half did for the reader beside.
        assert quiet.do("memory") - before < 10_000_000
        never.wait_for_the_end()
        ended = quiet.wait_for("never", lambda state: state["returned"])
        assert ended["end"] == {"type": "websocket.disconnect", "code": 4101, "reason": "too slow"}
        assert ended["waiting"] == 0


def test_a_slow_reader_that_reads_at_last_learns_why(quiet: WireServer) -> None:
    with quiet.room("late", limit=500_000, receive_buffer=4096) as late:
        quiet.do("put", texts=["first"], names=["late"])
        quiet.do("put", texts=["x" * 50_000], names=["late"], times=600)

        texts, code, reason = late.read_until_close()

        assert (code, reason) == (4101, "too slow")
        assert texts[0] == "first"
        assert 1 < len(texts) < 600
        assert set(texts[1:]) == {"x" * 50_000}
        late.answer_close(4101)
        assert late.read_rest() == b""


@pytest.mark.parametrize("limit", [1000, 20_000])
def test_a_limit_below_the_transports_own_holds_as_well(quiet: WireServer, limit: int) -> None:
    name = f"tiny {limit}"
    with quiet.room(name, limit=limit, close_timeout=0.3, receive_buffer=4096) as tiny:
        for _ in range(200):
            quiet.do("put", texts=["x" * 900], names=[name], times=100)
            if quiet.state(name)["closed"]:
                break
        state = quiet.state(name)
        assert state["slow"] == 1
        assert state["waiting"] <= limit + 1000
        tiny.wait_for_the_end()


# ---- closing


def test_a_close_is_answered_and_ends(quiet: WireServer) -> None:
    with quiet.room("polite") as client:
        quiet.do("close", name="polite", code=4200, reason="2")
        assert client.read_close() == (4200, "2")
        client.answer_close(4200)
        assert client.read_rest() == b""
        quiet.wait_for("polite", lambda state: state["returned"])


def test_who_does_not_answer_a_close_is_aborted(quiet: WireServer) -> None:
    with quiet.room("deaf", close_timeout=0.5) as client:
        began = monotonic()
        quiet.do("close", name="deaf", code=4200)
        # The application is not kept waiting for that.
        quiet.wait_for("deaf", lambda state: state["returned"])
        client.wait_for_the_end()
        assert monotonic() - began > 0.4, "it had no time to answer"


def test_an_abort_is_at_once(quiet: WireServer) -> None:
    with quiet.room("aborted") as client:
        quiet.do("abort", name="aborted")
        with pytest.raises(ConnectionResetError):
            client.read_rest()
        assert quiet.wait_for("aborted", lambda state: state["returned"])["end"]["code"] == 1006


def test_nothing_follows_a_close(quiet: WireServer) -> None:
    with quiet.room("closing") as client:
        quiet.do("put_close_put", name="closing")
        assert client.read_until_close() == (["before"], 4000, "done")
        client.send("said after the close")
        client.send("?", PING)
        client.answer_close(4000)
        assert client.read_rest() == b""
        assert quiet.state("closing")["received"] == 0


def test_nothing_follows_the_answer_to_the_peers_close(quiet: WireServer) -> None:
    with quiet.room("leaving") as client:
        client.write(
            frame(b"last words") + frame(struct.pack("!H", 4444) + b"bye", CLOSE) + frame(b"?", PING)
        )
        texts, code, reason = client.read_until_close()
        quiet.do("put", texts=["too late"], names=["leaving"])
        assert (texts, code, reason) == ([], 4444, "bye")
        assert client.read_rest() == b""
        state = quiet.wait_for("leaving", lambda state: state["returned"])
        assert state["end"] == {"type": "websocket.disconnect", "code": 4444, "reason": "bye"}
        assert quiet.do("received", name="leaving") == ["last words"]
        assert state["closed"]


def test_a_peer_that_closes_while_much_waits_gets_whole_frames_and_an_end(quiet: WireServer) -> None:
    with quiet.room("full", limit=3_000_000, receive_buffer=4096) as client:
        while not quiet.state("full")["waiting"] > 1_000_000:
            quiet.do("put", texts=["x" * 50_000], names=["full"])
        client.answer_close(1000)
        wait_for(lambda: quiet.state("full")["closed"], "closed")
        quiet.do("put", texts=["too late"], names=["full"])
        texts, code, _ = client.read_until_close()
        assert set(texts) == {"x" * 50_000}
        assert code == 1000
        assert client.read_rest() == b""


def test_a_peer_that_closes_and_never_reads_is_aborted(quiet: WireServer) -> None:
    with quiet.room("rude", limit=3_000_000, close_timeout=0.5, receive_buffer=4096) as client:
        while not quiet.state("rude")["waiting"] > 1_000_000:
            quiet.do("put", texts=["x" * 50_000], names=["rude"])
        client.answer_close(1000)
        client.wait_for_the_end()


def test_a_peer_that_closes_its_half_and_never_reads_is_aborted(quiet: WireServer) -> None:
    with quiet.room("half", limit=3_000_000, close_timeout=0.5, receive_buffer=4096) as client:
        while not quiet.state("half")["waiting"] > 1_000_000:
            quiet.do("put", texts=["x" * 50_000], names=["half"])
        client.socket.shutdown(socket.SHUT_WR)
        ended = quiet.wait_for("half", lambda state: state["returned"])
        assert (ended["end"]["code"], ended["closed"]) == (1006, True)
        client.wait_for_the_reset()


def test_what_waited_leaves_before_a_close(quiet: WireServer) -> None:
    with quiet.room("patient", limit=30_000_000, receive_buffer=4096) as client:
        texts = [str(number) + "x" * 40_000 for number in range(150)]
        for text in texts:
            quiet.do("put", texts=[text], names=["patient"])
        assert quiet.state("patient")["waiting"] > 1_000_000
        quiet.do("close", name="patient", code=4200)
        assert client.read_until_close() == (texts, 4200, "")


def test_what_was_said_before_a_close_and_not_received_is_dropped(quiet: WireServer) -> None:
    with quiet.room("unheard") as client:
        client.write(b"".join(frame(text) for text in [b"sleep", b"one", b"two"]))
        quiet.wait_for("unheard", lambda state: state["received"] == 1)
        quiet.do("close", name="unheard", code=4001)
        assert client.read_until_close() == ([], 4001, "")
        quiet.wait_for("unheard", lambda state: state["returned"])
        # "sleep" is answered by nothing, the others would have been heard.
        assert quiet.do("received", name="unheard") == ["sleep"]


@pytest.mark.parametrize(("say", "code"), [("send close", 4000), ("close by send", 4321)])
def test_two_ways_to_close_do_not_fight(quiet: WireServer, say: str, code: int) -> None:
    with quiet.room(say) as client:
        client.send(say)
        assert client.read_close()[0] == code
        client.answer_close(code)
        assert client.read_rest() == b""
        assert quiet.wait_for(say, lambda state: state["returned"])["end"]["code"] == code


def test_the_application_learns_how_it_ended(quiet: WireServer) -> None:
    with quiet.room("no code") as client:
        client.send(b"", CLOSE)
        assert client.read() == (CLOSE, b"")
    assert quiet.wait_for("no code", lambda state: state["returned"])["end"]["code"] == 1005
    with quiet.room("gone"):
        pass
    assert quiet.wait_for("gone", lambda state: state["returned"])["end"]["code"] == 1006
    assert quiet.state("gone")["closed"]


# ---- reading


def test_what_comes_before_the_handshake_is_answered_is_not_lost(quiet: WireServer) -> None:
    message, others = frame(b"early"), quiet.do("late")

    def send_early(client: RawSocket) -> None:
        # Not in one read with the handshake: uvicorn drops that.
        wait_for(lambda: quiet.do("late") > others, "at the door")
        client.write(message[:7])
        quiet.do("let_in")

    with RawSocket(quiet.port, "/late", before_answer=send_early) as client:
        client.write(message[7:])
        assert client.read_text() == "early"


def test_thousands_of_messages_at_once_arrive_in_order(quiet: WireServer) -> None:
    texts = [f"{number}" for number in range(5000)]
    with quiet.room("eager") as client:
        writing = threading.Thread(
            target=client.write, args=[b"".join(frame(text.encode()) for text in texts)]
        )
        writing.start()
        assert [client.read_text() for _ in texts] == texts
        writing.join()


def test_an_application_that_does_not_receive_is_not_flooded(quiet: WireServer) -> None:
    with quiet.room("sleeper") as client:
        client.send("sleep")
        quiet.wait_for("sleeper", lambda state: state["received"] == 1)
        before = quiet.do("memory")
        client.socket.settimeout(1)
        message = frame(b"x" * 1000, masked=True)
        sent = 0
        with pytest.raises(TimeoutError):  # noqa: PT012 - which of the writes it is depends on the kernel
            while sent < 100_000:
                client.write(message * 10)
                sent += 10
        assert sent > 100
        assert quiet.do("memory") - before < 2_000_000
        assert quiet.state("sleeper")["received"] == 1

        # What was sent is not lost. The last write may have been cut in the middle of a message.
        client.socket.settimeout(SECONDS)
        quiet.do("wake_up")
        for _ in range(sent):
            assert client.read_text() == "x" * 1000


def test_pings_are_answered(quiet: WireServer) -> None:
    with quiet.room("pinging") as client:
        for payload in [b"", b"one", b"x" * 125]:
            client.send(payload, PING)
            assert client.read() == (PONG, payload)
        client.send("unasked", PONG)
        client.send("still there")
        assert client.read_text() == "still there"


def test_pings_of_who_does_not_read_the_pongs_take_no_memory(quiet: WireServer) -> None:
    with quiet.room("pinger", receive_buffer=4096, limit=10_000_000) as client:
        before = quiet.do("memory")
        ping = frame(b"x" * 120, PING)
        for _ in range(100):
            client.write(ping * 1000)
        client.write(frame(b"the last", PING))
        client.send("heard")
        quiet.wait_for("pinger", lambda state: state["received"])
        # 12 MB of pongs were asked for; the kernel took some.
        assert quiet.do("memory") - before < 3_000_000

        opcode, payload = client.read()
        while opcode == PONG and payload == b"x" * 120:
            opcode, payload = client.read()
        # The answer to "heard" waited in the queue, and the last pong before it.
        assert (opcode, payload) == (PONG, b"the last")
        assert client.read() == (TEXT, b"heard")


# ---- stopping, options


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_a_server_that_stops_tells_its_sessions_when_to_come_back(loop: str) -> None:
    with uvicorn_server("--loop", loop) as server:
        with (
            server.room("polite") as polite,
            server.room("deaf", close_timeout=0.5),
            RawSocket(server.port, "/echo") as other,
        ):
            # Unread by the application: a plain close of the socket would be a reset, and the code lost.
            polite.send("sleep")
            polite.write(frame(b"x" * 1000) * 200)
            server.process.send_signal(signal.SIGTERM)
            assert polite.read_close() == (4201, "5")
            polite.answer_close(4201)
            assert polite.read_rest() == b""
            assert other.read_close()[0] == 1012
            server.control.close()
            assert server.process.wait(SECONDS) in (0, -signal.SIGTERM)
        assert "Traceback" not in server.process.output()


def test_the_jitter_grows_with_the_crowd() -> None:
    assert [outlet.drain_jitter(count) for count in (0, 2500, 2501, 10_000)] == [5, 5, 6, 20]


def test_with_the_access_log_a_connection_is_logged() -> None:
    with uvicorn_server("--access-log") as server, server.room("logged"):
        assert '"WebSocket /room?name=logged" [accepted]' in server.process.output()


def test_uncompressed_frames_are_read_where_compression_was_agreed() -> None:
    with (
        uvicorn_server("--ws-per-message-deflate", "true") as server,
        connect(f"ws://127.0.0.1:{server.port}/room?name=deflating") as client,
    ):
        assert client.protocol.extensions
        client.send("said " * 100)
        assert client.recv(timeout=SECONDS) == "said " * 100
        # Compression bomb: 100,000 bytes are allowed.
        client.send("x" * 1_000_000)
        with pytest.raises(Exception, match="1009"):
            client.recv(timeout=SECONDS)


def test_uvicorns_own_pings_do_not_disturb_an_outlet() -> None:
    with (
        uvicorn_server("--ws-ping-interval", "0.1", "--ws-ping-timeout", "0.1") as server,
        RawSocket(server.port, "/echo") as other,
        RawSocket(server.port, "/room?name=unpinged") as client,
    ):
        assert other.read()[0] == PING
        assert other.read_close() == (1011, "keepalive ping timeout")
        client.socket.settimeout(0.5)
        with pytest.raises(TimeoutError):
            client.read()


# ---- uvicorn's internals


def test_nothing_of_uvicorn_is_touched_that_the_block_does_not_name() -> None:
    """Every self.NAME and super().NAME of the class that uvicorn's class has too is in ATTRIBUTES or METHODS."""

    async def application(scope: object, receive: object, send: object) -> None:
        """Never called."""

    config = Config(application, log_config=None)
    config.load()
    loop = asyncio.new_event_loop()
    uvicorns = set(vars(WebSocketsSansIOProtocol))
    uvicorns |= set(vars(WebSocketsSansIOProtocol(config, ServerState(), {}, loop)))
    loop.close()
    uvicorns |= {"request", "response", "scope"}
    tree = ast.parse(inspect.getsource(wire.WireProtocol))
    touched = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    touched |= {
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    own = {"_parse", "send_close"}
    touched = {name for name in touched if name in uvicorns and not name.startswith("__")} - own

    named = {*wire.ATTRIBUTES, *wire.METHODS}
    assert touched <= named, touched - named
    assert named <= uvicorns, named - uvicorns
