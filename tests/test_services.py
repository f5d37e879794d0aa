"""The servers that other tests rely on do what their names say, and leave nothing behind."""

import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests import services
from tests.processes import Process, free_port, temporary_folder
from tests.servers import ROOT


def test_postgres_gives_each_test_an_empty_database(
    postgres_server: services.Postgres, postgres_url: str
) -> None:
    with psycopg.connect(postgres_url) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
        assert tables == (0,)
        connection.execute("CREATE TABLE cups (name text)")
    assert postgres_server.create_database() != postgres_url


def test_postgres_is_durable_and_asks_for_the_password(
    postgres_server: services.Postgres, postgres_url: str
) -> None:
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres_url.replace(postgres_server.password, "wrong"))


def test_postgres_comes_back_on_the_same_port_with_its_data() -> None:
    with services.Postgres() as postgres:
        url = postgres.create_database("tea")
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE cups AS SELECT 1 AS n")
        postgres.kill()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(url, connect_timeout=2)
        postgres.start()
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT n FROM cups").fetchone() == (1,)
            assert postgres.disconnect(url) == 1
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT 1")
        folder = postgres.folder
    assert not folder.exists()


def test_redis_can_be_killed_started_and_paused(redis_server: services.Redis) -> None:
    client = redis.Redis.from_url(redis_server.url)
    client.set("cup", "full")
    redis_server.kill()
    with pytest.raises(redis.ConnectionError):
        client.get("cup")
    redis_server.start()
    assert client.get("cup") is None, "it stores nothing"
    redis_server.pause()
    with (
        redis.Redis.from_url(redis_server.url, socket_timeout=0.3) as impatient,
        pytest.raises(redis.TimeoutError),
    ):
        impatient.get("cup")
    redis_server.resume()
    assert client.ping()
    client.close()


def test_redis_with_a_password_refuses_others() -> None:
    with services.Redis(password="oolong") as server:
        with redis.Redis.from_url(server.url) as client:
            assert client.ping()
        with (
            redis.Redis(port=server.port, retry=Retry(NoBackoff(), 0)) as stranger,
            pytest.raises(redis.AuthenticationError),
        ):
            stranger.ping()


def test_a_program_that_ends_too_early_says_so_with_its_log(tmp_path: Path) -> None:
    process = Process([sys.executable, "-c", "print('no tea today')"], log=tmp_path / "log")
    with pytest.raises(AssertionError, match="no tea today"):
        process.wait_until(lambda: False, "ready")


def test_a_missing_program_is_named_with_its_package() -> None:
    with pytest.raises(services.MissingProgram, match="apt-get install tea-server"):
        services.find_program("no-such-tea-server", "tea-server")


def test_nothing_outlives_tests_that_were_killed() -> None:
    """`kill -9` of pytest leaves no server and no folder: the guard ends them."""
    script = textwrap.dedent("""
        import sys
        from tests.services import Redis
        redis = Redis().__enter__()
        print(redis.port, redis.folder, flush=True)
        sys.stdin.read()
    """)
    root = Path(__file__).parent.parent
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
    ) as tests:
        assert tests.stdout is not None
        port, folder = tests.stdout.readline().split()
        # Open until the server ends: reading it to its end is waiting for that.
        connection = socket.create_connection(("127.0.0.1", int(port)), timeout=45)
        # One that Redis has not taken from the kernel yet would be reset.
        connection.sendall(b"PING\r\n")
        assert connection.recv(7) == b"+PONG\r\n"
        tests.kill()
    with connection:
        assert connection.recv(1) == b""
    wait_until_gone(Path(folder))


def wait_until_gone(folder: Path, timeout: float = 45) -> None:
    end = time.monotonic() + timeout
    while folder.exists():
        assert time.monotonic() < end, f"{folder} is still there"
        time.sleep(0.01)


def test_a_free_port_is_free_and_outside_of_the_systems_own_range() -> None:
    ports = {free_port() for _ in range(50)}
    assert len(ports) > 40
    assert all(port < 32_768 for port in ports)


def asked_elsewhere(ports: list[int]) -> str:
    """What `free_port` says in another process, which has these to choose from and then ends."""
    code = f"from tests import processes; processes.PORTS = {ports}; print(processes.free_port())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr.splitlines()[-1]).strip()


def test_a_port_is_given_once_while_whoever_has_it_lives() -> None:
    """Nobody listens on it yet: it is the server's that will be started."""
    port = free_port()
    assert asked_elsewhere([port]) == "RuntimeError: no free TCP port of 127.0.0.1 found in a thousand tries"
    other = int(asked_elsewhere([port, *range(14_000, 14_900)]))
    assert other != port
    assert asked_elsewhere([other]) == str(other), "who had it has ended"


def test_a_temporary_folder_goes() -> None:
    with temporary_folder("cup") as folder:
        (folder / "tea").write_text("green")
    assert not folder.exists()


def test_a_database_is_dumped_and_made_again_elsewhere(postgres_server: services.Postgres) -> None:
    first, second = postgres_server.create_database(), postgres_server.create_database()
    with psycopg.connect(first) as connection:
        connection.execute("CREATE TABLE tea (name text PRIMARY KEY)")
        connection.execute("INSERT INTO tea VALUES ('乌龙')")
    dump = postgres_server.dump(first)
    postgres_server.load(second, dump)
    with psycopg.connect(second) as connection:
        assert connection.execute("SELECT name FROM tea").fetchall() == [("乌龙",)]
    with pytest.raises(subprocess.CalledProcessError):
        postgres_server.load(second, dump)


def test_of_two_processes_one_makes_what_both_use(tmp_path: Path) -> None:
    """And who asks meanwhile waits for it."""
    code = """
import os, sys, time
from pathlib import Path
from tests.shared import once
began = Path(sys.argv[2])
(began / str(os.getpid())).touch()
def make():
    while len(list(began.iterdir())) < 2:
        time.sleep(0.01)
    print("made")
    return b"tea"
assert once(sys.argv[1], make) == b"tea"
"""
    command = [sys.executable, "-c", code, uuid4().hex, str(tmp_path)]
    both = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert sorted(one.communicate()[0] for one in both) == ["", "made\n"]
    assert [one.returncode for one in both] == [0, 0]
