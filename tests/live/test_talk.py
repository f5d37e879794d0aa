"""People talk: the JSON protocol, the plain one, and both in one room; on one server and on two."""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from contextlib import closing

import pytest

from tests.clients import SECONDS, Client, Plain
from tests.servers import Teahouse, make_owner

LABEL = '<span style="color:grey;width:100%;font-size:12px">{}:</span><br>'


def test_two_people_hear_each_other_in_the_same_order(pair: tuple[Teahouse, Teahouse]) -> None:
    here, there = pair
    with (
        Client(here.url, "Alice") as alice,
        Client(there.url, "梅") as mei,
        Plain(there.url, "/wsmsg?name=Bob") as bob,
    ):
        assert bob.next() == LABEL.format("Bob") + "[已连接!]"
        for client in (alice, mei):
            client.ok(do="subscribe", room="main")
        alice.say("main", "hello")
        mei.say("main", "你好 <b>")
        bob.send("hi & bye")
        heard = [[client.event() for _ in range(3)] for client in (alice, mei)]
        assert [e["seq"] for e in heard[0]] == [e["seq"] for e in heard[1]]
        assert heard[0] == heard[1]
        assert {e["message"]["text"] for e in heard[0]} == {"hello", "你好 <b>", "hi & bye"}
        plain = {bob.next() for _ in range(3)}
        assert plain == {
            LABEL.format("Alice") + "hello",
            LABEL.format("梅") + "你好 &lt;b&gt;",
            LABEL.format("Bob") + "hi &amp; bye",
        }


def test_a_group_of_the_plain_protocol_is_a_room(server: Teahouse) -> None:
    decomposed = unicodedata.normalize("NFD", "Café")
    with Plain(server.url, "/wsmsg/茶馆") as one, Plain(server.url, "/wsmsg/茶馆/") as two:
        label = one.next()
        assert re.match(re.escape(LABEL.format("@")).replace("@", r"guest-\w{4}"), label)
        two.next()
        one.send("喝茶")
        assert one.next() == two.next() == label.replace("[已连接!]", "喝茶")
    with Plain(server.url, f"/wsmsg/{decomposed}") as one, Plain(server.url, "/wsmsg/café") as two:
        one.next()
        two.next()
        two.send("same room")
        assert one.next().endswith("same room")


def test_a_speakers_name_and_text_never_become_markup(server: Teahouse) -> None:
    with (
        Plain(server.url, "/wsmsg/markup?name=%3Cscript%3E") as one,
        Plain(server.url, "/wsmsg/markup") as two,
    ):
        assert one.next() == LABEL.format("&lt;script&gt;") + "[已连接!]"
        two.next()
        one.send("<img src=x onerror=alert(1)>\"'")
        assert two.next() == LABEL.format("&lt;script&gt;") + "&lt;img src=x onerror=alert(1)&gt;&quot;&#x27;"


def test_close_by_one_who_may_ends_every_plain_connection_behind_earlier_texts(
    pair: tuple[Teahouse, Teahouse],
) -> None:
    here, there = pair
    with (
        Client(there.url, "Alice") as alice,
        Plain(here.url, "/wsmsg/closing") as one,
        Plain(there.url, "/wsmsg/closing") as two,
    ):
        one.next()
        alice.ok(do="subscribe", room="closing")
        two.next()
        one.send("before")
        one.send("close")
        for plain in (one, two):
            assert plain.next().endswith("before")
            assert plain.next() == "[后端服务器关闭连接]"
            assert plain.closed() == (1000, "")
        assert alice.event()["seq"] + 1 == alice.event("closed")["seq"]


def test_close_by_another_ends_only_his_own(rated_server: Teahouse) -> None:
    with Plain(rated_server.url, "/wsmsg/staying") as one, Plain(rated_server.url, "/wsmsg/staying") as two:
        one.next()
        two.next()
        one.send("close")
        assert one.next() == "[后端服务器关闭连接]"
        assert one.closed() == (1000, "")
        two.send("still here")
        assert two.next().endswith("still here")


@pytest.mark.parametrize(
    ("frame", "line"),
    [("x" * 10_001, "[太长"), ("   ", "[空消息"), (b"\x00\x01", "[只收文字"), ("a\x00b", "[无法保存")],
)
def test_a_refused_text_is_answered_with_one_line(server: Teahouse, frame: str | bytes, line: str) -> None:
    with Plain(server.url, "/wsmsg/refused") as plain:
        plain.next()
        plain.send(frame)
        answer = plain.next()
        assert answer.startswith(line)
        assert answer.endswith("]")
        plain.send("x" * 10_000)
        assert plain.next().endswith("x" * 10_000)


def test_edit_delete_react_reach_everyone(pair: tuple[Teahouse, Teahouse]) -> None:
    here, there = pair
    with Client(here.url, "Alice") as alice, Client(there.url, "Bob") as bob:
        bob.ok(do="subscribe", room="main")
        alice.ok(do="subscribe", room="main")
        said = alice.say("main", "frist", key="edit-me")
        message = said["message"]
        assert bob.event(text="frist")["seq"] == said["seq"]
        assert bob.refused(do="edit", room="main", message=message, text="hacked") == "forbidden"
        edited = alice.ok(do="edit", room="main", message=message, text="*first*")
        event = bob.event()
        assert (event["seq"], event["message"]["seq"]) == (edited["seq"], said["seq"])
        assert event["message"]["html"] == "<p><em>first</em></p>"
        assert "edited" in event["message"]
        assert alice.ok(do="edit", room="main", message=message, text="*first*") == edited
        bob.ok(do="react", room="main", message=message, emoji="🍵")
        reactions = alice.event("reactions")
        assert reactions["message"] == {"id": message, "reactions": {"🍵": [bob.you["id"]]}}
        again = bob.ok(do="react", room="main", message=message, emoji="🍵")
        assert again["seq"] == reactions["seq"]
        assert bob.refused(do="delete", room="main", message=message) == "forbidden"
        alice.ok(do="delete", room="main", message=message)
        gone = bob.event("deleted")
        assert "text" not in gone["message"]
        assert gone["message"]["id"] == message
        assert alice.refused(do="edit", room="main", message=message, text="back") == "gone"
        shown = bob.ok(do="history", room="main", around=said["seq"], limit=1)["messages"][0]
        assert shown["deleted"]
        assert "text" not in shown


def test_a_repeat_returns_the_first_result_also_after_deletion(server: Teahouse) -> None:
    with Client(server.url, "Alice") as alice, Client(server.url, "Bob") as bob:
        bob.ok(do="subscribe", room="main")
        first = alice.say("main", "once", key="K1")
        assert alice.say("main", "once", key="K1") == first
        assert alice.refused(do="send", room="main", key="K1", text="other") == "key_reused"
        alice.ok(do="delete", room="main", message=first["message"])
        assert alice.say("main", "once", key="K1") == first
        assert bob.say("main", "once", key="K1") != first, "a key is a person's own"
        assert [bob.event(text="once")["by"]["name"] for _ in range(2)] == ["Alice", "Bob"]


def test_read_marks_move_on_every_device(pair: tuple[Teahouse, Teahouse]) -> None:
    here, there = pair
    with Client(here.url, "Alice") as phone, Client(here.url, "Bob") as bob:
        assert phone.ticket is not None
        with Client(there.url, token=phone.ticket) as desk:
            assert desk.you["id"] == phone.you["id"]
            desk.ok(do="subscribe", room="@me")
            seqs = [bob.say("main", f"line {n}")["seq"] for n in range(3)]
            assert phone.ok(do="read", room="main", seq=seqs[1]) == {"read": seqs[1]}
            event = desk.event("read")
            assert (event["room"], event["about"], event["read"]) == ("@me", "main", seqs[1])
            assert phone.ok(do="read", room="main", seq=seqs[0]) == {"read": seqs[1]}, "forward only"
            assert phone.ok(do="read", room="main", seq=seqs[0], back=True) == {"read": seqs[0]}
        with Client(there.url, token=phone.ticket) as again:
            assert [(r["room"], r["read"], r["unread"]) for r in again.hello["rooms"]] == [
                ("main", seqs[0], 2)
            ]
            later = bob.say("main", "more")
            head = again.signal("head", lambda head: head["seq"] == later["seq"])
            assert (head["room"], head["unread"]) == ("main", 3)


def test_what_is_left_unread_is_told_when_another_device_reads(pair: tuple[Teahouse, Teahouse]) -> None:
    here, there = pair
    with Client(here.url, "Alice") as phone, Client(here.url, "Bob") as bob:
        phone.ok(do="read", room="main", seq=bob.say("main", "before")["seq"])
        with Client(there.url, token=phone.ticket) as desk:
            desk.ok(do="subscribe", room="@me")
            seqs = [bob.say("main", text)["seq"] for text in ("one", "two", "@Alice")]
            desk.signal("head", lambda head: (head["unread"], head["mentions"]) == (3, 1))
            phone.ok(do="read", room="main", seq=seqs[1])
            # On a busy machine each of the three messages had a signal of its own before that.
            head = desk.signal("head", lambda head: head["seq"] == seqs[2] and head["unread"] < 3)
            assert {**head, "signal": None} == {
                "signal": None, "room": "main", "seq": seqs[2], "unread": 1, "mentions": 1
            }  # fmt: skip
            phone.ok(do="read", room="main", seq=seqs[2])
            head = desk.signal("head", lambda head: head["seq"] == seqs[2] and head["mentions"] == 0)
            assert head["unread"] == 0


def test_typing_and_presence_are_shown(pair: tuple[Teahouse, Teahouse]) -> None:
    here, there = pair
    with Client(here.url, "Alice") as alice, Client(there.url, "Bob") as bob:
        alice.ok(do="subscribe", room="main")
        assert bob.refused(do="typing", room="main") == "not_subscribed"
        bob.ok(do="subscribe", room="main")
        came = alice.signal("presence", lambda frame: any(who["name"] == "Bob" for who in frame["came"]))
        assert came["count"] >= 2
        bob.ok(do="typing", room="main")
        assert alice.signal("typing")["by"] == bob.you


def test_who_is_no_member_sees_no_private_room(server: Teahouse) -> None:
    made = (
        "from teahouse.models import Member, Person, Room;"
        "a = Person.objects.create(kind='bot', name='Owner', name_key='owner');"
        "b = Person.objects.create(kind='bot', name='Bobby', name_key='bobby');"
        "c = Person.objects.create(kind='bot', name='Charlie', name_key='charlie');"
        "r = Room.objects.create(slug='secret', title='s', kind='private');"
        "Member.objects.create(room=r, person=a, role='owner'); Member.objects.create(room=r, person=b);"
        "from teahouse.actions.people import make_token; print(*[make_token(p) for p in (a, b, c)])"
    )
    status, tokens = server.command_line("manage", "shell", "--no-imports", "-c", made)
    assert status == 0, tokens
    alices, bobs, charlies = tokens.split()
    with (
        Client(server.url, token=alices) as alice,
        Client(server.url, token=bobs) as bob,
        Client(server.url, token=charlies) as charlie,
    ):
        bob.ok(do="subscribe", room="secret")
        for command in (
            {"do": "subscribe"},
            {"do": "history"},
            {"do": "send", "key": "k", "text": "let me in"},
            {"do": "typing"},
            {"do": "read", "seq": 1},
            {"do": "subscribe", "make": True},
        ):
            refusal = charlie.ask(room="secret", **command)
            absent = charlie.ask(room="absent", **{**command, "make": False})
            assert refusal["error"]["code"] == absent["error"]["code"] == "not_found"
            assert refusal["error"]["message"].replace("secret", "absent") == absent["error"]["message"]
        said = alice.say("secret", "only us")
        assert bob.event(text="only us")["seq"] == said["seq"]
        assert charlie.refused(do="delete", room="secret", message=said["message"]) == "not_found"
        assert charlie.refused(do="delete", room="main", message=said["message"]) == "not_found"
        assert [room["room"] for room in bob.hello["rooms"]] == ["secret"]
        assert charlie.hello["rooms"] == []
    with Plain(
        server.url, "/wsmsg/secret", additional_headers={"Authorization": f"Bearer {charlies}"}
    ) as plain:
        assert plain.next() == "[没有这个房间]"
        assert plain.closed()[0] == 4004
    with Plain(server.url, "/wsmsg/secret", additional_headers={"Authorization": f"Bearer {bobs}"}) as plain:
        assert plain.next().endswith("[已连接!]")


def test_the_door(server: Teahouse) -> None:
    with Client(server.url, hello=False, origin="https://evil.example") as client:
        assert client.closed() == (4003, "wrong origin")
    with Client(server.url, "Alice", origin=server.url) as client:
        assert client.you["name"] == "Alice"
    with Client(server.url, hello=False) as client:
        assert client.refused(do="hello", v=2) == "version"
        assert client.closed()[0] == 4008
    for token in ("tok_wrong", "tkt_wrong", "nonsense"):
        with Client(server.url, hello=False) as client:
            assert client.refused(do="hello", v=1, token=token) == "bad_token"
            assert client.closed()[0] == 4001
    with Client(server.url, hello=False) as client:
        assert client.refused(do="hello", v=1, name=" ") == "invalid"
        assert client.ok(do="hello", v=1, name="Second try")["you"]["name"] == "Second try"
        assert client.refused(do="hello", v=1, name="Third") == "hello_twice"


def test_who_never_says_hello_is_asked_to_leave_and_not_who_waits_for_the_answer(server: Teahouse) -> None:
    with (
        closing(
            sqlite3.connect(server.data / "teahouse.sqlite3", timeout=SECONDS, isolation_level=None)
        ) as database,
        Client(server.url, hello=False) as patient,
        Client(server.url, hello=False) as refused,
    ):
        assert refused.refused(do="hello", v=1, name=" ") == "invalid"
        database.execute("BEGIN IMMEDIATE")  # No guest can be made: as behind a crowd that comes at once.
        waiting = patient.put(do="hello", v=1, name="Patient")
        with Client(server.url, hello=False) as silent:
            assert silent.closed() == refused.closed() == (4105, "no hello within 10 s")
        database.execute("ROLLBACK")
        assert patient.reply_to(waiting)["ok"]["you"]["name"] == "Patient"


def test_many_sends_need_not_wait_for_each_other(server: Teahouse) -> None:
    with Client(server.url, "Alice") as alice:
        alice.ok(do="subscribe", room="busy", make=True)
        numbers = [alice.put(do="send", room="busy", key=f"k{n}", text=f"line {n}") for n in range(600)]
        seqs = [alice.reply_to(number)["ok"]["seq"] for number in numbers[:1]]
        events = [alice.event() for _ in numbers]
        assert [event["message"]["text"] for event in events] == [f"line {n}" for n in range(600)]
        assert [event["seq"] for event in events] == list(range(seqs[0], seqs[0] + 600))
        # Who leaves with hundreds of answers unread waits for the end of the connection.
        seqs += [alice.reply_to(number)["ok"]["seq"] for number in numbers[1:]]
        assert seqs == [event["seq"] for event in events]


def test_too_fast_says_how_long_to_wait(rated_server: Teahouse) -> None:
    with Client(rated_server.url, "Alice") as alice:
        numbers = [alice.put(do="send", room="main", key=f"k{n}", text="spam") for n in range(60)]
        replies = [alice.reply_to(number) for number in numbers]
        refused = [reply["error"] for reply in replies if "error" in reply]
        assert refused
        assert {error["code"] for error in refused} == {"too_fast"}
        assert all(error["retry"] and error["after"] > 0 for error in refused)
        again = alice.ok(do="send", room="main", key="k0", text="spam")
        assert again == replies[0]["ok"], "a repeat is answered before rates"


@pytest.mark.parametrize("change", ["edit", "react"])
def test_edits_and_reactions_count_like_messages(rated_server: Teahouse, change: str) -> None:
    with Client(rated_server.url, "Alice") as alice:
        message = alice.say("main", "first")["message"]
        command = {"do": change, "room": "main", "message": message}
        more = [
            {"text": f"{n}"} if change == "edit" else {"emoji": "🍵", "on": n % 2 == 0} for n in range(60)
        ]
        for number in [alice.put(**command, **fields) for fields in more]:
            reply = alice.reply_to(number)
        assert reply["error"]["code"] == "too_fast"
        assert reply["error"]["after"] > 0


def test_frames_are_compact_json_and_not_escaped(server: Teahouse) -> None:
    with Client(server.url, "梅") as mei:
        mei.socket.send('{"id":"七","do":"ping","later":"fields may be added"}')
        assert mei.socket.recv(timeout=SECONDS) == '{"re":"七","ok":{}}'
        assert mei.socket.ping().wait(SECONDS), "WebSocket pings are answered"


def test_speaking_over_the_plain_protocol_makes_a_signed_in_person_a_member(server: Teahouse) -> None:
    token = server.command_line("manage", "teahouse_token", "Parrot")[1].strip()
    with Client(server.url, "Alice") as alice:
        alice.ok(do="subscribe", room="perch", make=True)
        with Plain(
            server.url, "/wsmsg/perch", additional_headers={"Authorization": f"Bearer {token}"}
        ) as parrot:
            parrot.send("one")
            parrot.send("two")
            assert alice.event("member")["member"]["person"]["name"] == "Parrot"
            assert [alice.event()["message"]["text"] for _ in range(2)] == ["one", "two"]
        with Client(server.url, token=token) as again:
            assert [room["room"] for room in again.hello["rooms"]] == ["perch"]
        alice.ok(do="ping")
        assert not [frame for frame in alice.heard if frame.get("event") == "member"], "once"


def test_a_name_that_is_none_is_refused_on_the_plain_protocol(server: Teahouse) -> None:
    with Plain(server.url, "/wsmsg?name=" + "x" * 41) as plain:
        assert plain.next() == "[名字不行: 1 到 40 个可见字符]"
        assert plain.closed()[0] == 4001


def test_a_room_gained_meanwhile_tells_what_is_new_there(server: Teahouse) -> None:
    token = server.command_line("manage", "teahouse_token", "Robot")[1].strip()
    with (
        Client(server.url, token=token) as robot,
        Client(server.url, token=token) as device,
        Client(server.url, "Alice") as alice,
    ):
        assert robot.hello["rooms"] == []
        alice.ok(do="subscribe", room="gained", make=True)
        robot.say("gained", "speaking makes a member")
        last = alice.say("gained", "news")["seq"]
        for one in (robot, device):
            head = one.signal("head", lambda frame: frame["seq"] == last)
            assert (head["room"], head["unread"]) == ("gained", 1)


def test_signing_out_and_a_revoked_token_end_live_sessions_in_every_process(
    two_servers: tuple[Teahouse, Teahouse],
) -> None:
    here, there = two_servers
    browser = make_owner(here)
    cookie = {"Cookie": f"teahouse_session={browser.cookie('teahouse_session')}"}
    with (
        Client(here.url, origin=here.url, additional_headers=cookie) as one,
        Client(there.url, origin=there.url, additional_headers=cookie) as two,
        Client(there.url, "Bystander") as bystander,
    ):
        assert one.you == two.you
        assert one.you["kind"] == "user"
        browser.submit("/sign-out/")
        assert one.closed() == two.closed() == (4001, "signed out")
        assert bystander.ok(do="ping") == {}
    with Client(here.url, additional_headers=cookie) as nobody:
        assert nobody.you["kind"] == "guest", "without an Origin the login cookie does not count"
