"""Where the faults happen: real servers with what they need, people who talk and read, and lines between to spoil."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sqlite3
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

import psycopg

from tests import services
from tests.faults.lines import Line
from tests.faults.people import Person, Talker, together
from tests.faults.record import EventRow, MessageRow, Record, Rows
from tests.servers import Browser, Teahouse, database_with_tables, make_owner

ROOMS: Final = ("tea", "kitchen")
PATIENCE: Final = 45.0
"""Seconds after which whoever is not back hangs. A client's dead connection takes 6 of them, a new login some."""
SECRET: Final = "a secret key of the tests that two servers share, long enough"
EVENTS: Final = (
    "SELECT r.slug, e.seq, e.kind, e.subject FROM teahouse_event e JOIN teahouse_room r ON r.id = e.room_id"
)
MESSAGES: Final = (
    "SELECT m.id, r.slug, m.key, m.seq, m.text, m.deleted_at"
    " FROM teahouse_message m JOIN teahouse_room r ON r.id = m.room_id"
)


class Server(Teahouse):
    """A `teahouse serve` that can be told where to die, to stop for a while, and to have no more files."""

    module: tuple[str, ...] = ("tests.live.dying",)
    within: tuple[str, ...] = ()  # What comes before the command, such as a network namespace.

    def command(self) -> list[str]:
        command = super().command()
        return [*self.within, sys.executable, "-m", *self.module, *command[command.index("serve") :]]

    def prepare(self) -> Server:
        super().prepare()
        self.env["TEST_DIES"] = str(self.folder / "dies")
        return self

    async def dies_at(self, point: str) -> None:
        """Waits until it has killed itself there."""
        Path(self.env["TEST_DIES"]).write_text(point)  # noqa: ASYNC240  A few bytes.
        assert self.process is not None
        status = await asyncio.to_thread(self.process.wait, 30)
        assert status == -signal.SIGKILL, status
        self.process = None

    def signals(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.signal_group(number)

    @contextlib.contextmanager
    def frozen(self) -> Any:
        self.signals(signal.SIGSTOP)
        try:
            yield
        finally:
            self.signals(signal.SIGCONT)

    async def again(self) -> None:
        await asyncio.to_thread(self.start)


class World(ABC):
    """Servers, lines to them, and people. What the subclasses say: which servers, and what is stored."""

    name: ClassVar[str]
    servers: list[Server]
    people: list[Person]

    def __init__(self, *, talkers: int = 2, readers: int = 3, rate: float = 20.0, seed: int = 0) -> None:
        self.record = Record()
        self.servers, self.people = [], []
        self._counts = (talkers, readers)
        self._rate, self._seed = rate, seed
        self._exit = AsyncExitStack()
        self.browser: Browser | None = None
        self.begun: dict[str, asyncio.Task[None]] = {}
        """Faults that were begun before it was their turn, by name: they take long."""

    @classmethod
    def is_possible(cls) -> bool:
        """Whether this machine allows it."""
        return True

    def take_thread(self) -> None:  # noqa: B027  Most have nothing to do.
        """Called in the thread in which everything of it will happen, before that."""

    # Coming and going

    async def open(self) -> None:
        try:
            await self._open_servers()
            # Whoever writes and whoever reads each has a line of their own to each server.
            self.talking = [await self.line(server.port, self.host_of(server)) for server in self.servers]
            self.reading = [await self.line(server.port, self.host_of(server)) for server in self.servers]
            await self._open_people()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        for task in self.begun.values():
            task.cancel()
        await asyncio.gather(*self.begun.values(), return_exceptions=True)
        await asyncio.gather(*(person.leave() for person in self.people))
        await self._exit.aclose()

    @abstractmethod
    async def _open_servers(self) -> None:
        """Starts what serves, and names it in `servers`."""

    @abstractmethod
    async def rows(self) -> Rows:
        """What is stored now."""

    def host_of(self, server: Server) -> str:
        """Where its port is reached."""
        return "127.0.0.1"

    async def enter(self, manager: Any) -> Any:
        """Something that is started in a thread and ended with the world."""
        entered = await asyncio.to_thread(manager.__enter__)
        self._exit.push_async_callback(asyncio.to_thread, manager.__exit__, None, None, None)
        return entered

    async def line(self, port: int, host: str = "127.0.0.1", *, listens: str = "127.0.0.1") -> Line:
        line = await Line(port, host).open(listens)
        self._exit.push_async_callback(line.close)
        return line

    async def _open_people(self) -> None:
        """On the first server most talk, on the last most read; where there are two, each has some of both."""
        talkers, readers = self._counts
        for number in range(talkers):
            line = self.talking[number % len(self.talking)]
            self.add(
                Talker(
                    self.record,
                    f"talker {number}",
                    address_of(line),
                    *ROOMS,
                    rate=self._rate,
                    seed=self._seed + number,
                )
            )
        for number in range(readers):
            line = self.reading[-1 - number % len(self.reading)]
            self.add(Person(self.record, f"reader {number}", address_of(line), *ROOMS))
        await self.all_live()

    def add(self, person: Person) -> Person:
        self.people.append(person)
        person.come()
        return person

    @property
    def talkers(self) -> list[Talker]:
        return [person for person in self.people if isinstance(person, Talker)]

    @property
    def readers(self) -> list[Person]:
        return [person for person in self.people if not isinstance(person, Talker)]

    @property
    def lines(self) -> list[Line]:
        return [*self.talking, *self.reading]

    # What is waited for

    async def all_live(self) -> None:
        await together(
            *(person.until(lambda person=person: person.is_live) for person in self.people),  # type: ignore[misc]
            seconds=PATIENCE,
            what="everyone is back",
        )

    async def more_said(self, messages: int = 10) -> None:
        """Waits until so many more are acknowledged: people talk."""
        enough = self.record.acknowledged + messages
        await until(lambda: self.record.acknowledged >= enough, PATIENCE, "people talk")

    async def all_is_well(self) -> None:
        """Everyone is back, everyone who speaks is heard by everyone."""
        await self.all_live()
        said = [talker.say(room, "is anybody there?") for talker in self.talkers for room in ROOMS]
        await together(
            *(talker.until(lambda one=one: bool(one.seq)) for one in said for talker in self.talkers),  # type: ignore[misc]
            seconds=PATIENCE,
            what="all is acknowledged",
        )
        await self._all_reached({room: max(one.seq for one in said if one.room == room) for room in ROOMS})

    async def _all_reached(self, heads: dict[str, int]) -> None:
        await together(
            *(person.reached(room, seq) for person in self.people for room, seq in heads.items()),
            seconds=PATIENCE,
            what=f"everyone has {heads}",
        )

    async def settle(self) -> None:
        """Lets everyone finish, and compares what they have with what is stored."""
        await self.hush()
        before: dict[str, int] = {}
        while True:
            rows = await self.rows()
            heads = {room: max(rows.events[room], default=0) for room in ROOMS}
            # A change whose sender lost its connection may still have been on its way to the disk.
            if heads == before:
                break
            await self._all_reached(heads)
            before = heads
        self.record.check(rows)

    def go_on(self) -> None:
        for talker in self.talkers:
            talker.paused = False

    async def hush(self) -> None:
        """Nobody speaks, and nothing of what was said is unanswered."""
        await together(
            *(talker.quiet() for talker in self.talkers), seconds=PATIENCE, what="all is acknowledged"
        )

    def was_put_back(self, rows: Rows) -> None:
        """The database is an older one: only this is stored. Nobody speaks, and nobody is connected."""
        self.record.put_back(rows, [(person.name, room) for person in self.people for room in ROOMS])
        for talker in self.talkers:
            talker.forget_but(rows.messages)

    # Words for faults

    async def signed_in(self) -> Browser:
        """A browser with a login of the site's owner, on the first server."""
        server = self.servers[0]
        if self.browser is None:
            self.browser = await asyncio.to_thread(make_owner, server, "mei", "a pot of oolong")
        browser = server.browser()
        page = await asyncio.to_thread(
            browser.submit, "/sign-in/", username="mei", password="a pot of oolong"
        )
        assert page.status == 200, page.text
        return browser

    async def manage(self, *words: str) -> str:
        status, printed = await asyncio.to_thread(self.servers[0].command_line, "manage", *words)
        assert status == 0, printed
        return printed


class One(World):
    """One process on SQLite."""

    name = "SQLite"
    data: Path | None = None

    async def _open_servers(self) -> None:
        self.servers = [await self.enter(self.new_server())]

    def new_server(self) -> Server:
        return Server(env={"TEAHOUSE_LIMITS": "off"}, data=self.data)

    @property
    def server(self) -> Server:
        return self.servers[0]

    @property
    def database(self) -> Path:
        return self.server.data / "teahouse.sqlite3"

    async def rows(self) -> Rows:
        return await asyncio.to_thread(self._rows)

    def _rows(self) -> Rows:
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            return rows_of(connection.execute(EVENTS), connection.execute(MESSAGES))

    @contextlib.contextmanager
    def held(self, seconds: float = 5.0) -> Any:
        """Another process holds the database's write lock."""
        with contextlib.closing(
            sqlite3.connect(self.database, timeout=seconds, isolation_level=None)
        ) as other:
            other.execute("BEGIN IMMEDIATE")
            yield
            other.execute("ROLLBACK")


class Two(World):
    """Two processes on PostgreSQL and Redis, which they reach over lines that can be spoilt."""

    name = "PostgreSQL and Redis"
    listens = "127.0.0.1"  # Where the lines to them are.

    async def _open_servers(self) -> None:
        self.postgres: services.Postgres = await self.enter(services.Postgres())
        self.redis: services.Redis = await self.enter(services.Redis())
        self.url = await asyncio.to_thread(database_with_tables, self.postgres)
        self.to_postgres = await self.line(self.postgres.port, listens=self.listens)
        self.to_redis = await self.line(self.redis.port, listens=self.listens)
        for number in range(2):
            self.servers.append(await self.enter(self.new_server(number)))

    def new_server(self, number: int) -> Server:
        return Server(env=self.env())

    def env(self) -> dict[str, str]:
        return {
            "DATABASE_URL": at(self.url, self.to_postgres.port),
            "REDIS_URL": at(self.redis.url, self.to_redis.port),
            "TEAHOUSE_LIMITS": "off",
            "TEAHOUSE_SECRET_KEY": SECRET,
        }

    async def rows(self) -> Rows:
        return await asyncio.to_thread(self._rows)

    def _rows(self) -> Rows:
        with psycopg.connect(self.url) as connection:
            return rows_of(connection.execute(EVENTS), connection.execute(MESSAGES))

    async def sql(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """One statement on the maintenance database, beside the lines."""
        return await asyncio.to_thread(self.postgres.execute, query, *values)


def address_of(line: Line) -> Callable[[], str]:
    return lambda: f"http://127.0.0.1:{line.port}"


def at(url: str, port: int, host: str = "127.0.0.1") -> str:
    """The same of another port and host."""
    parts = urlsplit(url)
    return url.replace(f"@{parts.hostname}:{parts.port}", f"@{host}:{port}").replace(
        f"//{parts.hostname}:{parts.port}", f"//{host}:{port}"
    )


def rows_of(events: Iterable[tuple[Any, ...]], messages: Iterable[tuple[Any, ...]]) -> Rows:
    found: dict[str, dict[int, EventRow]] = {room: {} for room in ROOMS}
    for room, seq, kind, subject in events:
        if room in found:
            found[room][seq] = EventRow(kind, subject)
    return Rows(
        found,
        {
            number: MessageRow(room, key, seq, None if deleted else text)
            for number, room, key, seq, text, deleted in messages
            if room in found
        },
    )


def open_files(server: Server) -> int:
    return sum(1 for _ in Path(f"/proc/{server.pid}/fd").iterdir())


async def until(fits: Callable[[], bool], seconds: float, what: str) -> None:
    """Waits for something that nobody tells of.

    Raises:
        AssertionError: it was not so within this time.
    """
    end = time.monotonic() + seconds
    while not fits():
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not after {seconds:.0f} s")
        await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def also_there(world: World, people: list[Person]) -> AsyncIterator[None]:
    """People who come for a while."""
    for person in people:
        world.add(person)
    try:
        yield
    finally:
        for person in people:
            world.people.remove(person)
        await asyncio.gather(*(person.leave() for person in people))
