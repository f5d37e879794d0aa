"""One process runs a follower at a time. In: names. Out: which of them this process may run, and until when.

A lease is a row with an owner and an end, by the database's clock: the clocks of two machines may differ. The owner
renews it; who dies does not. Each owner keeps to the end that it knows by its own clock, counted from before it asked.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from teahouse import database
from teahouse.models import Follower, FollowerPosition, Room

SECONDS: Final = 15.0
RENEW_SECONDS: Final = 5.0
MARGIN: Final = 2.0
"""Between the end that the owner keeps to and that of the row."""


class Leases:
    """What one process holds."""

    def __init__(self, owner: str, seconds: float = SECONDS) -> None:
        self.owner = owner
        self.seconds = seconds
        self._until: dict[str, float] = {}

    def take(self, names: Iterable[str]) -> None:
        """Renews what is held of these and takes what is free; what is not among them is given back.

        Raises:
            database errors: then nothing is renewed, and what is held ends by itself.
        """
        wanted = set(names)
        if gone := self._until.keys() - wanted:
            self.give_back(gone)
        if not wanted:
            return
        asked = time.monotonic()
        held = database.write(lambda: _taken(wanted, self.owner, self.seconds))
        end = asked + self.seconds - min(MARGIN, self.seconds / 4)
        self._until = dict.fromkeys(held, end)

    def holds(self, name: str) -> bool:
        """Whether this process may go on with it at this moment."""
        return time.monotonic() < self._until.get(name, 0.0)

    def give_back(self, names: Iterable[str] | None = None) -> None:
        """So that another process need not wait; all of them by default."""
        given = set(self._until if names is None else names)
        for name in given:
            self._until.pop(name, None)
        if given:
            mine = Follower.objects.using(database.alias()).filter(name__in=given, owner=self.owner)
            database.write(lambda: mine.update(owner="", expires_at=None))


def _taken(names: set[str], owner: str, seconds: float) -> list[str]:
    rows = Follower.objects.using(database.alias()).filter(name__in=names)
    free = Q(owner=owner) | Q(owner="") | Q(expires_at__isnull=True) | Q(expires_at__lt=Now())
    rows.filter(free).update(owner=owner, expires_at=Now() + timedelta(seconds=seconds))
    return list(rows.filter(owner=owner, expires_at__gt=Now()).values_list("name", flat=True))


def begin(name: str, at_now: bool) -> Follower:
    """The row of a follower, made when it is first asked for. One that begins at what is new has then done with all
    that there is, in every room."""
    using = database.alias()

    def make() -> Follower:
        with transaction.atomic(using=using):
            row, made = Follower.objects.using(using).get_or_create(name=name)
            if made and at_now:
                heads = Room.objects.using(using).exclude(kind=Room.Kind.PERSONAL).values_list("pk", "seq")
                places = [FollowerPosition(follower=row, room_id=room, seq=seq) for room, seq in heads]
                FollowerPosition.objects.using(using).bulk_create(places, batch_size=500)
        return row

    found = Follower.objects.using(using).filter(name=name).first()
    return found or database.write(make)
