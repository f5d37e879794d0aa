"""The followers of a process: what the project listens with, and webhooks. `live/runtime.py` starts and hints them;
`manage.py teahouse_follow` runs them alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from teahouse import database
from teahouse.followers import listening, webhooks
from teahouse.followers.follower import Follower
from teahouse.followers.runner import Runner


def followers() -> list[Follower]:
    """All that are to be run now."""
    return [*listening.listeners(), *database.checked(webhooks.webhooks)]


def known() -> set[str]:
    """The names of all that there are, also of webhooks that were stopped."""
    return {one.name for one in listening.listeners()} | webhooks.names()


class Service:
    """Runs them in a process that serves."""

    def __init__(self) -> None:
        self._runner = Runner(followers, tidy=webhooks.tidy)
        self._runner.start()

    def moved(self, rooms: Iterable[int]) -> None:
        """These rooms have new events."""
        self._runner.hint(rooms)

    def stop(self) -> None:
        self._runner.stop()
