"""docs/own-database.md, followed to the letter in the project that docs/start.md makes: two files of SQLite as
`startproject` leaves them, and whoever holds one of them keeps nobody from talking in the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.person import Cast
from tests.docs.blocks import INDENTED, Block, blocks_of
from tests.docs.project import Project, followed
from tests.server.conftest import until
from tests.servers import ROOT

START: Final = ROOT / "docs" / "start.md"
PAGE: Final = ROOT / "docs" / "own-database.md"

HELD: Final = """
from pathlib import Path
from time import monotonic, sleep
from django.contrib.auth.models import User
from django.db import transaction
import teahouse
held, end = Path("held"), monotonic() + 60
with transaction.atomic():
    User.objects.update(first_name="Held")
    teahouse.post(User.objects.get(username="ada"), "said by the view")
    held.touch()
    while held.exists() and monotonic() < end:
        sleep(0.02)
"""


def blocks() -> list[Block]:
    """What is put into files and typed, in the order of the page."""
    return [
        block
        for block in blocks_of(PAGE)
        if block.file is not None or block.text.startswith("python manage.py")
    ]


@pytest.fixture(scope="module")
def project() -> Iterator[Project]:
    """What a reader of both pages has."""
    with followed(
        "own-database", *(block for block in blocks_of(START) if block.file is not None), *blocks()
    ) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def cast(browser: Browser, project: Project) -> AsyncIterator[Cast]:
    people = Cast(browser, project.url)
    yield people
    await people.close()
    people.check()


def test_the_check_has_nothing_to_say_of_the_two(project: Project) -> None:
    (typed,) = [block for block in blocks() if block.language == INDENTED]
    told = project.run(typed.text.splitlines()[-1])
    for key in ("E066", "W050", "W065", "W075", "W076", "W077"):
        assert key not in told


@pytest.mark.asyncio(loop_scope="session")
async def test_who_holds_a_transaction_keeps_nobody_from_talking(project: Project, cast: Cast) -> None:
    mei = await cast.person("Mei", "/profiles/1/")
    bob = await cast.person("Bob", "/profiles/1/")
    await mei.say("before")
    await bob.sees("before")
    held = project.folder / "held"
    holding = asyncio.create_task(asyncio.to_thread(project.python, HELD))
    await asyncio.to_thread(until, held.exists, "holding its transaction")
    await mei.say("meanwhile")
    await bob.sees("before", "meanwhile")
    assert held.exists(), "it was said while the transaction was open"
    assert not holding.done()
    held.unlink()
    await holding
    await bob.sees("before", "meanwhile", "said by the view")


def test_what_the_page_says_of_transactions_runs(project: Project) -> None:
    (code,) = [block.text for block in blocks_of(PAGE) if block.language == "python" and block.file is None]
    told = project.python(f"{code}\nfrom teahouse import testing\nprint(testing.posted(lin))")
    assert told == "['Welcome, Lin.']"
