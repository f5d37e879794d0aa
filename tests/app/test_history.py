"""What is said of rooms, people and messages: positions, reactions, unread counts."""

from typing import Any

import pytest

from teahouse import history
from teahouse.access import Speaker, speaker_of
from teahouse.actions import messages, room_settings, rooms
from teahouse.events import REACTION_KINDS, REACTION_PEOPLE
from teahouse.journal import Journal
from teahouse.models import Member, Person, Reaction, Room
from tests.app.journals import stored
from tests.app.telling import done, grant_of, queries, said, say


class TestReactions:
    def test_they_are_bounded_in_kinds_and_people(self, running: Journal, tea: Room, alice: Person) -> None:
        (message,) = said(running, tea, alice, "popular")
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
        self, running: Journal, tea: Room, alice: Person, bob: Person, bobs: Member, owner: Speaker
    ) -> None:
        ids = said(running, tea, alice, "1", "2", "3")
        said(running, tea, bob, "own")
        done(running, room_settings.close(owner, grant_of(owner)))
        assert history.own_rooms(bob.pk) == own(tea, seq=5, read=0, unread=3)
        alices = speaker_of(alice)
        done(running, messages.delete(alices, grant_of(alices), ids[1]))
        assert history.own_rooms(bob.pk) == own(tea, seq=6, read=0, unread=2)
        Member.objects.update(read=1)
        assert history.own_rooms(bob.pk) == own(tea, seq=6, read=1, unread=1)
        Member.objects.update(read=6)
        assert history.own_rooms(bob.pk) == own(tea, seq=6, read=6, unread=0)
        assert history.own_rooms(alice.pk) == []

    def test_mentions_are_counted_as_long_as_they_are_unread_and_there(
        self, running: Journal, tea: Room, alice: Person, bob: Person, bobs: Member
    ) -> None:
        stream = rooms.personal(bob.pk)
        naming = {"mentions": [(bob.pk, stream.pk)]}
        entries = [
            say(tea, alice, "@Bob", **naming),
            say(tea, alice, "nobody"),
            say(tea, alice, "@Bob!", **naming),
        ]
        outcomes = stored(running, entries)
        assert history.own_rooms(bob.pk) == own(tea, seq=3, read=0, unread=3, mentions=2)
        alices = speaker_of(alice)
        done(running, messages.delete(alices, grant_of(alices), outcomes[0].message))
        assert history.own_rooms(bob.pk) == own(tea, seq=4, read=0, unread=2, mentions=1)
        Member.objects.update(read=3)
        assert history.own_rooms(bob.pk) == own(tea, seq=4, read=3, unread=0, mentions=0)

    def test_many_rooms_cost_one_query(
        self, running: Journal, tea: Room, alice: Person, bob: Person, bobs: Member
    ) -> None:
        for slug in ("out", "茶馆", "a"):
            Member.objects.create(room=Room.objects.create(slug=slug, title=slug), person=bob)
        said(running, tea, alice, "1")
        with queries(1):
            told = history.own_rooms(bob.pk)
        assert {one["room"]: one["unread"] for _, one in told} == {"a": 0, "out": 0, "tea": 1, "茶馆": 0}


def own(
    where: Room, *, seq: int, read: int, unread: int, mentions: int = 0
) -> list[tuple[int, dict[str, Any]]]:
    """The one room of somebody, as the hello tells it."""
    position = {"epoch": where.epoch, "seq": seq}
    told = {
        "room": where.slug, "title": where.title, "kind": "open", "role": "member", "archived": False,
        "position": position,
        "read": read, "level": "mentions", "unread": unread, "mentions": mentions,
    }  # fmt: skip
    return [(where.pk, told)]


class TestPositions:
    def test_where_rooms_stand(self, running: Journal, tea: Room, alice: Person) -> None:
        said(running, tea, alice, "1", "2")
        assert history.position(tea.pk) == {"epoch": tea.epoch, "seq": 2}
        assert history.position(tea.pk + 99) is None
        with queries(1):
            found = history.positions_of([tea.pk, tea.pk + 99])
        assert found == {tea.pk: {"epoch": tea.epoch, "seq": 2}, tea.pk + 99: None}
        with queries(1):
            assert history.positions([tea.pk, tea.pk + 99]) == {tea.pk: {"epoch": tea.epoch, "seq": 2}}
