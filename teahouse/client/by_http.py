"""A line to the server without a WebSocket: the same frames in requests and answers (docs/protocol.md, "Over HTTP")."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
from collections import deque
from collections.abc import AsyncGenerator
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import httpx

from teahouse.client.backoff import LOST
from teahouse.client.errors import NoAnswer
from teahouse.client.polled import Polled, Question

log = logging.getLogger("teahouse.client")

WAIT: Final = 20
"""Seconds that the server may keep a question."""
WAIT_OF_MANY: Final = 1
"""The same where several questions are needed for all rooms."""
SLACK: Final = 15.0
"""An answer that takes longer than it may, by so many seconds, does not come."""
PAUSE: Final = 0.3
"""Seconds between two questions, at least."""
MOST_BYTES: Final = 131_072
MOST_FRAMES: Final = 200
"""Of one request: what a server takes by default, where frames go in pairs too."""
CHANGES_NOTHING: Final = frozenset({"history", "edits", "rooms", "members", "people", "activity"})
"""After all others something else may be told: who has read in a room is told from then on what is unread there."""
MEDIA: Final = "application/x-ndjson"
AT_ONCE: Final = (4200, "0")
"""As the server says it: subscribe again, now."""


class Answer(NamedTuple):
    """Its frames, and how it goes on."""

    frames: list[dict[str, Any]]
    end: dict[str, Any]


class ByHttp:
    """One session: `async for` gives what a socket would bring."""

    by_http = True

    def __init__(self, url: str) -> None:
        """`url`: of the WebSocket in whose place it is."""
        where = urlsplit(url)
        scheme = where.scheme.replace("ws", "http")
        self.url = f"{scheme}://{where.netloc}{where.path.removesuffix('ws/')}frames/"
        self.end = (LOST, "")
        self._http = httpx.AsyncClient(verify=ssl.create_default_context())
        self._polled = Polled()
        self._queue: deque[dict[str, Any]] = deque()
        self._told: asyncio.Queue[str | None] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._sending: asyncio.Task[None] | None = None
        self._question: asyncio.Task[Answer] | None = None
        self._changed = asyncio.Event()  # Something else is to be asked than what is being asked now.
        self._retired = self._over = False
        self._person = 0
        self._token = ""
        self._known = ""

    async def open(self) -> None:
        """Sees whether there is a chat.

        Raises:
            NoAnswer
        """
        try:
            # Without a hello nobody is made a guest: this changes nothing, and is refused.
            await self._request([{"id": 0, "do": "ping"}])
        except BaseException:
            await self.close()
            raise

    async def __aiter__(self) -> AsyncGenerator[str, None]:
        while (text := await self._told.get()) is not None:
            yield text

    async def send(self, text: str) -> None:
        """A command. Never waits."""
        command = json.loads(text)
        match command["do"]:
            case "unsubscribe":
                self._polled.leave(command["room"])
                self._tell({"re": command["id"], "ok": {}})
                return
            case "ping":
                # Whether the line holds is not to be answered behind what is slow to be stored.
                self._start(self._ping(command))
                return
            case "subscribe":
                # From here on events of the room are those behind the answer.
                self._polled.leave(command["room"])
            case "typing":
                # Nothing is remembered from one request to the next: who types says again where they are.
                self._queue.append({"id": f"{command['id']}", "do": "subscribe", "room": command["room"]})
        self._queue.append(command)
        if self._sending is None:
            self._sending = self._start(self._send())

    def retire(self) -> None:
        """Nothing more is asked for; what was asked is still answered, then it ends."""
        self._retired = True
        self._ask()
        if self._sending is None:
            self._lose(*AT_ONCE)

    def abort(self) -> None:
        self._lose(LOST, "")

    async def close(self) -> None:
        self._lose(1000, "")
        tasks = [task for task in (*self._tasks, self._question) if task is not None and not task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._http.aclose()

    # Commands

    async def _send(self) -> None:
        """Commands go out in their order: one request after the other, each with all that has been said meanwhile."""
        while self._queue and not self._over:
            commands = self._next()
            answer = await self._request(commands)
            for frame in answer.frames:
                self._answered(frame, commands)
            if "code" in answer.end:
                self._lose(answer.end["code"], answer.end["reason"])
            elif any(command["do"] not in CHANGES_NOTHING for command in commands):
                self._ask()
        self._sending = None
        if self._retired:
            self._lose(*AT_ONCE)

    def _next(self) -> list[dict[str, Any]]:
        """As many as go into one request."""
        commands, size = [self._queue.popleft()], 0
        size = len(_line(commands[0]))
        while self._queue and len(commands) < MOST_FRAMES:
            size += len(_line(self._queue[0])) + 1
            if size > MOST_BYTES:
                break
            commands.append(self._queue.popleft())
        return commands

    def _answered(self, frame: dict[str, Any], commands: list[dict[str, Any]]) -> None:
        command = next((one for one in commands if one["id"] == frame.get("re")), None)
        if command is not None and "ok" in frame:
            if command["do"] == "hello":
                self._greeted(command, frame["ok"])
            elif command["do"] == "subscribe" and isinstance(command["id"], int):
                self._polled.follow(command["room"], frame["ok"])
        self._tell(frame)

    def _greeted(self, command: dict[str, Any], hello: dict[str, Any]) -> None:
        self._person = hello["you"]["id"]
        self._token = hello.get("ticket") or command.get("token", "")
        self._polled.begin(hello)
        self._start(self._poll())

    async def _ping(self, command: dict[str, Any]) -> None:
        for frame in (await self._request([command])).frames:
            self._tell(frame)

    # What is new

    async def _poll(self) -> None:
        """Asks for what is new, again and again."""
        while not (self._over or self._retired):
            self._changed.clear()
            question = self._polled.ask()
            wait = WAIT if question.whole else WAIT_OF_MANY
            self._question = asyncio.ensure_future(self._request(question.commands, wait))
            changed = asyncio.ensure_future(self._changed.wait())
            try:
                await asyncio.wait([self._question, changed], return_when=asyncio.FIRST_COMPLETED)
            finally:
                changed.cancel()
            if self._question.done():
                await self._take(self._question.result(), question)
            else:
                self._question.cancel()  # What it would have brought is behind positions that are told again.

    async def _take(self, answer: Answer, question: Question) -> None:
        news = self._polled.take(answer.frames, question.asked)
        for frame in news.told:
            self._tell(frame)
        if "code" in answer.end:
            self._lose(answer.end["code"], answer.end["reason"])
            return
        self._known = answer.end.get("known", "")
        if news.reset:
            # As the server closes a socket whose room has another history: all of it is begun anew.
            self._lose(*AT_ONCE)
        elif not news.more:
            try:
                async with asyncio.timeout(max(answer.end["pause"], PAUSE)):
                    await self._changed.wait()
            except TimeoutError:
                pass  # Time to ask again.

    def _ask(self) -> None:
        self._changed.set()

    # Requests

    async def _request(self, commands: list[dict[str, Any]], wait: int = 0) -> Answer:
        query: dict[str, Any] = {"wait": wait, "known": self._known} if wait else {}
        if self._person:
            query["as"] = self._person
        headers = {"Content-Type": MEDIA} | (
            {"Authorization": f"Bearer {self._token}"} if self._token else {}
        )
        body = b"\n".join(_line(command) for command in commands)
        try:
            response = await self._http.post(
                self.url, params=query, content=body, headers=headers, timeout=wait + SLACK
            )
            return _answer(response)
        except httpx.HTTPError as error:
            raise NoAnswer(f"{self.url}: {error or type(error).__name__}") from error

    def _start(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        self._lose(LOST, "")
        if isinstance(error, NoAnswer):
            log.debug("%s", error)
        else:
            log.error("%s said something that is no frame of the protocol.", self.url, exc_info=error)

    def _tell(self, frame: dict[str, Any]) -> None:
        if not self._over:
            self._told.put_nowait(json.dumps(frame, ensure_ascii=False))

    def _lose(self, code: int, reason: str) -> None:
        if self._over:
            return
        self._over, self.end = True, (code, reason)
        self._told.put_nowait(None)
        self._ask()


def _line(command: dict[str, Any]) -> bytes:
    try:
        return json.dumps(command, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(command).encode()  # Half a character: the server says what is wrong with it.


def _answer(response: httpx.Response) -> Answer:
    """Raises: NoAnswer, where it was cut off, or is none of ours."""
    status = f"{response.url} answered with HTTP status {response.status_code}"
    if not response.headers.get("Content-Type", "").startswith(MEDIA):
        raise NoAnswer(status)
    try:
        frames = [json.loads(line) for line in response.content.decode().split("\n") if line]
        end = frames.pop()["end"]
    except (ValueError, LookupError, TypeError):
        raise NoAnswer(f"{status}, and no whole answer") from None
    return Answer(frames, end)
