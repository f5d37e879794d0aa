"""What keeps a session small."""

from __future__ import annotations

import ast
import inspect
from typing import Any

import pytest

from teahouse.live import headers
from teahouse.live.connection import Connection
from teahouse.live.headers import LONGEST, MOST, shared
from teahouse.live.session import Session
from teahouse.live.watching import Watching


@pytest.mark.parametrize("kind", [Connection, Watching, Session])
def test_all_that_a_session_knows_has_a_slot(kind: Any) -> None:
    """But for the scope, which Channels' consumer names."""
    tree = ast.parse(inspect.getsource(kind))
    known = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        if isinstance(node.value, ast.Name) and node.value.id == "self"
    }
    slots = {name for one in kind.__mro__ for name in getattr(one, "__slots__", ())}
    assert known - slots - {"scope"} == set()


def fresh(*found: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    """The same bytes in objects of their own, as each request brings them."""
    return [(bytes(bytearray(name)), bytes(bytearray(value))) for name, value in found]


def test_what_two_requests_have_in_common_is_there_once() -> None:
    brought = [(b"Host", b"tea.example"), (b"Accept-Language", b"zh-CN"), (b"Host", b"again")]
    first, second = shared(fresh(*brought)), shared(fresh(*brought))
    assert first == second == brought
    assert all(one is other for one, other in zip(first, second, strict=True))


@pytest.mark.parametrize("name", [b"Cookie", b"authorization", b"Sec-WebSocket-Key"])
def test_what_is_different_for_each_and_secrets_are_not_kept(name: bytes) -> None:
    before = len(headers._known)
    assert shared(fresh((name, b"secret"))) == [(name, b"secret")]
    assert len(headers._known) == before


def test_who_makes_headers_up_fills_nothing() -> None:
    for number in range(3 * MOST):
        assert shared([(b"X-Made-Up", b"%d" % number)]) == [(b"X-Made-Up", b"%d" % number)]
        assert len(headers._known) <= MOST
    before = len(headers._known)
    assert shared([(b"X-Long", b"x" * LONGEST)]) == [(b"X-Long", b"x" * LONGEST)]
    assert len(headers._known) == before
