"""Names, pictures and the owners' page of people: who may, what others see at once, and who is refused."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from threading import Barrier

import pytest
from PIL import Image

from tests.clients import Client
from tests.server.accounts import (
    PASSWORD,
    ask,
    cookie,
    csrf,
    invite,
    picture,
    press,
    sign_in,
    sign_up,
    signed_in,
    upload,
)
from tests.servers import Browser, Teahouse


@pytest.fixture(scope="module")
def bob(site: Teahouse, alice: Browser) -> Browser:
    browser = site.browser()
    sign_up(browser, invite(alice), "bob")
    return browser


def id_of(site: Teahouse, user: str) -> int:
    query = "SELECT p.id FROM teahouse_person p JOIN auth_user u ON u.id = p.user_id WHERE u.username = ?"
    return int(ask(site, query, user)[0][0])


def test_another_name_is_seen_by_who_shares_a_room_and_by_nobody_else(site: Teahouse, bob: Browser) -> None:
    with (
        Client(site.url, **cookie(bob)) as own,
        Client(site.url, "near") as near,
        Client(site.url, "far") as far,
    ):
        own.ok(do="subscribe", room="names", make=True)
        near.ok(do="subscribe", room="names")
        far.ok(do="subscribe", room="elsewhere", make=True)
        name = "Bob & <b>Builder</b>"
        assert "Saved." in bob.submit("/account/", name=name, status="  at   lunch ").text
        who = {"id": own.you["id"], "name": name, "kind": "user"}
        assert near.signal("person")["who"] == who
        assert own.signal("person")["who"] == who
        own.say("names", "under the new name")
        assert near.event("message", "names")["by"] == who
        far.ok(do="ping")
        assert not [frame for frame in far.heard if frame.get("signal") == "person"]
    page = bob.get(f"/people/{who['id']}/").text
    assert "Bob &amp; &lt;b&gt;Builder&lt;/b&gt;" in page
    assert "at lunch" in page
    with Client(site.url, hello=False) as charlie:
        assert charlie.refused(do="hello", v=1, name=name) == "name_taken"
    bob.submit("/account/", name="", status="")
    with Client(site.url, **cookie(bob)) as own:
        assert own.you["name"] == "bob"


@pytest.mark.parametrize(
    ("name", "said"),
    [("ALICE", "another"), ("Teahouse", "another"), ("x" * 41, "1 to 40 characters"), ("\u202ex", "1 to 40")],
)
def test_a_name_that_is_not_ones_own_to_take_is_refused(
    site: Teahouse, alice: Browser, bob: Browser, name: str, said: str
) -> None:
    answer = bob.submit("/account/", name=name, status="")
    assert answer.status == 400
    assert said in answer.text


def test_a_picture_is_made_anew_and_served_as_ours(site: Teahouse, bob: Browser) -> None:
    exif = Image.Exif()
    exif[0x010F] = "the camera's maker"
    data = picture("JPEG", exif=exif)
    assert b"the camera's maker" in data, "the premise"
    with Client(site.url, **cookie(bob)) as own, Client(site.url, "near") as near:
        for client in (own, near):
            client.ok(do="subscribe", room="pictures", make=True)
        assert "Saved." in upload(bob, data, "me.jpg").text
        who = near.signal("person")["who"]
        assert set(who) == {"id", "name", "kind", "avatar"}
        near.say("pictures", "who was that?")
        own.say("pictures", "me")
        messages = near.ok(do="history", room="pictures")["messages"]
        assert [message["by"].get("avatar") for message in messages] == [None, who["avatar"]]
    with urllib.request.urlopen(f"{site.url}/people/{who['id']}/{who['avatar']}.webp") as answer:
        served = answer.read()
        assert answer.headers["Content-Type"] == "image/webp"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "immutable" in answer.headers["Cache-Control"]
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert Image.open(BytesIO(served)).size == (256, 256)
    assert b"camera" not in served
    assert f"/people/{who['id']}/{who['avatar']}.webp" in site.browser().get("/rooms/pictures/").text
    assert bob.get(f"/people/{who['id']}/0123456789abcdef.webp").status == 404
    press(bob, "/account/picture/", remove="1")
    assert bob.get(f"/people/{who['id']}/{who['avatar']}.webp").status == 404
    with Client(site.url, **cookie(bob)) as own:
        assert "avatar" not in own.you


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (lambda: b"<svg onload=alert(1)>", "no picture that can be read"),
        (lambda: picture()[:200], "no picture that can be read"),
        (lambda: b"\x00" * (2 * 2**20 + 10), "2 MB at the most"),
        (lambda: picture("PNG", (8000, 6000)), "40 million pixels"),
    ],
    ids=["a drawing", "a half", "zeros", "too many pixels"],
)
def test_what_is_no_picture_is_refused(
    site: Teahouse, bob: Browser, data: Callable[[], bytes], said: str
) -> None:
    assert said in upload(bob, data()).text
    assert ask(site, "SELECT avatar FROM teahouse_person WHERE id = ?", id_of(site, "bob")) == [("",)]


def test_pages_of_an_account_are_for_who_is_signed_in(site: Teahouse, bob: Browser) -> None:
    person = id_of(site, "bob")
    for path in (
        "/account/",
        "/account/password/",
        "/account/devices/",
        "/account/confirm/",
        f"/people/{person}/",
    ):
        assert bob.get(path).status == 200, path
        assert site.browser().get(path).url.startswith(f"{site.url}/sign-in/?next="), path


def test_the_page_of_people_is_for_owners_and_finds_them(
    site: Teahouse, alice: Browser, bob: Browser
) -> None:
    page = alice.get("/account/people/").text
    assert f"/account/people/{id_of(site, 'bob')}/" in page
    found = alice.get("/account/people/?q=ALI").text
    assert f"/account/people/{id_of(site, 'alice')}/" in found
    assert f"/account/people/{id_of(site, 'bob')}/" not in found
    with Client(site.url, "Guest <i>Xu</i>") as guest:
        shown = alice.get("/account/people/?kind=guest").text
        assert f"/account/people/{guest.you['id']}/" in shown
        assert "Guest &lt;i&gt;Xu&lt;/i&gt;" in shown
    for path in ("/account/people/", f"/account/people/{id_of(site, 'alice')}/"):
        assert bob.get(path).status == 403, path
        assert site.browser().get(path).url.startswith(f"{site.url}/sign-in/"), path


@pytest.mark.parametrize("deed", ["deactivate", "activate", "reset-link", "owner", "no-owner", "account"])
def test_what_owners_do_nobody_else_does(site: Teahouse, alice: Browser, bob: Browser, deed: str) -> None:
    path = f"/account/people/{id_of(site, 'alice')}/{deed}/"
    assert press(bob, path).status == 403
    charlie = site.browser()
    assert press(charlie, path, "/sign-in/").url.startswith(f"{site.url}/sign-in/")
    assert alice.get(path).status == 405, "a foreign page can make a browser GET anything"
    assert alice.post(path, {}).status == 403, "not without the form's token"
    assert signed_in(alice)


def test_who_is_deactivated_is_out_before_the_answer_and_may_come_again(
    site: Teahouse, alice: Browser
) -> None:
    eve = site.browser()
    sign_up(eve, invite(alice), "eve")
    person = id_of(site, "eve")
    with Client(site.url, **cookie(eve)) as client:
        answer = press(alice, f"/account/people/{person}/deactivate/")
        assert "eve is out" in answer.text
        assert client.closed()[0] in (4001, 4003)
    assert not signed_in(eve)
    assert eve.submit("/sign-in/", username="eve", password=PASSWORD).status == 400
    press(alice, f"/account/people/{person}/activate/")
    assert signed_in(sign_in(site, "eve"))


def test_a_guest_can_be_put_out_too(site: Teahouse, alice: Browser) -> None:
    with Client(site.url, "noisy") as guest:
        press(alice, f"/account/people/{guest.you['id']}/deactivate/")
        assert guest.closed() == (4003, "deactivated")
        with Client(site.url, hello=False) as again:
            assert again.refused(do="hello", v=1, token=guest.ticket) == "banned"


def test_an_owner_makes_another_who_may_do_the_same_at_once(site: Teahouse, alice: Browser) -> None:
    olga = site.browser()
    sign_up(olga, invite(alice), "olga")
    person, first = id_of(site, "olga"), id_of(site, "alice")
    assert olga.get("/account/people/").status == 403
    with Client(site.url, **cookie(olga)) as client:
        press(alice, f"/account/people/{person}/owner/")
        assert client.closed()[0] == 4200
    assert olga.get("/account/people/").status == 200
    assert olga.get("/admin/").status == 200
    assert "another owner has to" in press(alice, f"/account/people/{first}/no-owner/").text
    assert "another owner has to" in press(alice, f"/account/people/{first}/deactivate/").text
    press(alice, f"/account/people/{person}/no-owner/")
    assert olga.get("/account/people/").status == 403
    assert alice.get("/account/people/").status == 200


def test_of_two_owners_who_take_it_from_each_other_at_once_one_stays(site: Teahouse, alice: Browser) -> None:
    otto = site.browser()
    sign_up(otto, invite(alice), "otto")
    ids = {browser: id_of(site, name) for browser, name in ((alice, "alice"), (otto, "otto"))}
    owning = "SELECT user_id IS NOT NULL FROM teahouse_person WHERE is_owner AND deactivated_at IS NULL"
    for _ in range(6):
        press(alice, f"/account/people/{ids[otto]}/owner/")
        pages = {browser: csrf(browser, "/account/") for browser in ids}
        both = Barrier(2)

        def take(
            own: Browser, other: Browser, both: Barrier = both, pages: dict[Browser, str] = pages
        ) -> str:
            both.wait()
            return own.post(
                f"/account/people/{ids[other]}/no-owner/", {"csrfmiddlewaretoken": pages[own]}
            ).text

        with ThreadPoolExecutor(2) as threads:
            told = [*threads.map(take, (alice, otto), (otto, alice))]
        assert len(ask(site, owning)) == 1, told
        if otto.get("/account/people/").status == 200:
            press(otto, f"/account/people/{ids[alice]}/owner/")
            press(alice, f"/account/people/{ids[otto]}/no-owner/")
