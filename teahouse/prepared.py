"""Queries of the ORM whose SQL is made once: those that every connection and every command asks.

Measured on an idle machine: finding a person's rooms 1,690 µs, of which 1,640 went into making the SQL anew.
They go to the database that is written to: a replica that lags would show rights that have ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, repeat
from typing import Any, Final, Generic, TypeVar

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model, QuerySet

from teahouse import database

M = TypeVar("M", bound=Model)
T = TypeVar("T")

LONGEST: Final = 512
"""How many values a list of `PreparedLists` has at most."""
SIZES: Final = (1, 8, 64, LONGEST)

# Values that stand for parameters while the SQL is made; no real one is like them.
NUMBERS: Final = tuple(range(2**62, 2**62 + 2 * LONGEST))
TEXTS: Final = tuple(f"\x00{number}" for number in range(LONGEST))


@dataclass(frozen=True)
class _Made:
    """`parameters`: for each place in the SQL the index of a value, or a constant. `sqlite`: as sqlite3 itself wants
    it; Django turns the marks of each statement anew, the five hundred of a long list in 60 µs."""

    sql: str
    sqlite: str
    parameters: Sequence[tuple[int | None, Any]]
    convert: Callable[[Iterable[Any]], Iterable[Any]]
    fields: list[str]


class Prepared(Generic[M]):
    """A query with parameters. `build` makes the queryset, once, from marks: of NUMBERS and TEXTS.

        person = Prepared((NUMBERS[0],), lambda id: Person.objects.filter(pk=id))
        person.first(7)

    The queryset must not depend on what the values are, but for comparing with them, and must not be empty for certain.
    """

    def __init__(self, marks: tuple[Any, ...], build: Callable[..., QuerySet[M, Any]]) -> None:
        self._marks = marks
        self._build = build
        self._made: dict[tuple[str, str], _Made] = {}

    def rows(self, *values: Any) -> list[tuple[Any, ...]]:
        """What `values_list` would give."""
        made, rows = self._ask(values)
        return [tuple(row) for row in made.convert(rows)]

    def stored(self, *values: Any) -> list[tuple[Any, ...]]:
        """The same as the database's driver gives it: SQLite's times, for one, know no zone."""
        return self._ask(values)[1]

    def _ask(self, values: Sequence[Any]) -> tuple[_Made, list[tuple[Any, ...]]]:
        connection = database.connection()
        made = self._made.get((connection.alias, connection.vendor)) or self._make()
        parameters = [constant if index is None else values[index] for index, constant in made.parameters]
        if connection.vendor == "sqlite" and not (connection.queries_logged or connection.execute_wrappers):
            return made, _from_sqlite(connection, made.sqlite, parameters)
        with connection.cursor() as cursor:
            cursor.execute(made.sql, parameters)
            return made, cursor.fetchall()

    def objects(self, *values: Any) -> list[M]:
        """The objects, of a queryset of whole objects."""
        rows = self.rows(*values)
        connection = database.connection()
        fields = self._made[connection.alias, connection.vendor].fields
        model: type[M] = self._model
        return [model.from_db(connection.alias, fields, row) for row in rows]

    def first(self, *values: Any) -> M | None:
        """The first object, of a queryset of whole objects."""
        return next(iter(self.objects(*values)), None)

    def _make(self) -> _Made:
        connection = database.connection()
        queryset = self._build(*self._marks)
        self._model = queryset.model
        compiler = queryset.query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        converters = compiler.get_converters([column[0] for column in compiler.select])
        index = {mark: number for number, mark in enumerate(self._marks)}
        places = [(index.get(value), None if value in index else value) for value in parameters]
        # A backend that passes a list as one parameter would ask for the marks themselves.
        assert {number for number, _ in places} >= set(index.values()), sql
        made = _Made(
            sql,
            sql % (("?",) * len(parameters)),
            places,
            lambda rows: compiler.apply_converters(rows, converters) if converters else rows,
            [field.attname for field in queryset.model._meta.concrete_fields],
        )
        self._made[connection.alias, connection.vendor] = made
        return made


def _from_sqlite(connection: BaseDatabaseWrapper, sql: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    """As Django's cursor does it where nobody wants to hear of the statement."""
    connection.validate_no_broken_transaction()
    connection.ensure_connection()
    with connection.wrap_database_errors:
        rows: list[tuple[Any, ...]] = connection.connection.execute(sql, parameters).fetchall()
    return rows


class PreparedLists(Generic[M]):
    """The same for lists of values, of any length up to LONGEST and not empty. `build` gets lists of marks.

        people = PreparedLists((int,), lambda ids: Person.objects.filter(pk__in=ids))
        people.objects([7, 8, 9])

    The SQL is made for a few lengths; a list in between is filled up with its first value, which changes nothing
    in an `IN`.
    """

    def __init__(
        self, kinds: tuple[type[int] | type[str], ...], build: Callable[..., QuerySet[M, Any]]
    ) -> None:
        self._kinds = kinds
        self._build = build
        self._sized: dict[tuple[int, ...], Prepared[M]] = {}

    def rows(self, *lists: Sequence[Any]) -> list[tuple[Any, ...]]:
        """What `values_list` would give."""
        prepared, values = self._filled(lists)
        return prepared.rows(*values)

    def stored(self, *lists: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The same as the database's driver gives it."""
        prepared, values = self._filled(lists)
        return prepared.stored(*values)

    def objects(self, *lists: Sequence[Any]) -> list[M]:
        """The objects, of a queryset of whole objects."""
        prepared, values = self._filled(lists)
        return prepared.objects(*values)

    def _filled(self, lists: Sequence[Sequence[Any]]) -> tuple[Prepared[M], list[Any]]:
        if not all(0 < len(values) <= LONGEST for values in lists):
            raise ValueError(
                f"a list has 1 to at most {LONGEST} values, not {[len(values) for values in lists]}"
            )
        sizes = tuple(next(size for size in SIZES if size >= len(values)) for values in lists)
        values = [
            value
            for given, size in zip(lists, sizes, strict=True)
            for value in chain(given, repeat(given[0], size - len(given)))
        ]
        return self._sized.get(sizes) or self._for(sizes), values

    def _for(self, sizes: tuple[int, ...]) -> Prepared[M]:
        numbers, texts = iter(NUMBERS), iter(TEXTS)
        marks: list[list[Any]] = [
            list(islice(numbers if kind is int else texts, size))
            for kind, size in zip(self._kinds, sizes, strict=True)
        ]
        prepared = self._sized[sizes] = Prepared(
            tuple(mark for given in marks for mark in given), lambda *_: self._build(*marks)
        )
        return prepared


def batched(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """The values in lists that are not too long for `PreparedLists`."""
    for start in range(0, len(values), LONGEST):
        yield values[start : start + LONGEST]
