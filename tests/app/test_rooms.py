"""What rooms and people cost: the queries of each command's action, and of each list, whatever the size."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from django.test.utils import CaptureQueriesContext

from teahouse import database as databases
from teahouse import directory, history
from teahouse.access import Grant, Speaker, speaker_of
from teahouse.actions import membership, people, room_settings, rooms
from teahouse.actions.membership import Invited
from teahouse.journal import Change, Journal, Stale
from teahouse.live.protocol import Problem
from teahouse.models import Event, Member, Person, Room
from tests.app.conftest import Database
from tests.app.journals import stored
from tests.app.recording import check_numbered, person
from tests.app.telling import done, grant_of, queries

TEA = {"kind": "private", "title": "<b>Tea</b>", "topic": "", "speaking": "everyone"}


@pytest.fixture
def crowd(database: Database) -> list[Person]:
    return [person(f"Guest {number:02}") for number in range(12)]


def invited(some: Sequence[Person]) -> list[Invited]:
    return rooms.streams([(history.who(one), None) for one in some])


def cost(running: Journal, change: Change) -> int:
    """How many statements the writer needs for it, with those of every commit."""

    def counted() -> CaptureQueriesContext:
        return CaptureQueriesContext(databases.connection())

    context = running.call(counted).result(20)
    running.call(context.__enter__).result(20)
    outcome = stored(running, [change])[0]
    running.call(lambda: context.__exit__(None, None, None)).result(20)
    assert not isinstance(outcome, BaseException), outcome
    return len(
        [query for query in context.captured_queries if "SAVEPOINT" not in query["sql"]]
    )  # BEGIN, COMMIT too.


def made(running: Journal, owner: Speaker) -> str:
    (outcome,) = stored(running, [rooms.make(owner, rooms.personal(owner.id).pk, TEA)])
    return str(outcome[1]["room"])


class TestCosts:
    def test_of_making(self, running: Journal, owner: Speaker) -> None:
        stream = rooms.personal(owner.id).pk
        assert cost(running, rooms.make(owner, stream, TEA)) == 10

    def test_of_inviting_grows_with_the_people_alone(
        self, running: Journal, owner: Speaker, crowd: list[Person]
    ) -> None:
        room = made(running, owner)
        one, more = invited(crowd[:1]), invited(crowd[1:])
        base = cost(running, membership.invite(owner, grant_of(owner, room), one))
        assert cost(running, membership.invite(owner, grant_of(owner, room), more)) == base + len(more) - 1

    def test_of_what_is_done_with_one_member(
        self, running: Journal, owner: Speaker, bob: Person, crowd: list[Person]
    ) -> None:
        room = made(running, owner)
        everyone = invited([bob, *crowd])
        done(running, membership.invite(owner, grant_of(owner, room), everyone))
        bobs = history.who(bob)
        changes: dict[str, Callable[[Grant], Change]] = {
            "role": lambda grant: membership.give_role(owner, grant, bobs, "moderator"),
            "remove": lambda grant: membership.remove(owner, grant, bobs, everyone[0][1]),
            "change": lambda grant: room_settings.change(owner, grant, {"title": "x"}),
            "archive": lambda grant: room_settings.archive(owner, grant),
        }
        costs = {name: cost(running, make(grant_of(owner, room))) for name, make in changes.items()}
        assert costs == {"role": 8, "remove": 9, "change": 7, "archive": 8}

    def test_of_lists(self, running: Journal, owner: Speaker, alice: Person, crowd: list[Person]) -> None:
        room = made(running, owner)
        done(running, membership.invite(owner, grant_of(owner, room), invited(crowd)))
        grant = grant_of(owner, room)
        for limit in (2, 200):
            with queries(2):
                page = directory.members(grant, "", None, limit)
            with queries(2 if limit == 200 else 1):
                directory.people(owner, "guest", grant, limit)
            with queries(1):
                directory.people(owner, "guest", None, limit)
        assert page["members"][0] == {"person": history.who(alice), "role": "owner"}
        for number in range(5):
            Room.objects.create(slug=f"open-{number}", title="Open")
        for limit in (2, 200):
            with queries(2):
                directory.open_rooms(owner, "", None, limit)
        with queries(2):
            directory.reachable(owner, [one.pk for one in crowd])

    def test_of_conversations_in_the_hello(
        self, running: Journal, owner: Speaker, alice: Person, crowd: list[Person]
    ) -> None:
        for one in crowd[:6]:
            done(running, rooms.converse(owner, invited([alice, one]), None))
        with queries(2):
            own = history.own_rooms(alice.pk)
        assert [state["people"] for _, state in own] == [
            [history.who(one)] for one in sorted(crowd[:6], key=lambda one: _room_of(alice, one))
        ]


def _room_of(*people: Person) -> str:
    found = rooms.find_conversation([one.pk for one in people])
    assert found is not None
    return found[0].slug


class TestOnce:
    """What is carried out again, or by two at once, is there once."""

    def test_a_room_that_may_have_been_made_is_not_made_twice(self, running: Journal, owner: Speaker) -> None:
        change = rooms.make(owner, rooms.personal(owner.id).pk, TEA)
        first, again = stored(running, [change])[0], stored(running, [change])[0]
        assert first == again
        assert Room.objects.filter(kind="private").count() == 1

    def test_two_who_begin_the_same_conversation_at_once_begin_one(
        self, running: Journal, alice: Person, bob: Person
    ) -> None:
        people_ = invited([alice, bob])
        entries = [rooms.converse(speaker_of(one), people_, None) for one in (alice, bob)]
        one, other = stored(running, entries)
        assert isinstance(other, Stale)
        found = rooms.find_conversation([bob.pk, alice.pk])
        assert found is not None
        assert (found[0].pk, found[1]) == (one[0], {alice.pk, bob.pk})
        check_numbered(found[0])
        assert Event.objects.filter(room=found[0], kind="member").count() == 2


class TestUnderTheLock:
    """Rights are looked at again where they changed since."""

    def test_a_mark_that_comes_behind_a_removal_is_of_no_room(
        self, running: Journal, owner: Speaker, bob: Person
    ) -> None:
        room = made(running, owner)
        ((bobs, stream),) = invited([bob])
        done(running, membership.invite(owner, grant_of(owner, room), [(bobs, stream)]))
        late = membership.read(speaker_of(bob), grant_of(speaker_of(bob), room), 1, False, stream)
        done(running, membership.remove(owner, grant_of(owner, room), bobs, stream))
        (outcome,) = stored(running, [late])
        assert isinstance(outcome, Stale)
        assert history.own_rooms(bob.pk) == [], "a room that one may not read is not one's own"

    def test_marks_of_visitors_go_when_a_room_becomes_private(
        self, running: Journal, tea: Room, owner: Speaker, bob: Person
    ) -> None:
        bobs = speaker_of(bob)
        stream = rooms.personal(bob.pk).pk
        done(running, membership.read(bobs, grant_of(bobs), 0, True, stream))
        assert [state["role"] for _, state in history.own_rooms(bob.pk)] == ["guest"]
        done(running, room_settings.change(owner, grant_of(owner), {"kind": "private"}))
        assert history.own_rooms(bob.pk) == []

    @pytest.mark.parametrize("kind", ["open", "private"])
    def test_who_was_no_moderator_any_more_removes_nobody(
        self, running: Journal, tea: Room, owner: Speaker, alice: Person, bob: Person, kind: str
    ) -> None:
        Room.objects.update(kind=kind)
        for one, role in ((alice, "owner"), (bob, "moderator"), (carol := person("Carol"), "member")):
            Member.objects.create(room=tea, person=one, role=role)
        bobs, carols = speaker_of(bob), history.who(carol)
        late = membership.remove(bobs, grant_of(bobs), carols, rooms.personal(carol.pk).pk)
        done(running, membership.give_role(owner, grant_of(owner), history.who(bob), "member"))
        (outcome,) = stored(running, [late])
        assert isinstance(outcome, Stale)
        with pytest.raises(Problem, match="Only the room's moderators"):
            grant_of(bobs).check("remove")


def test_whom_one_may_know_of(database: Database, alice: Person, bob: Person) -> None:
    alices = speaker_of(alice)
    people.deactivate(gone := person("Gone"))
    guest = Person.objects.create(kind="guest", name="Gina", name_key="gina")
    bot = people.make_bot("Robot")
    assert [who["id"] for who, _ in directory.reachable(alices, [bot.pk, bob.pk])] == [bot.pk, bob.pk]
    for one in (gone.pk, guest.pk, 2**40):
        with pytest.raises(Problem, match=f"There is nobody {one} whom") as refused:
            directory.reachable(alices, [bob.pk, one])
        assert refused.value.code == "not_found"


def test_saving_a_room_leaves_its_numbers_to_the_journal(running: Journal, owner: Speaker, tea: Room) -> None:
    """Code of a project read the room, somebody spoke, and the code changed the title."""
    old = Room.objects.get(pk=tea.pk)
    done(running, membership.invite(owner, grant_of(owner), invited([person("Dora")])))
    now = Room.objects.get(pk=tea.pk)
    assert now.seq > old.seq
    old.title = "Green tea"
    old.save()
    saved = Room.objects.get(pk=tea.pk)
    assert (saved.title, saved.seq, saved.rights) == ("Green tea", now.seq, now.rights)
    done(running, membership.invite(owner, grant_of(owner), invited([person("Emil")])))
