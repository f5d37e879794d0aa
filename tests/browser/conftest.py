"""A running server for each module, and people with browsers for each test."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.browser.person import Cast
from tests.clients import Client
from tests.servers import Teahouse

# How long anything may take before a test fails, never how long it takes: the two cores are shared.
expect.set_options(timeout=20_000)


@pytest.fixture(scope="module")
def site() -> Iterator[Teahouse]:
    """One server for a module: each test takes a room of its own."""
    with Teahouse() as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def cast(browser: Browser, site: Teahouse) -> AsyncIterator[Cast]:
    people = Cast(browser, site.url)
    yield people
    await people.close()
    people.check()


@pytest.fixture
def room(site: Teahouse, request: pytest.FixtureRequest) -> str:
    """A new room of this test's own; its name, which is its title too."""
    name = re.sub(r"\W+", "-", request.node.name.removeprefix("test_"))[:60].strip("-")
    with Client(site.url, "opener") as client:
        client.ok(do="subscribe", room=name, make=True)
    return name
