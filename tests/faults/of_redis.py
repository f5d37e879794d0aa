"""Faults of Redis, F10: killed, stopped, cut, emptied, losing messages."""

from __future__ import annotations

import asyncio
import subprocess

from tests.faults.fault import fault
from tests.faults.worlds import Two


@fault("F10", "Redis killed, 2 s away, back and empty", Two)
async def redis_killed(world: Two) -> None:
    await asyncio.to_thread(world.redis.kill)
    await asyncio.sleep(2)
    await asyncio.to_thread(world.redis.start)


@fault("F10", "Redis stopped (SIGSTOP) for 3 s", Two)
async def redis_stopped(world: Two) -> None:
    world.redis.pause()
    await asyncio.sleep(3)
    world.redis.resume()


@fault("F10", "Redis' connections reset", Two)
async def redis_cut(world: Two) -> None:
    world.to_redis.reset()
    await world.more_said()


@fault("F10", "Redis emptied", Two)
async def redis_emptied(world: Two) -> None:
    done = await asyncio.to_thread(
        subprocess.run, ["redis-cli", "-p", str(world.redis.port), "flushall"], capture_output=True, text=True
    )
    assert done.stdout.strip() == "OK", done
    await world.more_said()


@fault("F10", "a third of Redis' messages lost without a word, 3 s long", Two)
async def redis_loses(world: Two) -> None:
    world.to_redis.keep = Losing
    world.to_redis.reset()  # New connections have the filter.
    await asyncio.sleep(3)
    world.to_redis.keep = None
    world.to_redis.reset()


class Losing:
    """Of what a Redis server says, all but each third published message: an array of "message", channel, data."""

    def __init__(self) -> None:
        self._bytes = b""
        self._seen = 0

    def __call__(self, data: bytes) -> bytes:
        self._bytes += data
        kept = b""
        while (end := _end_of_reply(self._bytes)) is not None:
            reply, self._bytes = self._bytes[:end], self._bytes[end:]
            is_published = reply.startswith(b"*3\r\n$7\r\nmessage\r\n")
            self._seen += is_published
            if not is_published or self._seen % 3:
                kept += reply
        return kept


def _end_of_reply(data: bytes, start: int = 0) -> int | None:
    """Where the reply of Redis' protocol that begins at `start` ends; None where it is not all there."""
    line_end = data.find(b"\r\n", start)
    if line_end < 0:
        return None
    kind, end = data[start : start + 1], line_end + 2
    if kind not in (b"$", b"*"):
        return end
    count = int(data[start + 1 : line_end])
    if kind == b"$":
        end += count + 2 if count >= 0 else 0
        return end if end <= len(data) else None
    for _ in range(count):
        found = _end_of_reply(data, end)
        if found is None:
            return None
        end = found
    return end
