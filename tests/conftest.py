"""What every test can ask for. Nothing here imports Django: tests of the pure parts run without it."""

import gc
import os
import signal
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from tests import costs, forked, seen, servers, services, shared
from tests.guard import guard
from tests.processes import free_port as find_free_port

# Under nohup a hang-up would be ignored by whatever the tests start, in the background of a shell Ctrl-C too, and there
# are tests of what they do.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Of what is loaded and collected nothing is garbage, and to look through it takes an eighth of that time.
gc.set_threshold(50_000, 20, 100)

IN_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}

# No deadline, and nothing is too slow: on two cores shared with servers and a browser that says nothing. A failure
# prints what replays it.
hypothesis.settings.register_profile(
    "teahouse", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.load_profile("teahouse")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--costs", action="store_true", help="tell at the end what the tests cost: tests/costs.py"
    )


# As it was when the first process of this run came; workers inherit it.
os.environ.setdefault("TESTS_ARE_COMPILED", str(any(Path(__file__).parent.glob("*/__pycache__/test_*"))))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """In a fresh clone one worker compiles the tests for all; where each does, it takes half as much again."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None or os.environ["TESTS_ARE_COMPILED"] == "True":
        return (yield)
    with shared.first_in(worker, "gw0", "compiled"):
        return (yield)


def pytest_configure(config: pytest.Config) -> None:
    shared.begin()
    if config.getoption("costs"):
        costs.pytest_configure(config)


def pytest_xdist_auto_num_workers() -> int:
    """Three more than the cores: tests wait for registries and for a server's own times. A fourth gained nothing."""
    return min(6, (os.cpu_count() or 1) + 3)


class ByServer(LoadFileScheduling):  # type: ignore[misc]
    """A file's tests stay on one worker, and all of a folder whose files share a server: each worker would build its
    own, and again whenever it comes back from another folder. Schedules share nothing: whoever is free plays some."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(SCHEDULES):
            return nodeid
        shared = next((folder for folder in SHARE_A_SERVER if nodeid.startswith(folder)), None)
        return shared or str(super()._split_scope(nodeid))


SHARE_A_SERVER = ("tests/security/", "tests/embed/")
SCHEDULES = "tests/sim/test_schedules.py"


# What takes longest begins first, so that no worker is left with it; the first two wait more than they work.
LONG = (
    "faults/test_faults.py",
    "doctor/test_table.py",
    "server/test_keeping.py",
    "server/test_cluster.py",
    "doctor/test_environments.py",
    "faults/test_checker.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Then a file of each folder in turn: those that wait run beside those that keep browsers busy. Last come the
    schedules, few at a time, so that all workers end together."""
    here = Path(__file__).parent
    long = {here / name: place for place, name in enumerate(LONG)}
    files: dict[Path, dict[Path, int]] = {}
    for item in items:
        folder = files.setdefault(item.path.parent, {})
        folder.setdefault(item.path, len(folder))
    items.sort(
        key=lambda item: (
            item.nodeid.startswith(SCHEDULES),
            long.get(item.path, len(long)),
            files[item.path.parent][item.path],
            item.path.parent,
        )
    )


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByServer | None:
    """None: as `--dist` says, where that is something else."""
    return ByServer(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Nobody need look through all that later either."""
    gc.freeze()


@pytest.fixture
def free_port() -> int:
    """A TCP port of 127.0.0.1 on which nobody listens."""
    return find_free_port()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[services.Postgres]:
    """One PostgreSQL for all tests of this worker. A test that stops or pauses it makes its own instead."""
    with services.Postgres() as postgres:
        yield postgres


@pytest.fixture
def postgres_url(postgres_server: services.Postgres) -> Iterator[str]:
    """A fresh, empty database for this test."""
    url = postgres_server.create_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture
def postgres_tables(postgres_server: services.Postgres) -> Iterator[str]:
    """The same with Teahouse's tables and nothing in them, for tests of anything but a first start."""
    url = servers.database_with_tables(postgres_server)
    yield url
    postgres_server.drop_database(url)


@pytest.fixture
def redis_server() -> Iterator[services.Redis]:
    """A Redis for this test alone, to be killed, paused and started again at will.

    Not shared: publish/subscribe crosses the borders of Redis' numbered databases.
    """
    with services.Redis() as redis:
        yield redis


@pytest.fixture
def redis_url(redis_server: services.Redis) -> str:
    return redis_server.url


@pytest.fixture(scope="session")
def chromium_options() -> dict[str, Any]:
    """What `playwright.chromium.launch(**chromium_options)` is called with."""
    return services.chromium_options()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium(chromium_options: dict[str, Any]) -> AsyncIterator[Browser]:
    """One for all tests of this worker: to start and end another costs as much as a person who comes and talks.

    Playwright's synchronous API is not used, since it leaves a running loop in the main thread, in which
    neither asyncio tests nor the ORM will work afterwards.
    """
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(**chromium_options)
        seen.watch_browser(chromium)
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser(chromium: Browser) -> AsyncIterator[Browser]:
    """Chromium without anybody's windows; `browser.new_context()` gives each person cookies and a cache of their own.

    Tests that use it share its loop: `pytestmark = pytest.mark.asyncio(loop_scope="session")`.
    """
    yield chromium
    for context in list(chromium.contexts):
        await context.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    refuse_skip(report)
    fail_for(report, seen.taken())
    if report.failed and (printed := servers.failure_report()):
        report.sections.append(("what the servers printed", printed))
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    refuse_skip(report)
    return report


def refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """In CI a test that did not run is a failure: what is skipped there is tested nowhere."""
    if IN_CI and report.outcome == "skipped":
        report.outcome = "failed"
        report.longrepr = f"skipped, which in CI is a failure: {report.longrepr}"


def fail_for(report: pytest.TestReport, misfits: list[str]) -> None:
    """Frames that do not fit the published schemas are a failure, whatever the test looked at."""
    if not misfits:
        return
    told = "\n".join(misfits[:3])
    if report.passed:
        report.outcome, report.longrepr = "failed", told
    else:
        report.sections.append(("frames that do not fit docs/schemas", told))


seen.watch()


# There it is started as a person starts it, from a fresh clone too, or by other Pythons.
FRESH = ("doctor/", "tooling/")


def pytest_runtest_setup(item: pytest.Item) -> None:
    forked.starter.allowed = not item.nodeid.removeprefix("tests/").startswith(FRESH)


def pytest_unconfigure() -> None:
    forked.starter.close()
    forked.libraries.close()
    seen.forget_programs()
    guard.close()
