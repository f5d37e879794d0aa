"""Threads as they are stored: what one costs, in statements, those who do not read it and those who do."""

import pytest
from django.test.utils import CaptureQueriesContext

from teahouse import database as databases
from teahouse import history, paging, resume, threads
from teahouse.access import speaker_of
from teahouse.actions import messages
from teahouse.entries import RootOf
from teahouse.journal import Journal, Say
from teahouse.models import Member, Message, Person, Room, Thread, ThreadMark
from tests.app.journals import stored
from tests.app.recording import Recording, person
from tests.app.telling import grant_of, queries, said, say


def root_of(tea: Room, message: int) -> RootOf:
    return messages.root_of(tea.pk, message)


@pytest.fixture
def two(running: Journal, tea: Room, alice: Person, bob: Person) -> list[int]:
    """Two roots of Alice, each with answers of Bob, and something else between."""
    roots = said(running, tea, alice, "first", "beside", "second")[::2]
    for number, root in enumerate(roots):
        stored(running, [say(tea, bob, f"to {number} {n}", root=root_of(tea, root)) for n in range(3)])
    return roots


def test_one_commit_tells_a_thread_once(journal: Recording, tea: Room, alice: Person, bob: Person) -> None:
    first, second = journal.store(say(tea, alice, "first"), say(tea, alice, "second"))
    journal.commits.clear()
    entries: list[Say] = []
    for n in range(3):
        entries.append(say(tea, bob, f"one {n}", root=root_of(tea, first.message)))
        entries.append(say(tea, alice, f"two {n}", root=root_of(tea, second.message)))
    journal.store(*entries)
    kinds = [(event.seq, event.kind, event.subject) for event in journal.events]
    assert [kind for _, kind, _ in kinds] == ["message"] * 6 + ["thread"] * 2
    assert [subject for _, kind, subject in kinds if kind == "thread"] == [first.message, second.message]
    assert [seq for seq, _, _ in kinds] == list(range(3, 11))
    rows = Thread.objects.order_by("pk").values_list("root", "count", "seq", "people")
    assert list(rows) == [(first.message, 3, 7, str(bob.pk)), (second.message, 3, 8, str(alice.pk))]
    assert Message.objects.get(pk=first.message).rev == 9
    marks = ThreadMark.objects.order_by("root", "person").values_list("root", "person")
    takes_part = {(first.message, alice.pk), (first.message, bob.pk), (second.message, alice.pk)}
    assert set(marks) == takes_part


def test_in_one_commit_something_is_said_and_deleted(
    journal: Recording, tea: Room, alice: Person, bob: Person
) -> None:
    first = journal.one(say(tea, alice, "root"))
    root = root_of(tea, first.message)
    gone = journal.one(say(tea, bob, "gone", root=root))
    who = speaker_of(bob)
    journal.store(messages.delete(who, grant_of(who), gone.message), say(tea, alice, "stays", root=root))
    row = Thread.objects.get(pk=first.message)
    assert (row.count, row.people, row.seq) == (1, str(alice.pk), 5)
    journal.store(say(tea, bob, "later", root=root), say(tea, alice, "in the room"))
    assert Thread.objects.get(pk=first.message).people == f"{bob.pk} {alice.pk}"


def test_faces_are_the_last_five(running: Journal, tea: Room, alice: Person) -> None:
    (first,) = said(running, tea, alice, "root")
    root = root_of(tea, first)
    people = [person(f"P{n}") for n in range(7)]
    stored(running, [say(tea, one, f"answer {n}", root=root) for n, one in enumerate((*people, people[3]))])
    told = paging.page(tea.pk)["messages"][0]["thread"]
    assert [who["name"] for who in told["people"]] == ["P3", "P6", "P5", "P4", "P2"]
    assert told["count"] == 8


class TestCosts:
    def test_pages(self, two: list[int], tea: Room) -> None:
        # As many as without threads, and one for the names of who spoke, where there is a root.
        for limit in (1, 3):
            with queries(4):
                page = paging.page(tea.pk, limit=limit)
            assert "thread" in page["messages"][-1]
        with queries(4):  # Whether there are more before it.
            assert "thread" not in paging.page(tea.pk, after=1, limit=1)["messages"][0]
        # The root comes with it.
        with queries(5):
            page = paging.page(tea.pk, thread=two[0])
        assert [message["text"] for message in page["messages"]] == ["to 0 0", "to 0 1", "to 0 2"]

    def test_a_resume(self, two: list[int], tea: Room) -> None:
        # The events, what they are about, the names of who spoke.
        for after in (0, 4):
            with queries(3):
                resume.events_after(tea.pk, after, "tea")

    def test_the_list(self, two: list[int], tea: Room, alice: Person) -> None:
        assert threads.unread_of([alice.pk]) == {alice.pk: 0}, "of a room that is not hers"
        Member.objects.create(room=tea, person=alice)
        # The page, its last messages, the names; and in how many something is unread.
        for limit in (1, 2):
            with queries(4):
                page = threads.listed(alice.pk, None, limit)
            assert [one["unread"] for one in page["threads"]] == [3] * limit
            assert page["unread"] == 2
        with queries(1):
            assert threads.unread_of([alice.pk]) == {alice.pk: 2}
        with queries(1):
            history.own_rooms(alice.pk)

    def test_saying_it(self, running: Journal, tea: Room, alice: Person) -> None:
        def cost(*entries: Say) -> int:
            """Statements of the writer's transaction."""
            counted = running.call(lambda: CaptureQueriesContext(databases.connection())).result(20)
            running.call(counted.__enter__).result(20)
            stored(running, list(entries))
            running.call(lambda: counted.__exit__(None, None, None)).result(20)
            return len([query for query in counted.captured_queries if "SAVEPOINT" not in query["sql"]])

        (first,) = said(running, tea, alice, "root")
        root = root_of(tea, first)
        plain = cost(say(tea, alice, "in the room"))
        begun = cost(say(tea, alice, "one", root=root))
        # The row read and written, the number at the root, who takes part.
        assert begun == plain + 4
        assert cost(say(tea, alice, "two", root=root)) == begun


def test_a_number_of_a_thread_shows_the_room_at_its_root(two: list[int], tea: Room) -> None:
    inside = Message.objects.filter(thread=two[1]).order_by("seq").values_list("seq", flat=True)[1]
    page = paging.page(tea.pk, around=inside, limit=1)
    assert ([one["id"] for one in page["messages"]], page["root"]["id"]) == ([two[1]], two[1])


def test_a_mark_stays_where_a_person_had_read(
    running: Journal, two: list[int], tea: Room, bob: Person
) -> None:
    mark = ThreadMark.objects.get(root=two[0], person=bob)
    stored(running, [say(tea, bob, "again", root=root_of(tea, two[0]))])
    mark.refresh_from_db()
    assert mark.read == 4, "his first answer"
