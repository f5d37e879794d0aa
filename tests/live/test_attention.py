"""What needs somebody and when they may be disturbed: settings on all devices, the list of activity. Each refusal has
its opposite."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients import Client
from tests.live.cast import Cast, accounts, error, fresh, made, own, who
from tests.live.checked import Checked
from tests.servers import Teahouse

NIGHT = {"from": "22:00", "to": "07:30", "zone": "Europe/Berlin"}


def test_settings_are_told_on_all_devices_and_in_a_resume(pair: tuple[Teahouse, Teahouse]) -> None:
    here, there = pair
    (token,) = accounts(here, fresh("Alice"))
    with Client(here.url, token=token) as phone, Checked(there.url, token=token) as desk:
        assert phone.hello["settings"] == {"quiet": None, "language": None, "seen": 0}
        since = desk.ok(do="subscribe", room="@me")["position"]
        room = made(phone, fresh("leveled"))
        whole = {"quiet": NIGHT, "language": "zh-hans", "seen": 0}
        assert phone.ok(do="settings", quiet=NIGHT, language="zh-hans") == {"settings": whole}
        assert desk.event("settings")["settings"] == whole
        assert phone.ok(do="settings", room=room, level="nothing") == {"settings": whole, "level": "nothing"}
        told = desk.event("settings")
        assert (told["about"], told["level"]) == (room, "nothing")
        phone.ok(do="settings", quiet=NIGHT, room=room, level="nothing")  # As it is: nothing is told.
        assert phone.ok(do="settings", quiet=None)["settings"] == {**whole, "quiet": None}
        assert desk.event("settings")["settings"]["quiet"] is None
        with Checked(there.url, token=token) as again:
            assert again.hello["settings"] == {**whole, "quiet": None}
            assert own(again)[room]["level"] == "nothing"
            again.ok(do="settings", room=room, level=None)
            assert desk.event("settings")["level"] == "mentions"
            missed = again.ok(do="subscribe", room="@me", since=since)["events"]
    heard = [one for one in missed if one["event"] == "settings"]
    assert [one.get("about") for one in heard] == [None, room, None, room], "each once, in order"
    assert (heard[-2]["settings"], heard[-1]["level"]) == ({**whole, "quiet": None}, "mentions")


def test_ones_own_stream_goes_on_from_the_hello(server: Teahouse, cast: Cast, tokens: list[str]) -> None:
    room = made(cast.alice, fresh("meanwhile"))
    cast.alice.ok(do="invite", room=room, people=[who(cast.bob)])
    with Checked(server.url, token=tokens[1]) as bob:
        said = cast.alice.say(room, "@Bob")["message"]
        missed = bob.ok(do="subscribe", room="@me", since=bob.hello["me"])["events"]
        assert [(one["event"], one["message"]["id"]) for one in missed] == [("mention", said)]
    with Checked(server.url, token=tokens[1]) as again:
        assert again.hello["unseen"] == bob.hello["unseen"] + 1
        assert again.ok(do="subscribe", room="@me", since=again.hello["me"])["events"] == []
    with Client(server.url, "Newcomer") as nobody:
        assert "me" not in nobody.hello, "nothing was ever told"


def test_levels_where_nothing_was_said(server: Teahouse, cast: Cast, tokens: list[str]) -> None:
    room = made(cast.alice, fresh("usual"))
    direct = cast.alice.ok(do="direct", people=[who(cast.bob)])["room"]["room"]
    with Checked(server.url, token=tokens[0]) as again:
        assert (own(again)[room]["level"], own(again)[direct]["level"]) == ("mentions", "all")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "Give what is to change"),
        ({"room": "main"}, "Give room and level together"),
        ({"level": "all"}, "Give room and level together"),
        ({"room": "main", "level": "loud"}, "level: "),
        ({"quiet": {**NIGHT, "zone": "Mars/Olympus"}}, "IANA database, such as Europe/Berlin"),
        ({"quiet": {**NIGHT, "from": "25:00"}}, "quiet.from: "),
        ({"quiet": {**NIGHT, "to": "22:00"}}, "from and to are the same"),
        ({"quiet": {"from": "22:00", "to": "07:00"}}, "quiet.zone: Field required"),
        ({"language": "no language"}, "language: "),
    ],
)
def test_settings_that_are_none(cast: Cast, fields: dict[str, Any], says: str) -> None:
    told = error(cast.alice, do="settings", **fields)
    assert told["code"] == "invalid"
    assert says in told["message"]


def test_the_level_of_a_room_that_is_not_ones_own(cast: Cast) -> None:
    private = made(cast.alice, fresh("secret"), kind="private")
    assert cast.charlie.refused(do="settings", room=private, level="all") == "not_found"
    assert cast.alice.ok(do="settings", room=private, level="all")["level"] == "all"
    room = made(cast.alice, fresh("open"))
    assert cast.gina.ok(do="settings", room=room, level="all")["level"] == "all", "a guest, who looks at it"


def activity(client: Client, **more: Any) -> list[tuple[Any, ...]]:
    page = client.ok(do="activity", **more)
    return [
        (one["kind"], one["by"]["name"], one["message"]["text"], one.get("emoji")) for one in page["activity"]
    ]


def test_what_needs_somebody_is_listed_newest_first(server: Teahouse, cast: Cast, tokens: list[str]) -> None:
    alice, bob, charlie = cast.alice, cast.bob, cast.charlie
    room = made(alice, fresh("needing"), kind="private")
    alice.ok(do="invite", room=room, people=[who(bob), who(charlie)])
    bob.ok(do="subscribe", room="@me")
    own_message = bob.say(room, "mine")["message"]
    called = alice.say(room, "@Bob *look*")
    alice.ok(do="react", room=room, message=own_message, emoji="🍵")
    alice.ok(do="react", room=room, message=own_message, emoji="👍")
    bob.ok(do="react", room=room, message=own_message, emoji="🎉")
    charlie.say(room, "nobody is called")
    gone = charlie.say(room, "@Bob secret")["message"]
    reaction = bob.event("reaction")
    assert (reaction["about"], reaction["message"]["id"], reaction["by"]) == (room, own_message, alice.you)
    page = bob.ok(do="activity")
    assert activity(bob)[:3] == [
        ("mention", "Charlie", "@Bob secret", None),
        ("reaction", "Alice", "mine", ["🍵", "👍"]),
        ("mention", "Alice", "@Bob *look*", None),
    ]
    first = page["activity"][2]
    assert (first["room"], first["message"]["id"]) == (room, called["message"])
    assert first["message"]["html"] == "<p>@Bob <em>look</em></p>"
    # One by one, and then no more of this room.
    one = bob.ok(do="activity", limit=1)
    assert one["more"]
    assert bob.ok(do="activity", limit=1, before=one["before"])["activity"][0]["kind"] == "reaction"
    # As it is now.
    charlie.ok(do="delete", room=room, message=gone)
    alice.ok(do="react", room=room, message=own_message, emoji="🍵", on=False)
    alice.ok(do="edit", room=room, message=called["message"], text="@Bob edited")
    assert activity(bob)[:2] == [
        ("reaction", "Alice", "mine", ["👍"]),
        ("mention", "Alice", "@Bob edited", None),
    ]
    alice.ok(do="react", room=room, message=own_message, emoji="👍", on=False)
    assert activity(bob)[:1] == [("mention", "Alice", "@Bob edited", None)]
    # How much was not seen, on another device.
    with Checked(server.url, token=tokens[1]) as desk:
        assert desk.hello["unseen"] >= 4
        desk.ok(do="settings", seen=page["activity"][0]["seq"])
        assert bob.event("settings")["settings"]["seen"] == page["activity"][0]["seq"]
        assert desk.ok(do="settings", seen=1)["settings"]["seen"] == page["activity"][0]["seq"], (
            "only forward"
        )
        alice.say(room, "@Bob once more")
        bob.event("mention")
        with Checked(server.url, token=tokens[1]) as again:
            assert again.hello["unseen"] == 1
    assert alice.ok(do="activity")["activity"] == [], "who reacts to nobody but others needs nothing"
    # Nothing of a room that one is not in any more.
    alice.ok(do="remove", room=room, person=who(bob))
    assert room not in [item["room"] for item in bob.ok(do="activity")["activity"]]
    alice.ok(do="react", room=room, message=own_message, emoji="🍵")
    alice.ok(do="invite", room=room, people=[who(bob)])
    assert activity(bob)[0][0] == "mention"


def test_a_reply_is_told_to_whom_it_replies(cast: Cast) -> None:
    room = made(cast.alice, fresh("replies"), kind="private")
    cast.alice.ok(do="invite", room=room, people=[who(cast.bob), who(cast.charlie)])
    mine = cast.charlie.say(room, "mine")["message"]
    for client in (cast.charlie, cast.alice):
        client.ok(do="subscribe", room="@me")
    say = {"do": "send", "room": room, "reply": mine}
    first = cast.bob.ok(**say, key="r1", text="a reply")
    told = cast.charlie.event("reply")
    assert (told["about"], told["message"]["id"], told["by"]) == (room, first["message"], cast.bob.you)
    cast.charlie.ok(**say, key="r2", text="to myself")
    cast.bob.ok(**say, key="r3", text="@Charlie, called by name too")
    cast.charlie.event("mention")
    listed = activity(cast.charlie)
    assert (listed[0][0], listed[1]) == ("mention", ("reply", "Bob", "a reply", None))
    assert "reply" not in [frame.get("event") for frame in cast.charlie.heard + cast.alice.heard]
    cast.alice.ok(do="remove", room=room, person=who(cast.charlie))
    cast.bob.ok(**say, key="r4", text="behind their back")
    made(cast.charlie, "behind")
    while cast.charlie.event("room_added")["state"]["title"] != "behind":
        pass
    assert "reply" not in [frame.get("event") for frame in cast.charlie.heard]


def test_a_reaction_after_a_removal_is_not_told(cast: Cast) -> None:
    room = made(cast.alice, fresh("after"), kind="private")
    cast.alice.ok(do="invite", room=room, people=[who(cast.charlie)])
    mine = cast.charlie.say(room, "mine")["message"]
    cast.charlie.ok(do="subscribe", room="@me")
    cast.alice.ok(do="react", room=room, message=mine, emoji="🍵")
    assert cast.charlie.event("reaction")["about"] == room
    cast.alice.ok(do="remove", room=room, person=who(cast.charlie))
    cast.alice.ok(do="react", room=room, message=mine, emoji="👍")
    made(cast.charlie, "mark")
    cast.charlie.event("room_removed")
    while cast.charlie.event("room_added")["state"]["title"] != "mark":
        pass
    assert "reaction" not in [frame.get("event") for frame in cast.charlie.heard]
