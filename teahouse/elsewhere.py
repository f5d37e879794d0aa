"""The outbox of the project: what code leaves in a transaction on another database than that of Teahouse's tables.

In: what is said and whose rights have changed, on the caller's connection. Out, after the commit: rows of the outbox,
where `live/carrying.py` takes them. Two databases have no transaction in common, so a row is first put there and
then dropped here. Who dies between the two leaves it to be put once more, and its key has it said once (P3).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from django.apps import apps
from django.db import connections, router, transaction

from teahouse import database
from teahouse.models import Outbox, Person, RightsChange, Room

if TYPE_CHECKING:
    from teahouse.project_outbox.models import ProjectOutbox, ProjectRightsChange

log = logging.getLogger("teahouse.outbox")

APP: Final = "teahouse.project_outbox"
MOST: Final = 200
"""Rows of each kind that are taken at once."""

_there: set[str] = set()  # Databases in which the tables were seen.


class Left(NamedTuple):
    """Rows of one database, in the order in which they were left."""

    rights: list[ProjectRightsChange]
    said: list[ProjectOutbox]

    def __bool__(self) -> bool:
        return bool(self.rights or self.said)


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


def open_transaction(inside: Sequence[str], wanted: str) -> str | None:
    """Of the databases on which the caller has a transaction open, the one to leave something in: that which is
    wanted, else `default`, else any. None where none of them has an outbox of the project."""
    return next(
        filter(is_there, sorted(inside, key=lambda alias: (alias != wanted, alias != "default"))), None
    )


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


def texts(room: int) -> list[str]:
    """Messages to this room that wait, as the caller's transactions see them."""
    found: list[str] = []
    for alias in filter(is_there, databases()):
        rows = _outbox().objects.using(alias).filter(room=room, event="").order_by("pk")
        found += rows.values_list("text", flat=True)
    return found


# On the way into the outbox


def left(using: str) -> Left:
    """What waits there, the first of it. A change of rights comes no later than what the same transaction said."""
    said = list(_outbox().objects.using(using).order_by("pk")[:MOST])
    # Asked for second: of each row above, what was committed with it is seen by now.
    rights = list(_rights().objects.using(using).order_by("pk")[:MOST])
    return Left(rights, said if len(rights) < MOST else [])


def put(rows: Left) -> None:
    """Puts them into Teahouse's tables, all or none. What is about a room or person that is gone has nowhere to go."""
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


def drop(using: str, rows: Left) -> None:
    """Deletes them there, once they are in Teahouse's tables."""
    with transaction.atomic(using=using):
        for model, some in ((_outbox(), rows.said), (_rights(), rows.rights)):
            if some:
                model.objects.using(using).filter(pk__in=[row.pk for row in some]).delete()


def _known(model: Any, ids: set[int]) -> set[int]:
    return set(model.objects.using(database.alias()).filter(pk__in=ids).values_list("pk", flat=True))


def _outbox() -> type[ProjectOutbox]:
    """Models of an app that is not installed cannot even be imported."""
    from teahouse.project_outbox.models import ProjectOutbox

    return ProjectOutbox


def _rights() -> type[ProjectRightsChange]:
    from teahouse.project_outbox.models import ProjectRightsChange

    return ProjectRightsChange
