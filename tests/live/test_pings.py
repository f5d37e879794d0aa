"""PingWheel on a real server whose interval is short. When it pings and closes to the moment is in
tests/pure/test_pings.py, by a clock that no other work of the machine moves."""

import threading
import time
from collections.abc import Iterator

import pytest
from websockets.sync.client import connect

from tests.clients import SECONDS
from tests.live.rawsocket import PING, PONG, RawSocket
from tests.live.wireserver import WireServer, uvicorn_server, wait_for

# Who is silent for two of them is closed: so long the machine may be busy with something else.
INTERVAL = 1.0


@pytest.fixture(scope="module")
def server() -> Iterator[WireServer]:
    with uvicorn_server(PING=str(INTERVAL)) as server:
        yield server


def answer(client: RawSocket) -> None:
    """The next ping."""
    opcode, payload = client.read()
    assert opcode == PING
    client.send(payload, PONG)


def test_who_answers_is_pinged_once_an_interval_and_stays(server: WireServer) -> None:
    began = time.monotonic()
    with server.room("alive") as client:
        for _ in range(4):
            answer(client)
        assert time.monotonic() - began > 2.9 * INTERVAL, "more often"
        assert not server.state("alive")["closed"]


def test_a_library_answers_by_itself(server: WireServer) -> None:
    with connect(f"ws://127.0.0.1:{server.port}/room?name=library", ping_interval=None) as client:
        with pytest.raises(TimeoutError):
            client.recv(timeout=3 * INTERVAL)
        client.send("here")
        assert client.recv(timeout=SECONDS) == "here"


def test_who_answers_with_anything_else_stays(server: WireServer) -> None:
    with server.room("talker") as client:
        for _ in range(12):
            client.send("here")
            time.sleep(INTERVAL / 4)
        assert not server.state("talker")["closed"]


def test_who_never_answers_is_closed_after_two_intervals(server: WireServer) -> None:
    began = time.monotonic()
    with server.room("silent") as client:
        assert client.read_until_close() == ([], 4102, "no pong")
        assert time.monotonic() - began > 1.9 * INTERVAL, "sooner"
        client.answer_close(4102)
        assert client.read_rest() == b""
    wait_for(lambda: "silent" in server.do("state") and server.state("silent")["returned"], "returned")


def test_who_reads_slowly_but_reads_stays(server: WireServer) -> None:
    """Its pong is behind all that it has to read before the ping."""
    with server.room("slow", limit=30_000_000, receive_buffer=65536) as client:
        server.do("put", texts=["x" * 50_000], names=["slow"], times=560)
        began, read = time.monotonic(), 0
        while (passed := time.monotonic() - began) < 3 * INTERVAL:
            # 3 MB a second: the server sees a third of the kernel's buffer, up to 1.4 MB, leave at a time.
            while read < passed * 3_000_000:
                read += len(client.socket.recv(65536))
            time.sleep(0.005)
        assert server.state("slow")["waiting"] > 0, "it has read all, and this shows nothing"
        assert not server.state("slow")["closed"]


def test_a_server_that_did_not_listen_closes_nobody(server: WireServer) -> None:
    done = threading.Event()
    with server.room("patient") as client, server.room("silent at last") as silent:

        def answer_all() -> None:
            while not done.is_set():
                answer(client)

        answering = threading.Thread(target=answer_all)
        answering.start()
        silent.send("here")
        server.do("block", seconds=3 * INTERVAL)
        # Who really is silent is found all the same.
        assert silent.read_until_close()[1] == 4102
        assert not server.state("patient")["closed"]
        done.set()
        answering.join()


def test_who_is_not_read_is_not_closed(server: WireServer) -> None:
    """Its application does not receive; its pongs wait in the kernel."""
    with server.room("unread") as client:
        for _ in range(40):
            client.send("sleep")
        server.wait_for("unread", lambda state: state["received"] == 1)
        time.sleep(3 * INTERVAL)
        assert not server.state("unread")["closed"]
        for _ in range(40):
            server.do("wake_up")


def test_the_wheel_forgets_who_left(server: WireServer) -> None:
    for number in range(5):
        server.room(f"leaver {number}").socket.close()
    wait_for(lambda: server.do("state")["wheel"] == 0, "empty")
