"""The whole application on servers that know nothing of our wire: uvicorn with its own class, and daphne."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.clients import Client, Plain
from tests.live.rawsocket import RawSocket
from tests.live.wireserver import wait_for
from tests.processes import Process
from tests.servers import Teahouse, environment

UVICORN = ["uvicorn", "--ws", "websockets-sansio", "--lifespan", "on", "--port"]
# Short pings: a reader that never reads is daphne's to find. Whoever reads answers in time on a busy machine too.
DAPHNE = ["daphne", "--ping-interval", "1", "--ping-timeout", "8", "-p"]


@contextmanager
def served(*server: str) -> Iterator[Teahouse]:
    """The program's data and settings, another server before them."""
    with_data = Teahouse(env={"TEAHOUSE_LIMITS": "off,queue=100000"})
    try:
        with_data.prepare()
        status, said = with_data.command_line("manage", "migrate")
        assert status == 0, said
        settings = {
            "DJANGO_SETTINGS_MODULE": "teahouse.server.settings",
            "TEAHOUSE_DATA": str(with_data.data),
        }
        argv = [sys.executable, "-m", *server, str(with_data.port), "teahouse.server.asgi:application"]
        env = environment(**with_data.env, **settings)
        with_data.process = Process(argv, log=with_data.log, env=env, cwd=with_data.folder)
        with_data.process.wait_until(lambda: listens(with_data.port), "listening")
        yield with_data
    finally:
        with_data.close()


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.fixture(scope="module", params=[UVICORN, DAPHNE], ids=["uvicorn", "daphne"])
def other(request: pytest.FixtureRequest) -> Iterator[Teahouse]:
    with served(*request.param) as server:
        yield server


def test_both_protocols_are_spoken(other: Teahouse) -> None:
    with Client(other.url, "梅") as mei, Plain(other.url, "/wsmsg?name=Bob") as bob:
        mei.ok(do="subscribe", room="main", make=True)
        assert bob.next().endswith("Bob:</span><br>[已连接!]")
        bob.send("hello")
        assert mei.event()["message"]["text"] == "hello"
        mei.say("main", "茶")
        assert bob.next().endswith("Bob:</span><br>hello")
        assert bob.next().endswith("梅:</span><br>茶")


def test_the_log_says_once_what_the_server_lacks(other: Teahouse) -> None:
    for _ in range(2):
        with Client(other.url, "Alice") as alice:
            alice.ok(do="ping")
    assert other.output().count("uvicorn --ws teahouse.live.wire:WireProtocol") == 1


def test_a_server_with_our_wire_has_nothing_to_say() -> None:
    with served("uvicorn", "--ws", "teahouse.live.wire:WireProtocol", "--port") as server:
        with Client(server.url, "Alice") as alice:
            alice.ok(do="ping")
        assert "teahouse.live.wire" not in server.output()


def test_a_reader_that_never_reads_is_dropped_and_slows_nobody(other: Teahouse) -> None:
    with (
        Client(other.url, "Beside") as beside,
        RawSocket(other.port, "/ws/", receive_buffer=4096) as never,
    ):
        beside.ok(do="subscribe", room="flood", make=True)
        never.send(json.dumps({"id": 1, "do": "hello", "name": "Never"}))
        never.send(json.dumps({"id": 2, "do": "subscribe", "room": "flood"}))
        assert json.loads(never.read_text())["re"] == 1
        assert json.loads(never.read_text())["re"] == 2
        wait_for(lambda: other.sessions() == 2, "only those two are here")
        for number in range(400):
            beside.say("flood", "茶" * 9_990 + str(number))
            assert beside.event()["message"]["text"].endswith(str(number))
        wait_for(lambda: other.sessions() == 1, "the reader that never reads is dropped")
    output = other.output()
    assert "Traceback" not in output, output


def test_what_was_said_before_leaving_is_said(other: Teahouse) -> None:
    with Client(other.url, "Reader") as reader:
        reader.ok(do="subscribe", room="main", make=True)
        for number in range(10):
            with Plain(other.url, "/wsmsg") as passing:
                for letter in "abc":
                    passing.send(f"{letter}{number}")
        said = [reader.event()["message"]["text"] for _ in range(30)]
        assert sorted(said) == sorted(f"{letter}{number}" for letter in "abc" for number in range(10))


def test_a_frame_is_measured_in_bytes(other: Teahouse) -> None:
    """The server's own limit is larger, or none. daphne can send no code below 3000."""
    with Client(other.url, "Alice") as alice:
        assert alice.refused(do="unsubscribe", room="茶" * 40_000) == "invalid"
        assert other.process is not None
        alice.put(do="unsubscribe", room="茶" * 50_000)
        assert alice.closed()[0] == (1009 if "uvicorn" in other.process.argv else 4000)
