"""`kill -9` in the middle: nothing acknowledged is missing, numbers are whole, what was left to be said is said."""

from __future__ import annotations

import secrets
import signal
import sys
import threading
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests import services
from tests.clients import Client
from tests.live.conftest import SECRET
from tests.live.dying import AFTER_COMMIT, BEFORE_BROADCAST, BEFORE_COMMIT
from tests.servers import Teahouse

OFF = {"TEAHOUSE_LIMITS": "off"}


class Talker(threading.Thread):
    """Says numbered lines until the connection breaks; remembers what was acknowledged."""

    def __init__(self, server: Teahouse, name: str, enough: threading.Barrier) -> None:
        super().__init__(daemon=True)
        self.client = Client(server.url, name)
        self.acknowledged: dict[int, str] = {}
        self.last: tuple[str, str] | None = None
        self._enough = enough

    def run(self) -> None:
        try:
            for number in range(100_000):
                self.last = (secrets.token_hex(8), f"{self.name} {number}")
                key, text = self.last
                stored = self.client.ok(do="send", room="main", key=key, text=text)
                self.acknowledged[stored["seq"]] = text
                if number == 100:
                    self._enough.wait(30)
        except (ConnectionClosed, OSError, EOFError):
            self.client.__exit__(None, None, None)


def history(client: Client, room: str = "main") -> dict[int, str]:
    """All messages of a room: number → text."""
    found: dict[int, str] = {}
    while True:
        page = client.ok(do="history", room=room, after=max(found, default=0), limit=200)
        found |= {message["seq"]: message["text"] for message in page["messages"]}
        if not page["more"]["after"]:
            return found


def test_kill_9_in_the_middle_loses_nothing_that_was_acknowledged() -> None:
    with Teahouse(env=OFF) as server, Client(server.url, "Reader") as reader:
        start = reader.ok(do="subscribe", room="main")["position"]
        enough = threading.Barrier(5)
        talkers = [Talker(server, f"talker {n}", enough) for n in range(4)]
        for talker in talkers:
            talker.start()
        enough.wait(30)
        server.kill()
        for talker in talkers:
            talker.join(30)
            assert not talker.is_alive()
        acknowledged = {seq: text for talker in talkers for seq, text in talker.acknowledged.items()}
        assert len(acknowledged) >= 400
        server.start()
        with Client(server.url, token=reader.ticket) as again:
            stored = history(again)
            assert acknowledged.items() <= stored.items()
            assert list(stored) == list(range(start["seq"] + 1, start["seq"] + len(stored) + 1))
            # What was not acknowledged is there or not; a repeat with its key says where, and stores nothing twice.
            for talker in talkers:
                assert talker.last is not None
                with Client(server.url, token=talker.client.ticket) as back:
                    key, text = talker.last
                    seq = back.ok(do="send", room="main", key=key, text=text)["seq"]
                    assert stored.get(seq, text) == text
            assert sorted(history(again).values()) == sorted(
                {*stored.values(), *(t.last[1] for t in talkers if t.last)}
            )


class Mortal(Teahouse):
    """A server that dies where a message tells it to."""

    def command(self) -> list[str]:
        command = super().command()
        return [sys.executable, "-m", "tests.live.dying", *command[command.index("serve") :]]

    def dies_of(self, speaker: Client, text: str) -> None:
        speaker.put(do="send", room="main", key="once", text=text)
        assert self.process is not None
        assert self.process.wait() == -signal.SIGKILL
        self.process = None


@pytest.mark.parametrize("text", [BEFORE_COMMIT, AFTER_COMMIT, BEFORE_BROADCAST])
def test_killed_at_each_step_of_a_message(text: str) -> None:
    with Mortal(env=OFF) as server, Client(server.url, "Alice") as alice, Client(server.url, "Bob") as bob:
        start = bob.ok(do="subscribe", room="main")["position"]
        server.dies_of(alice, text)
        server.start()
        with Client(server.url, token=bob.ticket) as back, Client(server.url, token=alice.ticket) as again:
            page = back.ok(do="subscribe", room="main", since=start)
            told = [event["message"]["text"] for event in page["events"]]
            assert told == ([] if text == BEFORE_COMMIT else [text])
            repeat = again.ok(do="send", room="main", key="once", text="x" if not told else text)
            assert repeat["seq"] == start["seq"] + 1
            last = again.say("main", "last")
            assert last["seq"] == start["seq"] + 2
            assert back.event(text="last")["seq"] == last["seq"]


@pytest.mark.parametrize("text", [BEFORE_COMMIT, AFTER_COMMIT, BEFORE_BROADCAST])
def test_another_process_hears_of_what_a_killed_one_committed(
    text: str, postgres_url: str, shared_redis: services.Redis
) -> None:
    env = {**OFF, "DATABASE_URL": postgres_url, "REDIS_URL": shared_redis.url, "TEAHOUSE_SECRET_KEY": SECRET}
    with (
        Mortal(env=env) as here,
        Teahouse(env=env) as there,
        Client(here.url, "Alice") as alice,
        Client(there.url, "Bob") as bob,
    ):
        start = bob.ok(do="subscribe", room="main")["position"]
        here.dies_of(alice, text)
        if text != BEFORE_COMMIT:
            assert bob.event(text=text)["seq"] == start["seq"] + 1, (
                "found by the sweep, for nobody told of it"
            )
        with Client(there.url, token=alice.ticket) as again:
            repeat = again.ok(do="send", room="main", key="once", text="x" if text == BEFORE_COMMIT else text)
            assert repeat["seq"] == start["seq"] + 1
            last = again.say("main", "last")
            seqs = [bob.event()["seq"] for _ in range(2 if text == BEFORE_COMMIT else 1)]
            assert seqs[-1] == last["seq"] == start["seq"] + 2


POST = """
import os
from django.db import transaction
import teahouse
with transaction.atomic():
    teahouse.post("main", "{text}")
    {inside}
os._exit(9)
"""


def post(server: Teahouse, text: str, inside: str = "pass") -> int:
    return server.command_line(
        "manage", "shell", "--no-imports", "-c", POST.format(text=text, inside=inside)
    )[0]


def test_a_post_in_a_committed_transaction_arrives_in_a_rolled_back_one_never() -> None:
    with Teahouse(env=OFF) as server, Client(server.url, "Reader") as reader:
        reader.ok(do="subscribe", room="main")
        assert post(server, "rolled back", "raise RuntimeError('no')") not in (0, 9)
        assert post(server, "never committed", "os._exit(8)") == 8
        assert post(server, "committed") == 9, "killed right after the commit"
        assert reader.event()["message"]["text"] == "committed"
        assert list(history(reader).values()) == ["committed"]


def test_a_post_made_while_no_server_runs_arrives_after_the_start() -> None:
    with Teahouse(env=OFF) as server:
        with Client(server.url, "Reader") as reader:
            position = reader.ok(do="subscribe", room="main")["position"]
        server.kill()
        assert post(server, "left in the dark") == 9
        server.start()
        with Client(server.url, token=reader.ticket) as back:
            page = back.ok(do="subscribe", room="main", since=position)
            events = page["events"] or [back.event()]
            assert [event["message"]["text"] for event in events] == ["left in the dark"]


def test_a_stop_and_a_start_tell_everyone_to_come_back(tmp_path: Path) -> None:
    with Teahouse(env=OFF) as server, Client(server.url, "Alice") as alice:
        alice.ok(do="subscribe", room="main")
        stopped = threading.Thread(target=server.terminate)
        stopped.start()
        assert alice.closed() == (4201, "5")
        stopped.join(30)
