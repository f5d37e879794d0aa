"""The process that renders what could take long: texts come in on the socket that is its standard input, one
after another, and answers go out. `renderer.py` starts it and ends it.

It knows neither Django nor the chat. It ends itself when the other end is gone (also by kill -9), when nobody has
asked for a while, and when a text holds it beyond the time limit in C code, where no exception can reach.
"""

import signal
import socket
import struct
import traceback
from enum import IntEnum
from types import FrameType
from typing import BinaryIO

from teahouse.render.markup import render

# Who asks again after ten quiet minutes waits a quarter of a second for a new one.
IDLE_SECONDS = 600.0
# A text may take this many times its limit by the clock on the wall, for the processor has others to serve.
WALL = 8

_HEADER = struct.Struct("!BI")


class Answer(IntEnum):
    HTML = 0
    PLAIN = 1
    TIME_IS_UP = 2
    FAILED = 3  # with the traceback
    READY = 4


class TimeIsUp(BaseException):
    """No Exception: what the parser catches on its way must not catch this."""


def main(limit: float) -> None:
    """Serve until there is nobody to serve. `limit` is in seconds of processor time for each text."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPROF, _time_is_up)
    with socket.socket(fileno=0) as peer, peer.makefile("rb") as incoming:
        peer.settimeout(IDLE_SECONDS)
        try:
            # Once before the first text, so that no text's time goes into imports.
            _answer("```python\nwarm = 1\n```", 60.0)
            send(peer, Answer.READY)
            while (frame := receive(incoming)) is not None:
                send(peer, *_answer(frame[1], limit))
        except (TimeoutError, ConnectionError):
            return


def send(peer: socket.socket, kind: int, text: str = "") -> None:
    """One frame: kind (8 bits), length (32 bits), UTF-8."""
    data = text.encode(errors="replace")
    peer.sendall(_HEADER.pack(kind, len(data)) + data)


def receive(incoming: BinaryIO) -> tuple[int, str] | None:
    """The next frame; None where the other end is gone."""
    header = incoming.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return None
    kind, length = _HEADER.unpack(header)
    data = incoming.read(length)
    return (kind, data.decode()) if len(data) == length else None


def _answer(text: str, limit: float) -> tuple[Answer, str]:
    # The alarm has no handler: it ends the process where the exception cannot.
    signal.setitimer(signal.ITIMER_REAL, limit * WALL)
    try:
        try:
            signal.setitimer(signal.ITIMER_PROF, limit)
            html = render(text)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
    except TimeIsUp:
        return Answer.TIME_IS_UP, ""
    except Exception:  # noqa: BLE001  # whatever a lexer raises: this text stays plain, the next one is served
        return Answer.FAILED, traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return (Answer.PLAIN, "") if html is None else (Answer.HTML, html)


def _time_is_up(signum: int, frame: FrameType | None) -> None:
    raise TimeIsUp
