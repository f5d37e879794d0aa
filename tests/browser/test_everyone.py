"""Two windows, a terminal client from a public package and a raw socket talk in one room, and all see one order.

On SQLite, and on PostgreSQL with Redis where each talks to another process than the next. With TEAHOUSE_PICTURES it
leaves a picture of both windows in the folder of that name.
"""

from __future__ import annotations

import asyncio
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.async_api import Browser

from tests import services
from tests.browser.person import Cast
from tests.live.conftest import SECRET
from tests.live.rawsocket import RawSocket
from tests.servers import Teahouse, database_with_tables

pytestmark = pytest.mark.asyncio(loop_scope="session")

LABEL = re.compile(r'<span style="color:grey;width:100%;font-size:12px">(.*?):</span><br>(.*)')


@pytest.fixture(scope="module")
def on_sqlite() -> Iterator[tuple[Teahouse, Teahouse]]:
    with Teahouse() as server:
        yield server, server


@pytest.fixture(scope="module")
def on_postgresql(postgres_server: services.Postgres) -> Iterator[tuple[Teahouse, Teahouse]]:
    with services.Redis() as redis:
        env = {
            "DATABASE_URL": database_with_tables(postgres_server),
            "REDIS_URL": redis.url,
            "TEAHOUSE_SECRET_KEY": SECRET,
        }
        with Teahouse(env=env) as here, Teahouse(env=env) as there:
            assert here.pid != there.pid
            yield here, there
        postgres_server.drop_database(env["DATABASE_URL"])


class Terminal:
    """The `websockets` command of the package of that name, typed into as at a terminal."""

    def __init__(self, url: str) -> None:
        self._ours, theirs = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "websockets", url], stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        self._shown = ""

    def type(self, line: str) -> None:
        os.write(self._ours, f"{line}\n".encode())

    async def lines(self, count: int) -> list[str]:
        """The first messages that it showed, waited for: 'name: text'."""
        while len(shown := self._messages()) < count:
            self._shown += (await asyncio.to_thread(os.read, self._ours, 65536)).decode(errors="replace")
        return shown[:count]

    def _messages(self) -> list[str]:
        whole = self._shown.rpartition("\n")[0]
        return [f"{name}: {text.strip()}" for name, text in LABEL.findall(whole) if "已连接" not in text]

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._ours)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("kind", ["on_sqlite", "on_postgresql"])
async def test_everyone_talks(browser: Browser, kind: str, request: pytest.FixtureRequest) -> None:
    here, there = request.getfixturevalue(kind)
    cast = Cast(browser, here.url)
    group = "/wsmsg/" + quote("茶馆")
    terminal = Terminal(f"{there.ws_url}{group}?name=Terminal")
    try:
        with RawSocket(here.port, f"{group}?name=raw") as raw:
            assert raw.read()[1].decode().endswith("[已连接!]")
            ada = await cast.person("Ada", "/rooms/茶馆/")
            mei = await cast.person(None, locale="zh-CN")
            mei.base = there.url
            await mei.enter("林小梅", "/rooms/茶馆/")
            for person in (ada, mei):
                await person.live()
            said = ["Good morning! Is the kettle on?", "早上好，水刚开。", "Two cups, please", "马上来"]
            heard: list[str] = []
            for speak, name, text in (
                (ada.say, "Ada", said[0]),
                (mei.say, "林小梅", said[1]),
                (terminal.type, "Terminal", said[2]),
                (raw.send, "raw", said[3]),
            ):
                done = speak(text)
                if done is not None:
                    await done
                heard.append(f"{name}: {text}")
                # The next speaks when all have heard this one: so the order is known.
                assert await terminal.lines(len(heard)) == heard
                frame = (await asyncio.to_thread(raw.read))[1].decode()
                assert LABEL.findall(frame) == [(name, text)]
                for person in (ada, mei):
                    await person.sees(*said[: len(heard)])
            await _picture(ada.page, "conversation.png")
            await _picture(mei.page, "conversation-zh.png")
    finally:
        terminal.close()
        await cast.close()
    cast.check()


async def _picture(page: object, name: str) -> None:
    if (folder := os.environ.get("TEAHOUSE_PICTURES")) is not None:
        await page.screenshot(path=str(Path(folder) / name))  # type: ignore[attr-defined]
