"""Invitations: what a link makes, for whom, how often, and whom it refuses. Alice owns, Bob is invited, Charlie not."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from tests.clients import Client
from tests.server.accounts import (
    PASSWORD,
    ask,
    cookie,
    csrf,
    invite,
    link_in,
    press,
    sign_up,
    signed_in,
)
from tests.servers import Answer, Browser, Teahouse, make_owner


def test_it_makes_an_account_signs_in_and_joins_the_rooms(site: Teahouse, alice: Browser) -> None:
    with Client(site.url, **cookie(alice)) as owner:
        owner.ok(do="subscribe", room="kettle", make=True)
        owner.ok(do="subscribe", room="main")
        (room,) = ask(site, "SELECT id FROM teahouse_room WHERE slug = 'kettle'")[0]
        link = invite(alice, rooms=str(room), places="1")
        bob = site.browser()
        assert "alice invites you" in bob.get(link).text
        assert "<strong>kettle</strong>" in bob.get(link).text
        assert sign_up(bob, link, "bob").url == f"{site.url}/rooms/kettle/"
        assert signed_in(bob)
        joined = owner.event("member", "kettle")
        assert joined["member"]["person"]["name"] == "bob"
        assert joined["member"]["role"] == "member"
    with Client(site.url, **cookie(bob)) as member:
        assert member.you["kind"] == "user"
        assert [room["room"] for room in member.hello["rooms"]] == ["kettle"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE teahouse_invitation SET used = places WHERE id = ?", "they have come"),
        ("UPDATE teahouse_invitation SET expires_at = '2020-01-01' WHERE id = ?", "time is over"),
        ("UPDATE teahouse_invitation SET revoked_at = '2020-01-01' WHERE id = ?", "was revoked"),
        ("UPDATE teahouse_invitation SET digest = 'another' WHERE id = ?", "never made"),
    ],
)
def test_one_that_is_over_says_why_and_makes_nobody(
    site: Teahouse, alice: Browser, change: str, said: str
) -> None:
    link = invite(alice)
    charlie = site.browser()
    token = csrf(charlie, link)
    ask(site, change, ask(site, "SELECT max(id) FROM teahouse_invitation")[0][0])
    answer = charlie.get(link)
    assert answer.status == 410
    assert said in answer.text
    fields = {"username": "charlie", "password": PASSWORD, "again": PASSWORD, "csrfmiddlewaretoken": token}
    assert charlie.post(link, fields).status == 410
    assert not signed_in(charlie)
    assert ask(site, "SELECT count(*) FROM auth_user WHERE username = 'charlie'") == [(0,)]


def test_two_at_once_take_one_place(site: Teahouse, alice: Browser) -> None:
    link = invite(alice, places="1")
    browsers = [site.browser() for _ in range(3)]
    tokens = [csrf(browser, link) for browser in browsers]
    together = Barrier(len(browsers))

    def send(index: int) -> Answer:
        fields = {"username": f"racer{index}", "password": PASSWORD, "again": PASSWORD}
        together.wait()
        return browsers[index].post(link, {**fields, "csrfmiddlewaretoken": tokens[index]}, follow=False)

    with ThreadPoolExecutor(len(browsers)) as threads:
        statuses = sorted(answer.status for answer in threads.map(send, range(len(browsers))))
    assert statuses == [302, 410, 410]
    assert ask(site, "SELECT count(*) FROM auth_user WHERE username LIKE 'racer%'") == [(1,)]


def test_a_guest_who_signs_up_stays_the_same_person(site: Teahouse, alice: Browser) -> None:
    """Another window of the guest, and who is in the same room, hear of it."""
    browser = site.browser()
    browser.post("/guest/", {"name": "Lan", "csrfmiddlewaretoken": csrf(browser)})
    guest: dict[str, Any] = {
        "origin": site.url,
        "additional_headers": {"Cookie": f"teahouse_guest={browser.cookie('teahouse_guest')}"},
    }
    with Client(site.url, **guest) as window, Client(site.url, "neighbour") as neighbour:
        for client in (window, neighbour):
            client.ok(do="subscribe", room="main")
        said = window.say("main", "said before")
        link = invite(alice)
        assert "what was said here as Lan is yours" in browser.get(link).text
        sign_up(browser, link, "lan-hua")
        told = neighbour.signal("person")["who"]
        assert told == {"id": window.you["id"], "name": "lan-hua", "kind": "user"}
        assert window.closed()[0] == 4200
        ticket, before = window.ticket or browser.cookie("teahouse_guest"), window.you["id"]
        assert not browser.cookie("teahouse_guest")
        with Client(site.url, hello=False) as stale:
            assert stale.refused(do="hello", v=1, token=ticket) == "bad_token"
    with Client(site.url, **cookie(browser)) as again:
        assert again.you == {"id": before, "name": "lan-hua", "kind": "user"}
        again.ok(do="edit", room="main", message=said["message"], text="said before, and still mine")
    with Client(site.url, hello=False) as charlie:
        assert charlie.refused(do="hello", v=1, name="LAN-HUA") == "name_taken"


def test_an_owner_makes_an_account_for_a_guest(site: Teahouse, alice: Browser) -> None:
    with Client(site.url, "Old Wu") as guest:
        person = guest.you["id"]
        page = alice.get(f"/account/people/{person}/")
        assert "A guest." in page.text
        link = link_in(press(alice, f"/account/people/{person}/account/"))
        elsewhere = site.browser()
        sign_up(elsewhere, link, "wu")
        assert guest.closed()[0] == 4200
    with Client(site.url, **cookie(elsewhere)) as wu:
        assert wu.you == {"id": person, "name": "wu", "kind": "user"}
    assert site.browser().get(link).status == 410


@pytest.mark.parametrize(
    ("name", "said"),
    [("ALICE", "another"), ("alice", "another"), ("two words", "valid username"), ("Teahouse", "another")],
)
def test_a_name_of_somebody_else_is_refused(site: Teahouse, alice: Browser, name: str, said: str) -> None:
    link = invite(alice)
    answer = sign_up(site.browser(), link, name)
    assert answer.status == 400
    assert said in answer.text
    assert site.browser().get(link).status == 200, "no place was taken"


def test_who_has_an_account_joins_the_rooms_and_takes_no_place(site: Teahouse, alice: Browser) -> None:
    sign_up(dora := site.browser(), invite(alice), "dora")
    with Client(site.url, "opener") as client:
        client.ok(do="subscribe", room="cups", make=True)
    (room,) = ask(site, "SELECT id FROM teahouse_room WHERE slug = 'cups'")[0]
    link = invite(alice, rooms=str(room))
    assert "signed in as dora" in dora.get(link).text
    assert dora.submit(link).url == f"{site.url}/rooms/cups/"
    with Client(site.url, **cookie(dora)) as client:
        assert "cups" in [room["room"] for room in client.hello["rooms"]]
    assert site.browser().get(link).status == 200


def test_only_who_moderates_a_private_room_invites_to_it(site: Teahouse, alice: Browser) -> None:
    """Alice owns the site, and is a member of neither; then she moderates one."""
    for slug in ("secret", "others"):
        ask(
            site,
            "INSERT INTO teahouse_room"
            " (slug, title, topic, kind, epoch, seq, rights, closing, speaking, created_at)"
            " VALUES (?, ?, '', 'private', 'e', 0, 0, '', 'everyone', '2026-01-01')",
            slug,
            f"Room {slug}",
        )
    (secret,) = ask(site, "SELECT id FROM teahouse_room WHERE slug = 'secret'")[0]
    (others,) = ask(site, "SELECT id FROM teahouse_room WHERE slug = 'others'")[0]
    (person,) = ask(site, "SELECT id FROM teahouse_person WHERE name = 'alice'")[0]
    ask(
        site,
        "INSERT INTO teahouse_member (room_id, person_id, role, read, joined_at, level)"
        " VALUES (?, ?, 'moderator', 0, '2026-01-01', '')",
        secret,
        person,
    )
    page = alice.get("/account/invitations/").text
    assert "Room secret" in page
    assert "Room others" not in page
    refused = alice.submit("/account/invitations/", places="1", days="7", rooms=str(others))
    assert refused.status == 400
    link = invite(alice, rooms=str(secret))
    emma, later = site.browser(), site.browser()
    sign_up(emma, link, "emma")
    with Client(site.url, **cookie(emma)) as client:
        assert client.ok(do="subscribe", room="secret")["room"]["kind"] == "private"
        assert client.refused(do="subscribe", room="others") == "not_found"
    link = invite(alice, rooms=str(secret))
    ask(site, "DELETE FROM teahouse_member WHERE room_id = ? AND person_id = ?", secret, person)
    sign_up(later, link, "later")
    with Client(site.url, **cookie(later)) as client:
        assert client.refused(do="subscribe", room="secret") == "not_found"


def test_the_link_is_shown_again_with_its_code_and_can_be_revoked(site: Teahouse, alice: Browser) -> None:
    link = invite(alice, note="for <b>Ming</b>")
    (number,) = ask(site, "SELECT max(id) FROM teahouse_invitation")[0]
    page = alice.get(f"/account/invitations/{number}/")
    assert link_in(page) == link
    assert 'src="data:image/svg+xml' in page.text
    assert "for &lt;b&gt;Ming&lt;/b&gt;" in page.text
    assert "<script>" not in page.text
    press(alice, f"/account/invitations/{number}/revoke/", "/account/invitations/")
    assert "Revoked." in alice.get(f"/account/invitations/{number}/").text
    assert "was revoked" in site.browser().get(link).text


def test_no_link_is_in_the_database(site: Teahouse, alice: Browser) -> None:
    token = invite(alice).rstrip("/").rpartition("/")[2]
    files = [site.data / f"teahouse.sqlite3{end}" for end in ("", "-wal")]
    assert all(token.encode() not in file.read_bytes() for file in files if file.exists())


def test_only_owners_invite_and_guests_are_asked_to_sign_in(site: Teahouse, alice: Browser) -> None:
    sign_up(frank := site.browser(), invite(alice), "frank")
    assert frank.get("/account/invitations/").status == 403
    assert "/account/invitations/" not in frank.get("/account/").text
    (number,) = ask(site, "SELECT max(id) FROM teahouse_invitation")[0]
    assert frank.get(f"/account/invitations/{number}/").status == 403
    assert press(frank, f"/account/invitations/{number}/revoke/").status == 403
    assert alice.get(f"/account/invitations/{number}/").status == 200
    charlie = site.browser().get("/account/invitations/")
    assert charlie.url == f"{site.url}/sign-in/?next=/account/invitations/"


def test_the_command_prints_a_link(site: Teahouse, alice: Browser) -> None:
    status, link = site.command_line("invite", "--people", "2", "--room", "main", "--note", "door")
    assert status == 0, link
    assert re.fullmatch(rf"{re.escape(site.url)}/join/[\w-]{{32}}/\n", link)
    assert sign_up(site.browser(), link.strip(), "grace").url == f"{site.url}/rooms/main/".replace(
        "rooms/main/", ""
    )
    assert "Made on the command line." in alice.get("/account/invitations/").text
    status, said = site.command_line("invite", "--room", "nowhere")
    assert status == 1
    assert "no room nowhere" in said
    assert site.command_line("invite", "--people", "many")[0] == 2


def test_tries_from_one_address_are_limited() -> None:
    with Teahouse() as site:
        link = invite(make_owner(site, "alice"))
        bob = site.browser()
        fields = {"username": "", "csrfmiddlewaretoken": csrf(bob, link)}
        statuses = [bob.post(link, fields).status for _ in range(12)]
    assert statuses[0] == 400
    assert statuses[-1] == 429


def test_everyone_may_invite_where_the_site_says_so_and_sees_their_own() -> None:
    with Teahouse(env={"TEAHOUSE_INVITATIONS": "everyone", "TEAHOUSE_LIMITS": "off"}) as site:
        alice = make_owner(site, "alice")
        theirs = invite(alice, note="alice's own")
        sign_up(bob := site.browser(), theirs, "bob")
        link = invite(bob, note="bob's own")
        assert site.browser().get(link).status == 200
        assert "alice&#x27;s own" not in bob.get("/account/invitations/").text
        assert bob.get("/account/invitations/1/").status == 404
        assert "bob&#x27;s own" in alice.get("/account/invitations/").text
        # Whoever may not come any more has let nobody in either.
        (person,) = ask(site, "SELECT id FROM teahouse_person WHERE name = 'bob'")[0]
        press(alice, f"/account/people/{person}/deactivate/")
        assert "was revoked" in site.browser().get(link).text
