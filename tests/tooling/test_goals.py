"""What a benchmark has reached is judged rightly, and what was not measured counts as not reached."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from benchmarks.tools.goals import Goal, Verdict, times
from benchmarks.tools.scenarios import SCENARIOS

SCENARIO = replace(
    SCENARIOS["ten-publishers"],
    goals=(times("Bun", 0.3, 0.7), Goal("p99 ms", 50, at_most=True, number="p99_us", scale=1e-3)),
)


def answer(deliveries: int, **more: int) -> dict[str, Any]:
    return {"deliveries": deliveries, "seconds": 2.0, "p99_us": 40_000, "lost": 0, "repeated": 0, "disordered": 0,
            "refused": 0} | more  # fmt: skip


@pytest.mark.parametrize(
    ("goal", "found", "says"),
    [
        (Goal("x", 3, 4), 2.9, "not reached"),
        (Goal("x", 3, 4), 3, "short of the aim"),
        (Goal("x", 3, 4), 4, "aim reached"),
        (Goal("x", 3), 5, "reached"),
        (Goal("x", 3), None, "not measured"),
        (Goal("x", 24, 14, at_most=True), 25, "not reached"),
        (Goal("x", 24, 14, at_most=True), 24, "short of the aim"),
        (Goal("x", 24, 14, at_most=True), 14, "aim reached"),
        (Goal("x", None, 1, at_most=True), 2, "short of the aim"),
    ],
)
def test_what_a_verdict_says(goal: Goal, found: float | None, says: str) -> None:
    verdict = Verdict("tea", goal, found)
    assert verdict.says == says
    assert verdict.must_reached == (says not in ("not reached", "not measured"))


def test_it_compares_medians_of_all_rounds() -> None:
    peers = {
        "Teahouse": [answer(500), answer(600), answer(900, p99_us=60_000)],
        "Bun": [answer(1000), answer(1000), answer(5000)],
    }
    beside, absolute, faults = SCENARIO.verdicts(peers, ["Bun"])
    assert (beside.found, absolute.found, faults.found) == (0.6, 40.0, 0)


def test_a_peer_that_is_missing_is_not_measured_and_one_not_wanted_is_left_out() -> None:
    peers = {"Teahouse": [answer(500)], "Bun": [{"missing": "npm"}]}
    assert [verdict.says for verdict in SCENARIO.verdicts(peers, ["Bun"])] == [
        "not measured",
        "reached",
        "reached",
    ]
    assert [verdict.goal.what for verdict in SCENARIO.verdicts(peers, [])] == ["p99 ms", "faults"]


def test_what_was_lost_or_refused_is_never_reached() -> None:
    for fault in ("lost", "repeated", "disordered", "refused"):
        peers = {"Teahouse": [answer(500), answer(500, **{fault: 1})]}
        assert not SCENARIO.verdicts(peers, [])[-1].must_reached
