"""The Python in docs/speaking.md, docs/events.md and docs/hooks.md does what the pages say."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import teahouse
from teahouse import declared, resume, signals, testing
from teahouse.actions import rooms
from teahouse.followers import listening, webhooks
from teahouse.followers.follower import heard
from teahouse.models import CustomEvent, Message, Room
from tests.app.conftest import Database
from tests.app.journals import move_all

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str) -> list[str]:
    return re.findall(
        r"^```python\n(.*?)^```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )


@pytest.fixture
def main(database: Database) -> Iterator[Room]:
    models, names = dict(declared._models), dict(declared._names)
    yield rooms.make_main()
    declared._models.clear()
    declared._names.clear()
    declared._models.update(models)
    declared._names.update(names)


def test_the_page_on_speaking(main: Room) -> None:
    declared._models.clear()
    names: dict[str, Any] = {"__name__": "shop"}
    for block in blocks("speaking.md"):
        exec(compile(block, "speaking.md", "exec"), names)
    move_all()
    assert testing.posted(main) == ["Order **7** was paid.", "I have it."]
    assert Message.objects.get(key="order-7-taken").person.name == "mei"
    told = CustomEvent.objects.get()
    assert (told.name, told.data) == ("order.paid", '{"number":7,"cents":1250}')
    assert told.html == "Order <strong>7</strong> was paid."


def test_the_page_on_events(main: Room, capsys: pytest.CaptureFixture[str]) -> None:
    before = dict(listening._listeners)
    listening._listeners.clear()
    names: dict[str, Any] = {"__name__": "shop.listeners"}
    for block in blocks("events.md"):
        exec(compile(block, "events.md", "exec"), names)
    try:
        (listener,) = listening.listeners()
        assert (listener.name, listener.wants("order-7"), listener.wants("main")) == ("billing", True, False)
        teahouse.post(main, "hello")
        move_all()
        (event,) = resume.events_after(main.pk, 0, "main")
        told = heard(event, "main", main.epoch)
        assert listener.cares(told)
        listener.hand(told)
        signals.send([event])
        assert capsys.readouterr().out == "main Teahouse hello\nmain 1\n"
    finally:
        signals.message_said.disconnect(names["count"])
        listening._listeners.clear()
        listening._listeners.update(before)


def test_the_page_on_hooks_knows_what_is_ours() -> None:
    names: dict[str, Any] = {}
    for block in blocks("hooks.md"):
        exec(compile(block, "hooks.md", "exec"), names)
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": "1614265330",
        "webhook-signature": webhooks.signature(secret, "msg_1", "1614265330", body),
    }
    assert names["is_ours"](secret, headers, body)
    assert not names["is_ours"](secret, headers, body + b" ")
    assert not names["is_ours"](secret, headers | {"webhook-id": "msg_2"}, body)
