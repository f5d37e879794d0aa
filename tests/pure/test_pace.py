"""Handing on waits for a crowd and for company, never longer than it says, and not at all for who is alone."""

from __future__ import annotations

import pytest

from teahouse.live.pace import COMPANY_PAUSE, CROWD_PAUSE, LONGEST_PAUSE, Pace

TOOK = 0.05


def flushed(took: float = TOOK, at: float = 100.0) -> Pace:
    """One whose last flush took so long, and ended at `at`."""
    pace = Pace()
    pace.flushed(at - took, at)
    return pace


def test_the_first_waits_for_nothing() -> None:
    assert Pace().wait(5.0, more_comes=True) == 0


def test_nobody_waits_where_nobody_comes_and_nothing_is_stored() -> None:
    assert flushed().wait(100.0, more_comes=False) == 0


def test_while_sessions_come_they_get_most_of_the_time() -> None:
    pace = flushed()
    pace.came()
    assert pace.wait(100.0, more_comes=False) == pytest.approx(CROWD_PAUSE * TOOK)
    assert pace.wait(100.0 + TOOK, more_comes=False) == pytest.approx((CROWD_PAUSE - 1) * TOOK)
    assert pace.wait(100.0 + CROWD_PAUSE * TOOK, more_comes=False) == 0


def test_a_crowd_is_over_when_nobody_came_since_the_last_flush() -> None:
    pace = flushed()
    pace.came()
    pace.flushed(100.0, 100.0 + TOOK)
    assert pace.wait(100.0 + TOOK, more_comes=False) == 0


def test_an_event_waits_for_no_crowd_longer_than_half_a_second() -> None:
    pace = flushed(took=10.0)
    pace.came()
    assert pace.wait(100.0, more_comes=False) == LONGEST_PAUSE


def test_what_is_being_stored_is_waited_for_a_part_of_what_a_flush_costs() -> None:
    pace = flushed()
    assert pace.wait(200.0, more_comes=True) == pytest.approx(COMPANY_PAUSE * TOOK)


def test_what_comes_while_something_waits_does_not_make_that_wait_longer() -> None:
    pace = flushed()
    pace.wait(200.0, more_comes=True)
    assert pace.wait(200.01, more_comes=True) == pytest.approx(COMPANY_PAUSE * TOOK - 0.01)
    assert pace.wait(200.02, more_comes=False) == 0
    assert pace.wait(201.0, more_comes=True) == 0
    pace.flushed(201.0, 201.0 + TOOK)
    assert pace.wait(300.0, more_comes=True) == pytest.approx(COMPANY_PAUSE * TOOK)
