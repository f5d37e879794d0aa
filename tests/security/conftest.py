"""The site that the table of rights is tried on, and who comes to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from _pytest.nodeid import coerce_node_id

from tests.security.asking import Site
from tests.servers import Teahouse


@pytest.fixture(scope="package")
def site() -> Iterator[Site]:
    """One server for all cells. It listens everywhere, since on loopback anyone may close a group. Passwords cost what
    they do in life: how long an answer takes is a part of it."""
    with Teahouse(host="0.0.0.0", env={"TEAHOUSE_LIMITS": "off"}, forked=False) as server:
        site = Site(server)
        yield site
        site.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Schemathesis calls all its tests alike; xdist would run one of them and take it for all."""
    alike = [item for item in items if item.name.startswith("test_every_answer_is_as_the_document_says[")]
    for item in alike:
        assert item.parent is not None
        item._id = coerce_node_id(f"{item.parent.nodeid}::{item.name}")
    if len({item.nodeid for item in alike}) < len(alike):
        raise pytest.UsageError("Tests by the API's document are called alike: all but one would not be run.")
