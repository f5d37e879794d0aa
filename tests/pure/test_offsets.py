"""Offsets and cursors of Durable Streams."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teahouse.api import offsets

NOW = datetime(2026, 11, 27, tzinfo=UTC)


@given(st.from_regex(r"[A-Za-z0-9_-]{1,20}", fullmatch=True), st.integers(0, 10**16 - 1))
def test_an_offset_is_read_as_it_was_written(epoch: str, seq: int) -> None:
    told = offsets.offset({"epoch": epoch, "seq": seq})
    assert not set(told) & set(",&=?/")
    assert offsets.asked(f"offset={told}").since == {"epoch": epoch, "seq": seq}


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_offsets_sort_as_numbers(one: int, two: int) -> None:
    texts = [offsets.offset({"epoch": "e", "seq": seq}) for seq in (one, two)]
    assert (texts[0] < texts[1]) == (one < two)


def test_beginning_and_end() -> None:
    assert offsets.asked("") == offsets.asked("offset=-1") == offsets.Asked(beginning=True)
    assert offsets.asked("offset=now&live=sse&unknown=1") == offsets.Asked("sse")


@pytest.mark.parametrize(
    "query", ["offset=", "offset=1", "offset=e_1", "live=sse", "offset=-1&live=x", "offset=-1&offset=now"]
)
def test_what_is_no_query(query: str) -> None:
    with pytest.raises(offsets.Wrong):
        offsets.asked(query)


def test_a_cursor_goes_with_the_time_and_never_back() -> None:
    first = offsets.next_cursor("", NOW)
    assert int(offsets.next_cursor("", NOW + timedelta(seconds=20))) == int(first) + 1
    for given_ in (first, str(int(first) + 500)):
        assert int(offsets.next_cursor(given_, NOW)) > int(given_)
    assert offsets.next_cursor("nonsense", NOW) == first


def test_a_block_is_two_events_whose_data_are_one_line() -> None:
    block = offsets.block(['{"a":1}', '{"b":"x\\ny"}'], {"epoch": "e", "seq": 7}, "3", up_to_date=True)
    assert block == (
        b'event: data\ndata:[{"a":1},{"b":"x\\ny"}]\n\n'
        b'event: control\ndata:{"streamNextOffset":"e_0000000000000007","streamCursor":"3","upToDate":true}\n\n'
    )
