"""A site for the pictures, made as people make one: by forms and sockets. Only when something was said is put into the
database, since nobody waits for a conversation of two days.
"""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from random import Random
from threading import Event, Thread
from typing import Any, Self

from tests.clients import Client
from tests.server.accounts import cookie, invite, sign_up
from tests.servers import Browser, Teahouse, make_owner
from tests.shots.said import Place, Room, Said


class Shown:
    """The site of a place. `owner`: whose windows are shown."""

    def __init__(self, server: Teahouse, place: Place) -> None:
        self.server = server
        self.place = place
        self.browsers: dict[str, Browser] = {}
        self.ids: dict[str, int] = {}
        self.rooms: dict[str, str] = {}
        self.directs: list[str] = []
        self._clients: dict[str, Client] = {}
        self._tickets: dict[str, str] = {}
        self._ended = Event()
        self._times: list[tuple[int, int]] = []
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self._exit.close()

    @property
    def owner(self) -> Browser:
        return self.browsers[self.place.people[0]]

    def fill(self) -> None:
        """Makes all of it, and has everybody come in again."""
        self._make_people()
        self._make_rooms()
        for people, said in self.place.direct:
            others = [self.ids[name] for name in people[1:]]
            made = self._clients[people[0]].ok(do="direct", people=others)
            self.directs.append(made["room"]["room"])
            self._talk(self.directs[-1], said)
        self.invitation = invite(self.owner, places="12", days="7", note=self.place.invitation)
        self._exit.close()
        self.server.terminate()
        self._set_times()
        self.server.start()
        self._come(*self.place.people[1:3], self.place.guest)
        Thread(target=self._chat, daemon=True).start()

    def _chat(self) -> None:
        """Somebody talks all the while, in a room that the owner does not look at: the page of the state shows it."""
        name = self.place.people[3]
        draw = Random(1)
        with Client(self.server.url, **cookie(self.browsers[name])) as client:
            client.ok(do="subscribe", room="stock", make=True)
            while not self._ended.wait(draw.choice((0.2, 0.4, 1.5, 3))):
                client.say("stock", "…")

    def _make_people(self) -> None:
        owner, *others = self.place.people
        self.browsers[owner] = make_owner(self.server, owner)
        self.owner.submit("/welcome/", name=self.place.name)
        link = invite(self.owner, places="9", days="1", note="")
        for name in others:
            self.browsers[name] = self.server.browser()
            sign_up(self.browsers[name], link, name)
        for name, status in zip(self.place.people, self.place.statuses, strict=True):
            self.browsers[name].submit("/account/", name="", status=status)
        self._come(*self.place.people, self.place.guest, subscribe=False)

    def _come(self, *names: str, subscribe: bool = True) -> None:
        for name in names:
            known = cookie(self.browsers[name]) if name in self.browsers else {"name": name}
            if name in self._tickets:  # As the same guest.
                known = {"token": self._tickets[name]}
            client = self._exit.enter_context(Client(self.server.url, **known))
            self._clients[name], self.ids[name] = client, client.you["id"]
            if client.ticket:
                self._tickets[name] = client.ticket
            if subscribe:
                client.ok(do="subscribe", room="main")

    def _make_rooms(self) -> None:
        owner = self._clients[self.place.people[0]]
        for index, room in enumerate(self.place.rooms):
            if index == 0:
                owner.ok(do="subscribe", room="main")
                owner.ok(do="change", room="main", title=room.title, topic=room.topic)
                self.rooms[room.title] = "main"
            else:
                self.rooms[room.title] = self._make(room)
            for name in room.people:
                client = self._clients[name]
                if room.kind != "private":
                    client.ok(do="join", room=self.rooms[room.title])
            self._talk(self.rooms[room.title], room.said)

    def _make(self, room: Room) -> str:
        maker = self._clients[room.said[0].by]
        kind = "private" if room.kind == "private" else "open"
        speaking = "moderators" if room.kind == "news" else "everyone"
        made = maker.ok(do="make", title=room.title, topic=room.topic, kind=kind, speaking=speaking)
        slug = str(made["room"]["room"])
        if room.kind == "private":
            maker.ok(do="invite", room=slug, people=[self.ids[name] for name in room.people])
        return slug

    def _talk(self, room: str, said: tuple[Said, ...]) -> None:
        ids: list[int] = []
        for one in said:
            client = self._clients[one.by]
            reply: dict[str, Any] = {"reply": ids[-one.to]} if one.to else {}
            stored = client.ok(do="send", room=room, key=f"shot-{len(self._times)}", text=one.text, **reply)
            ids.append(stored["message"])
            self._times.append((stored["message"], one.ago))
            for emoji, people in one.liked:
                for name in people:
                    self._clients[name].ok(do="react", room=room, message=stored["message"], emoji=emoji)

    def _set_times(self) -> None:
        now = datetime.now(UTC).replace(tzinfo=None)
        rows = [((now - timedelta(minutes=ago)).isoformat(" "), message) for message, ago in self._times]
        with (
            closing(sqlite3.connect(self.server.data / "teahouse.sqlite3", timeout=20)) as database,
            database,
        ):
            for table, column in (("message", "id"), ("event", "subject")):
                kind = "" if table == "message" else " AND kind = 'message'"
                database.executemany(f"UPDATE teahouse_{table} SET at = ? WHERE {column} = ?{kind}", rows)
