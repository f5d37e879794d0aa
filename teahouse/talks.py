"""Threads in a transaction of the journal: what is said or deleted in them, told at their roots. In: what
`journal.py` carries out. Out: the rows of threads and of who takes part, and an event `thread` for each root.

One event and one row for each thread and commit, however much was said there. A message without a thread costs nothing
here.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Max

from teahouse.entries import Say, Talk, Transaction
from teahouse.events import ThreadState, Who, timestamp
from teahouse.history import people_by_id
from teahouse.models import Message
from teahouse.models.threads import FACES
from teahouse.store import Row, Sql


def said(tx: Transaction, say: Say, message: int, seq: int) -> None:
    """Something is said in a thread."""
    assert say.root is not None, "said in the room itself"
    talk = tx.talk(say.room, say.root.id, say.by)
    talk.root = say.root
    talk.said.append((say.by, message, seq))
    talk.called += [(person, seq) for person, _ in say.mentions]


def lost(tx: Transaction, message: Message, by: Who) -> None:
    """A message is deleted, and was perhaps said in a thread."""
    if message.thread_id is not None:
        tx.talk(message.room_id, message.thread_id, by).lost = True


def settle(sql: Sql, tx: Transaction) -> None:
    """Brings the rows of all threads up to date in which something happened, and makes an event for each."""
    before = {row[0]: row[1:] for row in sql.threads(list(tx.talks))}
    rows: list[Row] = []
    revs: list[tuple[int, int]] = []
    for root, talk in tx.talks.items():
        row = _counted_anew(root) if talk.lost else _gone_on(talk, *before.get(root, (0, "")), at=tx.now)
        rows.append((root, *row))
        rev = tx.number(talk.room)
        revs.append((rev, root))
        tx.about_message(talk.room, rev, "thread", talk.by, {"id": root, "thread": _state(talk, *row)})
    sql.put_threads(rows)
    sql.move_revs(revs)
    sql.put_thread_marks([mark for root, talk in tx.talks.items() for mark in _marks(root, talk)])


def _gone_on(talk: Talk, count: int, people: str, *, at: datetime) -> Row:
    """(count, last, seq, at, people) after what was said."""
    _, last, seq = talk.said[-1]
    spoke = [*(str(who["id"]) for who, _, _ in reversed(talk.said)), *people.split()]
    return count + len(talk.said), last, seq, at, " ".join(list(dict.fromkeys(spoke))[:FACES])


def _counted_anew(root: int) -> Row:
    """The same of what is there now: something was deleted, which may have been the last, or somebody's only one."""
    there = Message.objects.filter(thread=root, deleted_at=None)
    last = there.order_by("-seq").first()
    if last is None:
        return 0, 0, 0, None, ""
    spoke = (
        there.values("person").annotate(newest=Max("seq")).order_by("-newest").values_list("person")[:FACES]
    )
    return there.count(), last.pk, last.seq, last.at, " ".join(str(person) for (person,) in spoke)


def _state(talk: Talk, count: int, last: int, seq: int, at: datetime | None, people: str) -> ThreadState:
    known = {who["id"]: who for who, _, _ in talk.said}
    ids = [int(person) for person in people.split()]
    known |= people_by_id([person for person in ids if person not in known])
    state: ThreadState = {"count": count, "people": [known[person] for person in ids]}
    if at is not None:
        state |= {"last": timestamp(at), "seq": seq}
    return state


def _marks(root: int, talk: Talk) -> list[tuple[int, int, int]]:
    """(person, root, read) of who takes part in it from now on: who began it, who spoke, who was called."""
    if talk.root is None:
        return []
    marks: dict[int, int] = {}
    for who, _, seq in talk.said:
        marks.setdefault(who["id"], seq)
    for person, seq in talk.called:
        marks.setdefault(person, seq - 1)
    marks.setdefault(talk.root.author, talk.root.seq)
    return [(person, root, read) for person, read in marks.items()]
