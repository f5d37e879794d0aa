"""`teahouse backup`, `restore`, `move` and `audit`: as an operator types them, beside a server and without one."""

from __future__ import annotations

import sqlite3
import tarfile
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests import services
from tests.clients import Client
from tests.servers import Teahouse, command_line, database_with_tables

OFF = {"TEAHOUSE_LIMITS": "off"}
ROOMS = ("main", "tea")


def say_some(client: Client, texts: list[str]) -> None:
    """With edits, deletions and reactions, so that each kind of row is there."""
    for room in ROOMS:
        client.ok(do="subscribe", room=room, make=True)
        for text in texts:
            message = client.say(room, f"{text} 茶 **{room}**")["message"]
        client.ok(do="react", room=room, message=message, emoji="🍵")
        client.ok(do="edit", room=room, message=message, text="edited")
        gone = client.say(room, "to be deleted")["message"]
        client.ok(do="delete", room=room, message=gone)


def texts_of(client: Client, room: str = "main") -> list[str]:
    page = client.ok(do="history", room=room, before=10_000, limit=200)
    return [message["text"] for message in page["messages"] if "text" in message]


def sound(server: Teahouse) -> str:
    status, printed = server.command_line("audit")
    assert status == 0, printed
    assert "everything fits together" in printed
    return printed


def test_a_backup_made_beside_a_server_is_put_back(tmp_path: Path) -> None:
    file = tmp_path / "tea.tar"
    with Teahouse(env=OFF) as server:
        with Client(server.url, "Alice") as alice:
            say_some(alice, ["in the backup"])
            status, printed = server.command_line("backup", str(file))
            assert status == 0, printed
            assert str(file) in printed
            assert file.stat().st_mode & 0o077 == 0, "for its owner's eyes only"
            alice.say("main", "later")
            known = alice.ok(do="subscribe", room="main")["position"]
            before = texts_of(alice)
        server.terminate()
        status, printed = server.command_line("restore", str(file))
        assert status == 1
        assert "restore --replace" in printed
        status, printed = server.command_line("restore", "--replace", str(file))
        assert status == 0, printed
        assert len(list((server.data / "backups").glob("before-restore-*.sqlite3"))) == 1
        server.start()
        assert "older than what was served" not in server.output_of_this_start(), (
            "it was restored by our own command"
        )
        sound(server)
        with Client(server.url, token=alice.ticket) as again:
            assert again.you["id"] == alice.you["id"], "the secret key came back too"
            assert texts_of(again) == [text for text in before if text != "later"]
            again.say("main", "has the number of the lost one")
            assert again.ok(do="subscribe", room="main", since=known)["reset"], "another history"


def test_a_backup_made_while_people_talk_is_of_one_moment(tmp_path: Path) -> None:
    file = tmp_path / "busy.tar"
    with Teahouse(env=OFF) as server, Teahouse(env=OFF) as other:
        stop = threading.Event()

        def talk() -> None:
            with Client(server.url, "Talker") as talker:
                number = 0
                while not stop.is_set():
                    for key in [
                        talker.put(do="send", room="main", key=f"k{number + n}", text="x" * 500)
                        for n in range(50)
                    ]:
                        talker.reply_to(key)
                    number += 50

        talking = threading.Thread(target=talk)
        talking.start()
        try:
            for _ in range(3):
                file.unlink(missing_ok=True)
                status, printed = server.command_line("backup", str(file))
                assert status == 0, printed
                sound(server)
        finally:
            stop.set()
            talking.join()
        other.terminate()
        status, printed = other.command_line("restore", "--replace", str(file))
        assert status == 0, printed
        sound(other)


def test_nobody_restores_under_a_running_server(tmp_path: Path) -> None:
    file = tmp_path / "tea.tar"
    with Teahouse(env=OFF) as server:
        assert server.command_line("backup", str(file))[0] == 0
        status, printed = server.command_line("restore", "--replace", str(file))
        assert status == 1
        assert f"kill {server.pid}" in printed


@pytest.mark.parametrize("damage", ["no archive", "cut", "changed", "no manifest"])
def test_what_is_no_sound_backup_changes_nothing(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "tea.tar"
    with Teahouse(env=OFF) as server:
        with Client(server.url, "Alice") as alice:
            alice.say("main", "stays")
        assert server.command_line("backup", str(file))[0] == 0
        server.terminate()
        whole = file.read_bytes()
        if damage == "no archive":
            file.write_bytes(b"tea" * 1000)
        elif damage == "cut":
            file.write_bytes(whole[: len(whole) // 2])
        elif damage == "changed":
            at = whole.index(b"stays")
            file.write_bytes(whole[:at] + b"goes!" + whole[at + 5 :])
        else:
            with tarfile.open(file, "w") as tar:
                tar.add(__file__, "something")
        status, printed = server.command_line("restore", "--replace", str(file))
        assert status == 1
        assert "is no backup" in printed or "is damaged" in printed
        server.start()
        with Client(server.url, "Bob") as bob:
            assert texts_of(bob) == ["stays"]


def test_a_backup_never_overwrites(tmp_path: Path) -> None:
    file = tmp_path / "kept.tar"
    file.write_text("mine")
    with Teahouse(env=OFF) as server:
        status, printed = server.command_line("backup", str(file))
        assert (status, file.read_text()) == (1, "mine"), printed
        status, printed = server.command_line("backup")
        assert status == 0, printed
        assert len(list((server.data / "backups").glob("teahouse-*.tar"))) == 1
        assert not list((server.data / "backups").glob(".*")), "nothing is left beside it"


def test_where_there_is_no_site_it_says_so(tmp_path: Path) -> None:
    for command in (["backup"], ["audit"], ["move", "postgres://tea@127.0.0.1/tea"]):
        status, printed = command_line(*command, env={"TEAHOUSE_DATA": str(tmp_path / "nothing")})
        assert status == 1
        assert "There is no site in" in printed
        assert "Traceback" not in printed


def test_postgresql_goes_into_sqlite_and_back(postgres_server: services.Postgres, tmp_path: Path) -> None:
    first, second = database_with_tables(postgres_server), database_with_tables(postgres_server)
    file, again = tmp_path / "first.tar", tmp_path / "again.tar"
    with Teahouse(env={**OFF, "DATABASE_URL": first}) as server:
        with Client(server.url, "Alice") as alice:
            say_some(alice, ["one", "two"])
            said = {room: texts_of(alice, room) for room in ROOMS}
        assert server.command_line("backup", str(file))[0] == 0
        sound(server)
    with Teahouse(env=OFF) as server:
        server.terminate()
        status, printed = server.command_line("restore", "--replace", str(file))
        assert status == 0, printed
        server.start()
        sound(server)
        with Client(server.url, token=alice.ticket) as back:
            assert {room: texts_of(back, room) for room in ROOMS} == said
            back.say("main", "three")
        assert server.command_line("backup", str(again))[0] == 0
    with Teahouse(env={**OFF, "DATABASE_URL": second}) as server:
        server.terminate()
        status, printed = server.command_line("restore", str(again))
        assert status == 0, f"a site in which nobody is and nothing was said makes room: {printed}"
        server.start()
        sound(server)
        with Client(server.url, token=alice.ticket) as back:
            assert texts_of(back) == [*said["main"], "three"]
            assert back.say("main", "four")["seq"], "numbers of rows go on behind what came"
    for url in (first, second):
        postgres_server.drop_database(url)


def test_a_site_moves_to_postgresql_and_nobody_notices(postgres_server: services.Postgres) -> None:
    url = postgres_server.create_database()
    with Teahouse(env=OFF) as server:
        with Client(server.url, "Alice") as alice:
            say_some(alice, ["one", "two"])
            known = alice.ok(do="subscribe", room="main")["position"]
            alice.say("main", "missed")
        status, printed = server.command_line("move", url)
        assert status == 1
        assert f"kill {server.pid}" in printed
        server.terminate()
        status, printed = server.command_line("move", url)
        assert status == 0, printed
        assert "counts and checksums agree" in printed
        assert counted(printed, "teahouse_message") == 2 * 3 + 1, printed
        status, printed = server.command_line("move", url)
        assert status == 1
        assert "--replace" in printed
        server.env["DATABASE_URL"] = url
        server.start()
        sound(server)
        with Client(server.url, token=alice.ticket) as back:
            page = back.ok(do="subscribe", room="main", since=known)
            assert "reset" not in page
            assert [event["message"]["text"] for event in page["events"]] == ["missed"]
            assert back.say("main", "here")["seq"] == page["position"]["seq"] + 1
        status, printed = server.command_line("move", url)
        assert status == 2
        assert "PostgreSQL already" in printed
    postgres_server.drop_database(url)


def counted(printed: str, table: str) -> int:
    (line,) = [line for line in printed.splitlines() if line.split()[:1] == [table]]
    return int(line.split()[1].replace(",", ""))


def test_nobody_moves_into_a_database_that_is_served_from(postgres_server: services.Postgres) -> None:
    url = database_with_tables(postgres_server)
    with Teahouse(env={**OFF, "DATABASE_URL": url}), Teahouse(env=OFF) as server:
        server.terminate()
        status, printed = server.command_line("move", "--replace", url)
        assert status == 1
        assert "Stop it first" in printed
    postgres_server.drop_database(url)


DAMAGE = {
    "UPDATE teahouse_room SET seq = seq + 1 WHERE slug = 'main'": "room main: its events are not 1 to",
    "DELETE FROM teahouse_event WHERE seq = 2": "its events are not 1 to",
    "UPDATE teahouse_event SET subject = subject + 1 WHERE seq = 1": "does not say it",
    "UPDATE teahouse_message SET rev = 1 WHERE deleted_at IS NOT NULL": "is not its last change",
    "UPDATE teahouse_message SET text = 'still here' WHERE deleted_at IS NOT NULL": "its text is there",
    "INSERT INTO teahouse_event (room_id, seq, kind, subject, detail, by_id, at) SELECT room_id, max(seq) + 1,"
    " 'message', 999999, '', NULL, max(at) FROM teahouse_event GROUP BY room_id": "its message is not there",
    "INSERT INTO teahouse_revision (message_id, at, text, renderer) SELECT id, at, 'was here', 0"
    " FROM teahouse_message WHERE deleted_at IS NOT NULL": "it is deleted or was never edited, and earlier text",
    "UPDATE teahouse_message SET reply_id = id WHERE seq = 1": "which is no earlier message of its room",
    "UPDATE teahouse_member SET read = 999": "which was not said yet",
    "UPDATE teahouse_message SET thread_id = id WHERE seq = 1": "or in a thread itself",
    "UPDATE teahouse_thread SET count = 7": "its thread is said to have 7 messages",
    "UPDATE teahouse_threadmark SET read = 999": "has read its thread up to 999",
}


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A stopped server with something of everything, and a copy of its database."""
    with Teahouse(env=OFF) as server:
        with Client(server.url, "Alice") as alice:
            say_some(alice, ["one"])
            alice.ok(do="read", room="main", seq=1)
            thread = alice.say("main", "whose thread it is")["message"]
            alice.ok(do="send", room="main", key="inside", text="said there", thread=thread)
            alice.ok(do="delete", room="main", message=thread)
        server.terminate()
        yield server, (server.data / "teahouse.sqlite3").read_bytes()


@pytest.mark.parametrize("statement", DAMAGE)
def test_the_audit_finds(audited: tuple[Teahouse, bytes], statement: str) -> None:
    server, whole = audited
    path = server.data / "teahouse.sqlite3"
    path.write_bytes(whole)
    sound(server)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute(statement).rowcount > 0
        connection.commit()
    status, printed = server.command_line("audit")
    assert status == 1, printed
    assert DAMAGE[statement] in printed
    assert "Traceback" not in printed


def test_what_is_wrong_in_many_places_hides_nothing_else(audited: tuple[Teahouse, bytes]) -> None:
    server, whole = audited
    path = server.data / "teahouse.sqlite3"
    path.write_bytes(whole)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE teahouse_event SET subject = 999999")
        connection.execute("UPDATE teahouse_message SET text = 'still here' WHERE deleted_at IS NOT NULL")
        connection.commit()
    status, printed = server.command_line("audit")
    assert status == 1
    assert "does not say it" in printed
    assert "its text is there" in printed


def test_the_audit_of_postgresql_finds_it_too(postgres_server: services.Postgres) -> None:
    url = database_with_tables(postgres_server)
    with Teahouse(env={**OFF, "DATABASE_URL": url}) as server:
        with Client(server.url, "Alice") as alice:
            say_some(alice, ["one"])
        sound(server)
        with psycopg.connect(url) as connection:
            connection.execute("UPDATE teahouse_room SET seq = seq + 1 WHERE slug = 'tea'")
        status, printed = server.command_line("manage", "teahouse_audit")
        assert status == 1
        assert "room tea: its events are not 1 to" in printed
    postgres_server.drop_database(url)


def put_back_behind_its_back(server: Teahouse) -> tuple[dict[str, Any], Client]:
    """A copy of the database replaces it while nobody serves; what a client knew before, and who it was."""
    path = server.data / "teahouse.sqlite3"
    with Client(server.url, "Alice") as alice:
        alice.say("main", "in the copy")
    server.terminate()
    copy = path.read_bytes()
    server.start()
    with Client(server.url, token=alice.ticket) as alice:
        alice.say("main", "lost with the disk")
        known = alice.ok(do="subscribe", room="main")["position"]
    server.terminate()
    path.write_bytes(copy)
    return known, alice


def test_a_database_put_back_behind_its_back_is_noticed_on_start() -> None:
    with Teahouse(env=OFF) as server:
        known, alice = put_back_behind_its_back(server)
        server.start()
        assert "older than what was served" in server.output_of_this_start()
        with Client(server.url, token=alice.ticket) as back:
            assert back.say("main", "has the number of the lost one")["seq"] == known["seq"]
            assert back.ok(do="subscribe", room="main", since=known)["reset"]
        server.restart()
        assert "older than what was served" not in server.output_of_this_start(), "once"


def test_a_restart_after_a_kill_is_no_older_database() -> None:
    with Teahouse(env=OFF) as server:
        with Client(server.url, "Alice") as alice:
            alice.say("main", "here")
            known = alice.ok(do="subscribe", room="main")["position"]
        server.kill()
        server.start()
        assert "older than what was served" not in server.output_of_this_start()
        with Client(server.url, token=alice.ticket) as back:
            assert "reset" not in back.ok(do="subscribe", room="main", since=known)
