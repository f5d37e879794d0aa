"""Django signals: after the commit, in order, off the loop, and a receiver that fails disturbs nobody."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.dispatch import Signal

from teahouse import history, signals
from teahouse.access import Speaker
from teahouse.actions import messages, room_settings
from teahouse.live import runtime as runtimes
from teahouse.live.protocol import Problem
from teahouse.models import Event, Message, Person, Room
from tests.app.recording import Recording, say
from tests.app.telling import grant_of


@pytest.fixture
def connected() -> Iterator[list[tuple[Signal, Any]]]:
    """What a test connects to signals is disconnected behind it."""
    pairs: list[tuple[Signal, Any]] = []
    yield pairs
    for signal, receiver in pairs:
        assert signal.disconnect(receiver)


def test_each_kind_has_its_signal(
    journal: Recording, tea: Room, alice: Person, owner: Speaker, connected: list[tuple[Signal, Any]]
) -> None:
    told: list[tuple[str, str, int]] = []
    kept = []
    for name in ("message_said", "message_edited", "message_deleted", "reactions_changed", "room_changed"):

        def hear(sender: Any, event: dict[str, Any], name: str = name, **_: Any) -> None:
            assert sender is Event
            told.append((name, event["room"], event["seq"]))

        signal = getattr(signals, name)
        signal.connect(hear)
        connected.append((signal, hear))
        kept.append(hear)
    message = journal.one(say(tea, alice, "k")).message
    journal.one(messages.edit(owner, grant_of(owner), message, "two", None))
    journal.one(messages.react(owner, grant_of(owner), message, "🍵", True))
    journal.one(messages.delete(owner, grant_of(owner), message))
    journal.one(room_settings.archive(owner, grant_of(owner), True))
    signals.send(journal.events)
    assert told == [
        ("message_said", "tea", 1),
        ("message_edited", "tea", 2),
        ("reactions_changed", "tea", 3),
        ("message_deleted", "tea", 4),
        ("room_changed", "tea", 5),
    ]


def test_a_server_tells_them_off_its_loop_and_bears_a_receiver_that_fails(
    tea: Room, alice: Person, connected: list[tuple[Signal, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    told: list[tuple[str, bool]] = []
    came = threading.Event()

    def fail(**_: Any) -> None:
        raise KeyError("mine")

    def hear(event: dict[str, Any], **_: Any) -> None:
        stored = Message.objects.filter(seq=event["seq"], text=event["message"]["text"]).exists()
        told.append((threading.current_thread().name, stored))
        if len(told) == 3:
            came.set()

    for receiver in (fail, hear):
        signals.message_said.connect(receiver)
        connected.append((signals.message_said, receiver))

    async def serve() -> None:
        runtime = await runtimes.start()
        for number in range(3):
            await runtime.store(say(tea, alice, f"k{number}"))
        assert await asyncio.to_thread(came.wait, 10)
        await runtimes.stop()

    asyncio.run(serve())
    assert told == [("teahouse-signals", True)] * 3
    assert caplog.text.count("failed at event") == 3


def test_while_nobody_listens_no_thread_begins(tea: Room, alice: Person) -> None:
    async def serve() -> bool:
        runtime = await runtimes.start()
        await runtime.store(say(tea, alice, "k"))
        began = runtime.announcer._thread is not None
        await runtimes.stop()
        return began

    assert not signals.are_wanted()
    assert asyncio.run(serve()) is False


def test_what_was_refused_and_personal_streams_are_not_told(
    journal: Recording, tea: Room, alice: Person, connected: list[tuple[Signal, Any]]
) -> None:
    told: list[dict[str, Any]] = []

    def hear(event: dict[str, Any], **_: Any) -> None:
        told.append(event)

    signals.event_stored.connect(hear)
    connected.append((signals.event_stored, hear))
    stream = Room.objects.create(slug=f"@{alice.pk}", title="@me", kind=Room.Kind.PERSONAL)
    journal.one(say(tea, alice, "k", mentions=[(alice.pk, stream.pk)]))
    assert isinstance(journal.one(say(tea, alice, "k", "other")), Problem)
    signals.send(journal.events)
    assert [event["event"] for event in told] == ["message"]
    assert told[0]["by"] == history.who(alice)
