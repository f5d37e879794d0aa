"""How often a program speaks by its hook: of all processes together."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from teahouse.actions import bots, people
from teahouse.models import IncomingHook, Room
from tests.app.conftest import Database


def test_processes_that_have_read_the_same_row_let_no_more_through_together(
    database: Database, tea: Room
) -> None:
    _, secret = bots.make_incoming(tea, people.make_bot("Deploy"), None)
    read = [hook for _ in range(5) if (hook := bots.incoming(secret)) is not None]
    assert len(read) == 5
    # One in a hundred seconds: none more while this runs.
    waits = [bots.wait(hook, 0.01, 3) for hook in read]
    assert waits[:3] == [0.0] * 3
    assert all(0 < wait <= 100 for wait in waits[3:])
    # What was refused took nothing: a hundred seconds later there is one more, and no second one.
    earlier = timezone.now() - timedelta(seconds=100)
    IncomingHook.objects.update(full_at=earlier + timedelta(seconds=300))
    waits = [bots.wait(hook, 0.01, 3) for hook in read[:2]]
    assert waits[0] == 0.0
    assert waits[1] > 0
