"""Redis or PostgreSQL are lost in the middle and come back: people are told, nothing is lost, all goes on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import services
from tests.clients import Client
from tests.live.conftest import SECRET
from tests.servers import Teahouse, database_with_tables


@pytest.fixture(scope="module")
def postgres() -> Iterator[services.Postgres]:
    """One that may be stopped."""
    with services.Postgres() as postgres:
        yield postgres


@pytest.fixture(scope="module")
def both(postgres: services.Postgres, shared_redis: services.Redis) -> Iterator[tuple[Teahouse, Teahouse]]:
    env = {
        "DATABASE_URL": database_with_tables(postgres),
        "REDIS_URL": shared_redis.url,
        "TEAHOUSE_LIMITS": "off",
        "TEAHOUSE_SECRET_KEY": SECRET,
    }
    with Teahouse(env=env) as here, Teahouse(env=env) as there:
        yield here, there


def state(client: Client, wanted: str) -> None:
    client.signal("service", lambda frame: frame["state"] == wanted)


def test_without_redis_the_chat_goes_on_and_says_that_it_is_degraded(
    both: tuple[Teahouse, Teahouse], shared_redis: services.Redis
) -> None:
    here, there = both
    with Client(here.url, "Alice") as alice, Client(there.url, "Bob") as bob:
        bob.ok(do="subscribe", room="main")
        shared_redis.kill()
        state(bob, "degraded")
        said = [alice.say("main", f"without redis {n}")["seq"] for n in range(5)]
        assert [bob.event()["seq"] for _ in range(5)] == said
        shared_redis.start()
        state(bob, "ok")
        last = alice.say("main", "with redis")
        assert bob.event()["seq"] == last["seq"] == said[-1] + 1


def test_without_postgresql_nothing_is_acknowledged_and_nothing_acknowledged_is_lost(
    both: tuple[Teahouse, Teahouse], postgres: services.Postgres
) -> None:
    here, there = both
    with Client(here.url, "Alice") as alice, Client(there.url, "Bob") as bob:
        bob.ok(do="subscribe", room="main")
        first = alice.say("main", "before")["seq"]
        postgres.stop()
        state(bob, "unavailable")
        reply = alice.ask(do="send", room="main", key="during", text="during")
        assert (reply["error"]["code"], reply["error"]["retry"]) == ("unavailable", True)
        assert "assword" not in str(reply)
        postgres.start()
        state(bob, "ok")
        second = alice.ok(do="send", room="main", key="during", text="during")["seq"]
        assert [bob.event()["seq"] for _ in range(2)] == [first, second] == [first, first + 1]
