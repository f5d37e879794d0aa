"""When a webhook is sent again that was put off: `Retry-After` (RFC 9110, 10.2.3)."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest

from teahouse.followers.transport import _seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("6", 6.0),
        ("999999", 3600.0),
        ("soon", None),
        ("-1", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
    ],
)
def test_seconds(text: str | None, seconds: float | None) -> None:
    assert _seconds(text) == seconds


def test_a_date_is_heeded() -> None:
    wait = _seconds(formatdate(time.time() + 600, usegmt=True))
    assert wait is not None
    assert 500 < wait <= 600
    assert _seconds(formatdate(time.time() + 90_000, usegmt=True)) == 3600.0
