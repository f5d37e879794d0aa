"""Passwords and logins: what ends which sockets, what a link is good for, and who is refused. Alice owns, Bob is in."""

from __future__ import annotations

import re
import smtplib
import socketserver
import threading
from collections.abc import Iterator
from queue import Queue
from typing import Any

import pytest

from tests.clients import SECONDS, Client
from tests.server.accounts import (
    PASSWORD,
    ask,
    cookie,
    csrf,
    invite,
    link_in,
    press,
    sign_in,
    sign_up,
    signed_in,
)
from tests.servers import Browser, Teahouse

ANOTHER = "a pot of jasmine"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class Mailbox(socketserver.ThreadingTCPServer):
    """A mail server: what it is given lies in `mails`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Letters)
        self.mails: Queue[str] = Queue()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server_address[1]}"

    def link(self) -> str:
        """The link in the next mail."""
        body = self.mails.get(timeout=SECONDS)
        found = re.search(r"http://\S+", body.replace("=\n", "").replace("=3D", "="))
        assert found, body
        return found[0]


class _Letters(socketserver.StreamRequestHandler):
    """As much of RFC 5321 as a letter needs."""

    server: Mailbox

    def handle(self) -> None:
        self.say("220 teahouse.test")
        while line := self.rfile.readline().decode().strip():
            match line.split(" ", 1)[0].upper():
                case "DATA":
                    self.say("354 go on")
                    letter = iter(self.rfile.readline, b".\r\n")
                    self.server.mails.put(b"".join(letter).decode().replace("\r\n", "\n"))
                    self.say("250 taken")
                case "QUIT":
                    self.say("221 goodbye")
                    return
                case _:
                    self.say("250 yes")

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as server:
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def site(mailbox: Mailbox) -> Iterator[Teahouse]:
    server = Teahouse(env={"TEAHOUSE_LIMITS": "off", "TEAHOUSE_MAIL_URL": mailbox.url})
    server.prepare()
    server.env["TEAHOUSE_URL"] = f"http://127.0.0.1:{server.port}"
    server.start()
    yield server
    server.close()


@pytest.fixture
def bob(site: Teahouse, alice: Browser, request: pytest.FixtureRequest) -> Browser:
    """Signed in under a name of this test's own, `bob.name`."""
    browser = site.browser()
    browser.name = f"bob{abs(hash(request.node.name)) % 10**8}"  # type: ignore[attr-defined]
    sign_up(browser, invite(alice), name_of(browser))
    return browser


def name_of(browser: Browser) -> str:
    return str(browser.name)  # type: ignore[attr-defined]


def test_the_list_shows_each_browser_and_marks_this_one(site: Teahouse, bob: Browser) -> None:
    other = site.browser()
    fields = {"username": name_of(bob), "password": PASSWORD, "csrfmiddlewaretoken": csrf(other)}
    other.post("/sign-in/", fields, User_Agent=FIREFOX)
    page = bob.get("/account/devices/").text
    assert page.count("<li>") == 2
    assert "Firefox · Linux" in page
    assert page.count("this one") == 1
    assert page.index("this one") < page.index("Firefox · Linux")
    assert "127.0.0.1" in page


def test_signing_out_there_ends_those_sockets_alone_before_the_answer(site: Teahouse, bob: Browser) -> None:
    other = sign_in(site, name_of(bob))
    with Client(site.url, **cookie(bob)) as here, Client(site.url, **cookie(other)) as there:
        found = re.search(r"/account/devices/\d+/sign-out/", bob.get("/account/devices/").text)
        assert found
        assert "Signed out there." in press(bob, found[0], "/account/devices/").text
        assert there.closed() == (4001, "signed out")
        assert here.ok(do="ping") is not None
    assert not signed_in(other)
    assert signed_in(bob)


def test_nobody_signs_somebody_else_out(site: Teahouse, alice: Browser, bob: Browser) -> None:
    bob.get("/account/")
    (login,) = ask(site, "SELECT max(id) FROM teahouse_login")[0]
    with Client(site.url, **cookie(bob)) as client:
        press(alice, f"/account/devices/{login}/sign-out/", "/account/devices/")
        assert client.ok(do="ping") is not None
    assert signed_in(bob)
    assert site.browser().get("/account/devices/").url.startswith(f"{site.url}/sign-in/")


def test_everywhere_else_is_also_what_was_never_listed(site: Teahouse, bob: Browser) -> None:
    others = [sign_in(site, name_of(bob)) for _ in range(2)]
    ask(site, "DELETE FROM teahouse_login")
    with Client(site.url, **cookie(others[0])) as there, Client(site.url, **cookie(bob)) as here:
        press(bob, "/account/devices/sign-out/", "/account/devices/")
        # What its login is called nobody knows, so all come back, and have to show one.
        assert there.closed()[0] == here.closed()[0] == 4200
    assert [signed_in(browser) for browser in (*others, bob)] == [False, False, True]
    with Client(site.url, **cookie(others[0])) as there, Client(site.url, **cookie(bob)) as here:
        assert there.you["kind"] == "guest"
        assert here.you["name"] == name_of(bob)


def test_another_password_ends_all_other_logins_and_calls_the_own_windows_back(
    site: Teahouse, bob: Browser
) -> None:
    other = sign_in(site, name_of(bob))
    with Client(site.url, **cookie(bob)) as here, Client(site.url, **cookie(other)) as there:
        answer = bob.submit("/account/password/", present=PASSWORD, password=ANOTHER, again=ANOTHER)
        assert "You have a new password" in answer.text
        assert there.closed()[0] == 4001
        assert here.closed()[0] == 4200
    assert signed_in(bob)
    with Client(site.url, **cookie(bob)) as again:
        assert again.you["name"] == name_of(bob)
    assert not signed_in(other)
    assert not signed_in(site.browser())
    assert site.browser().submit("/sign-in/", username=name_of(bob), password=PASSWORD).status == 400
    assert signed_in(sign_in(site, name_of(bob), ANOTHER))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"present": "wrong"}, "This is not your password"),
        ({"again": "differs"}, "The two passwords differ"),
        ({"password": "tea", "again": "tea"}, "too short"),
    ],
)
def test_a_change_that_is_not_right_changes_nothing(
    site: Teahouse, alice: Browser, change: dict[str, str], said: str
) -> None:
    fields: dict[str, Any] = {"present": PASSWORD, "password": ANOTHER, "again": ANOTHER, **change}
    answer = alice.submit("/account/password/", **fields)
    assert answer.status == 400
    assert said in answer.text
    assert signed_in(alice)


def test_an_owners_link_gives_a_new_password_once(site: Teahouse, alice: Browser, bob: Browser) -> None:
    (person,) = ask(site, "SELECT id FROM teahouse_person WHERE name = ?", name_of(bob))[0]
    first = link_in(press(alice, f"/account/people/{person}/reset-link/"))
    link = link_in(press(alice, f"/account/people/{person}/reset-link/"))
    with Client(site.url, **cookie(bob)) as client:
        fresh = site.browser()
        assert fresh.get(first).status == 200
        fresh.submit(link, password=ANOTHER, again=ANOTHER)
        assert client.closed()[0] == 4001
    assert signed_in(fresh)
    assert not signed_in(bob)
    for used in (link, first):
        answer = site.browser().get(used)
        assert answer.status == 410
        assert "does not work any more" in answer.text
    assert press(bob, f"/account/people/{person}/reset-link/", "/sign-in/").url.startswith(
        f"{site.url}/sign-in/"
    )
    assert press(fresh, f"/account/people/{person}/reset-link/").status == 403


def test_the_command_makes_such_a_link_too(site: Teahouse, bob: Browser) -> None:
    status, link = site.command_line("reset-link", name_of(bob))
    assert status == 0, link
    fresh = site.browser()
    fresh.submit(link.strip(), password=ANOTHER, again=ANOTHER)
    assert signed_in(fresh)
    ask(site, "UPDATE teahouse_onetimelink SET expires_at = '2020-01-01'")
    status, said = site.command_line("reset-link", "nobody")
    assert (status, "no active account" in said) == (1, True)


def test_mail_brings_a_link_to_an_address_that_was_confirmed(
    site: Teahouse, mailbox: Mailbox, bob: Browser
) -> None:
    press(bob, "/account/address/", address=f"{name_of(bob)}@example.org")
    assert ask(site, "SELECT email FROM auth_user WHERE username = ?", name_of(bob)) == [("",)]
    confirm = mailbox.link()
    assert confirm.startswith(f"{site.url}/account/address/")
    bob.submit(confirm)
    assert ask(site, "SELECT email FROM auth_user WHERE username = ?", name_of(bob)) == [
        (f"{name_of(bob)}@example.org",)
    ]
    assert bob.get(confirm).status == 410, "it was for the address before"
    forgetful = site.browser()
    said = forgetful.submit("/reset/", named=name_of(bob)).text
    link = mailbox.link()
    assert link.startswith(f"{site.url}/reset/")
    forgetful.submit(link, password=ANOTHER, again=ANOTHER)
    assert signed_in(forgetful)
    assert not signed_in(bob)

    def without_token(page: str) -> str:
        return re.sub(r'value="\w{64}"', "", page)

    unknown = site.browser().submit("/reset/", named="nobody").text
    assert without_token(unknown) == without_token(said), "nobody learns who has an account"
    assert mailbox.mails.empty()


def test_an_address_of_somebody_else_is_not_confirmed_by_another(
    site: Teahouse, mailbox: Mailbox, alice: Browser, bob: Browser
) -> None:
    press(bob, "/account/address/", address="bob@example.org")
    link = mailbox.link()
    assert alice.get(link).status == 410
    assert bob.get(link).status == 200
    refused = press(bob, "/account/address/", address="no address")
    assert refused.status == 400


def test_a_mail_is_never_sent_to_a_place_that_a_request_names(
    site: Teahouse, mailbox: Mailbox, alice: Browser
) -> None:
    """The Host header may be forged; a link in a mail is of the site's own address."""
    browser = site.browser()
    token = csrf(browser)
    fields = {"named": "alice", "csrfmiddlewaretoken": token}
    answer = browser.post("/reset/", fields, Host="192.0.2.1", Origin="http://192.0.2.1")
    assert answer.status == 400
    assert mailbox.mails.empty()


def test_without_mail_the_page_says_whom_to_ask(alice: Browser) -> None:
    with Teahouse() as site:
        page = site.browser().get("/reset/").text
        assert "This site sends no mail" in page
        assert "<form" not in page.partition("<main")[2]


def test_what_matters_asks_for_the_password_again_after_a_while(
    site: Teahouse, alice: Browser, bob: Browser
) -> None:
    """The time since then is in the session; a server with another clock is a server of another day."""
    (person,) = ask(site, "SELECT id FROM teahouse_person WHERE name = ?", name_of(bob))[0]
    status, said = site.command_line(
        "manage",
        "shell",
        "-c",
        "from teahouse.server.sessions import SessionStore as S;"
        f"s = S('{alice.cookie('teahouse_session')}'); s['teahouse_proved_at'] -= 3600; s.save()",
    )
    assert status == 0, said
    asked = press(alice, f"/account/people/{person}/reset-link/", page="/account/")
    assert "/account/confirm/?next=" in asked.url
    assert "Is it you?" in asked.text
    assert alice.submit(asked.url, password="wrong").status == 400
    back = alice.submit(asked.url, password=PASSWORD)
    assert back.status in (200, 405)
    assert link_in(press(alice, f"/account/people/{person}/reset-link/"))


def test_the_mailbox_of_these_tests_takes_mail(mailbox: Mailbox) -> None:
    """What the tests above rely on when they say that nothing came."""
    with smtplib.SMTP("127.0.0.1", mailbox.server_address[1]) as smtp:
        smtp.sendmail("a@example.org", ["b@example.org"], "Subject: tea\r\n\r\nhttp://here/")
    assert mailbox.link() == "http://here/"
