"""Keeps a site of this version for those to come:  bin/freeze

Run once for each release. It starts the server, lets people talk, and leaves in tests/server/releases/VERSION what
`frozen.py` says. From then on tests/server/test_releases.py opens it with whatever the program has become.
"""

from __future__ import annotations

import lzma
import subprocess
import sys
import tarfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from teahouse import __version__
from tests import services
from tests.clients import Client, Plain
from tests.server.frozen import DUMP, KNOWN, RELEASES, SITE, Known, Place, Said, history, missed
from tests.servers import Teahouse, make_owner

PASSWORD: Final = "a pot of oolong"
NOT_KEPT: Final = {"lock", "backups"}
PRIVATE: Final = {"kitchen": "bob", "mei-and-bob": "mei"}
"""Rooms that not everybody sees, and who tells what is in them."""
ROOMS: Final = {"main": "alice", "茶馆": "梅", **PRIVATE, "@me": "bob"}
MAKE: Final = f"""
from django.contrib.auth.models import User
from teahouse.actions import people
from teahouse.models import Member, Person, Room
bob = people.ensure_person(User.objects.create_user("bob", password="{PASSWORD}"))
gone = people.ensure_person(User.objects.create_user("gone", password="{PASSWORD}"))
people.deactivate(gone)
mei = Person.objects.get(name="mei")
for slug, kind in (("kitchen", "private"), ("mei-and-bob", "direct")):
    room = Room.objects.create(slug=slug, title=slug.capitalize(), topic="of those who belong", kind=kind, made_by=mei)
    Member.objects.create(room=room, person=mei, role="owner")
    Member.objects.create(room=room, person=bob)
"""


class Talk:
    """What is done before a site is frozen, and what came of it."""

    def __init__(self, server: Teahouse, stack: ExitStack) -> None:
        self._server = server
        make_owner(server, "mei", PASSWORD)
        self._manage("shell", "--no-imports", "-c", MAKE)
        token = self._manage("teahouse_token", "robot").split()[-1]
        revoked = self._manage("teahouse_token", "robot", "--label", "old").split()[-1]
        self._manage("teahouse_token", "robot", "--revoke", "2")
        self.known = Known(
            version=__version__,
            people={},
            tickets={},
            passwords={"mei": PASSWORD, "bob": PASSWORD},
            tokens={"robot": token},
            revoked=revoked,
            outsider="alice",
        )
        self._clients: dict[str, Client] = {}
        for name in ("alice", "梅"):
            guest = self._clients[name] = stack.enter_context(Client(server.url, name))
            assert guest.ticket is not None
            self.known.tickets[name] = guest.ticket
        for name in ("mei", "bob", "robot"):
            self._clients[name] = stack.enter_context(self.known.enter(server, name))
        self.known.people = {name: client.you for name, client in self._clients.items()}

    def run(self) -> Known:
        for name in ("alice", "梅"):
            self._clients[name].ok(do="subscribe", room="茶馆", make=True)
        self._first_half()
        old = {room: self._position(room) for room in ROOMS}
        self._second_half()
        for room, reader in ROOMS.items():
            client = self._clients[reader]
            self.known.places[room] = Place(
                reader=reader,
                old=old[room],
                last=self._position(room),
                messages=[] if room == "@me" else history(client, room),
                missed=missed(client, room, old[room]),
            )
        for name in ("mei", "bob"):
            with self.known.enter(self._server, name) as again:
                self.known.marks[name] = self.known.marks_of(again)
        return self.known

    def _first_half(self) -> None:
        for number in range(4):
            self._say("alice", "main", f"{number}: hello, **everyone**, see https://example.org/a?b=1&c=<d>")
            self._say("梅", "茶馆", f"{number}：你好，喝茶吗？🍵")
        self._say("bob", "main", "Who speaks in an open room belongs to it.")
        self._say("mei", "main", "```python\nprint('a < b & c')\n```")
        self._say("robot", "main", "beep")
        self._say("mei", "kitchen", "Only for those who belong.")
        self._say("bob", "mei-and-bob", "Only for you.")
        self._say("alice", "main", "a text that is replaced")
        self._say("alice", "main", "a text that is deleted")
        self._say("mei", "kitchen", "a secret that is deleted")
        with Plain(self._server.url, "/wsmsg?name=typist") as typist:
            typist.next()
            typist.send("typed <b>by hand</b>")
            typist.next()

    def _second_half(self) -> None:
        alice, bob, mei = (self._clients[name] for name in ("alice", "bob", "mei"))
        by_text = {said.text: said.message for said in self.known.said}
        self._edit(alice, "main", by_text["a text that is replaced"], "the text that *stays*")
        alice.ok(do="delete", room="main", message=by_text["a text that is deleted"])
        mei.ok(do="delete", room="kitchen", message=by_text["a secret that is deleted"])
        self.known.gone += ["a text that is replaced", "a text that is deleted", "a secret that is deleted"]
        for client, emoji in ((alice, "🍵"), (bob, "🍵"), (mei, "👍")):
            client.ok(do="react", room="main", message=by_text["beep"], emoji=emoji)
        mei.ok(do="react", room="main", message=by_text["beep"], emoji="👍", on=False)
        self._say("alice", "main", "@bob, have you seen that?")
        self._say("mei", "kitchen", "@bob and @mei wash up")
        bob.ok(do="read", room="main", seq=9)
        bob.ok(do="read", room="kitchen", seq=1)
        replaced = self._say("bob", "kitchen", "a draft")
        self._edit(bob, "kitchen", replaced, "second draft")
        self._edit(bob, "kitchen", replaced, "`final`")
        self.known.gone += ["a draft", "second draft"]
        mei.ok(do="delete", room="main", message=self._say("bob", "main", "moderated away"))
        self.known.gone.append("moderated away")
        for number in range(6):
            self._say("梅", "茶馆", f"第 {number} 杯")

    def _say(self, by: str, room: str, text: str) -> int:
        key = f"frozen-{len(self.known.said)}"
        stored = self._clients[by].say(room, text, key)
        self.known.said.append(
            Said(by=by, room=room, key=key, text=text, message=stored["message"], seq=stored["seq"])
        )
        return int(stored["message"])

    def _edit(self, client: Client, room: str, message: int, text: str) -> None:
        client.ok(do="edit", room=room, message=message, text=text)

    def _position(self, room: str) -> dict[str, Any]:
        position: dict[str, Any] = self._clients[ROOMS[room]].ok(do="subscribe", room=room)["position"]
        return position

    def _manage(self, *words: str) -> str:
        status, printed = self._server.command_line("manage", *words)
        assert status == 0, printed
        return printed


def leave_waiting(server: Teahouse, known: Known) -> None:
    """What nobody has said yet: the server is stopped."""
    for room, text in (
        ("main", "Left *while* nobody served."),
        ("main", "And another."),
        ("kitchen", "Dinner."),
    ):
        status, printed = server.command_line("manage", "teahouse_post", room, text)
        assert status == 0, printed
        known.waiting.setdefault(room, []).append(text)


def pack(data: Path, path: Path) -> None:
    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        if entry.name in NOT_KEPT:
            return None
        entry.uid = entry.gid = entry.mtime = 0
        entry.uname = entry.gname = ""
        return entry

    with tarfile.open(path, "w:xz", preset=9) as tar:
        for file in sorted(data.iterdir()):
            tar.add(file, file.name, filter=plain)


def dump(url: str, path: Path) -> None:
    """As statements that any PostgreSQL of the last years runs, without psql."""
    program = services.find_program("pg_dump", "postgresql", services._postgres_folders())
    options = ["--inserts", "--no-owner", "--no-privileges", "--no-comments", url]
    made = subprocess.run([program, *options], capture_output=True, check=True, text=True).stdout
    kept = [line for line in made.splitlines() if not line.startswith(("\\", "--", "SET "))]
    path.write_bytes(lzma.compress("\n".join(line for line in kept if line).encode(), preset=9))


def main() -> int:
    folder = RELEASES / __version__
    folder.mkdir(parents=True, exist_ok=True)
    off = {"TEAHOUSE_LIMITS": "off"}
    with services.Postgres() as postgres, Teahouse(env=off) as server:
        with ExitStack() as stack:
            known = Talk(server, stack).run()
        server.terminate()
        leave_waiting(server, known)
        pack(server.data, folder / SITE)
        url = postgres.create_database()
        status, printed = server.command_line("move", url)
        assert status == 0, printed
        dump(url, folder / DUMP)
    text = known.model_dump_json(indent=1)
    (folder / KNOWN).write_text(text + "\n", encoding="utf-8")
    for file in sorted(folder.iterdir()):
        print(f"{file.relative_to(Path.cwd())}: {file.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
