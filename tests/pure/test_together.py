"""Many who ask at once are answered by one read, each with its own answer, and none is held up by another."""

from __future__ import annotations

import asyncio
from time import monotonic

import pytest

from teahouse.live.together import BUSY_SECONDS, CROWD, MOST, Together

pytestmark = pytest.mark.asyncio


class Reader:
    """Answers a number with its square; each read waits until it is let."""

    def __init__(self) -> None:
        self.reads: list[list[int]] = []
        self.let = asyncio.Event()
        self.let.set()
        self.begun = asyncio.Event()
        self.error: Exception | None = None

    async def read(self, numbers: list[int]) -> dict[int, int]:
        self.reads.append(numbers)
        self.begun.set()
        await self.let.wait()
        if self.error is not None:
            raise self.error
        return {number: number**2 for number in numbers}

    def together(self) -> Together[int, int]:
        return Together(asyncio.get_running_loop(), self.read)


async def test_those_who_ask_at_once_share_a_read() -> None:
    reader = Reader()
    together = reader.together()
    answers = await asyncio.gather(*(together.ask(number) for number in [1, 2, 3, 2]))
    assert answers == [1, 4, 9, 4]
    assert reader.reads == [[1, 2, 3]]


async def test_who_asks_during_a_read_is_answered_by_a_later_one() -> None:
    """The one that is under way may have looked before something was stored that the question is about."""
    reader = Reader()
    together = reader.together()
    reader.let.clear()
    first = asyncio.create_task(together.ask(1))
    await reader.begun.wait()
    second = asyncio.create_task(together.ask(1))
    await asyncio.sleep(0)
    reader.let.set()
    assert await first == await second == 1
    assert reader.reads == [[1], [1]]


async def test_a_read_has_no_more_than_it_may() -> None:
    reader = Reader()
    together = reader.together()
    numbers = range(2 * MOST + 5)
    assert await asyncio.gather(*map(together.ask, numbers)) == [number**2 for number in numbers]
    assert [len(read) for read in reader.reads] == [MOST, MOST, 5]


async def busy_rounds(count: int) -> None:
    """So many rounds of the event loop in which it has other work."""
    for _ in range(count):
        end = monotonic() + 2 * BUSY_SECONDS
        while monotonic() < end:
            pass
        await asyncio.sleep(0)


async def test_a_crowd_waits_for_those_whom_the_loop_is_busy_with(monkeypatch: pytest.MonkeyPatch) -> None:
    # A pause of this machine is none of the crowd's.
    monkeypatch.setattr("teahouse.live.together.STILL_SECONDS", 1000)
    reader = Reader()
    together: Together[int, int] = Together(asyncio.get_running_loop(), reader.read, patience=1000)
    asked = [asyncio.create_task(together.ask(number)) for number in range(CROWD)]
    await asyncio.sleep(0)
    for number in range(CROWD, CROWD + 5):
        asked.append(asyncio.create_task(together.ask(number)))
        await busy_rounds(3)
    await asyncio.gather(*asked)
    assert reader.reads == [list(range(CROWD + 5))]


async def test_a_crowd_to_which_nobody_comes_waits_no_longer_however_busy_the_loop_is() -> None:
    reader = Reader()
    together: Together[int, int] = Together(asyncio.get_running_loop(), reader.read, patience=1000)
    asked = asyncio.gather(*(together.ask(number) for number in range(CROWD)))
    while not asked.done():
        await busy_rounds(1)
    assert reader.reads == [list(range(CROWD))]


async def test_who_is_alone_does_not_wait_for_a_loop_that_is_busy_with_others() -> None:
    reader = Reader()
    together = reader.together()
    asked = asyncio.create_task(together.ask(3))
    await asyncio.sleep(0)
    await busy_rounds(3)
    assert reader.reads == [[3]]
    assert await asked == 9


async def test_a_read_that_fails_is_told_to_those_of_it_and_the_next_goes_on() -> None:
    reader = Reader()
    together = reader.together()
    reader.error = OSError("away")
    answers = await asyncio.gather(together.ask(1), together.ask(2), return_exceptions=True)
    assert list(answers) == [reader.error, reader.error]
    reader.error = None
    assert await together.ask(3) == 9


async def test_an_answer_that_is_missing_is_an_error_and_nobody_waits_for_ever() -> None:
    async def nothing(numbers: list[int]) -> dict[int, int]:
        return {}

    with pytest.raises(KeyError):
        await Together(asyncio.get_running_loop(), nothing).ask(1)


async def test_who_goes_away_takes_nobody_along() -> None:
    reader = Reader()
    together = reader.together()
    reader.let.clear()
    gone, stays = asyncio.create_task(together.ask(1)), asyncio.create_task(together.ask(1))
    await reader.begun.wait()
    gone.cancel()
    await asyncio.sleep(0)
    reader.let.set()
    assert await stays == 1
    assert gone.cancelled()


async def test_closing_lets_go_of_all_who_wait() -> None:
    reader = Reader()
    together = reader.together()
    reader.let.clear()
    first = asyncio.create_task(together.ask(1))
    await reader.begun.wait()
    second = asyncio.create_task(together.ask(2))
    await asyncio.sleep(0)
    together.close()
    assert [type(one) for one in await asyncio.gather(first, second, return_exceptions=True)] == [
        asyncio.CancelledError,
        asyncio.CancelledError,
    ]


async def test_a_read_has_at_most_what_it_was_given_as_its_bound() -> None:
    reader = Reader()
    together: Together[int, int] = Together(asyncio.get_running_loop(), reader.read, most=3)
    assert await asyncio.gather(*map(together.ask, range(8))) == [number**2 for number in range(8)]
    assert reader.reads == [[0, 1, 2], [3, 4, 5], [6, 7]]
