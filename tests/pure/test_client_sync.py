"""The client without asyncio has what the other has."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from teahouse.client import Client, Room, SyncClient, SyncRoom

APART = {"signals", "on_change"}
"""Of asynchronous programs alone."""


@pytest.mark.parametrize(("other", "same"), [(Client, SyncClient), (Room, SyncRoom)])
def test_each_method_is_there_with_the_same_arguments(other: Any, same: Any) -> None:
    for name, member in vars(other).items():
        if name.startswith("_") or name in APART:
            continue
        assert hasattr(same, name), f"{same.__name__} has no {name}"
        if inspect.isfunction(member) and name not in ("events", "messages"):  # Those have a time-out.
            expected = list(inspect.signature(member).parameters.values())
            given = list(inspect.signature(vars(same)[name]).parameters.values())
            assert [(one.name, one.kind, one.default) for one in given] == [
                (one.name, one.kind, one.default) for one in expected
            ], name
