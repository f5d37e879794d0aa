"""The threads that a person takes part in: in how many of them something is unread, and their list. In: people. Out:
what the wire says. A thread of a room that one may read no more is not among them. Synchronous; callers run it on a
reader thread.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from teahouse import database
from teahouse.events import MessageState, ThreadState, timestamp
from teahouse.history import message_state, people_between, people_by_id
from teahouse.models import Member, Message, Person, Room, Thread, ThreadMark
from teahouse.prepared import NUMBERS, Prepared, PreparedLists

ENOUGH: Final = 100
"""More messages of a thread are not counted as unread."""


def _own(**which: Any) -> QuerySet[ThreadMark]:
    """Marks of threads whose room the person may read: of their own rooms, and as a guest of open ones. Who may read
    one on an object is the project's to say: of these such count where the guest has a mark, which ends with that."""
    belongs = Member.objects.filter(person=OuterRef("person"), room=OuterRef("root__room"))
    visited = Q(room__kind=Room.Kind.OPEN) | Q(room__subject_type__isnull=False)
    belongs = belongs.filter(~Q(role=Member.Role.GUEST) | visited)
    visits = Q(
        root__room__kind=Room.Kind.OPEN,
        root__room__subject_type__isnull=True,
        person__kind=Person.Kind.GUEST,
    )
    marks = ThreadMark.objects.using(database.alias()).filter(**which)
    return marks.filter(visits | Exists(belongs))


def _unread_in() -> QuerySet[Message]:
    """Undeleted messages of others above a mark."""
    unread = Message.objects.filter(thread=OuterRef("root"), seq__gt=OuterRef("read"), deleted_at=None)
    return unread.exclude(person=OuterRef("person"))


def _unread(**whose: Any) -> Any:  # A queryset; mypy cannot follow what is annotated.
    # Nearly all are read to their end, which their row tells.
    marks = _own(**whose).filter(root__started__seq__gt=F("read")).filter(Exists(_unread_in()))
    return marks.order_by().values("person").annotate(n=Count("*")).values_list("person", "n")


_counts: PreparedLists[ThreadMark] = PreparedLists((int,), lambda people: _unread(person__in=people))


def unread_of(people: list[int]) -> dict[int, int]:
    """In how many threads something is unread for each of these people, who are at most `prepared.LONGEST`."""
    return dict.fromkeys(people, 0) | dict(_counts.rows(people))


def unread_of_person() -> Any:
    """The same as a column of a query of people."""
    return Coalesce(Subquery(_unread(person=OuterRef("pk")).values("n")), 0)


def is_unread(person: int, root: int) -> bool:
    """Whether something is unread in this thread for somebody who takes part in it."""
    return ThreadMark.objects.filter(person=person, root=root).filter(Exists(_unread_in())).exists()


def mark_of(person: int, root: int) -> int | None:
    """How far a person has read in a thread; None where they take no part in it."""
    rows = _mark.rows(person, root)
    return rows[0][0] if rows else None


_mark: Prepared[ThreadMark] = Prepared(
    (NUMBERS[0], NUMBERS[1]),
    lambda person, root: ThreadMark.objects.filter(person=person, root=root).values_list("read"),
)


def concerned(roots: Collection[int], people: Collection[int]) -> list[tuple[int, int, int]]:
    """(person, root, room) of those of these people who take part in these threads."""
    marks = ThreadMark.objects.using(database.alias()).filter(root__in=roots, person__in=people)
    return list(marks.values_list("person", "root", "root__room"))


# The list


def listed(person: int, before: int | None, limit: int) -> dict[str, Any]:
    """Threads that a person takes part in, those in which something was said last first, each as it is now (P3).

    `before`: the id of the last message of a thread, of those after which the list is to go on.
    """
    marks = _own(person=person).filter(root__started__count__gt=0)
    if before is not None:
        marks = marks.filter(root__started__last__lt=before)
    unread = _unread_in().order_by().values("thread").annotate(n=Count("*")).values("n")
    marks = marks.annotate(unread=Coalesce(Subquery(unread), 0)).order_by("-root__started__last")
    related = ("root__person", "root__room", "root__started", "root__reply__person")
    rows = list(marks.select_related(*related)[: limit + 1])
    shown = rows[:limit]
    last = {one.pk: one for one in _last_of(shown)}
    rooms = [one.root.room for one in shown]
    whose = people_between({room.between for room in rooms if room.between})
    names = people_by_id({one for row in shown for one in _spoke(row.root.started)})
    threads = []
    for row in shown:
        room, started = row.root.room, row.root.started
        item: dict[str, Any] = {"room": room.slug, "title": room.title}
        if room.between:
            item["people"] = [one for one in whose[room.between] if one["id"] != person]
        root: MessageState = message_state(row.root)
        root["thread"] = _state(started, names)
        item |= {"message": root, "read": row.read, "unread": min(row.unread, ENOUGH)}
        if started.last in last:
            item["last"] = message_state(last[started.last])
        threads.append(item)
    return {
        "threads": threads,
        "more": len(rows) > limit,
        "before": shown[-1].root.started.last if shown else 0,
        "unread": unread_of([person])[person],
    }


def _last_of(marks: Sequence[ThreadMark]) -> QuerySet[Message]:
    ids = [one.root.started.last for one in marks]
    found = Message.objects.using(database.alias()).filter(pk__in=ids)
    return found.select_related("person", "reply__person", "thread")


def _spoke(started: Thread) -> list[int]:
    return [int(one) for one in started.people.split()]


def _state(started: Thread, names: dict[int, Any]) -> ThreadState:
    people = [names[one] for one in _spoke(started) if one in names]
    state: ThreadState = {"count": started.count, "people": people}
    if started.at is not None:
        state |= {"last": timestamp(started.at), "seq": started.seq}
    return state
