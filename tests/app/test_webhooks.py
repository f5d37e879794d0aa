"""Outgoing webhooks: signed, in order, once more where they failed, and nothing that their owner may not see."""

from __future__ import annotations

import base64
import hmac
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from teahouse import testing
from teahouse.access import Speaker
from teahouse.actions import messages, people
from teahouse.followers import outside, transport, webhooks
from teahouse.followers.follower import Again
from teahouse.followers.runner import Runner
from teahouse.journal import Journal
from teahouse.models import Delivery, Follower, FollowerPosition, Hook, Member, Person, Room, Settings
from teahouse.models.rooms import between
from tests import receiver as receivers
from tests.app.conftest import Database
from tests.app.telling import done, grant_of, said
from tests.receiver import Answer, Taken

SECONDS = 45.0


class Receiver(receivers.Receiver):
    """Somebody's program. `answers` are what it says, by the text of the message; 200 to all others."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[str, list[int]] = {}
        self.before_answering: Callable[[], object] = lambda: None

    @property
    def url(self) -> str:
        return self.url_of("/hook")

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(request.body) for request in self.taken]

    @property
    def texts(self) -> list[str]:
        return [text_of(body) for body in self.bodies]

    def answer(self, request: Taken) -> Answer:
        answers = self.answers.get(text_of(json.loads(request.body)))
        self.before_answering()
        return Answer(answers.pop(0) if answers else 200)

    def wait(self, count: int) -> None:
        self.wait_until(lambda: len(self.taken) >= count)


def text_of(body: dict[str, Any]) -> str:
    return str(body["data"].get("message", {}).get("text", ""))


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.TEAHOUSE = {"HOOKS_INNER": ("127.0.0.1/32",)}
    with Receiver() as server:
        yield server


@contextmanager
def running_hooks() -> Iterator[None]:
    runner = Runner(webhooks.webhooks, sweep=0.1, tick=0.05)
    runner.start()
    try:
        yield
    finally:
        runner.stop()


def follow_from_start(hook: Hook) -> None:
    """As if it had been there before the room had any events."""
    Follower.objects.get(name=f"hook-{hook.pk}").positions.all().delete()


def until(true: Callable[[], bool]) -> None:
    done = threading.Event()
    for _ in range(int(SECONDS * 50)):
        if true():
            return
        done.wait(0.02)
    raise AssertionError("it did not come to that")


def test_what_it_sends_is_signed_as_standard_webhooks_say(
    running: Journal, tea: Room, alice: Person, receiver: Receiver
) -> None:
    hook = webhooks.make(alice, receiver.url, ["message"])
    follow_from_start(hook)
    said(running, tea, alice, "hello 茶")
    with running_hooks():
        receiver.wait(1)
        until(lambda: Delivery.objects.filter(ok=True).exists())
    _, headers, body = receiver.taken[0]
    assert json.loads(body)["type"] == "message"
    assert json.loads(body)["data"]["message"]["text"] == "hello 茶"
    key = base64.b64decode(hook.secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, "sha256").digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    delivery = Delivery.objects.get()
    assert (delivery.kind, delivery.seq, delivery.tries, delivery.status) == ("message", 1, 1, 200)


def test_a_known_example_has_the_known_signature() -> None:
    """Of the specification's own test vectors."""
    body = b'{"test": 2432232314}'
    signature = webhooks.signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_what_failed_comes_again_before_all_else_of_its_room_and_keeps_its_id(
    running: Journal, tea: Room, alice: Person, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("teahouse.followers.position.random.uniform", lambda *_: 0.05)
    receiver.answers["bad"] = [500, 302]
    rice = Room.objects.create(slug="rice", title="Rice")
    follow_from_start(webhooks.make(alice, receiver.url, ["message"]))
    said(running, tea, alice, "good", "bad", "behind")
    said(running, rice, alice, "of another room")
    with running_hooks():
        receiver.wait(6)
        until(lambda: Delivery.objects.filter(ok=True).count() == 4)
    in_tea = [
        (body["data"]["message"]["text"], headers["webhook-id"])
        for (_, headers, _), body in zip(receiver.taken, receiver.bodies, strict=True)
        if body["data"]["room"] == "tea"
    ]
    assert [text for text, _ in in_tea] == ["good", "bad", "bad", "bad", "behind"]
    assert len({number for _, number in in_tea}) == 3
    assert Delivery.objects.get(seq=2).tries == 3


def test_a_text_that_was_deleted_meanwhile_is_not_told_by_a_retry_or_a_replay(
    running: Journal,
    tea: Room,
    alice: Person,
    owner: Speaker,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # It is not tried again before it is told to.
    monkeypatch.setattr("teahouse.followers.position.random.uniform", lambda *_: 1000)
    receiver.answers["secret"] = [503] * 9
    follow_from_start(webhooks.make(alice, receiver.url, ["*"]))
    (message,) = said(running, tea, alice, "secret")
    with running_hooks():
        receiver.wait(1)
        until(lambda: FollowerPosition.objects.filter(failures=1).exists())
        assert Delivery.objects.filter(ok=False, status=503).exists()
        done(running, messages.delete(owner, grant_of(owner), message))
        FollowerPosition.objects.update(retry_at=None)
        receiver.wait(3)
        until(lambda: Delivery.objects.filter(ok=True).count() == 2)
    assert receiver.texts == ["secret", "", ""]
    webhooks.replay(Delivery.objects.get(seq=1))
    assert receiver.bodies[-1]["type"] == "deleted"
    assert Delivery.objects.get(seq=1).tries == 3


def test_it_tells_nothing_that_its_owner_may_not_see(
    running: Journal, tea: Room, alice: Person, bob: Person, receiver: Receiver
) -> None:
    private = Room.objects.create(slug="private", title="Private", kind=Room.Kind.PRIVATE)
    Member.objects.create(room=private, person=bob)
    for person in (alice, bob):
        follow_from_start(webhooks.make(person, receiver.url, ["message"], label=person.name))
    said(running, private, bob, "for Bob alone")
    said(running, tea, bob, "for all")
    with running_hooks():
        receiver.wait(3)
        until(lambda: Delivery.objects.filter(ok=True).count() == 3)
        assert sorted(Delivery.objects.values_list("hook__label", "room__slug")) == [
            ("Alice", "tea"),
            ("Bob", "private"),
            ("Bob", "tea"),
        ]
        Person.objects.filter(pk=bob.pk).update(deactivated_at=timezone.now())
        said(running, tea, alice, "after Bob")
        receiver.wait(4)
    assert Delivery.objects.filter(hook__label="Bob").count() == 2


def test_one_of_one_room_and_some_events_hears_of_no_others(
    running: Journal, tea: Room, alice: Person, receiver: Receiver
) -> None:
    rice = Room.objects.create(slug="rice", title="Rice")
    follow_from_start(webhooks.make(alice, receiver.url, ["message"], room=tea))
    said(running, rice, alice, "elsewhere")
    said(running, tea, alice, "here")
    with running_hooks():
        receiver.wait(1)
        until(lambda: FollowerPosition.objects.count() == 2)
    assert receiver.texts == ["here"]


class TestStopping:
    def test_a_receiver_that_is_gone_ends_it(
        self, running: Journal, tea: Room, alice: Person, receiver: Receiver, caplog: pytest.LogCaptureFixture
    ) -> None:
        receiver.answers["bye"] = [410]
        hook = webhooks.make(alice, receiver.url, ["message"])
        follow_from_start(hook)
        said(running, tea, alice, "bye", "behind")
        with running_hooks():
            until(lambda: not Hook.objects.get().active)
        assert "says that it is gone" in caplog.text
        assert receiver.texts == ["bye"]
        webhooks.start(hook)
        with running_hooks():
            receiver.wait(3)
        assert receiver.texts == ["bye", "bye", "behind"]

    def test_one_that_fails_for_days_is_stopped(
        self, running: Journal, tea: Room, alice: Person, receiver: Receiver
    ) -> None:
        receiver.answers["bad"] = [500] * 9
        hook = webhooks.make(alice, receiver.url, ["message"])
        follow_from_start(hook)
        said(running, tea, alice, "bad")
        long_ago = timezone.now() - timedelta(days=4)
        FollowerPosition.objects.create(
            follower=Follower.objects.get(), room=tea, failures=80, failing_since=long_ago
        )
        bot = people.site_bot()
        talk = Room.objects.create(
            slug="direct-1", kind=Room.Kind.DIRECT, between=between([alice.pk, bot.pk])
        )
        Member.objects.create(room=talk, person=alice)
        Settings.objects.create(person=alice, language="zh-hans")
        with running_hooks():
            until(lambda: Hook.objects.filter(active=False, stopped_at__isnull=False).exists())
            until(lambda: bool(testing.posted(talk)))
        assert receiver.texts == ["bad"]
        (told,) = testing.posted(talk)
        assert told.startswith(f"你的 Webhook（{receiver.url}）已停止")

    def test_what_is_deleted_leaves_nothing(self, tea: Room, alice: Person) -> None:
        hook = webhooks.make(alice, "https://example.org/", ["message"])
        follow_from_start(hook)
        webhooks.delete(hook)
        assert not Hook.objects.exists()
        assert not Follower.objects.exists()

    def test_one_that_is_deleted_while_it_is_told_ends_quietly(
        self,
        running: Journal,
        tea: Room,
        alice: Person,
        receiver: Receiver,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """Found in a server's log: its delivery, and how far it had come, belonged to nothing any more."""
        hook = webhooks.make(alice, receiver.url, ["message"])
        follow_from_start(hook)
        said(running, tea, alice, "last")

        def delete() -> None:
            webhooks.delete(hook)
            connections.close_all()

        receiver.before_answering = delete
        with caplog.at_level("INFO", "teahouse.followers"), running_hooks():
            until(lambda: "was deleted while it was at work" in caplog.text)
        assert [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []
        assert not Delivery.objects.exists()

    def test_old_deliveries_are_forgotten(self, tea: Room, alice: Person) -> None:
        hook = webhooks.make(alice, "https://example.org/", ["message"])
        for seq, days in ((1, 8), (2, 6)):
            at = timezone.now() - timedelta(days=days)
            Delivery.objects.create(hook=hook, room=tea, seq=seq, kind="message", at=at)
        webhooks.tidy()
        assert [delivery.seq for delivery in Delivery.objects.all()] == [2]


@pytest.mark.parametrize(
    ("url", "events", "why"),
    [
        ("https://example.org/", [], "which events"),
        ("https://example.org/", ["said"], "'said' is no event of rooms"),
        ("https://example.org/", ["Order.Paid"], "words of a-z"),
        ("http://127.0.0.1/", ["message"], "inner address"),
        ("ftp://example.org/", ["message"], "begins with https"),
    ],
)
def test_it_refuses_what_cannot_be(
    alice: Person, database: Database, url: str, events: list[str], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        webhooks.make(alice, url, events)
    assert not Hook.objects.exists()


def test_a_receiver_that_drips_its_answer_is_waited_for_no_longer_than_all_of_it_may_take(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TEAHOUSE = {"HOOKS_INNER": ("127.0.0.1/32",)}
    monkeypatch.setattr("teahouse.followers.transport.TOTAL_SECONDS", 0.5)
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                while not ended.wait(0.05):
                    connection.sendall(b"x")

        thread = threading.Thread(target=drip)
        thread.start()
        # It ends, though the answer does not.
        with pytest.raises(outside.Failed, match=r"more than 0\.5 s in all|timed out"):
            outside.post(f"http://127.0.0.1:{server.getsockname()[1]}/", b"{}", {})
        ended.set()
        thread.join()


def test_a_silent_name_server_is_waited_for_no_longer_and_asked_once_for_a_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("teahouse.followers.transport.TOTAL_SECONDS", 1.0)
    asked: list[str] = []
    answers, answered = threading.Event(), threading.Event()

    def silent(host: str, *_: Any, **__: Any) -> list[Any]:
        """As the system does where no name server answers: nobody can end it."""
        asked.append(host)
        assert answers.wait(SECONDS)
        answered.set()
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    for _ in range(2):
        with pytest.raises(outside.Failed, match=r"no name server said in [\d.]+ s where silent\.example is"):
            outside.post("http://silent.example/", b"{}", {})
    assert not answered.is_set()
    assert asked == ["silent.example"], "another thread would hang for each try"
    answers.set()
    assert answered.wait(SECONDS)
    until(lambda: not transport._asked)
    with pytest.raises(outside.Failed, match=r"cannot be found: .*Temporary failure"):
        outside.post("http://silent.example/", b"{}", {})
    assert len(asked) == 2, "what nobody asks any more is asked anew"


def test_an_inner_receiver_is_not_asked_and_the_log_says_why(
    running: Journal, tea: Room, alice: Person, receiver: Receiver, settings: Any
) -> None:
    hook = webhooks.make(alice, receiver.url, ["message"])
    settings.TEAHOUSE = {}
    said(running, tea, alice, "hi")
    delivery = Delivery(hook=hook, room=tea, seq=1, kind="message")
    with pytest.raises(Again, match="inner address"):
        webhooks.replay(delivery)
    assert receiver.taken == []
    assert "inner address" in Delivery.objects.get().answer
