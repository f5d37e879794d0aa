"""A migration of PostgreSQL and an old server that goes on may wait for each other. Found by the fault
`rolling-replaced`: the new server did not start."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import OperationalError, connections, transaction
from pytest_django import DjangoDbBlocker

from teahouse.server.upgrade import again_after_deadlock
from tests.app.conftest import use

TABLES = ("teahouse_room", "teahouse_person")


class Crossing:
    """Two that take two tables, each beginning with another one."""

    def __init__(self) -> None:
        self.both_began = threading.Barrier(2)
        self.tries = 0

    def take(self, first: str, second: str) -> None:
        self.tries += 1
        with transaction.atomic(), connections["default"].cursor() as cursor:
            cursor.execute(f"LOCK TABLE {first} IN ACCESS EXCLUSIVE MODE")
            if not self.both_began.broken and self.tries <= 2:
                self.both_began.wait(20)
            cursor.execute(f"LOCK TABLE {second} IN ACCESS EXCLUSIVE MODE")


@pytest.fixture
def postgres(postgres_database: dict[str, Any], django_db_blocker: DjangoDbBlocker) -> Any:
    with django_db_blocker.unblock():
        before = use(dict(postgres_database))
        yield
        use(before)


def test_who_is_ended_for_a_deadlock_tries_again(postgres: None) -> None:
    crossing, failed = Crossing(), []

    def other() -> None:
        try:
            again_after_deadlock(lambda: crossing.take(*reversed(TABLES)))
        except Exception as error:  # noqa: BLE001  Looked at below.
            failed.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=other)
    thread.start()
    again_after_deadlock(lambda: crossing.take(*TABLES))
    thread.join(30)
    assert not thread.is_alive()
    assert failed == []
    assert crossing.tries == 3, "one of them was ended once"


def test_another_error_is_told_at_once(postgres: None) -> None:
    tries = []

    def run() -> None:
        tries.append(1)
        with connections["default"].cursor() as cursor:
            cursor.execute("SET statement_timeout = 1; SELECT pg_sleep(20)")

    with pytest.raises(OperationalError):
        again_after_deadlock(run)
    assert tries == [1]
