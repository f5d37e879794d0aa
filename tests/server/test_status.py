"""The owners' page of the state: what it counts, of which processes, and what it finds wrong. Alice owns, nobody else
is shown anything."""

from __future__ import annotations

import json
import re
import typing
from typing import Any

import pytest

from teahouse.live.figures import Figures, Slot
from teahouse.server.status import Code, Database, Status, Storage, Trouble, troubles
from tests import services
from tests.clients import Client
from tests.scraped import TOKEN, Scrape
from tests.server.accounts import invite, sign_up
from tests.server.conftest import until
from tests.servers import ROOT, Browser, Teahouse, make_owner

NOW = 1_000_000.0
WORDS = [
    ROOT / "teahouse" / "static" / "teahouse" / f"words-status-{language}.js" for language in ("en", "zh")
]


def figures(browser: Browser) -> dict[str, Any]:
    answer = browser.get("/status/figures/")
    assert answer.status == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def counted(told: dict[str, Any], what: str) -> int:
    return sum(slot[what] for one in told["processes"] for slot in one["slots"])


def codes(told: dict[str, Any]) -> list[str]:
    """What is wrong, but for what the machine is to blame for, on which other tests run as well."""
    return [one["code"] for one in told["troubles"] if one["code"] not in ("late", "database_slow")]


# On a real server


def test_it_counts_who_is_here_what_is_said_and_to_how_many() -> None:
    with Teahouse(env={"TEAHOUSE_LIMITS": "text=500"}) as site:
        alice = make_owner(site, "alice")
        before = figures(alice)
        assert counted(before, "messages") == 0
        with Client(site.url, "Lan") as lan, Client(site.url, "Wu") as wu:
            for client in (lan, wu):
                client.ok(do="subscribe", room="main")
            said = [lan.say("main", f"cup {number}") for number in range(3)]
            lan.say("main", "cup 0", key="again")
            lan.say("main", "cup 0", key="again")
            lan.ok(do="edit", room="main", message=said[0]["message"], text="a cup")
            wu.event(text="a cup")
            told = figures(alice)
            (own,) = told["processes"]
            assert (own["sessions"], own["guests"], own["state"]) == (2, 2, "ok")
            assert counted(told, "messages") == 4, "a repeat and an edit are no new ones"
            assert counted(told, "deliveries") == 2 * 5, "each event, for each reader"
        until(lambda: figures(alice)["processes"][0]["sessions"] == 0, "gone")
        assert told["database"]["kind"].startswith("SQLite")
        assert told["storage"]["database"] > 0 < told["storage"]["free"] < told["storage"]["total"]
        limits = {one["name"]: one for one in told["limits"]}
        assert limits["text"] == {"name": "text", "value": 500, "default": 10_000, "lifted": False}
        assert codes(told) == []
        page = alice.get("/status/")
        inside = re.search(
            r'<script id="figures" type="application/json">(.*?)</script>', page.text, re.DOTALL
        )
        assert inside
        assert set(json.loads(inside[1])) == set(told)
        bob = site.browser()
        sign_up(bob, invite(alice), "bob")
        for stranger in (bob, site.browser()):
            for path in ("/status/", "/status/figures/"):
                seen, nowhere = stranger.get(path), stranger.get("/nowhere/")
                assert seen.status == 404
                assert seen.text.replace(path, "/nowhere/") == nowhere.text
        assert "/status/" not in bob.get("/account/").text


def test_two_processes_are_both_there_and_one_alone_where_redis_is_silent(
    postgres_tables: str, redis_server: services.Redis
) -> None:
    env = {"DATABASE_URL": postgres_tables, "REDIS_URL": redis_server.url, "TEAHOUSE_LIMITS": "off"}
    with Teahouse(env=env | {"TEAHOUSE_METRICS_TOKEN": TOKEN}, workers=2) as site:
        alice = make_owner(site, "alice")
        pids = set(site.worker_pids())
        clients = [Client(site.url, f"guest {number}") for number in range(6)]
        # Each question may be answered by either, which may not have heard of the other yet.
        until(lambda: {one["pid"] for one in figures(alice)["processes"]} == pids, "both there")
        until(lambda: sum(one["sessions"] for one in figures(alice)["processes"]) == 6, "all counted")
        until(lambda: codes(figures(alice)) == ["rates"], "well but for the rates")
        told = figures(alice)
        assert told["expected"] == 2
        one_scrape_tells_of_both(site, pids)
        assert told["storage"]["database"] > 1_000_000
        for client in clients:
            client.socket.close()
        redis_server.kill()
        until(lambda: "bus" in codes(figures(alice)), "noticed")
        until(lambda: figures(alice)["redis"] is False, "noticed by both")
        assert codes(figures(alice))[0] == "bus", "what is bad stands first"
        until(lambda: len(figures(alice)["processes"]) == 1, "alone")
        alone = Scrape(site.url)
        assert len(alone.of("teahouse_process_info")) == 1
        assert (alone.value("teahouse_redis_up"), alone.value("teahouse_state", state="degraded")) == (0, 1)


def one_scrape_tells_of_both(site: Teahouse, pids: set[int]) -> None:
    """Whichever process it reaches: none is missing, none comes twice."""
    scrapes = [Scrape(site.url) for _ in range(6)]
    for told in scrapes:
        assert {int(one.labels["pid"]) for one in told.of("teahouse_process_info")} == pids
        assert told.value("teahouse_redis_up") == 2
        assert told.value("teahouse_sessions", protocol="json") == 6
        assert len({one.value for one in told.of("process_start_time_seconds")}) == 2
    with Client(site.url, "Lan") as lan:
        lan.ok(do="subscribe", room="main")
        for number in range(3):
            lan.say("main", f"cup {number}")
        after = Scrape(site.url)
        assert after.rose(scrapes[-1], "teahouse_messages_total") == 3
        assert after.rose(scrapes[-1], "teahouse_sessions", protocol="json") == 1


# What is wrong


def well(**more: Any) -> Status:
    """A site with which nothing is wrong, but for what is given."""
    own = Figures(process="a", pid=7, since=NOW - 100, sessions=10, files=1000, version="1.0")
    fields: dict[str, Any] = {
        "now": NOW,
        "troubles": [],
        "processes": [own],
        "expected": 1,
        "redis": None,
        "database": Database(kind="SQLite 3", milliseconds=1, events=1, rooms=1, people=1),
        "storage": Storage(database=10**9, backups=0, path="/data", free=10**11, total=10**12),
        "limits": [],
        "versions": {},
    }
    return Status(**fields | more)


def other(**more: Any) -> Figures:
    return Figures(**{"process": "b", "pid": 8, "since": NOW - 50, "version": "1.0", **more})


def storage(free: int, database: int = 10**9) -> Storage:
    return Storage(database=database, backups=0, path="/data", free=free, total=10**12)


def slots(late: float, seconds_ago: float, count: int = 3) -> list[Slot]:
    last = int((NOW - seconds_ago) // 5)
    return [Slot(at=last - index, late=late) for index in range(count)]


ONE = well().processes[0]
CASES: list[tuple[Code | None, Status, dict[str, Any]]] = [
    (None, well(), {}),
    ("starting", well(processes=[]), {}),
    ("disk_full", well(storage=storage(10**8)), {}),
    ("disk_low", well(storage=storage(10**9)), {}),
    ("disk_copy", well(storage=storage(3 * 10**9, 4 * 10**9)), {}),
    (None, well(storage=storage(3 * 10**9, 4 * 10**9)), {"sqlite": False}),
    ("bus", well(redis=False), {}),
    (None, well(redis=True), {}),
    ("database", well(processes=[ONE, other(state="unavailable")]), {}),
    ("database_slow", well(database=well().database.model_copy(update={"milliseconds": 900})), {}),
    ("processes", well(expected=2, redis=True), {}),
    (None, well(expected=2, redis=True, processes=[ONE, other()]), {}),
    # They are still starting.
    (None, well(expected=2, redis=True, processes=[other(since=NOW - 5)]), {}),
    ("versions", well(processes=[ONE, other(version="0.9")]), {}),
    ("late", well(processes=[ONE, other(slots=slots(300, 3))]), {}),
    (None, well(processes=[ONE, other(slots=slots(300, 60))]), {}),
    # Once is nothing.
    (None, well(processes=[ONE, other(slots=slots(2000, 3, 1))]), {}),
    ("waiting", well(processes=[other(waiting=5000)]), {}),
    ("files", well(processes=[other(sessions=900, files=1000)]), {}),
    (None, well(processes=[other(sessions=900, files=0)]), {}),
    ("rates", well(), {"rates": False}),
    ("data_loss", well(), {"data_loss": True}),
    ("followers", well(), {"parked": {"billing": 2}}),
]


@pytest.mark.parametrize(("code", "status", "given"), CASES)
def test_each_trouble_is_found_and_nothing_else(
    code: Code | None, status: Status, given: dict[str, Any]
) -> None:
    usual: dict[str, Any] = {"rates": True, "data_loss": False, "sqlite": True}
    found = troubles(status, **usual | given)
    assert [one.code for one in found] == ([code] if code else [])


def test_what_costs_people_something_stands_first() -> None:
    status = well(storage=storage(10**9), redis=False)
    found = troubles(status, rates=False, data_loss=False, sqlite=True)
    assert [one.code for one in found] == ["bus", "disk_low", "rates"]


def test_every_trouble_and_every_limit_has_its_words_in_both_languages() -> None:
    assert {code for code, *_ in CASES} - {None} == set(typing.get_args(Code))
    from teahouse.conf import Limits

    for words in WORDS:
        text = words.read_text()
        said = set(re.findall(r"^    (\w+): \(", text, re.MULTILINE))
        assert set(typing.get_args(Code)) <= said, words.name
        assert set(Limits.model_fields) <= set(re.findall(r'^    (\w+): "', text, re.MULTILINE)), words.name
    assert Trouble(code="bus").bad is False
