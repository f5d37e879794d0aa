"""What another process says: of a newer version perhaps, during a rolling restart."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from teahouse.bus import Bus


@pytest.mark.parametrize(
    "data", [{"events": [[1, 2, "message", 3, "{}", None, "of tomorrow", 8]]}, [], "text"], ids=str
)
def test_what_it_does_not_understand_leaves_it_listening(data: Any, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[dict[str, Any]] = []

    async def take() -> None:
        bus = Bus("site", "here", heard.append)
        bus._take({"from": "newer", "data": json.dumps(data)})
        bus._take({"from": "there", "data": '{"heads":[[1,3]]}'})
        assert "there" in bus.others()

    asyncio.run(take())
    assert heard == [{"heads": [[1, 3]], "from": "there"}]
    assert "A message of process newer could not be taken" in caplog.text


def test_who_stood_still_takes_nobody_for_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    """It heard nobody in that time, but a sign-out has to wait for all of them."""
    monkeypatch.setattr("teahouse.bus.BEAT_SECONDS", 0.02)
    monkeypatch.setattr("teahouse.bus.LEASE_SECONDS", 0.2)

    async def stand_still() -> None:
        bus = Bus("site", "here", lambda data: None)
        beating = asyncio.create_task(bus._beat())
        await asyncio.sleep(0)
        bus._take({"from": "there", "data": "{}"})
        time.sleep(0.3)  # noqa: ASYNC251  All of this process stands still.
        assert "there" in bus.others(), "before the loop goes on"
        due = bus._beat_due
        while bus._beat_due == due:  # noqa: ASYNC110
            await asyncio.sleep(0)
        assert "there" in bus.others(), "and behind its next beat"
        while "there" in bus.others():  # noqa: ASYNC110  In the end it is dead: it really said nothing.
            await asyncio.sleep(0.02)
        beating.cancel()

    asyncio.run(stand_still())


def test_a_beat_that_is_missing_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis was away for a moment: what others told then reached nobody, though all is well again."""
    echo = {"from": "here", "data": "{}"}

    async def miss_one() -> None:
        bus = Bus("site", "here", lambda data: None)
        monkeypatch.setattr("teahouse.bus.BEAT_SECONDS", 60.0)
        bus._take(echo)
        bus._take(echo)
        assert bus.gaps == 0
        monkeypatch.setattr("teahouse.bus.BEAT_SECONDS", 0.0)  # Whatever passed is longer.
        bus._take(echo)
        assert bus.gaps == 1

    asyncio.run(miss_one())
