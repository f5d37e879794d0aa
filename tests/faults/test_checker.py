"""The checker has been seen to fail: on servers with a defect, and on each kind of wrong record."""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import Any

import pytest

from tests.faults.defective import DEFECTS
from tests.faults.faults import FAULTS
from tests.faults.record import EventRow, MessageRow, Record, Rows
from tests.faults.running import Running
from tests.faults.trial import trial
from tests.faults.worlds import ROOMS, One, Server

RESET = next(fault for fault in FAULTS if fault.name == "reset")


class Defective(Server):
    def __init__(self, defect: str) -> None:
        super().__init__(env={"TEAHOUSE_LIMITS": "off"})
        self.module = ("tests.faults.defective", defect)


def with_defect(defect: str) -> type[One]:
    class Sick(One):
        def new_server(self) -> Server:
            return Defective(defect)

    return Sick


@pytest.mark.parametrize("defect", [name for name in DEFECTS if name != "shows_what_was_deleted"])
def test_a_server_is_found_that(defect: str) -> None:
    with Running(with_defect(defect)) as running:
        assert running.run(found_in_a_trial(running.world))


async def found_in_a_trial(world: One) -> Counter[str]:
    """What was noted where enough is said for the defect to show. A reader may not get on any more."""
    await world.more_said(40)
    with contextlib.suppress(AssertionError):
        await trial(world, RESET)
    return world.record.faults


def test_in_a_sound_server_nothing_is_found() -> None:
    with Running(One) as running:
        assert not running.run(found_in_a_trial(running.world)), running.world.record.why


def test_a_server_is_found_that_shows_what_was_deleted() -> None:
    with Running(with_defect("shows_what_was_deleted")) as running:
        assert any("deleted by" in why for why in running.run(deleted_while_away(running.world)))


def test_a_server_that_does_not_show_it_is_not_found() -> None:
    with Running(One) as running:
        assert running.run(deleted_while_away(running.world)) == []


async def deleted_while_away(world: One) -> list[str]:
    """A reader misses a message and its deletion."""
    talker, (reading,) = world.talkers[0], world.reading
    for one in world.talkers:
        await one.quiet()
    reading.refuses = True
    reading.reset()
    sent = talker.say(ROOMS[0], "to be taken back")
    await talker.said(sent)
    await talker.delete(sent.message)
    reading.refuses = False
    await world.all_live()
    await world.settle()
    return world.record.why


# The record alone


def frame(seq: int, text: str | None = "hello", message: int = 1) -> dict[str, Any]:
    about = {"id": message} | ({} if text is None else {"text": text})
    return {"event": "message" if text is not None else "deleted", "seq": seq, "message": about}


def rows(*said: tuple[int, str, str | None]) -> Rows:
    """A room in which these messages were said: number, key, text."""
    events = {seq: EventRow("message", seq) for seq, _, _ in said}
    return Rows({"tea": events}, {seq: MessageRow("tea", key, seq, text) for seq, key, text in said})


def acknowledged(*said: tuple[int, str, str]) -> Record:
    record = Record()
    for seq, key, text in said:
        record.says("tea", key, text, "Alice")
        record.was_acknowledged(key, seq, seq)
    return record


def test_what_is_as_it_was_said_is_well() -> None:
    record = acknowledged((1, "a", "one"), (2, "b", "two"))
    last = record.takes("Bob", "tea", 0, frame(1, "one", 1))
    assert record.takes("Bob", "tea", last, frame(2, "two", 2)) == 2
    record.check(rows((1, "a", "one"), (2, "b", "two")))
    assert not record.faults, record.why


@pytest.mark.parametrize(
    ("stored", "how"),
    [
        ([(1, "a", "one")], "lost"),
        ([(1, "a", "one"), (3, "b", "two")], "lost"),
        ([(1, "a", "one"), (2, "b", "changed")], "lost"),
        ([(1, "a", "one"), (2, "b", None)], "lost"),
        ([(1, "a", "one"), (2, "b", "two"), (3, "b", "two")], "repeated"),
        ([(1, "b", "two"), (2, "a", "one")], "disordered"),
    ],
)
def test_what_is_stored_otherwise_is_found(stored: list[tuple[int, str, str | None]], how: str) -> None:
    record = acknowledged((1, "a", "one"), (2, "b", "two"))
    record.check(rows(*stored))
    assert record.faults[how] > 0, record.why


@pytest.mark.parametrize(
    ("last", "seq", "how"), [(3, 5, "disordered"), (3, 3, "repeated"), (3, 2, "repeated")]
)
def test_a_number_out_of_turn_is_found(last: int, seq: int, how: str) -> None:
    record = Record()
    record.takes("Bob", "tea", last, frame(seq))
    assert record.faults == {how: 1}


def test_what_was_received_and_is_not_stored_is_found() -> None:
    record = Record()
    record.takes("Bob", "tea", 0, frame(1))
    record.check(rows())
    assert record.faults == {"repeated": 1}


def test_two_numbers_for_one_key_are_found() -> None:
    record = acknowledged((1, "a", "one"))
    record.was_acknowledged("a", 1, 1)
    assert not record.faults
    record.was_acknowledged("a", 2, 2)
    assert record.faults == {"repeated": 1}


def test_a_reset_is_found() -> None:
    record = Record()
    record.reset("Bob", "tea")
    assert record.faults == {"lost": 1}


def test_an_old_text_is_found_and_a_newer_one_is_well() -> None:
    record = acknowledged((1, "a", "one"))
    record.was_edited(1, "new", 3)
    record.takes("Bob", "tea", 0, frame(1, "one"))
    record.takes("Bob", "tea", 0, frame(1, "new"), as_of=2)
    assert not record.faults, record.why
    record.takes("Bob", "tea", 0, frame(1, "one"), as_of=3)
    assert record.faults == {"lost": 1}


def test_a_deleted_text_is_found() -> None:
    record = acknowledged((1, "a", "one"))
    record.was_deleted(1, 3)
    record.takes("Bob", "tea", 0, frame(1, "one"), as_of=2)
    record.takes("Bob", "tea", 0, frame(1, None), as_of=3)
    assert not record.faults, record.why
    record.takes("Bob", "tea", 0, frame(1, "one"), as_of=3)
    assert record.faults == {"lost": 1}
    record.faults.clear()
    record.check(rows((1, "a", "one")))
    assert record.faults["lost"] == 1, "it is stored with its text"


def test_another_order_than_it_was_said_in_is_found() -> None:
    record = Record()
    for key, seq in (("a", 2), ("b", 1)):
        record.says("tea", key, key, "Alice")
        record.was_acknowledged(key, seq, seq)
    record.check(rows((1, "b", "b"), (2, "a", "a")))
    assert record.faults == {"disordered": 1}
    record.faults.clear()
    record.sent["a"].was_put_off = True
    record.check(rows((1, "b", "b"), (2, "a", "a")))
    assert not record.faults, "the first was answered with: again, later"
