"""A world with a loop of its own, in a thread: its people go on while whoever uses it does something else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Generic, TypeVar

from tests.faults.worlds import World

W = TypeVar("W", bound=World)


class Running(Generic[W]):
    """An open world; `run` runs something on its loop and waits."""

    def __init__(self, kind: type[W]) -> None:
        self.world: W = kind()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Running[W]:
        self._thread.start()
        try:
            self.run(self._open())
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        try:
            self.run(self.world.close())
        finally:
            self._end()

    async def _open(self) -> None:
        self.world.take_thread()
        await self.world.open()

    def begin(self, name: str, happens: Callable[[W], Awaitable[None]]) -> None:
        """Begins a fault that takes long; its trial waits for the rest."""

        async def beginning() -> None:
            self.world.begun[name] = asyncio.ensure_future(happens(self.world))

        self.run(beginning())

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, wait: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(wait, self._loop).result()
