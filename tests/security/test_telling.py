"""Nobody is told which rooms, messages and people there are: what is not there and what is not yours are answered with
the same bytes, but for the name that was asked for, and an account that there is like one that there is not."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients import SECONDS, Client, Plain, Said
from tests.security import rights
from tests.security.asking import CSRF, Site
from tests.security.table import HIDDEN, INSIDE, OTHERS, OWN, PASSWORD, PEOPLE, ROOM, SELF, Row, filled, slug

ABSENT = "ab-sent"  # As long as the other.

WAYS = [row for row in rights.COMMANDS if row.rules["private"]["outsider"] == "-"]
STRANGERS = [role for role in INSIDE if rights.COMMANDS[0].rules["private"][role] == "-"]


@pytest.fixture(scope="module", params=STRANGERS)
def stranger(request: pytest.FixtureRequest, site: Site) -> Iterator[Client]:
    """Everybody who belongs to no room; the owner of the site is one of them."""
    asked, hello = site.credentials(request.param)
    with Client(site.server.url, **asked, **hello) as client:
        yield client


def raw(client: Client, **command: Any) -> str:
    """The reply as it came. What is told of rooms meanwhile is passed over."""
    client.socket.send(json.dumps(command))
    while not (told := str(client.socket.recv(timeout=SECONDS))).startswith('{"re":'):
        pass
    return told


@pytest.mark.parametrize("row", WAYS, ids=lambda row: row.name)
def test_a_room_that_is_not_yours_is_not_there(site: Site, stranger: Client, row: Row) -> None:
    if "make" in row.fields:
        # Who may make rooms learns that a name is taken, and nothing else: SECURITY.md says so.
        row = rights.COMMANDS[0]
    ids = {OWN: 1, OTHERS: 1, SELF: 1, **{one: site.made["people"][who] for one, who in PEOPLE.items()}}
    told = [
        raw(stranger, **{"id": 1, "do": row.do, "room": room, **filled(row.fields, {**ids, ROOM: room})})
        for room in (HIDDEN, ABSENT)
    ]
    assert '"not_found"' in told[0]
    assert told[0].replace(HIDDEN, ABSENT) == told[1]


def replies(said: Said) -> str:
    """All of an answer but what is told of rooms meanwhile, as text."""
    return json.dumps([said.status, [frame for frame in said.frames if "re" in frame], said.end])


@pytest.mark.parametrize("role", STRANGERS)
def test_over_http_neither(site: Site, role: str) -> None:
    since = {"epoch": "x", "seq": 1}
    asked: list[dict[str, Any]] = [
        {"do": "subscribe", "since": since},
        {"do": "history"},
        {"do": "send", "key": "k", "text": "x"},
    ]
    with site.posting(role) as posting:
        told = [
            replies(posting.ask(*(each | {"room": room} for each in asked), query="?wait=20"))
            for room in (HIDDEN, ABSENT)
        ]
    assert told[0].count('"not_found"') == 3
    assert told[0].replace(HIDDEN, ABSENT) == told[1]


def test_a_name_that_is_taken_is_all_that_making_tells(site: Site, stranger: Client) -> None:
    told = raw(stranger, id=1, do="subscribe", room=HIDDEN, make=True)
    assert told == raw(stranger, id=1, do="subscribe", room=HIDDEN)


def test_the_names_of_private_rooms_tell_nothing_to_who_makes_one(site: Site, stranger: Client) -> None:
    told = [
        raw(stranger, id=1, do="make", kind="private", title="Tea", room=room) for room in (HIDDEN, ABSENT)
    ]
    ends = [re.sub(r"-[a-z2-9]{10}\"", '-END"', one) for one in told]
    assert ends[0].replace(HIDDEN, ABSENT) == ends[1]
    assert '"name_taken"' not in told[0]


def test_no_list_tells_of_a_private_room(site: Site, stranger: Client) -> None:
    found = [
        raw(stranger, id=1, do="rooms", search=word) for word in (HIDDEN, "A secret", "Of a surprise", ABSENT)
    ]
    assert set(found) == {'{"re":1,"ok":{"rooms":[],"more":false}}'}
    assert '"open' not in found[0]
    everyone = raw(stranger, id=1, do="rooms", limit=200)
    assert HIDDEN not in everyone
    assert '"kind":"open"' in everyone, "it is a list"


def test_people_of_whom_one_may_not_know_are_not_there(site: Site) -> None:
    """Guests, closed accounts and nobody are one to who invites; who is no member and who is nobody to who manages."""
    asked, hello = site.credentials("owner")
    people, room = site.made["people"], slug(rights.COMMANDS[0], "open", "owner")
    nowhere = 10_000_000
    with Client(site.server.url, **asked, **hello) as owner:
        for do, field, hidden in (
            ("invite", "people", ("guest", "deactivated")),
            ("direct", "people", ("guest", "deactivated")),
            ("remove", "person", ("guest", "newcomer", "deactivated")),
            ("role", "person", ("guest", "newcomer", "deactivated")),
            ("members", "after", ("guest", "newcomer", "deactivated")),
        ):
            told = set()
            for one in (*(people[who] for who in hidden), nowhere):
                given = [one] if field == "people" else one
                more = {"role": "moderator"} if do == "role" else {}
                said = raw(owner, **{"id": 1, "do": do, "room": room, field: given, **more})
                told.add(said.replace(str(one), "ID"))
            assert len(told) == 1, do
            assert '"not_found"' in told.pop()
        assert owner.ok(do="members", room=room, after=people["bystander"])["members"] == []
        there = owner.ok(do="people", search="", limit=200)["people"]
        assert people["newcomer"] in {one["id"] for one in there}, "who may be known of is found"
        assert not {people["guest"], people["deactivated"]} & {one["id"] for one in there}


def test_whom_one_may_not_remove_one_does_nothing_to(site: Site, stranger: Client) -> None:
    """A person's own room is made when it is first needed: not by who only asks."""
    with Client(site.server.url, "Lan") as lan:
        person = lan.you["id"]
    for do in ("remove", "invite", "role"):
        more = {"role": "member"} if do == "role" else {}
        stranger.ask(**{"do": do, "room": "main", "person": person, "people": [person], **more})
    assert site.number(f"@{person}") is None


def test_a_message_of_another_room_is_not_there(site: Site, stranger: Client) -> None:
    """Also not where one asks for it in a room that one may read."""
    (others, _) = site.made["messages"][slug(rights.COMMANDS[3], "private", "member")]
    nowhere = 10_000_000 + others
    for command in (
        {"do": "edit", "text": "x"},
        {"do": "delete"},
        {"do": "react", "emoji": "🍵"},
        {"do": "react", "emoji": "🍵", "on": False},
    ):
        told = [raw(stranger, id=1, room="main", message=which, **command) for which in (others, nowhere)]
        assert told[0].replace(str(others), str(nowhere)) == told[1]
        assert '"not_found"' in told[0]


def test_another_persons_stream_is_not_there(site: Site, stranger: Client) -> None:
    there, nowhere = f"@{site.made['people']['member']}", "@99999999"
    for do in ("subscribe", "history"):
        told = [raw(stranger, id=1, do=do, room=room) for room in (there, nowhere)]
        assert told[0].replace(there, nowhere) == told[1]


def test_the_plain_protocol_tells_no_more(site: Site) -> None:
    told = []
    # Of the second it cannot be a room: one that could be would be made.
    for group in (HIDDEN, "no.room"):
        with Plain(site.server.url, f"/wsmsg/{group}?name=Lan") as plain:
            told.append((plain.next(), plain.closed()))
    assert told[0] == told[1] == ("[没有这个房间]", (4004, "not_found"))


@pytest.mark.parametrize("role", ["nobody", *STRANGERS, "deactivated"])
def test_pages_tell_no_more(site: Site, role: str) -> None:
    answers = [site.request("GET", f"/rooms/{room}/", site.cookie(role)) for room in (HIDDEN, ABSENT)]
    (first, text), (second, other) = answers
    assert (first.status, second.status) == (404, 404)
    assert text.replace(HIDDEN, ABSENT) == other
    heads = [{k: v for k, v in answer.getheaders() if k != "date"} for answer, _ in answers]
    assert heads[0] == heads[1]


def test_a_credential_of_nobody_is_as_one_that_was_revoked(site: Site) -> None:
    told = []
    for token in (
        site.made["tokens"]["revoked"],
        "tok_" + "x" * 32,
        "tkt_x",
        site.made["tokens"]["guest"] + "x",
    ):
        with Client(site.server.url, hello=False) as client:
            told.append((raw(client, id=1, do="hello", v=1, token=token), client.closed()))
    assert len(set(told)) == 1


# Signing in


def sign_in(site: Site, name: str, password: str) -> tuple[float, str]:
    """Seconds of the server's processor, which no other load of this machine changes much; and what the page says, but
    for what was typed and the form's token."""
    fields = {"username": name, "password": password, "csrfmiddlewaretoken": CSRF}
    before = processor(site)
    answer, text = site.request("POST", "/sign-in/", f"teahouse_csrf={CSRF}", fields)
    seconds = processor(site) - before
    assert answer.status == 400
    masked = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text).replace(f'value="{name}"', "")
    return seconds, masked


def processor(site: Site) -> float:
    """Seconds that the server has worked (proc_pid_stat(5): utime and stime)."""
    fields = Path(f"/proc/{site.server.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_wrong_name_works_as_hard_as_a_wrong_password_and_is_answered_alike(site: Site) -> None:
    """Hashing is nearly all of it: what is left out of it would be seen from anywhere."""
    tries = {name: [sign_in(site, name, "wrong") for _ in range(2)] for name in ("lan", "nobody", "gone")}
    assert len({text for told in tries.values() for _, text in told}) == 1
    work = {name: sum(seconds for seconds, _ in told) for name, told in tries.items()}
    assert max(work.values()) < 2 * min(work.values()), work
    bare = sum(sign_in(site, "lan", "")[0] for _ in range(2))
    assert min(work.values()) > 3 * bare, "hashing is most of the work, in each of them"


def test_an_account_that_is_closed_is_as_one_that_is_not_there_with_its_password_too(site: Site) -> None:
    assert sign_in(site, "gone", PASSWORD)[1] == sign_in(site, "nobody", PASSWORD)[1]
