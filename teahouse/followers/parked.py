"""Followers that do not go on by themselves, for whoever looks after the site. In: positions and hooks. Out: which fail
for long or were given up, and in how many rooms something waits for them.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.db.models import Q

from teahouse import database
from teahouse.followers.follower import Follower
from teahouse.models import FollowerPosition, Hook

HOOK = "hook-"


class Parked(NamedTuple):
    """One that failed `Follower.park_after` times at an event, or a webhook that was given up.

    Attributes:
        name: what `manage.py teahouse_follow` calls it.
        title: that, and of a webhook what it is for or where it leads.
        rooms: in so many something waits.
        since: when the first of these events failed.
        error: what it failed with last.
        given_up: a webhook that is told nothing more until somebody starts it again.
    """

    name: str
    title: str
    rooms: int
    since: datetime
    error: str
    given_up: bool = False

    @property
    def is_hook(self) -> bool:
        return self.name.startswith(HOOK)


def parked() -> list[Parked]:
    """All of them, the longest first. Synchronous; asks the database twice."""
    using = database.alias()
    hooks = {f"{HOOK}{hook.pk}": hook for hook in Hook.objects.using(using).all()}
    stopped = [name for name, hook in hooks.items() if not hook.active]
    # A webhook that was stopped by hand while all was well has nothing that failed.
    which = Q(failures__gte=Follower.park_after) | Q(failures__gt=0, follower__name__in=stopped)
    rows = FollowerPosition.objects.using(using).filter(which, failing_since__isnull=False)
    found: dict[str, Parked] = {}
    for place in rows.select_related("follower").order_by("failing_since"):
        name, since = place.follower.name, place.failing_since
        assert since is not None, "filtered"
        if (known := found.get(name)) is not None:
            found[name] = known._replace(rooms=known.rooms + 1)
            continue
        hook = hooks.get(name)
        title = f"{name} ({hook})" if hook is not None else name
        found[name] = Parked(name, title, 1, since, place.error, name in stopped)
    return list(found.values())
