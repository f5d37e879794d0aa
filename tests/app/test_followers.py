"""Listeners: at least once, in order, one process at a time, and one room's failure stops no other."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pydantic import BaseModel

import teahouse
from teahouse import declared
from teahouse.access import Speaker
from teahouse.actions import messages
from teahouse.followers import listening, position
from teahouse.followers.follower import Again, Heard
from teahouse.followers.lease import Leases, begin
from teahouse.followers.runner import Runner
from teahouse.journal import Journal
from teahouse.models import Follower, FollowerPosition, Person, Room
from tests.app.conftest import Database
from tests.app.journals import move_all
from tests.app.telling import done, grant_of, said

SECONDS = 45.0
MANY = 300
"""Events that take the first process longer than the second takes to start."""


def until(true: Callable[[], bool]) -> None:
    """Waits for what another process does, or a thread of which nothing can be awaited."""
    end = monotonic() + SECONDS
    while not true():
        assert monotonic() < end, "it did not come to that"
        sleep(0.02)


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    """What a test registers is forgotten behind it."""
    before = dict(listening._listeners), dict(declared._models), dict(declared._names)
    yield
    for table, kept in zip((listening._listeners, declared._models, declared._names), before, strict=True):
        table.clear()  # type: ignore[attr-defined]
        table.update(kept)  # type: ignore[attr-defined]


class Listened:
    """What a listener was handed, in order; it can be waited for."""

    def __init__(self) -> None:
        self.events: list[Heard] = []
        self.came = threading.Condition()
        self.fail: Callable[[Heard], None] = lambda event: None

    def __call__(self, event: Heard) -> None:
        with self.came:
            self.events.append(event)
            self.came.notify_all()
        self.fail(event)

    def wait(self, count: int) -> list[Heard]:
        with self.came:
            assert self.came.wait_for(lambda: len(self.events) >= count, SECONDS), self.events
        return self.events

    @property
    def texts(self) -> list[str]:
        return [event.text for event in self.events]


@pytest.fixture
def listened() -> Listened:
    return Listened()


@contextmanager
def running(**more: Any) -> Iterator[Runner]:
    runner = Runner(listening.listeners, sweep=0.1, tick=0.05, **more)
    runner.start()
    try:
        yield runner
    finally:
        runner.stop()


def listen(listened: Listened, *kinds: Any, **more: Any) -> None:
    teahouse.listen(*kinds, **{"name": "test", "begin": "start", **more})(listened.__call__)


def post(room: Room | str, *texts: str) -> None:
    for text in texts:
        teahouse.post(room, text)
    move_all()


class TestListening:
    def test_it_hears_what_was_said_in_order_and_goes_on_where_it_was(
        self, tea: Room, listened: Listened
    ) -> None:
        listen(listened, "message")
        post(tea, "one", "two")
        with running():
            listened.wait(2)
            post(tea, "three")
            events = listened.wait(3)
        assert [event.seq for event in events] == [1, 2, 3]
        assert [(event.room, event.kind, event.is_new) for event in events] == [("tea", "message", True)] * 3
        post(tea, "four")
        with running():
            listened.wait(4)
        assert listened.texts == ["one", "two", "three", "four"]
        assert len({event.key for event in events}) == 4

    def test_it_begins_at_what_is_new_or_at_the_start(self, tea: Room, listened: Listened) -> None:
        post(tea, "before")
        listen(listened, "message", begin="now")
        with running():
            until(lambda: Follower.objects.filter(name="test").exclude(owner="").exists())
            new = Room.objects.create(slug="new", title="New")
            post(new, "in a new room")
            listened.wait(1)
            post(tea, "after")
            listened.wait(2)
        assert sorted(listened.texts) == ["after", "in a new room"]

    def test_it_hears_of_the_kinds_and_rooms_that_it_named(self, tea: Room, listened: Listened) -> None:
        @teahouse.event("order.taken")
        class OrderTaken(BaseModel):
            number: int

        for slug in ("order-1", "order-2", "orders"):
            Room.objects.create(slug=slug, title=slug)
        listen(listened, OrderTaken, rooms=["order-?", "tea"])
        for slug in ("order-1", "orders", "order-2", "tea"):
            post(slug, "a message")
            teahouse.emit(slug, OrderTaken(number=len(slug)))
        move_all()
        with running():
            events = listened.wait(3)
            until(lambda: not position.waiting(Follower.objects.get(name="test")))
        assert sorted((event.room, event.kind) for event in events) == [
            ("order-1", "order.taken"),
            ("order-2", "order.taken"),
            ("tea", "order.taken"),
        ]
        assert [event.value for event in events if event.room == "tea"] == [OrderTaken(number=3)]

    def test_it_hears_of_a_message_as_it_is_now(
        self, running_journal: Journal, tea: Room, alice: Person, owner: Speaker, listened: Listened
    ) -> None:
        first, second = said(running_journal, tea, alice, "secret", "slip")
        done(running_journal, messages.delete(owner, grant_of(owner), first))
        done(running_journal, messages.edit(owner, grant_of(owner), second, "slept", None))
        listen(listened, "*")
        with running():
            events = listened.wait(4)
        assert [(event.kind, event.text, event.is_new) for event in events] == [
            ("deleted", "", False),
            ("message", "slept", True),
            ("deleted", "", False),
            ("message", "slept", False),
        ]

    def test_async_functions_listen_too(self, tea: Room, listened: Listened) -> None:
        @teahouse.listen("message", name="async", begin="start")
        async def hear(event: Heard) -> None:
            listened(event)

        post(tea, "one")
        with running():
            assert listened.wait(1)[0].text == "one"


@pytest.fixture
def running_journal(running: Journal) -> Journal:
    return running


class TestFailures:
    def test_what_failed_is_handed_over_again_before_all_else_of_its_room(
        self, tea: Room, listened: Listened, caplog: pytest.LogCaptureFixture
    ) -> None:
        rice = Room.objects.create(slug="rice", title="Rice")
        failures = iter([True, True, False])

        def fail(event: Heard) -> None:
            if event.text == "bad" and next(failures):
                raise Again("not yet", after=0.05)

        listened.fail = fail
        listen(listened, "message")
        post(tea, "good", "bad", "behind")
        post(rice, "of another room")
        with running():
            listened.wait(6)
            until(lambda: FollowerPosition.objects.filter(room=tea, seq=3, failures=0).exists())
        assert [event.text for event in listened.events if event.room == "tea"] == [
            "good", "bad", "bad", "bad", "behind",
        ]  # fmt: skip
        assert "of another room" in listened.texts[:5]

    @pytest.mark.parametrize("error", [SystemExit("no"), asyncio.CancelledError()], ids=["exit", "cancelled"])
    def test_what_ends_a_program_is_an_error_like_others(
        self, tea: Room, listened: Listened, monkeypatch: pytest.MonkeyPatch, error: BaseException
    ) -> None:
        monkeypatch.setattr("teahouse.followers.position.random.uniform", lambda *_: 1000)
        rice = Room.objects.create(slug="rice", title="Rice")

        def fail(event: Heard) -> None:
            if event.text == "bad":
                raise error

        listened.fail = fail
        listen(listened, "message")
        post(tea, "good", "bad")
        post(rice, "of another room")
        with running():
            until(lambda: FollowerPosition.objects.filter(room=tea, seq=1, failures=1).exists())
            listened.wait(3)
        assert listened.texts.count("good") == 1
        assert not Follower.objects.exclude(owner="").exists(), "the leases are given back"

    def test_an_error_is_logged_kept_and_told(
        self,
        tea: Room,
        listened: Listened,
        caplog: pytest.LogCaptureFixture,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        # It is not tried again while this test looks at it.
        monkeypatch.setattr("teahouse.followers.position.random.uniform", lambda *_: 1000)

        def fail(event: Heard) -> None:
            raise KeyError("no such order")

        listened.fail = fail
        listen(listened, "message")
        post(tea, "bad", "behind")
        with running():
            until(lambda: FollowerPosition.objects.filter(failures=1).exists())
        assert "event message 1 of tea failed" in caplog.text
        assert listened.texts == ["bad"]
        (stuck,) = position.stuck(least=1)
        assert (stuck.room, stuck.seq, stuck.error) == (tea, 0, "KeyError: 'no such order'")
        assert stuck.retry_at is not None
        call_command("teahouse_follow", list=True)
        assert "test in tea, event 1: failed 1 times" in capsys.readouterr().out
        listened.fail = lambda event: None
        call_command("teahouse_follow", skip="test")
        with running():
            listened.wait(2)
        assert listened.texts == ["bad", "behind"]
        with pytest.raises(CommandError, match="Nothing follows as 'nobody'"):
            call_command("teahouse_follow", retry="nobody")

    def test_one_that_the_project_has_no_more_is_forgotten_and_no_other(
        self, tea: Room, listened: Listened, capsys: pytest.CaptureFixture[str]
    ) -> None:
        listen(listened, "message")
        begin("test", at_now=True)
        begin("renamed", at_now=True)
        call_command("teahouse_follow", list=True)
        assert capsys.readouterr().out == "renamed (the project has it no more: --forget)\ntest\n"
        with pytest.raises(CommandError, match="'test' is there"):
            call_command("teahouse_follow", forget="test")
        call_command("teahouse_follow", forget="renamed")
        assert [row.name for row in Follower.objects.all()] == ["test"]
        with pytest.raises(CommandError, match="Nothing follows as 'renamed'"):
            call_command("teahouse_follow", forget="renamed")

    def test_the_pauses_grow_and_end_in_one_of_an_hour(self, tea: Room) -> None:
        row = begin("test", at_now=False)
        post(tea, "one")
        pauses = []
        for _ in range(11):
            (place,) = position.waiting(row)
            pauses.append(position.failed(row, place, 0, "no", None, park=10).pause)
            assert position.waiting(row) == []
            assert position.try_again("test") == 1
        assert all(0.8 * 2**n <= pause <= 1.2 * 2**n for n, pause in enumerate(pauses[:9]))
        assert all(2880 <= pause <= 4320 for pause in pauses[9:])


class TestLeases:
    def test_one_owner_at_a_time_until_it_is_given_back_or_runs_out(self, database: Database) -> None:
        begin("test", at_now=True)
        here, there = Leases("here"), Leases("there")
        here.take(["test"])
        there.take(["test"])
        assert (here.holds("test"), there.holds("test")) == (True, False)
        here.give_back()
        there.take(["test"])
        assert (here.holds("test"), there.holds("test")) == (False, True)
        Follower.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        here.take(["test"])
        assert here.holds("test")
        there.take(["test"])
        assert not there.holds("test")

    def test_a_lease_ends_by_the_owners_own_clock_before_others_take_it(self, database: Database) -> None:
        begin("test", at_now=True)
        here = Leases("here", seconds=4)
        here.take(["test"])
        end = Follower.objects.get().expires_at
        assert end is not None
        for_others = (end - timezone.now()).total_seconds()
        assert here._until["test"] - monotonic() < for_others
        brief = Leases("here", seconds=0.2)
        brief.take(["test"])
        until(lambda: not brief.holds("test"))

    def test_another_process_takes_over_from_one_that_was_killed(
        self, tea: Room, database: Database, tmp_path: Path
    ) -> None:
        file = tmp_path / "told"
        file.touch()
        for number in range(MANY):
            teahouse.post(tea, str(number))
        move_all()
        one = database.child("-m", "tests.app.follow", str(file), "0.2")
        until(lambda: len(file.read_text().splitlines()) > 5)
        two = database.child("-m", "tests.app.follow", str(file))
        try:
            until(lambda: "following" in two.output())
            done = len(file.read_text().splitlines())
            until(lambda: len(file.read_text().splitlines()) > done + 5)
            assert one.kill() == -signal.SIGKILL
            until(lambda: file.read_text().endswith(f"{two.pid} {MANY - 1}\n"))
        finally:
            two.kill()
        lines = [line.split() for line in file.read_text().splitlines()]
        pids = [int(pid) for pid, _ in lines]
        assert pids == sorted(pids, key=[one.pid, two.pid].index), "both at once"
        assert {one.pid, two.pid} == set(pids)
        heard = [int(text) for _, text in lines]
        assert list(dict.fromkeys(heard)) == list(range(MANY)), "each, in order"
        mine = [int(text) for pid, text in lines if int(pid) == two.pid]
        assert mine == sorted(set(mine)), "repeated only what was done within the last second"


class TestRefusals:
    @pytest.mark.parametrize(
        ("kinds", "more", "why"),
        [
            ((), {}, "listen to what"),
            (("said",), {}, "'said' is no event of rooms; there are closed, deleted"),
            (("Order.Paid",), {}, "words of a-z"),
            (("message",), {"begin": "later"}, '"now" or "start"'),
            (("message",), {"name": "hook-1"}, "does not begin with 'hook-'"),
            (("message",), {"name": "n" * 121}, "1 to 120 characters"),
        ],
    )
    def test_it_says_what_is_right(self, kinds: tuple[str, ...], more: dict[str, Any], why: str) -> None:
        with pytest.raises(ValueError, match=why):
            teahouse.listen(*kinds, **more)(print)

    def test_a_name_has_one_function(self) -> None:
        teahouse.listen("message", name="one")(print)
        teahouse.listen("message", name="one")(print)
        with pytest.raises(ValueError, match="listens as 'one' already"):
            teahouse.listen("message", name="one")(len)
