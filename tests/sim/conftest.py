"""The option that plays one schedule again."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, default=None, help="of tests/sim: play this schedule alone")
