"""How each role asks: over a socket, over the plain protocol, over HTTP; and what became of it in the database."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPResponse
from typing import Any, Final
from urllib.parse import quote, urlencode

from websockets.exceptions import ConnectionClosed

from teahouse.live.plain import CLOSED, CONNECTED, REFUSALS
from tests.clients import SECONDS, Client, Plain, Posting
from tests.security import table
from tests.security.table import Row
from tests.servers import Teahouse

CSRF: Final = "a" * 32
ANOTHER: Final = "https://evil.example"


class Site:
    """A server, with the site of `world.build` in it if it is `made`. `headers`: what a proxy adds to each request."""

    def __init__(self, server: Teahouse, *, made: bool = True, **headers: str) -> None:
        self.server = server
        self.headers = headers
        self.made: dict[str, Any] = {"logins": {}, "tokens": {}}
        if made:
            build = "from tests.security.world import build; build()"
            status, said = server.command_line("manage", "shell", "--no-imports", "-c", build)
            assert status == 0, said
            self.made = json.loads(said)
        self.static = self._static()
        self.owner_link = server.owner_link.rstrip("/").rpartition("/")[2]
        self._sessions: dict[str, Client] = {}
        self._database = sqlite3.connect(server.data / "teahouse.sqlite3", isolation_level=None)

    def close(self) -> None:
        self._database.close()
        for session in self._sessions.values():
            session.socket.close()

    def _static(self) -> str:
        page = self.request("GET", "/sign-in/")[1]
        return page.partition('href="/static/')[2].partition("teahouse/")[0].join(("/static/", ""))

    @property
    def origin(self) -> str:
        """Of the site's own pages."""
        host, scheme = self.headers.get("Host"), self.headers.get("X_Forwarded_Proto", "http")
        return f"{scheme}://{host}" if host else self.server.url

    # Who one is

    def credentials(self, role: str, *, origin: str = "own") -> tuple[dict[str, Any], dict[str, Any]]:
        """What the socket's request brings along, and what the hello says."""
        request: dict[str, Any] = {}
        if role in self.made["logins"]:
            request["additional_headers"] = {"Cookie": self.cookie(role)}
        if where := {"own": self.server.url, "another": ANOTHER}.get(origin):
            request["origin"] = where
        token = self.made["tokens"].get(role)
        return request, {"token": token} if token else {}

    def cookie(self, role: str, session: str | None = None) -> str:
        """The cookies of a browser: of the login, or of the guest."""
        if role in self.made["logins"]:
            return f"teahouse_session={session or self.made['logins'][role]}"
        return f"teahouse_guest={self.made['tokens']['guest']}" if role == "guest" else ""

    # The room of a cell

    def room(self, row: Row, kind: str, role: str) -> str:
        """Its name on the wire."""
        if kind == "stream":
            return f"@{self.made['people']['hermit']}"
        return "@me" if kind == "@me" else table.slug(row, kind, role)

    def fields(self, row: Row, kind: str, role: str) -> dict[str, Any]:
        """Of the command, with what stands for ids filled in. Where the room holds no message it is one of another."""
        messages, people = self.made["messages"], self.made["people"]
        slugs = (table.slug(row, kind, role), table.slug(row, "open", role))
        others, own = next((messages[slug] for slug in slugs if slug in messages), (1, 1))
        stands = {table.OWN: own, table.OTHERS: others, table.ROOM: self.room(row, kind, role)}
        stands |= {name: people[who] for name, who in table.PEOPLE.items()}
        stands[table.SELF] = people.get(role, people["bystander"])
        return table.filled(row.fields, stands)

    def numbers(self, *rooms: str) -> list[int | None]:
        """Of each room's last event; None where there is no room."""
        asked = f"SELECT slug, seq FROM teahouse_room WHERE slug IN ({', '.join('?' * len(rooms))})"
        with closing(self._database.execute(asked, rooms)) as found:
            there = dict(found.fetchall())
        return [there.get(room) for room in rooms]

    def number(self, room: str) -> int | None:
        return self.numbers(room)[0]

    # The JSON protocol

    def ask(self, role: str, row: Row) -> dict[str, str]:
        """What a command comes to, in each kind of room: `ok`, `same`, `-` or the error's code. They leave together:
        no room waits for the answer of another."""
        rooms = {kind: self.room(row, kind, role) for kind in row.rules}
        before = self.numbers(*rooms.values())
        session = self._session(role)
        asked = [
            [session.put(**command) for command in self._commands(role, row, kind)] for kind in row.rules
        ]
        told = [_outcome([session.reply_to(number) for number in several][-1]) for several in asked]
        session.heard.clear()
        after = self.numbers(*rooms.values())
        cells = zip(rooms, told, before, after, strict=True)
        return {kind: _with_events(row, said, was, now) for kind, said, was, now in cells}

    def _commands(self, role: str, row: Row, kind: str) -> list[dict[str, Any]]:
        fields = self.fields(row, kind, role)
        if kind != "-" and table.ROOM not in row.fields.values():
            fields["room"] = self.room(row, kind, role)
        return [{"do": do, **fields} for do in (*row.before, row.do)]

    def _session(self, role: str) -> Client:
        if role not in self._sessions:
            request, hello = self.credentials(role)
            self._sessions[role] = Client(self.server.url, **request, **hello)
        return self._sessions[role]

    def ask_all(self, role: str, rows: Iterable[Row]) -> dict[str, dict[str, str]]:
        """What all commands come to, by row and kind of room, for one who does not get in. Who is refused at the door
        says them all the same, without waiting for that."""
        cells = [(row, kind, self._commands(role, row, kind)[-1]) for row in rows for kind in row.rules]
        rooms = [self.room(row, kind, role) for row, kind, _ in cells]
        before = self.numbers(*rooms)
        told = self._from_outside(role, [command for *_, command in cells])
        after = self.numbers(*rooms)
        found: dict[str, dict[str, str]] = {}
        for (row, kind, _), said, was, now in zip(cells, told, before, after, strict=True):
            found.setdefault(row.name, {})[kind] = _with_events(row, said, was, now)
        return found

    def _from_outside(self, role: str, commands: list[dict[str, Any]]) -> list[str]:
        request, hello = self.credentials(role)
        with Client(self.server.url, hello=False, **request) as client:
            if role == "nobody":
                return [_outcome(client.ask(**command)) for command in commands]
            greeting = client.put(do="hello", v=1, **hello)
            with suppress(ConnectionClosed):  # The refusal may be quicker.
                for command in commands:
                    client.put(**command)
            told = client.reply_to(greeting)
            client.closed()
            assert not client.heard, f"a command was looked at: {client.heard}"
            return [_outcome(told)] * len(commands)

    def hello(self, role: str, origin: str) -> str:
        """What one is then, the error's code, or the close code."""
        request, hello = self.credentials(role, origin=origin)
        with Client(self.server.url, hello=False, **request) as client:
            try:
                told = client.ask(do="hello", v=1, **hello)
            except ConnectionClosed as end:
                assert end.rcvd is not None
                return str(end.rcvd.code)
            return str(told["ok"]["you"]["kind"]) if "ok" in told else _outcome(told)

    # The same over HTTP

    def posting(self, role: str, *, origin: str = "own") -> Posting:
        request, hello = self.credentials(role, origin=origin)
        headers = dict(request.get("additional_headers", {}))
        if "origin" in request:
            headers["Origin"] = request["origin"]
        return Posting(self.server.url, hello.get("token"), **headers)

    def post_frames(self, role: str, cells: list[tuple[Row, str]]) -> list[str]:
        """What commands come to, several in a request. Who is refused at the door is told so once."""
        rooms = [self.room(row, kind, role) for row, kind in cells]
        before = self.numbers(*rooms)
        told: list[str] = []
        with self.posting(role) as posting:
            for start in range(0, len(cells), 200):
                some = cells[start : start + 200]
                said = posting.ask(*(self._commands(role, row, kind)[-1] for row, kind in some))
                replies = [_outcome(frame) for frame in said.frames if "re" in frame]
                told += replies if said.status == 200 else replies * len(some)
        after = self.numbers(*rooms)
        return [
            _with_events(row, said, was, now)
            for (row, _), said, was, now in zip(cells, told, before, after, strict=True)
        ]

    def hello_over_http(self, role: str, origin: str) -> str:
        """What one is then, the error's code, or the code of the end."""
        with self.posting(role, origin=origin) as posting:
            said = posting.ask({"do": "hello", "v": 1})
        if not said.frames:
            return str(said.end["code"])
        told = said.frames[0]
        return str(told["ok"]["you"]["kind"]) if "ok" in told else _outcome(told)

    # The plain protocol

    def plain(self, role: str, row: Row, kind: str) -> str:
        """What comes of connecting, or of what is said then."""
        room = self.room(row, kind, role)
        request, hello = self.credentials(role)
        headers = request.pop("additional_headers", {})
        if role == "guest":
            headers["Cookie"] = self.cookie(role)
        elif hello:
            headers["Authorization"] = f"Bearer {hello['token']}"
        with Plain(self.server.url, f"/wsmsg/{room}", additional_headers=headers, **request) as plain:
            first = plain.next()
            if not first.endswith(CONNECTED):
                assert plain.closed()[0] in (4001, 4003, 4004)
                return _line(first)
            if row.do == "say":
                plain.send("tea")
                answer = plain.next()
                return "ok" if answer.endswith("tea") else _line(answer)
            if row.do == "close":
                before = self.number(room) or 0
                plain.send("close")
                assert plain.next() == CLOSED
                assert plain.closed()[0] == 1000
                return "ok" if (self.number(room) or 0) > before else "own"
            return "ok"

    # HTTP

    def request(
        self,
        method: str,
        path: str,
        cookies: str = "",
        fields: Mapping[str, str] | None = None,
        **headers: str,
    ) -> tuple[HTTPResponse, str]:
        """An answer and its text. With `fields` a form is sent, from a page of the site."""
        named = {name.replace("_", "-"): value for name, value in {**self.headers, **headers}.items()}
        if cookies:
            named["Cookie"] = cookies
        body = None
        if fields is not None:
            named = {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.origin, **named}
            body = urlencode(fields)
        with closing(HTTPConnection("127.0.0.1", self.server.port, timeout=SECONDS)) as connection:
            connection.request(method, quote(path, safe="/?=&%"), body, named)
            answer = connection.getresponse()
            return answer, answer.read().decode(errors="replace")

    def post(self, path: str, fields: Mapping[str, str], cookies: str = "", **headers: str) -> HTTPResponse:
        """A form of the site's own page."""
        both = "; ".join(filter(None, [cookies, f"teahouse_csrf={CSRF}"]))
        if self.headers:  # Over https a page says where it comes from.
            headers = {"Referer": f"{self.origin}/", **headers}
        return self.request("POST", path, both, {**fields, "csrfmiddlewaretoken": CSRF}, **headers)[0]

    def page(self, page: table.Page, kind: str, role: str, *, token: bool = True) -> str:
        """The status, or `sign-in`."""
        room = self.room(page.row, kind, role) if kind != "-" else ""
        path = page.path.format(room=room, static=self.static, owner=self.owner_link)
        session = self.made["spare"][page.path].get(role) if page.ends else None
        cookies = [cookie for cookie in (self.cookie(role, session), f"teahouse_csrf={CSRF}") if cookie]
        fields = {**page.fields, **({"csrfmiddlewaretoken": CSRF} if token else {})}
        headers = (
            {"Authorization": f"Bearer {self.made['tokens'][role]}"} if role in ("bot", "revoked") else {}
        )
        answer, _ = self.request(
            page.method, path, "; ".join(cookies), fields if page.method == "POST" else None, **headers
        )
        to_sign_in = answer.status == 302 and "/sign-in/" in (answer.getheader("Location") or "")
        follows = (answer.getheader("Location") or "").startswith("/admin/login/")
        return "sign-in" if to_sign_in or follows else str(answer.status)


def _outcome(told: dict[str, Any]) -> str:
    if "ok" in told:
        return "ok"
    code = str(told["error"]["code"])
    return "-" if code == "not_found" else code


def _with_events(row: Row, told: str, before: int | None, after: int | None) -> str:
    """What was told, and whether it is so: an event came of what was done, none of what was refused."""
    if told == "ok" and row.stores:
        return "ok" if after != before else "same"
    return told if after == before else f"{told}, and it was done"


def _line(line: str) -> str:
    code = next(code for code, words in REFUSALS.items() if line == f"[{words}]")
    return "-" if code == "not_found" else code
