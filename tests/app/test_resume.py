"""The events that somebody has missed: those of the journal, each with what it is about as it is now."""

import json
from typing import Any

import pytest
from django.db import connection

from teahouse import history, paging, resume
from teahouse.access import Speaker, speaker_of
from teahouse.actions import membership, messages, room_settings, rooms
from teahouse.journal import Journal
from teahouse.live.hub import PAGE_BYTES, PAGE_EVENTS
from teahouse.models import Event, Member, Person, Reaction, Room
from tests.app.conftest import Database
from tests.app.journals import stored
from tests.app.telling import done, grant_of, queries, said, say


class TestPresentState:
    """`one` was edited, `two` deleted, `three` has reactions."""

    @pytest.fixture
    def ids(self, running: Journal, tea: Room, alice: Person, bob: Person) -> list[int]:
        ids = said(running, tea, alice, "secret one", "secret two", "three")
        alices, bobs = speaker_of(alice), speaker_of(bob)
        grant, bobs_grant = grant_of(alices), grant_of(bobs)
        done(
            running,
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
    def test_a_page_has_at_most_so_many_events(self, running: Journal, tea: Room, alice: Person) -> None:
        said(running, tea, alice, *(f"{n}" for n in range(PAGE_EVENTS + 2)))
        first = resume.events_after(tea.pk, 0, "tea")
        assert [event.seq for event in first] == list(range(1, PAGE_EVENTS + 1))
        rest = resume.events_after(tea.pk, PAGE_EVENTS, "tea")
        assert [event.seq for event in rest] == [PAGE_EVENTS + 1, PAGE_EVENTS + 2]

    def test_a_page_has_at_most_so_many_bytes_and_one_event_at_least(
        self, running: Journal, tea: Room, alice: Person
    ) -> None:
        big = "茶" * (PAGE_BYTES // 3 // 2 - 200)  # Three bytes each: two fit, three do not.
        said(running, tea, alice, f"1{big}", f"2{big}", f"3{big}", "4" * (PAGE_BYTES + 1), "5")
        pages, after = [], 0
        while events := resume.events_after(tea.pk, after, "tea"):
            pages.append([event.seq for event in events])
            after = events[-1].seq
        assert pages == [[1, 2], [3], [4], [5]]


class TestOtherEvents:
    def test_members_come_and_go(self, running: Journal, tea: Room, owner: Speaker, bob: Person) -> None:
        bobs = speaker_of(bob)
        stream = rooms.personal(bob.pk)
        done(running, membership.join(bobs, grant_of(bobs), stream.pk))
        (joined,) = resume.events_after(tea.pk, 0, "tea")
        frame = json.loads(joined.wire)
        assert (frame["event"], frame["by"]) == ("member", history.who(bob))
        assert frame["member"] == {"person": history.who(bob), "role": "member"}
        assert (joined.subject, joined.ends) == (bob.pk, None)
        (added,) = resume.events_after(stream.pk, 0, "@me")
        assert {**json.loads(added.wire), "at": ""} == {
            "event": "room_added", "room": "@me", "seq": 1, "at": "", "by": history.who(bob), "about": "tea",
            "role": "member", "state": history.room_state(tea), "position": {"epoch": tea.epoch, "seq": 1},
        }  # fmt: skip

        done(running, membership.remove(owner, grant_of(owner), history.who(bob), stream.pk))
        (left,) = resume.events_after(tea.pk, 1, "tea")
        frame = json.loads(left.wire)
        assert frame["member"] == {"person": history.who(bob), "role": None}
        assert frame["state"]["kind"] == "open"
        assert left.ends is None, "who leaves an open room may go on reading it"
        (gone,) = resume.events_after(stream.pk, 1, "@me")
        assert {**json.loads(gone.wire), "at": ""} == {
            "event": "room_removed", "room": "@me", "seq": 2, "at": "", "by": owner.who, "about": "tea",
        }  # fmt: skip
        (added, _) = resume.events_after(stream.pk, 0, "@me")
        assert "state" not in json.loads(added.wire), "of a room that was left nothing is told"

    @pytest.mark.parametrize("kind", [Room.Kind.PRIVATE, Room.Kind.DIRECT])
    def test_a_removal_that_is_read_late_ends_reading_as_one_that_is_heard(
        self, running: Journal, tea: Room, owner: Speaker, alice: Person, bob: Person, kind: str
    ) -> None:
        Room.objects.update(kind=kind)
        for one in (alice, bob):
            Member.objects.create(room=tea, person=one, role=Member.Role.OWNER)
        bobs = speaker_of(bob)
        who = owner if kind == Room.Kind.PRIVATE else bobs
        done(running, membership.remove(who, grant_of(who), bobs.who, rooms.personal(bob.pk).pk))
        (removed,) = resume.events_after(tea.pk, 0, "tea")
        assert removed.ends == bob.pk
        Member.objects.create(room=tea, person=bob)
        (removed,) = resume.events_after(tea.pk, 0, "tea")
        assert removed.ends is None, "he was taken in again since"

    def test_rooms_change_and_close(self, running: Journal, tea: Room, owner: Speaker) -> None:
        done(running, room_settings.archive(owner, grant_of(owner)))
        done(running, room_settings.close(owner, grant_of(owner)))
        changed, closed = resume.events_after(tea.pk, 0, "tea")
        assert json.loads(changed.wire)["state"] == {
            "room": "tea", "title": "Tea", "topic": "", "kind": "open", "archived": True,
            "speaking": "everyone",
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
            done(journal, membership.join(bobs, grant_of(bobs), stream.pk))
            done(journal, membership.read(bobs, grant_of(bobs), 0, True, stream.pk))
        finally:
            journal.stop()
        assert [event.kind for event in told] == ["mention", "room_added", "read"]
        assert told == resume.events_after(stream.pk, 0, "@me")

    def test_a_mention_of_what_was_deleted_tells_nothing(
        self, running: Journal, tea: Room, alice: Person, bob: Person
    ) -> None:
        stream = rooms.personal(bob.pk)
        (outcome,) = stored(running, [say(tea, alice, "secret @Bob", mentions=[(bob.pk, stream.pk)])])
        alices = speaker_of(alice)
        done(running, messages.delete(alices, grant_of(alices), outcome.message))
        (mention,) = resume.events_after(stream.pk, 0, "@me")
        assert set(json.loads(mention.wire)) == {"event", "room", "seq", "at", "by"}


class TestEverything:
    def test_every_event_of_the_journal_is_in_a_resume(
        self, running: Journal, tea: Room, alice: Person
    ) -> None:
        said(running, tea, alice, "1", "2")
        rows = Event.objects.filter(room=tea).order_by("seq").values_list("seq", "kind", "subject")
        events = resume.events_after(tea.pk, 0, "tea")
        assert list(rows) == [(event.seq, event.kind, event.subject) for event in events]
