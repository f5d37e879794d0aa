"""What is read back: pages of messages, pages of events, unread counts. Equal to the journal, in its present state."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from teahouse import history, paging, resume
from teahouse.access import Grant, Speaker, room, speaker_of
from teahouse.actions import messages, rooms
from teahouse.events import REACTION_KINDS, REACTION_PEOPLE
from teahouse.journal import Change, Journal, Say, Stored
from teahouse.live.hub import PAGE_BYTES, PAGE_EVENTS
from teahouse.models import Event, Member, Message, Person, Reaction, Room
from tests.app.conftest import Database
from tests.app.journals import journal as running_journal
from tests.app.journals import stored


@pytest.fixture
def journal(database: Database) -> Iterator[Journal]:
    with running_journal() as running:
        yield running


@pytest.fixture
def tea(database: Database) -> Room:
    return Room.objects.create(slug="tea", title="Tea")


def person(name: str) -> Person:
    made = Person(kind=Person.Kind.USER)
    made.rename(name)
    made.save()
    return made


@pytest.fixture
def alice(database: Database) -> Person:
    return person("Alice")


@pytest.fixture
def bob(database: Database) -> Person:
    return person("Bob")


@pytest.fixture
def owner(alice: Person) -> Speaker:
    """Alice, as the owner of the site."""
    return Speaker(history.who(alice), is_owner=True)


def say(where: Room, by: Person, text: str, **more: Any) -> Say:
    return Say(where.pk, history.who(by), f"key {text[:50]}", text, None, None, **more)


def said(journal: Journal, where: Room, by: Person, *texts: str) -> list[int]:
    """Ids of the messages."""
    outcomes = stored(journal, [say(where, by, text) for text in texts])
    assert all(isinstance(outcome, Stored) for outcome in outcomes)
    return [outcome.message for outcome in outcomes]


def done(journal: Journal, *changes: Change) -> None:
    for outcome in stored(journal, changes):
        assert not isinstance(outcome, BaseException), outcome


def grant_of(speaker: Speaker, slug: str = "tea") -> Grant:
    return room(speaker, slug)[1]


def queries(count: int) -> AbstractContextManager[Any]:
    return Counted(count)


class Counted(CaptureQueriesContext):
    """Fails where there were other than so many queries."""

    def __init__(self, count: int) -> None:
        super().__init__(connection)
        self.count = count

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        if error[0] is None:
            listed = "\n".join(query["sql"][:200] for query in self.captured_queries)
            assert len(self) == self.count, listed


def seqs(page: dict[str, Any]) -> list[int]:
    return [message["seq"] for message in page["messages"]]


class TestPages:
    @pytest.fixture
    def ten(self, journal: Journal, tea: Room, alice: Person, owner: Speaker) -> Room:
        """Messages 1 to 10 with an event of another kind between the fifth and the sixth: 1-5, 7-11."""
        said(journal, tea, alice, *"12345")
        done(journal, rooms.close(owner, grant_of(owner)))
        said(journal, tea, alice, *"6789", "10")
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
        self, ten: Room, where: dict[str, int], expected: list[int], before: bool, after: bool
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

    def test_other_rooms_do_not_shine_through(self, ten: Room, journal: Journal, alice: Person) -> None:
        out = Room.objects.create(slug="out", title="Out")
        (message,) = said(journal, out, alice, "elsewhere")
        assert seqs(paging.page(out.pk)) == [1]
        assert paging.message(out.pk, message) is not None
        assert paging.message(ten.pk, message) is None

    def test_a_page_costs_the_same_however_long_it_is(self, ten: Room) -> None:
        # The position, the messages with who said them, their reactions; whether there are more on the other side.
        for limit in (2, 10):
            with queries(3):
                paging.page(ten.pk, limit=limit)
            for where in ("before", "after", "around"):
                with queries(4):
                    paging.page(ten.pk, limit=limit, **{where: 5})


class TestPresentState:
    """`one` was edited, `two` deleted, `three` has reactions."""

    @pytest.fixture
    def ids(self, journal: Journal, tea: Room, alice: Person, bob: Person) -> list[int]:
        ids = said(journal, tea, alice, "secret one", "secret two", "three")
        alices, bobs = speaker_of(alice), speaker_of(bob)
        grant, bobs_grant = grant_of(alices), grant_of(bobs)
        done(
            journal,
            messages.react(bobs, bobs_grant, ids[1], "🍵", True),  # 4
            messages.edit(alices, grant, ids[0], "better", "<p>better</p>"),  # 5
            messages.react(bobs, bobs_grant, ids[2], "🍵", True),  # 6
            messages.delete(alices, grant, ids[1]),  # 7
            messages.react(alices, grant, ids[2], "🍵", True),  # 8
            messages.react(bobs, bobs_grant, ids[2], "☕", True),  # 9
            messages.react(bobs, bobs_grant, ids[2], "☕", False),  # 10
        )
        return ids

    def test_history_shows_each_message_as_it_is_now(
        self, ids: list[int], tea: Room, alice: Person, bob: Person
    ) -> None:
        one, two, three = paging.page(tea.pk)["messages"]
        at, by = one["at"], history.who(alice)
        assert one == {
            "id": ids[0], "key": "key secret one", "seq": 1, "at": at, "by": by,
            "text": "better", "html": "<p>better</p>", "edited": one["edited"], "rev": 5,
        }  # fmt: skip
        assert one["edited"] > at
        assert two == {
            "id": ids[1], "key": "key secret two", "seq": 2, "at": two["at"], "by": by,
            "deleted": two["deleted"], "rev": 7,
        }  # fmt: skip
        assert (three["text"], three["reactions"], three["rev"]) == ("three", {"🍵": [bob.pk, alice.pk]}, 10)
        assert "edited" not in three
        assert paging.message(tea.pk, ids[2]) == three

    def test_a_resume_shows_each_event_with_what_its_message_is_now(
        self, ids: list[int], tea: Room, bob: Person
    ) -> None:
        events = resume.events_after(tea.pk, 0, "tea")
        assert [event.seq for event in events] == list(range(1, 11))
        kinds = [
            "message",
            "deleted",
            "message",
            "deleted",
            "message",
            "reactions",
            "deleted",
            *["reactions"] * 3,
        ]
        assert [event.kind for event in events] == kinds
        frames = [json.loads(event.wire) for event in events]
        assert frames[0]["message"]["text"] == frames[4]["message"]["text"] == "better"
        assert frames[0]["message"]["seq"] == frames[4]["message"]["seq"] == 1
        assert frames[3]["by"] == history.who(bob)
        assert frames[5]["message"] == frames[9]["message"]
        for frame, event in zip(frames, events, strict=True):
            assert (frame["room"], frame["seq"], frame["event"]) == ("tea", event.seq, event.kind)
            assert (frame["event"] == "deleted") == ("deleted" in frame["message"])

    def test_what_was_deleted_or_edited_away_is_nowhere(self, ids: list[int], tea: Room) -> None:
        everything = repr(resume.events_after(tea.pk, 0, "tea")) + repr(paging.page(tea.pk))
        everything += repr([paging.message(tea.pk, message) for message in ids])
        assert "secret" not in everything.replace("key secret", "")
        with connection.cursor() as cursor:
            for table in ("teahouse_message", "teahouse_event", "teahouse_reaction", "teahouse_outbox"):
                cursor.execute(f"SELECT * FROM {table}")
                assert "secret" not in repr(cursor.fetchall()).replace("key secret", "")
        assert not Reaction.objects.filter(message=ids[1]).exists()

    def test_a_resume_equals_what_was_told_live_where_nothing_changed_since(
        self, ids: list[int], tea: Room
    ) -> None:
        last = resume.events_after(tea.pk, 8, "tea")
        assert [event.seq for event in last] == [9, 10]
        assert [event.seq for event in resume.events_after(tea.pk, 10, "tea")] == []

    def test_a_page_of_events_costs_the_same_however_long_it_is(self, ids: list[int], tea: Room) -> None:
        # The events with who acted, the messages with who said them, the reactions.
        for after in (0, 5):
            with queries(3):
                resume.events_after(tea.pk, after, "tea")


class TestEventPages:
    def test_a_page_has_at_most_so_many_events(self, journal: Journal, tea: Room, alice: Person) -> None:
        said(journal, tea, alice, *(f"{n}" for n in range(PAGE_EVENTS + 2)))
        first = resume.events_after(tea.pk, 0, "tea")
        assert [event.seq for event in first] == list(range(1, PAGE_EVENTS + 1))
        rest = resume.events_after(tea.pk, PAGE_EVENTS, "tea")
        assert [event.seq for event in rest] == [PAGE_EVENTS + 1, PAGE_EVENTS + 2]

    def test_a_page_has_at_most_so_many_bytes_and_one_event_at_least(
        self, journal: Journal, tea: Room, alice: Person
    ) -> None:
        big = "茶" * (PAGE_BYTES // 3 // 2 - 200)  # Three bytes each: two fit, three do not.
        said(journal, tea, alice, f"1{big}", f"2{big}", f"3{big}", "4" * (PAGE_BYTES + 1), "5")
        pages, after = [], 0
        while events := resume.events_after(tea.pk, after, "tea"):
            pages.append([event.seq for event in events])
            after = events[-1].seq
        assert pages == [[1, 2], [3], [4], [5]]


class TestOtherEvents:
    def test_members_come_and_go(self, journal: Journal, tea: Room, owner: Speaker, bob: Person) -> None:
        bobs = speaker_of(bob)
        stream = rooms.personal(bob.pk)
        done(journal, rooms.join(bobs, grant_of(bobs), stream.pk))
        (joined,) = resume.events_after(tea.pk, 0, "tea")
        frame = json.loads(joined.wire)
        assert (frame["event"], frame["by"]) == ("member", history.who(bob))
        assert frame["member"] == {"person": history.who(bob), "role": "member"}
        assert (joined.subject, joined.ends) == (bob.pk, None)
        (added,) = resume.events_after(stream.pk, 0, "@me")
        assert {**json.loads(added.wire), "at": ""} == {
            "event": "room_added", "room": "@me", "seq": 1, "at": "", "by": history.who(bob), "about": "tea",
        }  # fmt: skip

        done(journal, rooms.remove(owner, grant_of(owner), bob, stream.pk))
        (left,) = resume.events_after(tea.pk, 1, "tea")
        frame = json.loads(left.wire)
        assert frame["member"] == {"person": history.who(bob), "role": None}
        assert frame["state"]["kind"] == "open"
        assert left.ends is None, "who leaves an open room may go on reading it"
        (gone,) = resume.events_after(stream.pk, 1, "@me")
        assert {**json.loads(gone.wire), "at": ""} == {
            "event": "room_removed", "room": "@me", "seq": 2, "at": "", "by": owner.who, "about": "tea",
        }  # fmt: skip

    @pytest.mark.parametrize("kind", [Room.Kind.PRIVATE, Room.Kind.DIRECT])
    def test_a_removal_that_is_read_late_ends_reading_as_one_that_is_heard(
        self, journal: Journal, tea: Room, owner: Speaker, alice: Person, bob: Person, kind: str
    ) -> None:
        Room.objects.update(kind=kind)
        for one in (alice, bob):
            Member.objects.create(room=tea, person=one, role=Member.Role.OWNER)
        done(journal, rooms.remove(owner, grant_of(owner), bob, rooms.personal(bob.pk).pk))
        (removed,) = resume.events_after(tea.pk, 0, "tea")
        assert removed.ends == bob.pk
        Member.objects.create(room=tea, person=bob)
        (removed,) = resume.events_after(tea.pk, 0, "tea")
        assert removed.ends is None, "he was taken in again since"

    def test_rooms_change_and_close(self, journal: Journal, tea: Room, owner: Speaker) -> None:
        done(journal, rooms.archive(owner, grant_of(owner)))
        done(journal, rooms.close(owner, grant_of(owner)))
        changed, closed = resume.events_after(tea.pk, 0, "tea")
        assert json.loads(changed.wire)["state"] == {
            "room": "tea", "title": "Tea", "topic": "", "kind": "open", "archived": True,
        }  # fmt: skip
        assert {**json.loads(closed.wire), "at": ""} == {
            "event": "closed", "room": "tea", "seq": 2, "at": "", "by": dict(owner.who),
        }  # fmt: skip

    def test_a_persons_own_stream_is_rendered_as_it_was_told(
        self, database: Database, tea: Room, alice: Person, bob: Person
    ) -> None:
        told: list[Any] = []
        stream = rooms.personal(bob.pk)
        bobs = speaker_of(bob)

        def settled(commit: Any, outcomes: Any) -> None:
            told.extend(event for event in commit.events if event.room == stream.pk)
            for done_with, outcome in outcomes:
                done_with(outcome)

        journal = Journal(settled)
        journal.start()
        try:
            stored(journal, [say(tea, alice, "hi @Bob", mentions=[(bob.pk, stream.pk)])])
            done(journal, rooms.join(bobs, grant_of(bobs), stream.pk))
            done(journal, rooms.read(bobs, grant_of(bobs), 0, True, stream.pk))
        finally:
            journal.stop()
        assert [event.kind for event in told] == ["mention", "room_added", "read"]
        assert told == resume.events_after(stream.pk, 0, "@me")

    def test_a_mention_of_what_was_deleted_tells_nothing(
        self, journal: Journal, tea: Room, alice: Person, bob: Person
    ) -> None:
        stream = rooms.personal(bob.pk)
        (outcome,) = stored(journal, [say(tea, alice, "secret @Bob", mentions=[(bob.pk, stream.pk)])])
        alices = speaker_of(alice)
        done(journal, messages.delete(alices, grant_of(alices), outcome.message))
        (mention,) = resume.events_after(stream.pk, 0, "@me")
        assert set(json.loads(mention.wire)) == {"event", "room", "seq", "at", "by"}


class TestReactions:
    def test_they_are_bounded_in_kinds_and_people(self, journal: Journal, tea: Room, alice: Person) -> None:
        (message,) = said(journal, tea, alice, "popular")
        people = Person.objects.bulk_create(
            Person(kind="guest", name=f"G{n}", name_key=f"g{n}") for n in range(REACTION_PEOPLE)
        )
        emoji = [chr(0x1F600 + n) for n in range(REACTION_KINDS + 1)]
        Reaction.objects.bulk_create(
            [Reaction(message_id=message, person=people[0], emoji=one) for one in emoji]
            + [Reaction(message_id=message, person=one, emoji=emoji[0]) for one in people[1:]]
        )
        shown = history.reactions_of([message])[message]
        assert 0 < len(shown) <= REACTION_KINDS
        assert sum(len(ids) for ids in shown.values()) == REACTION_PEOPLE
        assert all(shown.values()), "a reaction of nobody is none"
        assert emoji[-1] not in shown


class TestUnread:
    @pytest.fixture
    def bobs(self, tea: Room, bob: Person) -> Member:
        return Member.objects.create(room=tea, person=bob)

    def test_unread_are_the_undeleted_messages_of_others_above_the_mark(
        self, journal: Journal, tea: Room, alice: Person, bob: Person, bobs: Member, owner: Speaker
    ) -> None:
        ids = said(journal, tea, alice, "1", "2", "3")
        said(journal, tea, bob, "own")
        done(journal, rooms.close(owner, grant_of(owner)))
        assert history.own_rooms(bob.pk) == own(tea, seq=5, read=0, unread=3)
        alices = speaker_of(alice)
        done(journal, messages.delete(alices, grant_of(alices), ids[1]))
        assert history.own_rooms(bob.pk) == own(tea, seq=6, read=0, unread=2)
        Member.objects.update(read=1)
        assert history.own_rooms(bob.pk) == own(tea, seq=6, read=1, unread=1)
        Member.objects.update(read=6)
        assert history.own_rooms(bob.pk) == own(tea, seq=6, read=6, unread=0)
        assert history.own_rooms(alice.pk) == []

    def test_mentions_are_counted_as_long_as_they_are_unread_and_there(
        self, journal: Journal, tea: Room, alice: Person, bob: Person, bobs: Member
    ) -> None:
        stream = rooms.personal(bob.pk)
        naming = {"mentions": [(bob.pk, stream.pk)]}
        entries = [
            say(tea, alice, "@Bob", **naming),
            say(tea, alice, "nobody"),
            say(tea, alice, "@Bob!", **naming),
        ]
        outcomes = stored(journal, entries)
        assert history.own_rooms(bob.pk) == own(tea, seq=3, read=0, unread=3, mentions=2)
        alices = speaker_of(alice)
        done(journal, messages.delete(alices, grant_of(alices), outcomes[0].message))
        assert history.own_rooms(bob.pk) == own(tea, seq=4, read=0, unread=2, mentions=1)
        Member.objects.update(read=3)
        assert history.own_rooms(bob.pk) == own(tea, seq=4, read=3, unread=0, mentions=0)

    def test_many_rooms_cost_one_query(
        self, journal: Journal, tea: Room, alice: Person, bob: Person, bobs: Member
    ) -> None:
        for slug in ("out", "茶馆", "a"):
            Member.objects.create(room=Room.objects.create(slug=slug, title=slug), person=bob)
        said(journal, tea, alice, "1")
        with queries(1):
            told = history.own_rooms(bob.pk)
        assert {one["room"]: one["unread"] for _, one in told} == {"a": 0, "out": 0, "tea": 1, "茶馆": 0}


def own(
    where: Room, *, seq: int, read: int, unread: int, mentions: int = 0
) -> list[tuple[int, dict[str, Any]]]:
    """The one room of somebody, as the hello tells it."""
    position = {"epoch": where.epoch, "seq": seq}
    told = {
        "room": where.slug, "title": where.title, "position": position,
        "read": read, "unread": unread, "mentions": mentions,
    }  # fmt: skip
    return [(where.pk, told)]


class TestPositions:
    def test_where_rooms_stand(self, journal: Journal, tea: Room, alice: Person) -> None:
        said(journal, tea, alice, "1", "2")
        assert history.position(tea.pk) == {"epoch": tea.epoch, "seq": 2}
        assert history.position(tea.pk + 99) is None
        with queries(1):
            assert history.positions([tea.pk, tea.pk + 99]) == {tea.pk: {"epoch": tea.epoch, "seq": 2}}

    def test_every_event_of_the_journal_is_in_a_resume(
        self, journal: Journal, tea: Room, alice: Person
    ) -> None:
        said(journal, tea, alice, "1", "2")
        rows = Event.objects.filter(room=tea).order_by("seq").values_list("seq", "kind", "subject")
        events = resume.events_after(tea.pk, 0, "tea")
        assert list(rows) == [(event.seq, event.kind, event.subject) for event in events]
