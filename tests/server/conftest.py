"""The program under test, as a real process."""

import time
from collections.abc import Callable, Iterator

import pytest

from tests.servers import Browser, Teahouse, make_owner


def until(true: Callable[[], object], what: str, seconds: float = 60) -> None:
    """Waits for what no event tells to another process."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not {what} after {seconds} s"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def teahouse() -> Iterator[Teahouse]:
    """One server for the tests of a module that leave it as they found it."""
    with Teahouse() as server:
        yield server


@pytest.fixture(scope="module")
def site() -> Iterator[Teahouse]:
    """The same without rates, for tests of accounts."""
    with Teahouse(env={"TEAHOUSE_LIMITS": "off"}) as server:
        yield server


@pytest.fixture(scope="module")
def alice(site: Teahouse) -> Browser:
    """The owner of `site`, signed in."""
    return make_owner(site, "alice")


@pytest.fixture
def fresh() -> Iterator[Teahouse]:
    """A server that was never started, for tests that start it themselves."""
    server = Teahouse()
    server.prepare()
    yield server
    server.close()


@pytest.fixture
def made(fresh: Teahouse) -> Teahouse:
    """One that was never started and has its tables, for tests of something else."""
    return fresh.make_tables()
