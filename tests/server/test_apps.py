"""The owners' pages of apps: bots and their tokens, addresses at which they speak, webhooks with their deliveries."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest

from tests import receiver as receivers
from tests.clients import Client
from tests.receiver import Taken
from tests.server.accounts import csrf
from tests.servers import Answer, Browser, Teahouse, make_owner


class Receiver(receivers.Receiver):
    """What a webhook tells."""

    status = 200
    once: int | None = None
    """What is said to the next request alone."""

    def answer(self, request: Taken) -> receivers.Answer:
        said, self.once = self.once or self.status, None
        return receivers.Answer(said)

    @property
    def got(self) -> list[dict[str, Any]]:
        return [json.loads(request.body) for request in self.taken]

    def wait(self, count: int) -> None:
        self.wait_until(lambda: len(self.taken) >= count)


@pytest.fixture(scope="module")
def site() -> Iterator[Teahouse]:
    with Teahouse(env={"TEAHOUSE_LIMITS": "off", "TEAHOUSE_HOOKS_INNER": "127.0.0.1"}) as server:
        yield server


@pytest.fixture(scope="module")
def owner(site: Teahouse) -> Browser:
    return make_owner(site, name="Mei")


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        yield server


def press(owner: Browser, page: str, path: str, **fields: str) -> Answer:
    """A form of the page."""
    return owner.post(path, {"csrfmiddlewaretoken": csrf(owner, page), **fields})


def shown(page: Answer) -> str:
    """What stands there to be copied."""
    found = re.search(r'<input id="link" value="([^"]+)"', page.text)
    assert found, page.text
    return unescape(found[1])


def options(page: Answer) -> dict[str, str]:
    """Rooms to choose from, by their titles."""
    return {
        unescape(title): pk
        for pk, title in re.findall(r'<option value="(\d+)"[^>]*>([^<]+)</option>', page.text)
    }


def make_bot(owner: Browser, name: str) -> str:
    """The path of its page."""
    made = press(owner, "/account/apps/", "/account/apps/bots/", name=name)
    found = re.search(rf'<a href="(/account/apps/bots/\d+/)">{name}</a>', owner.get("/account/apps/").text)
    assert found, made.text
    return found[1]


def test_a_bot_comes_in_with_a_token_until_it_is_revoked(site: Teahouse, owner: Browser) -> None:
    page = make_bot(owner, "Waiter")
    token = shown(press(owner, page, f"{page}tokens/", label="the kitchen's machine"))
    with Client(site.url, token=token) as bot:
        assert (bot.you["name"], bot.you["kind"]) == ("Waiter", "bot")
        text = owner.get(page).text
        assert "the kitchen&#x27;s machine" in text
        assert token not in text
        revoke = re.search(rf'"({page}tokens/\d+/revoke/)"', text)
        assert revoke
        press(owner, page, revoke[1])
        assert bot.closed() == (4001, "revoked")


def test_an_address_speaks_in_its_room_until_it_is_revoked(site: Teahouse, owner: Browser) -> None:
    page = make_bot(owner, "Builder")
    room = options(owner.get(page))["Main"]
    address = shown(press(owner, page, f"{page}incoming/", room=room, label="CI"))
    assert address.startswith(f"{site.url}/hooks/")
    with Client(site.url, "reader") as reader:
        reader.ok(do="subscribe", room="main")
        with urllib.request.urlopen(address, b"text=Built.") as answer:
            assert answer.read() == b"ok"
        assert reader.event(text="Built.")["by"]["name"] == "Builder"
    text = owner.get(page).text
    assert address.rsplit("/", 1)[1] not in text
    revoke = re.search(rf'"({page}incoming/\d+/revoke/)"', text)
    assert revoke
    press(owner, page, revoke[1])
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(address, b"text=Built again.")


def test_names_that_are_taken_and_what_is_no_name_are_refused(owner: Browser) -> None:
    for name, why in (("Mei", "take another"), ("\u200b", "cannot be a name")):
        page = press(owner, "/account/apps/", "/account/apps/bots/", name=name)
        assert (page.status, why in page.text) == (400, True)


def test_a_webhook_tells_its_receiver_and_what_failed_is_sent_again(
    site: Teahouse, owner: Browser, receiver: Receiver
) -> None:
    url = receiver.url_of("/hook")
    list_page = owner.get("/account/apps/")
    press(
        owner,
        "/account/apps/",
        "/account/apps/hooks/",
        url=url,
        events="message",
        room=options(list_page)["Main"],
        label="Index",
    )
    found = re.search(r'<a href="(/account/apps/hooks/\d+/)">Index</a>', owner.get("/account/apps/").text)
    assert found
    page = found[1]
    assert shown(owner.get(page)).startswith("whsec_")
    assert "Nothing has been sent yet." in owner.get(page).text
    with Client(site.url, "Gina") as gina:
        gina.ok(do="subscribe", room="main")
        gina.say("main", "hello")
        receiver.wait(1)
        assert receiver.got[0]["data"]["message"]["text"] == "hello"
        receiver.once = 500
        before = len(receiver.got)
        gina.say("main", "fails once")
        receiver.wait(before + 1)
        gina.say("main", "behind")
        while not any(body["data"]["message"]["text"] == "behind" for body in receiver.got):
            receiver.wait(len(receiver.got) + 1)
    texts = [body["data"]["message"]["text"] for body in receiver.got[before:]]
    assert texts == ["fails once", "fails once", "behind"]
    log = owner.get(page).text
    assert "fails once" not in log
    again = re.search(rf'"({page}deliveries/\d+/again/)"', log)
    assert again
    count = len(receiver.got)
    assert "Sent again." in press(owner, page, again[1]).text
    assert len(receiver.got) == count + 1
    receiver.status = 410
    with Client(site.url, "Gina") as gina:
        gina.say("main", "bye")
    receiver.wait(count + 2)
    told = owner_is_told(site, owner)
    assert told.startswith(f"Your webhook to {url} was stopped")
    press(owner, page, f"{page}start/")
    press(owner, page, f"{page}stop/")
    assert "stopped" in owner.get(page).text
    press(owner, page, f"{page}start/")
    press(owner, page, f"{page}delete/")
    assert owner.get(page).status == 404


def owner_is_told(site: Teahouse, owner: Browser) -> str:
    """What the site's bot says to the owner, in a conversation that is made for it."""
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in owner.cookies)
    headers = {"Cookie": cookies, "Origin": site.url}
    with Client(site.url, additional_headers=headers) as mei:
        mei.ok(do="subscribe", room="@me")
        with Client(site.url, additional_headers=headers) as again:
            talks = [room["room"] for room in again.hello["rooms"] if room["kind"] == "direct"]
        talk = talks[0] if talks else mei.event("room_added")["about"]
        mei.ok(do="subscribe", room=talk)
        said = mei.ok(do="history", room=talk)["messages"]
        return str((said[0] if said else mei.event(room=talk)["message"])["text"])


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"url": "http://10.0.0.1/", "events": "message"}, "not to a machine inside"),
        ({"url": "https://example.org/", "events": "said"}, "There is no event said."),
        ({"url": "https://example.org/", "events": "Order.Paid"}, "Order.Paid"),
        ({"url": "", "events": "message"}, "required"),
    ],
)
def test_a_webhook_that_cannot_be_is_refused(owner: Browser, fields: dict[str, str], why: str) -> None:
    page = press(owner, "/account/apps/", "/account/apps/hooks/", **fields)
    assert page.status == 400
    assert why in unescape(page.text)
