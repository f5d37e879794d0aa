"""An event loop without time or threads: its clock jumps to whatever is due next, and the same seed gives the same run.

A callback belongs to the process in whose context it was made. What belongs to a process that was killed never runs:
not its tasks, not their `finally`, as after `kill -9`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from contextvars import Context, ContextVar
from typing import Any, TypeVar, TypeVarTuple, cast

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Life:
    """Of a process, from its start until it is killed."""

    def __init__(self) -> None:
        self.is_over = False


LIFE: ContextVar[Life | None] = ContextVar("life", default=None)


class Stuck(Exception):
    """Nothing is due, and what was waited for has not come."""


class Loop(asyncio.BaseEventLoop):
    """Begins at 0.0 seconds. Whatever would run in another thread runs at once."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._selector = self  # What BaseEventLoop asks to wait for sockets, as long as no callback is due.
        self.set_exception_handler(self._failed)
        self.failures: list[str] = []
        # Held, those of dead processes too: the garbage collector would run their `finally`, at any moment.
        self._tasks: list[asyncio.Task[Any]] = []
        self._is_ending = False

    def create_task(self, coro: Any, *, name: Any = None, context: Context | None = None) -> Any:
        task = super().create_task(coro, name=name, context=context)
        self._tasks.append(task)
        return task

    def time(self) -> float:
        return self._now

    def leap(self, seconds: float) -> None:
        """Nothing happens for so long; then everything that has become due."""
        self._now += seconds

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise Stuck
        self._now += timeout
        return []

    def _process_events(self, events: list[Any]) -> None:
        pass

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        return self._unless_dead(super().call_soon(callback, *args, context=context))

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return cast(
            asyncio.TimerHandle, self._unless_dead(super().call_at(when, callback, *args, context=context))
        )

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - it belongs to who waits for it
            future.set_exception(error)
        return future

    def bury(self, life: Life) -> None:
        """Ends a process: nothing that belongs to it runs any more."""
        life.is_over = True
        for handle in [*self._ready, *self._scheduled]:  # type: ignore[attr-defined]
            self._unless_dead(handle)

    def end(self) -> None:
        """Ends whatever still runs, also of dead processes."""
        self._is_ending = True
        for handle in self._scheduled:  # type: ignore[attr-defined]
            handle.cancel()
        for _ in range(5):
            left = [task for task in self._tasks if not task.done()]
            if not left:
                break
            for task in left:
                task.cancel()
            self.call_soon(lambda: self.call_soon(lambda: self.call_soon(self.stop)))
            self.run_forever()
        for task in self._tasks:
            # One that was about to go on when its process was killed does not even hear that it is cancelled.
            if not task.done():
                task._log_destroy_pending = False  # type: ignore[attr-defined]
                cast(Coroutine[Any, Any, Any], task.get_coro()).close()
        self.close()

    def _unless_dead(self, handle: asyncio.Handle) -> asyncio.Handle:
        life = handle._context.get(LIFE)  # type: ignore[attr-defined]
        if life is not None and life.is_over and not self._is_ending:
            handle.cancel()
        return handle

    def _failed(self, loop: Any, context: dict[str, Any]) -> None:
        if not self._is_ending:
            self.failures.append(f"{context['message']}: {context.get('exception')!r}")
