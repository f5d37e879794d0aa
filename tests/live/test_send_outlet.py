"""SendOutlet on real servers that know nothing of our wire: uvicorn with its own class, and daphne."""

import threading
from collections.abc import Iterator

import pytest
from websockets.sync.client import connect

from tests.clients import SECONDS
from tests.live.rawsocket import CLOSE
from tests.live.wireserver import WireServer, daphne_server, uvicorn_server


@pytest.fixture(scope="module")
def uvicorn() -> Iterator[WireServer]:
    with uvicorn_server(ws="websockets-sansio") as server:
        yield server


@pytest.fixture(scope="module")
def daphne() -> Iterator[WireServer]:
    # A reader that never answers is daphne's to find. Whoever reads answers in time on a busy machine too.
    with daphne_server("--ping-interval", "1", "--ping-timeout", "5") as server:
        yield server


@pytest.fixture(params=["uvicorn", "daphne"])
def server(request: pytest.FixtureRequest) -> Iterator[WireServer]:
    """One of both, which must have nothing to complain about."""
    server: WireServer = request.getfixturevalue(request.param)
    before = server.process.output()
    yield server
    said = server.process.output()[len(before) :]
    assert "Traceback" not in said
    assert "exception" not in said.lower()


def test_what_is_put_reaches_every_reader_in_order(server: WireServer) -> None:
    texts = [f"{number} 茶" for number in range(300)]
    names = [f"reader {number}" for number in range(10)]
    readers = [server.room(name) for name in names]
    assert server.state(names[0])["kind"] == "SendOutlet"
    for first in range(0, 300, 3):
        server.do("put", texts=texts[first : first + 3], names=names)
    for reader in readers:
        assert [reader.read_text() for _ in texts] == texts
        reader.socket.close()
    assert server.state(names[0])["waiting"] == 0


def test_a_reader_is_heard(server: WireServer) -> None:
    with connect(f"ws://127.0.0.1:{server.port}/room?name=heard") as client:
        for _ in range(3):
            client.send("said")
            assert client.recv(timeout=SECONDS) == "said"


def test_nothing_follows_a_close(server: WireServer) -> None:
    with server.room("closing") as client:
        server.do("put_close_put", name="closing")
        texts, code, _ = client.read_until_close()
        assert (texts, code) == (["before"], 4000)
        client.answer_close(4000)
        ended = server.wait_for("closing", lambda state: state["returned"])
        assert ended["end"]["code"] == 4000
        assert not ended["gone"]


def test_the_reason_of_a_close_is_given_where_the_server_can() -> None:
    """daphne cannot: it passes the code alone."""
    with uvicorn_server(ws="websockets-sansio") as server, server.room("reason") as client:
        server.do("close", name="reason", code=4200, reason="2")
        assert client.read_close() == (4200, "2")


def test_a_peer_that_goes_leaves_nothing(server: WireServer) -> None:
    with server.room("leaving") as client:
        client.send(b"", CLOSE)
        assert client.read()[0] == CLOSE
    with server.room("vanishing"):
        pass
    server.do("put", texts=["x" * 10_000], names=["leaving", "vanishing"], times=30)
    for name in ["leaving", "vanishing"]:
        assert server.wait_for(name, lambda state: state["returned"])["waiting"] == 0


def test_a_reader_that_never_reads_is_dropped_and_disturbs_nobody(uvicorn: WireServer) -> None:
    text, times = "x" * 50_000, 600
    with (
        uvicorn.room("never", limit=2_000_000, close_timeout=0.5, receive_buffer=4096) as never,
        uvicorn.room("beside", limit=100_000_000) as beside,
    ):
        read: list[str] = []
        reading = threading.Thread(target=lambda: read.extend(beside.read_text() for _ in range(times)))
        reading.start()
        before = uvicorn.do("memory")
        for _ in range(times // 10):
            uvicorn.do("put", texts=[text], names=["never", "beside"], times=10)
            uvicorn.wait_for("beside", lambda state: state["waiting"] < 1_000_000)
        reading.join(SECONDS)

        assert read == [text] * times
        state = uvicorn.state("never")
        assert (state["closed"], state["slow"]) == (True, 1)
        # Not even what was waiting is kept, but for the frame that send() has in hand.
        assert state["waiting"] < 60_000
        assert uvicorn.do("memory") - before < 10_000_000
        # The close frame cannot be sent: uvicorn's send() waits for the socket. So the application ends.
        ended = uvicorn.wait_for("never", lambda state: state["returned"])
        assert (ended["gone"], ended["end"]) == (True, None)

        # Whole frames in order, and no code: that is what the wire is for.
        read_late = [never.read_text()]
        with pytest.raises(EOFError):  # noqa: PT012 - which of the reads it is depends on the kernel
            while True:
                read_late.append(never.read_text())
        assert set(read_late) == {text}
        assert 1 < len(read_late) < times


def test_a_slow_reader_that_reads_in_time_learns_why(uvicorn: WireServer) -> None:
    with uvicorn.room("late", limit=500_000, receive_buffer=4096) as late:
        for _ in range(600):
            uvicorn.do("put", texts=["x" * 50_000], names=["late"])
        texts, code, reason = late.read_until_close()
        assert (code, reason) == (4101, "too slow")
        assert 1 < len(texts) < 600
        late.answer_close(4101)
        assert late.read_rest() == b""
        assert not uvicorn.state("late")["gone"]


def test_daphne_finds_the_reader_that_never_reads_by_its_pings(daphne: WireServer) -> None:
    """It buffers all that send() is given, so that our limit is never passed."""
    with daphne.room("never", limit=500_000, receive_buffer=4096):
        for _ in range(200):
            daphne.do("put", texts=["x" * 50_000], names=["never"])
        ended = daphne.wait_for("never", lambda state: state["returned"])
        assert ended["slow"] == 0
        assert ended["end"]["code"] == 1006


@pytest.mark.parametrize("abort", [True, False])
def test_an_abort_ends_the_application(uvicorn: WireServer, abort: bool) -> None:
    name = f"aborted {abort}"
    with uvicorn.room(name) as client:
        if abort:
            uvicorn.do("abort", name=name)
            assert uvicorn.wait_for(name, lambda state: state["returned"])["gone"]
            assert client.read_rest() == b""
        else:
            client.send("still here")
            assert client.read_text() == "still here"
