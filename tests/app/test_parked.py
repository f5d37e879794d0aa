"""Which followers do not go on by themselves, as those see it who look after a site."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from teahouse import host_checks
from teahouse.followers import lease, position, webhooks
from teahouse.followers.follower import Follower as Base
from teahouse.followers.parked import parked
from teahouse.followers.position import Place
from teahouse.models import Follower, Hook, Person, Room
from tests.app.conftest import Database


def fail(name: str, room: Room, times: int) -> None:
    """The follower fails at the room's first event, for an hour."""
    row = Follower.objects.get(name=name)
    place = Place(room.pk, room.slug, room.epoch, 1, 0, times - 1, timezone.now() - timedelta(hours=1))
    position.failed(row, place, 0, "ValueError: no", None, Base.park_after)


def test_what_failed_for_long_or_was_given_up_is_parked(database: Database, tea: Room, alice: Person) -> None:
    rice = Room.objects.create(slug="rice", title="Rice")
    for name in ("billing", "index", "new"):
        lease.begin(name, at_now=False)
    fail("billing", tea, Base.park_after)
    fail("billing", rice, Base.park_after)
    fail("index", tea, Base.park_after - 1)
    hooks = {
        label: webhooks.make(alice, "https://example.org/", ["*"], label=label)
        for label in ("given up", "stopped by hand", "failing")
    }
    for label in ("given up", "failing"):
        fail(webhooks.name_of(hooks[label]), tea, 1)
    for label in ("given up", "stopped by hand"):
        webhooks.stop(hooks[label], "a test")
    given_up = webhooks.name_of(hooks["given up"])
    assert {(one.name, one.rooms, one.given_up) for one in parked()} == {
        ("billing", 2, False),
        (given_up, 1, True),
    }
    found = {finding.key: finding.words().say for finding in host_checks.tables(databases=["default"])}
    assert found.keys() == {"W068", "W069"}
    assert '"billing"' in found["W068"]
    assert f"{given_up} (given up)" in found["W069"]
    webhooks.start(Hook.objects.get(pk=hooks["given up"].pk))
    position.skip("billing")
    assert parked() == []
    assert list(host_checks.tables(databases=["default"])) == []
