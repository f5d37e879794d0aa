"""A live server of the project under test, in a thread of the test's own process and on its database.

In the same process, so that a test sees what the server did, patches what it calls, and needs no second set-up. One for
each test: what a server knows of rooms would be wrong after the test's rows are gone.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import ExitStack
from typing import Any, Final, Self

import uvicorn
from asgiref.sync import sync_to_async
from channels.layers import channel_layers
from channels.routing import get_default_application
from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.asgi import get_asgi_application
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.test import override_settings

from teahouse import database, routing
from teahouse.actions import people
from teahouse.client import SyncClient
from teahouse.live import runtime
from teahouse.live.addresses import own_address
from teahouse.live.wirecheck import protocol_class
from teahouse.models import Person
from teahouse.testing.databases import drop_own, shared_by_threads

HOST: Final = "127.0.0.1"
START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 5


class Server:
    """The project's ASGI application on a free port of 127.0.0.1.

        with Server() as server, server.connect(user) as chat:
            chat.room("main").send("hello")

    Args:
        application: what to serve; without it `settings.ASGI_APPLICATION`, and where that is not set the project's
            pages with Teahouse's sockets.
        prefix: below which the sockets are, such as `/chat/`; without it where `urls.py` includes `teahouse.urls`.

    Raises:
        ImproperlyConfigured: the test runs in a transaction, which a server's threads cannot see.
    """

    def __init__(self, application: Any = None, prefix: str | None = None) -> None:
        self.prefix = _prefix() if prefix is None else f"/{prefix.strip('/')}/".replace("//", "/")
        self._application = application
        self._exit = ExitStack()
        self._thread: threading.Thread | None = None
        self._server: _Uvicorn | None = None
        self.port = 0

    def __enter__(self) -> Self:
        if connections[database.alias()].in_atomic_block:
            raise ImproperlyConfigured(
                "A live server cannot see what an open transaction did. Mark the test with "
                "@pytest.mark.django_db(transaction=True), or derive it from LiveChatTestCase or TransactionTestCase."
            )
        with ExitStack() as stack:
            stack.enter_context(shared_by_threads())
            stack.enter_context(override_settings(ALLOWED_HOSTS=[*settings.ALLOWED_HOSTS, HOST]))
            stack.callback(self._stop)
            self._start()
            self._exit = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the clients that `connect` made, then the server."""
        self._exit.close()

    @property
    def url(self) -> str:
        """Of the site, without a final slash."""
        return f"http://{HOST}:{self.port}"

    @property
    def chat_url(self) -> str:
        """Of the chat: what a client connects to."""
        return self.url + self.prefix

    def connect(self, who: Any = None, *, name: str | None = None) -> SyncClient:
        """An open client of somebody: of a user, a Person, or a new guest with that name. It is closed with the server,
        or before."""
        token = None if who is None else self.token_for(who)
        return self._exit.enter_context(SyncClient(self.chat_url, token=token, name=name))

    def token_for(self, who: Any) -> str:
        """What a user or a Person speaks with; of a guest it is their ticket."""
        person = who if isinstance(who, Person) else people.ensure_person(who)
        if person.kind == Person.Kind.GUEST:
            return people.ticket_for(person)
        return people.make_token(person, "test")

    def _start(self) -> None:
        application = self._application or _application()
        if apps.is_installed("django.contrib.staticfiles"):
            application = ASGIStaticFilesHandler(application)
        listening = socket.create_server((HOST, 0))
        self.port = listening.getsockname()[1]
        config = uvicorn.Config(
            application, ws=protocol_class(), ws_ping_interval=None, log_config=None, access_log=False,
            timeout_graceful_shutdown=STOP_SECONDS,
        )  # fmt: skip
        self._server = _Uvicorn(config)
        self._thread = threading.Thread(
            target=self._server.run_here, args=(listening,), name="teahouse-server", daemon=True
        )
        self._thread.start()
        if not self._server.ready.wait(START_SECONDS) or not self._server.started:
            raise RuntimeError("the server did not start; its log says why")

    def _stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join()


class _Uvicorn(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    def run_here(self, listening: socket.socket) -> None:
        """In a thread: serves until `should_exit`, then leaves no connection of the database behind."""
        try:
            asyncio.run(self._begin_and_end(listening))
        finally:
            self.ready.set()
            drop_own()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if (running := runtime.current()) is not None:
            await running.drain()
        await super().shutdown(sockets=sockets)

    async def _begin_and_end(self, listening: socket.socket) -> None:
        # Made for the loop of the server before, if there was one.
        channel_layers.backends.clear()
        await runtime.start()
        try:
            await self.serve(sockets=[listening])
        finally:
            await runtime.stop()
            await sync_to_async(drop_own)()


def _application() -> Any:
    if getattr(settings, "ASGI_APPLICATION", None):
        return get_default_application()
    return routing.application(get_asgi_application())


def _prefix() -> str:
    """Where the pages are, and in `routing.application` the sockets."""
    return own_address("home", near=f"/{settings.LANGUAGE_CODE}/") or "/"
