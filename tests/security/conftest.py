"""The site that the table of rights is tried on, and who comes to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.security.asking import Site
from tests.servers import Teahouse


@pytest.fixture(scope="package")
def site() -> Iterator[Site]:
    """One server for all cells. It listens everywhere, since on loopback anyone may close a group."""
    with Teahouse(host="0.0.0.0", env={"TEAHOUSE_LIMITS": "off"}) as server:
        site = Site(server)
        yield site
        site.close()
