"""Servers to talk to: real processes, shared by the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import services
from tests.live.cast import Cast, accounts
from tests.live.checked import Checked
from tests.servers import Teahouse, database_with_tables

# Of one site: two servers that share a database agree on the key.
SECRET = "a secret key of the tests that two servers share, long enough"


@pytest.fixture(scope="module")
def server() -> Iterator[Teahouse]:
    """One process on SQLite, on loopback, without rates."""
    with Teahouse(env={"TEAHOUSE_LIMITS": "off"}) as server:
        yield server


@pytest.fixture(scope="module")
def open_server() -> Iterator[Teahouse]:
    """One that listens on all addresses, with the usual limits."""
    with Teahouse(host="0.0.0.0") as server:
        yield server


BURST, PER_SECOND = 10, 1


@pytest.fixture(scope="module")
def rated_server() -> Iterator[Teahouse]:
    """One that listens on all addresses, so that not everybody may close a group there, and has rates: low ones, which
    people exceed on any machine."""
    limits = f"burst={BURST},per_second={PER_SECOND}"
    with Teahouse(host="0.0.0.0", env={"TEAHOUSE_LIMITS": limits}) as server:
        yield server


@pytest.fixture(scope="module")
def shared_redis() -> Iterator[services.Redis]:
    with services.Redis() as redis:
        yield redis


@pytest.fixture(scope="module")
def two_servers(
    postgres_server: services.Postgres, shared_redis: services.Redis
) -> Iterator[tuple[Teahouse, Teahouse]]:
    """Two `teahouse serve`, two pids, two data folders, one PostgreSQL and one Redis."""
    env = {
        "DATABASE_URL": database_with_tables(postgres_server),
        "REDIS_URL": shared_redis.url,
        "TEAHOUSE_LIMITS": "off",
        "TEAHOUSE_SECRET_KEY": SECRET,
    }
    with Teahouse(env=env) as here, Teahouse(env=env) as there:
        assert here.pid != there.pid
        yield here, there
    postgres_server.drop_database(env["DATABASE_URL"])


@pytest.fixture(params=["sqlite", "postgresql and redis"])
def pair(request: pytest.FixtureRequest) -> tuple[Teahouse, Teahouse]:
    """Where one writes and another reads: the same process on SQLite, and two processes that share the rest."""
    if request.param == "sqlite":
        server: Teahouse = request.getfixturevalue("server")
        return server, server
    servers: tuple[Teahouse, Teahouse] = request.getfixturevalue("two_servers")
    return servers


@pytest.fixture(scope="module")
def tokens(server: Teahouse) -> list[str]:
    return accounts(server, "Alice", "Bob", "Charlie", "Olga", owner="Olga")


@pytest.fixture
def cast(server: Teahouse, tokens: list[str]) -> Iterator[Cast]:
    alice, bob, charlie, olga = (Checked(server.url, token=token) for token in tokens)
    with alice, bob, charlie, olga, Checked(server.url, "Gina") as gina:
        yield Cast(alice, bob, charlie, olga, gina)
