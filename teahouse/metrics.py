"""The figures of a site as Prometheus reads them. In: `Figures` of each process that answers, and what the database
says of all of them together. Out: text exposition, or OpenMetrics for who asks for it. Next: `web/metrics.py`.

Nothing is counted here: all of it is worked out from what is counted anyway, when somebody asks.
"""

from __future__ import annotations

import asyncio
import platform
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any, Final, NamedTuple

import django
from django.db.models import Count, Min, Sum
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from teahouse import __version__, database
from teahouse.followers.parked import parked
from teahouse.live.counts import BOUNDS
from teahouse.live.figures import SLOT_SECONDS, Figures
from teahouse.live.protocol import ERRORS
from teahouse.live.runtime import Runtime
from teahouse.models import Follower, FollowerPosition, Outbox, Room

SECONDS: Final = 3.0
"""How long the database may take before it counts as lost."""
LATE_SECONDS: Final = 60
SPEAKS: Final = ("json", "plain", "http", "api")
RESUMES: Final = ("live", "page", "reset")
STATES: Final = ("ok", "degraded", "unavailable")


class Followed(NamedTuple):
    """A follower: how many events it has not come to, whether some process runs it, in how many rooms it is parked."""

    name: str
    behind: int
    runs: bool
    parked: int


class Stored(NamedTuple):
    """What the database says, of all processes. `oldest`: seconds for which the first of the outbox waits."""

    outbox: int
    oldest: float
    followers: list[Followed]


async def exposition(running: Runtime, accept: str) -> tuple[str, bytes]:
    """Media type and text. `accept` is the request's header."""
    figures, stored = await asyncio.gather(running.figures.everywhere(), _of_database(running))
    registry = CollectorRegistry()
    registry.register(Collected(figures, stored))
    # OpenMetrics only for who names it: what a browser accepts is text.
    encode, media = choose_encoder(accept) if "openmetrics" in accept else (generate_latest, "")
    return media or "text/plain; version=0.0.4; charset=utf-8", encode(registry)


async def _of_database(running: Runtime) -> Stored | None:
    """None where it does not answer."""
    try:
        async with asyncio.timeout(SECONDS):
            found = await running.readers.run(stored)
    except (database.Unavailable, TimeoutError):
        return None
    elsewhere, now = running.carrying.waiting(), timezone.now()
    oldest = max([found.oldest, *(_seconds(since, now) for since in elsewhere)])
    return found._replace(outbox=found.outbox + len(elsewhere), oldest=oldest)


def stored() -> Stored:
    """Asks the database some seven times, whatever there is."""
    using, now = database.alias(), timezone.now()
    waits = Outbox.objects.using(using).aggregate(count=Count("pk"), first=Min("made_at"))
    return Stored(waits["count"], _seconds(waits["first"], now), _followers(using, now))


def _seconds(first: datetime | None, now: datetime) -> float:
    return max(0.0, (now - first).total_seconds()) if first is not None else 0.0


def _followers(using: str, now: datetime) -> list[Followed]:
    """A follower has a position in each room, also of those that it does not care for: so sums can be compared."""
    followers = list(Follower.objects.using(using).order_by("name"))
    if not followers:
        return []
    rooms = Room.objects.using(using).exclude(kind=Room.Kind.PERSONAL)
    head = rooms.aggregate(sum=Sum("seq"))["sum"] or 0
    places = FollowerPosition.objects.using(using).exclude(room__kind=Room.Kind.PERSONAL)
    reached = dict(places.values_list("follower").annotate(Sum("seq")))
    stuck = {one.name: one.rooms for one in parked()}
    return [
        Followed(
            one.name,
            behind=max(0, head - reached.get(one.pk, 0)),
            runs=one.expires_at is not None and one.expires_at > now,
            parked=stuck.get(one.name, 0),
        )
        for one in followers
    ]


class Collected(Collector):
    """What was asked for once, for the library to write."""

    def __init__(self, figures: Sequence[Figures], stored: Stored | None) -> None:
        self._figures = figures
        self._stored = stored

    def collect(self) -> Iterable[Metric]:
        yield InfoMetricFamily("teahouse_build", "Versions of the process that answered.", _versions())
        for family in (_state, _said, _sessions, _journal, _system):
            yield from family(self._figures)
        yield from _site(self._stored)


def _versions() -> dict[str, str]:
    return {"version": __version__, "python": platform.python_version(), "django": django.get_version()}


def _gauge(name: str, help: str, figures: Iterable[tuple[Figures, Any]]) -> Metric:
    family = GaugeMetricFamily(name, help, labels=["process"])
    for one, value in figures:
        family.add_metric([one.process], float(value))
    return family


def _counter(name: str, help: str, figures: Iterable[tuple[Figures, float]]) -> Metric:
    family = CounterMetricFamily(name, help, labels=["process"])
    for one, value in figures:
        family.add_metric([one.process], value)
    return family


def _by(
    family: GaugeMetricFamily | CounterMetricFamily,
    figures: Iterable[tuple[Figures, dict[str, int]]],
    names: Iterable[str],
) -> Metric:
    """Also those of which there were none: a counter that begins at 1 has no increase."""
    for one, counted in figures:
        for name in dict.fromkeys([*names, *counted]):
            family.add_metric([one.process, name], counted.get(name, 0))
    return family


def _state(figures: Sequence[Figures]) -> Iterator[Metric]:
    labels = ["process", "host", "pid", "version"]
    info = GaugeMetricFamily("teahouse_process_info", "A process of the site.", labels=labels)
    for one in figures:
        info.add_metric([one.process, one.host, str(one.pid), one.version], 1)
    yield info
    yield _by(
        GaugeMetricFamily("teahouse_state", "1 for the state that it is in.", labels=["process", "state"]),
        [(one, {one.state: 1}) for one in figures],
        STATES,
    )
    yield _gauge("teahouse_draining", "1 while it is about to end.", ((one, one.draining) for one in figures))
    layer = [(one, one.redis) for one in figures if one.redis is not None]
    yield _gauge("teahouse_redis_up", "Whether it hears itself over Redis; none without Redis.", layer)


def _said(figures: Sequence[Figures]) -> Iterator[Metric]:
    yield _counter(
        "teahouse_messages",
        "Messages stored and acknowledged, without repeats.",
        ((one, one.totals.messages) for one in figures),
    )
    yield _counter(
        "teahouse_deliveries",
        "Events handed to sessions, each counted for each session.",
        ((one, one.totals.deliveries) for one in figures),
    )
    yield _by(
        CounterMetricFamily(
            "teahouse_errors", "Commands that were refused, by code.", labels=["process", "code"]
        ),
        ((one, one.totals.errors) for one in figures),
        ERRORS,
    )
    yield _by(
        CounterMetricFamily(
            "teahouse_resumes",
            "Subscriptions with a position: live at once, one page of more, or reset.",
            labels=["process", "result"],
        ),
        ((one, one.totals.resumes) for one in figures),
        RESUMES,
    )


def _sessions(figures: Sequence[Figures]) -> Iterator[Metric]:
    labels = ["process", "protocol"]
    yield _by(
        GaugeMetricFamily("teahouse_sessions", "Sessions that are open.", labels=labels),
        ((one, one.speaking) for one in figures),
        SPEAKS,
    )
    yield _by(
        CounterMetricFamily("teahouse_sessions_opened", "Sessions that were let in.", labels=labels),
        ((one, one.totals.opened) for one in figures),
        SPEAKS,
    )
    yield _gauge("teahouse_guests", "Sessions of guests.", ((one, one.guests) for one in figures))
    yield _counter(
        "teahouse_slow_readers_closed",
        "Sessions closed because they read too slowly.",
        ((one, one.totals.slow) for one in figures),
    )
    yield _gauge("teahouse_rooms_loaded", "Rooms that it follows.", ((one, one.rooms) for one in figures))


def _journal(figures: Sequence[Figures]) -> Iterator[Metric]:
    yield _gauge(
        "teahouse_journal_waiting",
        "Entries that wait to be stored; over 20000 new ones are refused.",
        ((one, one.waiting) for one in figures),
    )
    yield _counter(
        "teahouse_journal_entries",
        "Entries carried out, in however many transactions.",
        ((one, one.totals.entries) for one in figures),
    )
    commits = HistogramMetricFamily(
        "teahouse_journal_commit_seconds", "What a transaction of the journal took.", labels=["process"]
    )
    bounds = [*map(str, BOUNDS), "+Inf"]
    for one in figures:
        # One of another version may have other bounds.
        if len(one.totals.commits) == len(bounds):
            buckets = list(zip(bounds, map(float, accumulate(one.totals.commits)), strict=True))
            commits.add_metric([one.process], buckets, one.totals.commit_seconds)
    yield commits


def _system(figures: Sequence[Figures]) -> Iterator[Metric]:
    """By the names that Prometheus' own libraries have for them."""
    yield _gauge(
        "teahouse_event_loop_late_seconds",
        f"By how much the event loop came late, at worst in the last {LATE_SECONDS} s.",
        ((one, _late(one)) for one in figures),
    )
    yield _counter(
        "process_cpu_seconds",
        "Total user and system CPU time spent in seconds.",
        ((one, one.totals.processor) for one in figures),
    )
    yield _gauge(
        "process_resident_memory_bytes",
        "Resident memory size in bytes.",
        ((one, one.memory) for one in figures),
    )
    files = [(one, one.totals.open_files) for one in figures if one.totals.open_files is not None]
    yield _gauge("process_open_fds", "Number of open file descriptors.", files)
    most = [(one, one.files) for one in figures if one.files]
    yield _gauge("process_max_fds", "Maximum number of open file descriptors.", most)
    yield _gauge(
        "process_start_time_seconds",
        "Start time of the process since unix epoch in seconds.",
        ((one, one.since) for one in figures),
    )


def _late(one: Figures) -> float:
    after = (time.time() - LATE_SECONDS) / SLOT_SECONDS
    return max((slot.late for slot in one.slots if slot.at > after), default=0.0) / 1000


def _site(stored: Stored | None) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "teahouse_database_up", "Whether the database answers.", float(stored is not None)
    )
    if stored is None:
        return
    yield GaugeMetricFamily("teahouse_outbox_pending", "Rows of the outbox.", stored.outbox)
    yield GaugeMetricFamily(
        "teahouse_outbox_oldest_seconds", "For how long the first of them waits.", stored.oldest
    )
    for name, means, values in (
        (
            "teahouse_follower_behind_events",
            "Events that a listener or webhook has not come to.",
            [one.behind for one in stored.followers],
        ),
        (
            "teahouse_follower_running",
            "1 where a process runs it.",
            [one.runs for one in stored.followers],
        ),
        (
            "teahouse_follower_parked_rooms",
            "Rooms in which it does not go on by itself.",
            [one.parked for one in stored.followers],
        ),
    ):
        family = GaugeMetricFamily(name, means, labels=["follower"])
        for one, value in zip(stored.followers, values, strict=True):
            family.add_metric([one.name], float(value))
        yield family
