"""A live server for tests in the style of Django's `LiveServerTestCase`."""

from __future__ import annotations

from typing import ClassVar

from django.test import TransactionTestCase

from teahouse.testing.server import Server


class LiveChatTestCase(TransactionTestCase):
    """Each test has a server of its own: `self.server`.

    Attributes:
        chat_prefix: below which the sockets are, where that is not where `urls.py` includes `teahouse.urls`.
    """

    chat_prefix: ClassVar[str | None] = None
    server: Server

    def setUp(self) -> None:
        super().setUp()
        self.server = Server(prefix=self.chat_prefix)
        self.server.__enter__()
        # Cleanups run before Django empties the tables.
        self.addCleanup(self.server.close)
