"""A site as an earlier release left it: what `freeze.py` writes, and `test_releases.py` opens with today's program.

Of each release there is a folder with

    site.tar.xz         the data folder, on SQLite, as `teahouse serve` left it
    postgres.sql.xz     the same in PostgreSQL, as statements
    known.json          what its people knew: a `Known`

Its secrets are of nobody's: they were made for it.
"""

from __future__ import annotations

import lzma
import tarfile
from pathlib import Path
from typing import Any, Final

import psycopg
from pydantic import BaseModel

from tests.clients import Client
from tests.servers import Teahouse

RELEASES: Final = Path(__file__).with_name("releases")
SITE, DUMP, KNOWN = "site.tar.xz", "postgres.sql.xz", "known.json"


class Place(BaseModel):
    """A room as one who reads it knew it.

    Attributes:
        old, last: positions, from half way and from the end.
        messages: all of them, as `history` gave them.
        missed: the events behind `old`, as a resume gave them.
    """

    reader: str
    old: dict[str, Any]
    last: dict[str, Any]
    messages: list[dict[str, Any]]
    missed: list[dict[str, Any]]


class Said(BaseModel):
    """A message that was acknowledged."""

    by: str
    room: str
    key: str
    text: str
    message: int
    seq: int


class Known(BaseModel):
    """Everything that must still hold.

    Attributes:
        people: by name, as `hello` gave them.
        tickets, passwords, tokens: by name, what each comes with.
        revoked: a token that is good no more.
        gone: texts that were deleted or replaced, and are shown to nobody.
        outsider: who may not see the private rooms.
        marks: by name, of the own rooms the read mark and the mentions.
        waiting: by room, texts of the outbox.
    """

    version: str
    people: dict[str, dict[str, Any]]
    tickets: dict[str, str]
    passwords: dict[str, str]
    tokens: dict[str, str]
    revoked: str
    outsider: str
    places: dict[str, Place] = {}
    said: list[Said] = []
    gone: list[str] = []
    marks: dict[str, dict[str, list[int]]] = {}
    waiting: dict[str, list[str]] = {}

    def enter(self, server: Teahouse, name: str) -> Client:
        """The person with what they have: a ticket, a token, or a password for a login."""
        if name in self.passwords:
            browser = server.browser()
            page = browser.submit("/sign-in/", username=name, password=self.passwords[name])
            assert page.status == 200, page.text
            cookie = f"teahouse_session={browser.cookie('teahouse_session')}"
            return Client(server.url, additional_headers={"Cookie": cookie, "Origin": server.url})
        return Client(server.url, token=self.tickets.get(name) or self.tokens[name])

    def marks_of(self, client: Client) -> dict[str, list[int]]:
        return {room["room"]: [room["read"], room["mentions"]] for room in client.hello["rooms"]}


def releases() -> list[Path]:
    return sorted(path.parent for path in RELEASES.glob(f"*/{KNOWN}"))


def known(release: Path) -> Known:
    return Known.model_validate_json((release / KNOWN).read_bytes())


def unpack(release: Path, data: Path) -> None:
    """The release's data folder, in the place of one that is not there yet."""
    with tarfile.open(release / SITE) as tar:
        tar.extractall(data, filter="data")


def load(release: Path, url: str) -> None:
    """The release's statements, into an empty PostgreSQL database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(lzma.decompress((release / DUMP).read_bytes()))


def history(client: Client, room: str) -> list[dict[str, Any]]:
    """All messages of a room, the first first."""
    messages: list[dict[str, Any]] = []
    while True:
        after = messages[-1]["seq"] if messages else 0
        page = client.ok(do="history", room=room, after=after, limit=200)
        messages += page["messages"]
        if not page["more"]["after"]:
            return messages


def missed(client: Client, room: str, since: dict[str, Any]) -> list[dict[str, Any]]:
    """What a client gets that comes back with this position, until it is live."""
    events: list[dict[str, Any]] = []
    while True:
        page = client.ok(do="subscribe", room=room, since=since)
        assert "reset" not in page, f"{room}: another history"
        events += page["events"]
        if not page["more"]:
            return events
        since = {**since, "seq": events[-1]["seq"]}
