"""What Prometheus reads: the figures rise by what was done, and nobody reads them who may not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from teahouse.live.protocol import ERRORS
from tests.api.http import Asking
from tests.clients import Client, Plain
from tests.live.cast import fresh
from tests.live.rawsocket import RawSocket
from tests.scraped import OPEN, TOKEN, Scrape
from tests.server.conftest import until
from tests.servers import Teahouse


def test_the_figures_rise_by_what_was_done(
    server: Teahouse, tokens: list[str], asking: Asking, room: str
) -> None:
    until(lambda: server.sessions() == 0, "rid of those of other tests")
    before = Scrape(server.url)
    with (
        Client(server.url, token=tokens[0]) as alice,
        Client(server.url, token=tokens[1]) as bob,
        Plain(server.url, f"/wsmsg/{fresh('plain')}?name=Lan"),
    ):
        alice.ok(do="subscribe", room=room)
        position = bob.ok(do="subscribe", room=room)["position"]
        said = [alice.say(room, f"cup {number}") for number in range(3)]
        alice.say(room, "cup", key="again")
        alice.say(room, "cup", key="again")
        assert alice.refused(do="send", room=room, key="other", text="") == "empty"
        assert asking.charlie.refused("GET", f"rooms/{room}") == (404, "not_found")
        bob.event(text="cup")
        assert bob.ok(do="subscribe", room=room, since=position)["position"]["seq"] >= said[-1]["seq"]
        assert bob.ok(do="subscribe", room=room, since={"epoch": "other", "seq": 1})["reset"]
        after = Scrape(server.url)
    for name, rise, labels in (
        ("teahouse_messages_total", 4, {}),
        ("teahouse_errors_total", 1, {"code": "empty"}),
        ("teahouse_errors_total", 1, {"code": "not_found"}),
        ("teahouse_resumes_total", 1, {"result": "live"}),
        ("teahouse_resumes_total", 1, {"result": "reset"}),
        ("teahouse_sessions_opened_total", 2, {"protocol": "json"}),
        ("teahouse_sessions_opened_total", 1, {"protocol": "plain"}),
        ("teahouse_sessions_opened_total", 1, {"protocol": "api"}),
        ("teahouse_sessions", 2, {"protocol": "json"}),
        ("teahouse_sessions", 1, {"protocol": "plain"}),
        ("teahouse_guests", 1, {}),
    ):
        assert after.rose(before, name, **labels) == rise, (name, labels)
    assert after.value("teahouse_rooms_loaded") >= 2, "and those of other tests, which it forgets in time"
    assert after.rose(before, "teahouse_deliveries_total") == 2 * 4, "each message, for each reader"
    entries = after.rose(before, "teahouse_journal_entries_total")
    commits = after.rose(before, "teahouse_journal_commit_seconds_count")
    assert 4 <= commits <= entries
    assert 0 < after.rose(before, "teahouse_journal_commit_seconds_sum") < 30
    assert after.rose(before, "teahouse_journal_commit_seconds_bucket", le="+Inf") == commits


def test_what_it_says_of_the_process_and_the_site(server: Teahouse) -> None:
    told = Scrape(server.url)
    info = told.of("teahouse_process_info")
    assert len(info) == 1
    assert {one.labels["process"] for one in told.samples if "process" in one.labels} == {
        info[0].labels["process"]
    }
    assert told.value("teahouse_state", state="ok") == 1
    assert told.value("teahouse_state", state="degraded") == 0
    assert told.value("teahouse_database_up") == 1
    assert told.value("teahouse_outbox_pending") == 0
    assert not told.of("teahouse_redis_up"), "there is none"
    assert told.value("teahouse_build_info") == 1
    assert 0 < told.value("process_open_fds") < told.value("process_max_fds")
    assert told.value("process_resident_memory_bytes") > 10**7
    assert told.value("process_cpu_seconds_total") > 0
    assert {one.labels["code"] for one in told.of("teahouse_errors_total")} >= ERRORS.keys()


def test_it_is_written_as_prometheus_has_it(server: Teahouse) -> None:
    told = Scrape(server.url)
    assert (told.media, told.kept) == ("text/plain; version=0.0.4; charset=utf-8", "no-store")
    newer = Scrape(server.url, Accept=OPEN)
    assert newer.media.startswith("application/openmetrics-text; version=1.0.0")
    # Which takes more for a mistake than the older form.
    assert newer.text.endswith("# EOF\n")
    assert newer.kinds["teahouse_journal_commit_seconds"] == "histogram"
    assert newer.kinds["teahouse_messages"] == "counter"
    assert newer.kinds["teahouse_sessions"] == "gauge"
    assert all(newer.helps.values())
    own = [name for name in newer.kinds if not name.startswith("process_")]
    assert all(name.startswith("teahouse_") for name in own)


def test_who_reads_too_slowly_is_counted(
    server: Teahouse, tokens: list[str], asking: Asking, room: str
) -> None:
    for number in range(30):
        asking.alice.ok("POST", f"rooms/{room}/messages", {"text": f"{number}" + "x" * 9000})
    before = Scrape(server.url)
    with RawSocket(server.port, "/ws/", receive_buffer=4096) as reader:
        reader.send(json.dumps({"id": 0, "do": "hello", "v": 1, "token": tokens[1]}))
        for number in range(1, 100):
            reader.send(json.dumps({"id": number, "do": "history", "room": room, "limit": 50}))
        reader.wait_for_the_end()
    assert Scrape(server.url).rose(before, "teahouse_slow_readers_closed_total") == 1


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer  {TOKEN}", 200),
        (f"Bearer {TOKEN}x", 401),
        (f"Basic {TOKEN}", 401),
        ("Bearer", 401),
        ("Bearer \xff", 401),
        ("", 401),
    ],
)
def test_it_is_for_who_brings_the_token(server: Teahouse, header: str, status: int) -> None:
    headers: dict[str, Any] = {"Authorization": header} if header else {}
    answer = server.browser().get("/metrics", **headers)
    assert answer.status == status
    if status == 401:
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert "TEAHOUSE_METRICS_TOKEN" in answer.text
        assert "No such token is set here" not in answer.text
        assert "teahouse_" not in answer.text


def test_a_persons_token_is_none(server: Teahouse, tokens: list[str]) -> None:
    answer = server.browser().get("/metrics", Authorization=f"Bearer {tokens[2]}")
    assert answer.status == 401


def test_it_answers_by_any_name_and_to_head(server: Teahouse) -> None:
    for host in ("10.0.0.7", "pod-7", "chat.example.org"):
        assert Scrape(server.url, Host=host).value("teahouse_database_up") == 1
        assert server.browser().get("/metrics", Host=host).status in (400, 401), (
            "strangers still by ours alone"
        )
