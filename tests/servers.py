"""`teahouse serve` as a person starts it: a real process, its own data folder, a free port.

    with Teahouse() as server:
        server.url, server.ws_url, server.owner_link
        server.kill()
        server.start()          # again, same port and data

What it prints goes to `server.log`; a test that fails shows the end of it (`failure_report`).
"""

from __future__ import annotations

import email.message
import http.cookiejar
import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Final, Self
from weakref import WeakKeyDictionary

from tests.forked import Starter, libraries, starter
from tests.processes import Process, free_port, temporary_folder
from tests.services import Postgres
from tests.shared import once

ROOT = Path(__file__).parent.parent
LINES: Final = 60
DATABASE: Final = "teahouse.sqlite3"
PROGRAM: Final = [sys.executable, "-m", "teahouse"]
_running: set[Teahouse] = set()
_ended: list[str] = []


def environment(**more: str) -> dict[str, str]:
    """What the program gets: nothing of the tests' own settings, English, no proxies."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "SYSTEMROOT", "TMPDIR") if name in os.environ}
    # Warnings are errors in the server too; a thread or task that ends with an exception is in its log.
    return {**kept, "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **more}


class Teahouse:
    """One `teahouse serve`. `env` holds settings; `workers` above 1 needs DATABASE_URL and REDIS_URL in it. `forked`:
    quickly started, and quick to hash passwords."""

    def __init__(
        self,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        workers: int = 1,
        port: int | None = None,
        host: str = "127.0.0.1",
        data: Path | None = None,
        forked: bool = True,
    ) -> None:
        self.forked = forked
        self.arguments = list(arguments)
        self.env = dict(env or {})
        self.workers = workers
        self.port = port or free_port()
        self.host = host
        self.process: Process | None = None
        self._given_data = data
        self._printed = 0
        self._exit = ExitStack()

    def __enter__(self) -> Self:
        """Makes the folder and starts the server, ready when this returns. The tables are there already."""
        self.prepare()
        try:
            if not self.data.exists() and "DATABASE_URL" not in self.env:
                self.make_tables()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: object, *error: object) -> None:
        if kind is not None:
            _ended.append(_tail(self))
        self.close()

    def prepare(self) -> Self:
        """The folder alone, for tests that put something into it or expect a refusal; `close` removes it."""
        self.folder = self._exit.enter_context(temporary_folder("serve"))
        self.data = self._given_data or self.folder / "data"
        self.log = self.folder / "log"
        self.log.touch()
        _running.add(self)
        return self

    def make_tables(self) -> Self:
        """The folder with an empty database, so that the start need not make it."""
        self.data.mkdir(mode=0o700)
        (self.data / DATABASE).touch(0o600)
        (self.data / DATABASE).write_bytes(empty_database())
        return self

    def close(self) -> None:
        self.kill()
        _running.discard(self)
        self._exit.close()

    @property
    def url(self) -> str:
        """Without a final slash."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def owner_link(self) -> str:
        """The one that the last start printed."""
        found = re.findall(r"https?://\S+/owner/\S+/", self.output())
        assert found, f"no owner link was printed:\n{self.output()}"
        return str(found[-1])

    @property
    def pid(self) -> int:
        assert self.process is not None, "the server does not run"
        return self.process.pid

    def output(self) -> str:
        """All that it printed, since its first start."""
        return self.log.read_text(errors="replace")

    def output_of_this_start(self) -> str:
        return self.log.read_bytes()[self._printed :].decode(errors="replace")

    def command(self) -> list[str]:
        options = ["--host", self.host, "--port", str(self.port), "--data", str(self.data)]
        if self.workers > 1:
            options += ["--workers", str(self.workers)]
        return [*PROGRAM, "serve", *options, *self.arguments]

    def begin(self) -> Process:
        """Starts it and does not wait."""
        self._printed = self.log.stat().st_size
        command, env = self.command(), environment(**self.env)
        started = None
        interpreter, option, module, *words = command
        if self.forked and [interpreter, option] == PROGRAM[:2]:
            with self.log.open("ab") as output:
                started = starter.start(words, env, self.folder, output.fileno(), module)
        self.process = Process(command, log=self.log, env=env, cwd=self.folder, started=started)
        return self.process

    def start(self, timeout: float = 90) -> None:
        """Starts it, again on the same port and data, and waits until it says that it is open."""
        self.begin().wait_until(lambda: "Ctrl-C" in self.output_of_this_start(), "open", timeout)

    def refused(self, timeout: float = 90) -> tuple[int, str]:
        """Starts it where it must not serve: exit status and what it said."""
        process = self.begin()
        status = process.wait(timeout)
        self.process = None
        return status, self.output_of_this_start()

    def kill(self) -> None:
        """`kill -9` to it and its workers at once."""
        if self.process is not None:
            self.process.kill()
            self.process = None

    def terminate(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Asks it to stop and waits: the exit status."""
        assert self.process is not None, "the server does not run"
        process, self.process = self.process, None
        return process.stop(number=number)

    def restart(self) -> None:
        """An ordinary stop and a new start."""
        self.terminate()
        self.start()

    def worker_pids(self) -> list[int]:
        """The processes that serve, behind the one that was started."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [int(pid) for pid in children]

    def command_line(self, *words: str, stdin: str | None = None) -> tuple[int, str]:
        """Another `teahouse …` with this server's folder and settings: exit status and output."""
        env = {**self.env, "TEAHOUSE_DATA": str(self.data)}
        return command_line(*words, env=env, stdin=stdin, cwd=self.folder, fork=self.forked)

    def browser(self) -> Browser:
        return Browser(self.url)

    def sessions(self) -> int:
        """How many are open, those over HTTP that wait too."""
        return int(self.browser().get("/health/ready").json()["sessions"])


def command_line(
    *words: str,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
    cwd: Path | None = None,
    fork: bool = True,
) -> tuple[int, str]:
    """`teahouse …` run to its end: exit status, and what it printed to both outputs."""
    variables = environment(**(env or {}))
    if fork and stdin is None and (forked := _forked_command(starter, "teahouse", words, variables, cwd)):
        return forked
    return _run([*PROGRAM, *words], variables, cwd, stdin)


def of_project(folder: Path, file: str, *words: str) -> tuple[int, str]:
    """`python FILE WORDS…` in a project's folder: exit status, and what it printed to both outputs."""
    return script(file, *words, env=environment(), cwd=folder)


def script(file: str | Path, *words: str, env: Mapping[str, str], cwd: Path) -> tuple[int, str]:
    """`python FILE WORDS…` of a project with settings of its own; it imports from `cwd`."""
    forked = _forked_command(libraries, str(file), words, env, cwd)
    return forked or _run([sys.executable, str(file), *words], env, cwd, None)


def process_of(program: str, *words: str, log: Path, env: Mapping[str, str], cwd: Path) -> Process:
    """`python -m PROGRAM WORDS…`, or a project's `python FILE.py WORDS…`, which runs on and prints to `log`."""
    with log.open("ab") as output:
        started = libraries.start(words, env, cwd, output.fileno(), program)
    command = [sys.executable, *([] if program.endswith(".py") else ["-m"]), program, *words]
    return Process(command, log=log, env=env, cwd=cwd, started=started)


def _run(
    command: Sequence[str], env: Mapping[str, str], cwd: Path | None, stdin: str | None
) -> tuple[int, str]:
    done = subprocess.run(
        command,
        env=env,
        cwd=cwd,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=100,
    )
    return done.returncode, done.stdout


def _forked_command(
    by: Starter, module: str, words: Sequence[str], env: Mapping[str, str], cwd: Path | None
) -> tuple[int, str] | None:
    with TemporaryFile() as output:
        started = by.start(words, env, cwd, output.fileno(), module)
        if started is None:
            return None
        try:
            status = started.wait(100)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            raise
        output.seek(0)
        return status, output.read().decode(errors="replace")


@cache
def empty_database() -> bytes:
    """An SQLite database with its tables and nothing in them, as the first start makes it in half of its time. The
    tests of that start make it anew."""
    return once("tables.sqlite3", _tables_of_sqlite)


def _tables_of_sqlite() -> bytes:
    with temporary_folder("tables") as folder:
        status, said = command_line("manage", "--data", str(folder / "data"), "migrate")
        assert status == 0, said
        made = folder / "data" / DATABASE
        assert not made.with_name(f"{DATABASE}-wal").exists()
        return made.read_bytes()


def database_with_tables(postgres: Postgres) -> str:
    """The URL of a fresh database with tables and nothing in them: like `empty_database`, on PostgreSQL."""
    if postgres not in _templates:
        url = postgres.create_database()
        postgres.load(url, once("tables.sql", lambda: _tables_of(postgres)))
        _templates[postgres] = url.rpartition("/")[2]
    return postgres.create_database(like=_templates[postgres])


def _tables_of(postgres: Postgres) -> bytes:
    url = postgres.create_database()
    with temporary_folder("tables") as folder:
        env = {"DATABASE_URL": url, "TEAHOUSE_DATA": str(folder / "data")}
        status, said = command_line("manage", "migrate", env=env)
    assert status == 0, said
    return postgres.dump(url)


_templates: WeakKeyDictionary[Postgres, str] = WeakKeyDictionary()


def failure_report() -> str:
    """The end of what the servers printed that run now, or that ended with an error since the last report."""
    told = [*_ended, *(_tail(server) for server in _running)]
    _ended.clear()
    return "\n\n".join(told)


def _tail(server: Teahouse) -> str:
    return "\n".join([f"--- {server.url} ---", *server.output().splitlines()[-LINES:]])


@dataclass
class Answer:
    """An HTTP answer."""

    status: int
    url: str
    headers: email.message.Message
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class Browser:
    """Cookies, forms with their CSRF token, an Origin: what a browser does, without one."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.cookies = http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(strict_ns_domain=0))
        handlers = [urllib.request.HTTPCookieProcessor(self.cookies), urllib.request.ProxyHandler({})]
        self._following = urllib.request.build_opener(*handlers)
        self._staying = urllib.request.build_opener(*handlers, _Stay)

    def get(self, path: str, *, follow: bool = True, **headers: Any) -> Answer:
        return self._open(urllib.request.Request(self._full(path), headers=_named(headers)), follow=follow)

    def post(self, path: str, fields: Mapping[str, str], *, follow: bool = True, **headers: Any) -> Answer:
        body = urllib.parse.urlencode(fields).encode()
        request = urllib.request.Request(
            self._full(path), data=body, headers={"Origin": self.base, **_named(headers)}, method="POST"
        )
        return self._open(request, follow=follow)

    def submit(self, path: str, *, follow: bool = True, **fields: Any) -> Answer:
        """Opens the page and sends its form, hidden fields included."""
        page = self.get(path)
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
        return self.post(path, {**hidden, **fields}, follow=follow)

    def cookie(self, name: str) -> str | None:
        return next((cookie.value for cookie in self.cookies if cookie.name == name), None)

    def _full(self, path: str) -> str:
        return path if path.startswith("http") else self.base + path

    def _open(self, request: urllib.request.Request, *, follow: bool) -> Answer:
        opener = self._following if follow else self._staying
        try:
            with opener.open(request, timeout=60) as response:
                body = response.read().decode(errors="replace")  # Icons too.
                return Answer(response.status, response.url, response.headers, body)
        except urllib.error.HTTPError as error:
            with error:
                return Answer(
                    error.code, error.url or "", error.headers, error.read().decode(errors="replace")
                )


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def make_owner(server: Teahouse, name: str = "mei", password: str = "a pot of oolong") -> Browser:
    """Uses the printed owner link; a browser that is signed in as the owner."""
    browser = server.browser()
    answer = browser.submit(server.owner_link, username=name, password=password, again=password)
    assert answer.status == 200, answer.text
    return browser
