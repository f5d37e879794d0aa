"""PostgreSQL, Redis and several processes: what must be there, what happens when it goes, who is started again."""

from __future__ import annotations

import os
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests import services
from tests.clients import Client
from tests.processes import free_port
from tests.scraped import TOKEN, Scrape
from tests.server.accounts import PASSWORD, cookie, invite, picture, sign_in, sign_up, upload
from tests.server.conftest import until
from tests.servers import Teahouse, database_with_tables, make_owner

SECRET = "one secret key for both of the servers"


def state(server: Teahouse) -> str:
    return str(server.browser().get("/health/ready").json()["state"])


def running(pid: int) -> bool:
    """Neither gone nor a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def settings(postgres_tables: str, redis_url: str) -> dict[str, str]:
    return {"DATABASE_URL": postgres_tables, "REDIS_URL": redis_url}


# What must be there


def test_postgres_that_cannot_be_reached_is_named_without_its_password(fresh: Teahouse) -> None:
    port = free_port()
    fresh.env["DATABASE_URL"] = f"postgres://mei:oolong@127.0.0.1:{port}/tea"
    status, said = fresh.refused()
    assert status == 1
    assert f"postgres://mei:***@127.0.0.1:{port}/tea" in said
    assert "refused" in said
    assert "oolong" not in said
    assert "Traceback" not in said


def test_a_wrong_password_and_a_missing_database_are_said(fresh: Teahouse, postgres_tables: str) -> None:
    fresh.env["DATABASE_URL"] = postgres_tables.replace(services.Postgres.password, "wrong")
    status, said = fresh.refused()
    assert status == 1
    assert "password authentication failed" in said
    fresh.env["DATABASE_URL"] = postgres_tables + "_nowhere"
    status, said = fresh.refused()
    assert status == 1
    assert "does not exist" in said
    fresh.env["DATABASE_URL"] = postgres_tables + "?sslmod=require"
    status, said = fresh.refused()
    assert status == 2
    assert "'sslmod' is no parameter" in said
    assert "sslmode" in said
    fresh.env["DATABASE_URL"] = postgres_tables
    fresh.start()
    assert state(fresh) == "ok"


def test_a_database_that_forgets_is_refused_unless_told() -> None:
    with (
        services.Postgres(fsync="off") as postgres,
        Prepared(DATABASE_URL=database_with_tables(postgres)) as server,
    ):
        status, said = server.refused()
        assert status == 1
        assert "fsync is off" in said
        assert services.Postgres.password not in said
        server.env["TEAHOUSE_ALLOW_DATA_LOSS"] = "yes"
        server.start()


def test_a_database_that_answers_too_early_is_refused(fresh: Teahouse, postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        name = postgres_url.rpartition("/")[2]
        connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    fresh.env["DATABASE_URL"] = postgres_url
    status, said = fresh.refused()
    assert status == 1
    assert "synchronous_commit is off" in said


def test_redis_that_cannot_be_reached_is_named_without_its_password(fresh: Teahouse) -> None:
    port = free_port()
    fresh.env["REDIS_URL"] = f"redis://:oolong@127.0.0.1:{port}/0"
    status, said = fresh.refused()
    assert status == 1
    assert f"redis://:***@127.0.0.1:{port}/0" in said
    assert "oolong" not in said
    assert "Traceback" not in said


def test_redis_asks_for_its_password(made: Teahouse) -> None:
    with services.Redis(password="oolong") as redis:
        made.env["REDIS_URL"] = redis.url.replace("oolong", "green")
        status, said = made.refused()
        assert status == 1
        assert "green" not in said
        made.env["REDIS_URL"] = redis.url
        made.start()
        until(lambda: state(made) == "ok", "ok")


class Prepared(Teahouse):
    """A server that is not started when the block begins."""

    def __init__(self, **env: str) -> None:
        super().__init__(env=env)

    def __enter__(self) -> Prepared:
        self.prepare()
        return self


# What goes while it serves


def test_it_says_that_postgres_is_gone_and_recovers() -> None:
    with (
        services.Postgres() as postgres,
        Prepared(DATABASE_URL=database_with_tables(postgres), TEAHOUSE_METRICS_TOKEN=TOKEN) as server,
    ):
        server.start()
        assert state(server) == "ok"
        assert Scrape(server.url).value("teahouse_database_up") == 1
        alice = make_owner(server, "alice")
        alice.submit("/welcome/", name="The Kettle")
        postgres.kill()
        until(lambda: state(server) == "unavailable", "unavailable")
        assert server.browser().get("/health/ready").status == 503
        assert server.browser().get("/health/live").status == 200
        figures = Scrape(server.url)
        assert figures.value("teahouse_database_up") == 0
        assert figures.value("teahouse_state", state="unavailable") == 1
        assert not figures.of("teahouse_outbox_pending"), "nobody knows"
        page = server.browser().get("/sign-in/")
        assert page.status == 503
        assert "/sign-in/" not in page.text, "who is signed in cannot be known now"
        assert "The database cannot be reached just now" in page.text
        assert "<span>The Kettle</span>" in page.text
        assert '<a class="button" href="">Try again</a>' in page.text
        assert 'href="">' not in alice.post("/sign-in/", {}).text, "a form is not sent again by a link"
        assert alice.get("/account/").status == 503
        assert int(page.headers["Retry-After"]) > 0
        postgres.start()
        until(lambda: state(server) == "ok", "ok again")
        assert server.browser().get("/sign-in/").status == 200
        with Client(server.url, "mei") as mei:
            mei.say("main", "Still here.")
        assert services.Postgres.password not in server.output()


def test_an_idle_connection_that_was_ended_is_noticed_before_it_is_used(
    fresh: Teahouse, postgres_server: services.Postgres, postgres_tables: str
) -> None:
    """As after a restart of PostgreSQL or of a proxy before it: nobody is told to try again."""
    fresh.env["DATABASE_URL"] = postgres_tables
    fresh.start()
    with Client(fresh.url, "mei") as mei:
        for _ in range(3):
            assert postgres_server.disconnect(postgres_tables) > 0
            with Client(fresh.url, "lan") as lan:
                lan.ok(do="history", room="main")
            mei.say("main", "Still here.")
    assert "does not answer" not in fresh.output()


def test_a_dead_database_is_not_taken_for_a_quiet_one() -> None:
    """Where nobody reads a room there is nothing to compare; the state said ok and unavailable in turns."""
    with services.Postgres() as postgres, Prepared(DATABASE_URL=database_with_tables(postgres)) as server:
        server.start()
        postgres.kill()
        until(lambda: "State: unavailable" in server.output(), "noticed")
        for _ in range(3):
            assert state(server) == "unavailable"  # Each asks the database anew and waits for it.
        assert "State: ok" not in server.output()


def test_it_says_that_redis_is_gone_and_recovers(made: Teahouse, redis_server: services.Redis) -> None:
    made.env["REDIS_URL"] = redis_server.url
    made.start()
    until(lambda: state(made) == "ok", "ok")
    redis_server.kill()
    until(lambda: state(made) == "degraded", "degraded")
    assert made.browser().get("/health/ready").status == 200, "the chat goes on"
    redis_server.start()
    until(lambda: state(made) == "ok", "ok again")


# Workers


@pytest.fixture(scope="module")
def two(postgres_server: services.Postgres) -> Iterator[Teahouse]:
    """For tests behind which both of its workers serve."""
    with services.Redis() as redis:
        env = {"DATABASE_URL": database_with_tables(postgres_server), "REDIS_URL": redis.url}
        with Teahouse(env=env, workers=2) as server:
            yield server
        postgres_server.drop_database(env["DATABASE_URL"])


@pytest.fixture
def ending(settings: dict[str, str]) -> Iterator[Teahouse]:
    with Teahouse(env=settings, workers=2) as server:
        yield server


def test_two_workers_are_two_processes_and_one_chat(two: Teahouse) -> None:
    pids = two.worker_pids()
    assert len(set(pids)) == 2
    assert two.pid not in pids
    # Connections go to whichever process takes them first; twelve do not all go to one.
    clients = [Client(two.url, f"mei{index}") for index in range(12)]
    for client in clients:
        client.ok(do="subscribe", room="main")
    clients[0].say("main", "Tea for all.")
    assert all(client.event(text="Tea for all.") for client in clients)
    for client in clients:
        client.__exit__(None, None, None)


def test_a_worker_that_dies_is_started_again(two: Teahouse) -> None:
    first, second = two.worker_pids()
    os.kill(first, signal.SIGKILL)
    until(lambda: f"pid {first} died" in two.output(), "told of")
    until(lambda: len(set(two.worker_pids()) - {first, second}) == 1, "started again")
    (third,) = set(two.worker_pids()) - {first, second}
    until(lambda: f"pid {third} serves" in two.output(), "serving")
    assert running(second)
    with Client(two.url, "mei") as mei:
        mei.say("main", "Nothing happened.")


def test_a_worker_that_is_silent_for_a_while_is_left_alone(two: Teahouse) -> None:
    first, second = two.worker_pids()
    os.kill(first, signal.SIGSTOP)
    with Client(two.url, "mei") as mei:  # The other one answers meanwhile.
        mei.say("main", "Patience.")
    os.kill(first, signal.SIGCONT)
    assert set(two.worker_pids()) == {first, second}
    assert f"pid {first} died" not in two.output()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopping_drains_all_workers(ending: Teahouse, number: signal.Signals) -> None:
    pids = ending.worker_pids()
    clients = [Client(ending.url, f"mei{index}") for index in range(6)]
    assert ending.process is not None
    ending.process.send_signal(number)
    assert {client.closed()[0] for client in clients} == {4201}
    assert ending.process.wait() == 0
    assert not any(running(pid) for pid in pids)
    assert "Traceback" not in ending.output()


def test_workers_do_not_outlive_their_parent(two: Teahouse) -> None:
    pids = two.worker_pids()
    os.kill(two.pid, signal.SIGKILL)
    until(lambda: not any(running(pid) for pid in pids), "gone")
    assert two.process is not None
    two.process.wait()
    two.process = None
    two.start()


def test_a_second_ctrl_c_does_not_wait(ending: Teahouse) -> None:
    pids = ending.worker_pids()
    os.kill(pids[0], signal.SIGSTOP)  # It cannot drain.
    assert ending.process is not None
    ending.process.send_signal(signal.SIGINT)
    until(lambda: not running(pids[1]), "ended in the ordinary way")
    assert ending.process.running
    ending.process.send_signal(signal.SIGINT)
    ending.process.wait()
    assert not any(running(pid) for pid in pids)


# Two servers


def test_two_servers_on_one_database_are_one_site(settings: dict[str, str]) -> None:
    env = {**settings, "TEAHOUSE_SECRET_KEY": SECRET}
    with Teahouse(env=env) as first, Teahouse(env=env) as second:
        browser = make_owner(first)
        browser.base = second.url
        assert "Sign out</button>" in browser.get("/sign-out/").text, "signed in here too"
        with Client(first.url, "wei") as wei, Client(second.url, "lan") as lan:
            lan.ok(do="subscribe", room="main")
            wei.say("main", "From one to the other.")
            assert lan.event(text="From one to the other.")


def test_two_servers_with_different_keys_are_refused(settings: dict[str, str]) -> None:
    with Teahouse(env=settings) as first, Prepared(**settings) as second:
        status, said = second.refused()
        assert status == 1
        assert "another secret key" in said
        assert "TEAHOUSE_SECRET_KEY" in said
        second.data.joinpath("secret_key").write_bytes(first.data.joinpath("secret_key").read_bytes())
        second.start()


def test_a_key_that_was_lost_can_be_replaced(settings: dict[str, str]) -> None:
    with Teahouse(env=settings) as server:
        server.terminate()
        (server.data / "secret_key").unlink()
        status, _ = server.refused()
        assert status == 1
        server.arguments.append("--new-secret")
        server.start()
        server.terminate()
        server.arguments.remove("--new-secret")
        server.start()


def test_two_servers_that_start_together_make_one_database(postgres_url: str, redis_url: str) -> None:
    env = {"DATABASE_URL": postgres_url, "REDIS_URL": redis_url, "TEAHOUSE_SECRET_KEY": SECRET}
    with Prepared(**env) as first, Prepared(**env) as second:
        processes = [first.begin(), second.begin()]
        for server, process in zip((first, second), processes, strict=True):
            process.wait_until(lambda server=server: "Ctrl-C" in server.output(), "open", 60)  # type: ignore[misc]
        until(lambda: state(first) == state(second) == "ok", "ok")
        assert (first.output() + second.output()).count("Making the database") == 1


def test_accounts_reach_the_other_server(settings: dict[str, str]) -> None:
    """A picture and its bytes, a new name, a login that is ended: each on one server, seen on the other."""
    env = {**settings, "TEAHOUSE_SECRET_KEY": SECRET, "TEAHOUSE_LIMITS": "off"}
    with Teahouse(env=env) as first, Teahouse(env=env) as second:
        alice = make_owner(first, "alice")
        sign_up(bob := first.browser(), invite(alice), "bob")
        elsewhere = sign_in(second, "bob")
        with (
            Client(second.url, **cookie(elsewhere)) as there,
            Client(second.url, "near") as near,
            Client(first.url, **cookie(bob)) as here,
        ):
            for client in (there, near, here):
                client.ok(do="subscribe", room="main")
            bob.submit("/account/", name="Bobby", status="")
            assert near.signal("person")["who"]["name"] == "Bobby"
            there.say("main", "said on the other server")
            assert near.event(text="said on the other server")["by"]["name"] == "Bobby"
            alice.submit("/welcome/", name="The Kettle")
            assert near.signal("place")["name"] == "The Kettle"
            with Client(second.url, "late") as late:
                assert late.hello["place"] == "The Kettle"
            upload(bob, picture())
            who = near.signal("person")["who"]
            path = f"/people/{who['id']}/{who['avatar']}.webp"
            with urllib.request.urlopen(f"{second.url}{path}") as answer:
                assert answer.read(4) == b"RIFF"
            bob.submit("/account/password/", present=PASSWORD, password="another pot", again="another pot")
            assert there.closed() == (4001, "signed out")
            assert here.closed()[0] == 4200
        first.terminate()
        second.terminate()
        status, said = first.command_line("backup")
        assert status == 0, said
