"""The shop of tests/embed/host, running, and its people: orders are Ada's, Sam works there, Otto buys elsewhere."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from tests import services
from tests.browser.person import Cast, Person
from tests.clients import Client
from tests.processes import Process, free_port, temporary_folder
from tests.servers import ROOT, environment, process_of, script

expect.set_options(timeout=20_000)

SETTINGS: Final = "tests.embed.host.settings"
APPLICATION: Final = "tests.embed.host.asgi:application"
DAPHNE: Final = ["daphne", "-b", "127.0.0.1", "-p", "{port}", APPLICATION]
PREPARE: Final = """
import json
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core.management import call_command
from tests.embed.host.people.models import User
from tests.embed.host.shop.models import Order
from teahouse.actions.people import ensure_person, make_token
for database in ("default", "talk"):
    call_command("migrate", database=database, verbosity=0)
told = {}
for name in ("Ada", "Sam", "Otto"):
    staff = name == "Sam"
    user = User.objects.create_user(name.lower() + "@example.org", "tea", full_name=name,
        is_staff=staff, is_superuser=staff)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    told[name] = {"user": str(user.pk), "session": session.session_key, "token": make_token(ensure_person(user))}
    if name == "Ada":
        for _ in range(40):
            Order.objects.create(customer=user)
print(json.dumps(told))
"""


class Shop:
    """The project, prepared in a folder, and what serves it."""

    def __init__(self, folder: Path, **env: str) -> None:
        self.folder = folder
        self.env = environment(HOST_FOLDER=str(folder), DJANGO_SETTINGS_MODULE=SETTINGS, **env)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "log"
        self.process: Process | None = None
        self.people: dict[str, dict[str, str]] = json.loads(self.python(PREPARE))
        self._orders = iter(range(1, 41))

    def python(self, code: str) -> str:
        """What the code prints, run in a process of the project that serves nobody."""
        file = self.folder / "code.py"
        file.write_text(f"import django; django.setup()\n{code}")
        status, said = script(file, env=self.env, cwd=ROOT)
        assert status == 0, said
        return said

    def new_order(self) -> int:
        """An order of Ada's that no other test has."""
        return next(self._orders)

    def start(self, command: list[str]) -> None:
        module, *words = (word.format(port=self.port) for word in command)
        self.process = process_of(module, *words, log=self.log, env=self.env, cwd=ROOT)
        self.process.wait_until(self._answers, "answering")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()

    def client(self, name: str) -> Client:
        """A socket of one of its people."""
        return Client(f"{self.url}/talk", token=self.people[name]["token"])

    def get(self, path: str, name: str | None = None) -> str:
        headers = {"Cookie": f"shop_session={self.people[name]['session']}"} if name else {}
        request = urllib.request.Request(self.url + path, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as response:
            return str(response.read().decode())

    def _answers(self) -> bool:
        try:
            return '"csrf"' in self.get("/talk/guest/")
        except OSError:
            return False


@contextmanager
def shop_prepared(**env: str) -> Iterator[Shop]:
    """The project and its data; nothing serves it yet."""
    with temporary_folder("shop") as folder:
        shop = Shop(folder, **env)
        try:
            yield shop
        except BaseException:
            print(shop.log.read_text(errors="replace")[-5000:] if shop.log.exists() else "")
            raise
        finally:
            shop.kill()


@pytest.fixture(scope="package")
def shop(postgres_server: services.Postgres) -> Iterator[Shop]:
    """Its own tables in SQLite, those of Teahouse in PostgreSQL."""
    talk = postgres_server.create_database()
    with shop_prepared(HOST_POLICY_SECONDS="1", HOST_TALK=talk) as shop:
        shop.start(DAPHNE)
        yield shop
    postgres_server.drop_database(talk)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def apart(request: pytest.FixtureRequest) -> Iterator[Shop]:
    """With the outbox of the project, on two databases of one kind: the project's and Teahouse's."""
    where: dict[str, str] = {}
    if request.param == "postgres":
        server: services.Postgres = request.getfixturevalue("postgres_server")
        where = {name: server.create_database() for name in ("HOST_SHOP", "HOST_TALK")}
    with shop_prepared(HOST_PROJECT_OUTBOX="yes", **where) as shop:
        shop.start(DAPHNE)
        yield shop
    for url in where.values():
        server.drop_database(url)


@pytest.fixture
def closed(apart: Shop) -> Iterator[Shop]:
    """The same, which nothing serves for a while."""
    apart.kill()
    yield apart
    apart.kill()
    apart.start(DAPHNE)


@pytest_asyncio.fixture(loop_scope="session")
async def cast(browser: Chromium, shop: Shop) -> AsyncIterator[ShopCast]:
    people = ShopCast(browser, shop)
    yield people
    await people.close()
    people.check()


class ShopCast(Cast):
    """People of the shop at browsers."""

    def __init__(self, browser: Any, shop: Shop) -> None:
        super().__init__(browser, shop.url)
        self.shop = shop

    async def signed_in(self, name: str, path: str, **settings: Any) -> Person:
        """One of its people, signed in, at a page of the shop."""
        person = await self.person(**settings)
        key = self.shop.people[name]["session"]
        await person.page.context.add_cookies([{"name": "shop_session", "value": key, "url": self.base}])
        await person.open(path)
        return person
