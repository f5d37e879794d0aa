"""Each limit, from outside: just below it all is well, at it one is told so and nobody else notices. The limits are
small here, and each test comes from an address of its own, as the proxy of this server says."""

from __future__ import annotations

import itertools
import json
import re
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from typing import Any, Final

import pytest

from teahouse.actions.names import NAME_CHARACTERS
from teahouse.conf import Limits
from teahouse.server import handler, tries
from tests.clients import SECONDS, Client, Plain, Posting
from tests.live.cast import accounts, made, who
from tests.live.rawsocket import RawSocket
from tests.security.asking import Site
from tests.servers import ROOT, Teahouse

SMALL: Final = {
    "text": 50,
    "frame": 2000,
    "queue": 65536,
    "unanswered": 4,
    "rooms": 3,
    "per_second": 1,
    "burst": 6,
    "sessions": 3,
    "per_minute": 12,
    "guest_rooms": 2,
    "guests": 2,
    "called": 3,
    "small": 4,
}
_addresses = (f"198.51.{high}.{low}" for high in range(200) for low in range(1, 250))


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    limits = ",".join(f"{name}={number}" for name, number in SMALL.items())
    with Teahouse(env={"TEAHOUSE_LIMITS": limits, "TEAHOUSE_PROXIES": "127.0.0.1"}) as server:
        yield Site(server, made=False)


def come(site: Site, address: str | None = None, name: str | None = "Lan", **more: Any) -> Client:
    """A session from an address that is new where none is given."""
    headers = {"X-Forwarded-For": address or next(_addresses)}
    return Client(site.server.url, name, additional_headers=headers, **more)


@pytest.fixture(scope="module")
def parrot(site: Site) -> str:
    """The token of a bot, which may make any number of rooms."""
    status, said = site.server.command_line("manage", "teahouse_token", "Parrot")
    assert status == 0, said
    return said.strip()


def test_there_is_a_test_for_each() -> None:
    assert SMALL.keys() == Limits.model_fields.keys()
    tested = {name.removeprefix("test_limit_") for name in globals() if name.startswith("test_limit_")}
    assert {"per_second" if name == "burst" else name for name in SMALL} == tested


# What a client says


def test_limit_text(site: Site) -> None:
    with come(site) as lan:
        lan.say("main", "茶" * 50)
        assert lan.refused(do="send", room="main", key="long", text="茶" * 51) == "too_long"
        message = lan.say("main", "short")["message"]
        assert lan.refused(do="edit", room="main", message=message, text="x" * 51) == "too_long"
    with Plain(site.server.url, additional_headers={"X-Forwarded-For": next(_addresses)}) as plain:
        plain.next()
        plain.send("x" * 51)
        assert plain.next() == "[太长: 一条消息最多 50 个字]"


def test_limit_frame(site: Site) -> None:
    ping = '{"id":9,"do":"ping","x":"%s"}'
    with come(site) as lan:
        most = SMALL["frame"] - len(ping % "")
        lan.socket.send(ping % ("x" * most))
        assert lan.receive() == {"re": 9, "ok": {}}
        lan.socket.send(ping % ("茶" * (most // 3)))
        assert lan.receive() == {"re": 9, "ok": {}}
        lan.socket.send(ping % ("茶" * (most // 3 + 1)))
        assert lan.closed()[0] == 1009
    with come(site) as mei:
        mei.socket.send(ping % ("x" * (most + 1)))
        assert mei.closed()[0] == 1009


def test_limit_queue(site: Site) -> None:
    """Who asks and does not read is closed; who reads may ask as often as they like."""
    for _ in range(12):
        with come(site) as mei:
            for number in range(SMALL["burst"]):
                mei.say("main", f"{number} " * 25)
    ask = '{"id":%d,"do":"history","room":"main","limit":200}'
    with come(site) as lan:
        for number in range(200, 300):
            lan.socket.send(ask % number)
            assert "ok" in lan.reply_to(number)
    with RawSocket(site.server.port, "/ws/", receive_buffer=4096) as lazy:
        lazy.send('{"id":"hello","do":"hello","name":"Lazy"}')
        for number in range(1000):  # Far more than the system's own buffers hold.
            lazy.send(ask % number)
        assert site.server.process is not None
        site.server.process.wait_until(lambda: "was too slow" in site.server.output(), "too slow")
        texts, code, reason = lazy.read_until_close()
    assert (code, reason) == (4101, "too slow")
    assert 1 < len(texts) < 1000


@pytest.mark.parametrize("sends", [3, 4])
def test_limit_unanswered(site: Site, sends: int) -> None:
    """With three sends that cannot be stored yet a ping is answered, with four the server reads no more."""
    database = sqlite3.connect(site.server.data / "teahouse.sqlite3", timeout=SECONDS, isolation_level=None)
    with closing(database), come(site) as lan:
        lan.say("main", "the room is known")
        database.execute("BEGIN IMMEDIATE")
        sent = [lan.put(do="send", room="main", key=f"k{n}", text="tea") for n in range(sends)]
        ping = lan.put(do="ping")
        if sends == 3:
            assert lan.receive() == {"re": ping, "ok": {}}
        else:
            with pytest.raises(TimeoutError):
                lan.socket.recv(timeout=0.3)
        database.execute("ROLLBACK")
        assert all("ok" in lan.reply_to(number) for number in sent)
        assert sends == 3 or "ok" in lan.reply_to(ping)


def test_limit_rooms(site: Site, parrot: str) -> None:
    with come(site, name=None, token=parrot) as reader:
        for number in range(4):
            reader.ok(do="subscribe", room=f"reading-{number}", make=True)
            reader.ok(do="unsubscribe", room=f"reading-{number}")
        for number in range(3):
            reader.ok(do="subscribe", room=f"reading-{number}")
        assert reader.refused(do="subscribe", room="reading-3") == "too_many"
        reader.ok(do="subscribe", room="reading-2")
        reader.ok(do="unsubscribe", room="reading-0")
        reader.ok(do="subscribe", room="reading-3")


def test_limit_per_second(site: Site) -> None:
    """Six at once, then one a second; of all one's devices together, and nobody else's."""
    with come(site) as lan, come(site, name=None, token=lan.ticket) as phone, come(site) as mei:
        began = time.monotonic()
        devices = [lan, phone] * 15
        sent = [one.put(do="send", room="main", key=f"{n}", text="tea") for n, one in enumerate(devices)]
        told = [one.reply_to(number) for one, number in zip(devices, sent, strict=True)]
        refused = [reply["error"] for reply in told if "error" in reply]
        assert 6 <= len(told) - len(refused) <= 6 + (time.monotonic() - began)
        assert {(one["code"], one["retry"]) for one in refused} == {("too_fast", True)}
        assert all(0 < one["after"] <= 1 for one in refused)
        mei.say("main", "not me")
        time.sleep(refused[-1]["after"])  # This is what it says that one has to do.
        lan.ok(do="send", room="main", key="again", text="7")


# Where one comes from


@pytest.mark.parametrize(
    ("same", "other"),
    [
        (["203.0.113.1", "203.0.113.1", "::ffff:203.0.113.1", "203.0.113.1"], "203.0.113.2"),
        (
            ["2001:db8:1:1::1", "2001:db8:1:1::2", "2001:db8:1:1:ffff::", "2001:db8:1:1:abcd:1:2:3"],
            "2001:db8:1:2::1",
        ),
        # Whoever is nearer to the client than our proxy can say what they like, and it counts for nothing.
        ([f"9.9.9.{n}, 203.0.113.9" for n in range(4)], "203.0.113.9, 203.0.113.10"),
    ],
    ids=["IPv4", "one /64", "forged hops"],
)
def test_limit_sessions(site: Site, same: list[str], other: str) -> None:
    with ExitStack() as here:
        first, *_ = [here.enter_context(come(site, address, hello=False)) for address in same[:3]]
        with come(site, same[3], hello=False) as fourth:
            assert fourth.closed() == (4103, "too many sessions from your address")
        with come(site, other, hello=False) as elsewhere:
            elsewhere.ok(do="hello", v=1, name="Lan")
        with Posting(site.server.url, **{"X-Forwarded-For": same[3]}) as over_http:
            told = over_http.ask({"do": "hello"})
            assert (told.status, told.frames, told.end["code"]) == (429, [], 4103)
        first.socket.close()
        wait_for_place(site, same[3])


def wait_for_place(site: Site, address: str) -> None:
    """The server hears of an end a moment after it."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        with come(site, address, hello=False) as again:
            again.put(do="ping")
            if "error" in json.loads(next(iter(again.socket), '{"closed":true}')):
                return
    raise AssertionError("a session that ended is still counted")


def test_only_a_proxy_says_where_one_comes_from(site: Site) -> None:
    """From 127.0.0.2, which is none of TEAHOUSE_PROXIES."""
    more: dict[str, Any] = {"hello": False, "source_address": ("127.0.0.2", 0)}
    with ExitStack() as here:
        for _ in range(3):
            here.enter_context(come(site, **more))
        with come(site, **more) as fourth:
            assert fourth.closed()[0] == 4103


def test_limit_guests(site: Site) -> None:
    """By page and by socket together."""
    address = next(_addresses)
    with come(site, address) as guest:
        ticket = guest.ticket
    assert site.post("/guest/", {"name": "Mei"}, X_Forwarded_For=address).status == 200
    with come(site, address, hello=False) as third:
        refused = third.ask(do="hello", v=1, name="Lan")["error"]
        assert (refused["code"], refused["retry"]) == ("too_fast", True)
        assert 0 < refused["after"] <= 30
        assert third.closed()[0] == 4103
    with Posting(site.server.url, **{"X-Forwarded-For": address}) as over_http:
        told = over_http.ask({"do": "hello", "name": "Lan"})
        assert (told.status, told.frames[0]["error"]["code"]) == (429, "too_fast")
    answer = site.post("/guest/", {"name": "Mei"}, X_Forwarded_For=address)
    assert answer.status == 429
    assert 1 <= int(answer.getheader("Retry-After") or 0) <= 31
    with come(site, address, name=None, token=ticket) as known:
        assert known.you["name"] == "Lan", "who was here before is no new guest"
    with come(site) as elsewhere:
        assert elsewhere.ticket is not None


def test_limit_guest_rooms(site: Site, parrot: str) -> None:
    with come(site) as lan, come(site, name=None, token=parrot) as maker:
        for number in range(2):
            lan.ok(do="subscribe", room=f"made-{number}", make=True)
            lan.ok(do="unsubscribe", room=f"made-{number}")
        assert lan.refused(do="subscribe", room="made-2", make=True) == "too_many"
        maker.ok(do="subscribe", room="made-2", make=True)
        lan.ok(do="subscribe", room="made-2", make=True)
        with Plain(
            site.server.url,
            "/wsmsg/made-3",
            additional_headers={
                "X-Forwarded-For": next(_addresses),
                "Cookie": f"teahouse_guest={lan.ticket}",
            },
            origin=site.server.url,
        ) as plain:
            assert plain.closed()[0] == 4103


def test_limit_per_minute(site: Site, parrot: str) -> None:
    with come(site, name=None, token=parrot) as bot, come(site, name=None, token=parrot) as again:
        began, made = time.monotonic(), 0
        told: list[dict[str, Any]] = [{}]
        while not all("error" in reply for reply in told):
            told = [bot.ask(do="make", title="Tea"), again.ask(do="make", title="Tea", kind="private")]
            made += sum("ok" in reply for reply in told)
        # On all devices together. Other tests make rooms as this bot too, and what was used up comes back in time.
        a_second = SMALL["per_minute"] / 60
        assert 1 <= made <= SMALL["per_minute"] + 1 + a_second * (time.monotonic() - began)
        assert {(reply["error"]["code"], reply["error"]["retry"]) for reply in told} == {("too_fast", True)}
        assert all(0 < reply["error"]["after"] <= 1 / a_second for reply in told)
        bot.ok(do="rooms")
    with come(site) as lan:
        lan.ok(do="make", title="Tea")


@pytest.fixture(scope="module")
def tokens(site: Site) -> list[str]:
    """Of Alice, who makes rooms, and of four whom she asks in."""
    return accounts(site.server, "Alice", "Bob", "Charlie", "Dora", "Emil")


def test_limit_small(site: Site, tokens: list[str]) -> None:
    """In a room of three each member calls the others; in one of four a moderator does."""
    with ExitStack() as here:
        alice, bob, charlie, dora = (
            here.enter_context(come(site, name=None, token=token)) for token in tokens[:4]
        )
        room = made(alice, kind="private")
        alice.ok(do="invite", room=room, people=[who(bob), who(charlie)])
        assert called(charlie, bob.say(room, "@room three"))
        alice.ok(do="invite", room=room, people=[who(dora)])
        assert not called(charlie, bob.say(room, "@room four"))
        assert called(charlie, alice.say(room, "@room from the owner"))


def test_limit_called(site: Site, tokens: list[str]) -> None:
    with ExitStack() as here:
        alice, bob = (here.enter_context(come(site, name=None, token=token)) for token in tokens[:2])
        others = [who(here.enter_context(come(site, name=None, token=token))) for token in tokens[1:]]
        room = made(alice, kind="private")
        alice.ok(do="invite", room=room, people=others[:3])
        assert called(bob, alice.say(room, "@room three others"))
        alice.ok(do="invite", room=room, people=others[3:])
        assert alice.refused(do="send", room=room, key="four", text="@room four others") == "too_many"
        assert called(bob, alice.say(room, "@Bob by name"))


def called(client: Client, message: dict[str, int]) -> bool:
    """Whether a message that was acknowledged needs this person: it stands in the list then."""
    needed = client.ok(do="activity")["activity"]
    return any(one["message"]["id"] == message["message"] for one in needed)


# Signing in


def sign_in(site: Site, name: str, address: str, password: str = "", cookies: str = "") -> int:
    """The status; a try without a password is one too, and costs no hashing."""
    fields = {"username": name, "password": password}
    return site.post("/sign-in/", fields, cookies, X_Forwarded_For=address).status


def test_tries_from_one_address(site: Site) -> None:
    network = itertools.count(1)
    statuses = [sign_in(site, f"n{n}", f"2001:db8:2:1::{next(network)}") for n in range(tries.TRIES + 1)]
    assert statuses == [400] * tries.TRIES + [429]
    assert sign_in(site, "n0", "2001:db8:2:2::1") == 400


@pytest.fixture(scope="module")
def owner_cookie(site: Site) -> str:
    """The owner's account is made; what the browser keeps of that when it signs out."""
    password = "a pot of oolong"
    fields = {"username": "mei", "password": password, "again": password}
    made = site.post(f"/owner/{site.owner_link}/", fields, X_Forwarded_For=next(_addresses))
    cookies = [cookie.partition(";")[0] for cookie in made.headers.get_all("Set-Cookie", [])]
    return next(cookie for cookie in cookies if cookie.startswith("teahouse_browser="))


@pytest.mark.parametrize("name", ["mei", "nobody"])
def test_tries_as_one_account_from_everywhere(site: Site, owner_cookie: str, name: str) -> None:
    """Whether there is such an account makes no difference; who has signed in with this browser before gets in."""
    spellings = itertools.cycle([name, name.upper(), f" {name}", "".join(chr(ord(c) + 0xFEE0) for c in name)])
    every = [sign_in(site, next(spellings), next(_addresses)) for _ in range(tries.ACCOUNT_TRIES)]
    assert every == [400] * tries.ACCOUNT_TRIES
    assert sign_in(site, name, next(_addresses), "a pot of oolong") == 429
    assert sign_in(site, "lan", next(_addresses)) == 400
    if name == "mei":
        assert sign_in(site, name, next(_addresses), "a pot of oolong", owner_cookie) == 302
        own = [sign_in(site, name, next(_addresses), "", owner_cookie) for _ in range(tries.TRIES)]
        assert own == [400] * (tries.TRIES - 1) + [429], (
            "a browser that was stolen has no more tries than an address"
        )
    else:
        assert sign_in(site, name, next(_addresses), "", owner_cookie) == 429, "it knows another account"


def test_a_cookie_that_was_made_up_is_no_known_browser(site: Site) -> None:
    for cookie in ("teahouse_browser=", "teahouse_browser=WyJ4IiwieSJd:x:y", "teahouse_browser=%00"):
        assert sign_in(site, "cookie-lan", next(_addresses), "", cookie) == 400


# What a request brings


def test_a_body_that_is_too_big_is_not_kept(site: Site) -> None:
    """Whether its length is told before or not; nobody has to have signed in for that."""
    most = handler.BODY_BYTES
    fits = site.post("/guest/", {"name": "x" * (most - 100)}, X_Forwarded_For=next(_addresses))
    assert fits.status == 400, "it was read, and the name is too long"
    assert site.post("/guest/", {"name": "x" * most}, X_Forwarded_For=next(_addresses)).status == 413
    with socket.create_connection(("127.0.0.1", site.server.port), timeout=SECONDS) as connection:
        head = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        with suppress(ConnectionError):  # The answer may be quicker than the last of it.
            connection.sendall(head + chunk * (most // 65536 + 1))
        assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")


# What SECURITY.md says


def told() -> dict[str, list[str]]:
    section = (
        (ROOT / "SECURITY.md").read_text(encoding="utf-8").partition("\n## Limits\n")[2].partition("\n## ")[0]
    )
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in section.splitlines()]
    return {row[0].strip("`| "): row[1:] for row in rows if len(row) == 4}


def test_security_md_tells_each_limit_with_its_number_and_what_happens() -> None:
    rows = told()
    settings = {cells[1].strip("`"): cells[0] for cells in rows.values() if cells[1].startswith("`")}
    assert {name: int(number.replace(",", "")) for name, number in settings.items()} == Limits().model_dump()
    assert all(cells[2] for cells in rows.values())
    fixed = " ".join(" ".join([name, *cells]) for name, cells in rows.items() if cells[1] == "none")
    for number in (
        tries.TRIES,
        int(tries.SECONDS_A_TRY),
        tries.ACCOUNT_TRIES,
        int(tries.SECONDS_AN_ACCOUNT),
        handler.BODY_BYTES,
        NAME_CHARACTERS,
    ):
        assert re.search(rf"\b{number}\b", fixed.replace(",", "")), number
