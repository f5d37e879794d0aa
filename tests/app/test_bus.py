"""What another process says: of a newer version perhaps, during a rolling restart."""

from __future__ import annotations

import asyncio
import json
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
