"""docs/start.md, followed to the letter in a project that `django-admin startproject` has just made."""

from __future__ import annotations

import re
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.browser.person import Cast
from tests.clients import Client
from tests.docs.blocks import Block, blocks_of
from tests.docs.project import Project, followed
from tests.servers import ROOT, process_of

PAGE: Final = ROOT / "docs" / "start.md"


def blocks() -> list[Block]:
    """Each that names its file, with what is to be added to it."""
    return [block for block in blocks_of(PAGE) if block.file is not None]


@pytest.fixture(scope="module")
def project() -> Iterator[Project]:
    """What a reader has after the page."""
    with followed("start", *blocks()) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def cast(browser: Browser, project: Project) -> AsyncIterator[Cast]:
    people = Cast(browser, project.url)
    yield people
    await people.close()
    people.check()


@pytest.mark.asyncio(loop_scope="session")
async def test_whoever_follows_the_page_talks(project: Project, cast: Cast) -> None:
    cast.expect_trouble("WebSocket|ERR_|Failed to load", always=False)
    mei = await cast.person("Mei", "/profiles/1/")
    bob = await cast.person("Bob", "/profiles/1/")
    await mei.say("the kettle is on")
    await bob.sees("the kettle is on")
    project.stop()
    await mei.say("written meanwhile")
    project.serve()
    await bob.sees("the kettle is on", "written meanwhile")


@pytest.mark.asyncio(loop_scope="session")
async def test_a_page_at_a_name_that_nothing_names_says_why_it_stays_behind(
    browser: Browser, project: Project
) -> None:
    """Django lets names below localhost in while DEBUG is on and ALLOWED_HOSTS is empty."""
    people = Cast(browser, project.url.replace("127.0.0.1", "shop.localhost"))
    people.expect_trouble("WebSocket|ERR_|Failed to load", always=False)
    try:
        mei = await people.person()
        await mei.open("/profiles/1/")
        await mei.give_name("Mei")
        await expect(mei.page.get_by_text("does not know this page's address")).to_be_visible()
    finally:
        await people.close()
    assert "A page of 'http://shop.localhost" in project.log()


REAL: Final = """
from shop.settings import *

DEBUG = False
ALLOWED_HOSTS = ["shop.test"]
CSRF_TRUSTED_ORIGINS = ["https://shop.test"]
"""
SERVED: Final = ("--ws", "teahouse.live.wire:WireProtocol", "shop.asgi:application")


@pytest.fixture
def real(project: Project) -> Iterator[Project]:
    """The same, as the page has it for others: by a name, with uvicorn."""
    project.stop()
    (project.folder / "shop" / "real.py").write_text(REAL)
    env = project.env | {"DJANGO_SETTINGS_MODULE": "shop.real"}
    log = project.folder / "log"
    words = ("--port", str(project.port), *SERVED)
    server = process_of("uvicorn", *words, log=log, env=env, cwd=project.folder)
    try:
        server.wait_until(lambda: "Uvicorn running" in server.output(), "serving")
        yield project
    finally:
        server.kill()
        project.serve()


def test_pages_of_a_real_host_get_their_socket(real: Project) -> None:
    """With what Django itself asks for, and nothing else."""

    def here() -> socket.socket:
        return socket.create_connection(("127.0.0.1", real.port))

    name = f"http://shop.test:{real.port}"
    with Client(f"{name}/chat", "Mei", origin=name, sock=here()) as mei:
        assert mei.you["name"] == "Mei"
    # A proxy ends TLS and passes the Host on.
    with Client("http://shop.test/chat", "Bob", origin="https://shop.test", sock=here()) as bob:
        assert bob.you["name"] == "Bob"
    with Client(f"{name}/chat", hello=False, origin="https://evil.test", sock=here()) as evil:
        assert evil.closed() == (4003, "wrong origin")
    assert "A page of 'https://evil.test' was not let in" in real.log()


def test_the_check_has_nothing_to_say_but_of_the_database(project: Project) -> None:
    told = project.run("python manage.py check")
    assert set(re.findall(r"teahouse\.\w+", told)) <= {"teahouse.W050"}, told


def test_there_are_four_lines() -> None:
    """Of each step what Teahouse needs; the settings of daphne count as the first line's."""
    needed = [block for block in blocks() if "teahouse" in block.text]
    assert len(needed) == 4
