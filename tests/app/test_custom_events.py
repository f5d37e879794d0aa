"""Events of the project: declared, part of its transaction, stored once, shown in their place, and never changed."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.db import transaction
from django.template import TemplateDoesNotExist
from django.utils.html import format_html
from pydantic import BaseModel

import teahouse
from teahouse import declared, outbox, paging, resume, testing
from teahouse.actions import people, rooms
from teahouse.audit import audit
from teahouse.journal import Stored
from teahouse.live.protocol import Problem
from teahouse.models import CustomEvent, Message, Outbox, Room
from tests.app.conftest import Database
from tests.app.journals import journal, move_all, stored


@teahouse.event("order.paid")
class OrderPaid(BaseModel):
    number: int
    note: str = ""

    def render(self) -> str:
        return format_html("Order <strong>{}</strong> was paid. {}", self.number, self.note)


@teahouse.event("lorry.moved")
class LorryMoved(BaseModel):
    """For scripts: it is not shown."""

    km: float


@pytest.fixture
def main(database: Database) -> Room:
    return rooms.make_main()


@pytest.fixture
def names() -> Iterator[None]:
    """What a test declares is forgotten behind it."""
    models, known = dict(declared._models), dict(declared._names)
    yield
    declared._models.clear()
    declared._models.update(models)
    declared._names.clear()
    declared._names.update(known)


def frames(room: Room, after: int = 0) -> list[dict[str, Any]]:
    return [json.loads(event.wire) for event in resume.events_after(room.pk, after, room.slug)]


class TestOnce:
    def test_it_is_told_after_the_commit_with_a_number_of_the_room(self, main: Room) -> None:
        with transaction.atomic():
            teahouse.post(main, "before")
            teahouse.emit(main, OrderPaid(number=7))
            teahouse.post("main", "behind")
            assert not CustomEvent.objects.exists()
        assert [outcome.seq for outcome in move_all()] == [1, 2, 3]
        told = frames(main)[1]
        assert told | {"at": "", "by": None} == {
            "event": "order.paid",
            "room": "main",
            "seq": 2,
            "at": "",
            "by": None,
            "data": {"number": 7, "note": ""},
            "html": "Order <strong>7</strong> was paid.",
        }
        assert told["by"]["id"] == people.site_bot().pk
        assert not Outbox.objects.exists()
        assert audit().wrong == []

    def test_it_leaves_nothing_of_what_was_rolled_back(self, main: Room) -> None:
        with suppress(ZeroDivisionError), transaction.atomic():
            teahouse.emit(main, OrderPaid(number=7))
            raise ZeroDivisionError
        assert move_all() == []
        assert not CustomEvent.objects.exists()

    def test_a_key_makes_a_repeat_be_told_once(self, main: Room) -> None:
        for _ in range(2):
            teahouse.emit(main, OrderPaid(number=7), key="paid-7")
            outcomes = move_all()
        assert [outcome.repeated for outcome in outcomes] == [True]
        assert len(frames(main)) == 1

    def test_a_key_says_the_same_again(self, main: Room) -> None:
        teahouse.emit(main, OrderPaid(number=7), key="k")
        for _ in range(2):
            for other in (OrderPaid(number=8), LorryMoved(km=1)):
                with pytest.raises(ValueError, match="used here for another event"):
                    teahouse.emit(main, other, key="k")
            move_all()
        teahouse.post(main, "A message has keys of its own.", key="k")
        assert all(isinstance(outcome, Stored) for outcome in move_all())

    def test_two_that_wait_with_one_key_are_told_apart(self, main: Room) -> None:
        """Two transactions that did not see each other."""
        teahouse.emit(main, OrderPaid(number=7), key="k")
        Outbox.objects.create(
            room=main, person=people.site_bot(), key="k", event="order.paid", text='{"number":8}'
        )
        teahouse.post(main, "behind")
        outcomes = move_all()
        assert [type(outcome) for outcome in outcomes] == [Stored, Problem, Stored]
        assert outcomes[1].code == "key_reused"
        assert testing.posted(main) == ["behind"]

    def test_a_row_that_two_movers_have_read_is_told_by_one_of_them(self, main: Room) -> None:
        teahouse.emit(main, OrderPaid(number=7))
        first, second = outbox.waiting(), outbox.waiting()
        with journal() as running:
            outcomes = stored(running, first) + stored(running, second)
        assert isinstance(outcomes[0], Stored)
        assert outcomes[1] is None


class TestInItsPlace:
    @pytest.fixture
    def mixed(self, main: Room) -> Room:
        """Messages 1, 3, 5; shown events 2, 6; one for scripts, 4."""
        for number in range(1, 7):
            if number % 2:
                teahouse.post(main, str(number))
            else:
                teahouse.emit(main, LorryMoved(km=4) if number == 4 else OrderPaid(number=number))
        move_all()
        return main

    @pytest.mark.parametrize(
        ("where", "messages", "events", "before", "after"),
        [
            ({}, [1, 3, 5], None, False, False),
            ({"events": "all"}, [1, 3, 5], [2, 4, 6], False, False),
            ({"events": "shown"}, [1, 3, 5], [2, 6], False, False),
            ({"events": "all", "limit": 2}, [5], [6], True, False),
            ({"events": "all", "limit": 2, "before": 5}, [3], [4], True, True),
            ({"events": "shown", "limit": 2, "before": 5}, [3], [2], True, True),
            ({"events": "all", "limit": 2, "before": 3}, [1], [2], False, True),
            ({"events": "all", "limit": 2, "after": 2}, [3], [4], True, True),
            ({"events": "all", "limit": 3, "after": 3}, [5], [4, 6], True, False),
            ({"events": "all", "limit": 3, "around": 4}, [3, 5], [4], True, True),
            ({"limit": 1, "before": 5}, [3], None, True, True),
        ],
    )
    def test_a_page_has_what_was_asked_for(
        self,
        mixed: Room,
        where: dict[str, Any],
        messages: list[int],
        events: list[int] | None,
        before: bool,
        after: bool,
    ) -> None:
        page = paging.page(mixed.pk, **where)
        assert [message["seq"] for message in page["messages"]] == messages
        told = page.get("events")
        assert (None if told is None else [event["seq"] for event in told]) == events
        assert page["more"] == {"before": before, "after": after}

    def test_history_and_a_resume_say_the_same(self, mixed: Room) -> None:
        page = paging.page(mixed.pk, events="all")
        assert page["events"] == [frame for frame in frames(mixed) if "data" in frame]


class TestHowItIsShown:
    def test_what_it_renders_is_cleaned_and_may_lead_to_the_projects_pages(
        self, main: Room, names: None
    ) -> None:
        @teahouse.event("order.risky")
        class Risky(BaseModel):
            def render(self) -> str:
                return '<a href="/orders/7/" onclick="x()">Order</a><script>alert(1)</script><img src=x>'

        teahouse.emit(main, Risky())
        move_all()
        html = frames(main)[0]["html"]
        assert 'href="/orders/7/"' in html
        assert not any(bad in html for bad in ("onclick", "script", "img"))

    def test_a_template_of_its_name_shows_it(
        self, main: Room, names: None, settings: Any, tmp_path: Any
    ) -> None:
        @teahouse.event("order.sent")
        class OrderSent(BaseModel):
            to: str

        @teahouse.event("order.broken")
        class OrderBroken(BaseModel):
            pass

        (tmp_path / "teahouse" / "events").mkdir(parents=True)
        folder = tmp_path / "teahouse" / "events"
        (folder / "order.sent.html").write_text("Sent to <em>{{ event.to }}</em>.")
        (folder / "order.broken.html").write_text('{% include "nowhere.html" %}')
        settings.TEMPLATES = [settings.TEMPLATES[0] | {"DIRS": [tmp_path]}]
        teahouse.emit(main, OrderSent(to="<Mei>"))
        with pytest.raises(TemplateDoesNotExist, match=r"nowhere\.html"):
            teahouse.emit(main, OrderBroken())
        move_all()
        assert [frame["html"] for frame in frames(main)] == ["Sent to <em>&lt;Mei&gt;</em>."]

    def test_without_either_it_is_not_shown(self, main: Room) -> None:
        teahouse.emit(main, LorryMoved(km=1.5))
        move_all()
        assert "html" not in frames(main)[0]


class TestRefusals:
    @pytest.mark.parametrize(
        "name", ["paid", "Order.paid", "order.", "order paid.x", "order.paid\n", "a." + "b" * 63]
    )
    def test_a_name_has_words_with_dots_between(self, name: str, names: None) -> None:
        with pytest.raises(ValueError, match="words of a-z"):
            teahouse.event(name)
        teahouse.event("a." + "b" * 62)

    def test_names_of_teahouse_and_of_others_are_taken(self, names: None) -> None:
        with pytest.raises(ValueError, match="Teahouse's own"):
            teahouse.event("teahouse.opened")
        with pytest.raises(ValueError, match=r"declared by .*OrderPaid"):
            teahouse.event("order.paid")(LorryMoved)
        teahouse.event("order.paid")(OrderPaid)

    def test_only_pydantic_models_are_declared_and_only_declared_ones_told(self, main: Room) -> None:
        class Undeclared(BaseModel):
            pass

        with pytest.raises(TypeError, match="pydantic model"):
            teahouse.event("order.lost")(dict)  # type: ignore[type-var]
        with pytest.raises(ValueError, match="is not declared"):
            teahouse.emit(main, Undeclared())

    def test_data_that_cannot_be_stored_spoils_no_transaction(self, main: Room) -> None:
        with transaction.atomic():
            for bad in ("\ud800", "x" * declared.DATA_BYTES):
                with pytest.raises(ValueError, match=r"written as JSON|at most"):
                    teahouse.emit(main, OrderPaid(number=1, note=bad))
            teahouse.emit(main, OrderPaid(number=1, note="a\x00b"))
        move_all()
        assert frames(main)[0]["data"]["note"] == "a\x00b"

    def test_nobody_is_told_in_a_persons_own_stream(self, main: Room) -> None:
        with pytest.raises(ValueError, match="own stream"):
            teahouse.emit(rooms.personal(people.site_bot().pk), OrderPaid(number=1))
        with pytest.raises(TypeError, match="not as int"):
            teahouse.emit(7, OrderPaid(number=1))

    def test_a_new_inner_type_finds_its_name_by_what_it_is_derived_from(self, main: Room) -> None:
        class Late(OrderPaid):
            pass

        assert declared.said(Late(number=1)).name == "order.paid"
        assert declared.value_of("order.paid", {"number": 3}) == OrderPaid(number=3)
        assert declared.value_of("order.paid", {"number": "no"}) is None
        assert declared.value_of("order.unknown", {}) is None


class TestThreads:
    def test_code_speaks_in_a_thread(self, main: Room) -> None:
        teahouse.post(main, "root")
        move_all()
        root = Message.objects.get()
        teahouse.post(main, "by id", thread=root.pk)
        teahouse.post(main, "by message", thread=root)
        move_all()
        assert list(root.__class__.objects.filter(thread=root).values_list("text", flat=True)) == [
            "by id",
            "by message",
        ]
        page = paging.page(main.pk)
        assert [message["thread"]["count"] for message in page["messages"]] == [2]

    def test_it_refuses_what_is_no_root_there(self, main: Room) -> None:
        tea = Room.objects.create(slug="tea", title="Tea")
        teahouse.post(main, "root")
        move_all()
        root = Message.objects.get()
        teahouse.post(main, "inside", thread=root)
        move_all()
        inside = Message.objects.get(thread=root)
        for room, thread, why in (
            (tea, root, "no message"),
            (main, 999_999, "no message"),
            (main, inside, "is in the thread of"),
        ):
            with pytest.raises(ValueError, match=why):
                teahouse.post(room, "hi", thread=thread)
        assert not Outbox.objects.exists()
