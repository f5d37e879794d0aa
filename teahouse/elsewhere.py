"""The outbox of the project: what code leaves in a transaction on another database than that of Teahouse's tables.

In: what is said and whose rights have changed, on the caller's connection. Out, after the commit: rows of the outbox,
where `live/carrying.py` takes them. Two databases have no transaction in common, so a row is first put there and
then dropped here. Who dies between the two leaves it to be put once more, and its key has it said once (P3).
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from django.apps import apps
from django.db import (
    DEFAULT_DB_ALIAS,
    DatabaseError,
    InterfaceError,
    OperationalError,
    connections,
    router,
    transaction,
)
from django.db.backends.base.base import BaseDatabaseWrapper

from teahouse import database
from teahouse.models import Outbox, Person, RightsChange, Room

if TYPE_CHECKING:
    from teahouse.project_outbox.models import ProjectOutbox, ProjectRightsChange

log = logging.getLogger("teahouse.outbox")

APP: Final = "teahouse.project_outbox"
MOST: Final = 200
"""Rows of each kind that are taken at once."""
MOST_PUT: Final = 1000
"""Rows that are put and cannot be dropped; then no more are taken."""
LOCKED_MS: Final = 250
"""So long a drop waits for a lock. It is tried again each second."""

_there: set[str] = set()  # Databases in which the tables were seen.


class Left(NamedTuple):
    """Rows of one database, in the order in which they were left."""

    rights: list[ProjectRightsChange]
    said: list[ProjectOutbox]

    def __bool__(self) -> bool:
        return bool(self.rights or self.said)

    def each(self) -> Iterator[Left]:
        """Its rows, one by one."""
        yield from (Left([row], []) for row in self.rights)
        yield from (Left([], [row]) for row in self.said)


@dataclass(slots=True)
class Ids:
    """Ids of such rows."""

    rights: set[int] = field(default_factory=set)
    said: set[int] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.rights) + len(self.said)

    def __or__(self, other: Ids) -> Ids:
        return Ids(self.rights | other.rights, self.said | other.said)

    def add(self, rows: Left) -> None:
        self.rights.update(row.pk for row in rows.rights)
        self.said.update(row.pk for row in rows.said)

    def discard(self, ids: Ids) -> None:
        self.rights.difference_update(ids.rights)
        self.said.difference_update(ids.said)


def databases() -> list[str]:
    """The databases of the project, other than Teahouse's, that may have such an outbox."""
    if not apps.is_installed(APP):
        return []
    ours, outbox = database.alias(), _outbox()
    return [alias for alias in connections if alias != ours and router.allow_migrate_model(alias, outbox)]


def is_there(alias: str) -> bool:
    """Whether this database has such an outbox. Asks it until it has one."""
    if alias not in _there:
        if alias not in databases():
            return False
        connection = connections[alias]
        with connection.cursor() as cursor:
            if _outbox()._meta.db_table not in connection.introspection.table_names(cursor):
                return False
        _there.add(alias)
    return True


def home(alias: str) -> str:
    """Where the project's own tables are: the given database, or `default` where that is Teahouse's."""
    return alias if alias != database.alias() else DEFAULT_DB_ALIAS


def is_open(alias: str) -> bool:
    """Whether the caller has a transaction open there. That in which Django's TestCase wraps each test is none."""
    connection = connections[alias]
    if connection.in_atomic_block:
        return not all(getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)
    # Whoever manages transactions by hand is always in one.
    return connection.connection is not None and not connection.autocommit


def open_elsewhere() -> list[str]:
    """The databases but Teahouse's on which the caller has a transaction open."""
    ours = database.alias()
    known = (each.alias for each in connections.all(initialized_only=True))
    return [alias for alias in known if alias != ours and is_open(alias)]


def taking_along(inside: Collection[str], wanted: str) -> str | None:
    """Of the databases on which the caller has a transaction open, the one to leave something in: that which is
    wanted, else `default`, else any. None where none of them has an outbox of the project."""
    order = sorted(inside, key=lambda alias: (alias != wanted, alias != DEFAULT_DB_ALIAS))
    return next(filter(is_there, order), None)


def waits(alias: str, room: int) -> bool:
    """Whether something was left there for this room, and waits."""
    return is_there(alias) and _outbox().objects.using(alias).filter(room=room).exists()


def leave(using: str, *, room: int, person: int, key: str, text: str, **more: Any) -> int:
    """Leaves what is to be said; the id of the row. `more`: as the fields of `ProjectOutbox`."""
    row = _outbox()(room=room, person=person, key=key, text=text, **more)
    row.save(using=using)
    return int(row.pk)


def leave_rights(using: str, room: int, person: int | None) -> None:
    """Leaves that the policy is to be asked anew about those in the room, or about one person alone."""
    _rights()(room=room, person=person).save(using=using)


def said_with(using: str, room: int, person: int, key: str) -> list[tuple[str, str]]:
    """Name of the event, empty for a message, and text of what waits there with this key."""
    rows = _outbox().objects.using(using).filter(room=room, person=person, key=key)
    return list(rows.order_by("pk").values_list("event", "text"))


def texts(room: int, wanted: str) -> list[tuple[int, str, str]]:
    """Person, key and text of the messages to this room that wait, as the caller's transactions see them: in the
    database that is wanted, in `default`, and in those to which the caller is connected."""
    found: list[tuple[int, str, str]] = []
    for alias in databases():
        near = alias in (wanted, DEFAULT_DB_ALIAS) or connections[alias].connection is not None
        if near and is_there(alias):
            rows = _outbox().objects.using(alias).filter(room=room, event="").order_by("pk")
            found += rows.values_list("person", "key", "text")
    return found


# On the way into the outbox


def left(using: str, but: Ids | None = None) -> Left:
    """What waits there, the first of it. A change of rights comes no later than what the same transaction said."""
    but = but or Ids()
    if len(but) > MOST_PUT:
        return Left([], [])
    said = list(_outbox().objects.using(using).exclude(pk__in=but.said).order_by("pk")[:MOST])
    # Asked for second: of each row above, what was committed with it is seen by now.
    rights = list(_rights().objects.using(using).exclude(pk__in=but.rights).order_by("pk")[:MOST])
    return Left(rights, said if len(rights) < MOST else [])


def put(rows: Left) -> Left:
    """Puts them into Teahouse's tables, all at once. Those that the database refuses, which are told of in the log.

    Raises:
        OperationalError, InterfaceError: the database cannot be reached, or was busy. None are put.
    """
    try:
        _put(rows)
    except (OperationalError, InterfaceError):
        raise
    except DatabaseError:
        return _put_each(rows)
    return Left([], [])


def _put_each(rows: Left) -> Left:
    """One that is refused keeps no other back."""
    refused = Left([], [])
    for one in rows.each():
        try:
            _put(one)
        except (OperationalError, InterfaceError):
            raise
        except DatabaseError:
            log.exception(
                "Teahouse's database refuses %s, which stays where it is", [*one.rights, *one.said][0]
            )
            refused.rights.extend(one.rights)
            refused.said.extend(one.said)
    return refused


def _put(rows: Left) -> None:
    """All or none. What is about a room or person that is gone has nowhere to go."""
    using = database.alias()
    with transaction.atomic(using=using):
        rooms = _known(Room, {row.room for row in rows.rights} | {row.room for row in rows.said})
        concerned = {row.person for row in rows.rights if row.person is not None}
        people = _known(Person, concerned | {row.person for row in rows.said})
        RightsChange.objects.using(using).bulk_create(
            RightsChange(room_id=row.room, person_id=row.person)
            for row in rows.rights
            if row.room in rooms and (row.person is None or row.person in people)
        )
        sayable = [row for row in rows.said if row.room in rooms and row.person in people]
        Outbox.objects.using(using).bulk_create(
            Outbox(
                room_id=row.room, person_id=row.person, key=row.key, text=row.text, html=row.html, event=row.event,
                renderer=row.renderer, thread_id=row.thread, made_at=row.made_at,
            )
            for row in sayable
        )  # fmt: skip
    if gone := len(rows.said) - len(sayable):
        log.warning("%d messages or events were left for a room or by a person that is gone by now", gone)


def drop(using: str, put: Ids) -> Ids:
    """Deletes those that are in Teahouse's tables; the ids that are there no more, whoever deleted them.

    Whoever holds a lock keeps theirs for now: what was put is said, and need not hurry.
    """
    connection = connections[using]
    gone = Ids()
    try:
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute(f"PRAGMA busy_timeout = {LOCKED_MS}")
        with transaction.atomic(using=using):
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute(f"SET LOCAL lock_timeout = {LOCKED_MS}")
            gone.rights.update(_drop(connection, _rights(), put.rights))
            gone.said.update(_drop(connection, _outbox(), put.said))
    except OperationalError as error:
        if not _is_locked(error):
            raise
        return Ids()
    return gone


def _drop(connection: BaseDatabaseWrapper, model: Any, ids: set[int]) -> set[int]:
    if not ids:
        return set()
    rows = model.objects.using(connection.alias).filter(pk__in=ids)
    if connection.features.has_select_for_update_skip_locked:
        free = list(rows.select_for_update(skip_locked=True).values_list("pk", flat=True))
        model.objects.using(connection.alias).filter(pk__in=free).delete()
    else:
        rows.delete()
    return ids - set(rows.values_list("pk", flat=True))


def _is_locked(error: OperationalError) -> bool:
    # PostgreSQL's manual, appendix A: 55P03 is lock_not_available.
    return getattr(error.__cause__, "sqlstate", None) == "55P03" or "locked" in str(error)


def _known(model: Any, ids: set[int]) -> set[int]:
    return set(model.objects.using(database.alias()).filter(pk__in=ids).values_list("pk", flat=True))


def _outbox() -> type[ProjectOutbox]:
    """Models of an app that is not installed cannot even be imported."""
    from teahouse.project_outbox.models import ProjectOutbox

    return ProjectOutbox


def _rights() -> type[ProjectRightsChange]:
    from teahouse.project_outbox.models import ProjectRightsChange

    return ProjectRightsChange
