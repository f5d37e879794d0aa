"""A site of an earlier release is opened by today's program, and by one with a migration more: all still holds."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from teahouse import __version__
from tests.clients import Client
from tests.server.conftest import until
from tests.server.frozen import Known, history, known, load, missed, releases, unpack
from tests.server.next_version import next_version
from tests.servers import Teahouse

OFF = {"TEAHOUSE_LIMITS": "off"}
RELEASES = releases()

of_each_release = pytest.mark.parametrize("release", RELEASES, ids=[path.name for path in RELEASES])


def test_there_is_one() -> None:
    assert RELEASES, "bin/freeze makes one"


# What must hold


def as_it_was(now: dict[str, Any], then: dict[str, Any]) -> bool:
    """Whether everything is there that was; fields may have been added, and HTML may be of a newer renderer."""
    if "html" in then and "html" not in now:
        return False
    return all(
        as_it_was(now[name], value) if isinstance(value, dict) else now.get(name) == value
        for name, value in then.items()
        if name != "html"
    )


def all_as_they_were(now: list[dict[str, Any]], then: list[dict[str, Any]]) -> None:
    for one, other in zip(now, then, strict=True):
        assert as_it_was(one, other), f"{one}\nwas\n{other}"


def holds(server: Teahouse, known: Known) -> None:
    """Everything that people knew of the site. Nobody has said anything since."""
    sound(server)
    people = {name: known.enter(server, name) for name in known.people}
    try:
        for name, client in people.items():
            assert as_it_was(client.you, known.people[name]), f"{name} is somebody else"
        for name, marks in known.marks.items():
            now = known.marks_of(people[name])
            assert marks == {room: now[room] for room in marks}
        for room, place in known.places.items():
            room_holds(people[place.reader], room, known)
        promises_hold(people, known)
    finally:
        for client in people.values():
            client.socket.close()
    with Client(server.url, hello=False) as nobody:
        assert nobody.refused(do="hello", v=1, token=known.revoked) == "bad_token"
        assert nobody.closed()[0] == 4001


def room_holds(reader: Client, room: str, known: Known) -> None:
    """Its history, and what comes to one who returns with a position, of half way or of the end."""
    place, waited = known.places[room], known.waiting.get(room, [])
    head = place.last["seq"] + len(waited)
    until(lambda: reader.ok(do="subscribe", room=room)["position"]["seq"] >= head, "the outbox is said")
    news = missed(reader, room, place.last)
    assert [event["message"]["text"] for event in news] == waited
    events = missed(reader, room, place.old)
    assert [event["seq"] for event in events] == list(range(place.old["seq"] + 1, head + 1))
    all_as_they_were(events[: len(place.missed)], place.missed)
    shown = [json.dumps(events, ensure_ascii=False)]
    if room != "@me":
        messages = history(reader, room)
        all_as_they_were(messages[: len(place.messages)], place.messages)
        assert [message["text"] for message in messages[len(place.messages) :]] == waited
        shown.append(json.dumps(messages, ensure_ascii=False))
    for gone in known.gone:
        assert not any(gone in page for page in shown), f"{gone!r} is shown again in {room}"


def promises_hold(people: dict[str, Client], known: Known) -> None:
    for said in known.said:
        again = people[said.by].say(said.room, said.text, said.key)
        assert (again["message"], again["seq"]) == (said.message, said.seq), "P4"
    for room, place in known.places.items():
        if room == "@me":
            continue
        outsider = people[known.outsider]
        if place.reader in known.passwords:
            assert outsider.refused(do="subscribe", room=room) == "not_found"
        head = people[place.reader].ok(do="subscribe", room=room)["position"]["seq"]
        assert head == place.last["seq"] + len(known.waiting.get(room, [])), "repeats are not stored again"
        assert people[place.reader].say(room, "Said since.")["seq"] == head + 1, "P2"


def sound(server: Teahouse) -> None:
    status, printed = server.command_line("audit")
    assert status == 0, printed


def content(path: Path) -> list[str]:
    """A whole database as statements."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return list(connection.iterdump())


# Each release


@pytest.fixture
def opened(fresh: Teahouse) -> Callable[[Path], list[str]]:
    """Puts a release's data folder into the place of the fresh server's; what its database holds."""

    def opened(release: Path) -> list[str]:
        fresh.env |= OFF
        unpack(release, fresh.data)
        return content(fresh.data / "teahouse.sqlite3")

    return opened


def the_copy_is_whole(server: Teahouse, before: list[str]) -> Path:
    """What was there before the upgrade is kept, and nothing is missing from it."""
    (copy,) = (server.data / "backups").glob("before-*.sqlite3")
    assert str(copy) in server.output_of_this_start()
    assert content(copy) == before
    return copy


@of_each_release
def test_its_site_is_opened(release: Path, fresh: Teahouse, opened: Callable[[Path], list[str]]) -> None:
    before = opened(release)
    fresh.start()
    if "up to date" in fresh.output_of_this_start():
        the_copy_is_whole(fresh, before)
    else:
        assert not (fresh.data / "backups").exists(), "there was nothing to migrate"
    assert "All histories begin anew" not in fresh.output_of_this_start()
    holds(fresh, known(release))


@of_each_release
def test_its_site_is_opened_on_postgresql(
    release: Path, fresh: Teahouse, opened: Callable[[Path], list[str]], postgres_url: str
) -> None:
    opened(release)
    (fresh.data / "teahouse.sqlite3").unlink()
    load(release, postgres_url)
    fresh.env["DATABASE_URL"] = postgres_url
    fresh.start()
    holds(fresh, known(release))


@of_each_release
def test_the_next_version_opens_it_behind_a_copy_that_the_last_one_can_serve(
    release: Path, fresh: Teahouse, opened: Callable[[Path], list[str]], tmp_path: Path
) -> None:
    before = opened(release)
    added = next_version(tmp_path)
    fresh.env["PYTHONPATH"] = str(tmp_path)
    fresh.start()
    copy = the_copy_is_whole(fresh, before)
    database = fresh.data / "teahouse.sqlite3"
    assert any(added in line for line in content(database) if "django_migrations" in line)
    holds(fresh, known(release))

    fresh.terminate()
    del fresh.env["PYTHONPATH"]
    status, printed = fresh.refused()
    assert status == 1
    assert f"newer than this Teahouse {__version__}" in printed
    assert f"teahouse.{added}" in printed
    shutil.copy(copy, database)
    fresh.start()
    assert "older than what was served" in fresh.output_of_this_start(), "something was said since"
    sound(fresh)


@of_each_release
def test_the_next_version_opens_it_on_postgresql(
    release: Path, fresh: Teahouse, opened: Callable[[Path], list[str]], postgres_url: str, tmp_path: Path
) -> None:
    opened(release)
    (fresh.data / "teahouse.sqlite3").unlink()
    load(release, postgres_url)
    next_version(tmp_path)
    fresh.env |= {"DATABASE_URL": postgres_url, "PYTHONPATH": str(tmp_path)}
    fresh.start()
    assert re.search(r"up to date \(\d+ to apply\)", fresh.output_of_this_start())
    holds(fresh, known(release))
