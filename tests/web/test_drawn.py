"""A row is drawn once for everyone, and anew as soon as anything in it is another."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from teahouse.web.conversation import Row, rows
from teahouse.web.drawn import drawn

MESSAGE = {
    "id": 7,
    "rev": 3,
    "at": "2026-11-27T10:00:00.000Z",
    "by": {"id": 1, "name": "Mei", "kind": "guest"},
    "text": "tea <ready>",
}


def row(**changes: Any) -> Row:
    return rows([MESSAGE | changes])[0]


@pytest.mark.parametrize(
    ("changes", "shows"),
    [
        ({"text": "coffee"}, "coffee"),
        ({"html": "<p>rich</p>"}, "<p>rich</p>"),
        ({"edited": "2026-11-27T10:01:00.000Z"}, "(edited)"),
        ({"deleted": "2026-11-27T10:01:00.000Z"}, "This message was deleted."),
        ({"reactions": {"🍵": [1, 2]}}, "</span> 2</span>"),
        ({"by": {"id": 1, "name": "Lin", "kind": "guest"}}, ">Lin<"),
        ({"by": {"id": 2, "name": "Mei", "kind": "guest"}}, "cup-2"),
        ({"at": "2026-11-28T10:00:00.000Z"}, "28"),
    ],
)
def test_what_is_another_is_drawn_anew(changes: dict[str, Any], shows: str) -> None:
    before = drawn(row())
    assert "tea &lt;ready&gt;" in before
    assert shows not in before
    assert shows in drawn(row(**changes))
    assert drawn(row()) == before


def test_each_language_has_its_own() -> None:
    deleted = row(deleted="2026-11-27T10:01:00.000Z")
    assert "This message was deleted." in drawn(deleted)
    with translation.override("zh-hans"):
        assert "This message was deleted." not in drawn(deleted)


def test_the_same_is_drawn_once() -> None:
    assert drawn(row()) is drawn(row())
