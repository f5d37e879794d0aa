"""Starts `teahouse …` by forking a process that has loaded all of it: half of the suite's time was importing that.

    start = forked.starter.start(["serve", "--port", "8000"], env, cwd, output)    # None where it cannot
    start.pid, start.poll(), start.wait(20)

What runs is a process of its own, as a person starts it but for its imports: the command line from the first word on,
its own environment and settings, session, folder and outputs. `Starter` starts this file as a program and asks it over
a socket, one message for each; the program forks, and tells when one has ended. Linux only; elsewhere, and where the
environment is for the interpreter or the linker, a new interpreter is started, as it always is where the start itself
is tested (`FRESH` in conftest.py).

`libraries` is another one, which has loaded no settings: for the `manage.py` of projects.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Mapping, Sequence
from functools import _lru_cache_wrapper
from pathlib import Path
from typing import Any, Final, NoReturn

ROOT: Final = Path(__file__).parent.parent
LONGEST: Final = 60_000  # Bytes of one message.
# Read before the first line of Python runs, so that a fork cannot have them.
EARLY: Final = ("PYTHON", "LD_", "LC_", "LANG", "TZ", "MALLOC")
# What `teahouse serve` loads: first what needs no settings of Django. Nothing here starts a thread.
LIBRARIES: Final = (
    "asyncio", "sqlite3", "ssl", "http.cookies", "multiprocessing.context", "concurrent.futures.thread",
    "email.message", "tomllib", "django.apps", "django.conf", "django.core.checks.registry",
    "django.core.handlers.asgi", "django.core.handlers.base", "django.core.mail", "django.core.management",
    "django.core.paginator", "django.core.validators", "django.db.models", "django.db.models.sql.compiler",
    "django.db.backends.sqlite3.base", "django.db.migrations.executor", "django.db.migrations.autodetector",
    "django.db.migrations.loader", "django.forms", "django.http", "django.middleware.common",
    "django.middleware.csrf", "django.middleware.security", "django.template",
    "django.template.backends.django", "django.template.defaulttags", "django.template.loader_tags",
    "django.test.signals", "django.urls", "django.utils.translation.trans_real",
    "django.contrib.messages.storage.base", "django.contrib.auth.password_validation",
    "django.middleware.cache", "django.shortcuts", "django.views.generic", "django.views.csrf",
    "django.views.i18n", "django.views.static", "django.contrib.auth.hashers",
    "django.contrib.sessions.backends.base", "django.contrib.staticfiles.finders",
    "django.contrib.staticfiles.storage", "asgiref.sync", "channels.routing", "channels.consumer",
    "channels.layers", "uvicorn", "uvicorn.protocols.http.auto", "uvicorn.protocols.websockets.auto",
    "uvicorn.lifespan.on", "uvicorn.protocols.http.httptools_impl",
    "uvicorn.protocols.websockets.websockets_impl", "uvloop", "httptools", "websockets.legacy.server",
    "pydantic", "pydantic.json_schema", "markdown_it", "linkify_it", "nh3", "pygments.formatters.html",
    "pygments.lexers", "whitenoise.base", "segno", "PIL.Image", "PIL.ImageOps", "httpx", "redis.asyncio",
    "channels_redis.pubsub", "psycopg", "psycopg_pool", "teahouse.events", "teahouse.limits",
    "teahouse.live.protocol", "teahouse.live.replies", "teahouse.live.hub", "teahouse.live.presence",
    "teahouse.live.outlet", "teahouse.live.wire", "teahouse.live.wirecheck", "teahouse.server.cli",
    "teahouse.server.environ", "teahouse.server.databases", "teahouse.server.folder",
)  # fmt: skip
PROGRAM: Final = "teahouse"
SETTINGS: Final = "teahouse.server.settings"
# All that `teahouse.server.asgi` and its commands import; not that itself, whose application is made of settings.
SITE: Final = (
    "teahouse.server.urls", "teahouse.routing", "teahouse.server.handler", "teahouse.server.health",
    "teahouse.server.static", "teahouse.server.listener", "teahouse.server.serve", "teahouse.server.site",
    "teahouse.server.upgrade", "teahouse.server.owner", "teahouse.server.keeping", "teahouse.server.how_far",
    "teahouse.server.workers", "teahouse.server.worker",
)  # fmt: skip


def _network() -> str:
    """The network namespace of this thread."""
    return str(Path("/proc/thread-self/ns/net").readlink()) if sys.platform == "linux" else ""


HERE: Final = _network()


class Forked:
    """One that was started: what `subprocess.Popen` has of it that the tests use."""

    def __init__(self, starter: Starter, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._starter = starter

    def poll(self) -> int | None:
        """Its exit status, negative for a signal's number; None while it runs."""
        if self.returncode is None:
            self.returncode = self._starter.ended(self.pid, 0)
        return self.returncode

    def wait(self, timeout: float) -> int:
        end = time.monotonic() + timeout
        while self.returncode is None:
            self.returncode = self._starter.ended(self.pid, end - time.monotonic())
            if self.returncode is None and time.monotonic() >= end:
                raise subprocess.TimeoutExpired(["teahouse"], timeout)
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


class Starter:
    """The forking program of this pytest process, made on first use. `site`: with Teahouse's own settings, as the
    program has them; without, for projects that have others."""

    def __init__(self, site: bool = True) -> None:
        self.site = site
        self.allowed = not site
        self._lock = threading.Lock()
        self._program: subprocess.Popen[bytes] | None = None
        self._ended: dict[int, int] = {}

    def start(
        self,
        arguments: Sequence[str],
        env: Mapping[str, str],
        cwd: Path | None,
        output: int,
        module: str = PROGRAM,
    ) -> Forked | None:
        """`teahouse ARGUMENTS…`, or `python -m MODULE ARGUMENTS…`, or of a project `python FILE.py ARGUMENTS…`, which
        prints to the file descriptor `output`; None where a fork would not be the same."""
        if not self.allowed or sys.platform != "linux" or _early(env) != _early(self._environment()):
            return None
        if _network() != HERE:
            return None  # A thread that has become another host (tests/faults) starts its own.
        place = str(cwd or Path.cwd())
        asked = {"module": module, "arguments": list(arguments), "env": dict(env), "cwd": place}
        with self._lock:
            self._open()
            socket.send_fds(self._socket, [json.dumps(asked).encode()], [output])
            while "pid" not in (answer := self._receive()):
                self._ended[answer["ended"]] = answer["status"]
            # Of one with the same number before, whose end nobody asked for.
            self._ended.pop(answer["pid"], None)
        return Forked(self, answer["pid"])

    def ended(self, pid: int, timeout: float) -> int | None:
        """The status of one that has ended, waiting a little: others want to know of theirs."""
        with self._lock:
            if pid not in self._ended and select.select([self._socket], [], [], min(max(timeout, 0), 0.2))[0]:
                answer = self._receive()
                self._ended[answer["ended"]] = answer["status"]
            return self._ended.pop(pid, None)

    def close(self) -> None:
        if self._program is not None:
            self._socket.close()
            self._program.wait(20)
            self._program = None

    def _open(self) -> None:
        if self._program is not None:
            return
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._program = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno()), *(["site"] if self.site else [])],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=self._environment(),
                cwd=ROOT,
                start_new_session=True,
            )

    def _environment(self) -> dict[str, str]:
        from tests.servers import environment

        return environment()

    def _receive(self) -> dict[str, Any]:
        message = self._socket.recv(LONGEST)
        if not message:
            raise RuntimeError("the program that forks has ended; what it printed stands above")
        received: dict[str, Any] = json.loads(message)
        return received


starter = Starter()
libraries = Starter(site=False)


def _early(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name.startswith(EARLY)}


# The program


def main(channel: socket.socket, *, site: bool) -> None:
    """Forks for each message until the socket ends. Returns in the child as well, which then is `teahouse`."""
    with warnings.catch_warnings(action="ignore"):
        load_libraries()
        _hash_quickly()
        if site:
            _load_the_site()
    gc.freeze()  # A child's collector need not look through it, which would copy it.
    woken, wakes = socket.socketpair()
    for end in (woken, wakes):
        end.setblocking(False)
    signal.set_wakeup_fd(wakes.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        if woken in select.select([channel, woken], [], [])[0]:
            woken.recv(4096)
            _tell_who_ended(channel)
            continue
        message, files, *_ = socket.recv_fds(channel, LONGEST, 1)
        if not message:
            os._exit(0)
        told, tells = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.setsid()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for end in (woken, wakes, channel):
                end.close()
            os.close(told)
            os.close(tells)
            _become(json.loads(message), files[0])
        os.close(files[0])
        os.close(tells)
        os.read(told, 1)  # Ends when it has a group of its own: whoever gets its pid may kill that group.
        os.close(told)
        channel.send(json.dumps({"pid": pid}).encode())


def load_libraries() -> None:
    for name in LIBRARIES:
        # Each is an optimisation: what is not installed or was renamed is loaded by whoever needs it.
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def _hash_quickly() -> None:
    """Passwords are hashed slowly on purpose, each a third of a second; nobody attacks a test."""
    from django.contrib.auth.hashers import PBKDF2PasswordHasher

    PBKDF2PasswordHasher.iterations = 1000


def _load_the_site() -> None:
    """The program's own modules and models, by the settings of an empty folder, which are forgotten: whoever is forked
    reads its own. No module keeps a setting; what Django has made of them is undone here."""
    with tempfile.TemporaryDirectory(prefix="teahouse-forked-") as folder:
        os.environ |= {"TEAHOUSE_DATA": folder, "DJANGO_SETTINGS_MODULE": SETTINGS}
        from django.apps import apps
        from django.conf import settings
        from django.db import connections
        from django.utils.functional import empty

        # Not `django.setup`, which would set up logging too.
        apps.populate(settings.INSTALLED_APPS)
        for name in SITE:
            importlib.import_module(name)
    if "default" in connections.settings:
        del connections["default"]
    connections._settings = None  # type: ignore[attr-defined]
    del connections.settings
    settings._wrapped = empty
    del sys.modules[SETTINGS], sys.modules["teahouse.server"].settings
    for module in [module for name, module in sys.modules.items() if name.startswith("teahouse.")]:
        for kept in vars(module).values():
            if type(kept) is _lru_cache_wrapper:  # Not isinstance: it would open what is lazy.
                kept.cache_clear()


def _tell_who_ended(channel: socket.socket) -> None:
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            status = os.waitstatus_to_exitcode(ended[1])
            channel.send(json.dumps({"ended": ended[0], "status": status}).encode())


def _become(asked: dict[str, Any], output: int) -> NoReturn:
    os.chdir(asked["cwd"])
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    os.environ.clear()
    os.environ.update(asked["env"])
    sys.argv = [asked["module"], *asked["arguments"]]
    if asked["module"].endswith(".py"):
        sys.path[0] = asked["cwd"]
        runpy.run_path(asked["module"], run_name="__main__")
        sys.exit()
    if asked["module"] != PROGRAM:
        runpy.run_module(asked["module"], run_name="__main__", alter_sys=True)
        sys.exit()
    from teahouse.server.cli import main

    sys.exit(main())


if __name__ == "__main__":
    sys.path[0] = str(ROOT)
    main(socket.socket(fileno=int(sys.argv[1])), site="site" in sys.argv[2:])
