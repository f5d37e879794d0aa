"""Replies, earlier texts and times over the wire: no old text is quoted, and what was deleted stays gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.clients import Client
from tests.live.checked import Checked
from tests.servers import Teahouse


@pytest.fixture
def room(request: pytest.FixtureRequest) -> str:
    return str(request.node.name.removeprefix("test_"))[:60]


def test_a_reply_names_what_it_answers_and_not_its_text(pair: tuple[Teahouse, Teahouse]) -> None:
    here, there = pair
    with Checked(here.url, "Alice") as alice, Checked(there.url, "Bob") as bob:
        alice.ok(do="subscribe", room="replies", make=True)
        since = bob.ok(do="subscribe", room="replies")["position"]
        first = alice.say("replies", "the secret recipe")
        bob.event()
        answer = bob.ok(do="send", room="replies", key="a", text="I see", reply=first["message"])
        told = {"id": first["message"], "seq": first["seq"], "by": alice.you}
        event = alice.event(text="I see")
        assert event["message"]["reply"] == told
        assert "secret" not in str(event)
        # A repeat is the first one, whatever became of what it replies to.
        alice.ok(do="delete", room="replies", message=first["message"])
        assert bob.ok(do="send", room="replies", key="a", text="I see", reply=first["message"]) == answer
        assert bob.refused(do="send", room="replies", key="b", text="and?", reply=first["message"]) == "gone"
        # The same in history, after an edit, and for who comes back.
        bob.ok(do="edit", room="replies", message=answer["message"], text="I saw")
        assert alice.event(text="I saw")["message"]["reply"] == told
        shown = alice.ok(do="history", room="replies")["messages"]
        assert [message.get("reply") for message in shown] == [None, told]
        missed = bob.ok(do="subscribe", room="replies", since=since)["events"]
        assert [e["message"]["reply"] for e in missed if e["event"] == "message"] == [told, told]
        assert "secret" not in str(missed) + str(shown)
        bob.ok(do="delete", room="replies", message=answer["message"])
        assert "reply" not in alice.ok(do="history", room="replies")["messages"][1]


def test_one_replies_only_within_the_room(server: Teahouse, room: str) -> None:
    with Client(server.url, "Alice") as alice:
        for name in (room, "another"):
            alice.ok(do="subscribe", room=name, make=True)
        elsewhere = alice.say("another", "here")["message"]
        assert alice.refused(do="send", room=room, key="a", text="there", reply=elsewhere) == "not_found"
        assert alice.refused(do="send", room=room, key="a", text="there", reply=10**9) == "not_found"
        assert alice.ok(do="history", room=room)["messages"] == []
        assert "seq" in alice.ok(do="send", room="another", key="a", text="there", reply=elsewhere)


def test_earlier_texts_are_shown_to_readers_until_it_is_deleted(server: Teahouse, room: str) -> None:
    with Checked(server.url, "Alice") as alice, Checked(server.url, "Bob") as bob:
        alice.ok(do="subscribe", room=room, make=True)
        which = {"room": room, "message": alice.say(room, "one")["message"]}
        assert bob.ok(do="edits", **which) == {"edits": [], "more": False}
        said = alice.ok(do="history", room=room)["messages"][0]["at"]
        for text in ("*two*", "*two*", "three"):
            alice.ok(do="edit", text=text, **which)
        told = bob.ok(do="edits", **which)
        assert [(one["text"], one.get("html")) for one in told["edits"]] == [
            ("one", None),
            ("*two*", "<p><em>two</em></p>"),
        ]
        assert told["edits"][0]["at"] == said < told["edits"][1]["at"]
        alice.ok(do="delete", **which)
        assert bob.refused(do="edits", **which) == "gone"
        assert bob.refused(do="edits", room=room, message=10**9) == "not_found"
        assert bob.refused(do="edits", room="nowhere", message=which["message"]) == "not_found"


def test_many_long_earlier_texts_are_cut_at_the_oldest(server: Teahouse, room: str) -> None:
    with Client(server.url, "Alice") as alice:
        alice.ok(do="subscribe", room=room, make=True)
        which = {"room": room, "message": alice.say(room, "0" + "茶" * 9_000)["message"]}
        numbers = [alice.put(do="edit", text=f"{n}" + "茶" * 9_000, **which) for n in range(1, 13)]
        for number in numbers:
            alice.reply_to(number)
        told = alice.ok(do="edits", **which)
        assert told["more"]
        assert [one["text"].rstrip("茶") for one in told["edits"]] == [str(n) for n in range(3, 12)]


def test_a_time_leads_to_the_first_message_then_or_later(server: Teahouse, room: str) -> None:
    with Client(server.url, "Alice") as alice:
        alice.ok(do="subscribe", room=room, make=True)
        for n in range(9):
            said = alice.say(room, str(n))
            if n % 3 == 0:
                alice.ok(do="react", room=room, message=said["message"], emoji="🍵")
        every = alice.ok(do="history", room=room)["messages"]

        def found(at: str) -> tuple[str, dict[str, bool]]:
            page = alice.ok(do="history", room=room, at=at, limit=1)
            return page["messages"][0]["text"], page["more"]

        for message in every:
            first = next(one for one in every if one["at"] >= message["at"])
            assert found(message["at"])[0] == first["text"]
        assert found("1970-01-01T00:00:00Z") == ("0", {"before": False, "after": True})
        # In whatever zone it is written.
        there = datetime.fromisoformat(every[4]["at"]).astimezone(UTC) + timedelta(hours=8)
        assert found(there.replace(tzinfo=None).isoformat() + "+08:00")[0] == found(every[4]["at"])[0]
        later = alice.ok(do="history", room=room, at="9999-12-31T00:00:00Z", limit=4)
        assert [one["text"] for one in later["messages"]] == ["7", "8"]
        assert later["more"] == {"before": True, "after": False}
        for wrong in ("yesterday", "2026-11-22", "2026-11-22T10:00:00", "0001-01-01T00:00:00+14:00", ""):
            assert alice.refused(do="history", room=room, at=wrong) == "invalid"
        assert alice.refused(do="history", room=room, at="1970-01-01T00:00:00Z", around=1) == "invalid"
