"""An event loop without time or threads: its clock jumps to whatever is due next, and the same seed gives the same run.

A callback belongs to the process in whose context it was made. What belongs to a process that was killed never runs:
not its tasks, not their `finally`, as after `kill -9`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from contextvars import Context, ContextVar, copy_context
from heapq import heappop, heappush
from typing import Any, TypeVar, TypeVarTuple, cast

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Life:
    """Of a process, from its start until it is killed: what belongs to one that is over never runs."""

    def __init__(self) -> None:
        self.is_over = False


LIFE: ContextVar[Life | None] = ContextVar("life", default=None)


class Stuck(Exception):
    """Nothing is due, and what was waited for has not come."""


class Due:
    """A callback that runs soon, or at its time; `asyncio.Handle` does as much for debugging as for this."""

    __slots__ = ("args", "callback", "context", "life")

    def __init__(
        self, callback: Callable[..., object], args: tuple[Any, ...], context: Context | None
    ) -> None:
        self.callback: Callable[..., object] | None = callback
        self.args = args
        self.context = copy_context() if context is None else context
        self.life = self.context.get(LIFE)

    def cancel(self) -> None:
        self.callback, self.args = None, ()

    def cancelled(self) -> bool:
        return self.callback is None


class Loop(asyncio.BaseEventLoop):
    """Begins at 0.0 seconds. Whatever would run in another thread runs at once.

    What is due is kept here, not in BaseEventLoop: two of three calls of a schedule are about that.
    """

    _stopping: bool  # BaseEventLoop's: set by `stop`.

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._soon: deque[Due] = deque()
        self._timers: list[tuple[float, int, Due]] = []
        self._made = 0  # Of two timers of the same time the older one comes first.
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

    def _run_once(self) -> None:
        """All that is due, again and again until the loop is stopped: `run_forever` calls this as if it were once.
        Where nothing is due, the clock is set to what comes next."""
        soon, timers = self._soon, self._timers
        while not self._stopping:
            if not soon:
                while timers and timers[0][2].callback is None:
                    heappop(timers)
                if not timers:
                    raise Stuck
                self._now = max(self._now, timers[0][0])
            now = self._now
            while timers and timers[0][0] <= now:
                soon.append(heappop(timers)[2])
            for _ in range(len(soon)):
                due = soon.popleft()
                if due.callback is None or (
                    due.life is not None and due.life.is_over and not self._is_ending
                ):
                    continue
                try:
                    due.context.run(due.callback, *due.args)
                except (SystemExit, KeyboardInterrupt):
                    raise
                except BaseException as error:  # noqa: BLE001  As a loop does: it is told, and the others go on.
                    self.call_exception_handler({"message": f"in {due.callback}", "exception": error})

    # A `Due` is what is used of a handle. Not by `cast`: a schedule makes a thousand.

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        due = Due(callback, args, context)
        self._soon.append(due)
        return due  # type: ignore[return-value]

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        due = Due(callback, args, context)
        self._made += 1
        heappush(self._timers, (when, self._made, due))
        return due  # type: ignore[return-value]

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        due = Due(callback, args, context)
        self._made += 1
        heappush(self._timers, (self._now + delay, self._made, due))
        return due  # type: ignore[return-value]

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

    def end(self) -> None:
        """Ends whatever still runs, also of dead processes."""
        self._is_ending = True
        self._timers.clear()
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
        # What is held in circles stays until the collector looks, and in a thousand schedules that is gigabytes.
        self._soon.clear()
        self._timers.clear()
        self._tasks.clear()
        self.close()

    def _failed(self, loop: Any, context: dict[str, Any]) -> None:
        if not self._is_ending:
            self.failures.append(f"{context['message']}: {context.get('exception')!r}")
