"""Whoever was away resumes exactly: every number once, in order, and nothing that was deleted."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from pathlib import Path
from typing import Any

from tests.clients import Client
from tests.servers import Browser, Teahouse


def resume(client: Client, room: str, since: dict[str, Any]) -> list[dict[str, Any]]:
    """All events after a position, page by page, until the session is live."""
    events: list[dict[str, Any]] = []
    while True:
        page = client.ok(do="subscribe", room=room, since=since)
        assert not page.get("reset")
        events += page["events"]
        since = page["position"]
        if not page["more"]:
            return events
        assert page["events"], "a page that promises more brings something"
        assert page["position"]["seq"] == page["events"][-1]["seq"]


def test_away_for_5000_messages(pair: tuple[Teahouse, Teahouse]) -> None:
    here, there = pair
    with Client(here.url, "Alice") as alice, Client(there.url, "Bob") as bob:
        start = bob.ok(do="subscribe", room="away", make=True)["position"]
        bob.ok(do="unsubscribe", room="away")
        numbers = [alice.put(do="send", room="away", key=f"k{n}", text=f"secret {n}") for n in range(5000)]
        said = [alice.reply_to(number)["ok"] for number in numbers]
        changes = 0
        for stored in said[::500]:
            alice.ok(do="edit", room="away", message=stored["message"], text="edited since")
            changes += 1
        for stored in said[250::500]:
            alice.ok(do="delete", room="away", message=stored["message"])
            changes += 1
        events = resume(bob, "away", start)
        # Up to what his process had heard of; the rest comes as it hears of it.
        while events[-1]["seq"] < start["seq"] + 5000 + changes:
            events.append(bob.event(None, room="away"))
        assert [event["seq"] for event in events] == list(
            range(start["seq"] + 1, start["seq"] + 5001 + changes)
        )
        texts = {event["seq"]: event["message"].get("text") for event in events}
        for number, stored in enumerate(said):
            if number % 500 == 250:
                assert texts[stored["seq"]] is None, "deleted since"
            elif number % 500 == 0:
                assert texts[stored["seq"]] == "edited since"
            else:
                assert texts[stored["seq"]] == f"secret {number}"
        live = alice.say("away", "now live")
        assert bob.event(text="now live")["seq"] == live["seq"]


def test_a_position_of_no_history_is_a_reset(pair: tuple[Teahouse, Teahouse]) -> None:
    here, there = pair
    with Client(here.url, "Alice") as alice, Client(there.url, "Bob") as bob:
        alice.ok(do="subscribe", room="resets", make=True)
        head = alice.say("resets", "one")["seq"]
        position = bob.ok(do="subscribe", room="resets")["position"]
        assert position["seq"] == head
        unknown = bob.ok(do="subscribe", room="resets", since={"epoch": "another", "seq": 0})
        assert (unknown["reset"], unknown["position"], unknown["events"]) == (True, position, [])
        beyond = bob.ok(do="subscribe", room="resets", since={**position, "seq": head + 1})
        assert (beyond["reset"], beyond["position"]) == (True, position)
        assert "reset" not in bob.ok(do="subscribe", room="resets", since=position)


def test_a_server_that_was_stopped_leaves_everything_in_one_file() -> None:
    """SQLite's log is put into the database when the last connection is closed, so a copy of the file is a backup."""
    with Teahouse() as server:
        with Client(server.url, "Alice") as alice:
            alice.say("main", "in the file")
            assert Browser(server.url).get("/").status == 200
        server.terminate()
        assert [path.name for path in server.data.glob("*.sqlite3*")] == ["teahouse.sqlite3"]


def test_after_a_backup_was_put_back_whoever_knew_more_reads_anew() -> None:
    with Teahouse(env={"TEAHOUSE_LIMITS": "off"}) as server:
        database = server.data / "teahouse.sqlite3"
        with Client(server.url, "Alice") as alice, Client(server.url, "Bob") as bob:
            alice.say("main", "in the backup")
            server.terminate()
            shutil.copy(database, server.data / "backup")
            server.start()
        with Client(server.url, token=alice.ticket) as alice, Client(server.url, token=bob.ticket) as bob:
            alice.say("main", "lost with the disk")
            known = bob.ok(do="subscribe", room="main")["position"]
            server.terminate()
            shutil.copy(server.data / "backup", database)
            # Of the room, and of Alice's own stream.
            assert server.command_line("manage", "teahouse_restored") == (0, "New histories begun: 2.\n")
            server.start()
        with Client(server.url, token=alice.ticket) as alice, Client(server.url, token=bob.ticket) as bob:
            assert alice.say("main", "has the number of the lost one")["seq"] == known["seq"]
            answer = bob.ok(do="subscribe", room="main", since=known)
            assert answer["reset"]
            assert answer["position"]["seq"] == known["seq"]
            assert server.command_line("manage", "teahouse_restored")[0] == 0
            assert bob.closed() == (4200, "1"), "while the server runs"


def test_a_client_that_knows_more_than_this_process_is_no_reset(
    two_servers: tuple[Teahouse, Teahouse],
) -> None:
    here, there = two_servers
    with Client(here.url, "Alice") as alice, Client(there.url, "Bob") as bob:
        alice.ok(do="subscribe", room="ahead", make=True)
        for number in range(50):
            seq = alice.say("ahead", f"line {number}")["seq"]
            page = bob.ok(do="subscribe", room="ahead", since={**alice_position(alice), "seq": seq})
            assert "reset" not in page
            assert page["position"]["seq"] == seq


def alice_position(alice: Client) -> dict[str, Any]:
    position: dict[str, Any] = alice.ok(do="subscribe", room="ahead")["position"]
    return position


class Held(Teahouse):
    """A server whose resumes stop after reading a page until `go`."""

    def command(self) -> list[str]:
        command = super().command()
        return [sys.executable, "-m", "tests.live.held", *command[command.index("serve") :]]


def test_a_message_exactly_between_the_pages_read_and_going_live_arrives_once(tmp_path: Path) -> None:
    for name in ("reached", "go"):
        os.mkfifo(tmp_path / name)
    env = {"TEST_HOLD": str(tmp_path), "TEAHOUSE_LIMITS": "off"}
    with Held(env=env) as server, Client(server.url, "Alice") as alice:
        start = alice.ok(do="subscribe", room="main")["position"]
        first = alice.say("main", "before")
        alice.say("main", "deleted in between")
        server.restart()
        with Client(server.url, token=alice.ticket) as again, Client(server.url, "Bob") as bob:
            number = bob.put(do="subscribe", room="main", since=start)
            reached = (tmp_path / "reached").read_text()
            assert reached == "here", "Bob's page was read, he is not live yet"
            between = again.say("main", "exactly between")
            again.ok(do="delete", room="main", message=first["message"] + 1)
            threading.Thread(target=(tmp_path / "go").write_text, args=("go",), daemon=True).start()
            answer = bob.reply_to(number)["ok"]
            assert not answer["more"]
            after = again.say("main", "after")
            assert bob.event(text="after")["seq"] == after["seq"]
            seqs = [event["seq"] for event in answer["events"]] + [
                frame["seq"] for frame in bob.heard if "event" in frame
            ]
            assert seqs == list(range(start["seq"] + 1, after["seq"]))
            assert between["seq"] in seqs
            assert "deleted in between" not in str(answer)


def test_a_repeat_with_its_key_after_a_restart_is_stored_once() -> None:
    with Teahouse(env={"TEAHOUSE_LIMITS": "off"}) as server:
        with Client(server.url, "Alice") as alice:
            first = alice.say("main", "once", key="yesterday")
            gone = alice.say("main", "gone", key="gone")
            alice.ok(do="delete", room="main", message=gone["message"])
        server.restart()
        with Client(server.url, token=alice.ticket) as alice:
            start = alice.ok(do="subscribe", room="main")["position"]
            assert alice.say("main", "once", key="yesterday") == first
            assert alice.say("main", "gone", key="gone") == gone
            assert alice.say("main", "next")["seq"] == start["seq"] + 1, "nothing else was stored"


def test_a_repeat_after_losing_the_right_to_speak_is_still_answered() -> None:
    with Teahouse(env={"TEAHOUSE_LIMITS": "off"}) as server, Client(server.url, "Alice") as alice:
        first = alice.say("main", "once", key="k")
        status, said = server.command_line(
            *("manage", "shell", "--no-imports", "-c"),
            "from teahouse.models import Room; from django.utils import timezone; from django.db.models import F;"
            "Room.objects.update(archived_at=timezone.now(), rights=F('rights') + 1)",
        )
        assert status == 0, said
        assert alice.refused(do="send", room="main", key="other", text="more") == "archived"
        assert alice.say("main", "once", key="k") == first
