"""What is round `machine.py`: connects, comes back, and hands what happens to those who wait. `client.py` gives it
its words."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Callable
from contextlib import aclosing
from typing import Any, Final

from websockets.exceptions import InvalidStatus, WebSocketException

from teahouse.client.backoff import LOST, SETTLED, comeback, is_final
from teahouse.client.errors import ClientError, Closed, Disconnected, Refused, Unreachable
from teahouse.client.lines import Line, Lines, Replaceable
from teahouse.client.machine import (
    Answered,
    Began,
    Failed,
    Happening,
    Machine,
    Moved,
    NotBegun,
    Signalled,
)
from teahouse.live.replies import HelloResult

log = logging.getLogger("teahouse.client")

SIGNALS: Final = 1_000
"""So many are kept for whoever has not read them; then the oldest go: they are shown and forgotten."""
PASSING: Final = frozenset({429, 500, 502, 503, 504})
"""HTTP's statuses of a server that is not there at the moment, or has too much to do."""


NO_SUCH_ADDRESS: Final = 4004


class Connection:
    """One session for ever. What is said in it is the machine's business."""

    def __init__(self, url: str, machine: Machine, chance: Callable[[], float] = random.random) -> None:
        self.url = url
        self.machine = machine
        self.hello: HelloResult | None = None
        self.line: Line | None = None
        self.ended: ClientError | None = None
        self.signals: deque[dict[str, Any]] = deque(maxlen=SIGNALS)
        self.heard_signal = asyncio.Event()
        self.changed: Callable[[], None] = lambda: None
        self._chance = chance
        self._lines = Lines(url)
        self._begun = asyncio.Event()
        self._wake = asyncio.Event()
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._moved: dict[str, asyncio.Event] = {}
        self._task: asyncio.Task[None] | None = None
        self._problem: Refused | None = None
        self._tried: Exception | None = None
        self._began_at = 0.0

    async def open(self, timeout: float) -> HelloResult:
        """Begins the first session.

        Raises:
            Refused: the server does not let one in; the reason is its own.
            Unreachable: there is none within so many seconds.
            Closed: it closed the session with a code that says not to come back.
        """
        if self._task is not None:
            raise RuntimeError("a client is opened once; make another")
        self._task = asyncio.create_task(self._run())
        try:
            async with asyncio.timeout(timeout):
                await self._begun.wait()
        except TimeoutError:
            await self.close()
            why = f": {self._tried}" if self._tried is not None else ""
            raise Unreachable(f"No answer from {self.url} within {timeout:g} s{why}") from self._tried
        except BaseException:
            await self.close()
            raise
        if self.ended is not None:
            raise self.ended
        assert self.hello is not None
        return self.hello

    async def close(self) -> None:
        """Ends it. Whoever waits gets Closed with 1000."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            if not self._task.cancelled():
                self._task.result()  # Raises what the client itself failed of.
        await self._lines.close()
        self._end(Closed(1000))

    @property
    def connected(self) -> bool:
        """Whether there is a session at this moment."""
        return self.machine.open

    # For those who wait

    async def ask(self, do: str, fields: dict[str, Any], *, repeat: bool = True) -> Any:
        """Carries out a command; what is under `ok`.

        Raises:
            Refused, Disconnected, Closed
        """
        self._check_open()
        if self.ended is not None:
            raise self.ended
        number = self.machine.ask(do, fields, repeat=repeat)
        waiting = self._waiting[number] = asyncio.get_running_loop().create_future()
        self.wake()
        try:
            return await waiting
        finally:
            self._waiting.pop(number, None)
            self.machine.forget(number)
            self.wake()  # The next of its room may leave.

    async def ask_once(self, do: str, fields: dict[str, Any]) -> None:
        """A command that is worth nothing later: lost with the connection it is forgotten."""
        try:
            await self.ask(do, fields, repeat=False)
        except Disconnected:
            log.debug("%s was lost with the connection.", do)

    def is_over(self) -> bool:
        """Whether the program itself has closed it. Where the session has ended for another reason, that is raised."""
        if self.ended is None:
            return False
        if isinstance(self.ended, Closed) and self.ended.code == 1000:
            return True
        raise self.ended

    def unfollow(self, room: str) -> None:
        self.machine.unfollow(room)
        if (moved := self._moved.pop(room, None)) is not None:
            moved.set()
        self.wake()

    def wake(self) -> None:
        """The machine has something to send."""
        self._wake.set()

    async def move(self, room: str) -> None:
        """Waits until something is new in a room, or all is over."""
        self._check_open()
        if self.ended is not None:
            return
        moved = self._moved.setdefault(room, asyncio.Event())
        moved.clear()
        await moved.wait()

    def _check_open(self) -> None:
        if self._task is None:
            raise RuntimeError("the client is not open: async with Client(…) as chat: …")

    # Sessions

    async def _run(self) -> None:
        try:
            await self._sessions()
        except Exception as error:
            self._end(ClientError(f"The client itself failed: {error!r}"))  # Nobody waits for ever.
            raise

    async def _sessions(self) -> None:
        failures = 0
        loop = asyncio.get_running_loop()
        while True:
            self._problem, self._began_at = None, loop.time()
            code, reason = await self._session()
            if (final := self._final(code, reason)) is not None:
                self._end(final)
                return
            if self.hello is not None and loop.time() - self._began_at > SETTLED:
                failures = 0
            pause = max(comeback(code, reason, failures, self._chance()) or 0.0, self._asked_to_wait())
            failures += 1
            log.info("The session ended with %s %s; the next begins in %.1f s.", code, reason, pause)
            await asyncio.sleep(pause)

    def _final(self, code: int, reason: str) -> ClientError | None:
        """Why not to come back; None: come back."""
        if self._problem is not None:
            return None if self._problem.retry else self._problem
        if self.hello is None and isinstance(self._tried, InvalidStatus):
            status = self._tried.response.status_code
            if status not in PASSING:
                # Before the first session that is a wrong address; later, a proxy whose server is not there.
                return Unreachable(f"{self.url} answered with HTTP status {status}: there is no chat.")
        if self.hello is None and code == NO_SUCH_ADDRESS:
            return Unreachable(
                f"There is no chat at {self.url}. Give the address of its page, with its prefix if it has one."
            )
        return Closed(code, reason) if is_final(code) else None

    def _asked_to_wait(self) -> float:
        return 0.0 if self._problem is None else self._problem.after or 0.0

    async def _session(self) -> tuple[int, str]:
        """From the opening of a line to its end; code and reason."""
        try:
            line = await self._lines.open()
        except (OSError, WebSocketException) as error:
            self._tried = error
            return LOST, ""
        self.line = line
        try:
            await self._speak(line)
        finally:
            await line.close()
        return line.end

    async def _speak(self, line: Line) -> None:
        """Until the line is lost, or the hello was refused."""
        loop = asyncio.get_running_loop()
        self.machine.opened(loop.time())
        writing = asyncio.create_task(self._write(line))
        # One that ends by itself has given the line up: the reader ends with it.
        writing.add_done_callback(lambda task: None if task.cancelled() else line.abort())
        tasks = [writing]
        if isinstance(line, Replaceable):
            tasks.append(asyncio.create_task(self._replace(line, writing)))
        try:
            async with aclosing(aiter(line)) as texts:
                async for text in texts:
                    self._tell(self.machine.received(text, loop.time()))
                    self.wake()
                    if self._problem is not None:
                        break
        except (ValueError, LookupError, TypeError) as error:
            log.exception("%s said something that is no frame of the protocol.", self.url)
            self._tried = error
        finally:
            if not self.machine.open and self._problem is None and line.end[0] == LOST:
                self._lines.was_mute(line)
            for task in tasks:
                task.cancel()
            self._tell(self.machine.lost(loop.time()))
            self._has_changed()
            await asyncio.wait(tasks)
        for task in tasks:
            if not task.cancelled():
                task.result()

    async def _write(self, line: Line) -> None:
        """Sends what the machine wants to be sent, when it wants it. Ends where the other side is dead."""
        loop = asyncio.get_running_loop()
        while not self.machine.dead(loop.time()):
            self._wake.clear()
            for text in self.machine.leaving(loop.time()):
                await line.send(text)
            try:
                async with asyncio.timeout_at(self.machine.due):
                    await self._wake.wait()
            except TimeoutError:
                pass  # Something is due.

    async def _replace(self, line: Replaceable, writing: asyncio.Task[None]) -> None:
        """Goes on by a socket as soon as there is one. What has left is still answered here."""
        await self._lines.until_better(self._chance)
        writing.cancel()
        await asyncio.wait([writing])
        line.retire()

    # What has happened

    def _tell(self, happenings: list[Happening]) -> None:
        for happening in happenings:
            match happening:
                case Began(hello):
                    self.hello = hello
                    self._began_at = asyncio.get_running_loop().time()
                    self._tried = None
                    assert self.line is not None
                    self._lines.began(self.line)
                    self._begun.set()
                    self._has_changed()
                case NotBegun(error):
                    self._problem = error
                case Answered(number, result):
                    _settle(self._waiting.get(number), result)
                case Failed(number, failure):
                    _settle(self._waiting.get(number), failure)
                case Moved(room):
                    if (moved := self._moved.get(room)) is not None:
                        moved.set()
                case Signalled(frame):
                    self.signals.append(frame)
                    self.heard_signal.set()

    def _end(self, error: ClientError) -> None:
        """Nothing comes any more: whoever waits is told why."""
        if self.ended is not None:
            return
        self.ended = error
        for waiting in self._waiting.values():
            _settle(waiting, error)
        for event in (self._begun, self.heard_signal, *self._moved.values()):
            event.set()
        self._has_changed()

    def _has_changed(self) -> None:
        """Tells whoever wants to know, whose mistakes are none of the session's."""
        try:
            self.changed()
        except Exception:
            log.exception("What was to be told of the session has failed.")


def _settle(waiting: asyncio.Future[Any] | None, outcome: Any) -> None:
    """Who asked may have stopped waiting."""
    if waiting is None or waiting.done():
        return
    if isinstance(outcome, ClientError):
        waiting.set_exception(outcome)
    else:
        waiting.set_result(outcome)
