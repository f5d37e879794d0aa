"""The load generator of the benchmarks counts rightly: it has to see what a server loses, repeats and swaps."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from benchmarks.field import LOAD, build_load

MESSAGES = 6  # What each fault is made with: the sixth message of the publisher.


class Room:
    """A server that hands each text to everyone, but for the fault that it is named after."""

    def __init__(self, fault: str) -> None:
        self.fault = fault
        self.members: list[ServerConnection] = []
        self.said = 0
        self.kept: str | None = None

    async def enter(self, member: ServerConnection) -> None:
        self.members.append(member)
        await member.send("ready")
        async for text in member:
            self.said += 1
            await asyncio.sleep(0.01)  # Both work little in a time that is long enough for a busy machine.
            for one, heard in self.heard(str(text)):
                await one.send(heard)

    def heard(self, text: str) -> list[tuple[ServerConnection, str]]:
        """Who hears what: only the last member is treated badly, who never speaks."""
        good = [(one, text) for one in self.members]
        *others, last = good
        if self.fault == "lost" and self.said == MESSAGES:
            return others
        if self.fault == "repeated" and self.said == MESSAGES:
            return [*good, last]
        if self.fault == "disordered" and self.said == MESSAGES:
            self.kept = text
            return others
        if self.kept is not None:
            kept, self.kept = self.kept, None
            return [*good, (last[0], kept)]
        return good


async def load(port: int, *more: str) -> dict[str, Any]:
    words = [
        "--port",
        str(port),
        "--dialect",
        "ready",
        "--sessions",
        "5",
        "--warmup",
        "0",
        "--seconds",
        "1.5",
        *more,
    ]
    running = await asyncio.create_subprocess_exec(LOAD, *words, stdout=asyncio.subprocess.PIPE)
    printed, _ = await running.communicate()
    assert running.returncode == 0
    answer: dict[str, Any] = json.loads(printed)
    return answer


@pytest.mark.parametrize("fault", ["", "lost", "repeated", "disordered"])
def test_it_sees_what_is_wrong(fault: str) -> None:
    build_load()

    async def run() -> dict[str, Any]:
        async with serve(Room(fault).enter, "127.0.0.1", 0) as server:
            return await load(server.sockets[0].getsockname()[1], "--stragglers", "1")

    answer = asyncio.run(run())
    found = {name for name in ("lost", "repeated", "disordered") if answer[name]}
    assert found == ({fault} if fault else set())
    assert answer["messages"] > MESSAGES
    assert answer["deliveries"] >= 5 * (answer["messages"] - 1)
