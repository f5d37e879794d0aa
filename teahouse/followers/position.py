"""How far a follower has come in each room. In: a follower. Out: rooms in which something waits, and their places."""

from __future__ import annotations

import random
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.db.models import F, FilteredRelation, Q
from django.utils import timezone

from teahouse import database
from teahouse.models import Follower, FollowerPosition, Room

LONGEST_PAUSE: Final = 300.0
PARKED_PAUSE: Final = 3600.0
ROOMS: Final = 500
"""In so many rooms something may wait before the rest is left for the next look."""


class Place(NamedTuple):
    """A room in which something waits: it is done with everything up to `seq`."""

    room: int
    slug: str
    epoch: str
    head: int
    seq: int
    failures: int
    failing_since: datetime | None


def waiting(follower: Follower, rooms: Collection[int] | None = None) -> list[Place]:
    """Where something waits, of these rooms or of all; what is not to be tried again yet is left out."""
    which = Room.objects.using(database.alias()).exclude(kind=Room.Kind.PERSONAL)
    if rooms is not None:
        which = which.filter(pk__in=rooms)
    places = which.annotate(
        place=FilteredRelation("followed", condition=Q(followed__follower=follower.pk))
    ).filter(
        Q(place__isnull=True, seq__gt=0) | Q(place__seq__lt=F("seq")),
        Q(place__retry_at__isnull=True) | Q(place__retry_at__lte=timezone.now()),
    )
    columns = (
        "pk",
        "slug",
        "epoch",
        "seq",
        "place__seq",
        "place__failures",
        "place__failing_since",
    )
    rows = places.order_by("pk").values_list(*columns)[:ROOMS]
    return [
        Place(room, slug, epoch, head, seq or 0, failures or 0, since)
        for room, slug, epoch, head, seq, failures, since in rows
    ]


def reached(follower: Follower, place: Place, seq: int) -> None:
    """It is done with all up to this number, and nothing fails any more."""
    _put(follower, place, seq=seq, failures=0, failing_since=None, retry_at=None, error="")


class Failure(NamedTuple):
    """How many times in a row, since when, and after how many seconds it is tried again."""

    times: int
    since: datetime
    pause: float


def failed(follower: Follower, place: Place, seq: int, error: str, after: float | None, park: int) -> Failure:
    """It is done with all up to this number, and failed at the next event."""
    again = place.seq == seq
    failures, now = place.failures + 1 if again else 1, timezone.now()
    pause = PARKED_PAUSE if failures >= park else min(LONGEST_PAUSE, 2.0 ** (failures - 1))
    pause = max(pause * random.uniform(0.8, 1.2), after or 0.0)
    since = (place.failing_since if again else None) or now
    _put(
        follower,
        place,
        seq=seq,
        failures=failures,
        failing_since=since,
        retry_at=now + timedelta(seconds=pause),
        error=error[:500],
    )
    return Failure(failures, since, pause)


def _put(follower: Follower, place: Place, **fields: Any) -> None:
    rows = FollowerPosition.objects.using(database.alias())
    database.write(lambda: rows.update_or_create(follower=follower, room_id=place.room, defaults=fields))


def stuck(least: int = 3) -> list[FollowerPosition]:
    """Where followers fail, with so many failures or more, the longest first."""
    rows = FollowerPosition.objects.using(database.alias()).filter(failures__gte=least)
    return list(rows.select_related("follower", "room").order_by("failing_since")[:100])


def try_again(name: str) -> int:
    """Has what failed tried again at once; in how many rooms."""
    rows = FollowerPosition.objects.using(database.alias()).filter(follower__name=name, failures__gt=0)
    return database.write(lambda: rows.update(retry_at=None))


def skip(name: str) -> int:
    """Goes past each event at which it fails; in how many rooms."""
    rows = FollowerPosition.objects.using(database.alias()).filter(follower__name=name, failures__gt=0)
    return database.write(
        lambda: rows.update(seq=F("seq") + 1, failures=0, failing_since=None, retry_at=None, error="")
    )


def forget(name: str) -> None:
    """Deletes how far it is in each room, of one that is there no more."""
    rows = Follower.objects.using(database.alias()).filter(name=name)
    database.write(rows.delete)
