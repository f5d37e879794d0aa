"""What a session without a socket writes to. In: blocks of frames. Out: their texts, for the answer to a request, and
when there is something that is worth one. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from teahouse.live.outlet import TOO_SLOW
from teahouse.live.sendqueue import Block

SHOWN_AND_FORGOTTEN: Final = ('{"signal":"typing"', '{"signal":"presence"', '{"signal":"here"')
"""What would come too late to be shown. Who is in a room comes with each subscription, who is here at all with each
hello."""
REPLY: Final = '{"re":'


class Collected:
    """An outlet whose frames are kept until they are asked for.

    Attributes:
        texts: the frames, in their order.
        news: whether one of them is no reply.
        end: code and reason with which the session was closed.
        known: what the session says of its own rooms, in short; for the next one to compare.
    """

    __slots__ = ("_limit", "_on_full", "_stirred", "closed", "end", "known", "news", "texts", "waiting")

    heard = float("inf")

    def __init__(self, limit: int, stirred: Callable[[], None], on_full: Callable[[], None]) -> None:
        """`stirred` is called after each change. Over `limit` bytes the session is closed with 4101, and `on_full`
        called: who asked goes on from the last that came. A single block may be bigger."""
        self._limit = limit
        self._on_full = on_full
        self._stirred = stirred
        self.texts: list[str] = []
        self.waiting = 0
        self.news = False
        self.closed = False
        self.end: tuple[int, str] | None = None
        self.known = ""

    def put(self, block: Block) -> None:
        if self.closed:
            return
        if self.texts and self.waiting + block.size > self._limit:
            self.close(TOO_SLOW, "too much for one answer")
            self._on_full()
            return
        self.waiting += block.size
        told = [text for text in block.texts if not text.startswith(SHOWN_AND_FORGOTTEN)]
        self.news = self.news or any(not text.startswith(REPLY) for text in told)
        self.texts += told
        self._stirred()

    def close(self, code: int, reason: str = "") -> None:
        if not self.closed:
            self.closed = True
            self.end = code, reason
            self._stirred()

    def abort(self) -> None:
        self.closed = True
        self._stirred()

    def ping(self) -> None:
        """Who asked says by leaving that it is gone."""
