"""From a request to an answer. In: commands, and who asks. Out: their results, by way of a session on the loop that the
sockets of this process live on. Next: `live/brief.py`.

Where the process has no such loop, as under WSGI, it gets one here, on a thread of its own: `home.py`.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from typing import Any, Final

from django.http import HttpRequest

from teahouse.api import home, own, own_hooks
from teahouse.api.problems import LATER, ended
from teahouse.api.rates import Rates, left
from teahouse.live import protocol
from teahouse.live.brief import ANSWER_SECONDS, Asked, BriefSession, accepted
from teahouse.live.fields import BaseCommand
from teahouse.live.handshake import Handshake
from teahouse.live.identify import Identity
from teahouse.live.protocol import Problem

COMMANDS: Final = {**own.COMMANDS, **own_hooks.COMMANDS}
"""What no command of the protocol says."""


@dataclass(slots=True)
class Told:
    """What became of a request.

    Attributes:
        results: of the commands, in their order, up to the first that was refused.
        rates: what is left of those of who asked.
        scopes: of the token; None where there is none.
    """

    results: list[dict[str, Any]] = field(default_factory=list)
    problem: Problem | None = None
    rates: Rates = field(default_factory=dict)
    scopes: frozenset[str] | None = None


class ApiSession(BriefSession):
    """Carries out commands one after another, until one is refused. Writes nothing: results are kept as they are."""

    speaks = "api"

    def __init__(self, door: Handshake, commands: Sequence[BaseCommand]) -> None:
        super().__init__(Asked([""] * len(commands), door=door))
        self._commands = deque(commands)
        self.told = Told()

    async def received(self, text: str | None, data: bytes | None) -> None:
        command: Any = self._commands.popleft()
        if self.told.problem is not None:
            return
        try:
            self._take_id(command.id)
            await self._carry_out(command)
        except Problem as problem:
            self._answer_refused(command.id, problem)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                while command.id in self._unanswered and not self.outlet.closed:
                    self._answered.clear()
                    await self._answered.wait()
        except TimeoutError:
            self._answer_refused(command.id, Problem("unavailable", LATER, retry=True, after=1.0))

    async def _carry_out(self, command: Any) -> None:
        carry_out = COMMANDS.get(type(command))
        if carry_out is None:
            await super()._carry_out(command)
            return
        await self.be_known()
        assert self.speaker is not None
        self.check_scope(command.do)
        await carry_out(self, self.speaker, command)

    async def introduce(self, token: str | None, name: str | None, *, known: bool = False) -> Identity:
        # A request makes nobody a guest.
        return await super().introduce(token, name, known=True)

    def answer(self, id: int | str, result: Any) -> None:
        self.told.results.append(result)
        self._done_with(id)
        self._stirred.set()

    def _refuse(self, id: int | str | None, problem: Problem) -> None:
        self.runtime.counts.errors[problem.code] += 1
        self.told.problem = self.told.problem or problem
        self._stirred.set()

    def close(self, code: int, reason: str = "") -> None:
        super().close(code, reason)
        self._answered.set()

    def left(self) -> None:
        super().left()
        self.told.scopes = self.scopes
        if self.speaker is not None:
            self.told.rates = left(self.runtime, self.speaker.id)


async def _carried_out(door: Handshake, commands: Sequence[BaseCommand]) -> Told:
    session = ApiSession(door, commands)
    await session({}, session.next_message, accepted)
    told = session.told
    if told.problem is None and len(told.results) < len(commands):
        told.problem = ended((session.outlet.end or (4100, ""))[0])
    return told


def command(do: str, fields: dict[str, Any], number: int = 1) -> BaseCommand:
    """A command as a socket would bring it.

    Raises:
        Problem: `invalid`, `bad_json`.
    """
    return protocol.parse(json.dumps({"id": number, "do": do, **fields}))


def ask(request: HttpRequest, *commands: BaseCommand) -> list[dict[str, Any]]:
    """Carries out commands for who sent the request, and gives their results.

    Raises:
        Problem: as the first was refused.
    """
    running = home.running(request)
    door = request.teahouse_door  # type: ignore[attr-defined]  # Of guard.py.
    try:
        told = asyncio.run_coroutine_threadsafe(_carried_out(door, commands), running.loop).result()
    except (RuntimeError, CancelledError):
        raise Problem("unavailable", LATER, retry=True, after=1.0) from None  # The process is about to end.
    request.teahouse_told = told  # type: ignore[attr-defined]  # For the headers about rates.
    if told.problem is not None:
        raise told.problem
    return told.results


def ask_one(request: HttpRequest, do: str, **fields: Any) -> dict[str, Any]:
    """The same for one command of the protocol."""
    return ask(request, command(do, fields))[0]
