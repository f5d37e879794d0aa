"""Copies everything from one database into another: in, two names of connections; out, how much, and that it agrees.

Rows are read as Django reads them and written as the other database wants them, so each side may be SQLite or
PostgreSQL. The source is seen as of one moment, however long it takes. A table's checksum is the sum of a hash of each
row: it does not depend on their order, in which two databases differ.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from django.apps import apps
from django.core.management.color import no_style
from django.db import connections, transaction
from django.db.models import Field, Model

from teahouse.database import one_moment

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

AT_ONCE: Final = 2_000
"""Rows that are held at the same time."""
HASH_BYTES: Final = 16

Row = tuple[Any, ...]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Sum:
    """A table's content: how many rows, and the sum of their hashes."""

    rows: int
    check: str


class Differs(Exception):
    """What arrived is not what was sent; nothing of it was kept."""


def models() -> list[type[Model]]:
    """Every table of the site but Django's list of migrations, which each database has of its own."""
    every = apps.get_models(include_auto_created=True)
    return [model for model in every if model._meta.managed and not model._meta.proxy]


def copy_all(source: str, target: str, progress: Progress = lambda done, of: None) -> dict[str, Sum]:
    """Fills `target`, whose tables are made and whose rows are dropped, in one transaction.

    Returns: of each table what it holds now, read back from the target.

    Raises:
        Differs: a table does not hold what was read. The target is as before.
    """
    from_, to = connections[source], connections[target]
    with one_moment(from_), _writing(to):
        total = 2 * sum(model._base_manager.using(source).count() for model in models())
        done = 0

        def passed(rows: int) -> None:
            nonlocal done
            done += rows
            progress(done, total)

        for model in models():
            _empty(to, model)
        sums = {}
        for model in models():
            sent = _Summing(_rows(source, model), passed)
            _insert(to, model, sent)
            arrived = sum_of(target, model, passed)
            if arrived != sent.sum():
                raise Differs(f"{model._meta.db_table}: {sent.sum()} was sent, {arrived} arrived")
            sums[model._meta.db_table] = arrived
        _reset_sequences(to)
    return sums


def sum_of(alias: str, model: type[Model], passed: Callable[[int], None] = lambda rows: None) -> Sum:
    """What a table holds."""
    rows = _Summing(_rows(alias, model), passed)
    for _ in rows:
        pass
    return rows.sum()


class _Summing:
    """Passes rows on and sums them up."""

    def __init__(self, rows: Iterable[Row], passed: Callable[[int], None]) -> None:
        self._rows, self._passed = rows, passed
        self._count = self._total = 0

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            text = json.dumps(row, ensure_ascii=False, separators=(",", ":"), default=_as_text).encode(
                "utf-8", "surrogatepass"
            )
            self._total += int.from_bytes(hashlib.blake2b(text, digest_size=HASH_BYTES).digest(), "big")
            self._count += 1
            if self._count % AT_ONCE == 0:
                self._passed(AT_ONCE)
            yield row
        self._passed(self._count % AT_ONCE)

    def sum(self) -> Sum:
        return Sum(self._count, f"{self._total % (1 << 8 * HASH_BYTES):0{2 * HASH_BYTES}x}")


def _as_text(value: Any) -> str:
    if isinstance(value, bytes | memoryview):  # As the driver likes.
        return bytes(value).hex()
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _fields(model: type[Model]) -> Sequence[Field[Any, Any]]:
    """Those with a column; a composite key has none of its own."""
    return [field for field in model._meta.concrete_fields if field.column is not None]


def _rows(alias: str, model: type[Model]) -> Iterator[Row]:
    names = [field.attname for field in _fields(model)]
    return iter(
        model._base_manager.using(alias).order_by("pk").values_list(*names).iterator(chunk_size=AT_ONCE)
    )


@contextmanager
def _writing(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """One transaction in which a row may refer to one that comes later."""
    with connection.constraint_checks_disabled(), transaction.atomic(using=connection.alias):
        yield
        connection.check_constraints()


def _empty(connection: BaseDatabaseWrapper, model: type[Model]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)}")  # noqa: S608  A model's.


def _insert(connection: BaseDatabaseWrapper, model: type[Model], rows: Iterable[Row]) -> None:
    fields = _fields(model)
    quote = connection.ops.quote_name
    table, columns = quote(model._meta.db_table), ", ".join(quote(str(field.column)) for field in fields)

    def prepared(row: Row) -> list[Any]:
        return [field.get_db_prep_save(value, connection) for field, value in zip(fields, row, strict=True)]

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(prepared(row))
            return
        marks = ", ".join(["%s"] * len(fields))
        waiting = iter(rows)
        while some := [prepared(row) for row in islice(waiting, AT_ONCE)]:
            cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", some)  # noqa: S608


def _reset_sequences(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), models()):
            cursor.execute(statement)
