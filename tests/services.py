"""The real servers that tests talk to: PostgreSQL, Redis, and where Chromium is.

Each runs on a free port of 127.0.0.1 from a temporary folder and is gone after the tests. Both are used as

    with Postgres() as postgres:
        url = postgres.create_database()

and both can be stopped, killed and started again on the same port, PostgreSQL with its data, Redis empty.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, Self
from uuid import uuid4

import psycopg

from tests.processes import Process, free_port, temporary_folder


class MissingProgram(RuntimeError):
    """A program that the tests need is not on this machine. `bin/test` installs it where it may."""

    def __init__(self, program: str, package: str) -> None:
        super().__init__(
            f"{program} was not found. On Debian: apt-get install {package} (bin/test does it where it may)"
        )


def find_program(name: str, package: str, folders: Iterable[Path] = ()) -> Path:
    """The program from PATH or one of `folders`, the first first."""
    found = shutil.which(name)
    for folder in folders:
        found = found or shutil.which(name, path=str(folder))
    if found is None:
        raise MissingProgram(name, package)
    return Path(found)


def _postgres_folders() -> list[Path]:
    """Debian keeps each version's server programs off the PATH. The newest first."""
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    return sorted(versions, key=lambda folder: float(folder.parent.name), reverse=True)


def _unprivileged_user() -> str | None:
    """PostgreSQL refuses to run as root; None where we are not root anyway."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


class Postgres:
    """A PostgreSQL server of its own, fsync and synchronous_commit on as in real life.

    Its role `teahouse` is a superuser and has a password, as on a real server: a wrong one is refused.
    """

    user = "teahouse"
    password = "oolong"

    def __init__(self, **settings: str) -> None:
        """`settings` go to the server as they are: Postgres(statement_timeout="1s")."""
        self.port = free_port()
        self.settings = settings
        self.process: Process | None = None
        self._exit = ExitStack()
        self._owner = _unprivileged_user()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.folder = stack.enter_context(temporary_folder("postgres", self._owner))
            self._make_cluster()
            stack.callback(self._end)
            self.start()
            self._exit = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._exit.close()

    @property
    def url(self) -> str:
        """Of the maintenance database; `create_database` gives one for a test."""
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        return f"postgres://{self.user}:{self.password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Starts the server, again on the same port and data, and waits until it answers."""
        options = {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "shared_buffers": "32MB",
            "max_connections": "60",
            **self.settings,
        }
        arguments = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        self.process = Process(
            [self._program("postgres"), "-D", self._data, *arguments],
            log=self.folder / "log",
            env=self._environment(),
            cwd=self.folder,
            user=self._owner,
        )
        self.process.wait_until(self._answers, "answering")

    def stop(self) -> None:
        """A fast shutdown: sessions are cut off, everything is written."""
        if self.process is not None:
            self.process.stop(number=signal.SIGINT)
            self.process = None

    def kill(self) -> None:
        """As a loss of power: nothing more is written. `start` recovers from the log."""
        if self.process is not None:
            # "Immediate shutdown": the postmaster kills its children, so that the port and the
            # shared memory are free when this returns; SIGKILL would leave them behind for a while.
            self.process.stop(number=signal.SIGQUIT)
            self.process = None

    def create_database(self, name: str | None = None, like: str = "template1") -> str:
        """A fresh, empty database, or a copy of another to which nobody is connected; its URL."""
        name = name or f"test_{uuid4().hex}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{like}"')
        return self.url_of(name)

    def drop_database(self, url: str) -> None:
        """Drops it, cutting off whoever is connected."""
        name = url.rpartition("/")[2]
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def disconnect(self, url: str) -> int:
        """Ends every connection to this database, and waits until they are gone; how many there were."""
        name = url.rpartition("/")[2]
        # Of clients: its own autovacuum may be at work there as well.
        ours = "datname = %s AND backend_type = 'client backend'"
        return len(
            self.execute(f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE {ours}", name)
        )

    def dump(self, url: str) -> bytes:
        """SQL that makes all of this database again, by `load`."""
        command = [str(self._program("pg_dump")), "--no-owner", url]
        return subprocess.run(command, capture_output=True, check=True).stdout

    def load(self, url: str, dump: bytes) -> None:
        options = ["-X", "-q", "-1", "-o", os.devnull, "-v", "ON_ERROR_STOP=1"]
        command = [str(self._program("psql")), *options, url]
        subprocess.run(command, input=dump, check=True)

    def execute(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Runs one statement outside of any transaction, on the maintenance database."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(query, values or None)
            return list(cursor.fetchall()) if cursor.description else []

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _program(self, name: str) -> Path:
        return find_program(name, "postgresql", _postgres_folders())

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "HOME": str(self.folder)}

    def _make_cluster(self) -> None:
        secret = self.folder / "password"
        secret.write_text(self.password)
        if self._owner is not None:
            shutil.chown(secret, self._owner)
        command: list[str | Path] = [
            self._program("initdb"),
            "-D",
            self._data,
            "-U",
            self.user,
            "--pwfile",
            secret,
        ]
        command += ["-A", "scram-sha-256", "-E", "UTF8", "--no-sync", "--no-instructions"]
        made = Process(
            command, log=self.folder / "log", env=self._environment(), cwd=self.folder, user=self._owner
        )
        if made.wait(60) != 0:
            raise AssertionError(f"initdb failed:\n{made.tail()}")

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _end(self) -> None:
        """At the very end nothing needs to be written any more."""
        self.kill()


class Redis:
    """A Redis server of its own, which stores nothing on disk. With a password if one is given."""

    def __init__(self, password: str | None = None) -> None:
        self.port = free_port()
        self.password = password
        self.process: Process | None = None
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.folder = stack.enter_context(temporary_folder("redis"))
            stack.callback(self.kill)
            self.start()
            self._exit = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._exit.close()

    @property
    def url(self) -> str:
        login = f":{self.password}@" if self.password else ""
        return f"redis://{login}127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Starts the server, again on the same port and empty, and waits until it answers."""
        command: list[str | Path] = [
            find_program("redis-server", "redis-server"),
            "--port",
            str(self.port),
            "--dir",
            self.folder,
        ]
        command += ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        if self.password:
            command += ["--requirepass", self.password]
        self.process = Process(command, log=self.folder / "log")
        self.process.wait_until(self._answers, "answering")

    def stop(self) -> None:
        """An ordinary shutdown."""
        if self.process is not None:
            self.process.stop()
            self.process = None

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process = None

    def pause(self) -> None:
        """SIGSTOP: connections stay open, the system still accepts new ones, nothing is answered."""
        assert self.process is not None, "a Redis that does not run cannot be paused"
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self.process is not None, "a Redis that does not run cannot go on"
        self.process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        """Any answer will do: with a password it is an error, which is an answer too."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                connection.sendall(b"PING\r\n")
                answer = connection.recv(100)
        except OSError:
            return False
        return answer.startswith((b"+PONG", b"-NOAUTH"))


CHROMIUMS: Final = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def chromium_path() -> Path:
    """Debian's Chromium, or another build of it. Without a window's menus and tabs it costs half as much."""
    for name in CHROMIUMS:
        if found := shutil.which(name):
            return Path(found)
    raise MissingProgram("chromium", "chromium-headless-shell fonts-noto-cjk")


def chromium_options() -> dict[str, Any]:
    """What `playwright.chromium.launch` is called with: `await p.chromium.launch(**chromium_options())`.

    Chromium looks for updates and for its maker's hosts at every start; a test's browser must ask nobody
    but the server under test. Playwright gives it a new empty profile each time.
    """
    flags = [
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-sync",
        "--no-default-browser-check",
    ]
    flags += ["--disable-background-networking", "--disable-component-update", "--disable-domain-reliability"]
    return {
        "executable_path": str(chromium_path()),
        "headless": True,
        # Chromium's sandbox refuses to start as root.
        "chromium_sandbox": os.geteuid() != 0,
        "args": flags,
    }


def has_cjk_font() -> bool:
    """Whether Chinese text can be shown: without such a font a screenshot holds empty boxes."""
    listed = subprocess.run(["fc-list", ":lang=zh", "family"], capture_output=True, text=True, check=False)
    return bool(listed.stdout.strip())
