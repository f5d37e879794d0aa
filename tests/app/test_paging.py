"""Pages of messages, in both directions and around a number: equal to the journal, in its present state."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from teahouse import paging
from teahouse.access import Speaker
from teahouse.actions import room_settings
from teahouse.journal import Journal
from teahouse.models import Message, Person, Room
from tests.app.journals import stored
from tests.app.telling import done, grant_of, queries, said, say, seqs


class TestPages:
    @pytest.fixture
    def ten(self, running: Journal, tea: Room, alice: Person, owner: Speaker) -> Room:
        """Messages 1 to 10 with an event of another kind between the fifth and the sixth: 1-5, 7-11."""
        said(running, tea, alice, *"12345")
        done(running, room_settings.close(owner, grant_of(owner)))
        said(running, tea, alice, *"6789", "10")
        return tea

    @pytest.mark.parametrize(
        ("where", "expected", "before", "after"),
        [
            ({"limit": 3}, [9, 10, 11], True, False),
            ({"limit": 10}, [1, 2, 3, 4, 5, 7, 8, 9, 10, 11], False, False),
            ({"limit": 200}, [1, 2, 3, 4, 5, 7, 8, 9, 10, 11], False, False),
            ({"before": 9, "limit": 3}, [5, 7, 8], True, True),
            ({"before": 4, "limit": 3}, [1, 2, 3], False, True),
            ({"before": 1}, [], False, True),
            ({"before": 0}, [], False, True),
            ({"before": 99, "limit": 2}, [10, 11], True, False),
            ({"after": 4, "limit": 3}, [5, 7, 8], True, True),
            ({"after": 8, "limit": 3}, [9, 10, 11], True, False),
            ({"after": 0, "limit": 2}, [1, 2], False, True),
            ({"after": 11}, [], True, False),
            ({"after": 99}, [], True, False),
            ({"around": 7, "limit": 4}, [4, 5, 7, 8], True, True),
            ({"around": 6, "limit": 4}, [4, 5, 7, 8], True, True),
            ({"around": 7, "limit": 5}, [4, 5, 7, 8, 9], True, True),
            ({"around": 7, "limit": 1}, [7], True, True),
            ({"around": 1, "limit": 4}, [1, 2], False, True),
            ({"around": 11, "limit": 4}, [9, 10, 11], True, False),
            ({"around": 99, "limit": 4}, [10, 11], True, False),
        ],
    )
    def test_a_page_is_what_was_asked_for(
        self, ten: Room, where: dict[str, Any], expected: list[int], before: bool, after: bool
    ) -> None:
        page = paging.page(ten.pk, **where)
        assert seqs(page) == expected
        assert page["more"] == {"before": before, "after": after}
        ten.refresh_from_db()
        assert page["position"] == {"epoch": ten.epoch, "seq": 11}

    @pytest.mark.parametrize("limit", [1, 2, 3, 7, 200])
    def test_all_pages_together_are_the_journal_in_both_directions(self, ten: Room, limit: int) -> None:
        all_of_them = list(Message.objects.filter(room=ten).order_by("seq").values_list("seq", flat=True))
        backwards: list[int] = []
        page = paging.page(ten.pk, limit=limit)
        backwards = seqs(page)
        while page["more"]["before"]:
            page = paging.page(ten.pk, before=backwards[0], limit=limit)
            backwards = seqs(page) + backwards
        assert backwards == all_of_them
        page = paging.page(ten.pk, after=0, limit=limit)
        forwards = seqs(page)
        while page["more"]["after"]:
            page = paging.page(ten.pk, after=forwards[-1], limit=limit)
            forwards += seqs(page)
        assert forwards == all_of_them

    def test_an_empty_room(self, tea: Room) -> None:
        assert paging.page(tea.pk) == {
            "messages": [],
            "position": {"epoch": tea.epoch, "seq": 0},
            "more": {"before": False, "after": False},
        }

    def test_other_rooms_do_not_shine_through(self, ten: Room, running: Journal, alice: Person) -> None:
        out = Room.objects.create(slug="out", title="Out")
        (message,) = said(running, out, alice, "elsewhere")
        assert seqs(paging.page(out.pk)) == [1]
        assert paging.message(out.pk, message) is not None
        assert paging.message(ten.pk, message) is None

    def test_a_page_costs_the_same_however_long_it_is(self, ten: Room) -> None:
        # The position, the messages with who said them, their reactions; whether there are more on the other side.
        for limit in (2, 10):
            with queries(3):
                paging.page(ten.pk, limit=limit)
            for where in ("before", "after", "around"):
                one_side: dict[str, Any] = {where: 5}
                with queries(4):
                    paging.page(ten.pk, limit=limit, **one_side)

    def test_a_page_begins_at_a_time(self, ten: Room) -> None:
        seqs_of_ten = list(Message.objects.filter(room=ten).order_by("seq").values_list("seq", flat=True))
        start = datetime(2026, 11, 27, 12, tzinfo=UTC)
        for number, seq in enumerate(seqs_of_ten):  # Two at a time, ten minutes apart.
            Message.objects.filter(room=ten, seq=seq).update(at=start + timedelta(minutes=number // 2 * 10))
        for minutes in range(-5, 50, 5):
            later = [seq for n, seq in enumerate(seqs_of_ten) if n // 2 * 10 >= minutes]
            page = paging.page(ten.pk, at=start + timedelta(minutes=minutes), limit=1)
            assert seqs(page) == [later[0] if later else seqs_of_ten[-1]], minutes
        # Those of a page around a number, and of 11 numbers four looks, behind one for the head and before one more.
        with queries(4 + 4 + 2):
            paging.page(ten.pk, at=start, limit=4)

    def test_what_is_quoted_costs_one_query_more(self, ten: Room, running: Journal, alice: Person) -> None:
        quoted = paging.page(ten.pk, limit=1)["messages"][0]
        reply = {"id": quoted["id"], "seq": quoted["seq"], "by": quoted["by"]}
        stored(running, [say(ten, alice, f"answer {n}", reply=reply) for n in range(3)])
        with queries(4):
            page = paging.page(ten.pk, limit=4)
        assert [message.get("reply") for message in page["messages"]] == [None, reply, reply, reply]
