"""The threads that make pages: SQLite's connections stay with them, and are closed before the server is down."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.db import connection
from django.db.backends.signals import connection_created
from django.test import override_settings

from teahouse.models import Room
from teahouse.routing import application as with_sockets
from teahouse.server.handler import ClosesPages, Pages
from tests.app.conftest import Database

pytestmark = pytest.mark.asyncio


@pytest.fixture
def connected(database: Database) -> Iterator[list[Any]]:
    """Every connection that those threads make."""
    Room.objects.create(slug="tea", title="Tea")
    made: list[Any] = []

    def remember(connection: Any, **_: Any) -> None:
        if threading.current_thread().name.startswith("teahouse-page"):
            made.append(connection)

    connection_created.connect(remember)
    with override_settings(ROOT_URLCONF="tests.app.chat_urls"):
        yield made
    connection_created.disconnect(remember)


async def status_of(application: Any, path: str) -> int:
    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": path, "query_string": b"",
        "headers": [(b"host", b"localhost")], "server": ("localhost", 80), "client": ("127.0.0.1", 1),
    }  # fmt: skip
    asked: Any = ApplicationCommunicator(application, scope)  # type: ignore[no-untyped-call]
    await asked.send_input({"type": "http.request"})
    status = int((await asked.receive_output(45))["status"])
    await asked.receive_output(45)
    await asked.wait(45)
    return status


async def test_connections_stay_and_are_closed_before_the_end(connected: list[Any]) -> None:
    pages = Pages()
    closing = ClosesPages(with_sockets(pages), pages)

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await closing(scope, receive, send)

    life: Any = ApplicationCommunicator(application, {"type": "lifespan"})  # type: ignore[no-untyped-call]
    await life.send_input({"type": "lifespan.startup"})
    assert await life.receive_output(45) == {"type": "lifespan.startup.complete"}
    for _ in range(12):
        assert await status_of(application, "/chat/rooms/tea/") == 200
    kept = connection.vendor == "sqlite"
    assert len(connected) <= 4 if kept else len(connected) == 12
    assert any(each.connection is not None for each in connected) == kept
    await life.send_input({"type": "lifespan.shutdown"})
    assert await life.receive_output(45) == {"type": "lifespan.shutdown.complete"}
    assert [each.connection for each in connected] == [None] * len(connected)
    await life.wait(45)
