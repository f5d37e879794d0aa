"""Fixtures for pytest-django. In the `conftest.py` at the root of the tests:

pytest_plugins = ["teahouse.testing.pytest_plugin"]
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from teahouse.testing.server import Server


@pytest.fixture
def teahouse_prefix() -> str | None:
    """Below which the sockets are; None: where `urls.py` includes `teahouse.urls`. Redefine it where not."""
    return None


@pytest.fixture
def teahouse_server(transactional_db: None, teahouse_prefix: str | None) -> Iterator[Server]:
    """The project, served on a free port until the test ends, on the test's database."""
    from teahouse.testing.server import Server

    with Server(prefix=teahouse_prefix) as server:
        yield server
