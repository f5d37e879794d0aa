"""docs/protocol.md says what the code does: each table, the schemas, and a transcript played to a real server."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest

from teahouse.events import (
    KINDS,
    PERSONAL_KINDS,
    EventFrame,
    Kind,
    MemberState,
    MessageState,
    OwnSettings,
    Role,
    RoomState,
    Root,
    ThreadState,
    Who,
)
from teahouse.live.protocol import CLOSE_CODES, COMMANDS, ERRORS
from teahouse.live.replies import (
    RESULTS,
    SIGNALS,
    EarlierText,
    Here,
    ListedMember,
    ListedThread,
    Needing,
    OwnRoom,
    Right,
    Sides,
    SiteRight,
)
from tests.clients import SECONDS, Client
from tests.live.cast import accounts, fresh
from tests.live.checked import Checked
from tests.servers import Teahouse

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")


def table(heading: str, number: int = 0) -> dict[str, list[str]]:
    """A table of the page below a heading: first column → the others."""
    below = PAGE.split(f"{heading}\n", 1)[1].split("\n#", 1)[0]
    tables = re.findall(r"(?:^\|.*\n)+", below, re.MULTILINE)
    rows = [
        [cell.strip() for cell in row.strip("|").split("|")] for row in tables[number].strip().split("\n")
    ]
    return {row[0].strip("`"): row[1:] for row in rows[2:]}


def test_each_command_is_there_with_its_fields() -> None:
    shown = {name: set(re.findall(r"`(\w+)`", cells[0])) for name, cells in table("### Commands").items()}
    assert shown == {name: set(model.model_fields) - {"id", "do"} for name, model in COMMANDS.items()}


def test_each_event_error_and_close_code_is_there() -> None:
    assert table("### Events", 1).keys() == KINDS.keys()
    assert table("### Events", 2).keys() == PERSONAL_KINDS.keys()
    assert {code: cells[0] for code, cells in table("### Errors").items()} == ERRORS
    assert {int(code): cells[0] for code, cells in table("## Close codes").items()} == CLOSE_CODES


def words(text: str) -> set[str]:
    return set(re.findall(r"`(\w+)`", text))


def test_each_field_of_an_event_is_there() -> None:
    rows = table("### Events")
    assert {name for names in rows for name in re.findall(r"\w+", names)} == keys(EventFrame)
    shown = {names: words(cells[0]) for names, cells in rows.items()}
    assert shown["message"] == keys(MessageState)
    assert words(PAGE.split("### Threads\n")[1].split("\n#")[0]) >= keys(Root) | keys(ThreadState)
    assert shown["member"] == keys(MemberState) | set(get_args(Role))
    values = {"open", "private", "direct", "personal", "everyone", "moderators"}
    assert shown["state"] - values == keys(RoomState)
    assert shown["settings"] - {"from", "to", "zone"} == keys(OwnSettings)
    assert shown["by"] - set(get_args(Kind)) == keys(Who)


def test_each_result_and_signal_is_there_with_its_fields() -> None:
    rows = table("### Results")
    shown = {name: words(cells[0]) for names, cells in rows.items() for name in re.findall(r"\w+", names)}
    inside = {
        "hello": keys(OwnRoom) | set(get_args(SiteRight)),
        "subscribe": {"state", "true"} | keys(Here) | set(get_args(Right)),
        "history": keys(Sides),
        "edits": keys(EarlierText),
        "make": {"state"},
        "direct": {"state"},
        "rooms": {"state", "members", "joined"},
        "members": keys(ListedMember),
        "threads": keys(ListedThread),
        "activity": keys(Needing) | {"mention", "reply", "reaction"},
    }
    assert shown.keys() == RESULTS.keys() == COMMANDS.keys()
    for name, shape in RESULTS.items():
        assert shown[name] == keys(shape) | inside.get(name, set()), name
    signals = {name: words(cells[0]) for name, cells in table("### Signals").items()}
    states = {"ok", "degraded", "unavailable"}
    assert {name: fields - states for name, fields in signals.items()} == {
        name: keys(shape) - {"signal"} for name, shape in SIGNALS.items()
    }


def keys(shape: Any) -> set[str]:
    return set(shape.__annotations__)


def test_each_limit_is_there_as_the_hello_tells_it(open_server: Teahouse) -> None:
    with Client(open_server.url, "Alice") as alice:
        assert {name: int(cells[0]) for name, cells in table("### Limits").items()} == alice.hello["limits"]


def test_the_schemas_are_as_the_code_is() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "bin" / "schemas", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_what_the_server_says_fits_the_schemas(server: Teahouse) -> None:
    with Checked(server.url, "Alice") as alice, Checked(server.url, "Bob") as bob:
        alice.ok(do="subscribe", room="schemas", make=True)
        alice.ok(do="subscribe", room="@me")
        since = bob.ok(do="subscribe", room="schemas")["position"]
        alice.signal("presence", lambda frame: frame["count"] == 2)
        said = alice.say("schemas", "hello *you*")
        which = {"room": "schemas", "message": said["message"]}
        alice.ok(do="edit", text="hello", **which)
        bob.ok(do="edits", **which)
        bob.ok(do="send", room="schemas", key="answer", text="and to you", reply=said["message"])
        bob.ok(do="send", room="schemas", key="inside", text="in its thread", thread=said["message"])
        bob.ok(do="react", emoji="🍵", **which)
        alice.ok(do="threads")
        alice.ok(do="history", room="schemas", thread=said["message"])
        alice.signal("threads")
        alice.ok(do="read", room="schemas", thread=said["message"], seq=said["seq"] + 100)
        alice.event("thread_read")
        alice.ok(do="typing", room="schemas")
        bob.signal("typing")
        alice.ok(do="read", room="schemas", seq=said["seq"])
        alice.event("read")
        assert bob.refused(do="edit", text="no", **which) == "forbidden"
        shown = bob.ok(do="history", room="schemas")
        assert shown["messages"][0]["reactions"] == {"🍵": [bob.you["id"]]}
        alice.ok(do="delete", **which)
        bob.event("deleted")
        bob.ok(do="subscribe", room="schemas", since=since)
        assert bob.ok(do="subscribe", room="schemas", since={"epoch": "another", "seq": 1})["reset"]
        bob.ok(do="unsubscribe", room="schemas")
        bob.ok(do="ping")
        seen = alice.seen | bob.seen | seen_of_rooms(server)
    assert seen >= {f"result-{name}" for name in RESULTS}
    assert seen >= {"event message", "event reactions", "event deleted", "event read", "error"}
    assert seen >= {"event thread", "event thread_read", "signal-threads"}
    assert seen >= {"signal-typing", "signal-presence", "signal-rights", "signal-room"}
    assert seen >= {"event member", "event room", "event room_added", "event room_removed"}


def seen_of_rooms(server: Teahouse) -> set[str]:
    """Each command about rooms and people, and what follows from it."""
    tokens = accounts(server, fresh("Schema"), fresh("Schema"))
    with Checked(server.url, token=tokens[0]) as alice, Checked(server.url, token=tokens[1]) as bob:
        bob.ok(do="subscribe", room="@me")
        room = alice.ok(do="make", title="Schemas of rooms")["room"]["room"]
        alice.ok(do="rooms", search="schemas of")
        bob.ok(do="subscribe", room=room)
        bob.ok(do="join", room=room)
        bob.signal("rights")
        alice.ok(do="change", room=room, topic="all of them")
        alice.signal("room")
        alice.ok(do="role", room=room, person=bob.you["id"], role="moderator")
        alice.ok(do="members", room=room)
        alice.ok(do="people", search="schema")
        alice.ok(do="remove", room=room, person=bob.you["id"])
        alice.ok(do="invite", room=room, people=[bob.you["id"]])
        alice.ok(do="archive", room=room)
        bob.ok(do="leave", room=room)
        bob.event("room_removed")
        alice.ok(do="direct", people=[bob.you["id"]])
        bob.ok(do="settings", language=None)
        bob.ok(do="activity")
        while bob.event("room_added")["state"]["kind"] != "direct":
            pass
        for kind in ("member", "room"):
            bob.event(kind)
        return alice.seen | bob.seen


def test_a_room_is_left_by_any_spelling_it_was_subscribed_by(server: Teahouse) -> None:
    with Client(server.url, "Alice") as alice, Client(server.url, "Bob") as bob:
        bob.ok(do="subscribe", room="spelling", make=True)
        assert alice.ok(do="subscribe", room="SPELLING")["room"]["room"] == "spelling"
        bob.say("spelling", "one")
        assert alice.event()["message"]["text"] == "one"
        alice.ok(do="unsubscribe", room="Spelling")
        bob.say("spelling", "two")
        bob.event(text="two")
        alice.ok(do="ping")
        assert [frame for frame in alice.heard if "event" in frame] == []


def fits(shown: Any, real: Any) -> bool:
    """Whether a frame is as the page shows it; what differs each time the page leaves out with …, ids are any."""
    if isinstance(shown, dict) and isinstance(real, dict):
        if "…" in shown:
            return True
        return shown.keys() == real.keys() and all(
            (key in {"id", "message"} and isinstance(real[key], int)) or fits(shown[key], real[key])
            for key in shown
        )
    if isinstance(shown, list) and isinstance(real, list):
        return all(isinstance(item, int) for item in real) or (
            len(shown) == len(real) and all(map(fits, shown, real))
        )
    return shown == real or (isinstance(shown, str) and shown.endswith("…") and real.startswith(shown[:-1]))


@pytest.mark.timeout(120)
def test_the_transcript_is_what_happens() -> None:
    lines = PAGE.split("```transcript\n")[1].split("```")[0].strip().split("\n")
    schema = json.loads((ROOT / "docs" / "schemas" / "event.json").read_text(encoding="utf-8"))
    message = 0
    with Teahouse() as server, Client(server.url, hello=False) as client:
        frames: list[dict[str, Any]] = []
        for line in lines:
            direction, text = line[0], line[2:].replace("{…}", '{"…":0}')
            if direction == "→":
                command = json.loads(text)
                if isinstance(command.get("message"), int):
                    command["message"] = message
                client.socket.send(json.dumps(command))
                continue
            shown = json.loads(text)
            while not any(same_kind(shown, frame) for frame in frames):
                frames.append(json.loads(client.socket.recv(timeout=SECONDS)))
            real = frames.pop([same_kind(shown, frame) for frame in frames].index(True))
            if "event" in real:
                jsonschema.validate(real, schema)
                message = real["message"]["id"]
            assert fits(shown, real), f"the page shows\n{shown}\nbut the server sent\n{real}"


def same_kind(shown: dict[str, Any], frame: dict[str, Any]) -> bool:
    return all(shown.get(key) == frame.get(key) for key in ("re", "event", "signal"))
