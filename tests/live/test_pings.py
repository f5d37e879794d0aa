"""PingWheel on a real server whose interval is short."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from websockets.sync.client import connect

from tests.live.rawsocket import PING, PONG, RawSocket
from tests.live.wireserver import WireServer, uvicorn_server, wait_for

INTERVAL = 0.5


@pytest.fixture(scope="module")
def server() -> Iterator[WireServer]:
    with uvicorn_server(PING=str(INTERVAL)) as server:
        yield server


def pongs_until(client: RawSocket, end: float) -> list[float]:
    """Answer pings until then; when each came."""
    came = []
    while time.monotonic() < end:
        client.socket.settimeout(max(0.01, end - time.monotonic()))
        try:
            opcode, payload = client.read()
        except TimeoutError:
            break
        assert opcode == PING
        came.append(time.monotonic())
        client.send(payload, PONG)
    return came


def test_who_answers_is_pinged_once_an_interval_and_stays(server: WireServer) -> None:
    with server.room("alive") as client:
        came = pongs_until(client, time.monotonic() + 5 * INTERVAL)
        assert 4 <= len(came) <= 6
        assert not server.state("alive")["closed"]


def test_a_library_answers_by_itself(server: WireServer) -> None:
    with connect(f"ws://127.0.0.1:{server.port}/room?name=library", ping_interval=None) as client:
        with pytest.raises(TimeoutError):
            client.recv(timeout=3.5 * INTERVAL)
        client.send("here")
        assert client.recv(timeout=5) == "here"


def test_who_answers_with_anything_else_stays(server: WireServer) -> None:
    with server.room("talker") as client:
        for _ in range(15):
            client.send("here")
            time.sleep(INTERVAL / 4)
        assert not server.state("talker")["closed"]


def test_who_never_answers_is_closed_after_two_intervals(server: WireServer) -> None:
    began = time.monotonic()
    with server.room("silent") as client:
        texts, code, reason = client.read_until_close()
        assert (texts, code, reason) == ([], 4102, "no pong")
        # Not sooner than two intervals, not later than two and a half, and a slow machine's pauses.
        assert 1.8 * INTERVAL < time.monotonic() - began < 2.5 * INTERVAL + 1
        client.answer_close(code)
        assert client.read_rest() == b""
    wait_for(lambda: "silent" in server.do("state") and server.state("silent")["returned"], "returned")


def test_who_reads_slowly_but_reads_stays(server: WireServer) -> None:
    """Its pong is behind all that it has to read before the ping."""
    with server.room("slow", limit=30_000_000, receive_buffer=65536) as client:
        server.do("put", texts=["x" * 50_000], names=["slow"], times=560)
        began, read = time.monotonic(), 0
        while (passed := time.monotonic() - began) < 4 * INTERVAL:
            # 6 MB a second: the server sees a third of the kernel's buffer, up to 1.4 MB, leave at a time.
            while read < passed * 6_000_000:
                read += len(client.socket.recv(65536))
            time.sleep(0.005)
        assert server.state("slow")["waiting"] > 0, "it has read all, and this shows nothing"
        assert not server.state("slow")["closed"]


def test_a_server_that_did_not_listen_closes_nobody(server: WireServer) -> None:
    with server.room("patient") as client, server.room("silent at last") as silent:
        answering = threading.Thread(
            target=lambda: [pongs_until(client, time.monotonic() + 0.2) for _ in range(20)]
        )
        answering.start()
        silent.send("here")
        server.do("block", seconds=2)
        answering.join()
        assert not server.state("patient")["closed"]
        # And who really is silent is found all the same.
        assert silent.read_until_close()[1] == 4102


def test_who_is_not_read_is_not_closed(server: WireServer) -> None:
    """Its application does not receive; its pongs wait in the kernel."""
    with server.room("unread") as client:
        for _ in range(40):
            client.send("sleep")
        server.wait_for("unread", lambda state: state["received"] == 1)
        time.sleep(3.5 * INTERVAL)
        assert not server.state("unread")["closed"]
        for _ in range(40):
            server.do("wake_up")


def test_pings_of_a_crowd_are_spread(server: WireServer) -> None:
    crowd = [server.room(f"one of {number}") for number in range(20)]
    end = time.monotonic() + 1.5 * INTERVAL
    with ThreadPoolExecutor(len(crowd)) as pool:
        came = list(pool.map(lambda client: pongs_until(client, end), crowd))
    tenths = {round(when / (INTERVAL / 10)) for times in came for when in times}
    assert all(came)
    assert len(tenths) > 5
    for client in crowd:
        client.socket.close()


def test_the_wheel_forgets_who_left(server: WireServer) -> None:
    for number in range(5):
        server.room(f"leaver {number}").socket.close()
    wait_for(lambda: server.do("state")["wheel"] == 0, "empty", timeout=4 * INTERVAL + 5)
