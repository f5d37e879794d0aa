"""Ten thousand schedules of trouble, each drawn from a seed, and none in which a promise is broken.

pytest tests/sim --seed 4711      plays one of them again, with what the program logs
"""

from __future__ import annotations

import logging

import pytest

from tests.sim.world import World

SCHEDULES = 10_000
CHUNK = 250


@pytest.mark.parametrize("first", range(0, SCHEDULES, CHUNK))
def test_no_promise_is_broken(first: int, request: pytest.FixtureRequest) -> None:
    only = request.config.getoption("--seed")
    seeds = range(first, first + CHUNK) if only is None else range(only, only + 1) if first == 0 else ()
    if only is None:
        logging.disable(logging.CRITICAL)  # What is logged of trouble that was made is read by nobody.
    try:
        for seed in seeds:
            play(seed)
    finally:
        logging.disable(logging.NOTSET)


def play(seed: int) -> World:
    """One schedule; a failure says how to see it again."""
    world = World(seed)
    try:
        world.run()
    except Exception as error:
        raise AssertionError(f"{error}\n\nAgain: pytest tests/sim --seed {seed}") from error
    return world


def test_the_same_seed_is_the_same_schedule() -> None:
    logging.disable(logging.CRITICAL)
    try:
        first, second = play(17), play(17)
    finally:
        logging.disable(logging.NOTSET)
    assert first.deliveries == second.deliveries > 0
    assert first.closes == second.closes
    assert first.loop.time() == second.loop.time()
    assert first.chance.random() == second.chance.random()
