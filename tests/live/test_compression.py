"""TEAHOUSE_COMPRESSION in the whole program: who agrees reads compressed what the others read plain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

from tests.clients import Client, Plain
from tests.servers import Teahouse

TEXT = "Has anybody seen the small kettle? 茶壶在哪里？ " * 10


@pytest.fixture(scope="module")
def compressing() -> Iterator[Teahouse]:
    with Teahouse(env={"TEAHOUSE_LIMITS": "off", "TEAHOUSE_COMPRESSION": "yes"}) as server:
        yield server


def agreed(client: Any) -> str:
    return str(client.socket.response.headers.get("Sec-WebSocket-Extensions", ""))


def deflating() -> Any:
    return {"extensions": [ClientPerMessageDeflateFactory()]}


def test_both_kinds_of_readers_hear_the_same(compressing: Teahouse) -> None:
    with Client(compressing.url, "Ann", **deflating()) as ann, Client(compressing.url, "Bob") as bob:
        assert "server_no_context_takeover" in agreed(ann)
        assert agreed(bob) == ""
        for client in (ann, bob):
            client.ok(do="subscribe", room="main")
        for number in range(20):
            ann.say("main", f"{TEXT}{number}")
        bob.say("main", "short")
        assert ann.event(text="short") == bob.event(text="short")
        assert ann.event(text=f"{TEXT}7") == bob.event(text=f"{TEXT}7")


def test_a_page_of_history_and_a_resume_come_whole(compressing: Teahouse) -> None:
    with Client(compressing.url, "Ann", **deflating()) as ann:
        position = ann.ok(do="subscribe", room="history", make=True)["position"]
        for number in range(60):
            ann.say("history", f"{number} {TEXT}")
        texts = [f"{number} {TEXT}".strip() for number in range(60)]
        page = ann.ok(do="history", room="history", limit=60)["messages"]
        assert [message["text"].strip() for message in page] == texts
        resumed = ann.ok(do="subscribe", room="history", since=position)["events"]
        assert [event["message"]["text"].strip() for event in resumed if event["event"] == "message"] == texts


def test_without_the_setting_nothing_is_compressed(server: Teahouse) -> None:
    with Client(server.url, "Ann", **deflating()) as ann:
        assert agreed(ann) == ""
        ann.ok(do="subscribe", room="main")
        ann.say("main", TEXT)


def test_the_plain_protocol_too(compressing: Teahouse) -> None:
    path = "/wsmsg/tea"
    with Plain(compressing.url, path) as one, Plain(compressing.url, path, compression=None) as other:
        assert "permessage-deflate" in agreed(one)
        assert agreed(other) == ""
        for plain in (one, other):
            assert "已连接" in plain.next()
        other.send(TEXT)
        heard = one.next()
        assert TEXT.strip() in heard
        assert other.next() == heard
