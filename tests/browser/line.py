"""The line between a page and the server, in the test's hands."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from playwright.async_api import WebSocketRoute

from tests.browser.person import Person


class Line:
    """What the page says goes through here. Made before the page is opened."""

    def __init__(self) -> None:
        self.held = False
        """New connections are refused while it is true."""
        self.refuses_with = 1013
        self.mute = False
        """Nothing is passed on in either direction while it is true."""
        self.sent: list[str] = []
        self.drop_reply_to: str | None = None
        """A piece of a command whose reply never arrives: the line breaks instead."""
        self.keep_back: str | None = None
        """A piece of commands that are kept back until `let_go`."""
        self.keeps = asyncio.Event()
        """Whether there is anything that is kept back."""
        self._kept: list[Callable[[], None]] = []
        self.refusals: list[str] = []
        """Codes with which the next sends are refused, in the server's name."""
        self._routes: list[WebSocketRoute] = []

    async def between(self, person: Person) -> Line:
        await person.page.route_web_socket("**/ws/", self._connected)
        return self

    async def _connected(self, route: WebSocketRoute) -> None:
        if self.held:
            await route.close(code=self.refuses_with, reason="30")
            return
        self._routes.append(route)
        server = route.connect_to_server()
        lost: list[int] = []

        def from_page(frame: str | bytes) -> None:
            self.sent.append(str(frame))
            if not (self.mute or self._keeps(frame, server) or self._refuses(frame, route)):
                if self.drop_reply_to is not None and self.drop_reply_to in str(frame):
                    lost.append(1)
                server.send(frame)

        async def from_server(frame: str | bytes) -> None:
            if self.mute:
                return
            if lost:
                self.drop_reply_to = None
                if route in self._routes:
                    self._routes.remove(route)
                    await route.close(code=1012)
                return
            route.send(frame)

        route.on_message(from_page)
        server.on_message(from_server)

    def _keeps(self, frame: str | bytes, server: WebSocketRoute) -> bool:
        if self.keep_back is None or self.keep_back not in str(frame):
            return False
        self._kept.append(lambda: server.send(frame))
        self.keeps.set()
        return True

    def _refuses(self, frame: str | bytes, route: WebSocketRoute) -> bool:
        command = json.loads(frame)
        if not self.refusals or command["do"] != "send":
            return False
        problem = {"code": self.refusals.pop(0), "message": "said by the test", "retry": False}
        route.send(json.dumps({"re": command["id"], "error": problem}))
        return True

    def let_go(self) -> int:
        """Passes on what was kept back; how many commands that were."""
        kept, self._kept = self._kept, []
        self.keeps.clear()
        for pass_on in kept:
            pass_on()
        return len(kept)

    async def break_off(self, code: int = 1012, reason: str = "") -> None:
        """Ends the connections that there are, as if the server had closed with this code."""
        routes, self._routes = self._routes, []
        for route in routes:
            await route.close(code=code, reason=reason)

    def tell(self, frame: str) -> None:
        """Says something to the page in the server's name."""
        for route in self._routes:
            route.send(frame)
