"""docs/start.md, followed to the letter in a project that `django-admin startproject` has just made."""

from __future__ import annotations

import re
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.person import Cast
from tests.processes import Process, free_port, temporary_folder
from tests.servers import ROOT, environment

PAGE: Final = ROOT / "docs" / "start.md"
BLOCK: Final = re.compile(r"^`([\w/.]+)`\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> list[tuple[str, str]]:
    """Each block that names its file, with what is to be added to it."""
    return [(found[1], found[2]) for found in BLOCK.finditer(PAGE.read_text(encoding="utf-8"))]


class Project:
    """What a reader has after the page."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = environment(PYTHONPATH=f"{folder}:{ROOT}", DJANGO_SUPERUSER_PASSWORD="a pot of tea")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.run("-m", "django", "startproject", "shop", ".")
        self.process: Process | None = None

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def add(self, file: str, text: str) -> None:
        path = self.folder / file
        path.parent.mkdir(exist_ok=True)
        with path.open("a", encoding="utf-8") as there:
            there.write(f"\n{text}")

    def serve(self) -> None:
        argv = [sys.executable, "manage.py", "runserver", str(self.port), "--noreload"]
        self.process = Process(argv, log=self.folder / "log", env=self.env, cwd=self.folder)
        self.process.wait_until(self._answers, "answering")

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/chat/guest/", timeout=2) as response:
                return bool(response.status == 200)
        except OSError:
            return False


@pytest.fixture(scope="module")
def project() -> Iterator[Project]:
    with temporary_folder("start") as folder:
        made = Project(folder)
        for file, text in blocks():
            made.add(file, text)
        made.run("manage.py", "migrate")
        made.run(
            "manage.py", "createsuperuser", "--no-input", "--username", "ada", "--email", "ada@example.org"
        )
        try:
            made.serve()
            yield made
        finally:
            if made.process is not None:
                made.process.kill()


@pytest_asyncio.fixture(loop_scope="module")
async def cast(browser: Browser, project: Project) -> AsyncIterator[Cast]:
    people = Cast(browser, project.url)
    yield people
    await people.close()
    people.check()


@pytest.mark.asyncio(loop_scope="module")
async def test_whoever_follows_the_page_talks(project: Project, cast: Cast) -> None:
    cast.expect_trouble("WebSocket|ERR_|Failed to load", always=False)
    mei = await cast.person("Mei", "/profiles/1/")
    bob = await cast.person("Bob", "/profiles/1/")
    await mei.say("the kettle is on")
    await bob.sees("the kettle is on")
    assert project.process is not None
    project.process.kill()
    await mei.say("written meanwhile")
    project.serve()
    await bob.sees("the kettle is on", "written meanwhile")


def test_the_check_has_nothing_to_say_but_of_the_database(project: Project) -> None:
    told = project.run("manage.py", "check")
    assert set(re.findall(r"teahouse\.\w+", told)) <= {"teahouse.W050"}, told


def test_there_are_four_lines() -> None:
    """Of each step what Teahouse needs; the settings of daphne count as the first line's."""
    needed = [text for file, text in blocks() if "teahouse" in text]
    assert len(needed) == 4
