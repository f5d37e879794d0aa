"""Every frame that a test sees fits the published schema, or the test fails: whatever client it has.

`watch()` looks at each text that comes and goes through the `websockets` library in this process: the clients of the
tests and the Python client that is shipped. `watch_browser` does so for pages, `Posting` for frames over HTTP,
`watched.py` and tests/js/seen.mjs for programs of Python and Node, which leave what they saw in a file. What does not
fit is kept until `taken`, since a frame comes on a thread or in a callback, where nobody would hear of an error. The
program knows nothing of it.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkstemp
from typing import Any, Final
from weakref import WeakKeyDictionary

from playwright.async_api import Browser, BrowserContext, Error, Page, Request, WebSocket
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode

from tests.published import misfit_of

ENDPOINT: Final = "/ws/"
OVER_HTTP: Final = "/frames/"
NODE: Final = Path(__file__).parent / "js" / "seen.mjs"
PYTHON: Final = Path(__file__).parent / "watched.py"
SHOWN: Final = 2_000
"""Characters of a frame that is shown."""

_misfits: list[str] = []


class Line:
    """One connection, or one request: what was asked on it, and what came."""

    def __init__(self, where: str) -> None:
        self.where = where
        self._asked: dict[Any, dict[str, Any]] = {}

    def sent(self, text: str | bytes) -> None:
        """Tests say what is no frame, too: that the server refuses it is theirs to look at."""
        try:
            command = json.loads(text)
        except (ValueError, RecursionError):
            return
        if isinstance(command, dict) and isinstance(command.get("do"), str):
            number = command.get("id")
            if isinstance(number, int | str):
                self._asked[number] = command

    def came(self, text: str | bytes) -> None:
        try:
            frame = json.loads(text)
        except ValueError:
            wrong: str | None = "it is no JSON"
        else:
            command = self._asked.get(frame.get("re")) if isinstance(frame, dict) else None
            wrong = misfit_of(frame, command)
        if wrong is not None:
            shown = text if isinstance(text, str) else text.decode(errors="replace")
            _misfits.append(f"{self.where} said what does not fit: {wrong}\n{shown[:SHOWN]}")


def taken() -> list[str]:
    """What did not fit since the last time."""
    _read_what_programs_saw()
    found = _misfits[:]
    _misfits.clear()
    return found


@contextmanager
def expected() -> Iterator[list[str]]:
    """For a server that says something else on purpose: what did not fit is in the list at the end."""
    found: list[str] = []
    before = taken()
    try:
        yield found
    finally:
        found += taken()
        _misfits.extend(before)


# The library


_lines: WeakKeyDictionary[ClientProtocol, Line | None] = WeakKeyDictionary()
_partial: WeakKeyDictionary[ClientProtocol, bytes] = WeakKeyDictionary()
_unsent: WeakKeyDictionary[ClientProtocol, bytes] = WeakKeyDictionary()
_send_text, _send_continuation = ClientProtocol.send_text, ClientProtocol.send_continuation
_recv_frame = ClientProtocol.recv_frame


def watch() -> None:
    ClientProtocol.send_text = _sending  # type: ignore[method-assign, assignment]
    ClientProtocol.send_continuation = _sending_on  # type: ignore[method-assign, assignment]
    ClientProtocol.recv_frame = _receiving  # type: ignore[method-assign, assignment]


def _line(protocol: ClientProtocol) -> Line | None:
    if protocol not in _lines:
        path = protocol.uri.path
        _lines[protocol] = (
            Line(f"{protocol.uri.host}:{protocol.uri.port}{path}") if path.endswith(ENDPOINT) else None
        )
    return _lines[protocol]


def _sending(self: ClientProtocol, data: Any, fin: bool = True) -> None:
    _note_sent(self, data, fin)
    _send_text(self, data, fin)


def _sending_on(self: ClientProtocol, data: Any, fin: bool) -> None:
    _note_sent(self, data, fin)
    _send_continuation(self, data, fin)


def _note_sent(protocol: ClientProtocol, data: Any, fin: bool) -> None:
    if (line := _line(protocol)) is None:
        return
    text = _unsent.pop(protocol, b"") + bytes(data)
    if fin:
        line.sent(text)
    else:
        _unsent[protocol] = text


def _receiving(self: ClientProtocol, frame: Frame) -> None:
    line = _line(self) if frame.opcode in (Opcode.TEXT, Opcode.CONT) else None
    if line is not None:
        text = _partial.pop(self, b"") + bytes(frame.data)
        if frame.fin:
            line.came(text)
        else:
            _partial[self] = text
    _recv_frame(self, frame)


# Pages


def watch_browser(browser: Browser) -> None:
    """All pages of all contexts that are made from now on."""
    made = browser.new_context

    async def new_context(**options: Any) -> BrowserContext:
        context = await made(**options)
        context.on("page", _watch_page)
        close = context.close

        async def looked_at_and_closed(**how: Any) -> None:
            await asyncio.gather(*_looking)
            await close(**how)

        context.close = looked_at_and_closed  # type: ignore[method-assign]
        return context

    browser.new_context = new_context  # type: ignore[method-assign]


def _watch_page(page: Page) -> None:
    page.on("websocket", _watch_socket)
    page.on("requestfinished", _finished)


def _watch_socket(socket: WebSocket) -> None:
    if not socket.url.partition("?")[0].endswith(ENDPOINT):
        return
    line = Line(f"{socket.url} in a browser")
    socket.on("framesent", line.sent)
    socket.on("framereceived", line.came)


_looking: set[asyncio.Task[None]] = set()
"""Those whose answers are still being fetched from the browser."""


def _finished(request: Request) -> None:
    if request.method == "POST" and request.url.partition("?")[0].endswith(OVER_HTTP):
        task = asyncio.ensure_future(_look_at_request(request))
        _looking.add(task)
        task.add_done_callback(_looking.discard)


async def _look_at_request(request: Request) -> None:
    try:
        response = await request.response()
        body = await response.text() if response is not None else ""
    except Error:
        return  # The page is gone, and its answers with it.
    if response is not None and "ndjson" in response.headers.get("content-type", ""):
        look_at(request.url, (request.post_data or "").split("\n"), body)


def look_at(where: str, sent: Sequence[str | bytes], body: str) -> None:
    """The frames of one request over HTTP, and those of its answer, whose last line says how it goes on."""
    line = Line(where)
    for text in sent:
        line.sent(text)
    for text in [line for line in body.split("\n") if line][:-1]:
        line.came(text)


# Programs


_file: Path | None = None
_read_up_to = 0


def _told() -> Path:
    """The file in which programs leave what they saw."""
    global _file
    if _file is None:
        handle, name = mkstemp(prefix="teahouse-seen-")
        os.close(handle)
        _file = Path(name)
    return _file


def in_node() -> list[str]:
    """Options of Node for a script whose frames are looked at."""
    os.environ["FRAMES_SEEN_BY_TESTS"] = str(_told())
    return ["--import", NODE.as_uri()]


def in_python() -> list[str]:
    """What stands between `python` and its own arguments, for a program whose frames are looked at."""
    return [str(PYTHON), str(_told())]


def forget_programs() -> None:
    if _file is not None:
        _file.unlink(missing_ok=True)


_of_programs: dict[str, Line] = {}


def _read_what_programs_saw() -> None:
    global _read_up_to
    if _file is None or _file.stat().st_size == _read_up_to:
        return
    with _file.open("rb") as file:
        file.seek(_read_up_to)
        for told in file:
            if not told.endswith(b"\n"):
                break  # Half of it is written.
            _read_up_to += len(told)
            socket, way, text = json.loads(told)
            line = _of_programs.setdefault(socket, Line(f"{socket} in a program"))
            (line.sent if way == "sent" else line.came)(text)
