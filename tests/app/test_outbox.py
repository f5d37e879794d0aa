"""What code leaves to be said: part of its transaction, said once, in order, and nobody waits for it."""

import os
import re
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import AnonymousUser, Group, User
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, transaction
from django.utils import translation
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy
from pydantic import BaseModel

import teahouse
from teahouse import outbox, testing
from teahouse.actions import people, rooms
from teahouse.conf import conf
from teahouse.history import who
from teahouse.journal import Say, Stored
from teahouse.models import Message, Outbox, Person, Room
from tests.app.conftest import Database
from tests.app.journals import journal, move_all, stored

LEAVE = "tests.app.leave"
MOVE = "from django import setup; setup(); from tests.app.journals import move_all; move_all(limit=7)"


@teahouse.event("deployed.by_test")
class Deployed(BaseModel):
    version: str


class Failed(Exception):
    pass


@contextmanager
def rolled_back() -> Iterator[None]:
    """A transaction that fails in the end, as a view that raises."""
    with suppress(Failed), transaction.atomic():
        yield
        raise Failed


@pytest.fixture
def main(database: Database) -> Room:
    return rooms.make_main()


@pytest.fixture
def hints() -> Iterator[list[None]]:
    """One None for each time that the mover was told."""
    told: list[None] = []

    def hear() -> None:
        told.append(None)

    outbox.on_hint.append(hear)
    yield told
    outbox.on_hint.remove(hear)


class TestTransactions:
    def test_it_is_said_after_the_commit(self, main: Room, hints: list[None]) -> None:
        with transaction.atomic():
            teahouse.post("main", "Order **7** was paid.")
            assert testing.posted("main") == ["Order **7** was paid."]
            assert hints == []
        assert hints == [None]
        assert [type(outcome) for outcome in move_all()] == [Stored]
        message = Message.objects.get()
        assert (message.text, message.seq, message.person) == ("Order **7** was paid.", 1, people.site_bot())
        assert message.html is not None
        assert "<strong>7</strong>" in message.html
        assert not Outbox.objects.exists()
        assert testing.posted("main") == ["Order **7** was paid."]

    def test_it_leaves_nothing_of_what_was_rolled_back(self, main: Room, hints: list[None]) -> None:
        with rolled_back():
            teahouse.post("main", "Order 7 was paid.")
        assert hints == []
        assert not Outbox.objects.exists()
        assert move_all() == []
        assert testing.posted("main") == []

    def test_it_leaves_nothing_of_an_inner_transaction_that_was_rolled_back(self, main: Room) -> None:
        with transaction.atomic():
            teahouse.post("main", "one")
            with rolled_back():
                teahouse.post("main", "two")
            teahouse.post("main", "three")
        move_all()
        assert testing.posted("main") == ["one", "three"]

    def test_it_is_said_though_the_process_was_killed_right_after_the_commit(
        self, main: Room, database: Database
    ) -> None:
        child = database.child("-m", LEAVE, "after")
        assert (child.wait(), child.pid != os.getpid()) == (-signal.SIGKILL, True), child.output()
        assert Outbox.objects.count() == 1
        move_all()
        assert testing.posted("main") == ["Order 7 was paid."]
        assert move_all() == []

    def test_it_is_not_said_where_the_process_was_killed_right_before_the_commit(
        self, main: Room, database: Database
    ) -> None:
        child = database.child("-m", LEAVE, "before")
        assert child.wait() == -signal.SIGKILL, child.output()
        assert move_all() == []
        assert testing.posted("main") == []

    def test_a_hint_that_fails_disturbs_neither_the_caller_nor_other_hints(
        self, main: Room, hints: list[None], caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail() -> None:
            raise Failed

        outbox.on_hint.insert(0, fail)
        try:
            teahouse.post("main", "hi")
        finally:
            outbox.on_hint.remove(fail)
        assert hints == [None]
        assert "the sweep finds the row" in caplog.text

    def test_async_code_posts_too(self, main: Room) -> None:
        assert async_to_sync(_left_by_async_code)() == Outbox.objects.get().pk


async def _left_by_async_code() -> int:
    return await teahouse.apost("main", "hi")


class TestOnceAndInOrder:
    def test_two_movers_in_two_processes_say_all_once_and_in_order(
        self, main: Room, database: Database
    ) -> None:
        names = ["main", "tea", "rice"]
        Room.objects.bulk_create(Room(slug=name, title=name) for name in names[1:])
        said: dict[str, list[str]] = {name: [] for name in names}
        for number in range(60):
            name = names[number % 3]
            said[name].append(f"{name} {number}")
            teahouse.post(name, said[name][-1])
        movers = [database.child("-c", MOVE) for _ in range(2)]
        assert len({mover.pid for mover in movers}) == 2
        assert [mover.wait() for mover in movers] == [0, 0], [mover.output() for mover in movers]
        assert not Outbox.objects.exists()
        for room in Room.objects.all():
            assert testing.posted(room) == said[room.slug]
            numbers = room.messages.order_by("seq").values_list("seq", flat=True)
            assert list(numbers) == list(range(1, 21))
            assert room.seq == 20

    def test_a_row_that_two_movers_have_read_is_said_by_one_of_them(self, main: Room) -> None:
        teahouse.post(main, "once")
        first, second = outbox.waiting(), outbox.waiting()
        with journal() as running:
            outcomes = stored(running, first) + stored(running, second)
        assert isinstance(outcomes[0], Stored)
        assert outcomes[1] is None
        assert testing.posted(main) == ["once"]

    def test_a_key_makes_a_repeat_be_said_once(self, main: Room) -> None:
        for _ in range(2):
            teahouse.post(main, "Deployed.", key="deploy-1")
        move_all()
        teahouse.post(main, "Deployed.", key="deploy-1")
        assert [outcome.repeated for outcome in move_all()] == [True]
        assert testing.posted(main) == ["Deployed."]

    def test_without_a_key_the_same_words_are_said_twice(self, main: Room) -> None:
        for _ in range(2):
            teahouse.post(main, "Deployed.")
        move_all()
        assert testing.posted(main) == ["Deployed.", "Deployed."]


class TestRefusals:
    @pytest.mark.parametrize(
        ("text", "right"),
        [
            ("", "at least one visible character"),
            (" \n", "at least one visible character"),
            ("a\x00b", "no NUL"),
            ("a\ud800b", "no lone surrogates"),
        ],
    )
    def test_it_refuses_what_cannot_be_said_and_spoils_no_transaction(
        self, main: Room, text: str, right: str
    ) -> None:
        with transaction.atomic():
            with pytest.raises(ValueError, match=right):
                teahouse.post(main, text)
            teahouse.post(main, "good")
        assert testing.posted(main) == ["good"]

    def test_it_takes_the_longest_text_and_refuses_one_character_more(self, main: Room) -> None:
        longest = conf().LIMITS.text
        teahouse.post(main, "茶" * longest)
        with pytest.raises(ValueError, match=f"at most {longest} characters; this one has {longest + 1}"):
            teahouse.post(main, "茶" * (longest + 1))
        assert Outbox.objects.count() == 1

    @pytest.mark.parametrize("key", ["", "k" * 65, "键", "a\nb"])
    def test_it_refuses_a_key_that_is_none(self, main: Room, key: str) -> None:
        with pytest.raises(ValueError, match="1 to 64 printable ASCII characters"):
            teahouse.post(main, "hi", key=key)
        teahouse.post(main, "hi", key="k" * 64)

    def test_it_refuses_a_key_with_another_text_while_it_waits_and_after(self, main: Room) -> None:
        teahouse.post(main, "one", key="k")
        for _ in range(2):
            with pytest.raises(ValueError, match="used here with another text"):
                teahouse.post(main, "two", key="k")
            move_all()
        teahouse.post(main, "two", key="k2")
        move_all()
        assert testing.posted(main) == ["one", "two"]

    def test_it_names_a_room_that_is_not_there(self, main: Room) -> None:
        with pytest.raises(Room.DoesNotExist, match="no room 'tea'"):
            teahouse.post("tea", "hi")
        Room.objects.create(slug="tea", title="Tea")
        teahouse.post("Tea", "hi")
        assert testing.posted("tea") == ["hi"]

    def test_nobody_speaks_in_a_persons_own_stream(self, main: Room) -> None:
        stream = rooms.personal(people.site_bot().pk)
        with pytest.raises(ValueError, match="own stream"):
            teahouse.post(stream, "hi")
        with pytest.raises(Room.DoesNotExist):
            teahouse.post(stream.slug, "hi")

    def test_nobody_is_no_speaker(self, main: Room) -> None:
        people.make_guest("Gast")
        for nobody in (AnonymousUser(), User(username="unsaved")):
            with pytest.raises(ValueError, match="give a Person, a saved user, or None"):
                teahouse.post(main, "hi", by=nobody)
        assert not Outbox.objects.exists()

    @pytest.mark.parametrize("by", ["mei", 1, Group(pk=1)])
    def test_what_is_no_speaker(self, main: Room, by: Any) -> None:
        people.ensure_person(User.objects.create_user("mei", pk=1))
        says = f"{by!r} is nobody who speaks: give a Person, a saved user, or None"
        with pytest.raises(TypeError, match=re.escape(says)):
            teahouse.post(main, "hi", by=by)
        with pytest.raises(TypeError, match=re.escape(says)):
            teahouse.emit(main, Deployed(version="1"), by=by)
        assert not Outbox.objects.exists()

    @pytest.mark.parametrize("text", [None, 7, b"hi", ["hi"]])
    def test_what_is_no_text(self, main: Room, text: Any) -> None:
        with pytest.raises(TypeError, match=re.escape(f"(str), not {type(text).__name__}: {text!r}")):
            teahouse.post(main, text)
        assert not Outbox.objects.exists()

    def test_a_lazy_translation_is_said_in_the_language_that_is_active(self, main: Room) -> None:
        lazy: Any = gettext_lazy("Send")
        teahouse.post(main, lazy)
        with translation.override("zh-hans"):
            teahouse.post(main, lazy, by=SimpleLazyObject(lambda: User.objects.create_user("mei")))
        assert testing.posted(main) == ["Send", "发送"]


class TestSpeakers:
    def test_a_user_speaks_as_their_person(self, main: Room) -> None:
        user = User.objects.create_user("mei", first_name="梅")
        teahouse.post(main, "one", by=user)
        teahouse.post(main, "two", by=Person.objects.get(user=user))
        move_all()
        assert {message.person.name for message in Message.objects.all()} == {"梅"}
        assert Person.objects.filter(user=user).count() == 1

    def test_a_user_made_in_the_same_transaction_speaks(self, main: Room) -> None:
        with transaction.atomic():
            teahouse.post(main, "Welcome me.", by=User.objects.create_user("new"))
        move_all()
        assert Message.objects.get().person.name == "new"

    def test_a_user_who_is_locked_in_the_same_transaction_speaks(self, main: Room) -> None:
        User.objects.create_user("mei")
        with transaction.atomic():
            teahouse.post(main, "hi", by=User.objects.select_for_update().get(username="mei"))
        move_all()
        assert Message.objects.get().person.name == "mei"

    def test_the_speakers_person_outlives_a_rolled_back_post_at_most(self, main: Room) -> None:
        user = User.objects.create_user("mei")
        with rolled_back():
            teahouse.post(main, "hi", by=user)
        teahouse.post(main, "hi again", by=user)
        move_all()
        assert testing.posted(main) == ["hi again"]
        assert Person.objects.filter(user=user).count() == 1


class TestNobodyWaits:
    """P9. On PostgreSQL; SQLite has one writer whatever is written."""

    def test_an_open_transaction_holds_up_no_speaker_of_the_room_and_no_arrival(
        self, postgres: Database
    ) -> None:
        main, user = rooms.make_main(), User.objects.create_user("mei")
        people.site_bot()
        with ThreadPoolExecutor(1) as others, transaction.atomic():
            teahouse.post(main, "by the bot")
            teahouse.post(main, "by somebody new", by=user)
            person = others.submit(_alone, lambda: people.ensure_person(user)).result(5)
            say = Say(main.pk, who(person), "k", "meanwhile", None, rights=None)
            with journal() as running:
                assert isinstance(stored(running, [say])[0], Stored)
            assert others.submit(_alone, lambda: testing.posted(main)).result(5) == ["meanwhile"]
        move_all()
        assert testing.posted(main) == ["meanwhile", "by the bot", "by somebody new"]

    def test_a_person_that_somebody_else_is_making_is_waited_for_briefly(self, postgres: Database) -> None:
        user = User.objects.create_user("mei")
        with ThreadPoolExecutor(1) as others, transaction.atomic():
            Person.objects.create(user=user, kind="user", name="mei", name_key="mei")
            with pytest.raises(OperationalError, match="lock timeout"):
                others.submit(_alone, lambda: people.ensure_person(user)).result(5)
        assert people.ensure_person(user).name == "mei"


def _alone(run: Any) -> Any:
    """Runs it on this thread's own connection, which is closed after it."""
    try:
        return run()
    finally:
        connection.close()


class TestCommand:
    def test_it_posts_from_the_command_line(self, main: Room, database: Database) -> None:
        people.make_bot("Deploy")
        words = ("teahouse_post", "main", "Deployed.")
        assert database.manage(*words, "--as", "deploy", "--key", "d1") == (0, "")
        call_command(*words, speaker="Deploy", key="d1")
        move_all()
        said = [(message.person.name, message.text) for message in Message.objects.all()]
        assert said == [("Deploy", "Deployed.")]

    def test_it_says_what_is_wrong_as_people_want_to_read_it(self, main: Room, database: Database) -> None:
        status, output = database.manage("teahouse_post", "tea", "hi")
        assert (status, output.count("\n")) == (1, 1)
        assert "no room 'tea'" in output

    @pytest.mark.parametrize(
        ("text", "options", "right"),
        [
            ("", {}, "at least one visible character"),
            ("hi", {"speaker": "nobody"}, "no user and no bot 'nobody'"),
            ("hi", {"key": "键"}, "printable ASCII"),
        ],
    )
    def test_it_refuses_and_posts_nothing(
        self, main: Room, text: str, options: dict[str, Any], right: str
    ) -> None:
        with pytest.raises(CommandError, match=right):
            call_command("teahouse_post", "main", text, **options)
        assert not Outbox.objects.exists()
