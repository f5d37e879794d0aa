"""`teahouse serve`: it starts, says where, keeps its data to itself, and refuses what it must with the way out."""

import os
import re
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
from contextlib import closing, suppress
from pathlib import Path

import pytest

from teahouse import __version__
from tests.clients import Client
from tests.processes import free_port
from tests.server.conftest import until
from tests.servers import Teahouse, command_line, environment


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def ask(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.execute(query))


def cpu_seconds(pid: int) -> float:
    """What a process and its ended children have used of a processor (proc(5), fields 14 to 17)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:15]) / 100


# It starts


def test_it_prints_address_and_owner_link_and_answers(teahouse: Teahouse) -> None:
    printed = teahouse.output()
    assert f"{teahouse.url}/" in printed
    assert teahouse.owner_link.startswith(f"{teahouse.url}/owner/")
    answer = teahouse.browser().get("/")
    assert answer.status == 200
    assert "teahouse-room" in answer.text


def test_what_it_keeps_is_for_its_owner_alone(fresh: Teahouse) -> None:
    fresh.start()
    assert mode(fresh.data) == 0o700
    assert mode(fresh.data / "secret_key") == 0o600
    assert mode(fresh.data / "teahouse.sqlite3") == 0o600
    assert len((fresh.data / "secret_key").read_text().strip()) >= 50


def test_the_database_writes_ahead_and_has_the_room_main(teahouse: Teahouse) -> None:
    database = teahouse.data / "teahouse.sqlite3"
    assert ask(database, "PRAGMA journal_mode") == [("wal",)]
    assert ("main",) in ask(database, "SELECT slug FROM teahouse_room")


def test_a_second_start_is_quick_and_makes_nothing_anew(fresh: Teahouse) -> None:
    fresh.start()
    secret = (fresh.data / "secret_key").read_text()
    site = ask(fresh.data / "teahouse.sqlite3", "SELECT key FROM teahouse_site")
    fresh.restart()
    # Three seconds are promised. A shared machine's clock tells more of its other work than of ours.
    assert cpu_seconds(fresh.pid) < 3
    assert "Making the database" not in fresh.output_of_this_start()
    assert (fresh.data / "secret_key").read_text() == secret
    assert ask(fresh.data / "teahouse.sqlite3", "SELECT key FROM teahouse_site") == site
    assert not (fresh.data / "backups").exists(), "there was nothing to copy"


def test_a_terminal_without_chinese_letters_shows_others(made: Teahouse) -> None:
    made.env |= {"PYTHONIOENCODING": "ascii", "LANG": "zh_CN.GBK"}
    made.start()
    assert made.url in made.output()
    assert made.browser().get("/").status == 200


def test_it_serves_on_where_nobody_reads_what_it_prints(made: Teahouse) -> None:
    """`teahouse serve | head -1`."""
    with subprocess.Popen(
        made.command(),
        env=environment(),
        cwd=made.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        try:
            until(lambda: answers(made), "open", 45)
            assert made.browser().get("/").status == 200
        finally:
            process.terminate()
        assert process.wait(20) == 0


def answers(server: Teahouse) -> bool:
    with suppress(OSError):
        return server.browser().get("/health/ready").status == 200
    return False


def test_who_is_here_when_it_stops_is_told_to_come_back(made: Teahouse) -> None:
    made.start()
    with Client(made.url, "mei") as mei, Client(made.url, "lan") as lan:
        assert made.terminate() == 0
        for client in (mei, lan):
            code, seconds = client.closed()
            assert code == 4201
            assert float(seconds) >= 0


def test_sign_ins_that_ran_out_are_forgotten(made: Teahouse) -> None:
    made.start()
    made.terminate()
    database = made.data / "teahouse.sqlite3"
    for key, year in (("old", 2020), ("new", 2099)):
        change(database, f"INSERT INTO django_session VALUES ('{key}', '', '{year}-01-01')")
    made.start()
    assert ask(database, "SELECT session_key FROM django_session") == [("new",)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_to_be_stopped_is_no_failure(made: Teahouse, number: signal.Signals) -> None:
    made.start()
    assert made.terminate(number) == 0
    assert "Traceback" not in made.output()
    assert "Teahouse is closed." in made.output()


def test_any_free_port_will_do() -> None:
    with Teahouse("--port", "0") as server:
        found = re.search(r"http://127\.0\.0\.1:(\d+)/\n", server.output())
        assert found
        assert int(found[1]) not in (0, server.port)
        with socket.create_connection(("127.0.0.1", int(found[1])), timeout=5):
            pass


def test_everyone_is_told_the_lan_address_and_its_qr_code() -> None:
    with Teahouse("--qr", host="0.0.0.0") as server:
        others = re.findall(r"http://(\S+):\d+/  for others", server.output())
        assert others, "this machine has no network, or its address was not found"
        assert "█" in server.output() or "▀" in server.output()
        for other in others:
            with socket.create_connection((other.strip("[]"), server.port), timeout=5):
                pass
        own = server.browser()
        own.base = f"http://{others[0]}:{server.port}"
        assert own.get("/").status == 200
        assert own.get(server.owner_link).status == 200


def test_loopback_is_for_this_machine_only(teahouse: Teahouse) -> None:
    assert "for others" not in teahouse.output()
    assert "█" not in teahouse.output()


def test_in_a_chinese_terminal_it_speaks_chinese() -> None:
    with Teahouse(env={"LANG": "zh_CN.UTF-8"}) as server:
        assert "茶馆已开门" in server.output()


# What is in the way


def test_a_folder_in_use_is_refused_with_who_uses_it(teahouse: Teahouse) -> None:
    second = Teahouse(data=teahouse.data)
    second.prepare()
    status, said = second.refused()
    second.close()
    assert status == 1
    assert f"pid {teahouse.pid} at {teahouse.url}" in said
    assert "--data OTHER_FOLDER" in said
    assert teahouse.browser().get("/health/live").status == 200


def test_a_killed_server_leaves_its_folder_free(made: Teahouse) -> None:
    made.start()
    made.kill()
    made.start()
    assert made.browser().get("/health/ready").json()["state"] == "ok"


def test_one_sqlite_file_has_one_server(made: Teahouse, tmp_path: Path) -> None:
    made.env["DATABASE_URL"] = f"sqlite:///{tmp_path}/shared.sqlite3"
    made.start()
    second = Teahouse(env=made.env)
    second.prepare()
    status, said = second.refused()
    assert status == 1
    assert f"shared.sqlite3 is in use by the Teahouse with pid {made.pid}" in said
    made.terminate()
    second.start()
    second.close()


def test_a_port_in_use_is_named_with_who_has_it_and_a_free_one(fresh: Teahouse) -> None:
    with socket.create_server(("127.0.0.1", fresh.port)):
        status, said = fresh.refused()
    assert status == 1
    assert f"Port {fresh.port} is in use" in said
    assert re.search(r"in use by \S+ \(pid \d+\)", said)
    free = re.search(r"--port (\d+)", said)
    assert free
    with socket.create_server(("127.0.0.1", int(free[1]))):
        pass
    assert not (fresh.data / "teahouse.sqlite3").exists(), "nothing was begun"
    fresh.start()


def test_a_port_cannot_be_taken_between_the_look_and_the_opening(fresh: Teahouse) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", fresh.port))  # As Teahouse binds; the system lets both.
        process = fresh.begin()
        process.wait_until(lambda: "Making the database" in fresh.output(), "begun", 30)
        with pytest.raises(OSError, match="in use"):
            other.listen()


def test_an_address_of_another_machine_is_refused() -> None:
    server = Teahouse(host="192.0.2.7")
    server.prepare()
    status, said = server.refused()
    server.close()
    assert status == 1
    assert "192.0.2.7 is no address of this machine" in said
    assert "--host 0.0.0.0 for everyone" in said


@pytest.mark.parametrize("place", ["file", "below a file", "not ours"])
def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    # Tests may run as root, who writes everywhere but into the system's own.
    data = {
        "file": tmp_path / "file",
        "below a file": tmp_path / "file" / "x",
        "not ours": Path("/proc/teahouse"),
    }[place]
    server = Teahouse(data=data)
    server.prepare()
    status, said = server.refused()
    server.close()
    assert status == 1
    assert str(data) in said
    assert "--data FOLDER" in said
    assert "Traceback" not in said


def test_a_settings_error_starts_nothing(fresh: Teahouse) -> None:
    fresh.env["TEAHOUSE_ULR"] = "https://chat.example.org"
    status, said = fresh.refused()
    assert status == 2
    assert "Did you mean TEAHOUSE_URL?" in said
    assert not fresh.data.exists()


# Upgrades


def test_a_newer_database_is_refused_and_left_as_it_is(made: Teahouse) -> None:
    made.start()
    made.terminate()
    database = made.data / "teahouse.sqlite3"
    change(
        database,
        "INSERT INTO django_migrations (app, name, applied) VALUES ('teahouse', '9999_tea', '2030-01-01')",
    )
    before = database.read_bytes()
    status, said = made.refused()
    assert status == 1
    assert "newer than this Teahouse" in said
    assert "teahouse.9999_tea" in said
    assert "backups" in said
    assert database.read_bytes() == before
    change(database, "DELETE FROM django_migrations WHERE name = '9999_tea'")
    made.start()


def test_a_migration_that_was_squashed_since_is_not_newer(made: Teahouse) -> None:
    made.start()
    made.terminate()
    database = made.data / "teahouse.sqlite3"
    change(
        database,
        "INSERT INTO django_migrations (app, name, applied) VALUES ('teahouse', '0000_old', '2020-01-01')",
    )
    made.start()


def an_older_database(server: Teahouse) -> Path:
    """The database as it was before the migrations of sessions, with a room to recognise it by."""
    server.start()
    server.terminate()
    status, said = server.command_line("manage", "migrate", "sessions", "zero")
    assert status == 0, said
    change(server.data / "teahouse.sqlite3", "UPDATE teahouse_room SET title = 'Before' WHERE slug = 'main'")
    return server.data / "teahouse.sqlite3"


def test_a_copy_is_made_before_the_database_is_changed(made: Teahouse) -> None:
    database = an_older_database(made)
    made.start()
    assert "up to date" in made.output_of_this_start()
    (copy,) = (made.data / "backups").iterdir()
    assert str(copy) in made.output_of_this_start()
    assert re.fullmatch(rf"before-{re.escape(__version__)}-\d{{8}}T\d{{6}}Z\.sqlite3", copy.name)
    assert mode(copy) == 0o600
    assert ask(copy, "SELECT title FROM teahouse_room WHERE slug = 'main'") == [("Before",)]
    tables = "SELECT name FROM sqlite_master WHERE name = 'django_session'"
    assert ask(copy, tables) == []
    assert ask(database, tables) == [("django_session",)]


def test_the_last_five_copies_are_kept(made: Teahouse) -> None:
    an_older_database(made)
    backups = made.data / "backups"
    backups.mkdir()
    for day in range(1, 8):
        old = backups / f"before-0.0.{day}-2026010{day}T000000Z.sqlite3"
        old.touch()
        # As old as its name says: the order is that of time, not of versions.
        os.utime(old, (day, day))
    (backups / "mine.sqlite3").touch()
    made.start()
    kept = sorted(file.name for file in backups.iterdir())
    assert len([name for name in kept if name.startswith("before-")]) == 5
    assert "mine.sqlite3" in kept, "what we did not make is not ours to remove"
    assert not any("before-0.0.3-" in name for name in kept)
    assert any("before-0.0.4-" in name for name in kept)


def test_without_a_copy_nothing_is_changed(made: Teahouse) -> None:
    database = an_older_database(made)
    (made.data / "backups").write_text("in the way")
    status, said = made.refused()
    assert status == 1
    assert "must be copied before it is changed" in said
    assert ask(database, "SELECT name FROM sqlite_master WHERE name = 'django_session'") == []


def test_a_copy_put_back_serves_again(made: Teahouse) -> None:
    database = an_older_database(made)
    made.start()
    made.terminate()
    (copy,) = (made.data / "backups").iterdir()
    database.unlink()
    shutil.copy(copy, database)
    made.start()
    assert made.browser().get("/health/ready").status == 200


# Workers


@pytest.mark.parametrize("missing", ["both", "redis"])
def test_several_workers_need_postgres_and_redis(made: Teahouse, missing: str) -> None:
    made.workers = 2
    if missing == "redis":
        made.env["DATABASE_URL"] = f"postgres://mei:oolong@127.0.0.1:{free_port()}/tea"
    status, said = made.refused()
    assert status == 2
    assert "2 workers need PostgreSQL (DATABASE_URL) and Redis (REDIS_URL)" in said


def test_the_same_with_the_command_line(tmp_path: Path) -> None:
    status, said = command_line("serve", "--workers", "none", "--data", str(tmp_path / "data"))
    assert status == 2
    assert "a number from 1 to 256" in said
    assert not (tmp_path / "data").exists()
