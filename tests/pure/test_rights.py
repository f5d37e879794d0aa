"""Who may do what, in the code and on the page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from teahouse.live.replies import Right
from teahouse.rights import ENDS_WITH_THE_ROOM, IN_A_CONVERSATION, RIGHTS, WHY_NOT, Rank, rights

PAGE = Path(__file__).parents[2] / "docs" / "rooms.md"
KINDS = ("open", "private", "direct")


def test_the_page_shows_the_table() -> None:
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    shown = {name: [cell.strip() for cell in cells.split("|")] for name, cells in rows}
    assert shown == {
        right: [least[kind].name.lower() if kind in least else "" for kind in KINDS]
        for right, least in RIGHTS.items()
    }


def test_each_right_has_its_name_on_the_wire_and_words_for_who_has_it_not() -> None:
    assert get_args(Right) == tuple(RIGHTS)
    assert set(WHY_NOT) == set(RIGHTS)
    assert {*IN_A_CONVERSATION, "join"} >= {right for right in RIGHTS if "direct" not in RIGHTS[right]}


@pytest.mark.parametrize("kind", KINDS)
def test_each_rank_may_do_what_those_below_may(kind: str) -> None:
    for lower, higher in zip(Rank, list(Rank)[1:], strict=False):
        assert set(rights(kind, lower, belongs=True)) <= set(rights(kind, higher, belongs=True))
        assert set(rights(kind, lower, belongs=False)) <= set(rights(kind, higher, belongs=False))


def test_who_belongs_leaves_and_who_does_not_joins() -> None:
    assert "leave" in rights("open", Rank.MEMBER, belongs=True)
    assert "join" not in rights("open", Rank.OWNER, belongs=True)
    assert "join" in rights("open", Rank.OWNER, belongs=False)
    assert "leave" not in rights("open", Rank.OWNER, belongs=False)
    assert "join" not in rights("open", Rank.GUEST, belongs=False)


def test_an_archived_room_and_one_for_announcements_take_rights_away() -> None:
    everything = set(rights("open", Rank.OWNER, belongs=True))
    assert everything - set(rights("open", Rank.OWNER, belongs=True, archived=True)) == (
        ENDS_WITH_THE_ROOM - {"join"}
    )
    for rank in Rank:
        may = rights("open", rank, belongs=rank >= Rank.MEMBER, announcements=True)
        assert ("speak" in may) == (rank >= Rank.MODERATOR)
        assert "react" in may


def test_there_are_no_rights_in_a_stream_of_ones_own() -> None:
    assert rights("personal", Rank.OWNER, belongs=True) == ()
