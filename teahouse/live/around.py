"""Who of the people one talks with is here at all, in whatever room. In: sessions with their conversations, and what
`presence.py` tells of the place as a whole. Out: the signal `here`, to those alone who have a conversation with who
came or went. Nobody subscribes to anything for it, and the crowd of a big room costs nothing: guests have no
conversations.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from teahouse.events import encode
from teahouse.live.presence import EVERYWHERE, Change
from teahouse.live.sendqueue import Block

if TYPE_CHECKING:
    from teahouse.live.runtime import Runtime

MOST: Final = 500
"""So many people a session is told of; of more, those of the conversations that were begun last."""


class Around:
    """The people with an account who have a session somewhere, for the sessions of one runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self._people: dict[Any, set[int]] = {}  # Session → of whom it is told.
        self._sessions: dict[int, set[Any]] = {}  # The other way round.

    def came(self, session: Any, rooms: Iterable[tuple[int, dict[str, Any]]]) -> list[int]:
        """A session has said hello, with these own rooms. Answers who of its conversations is here."""
        if session.speaker.is_guest:
            return []
        self.runtime.presence.enter(EVERYWHERE, session.speaker.id, session, self.runtime.loop.time())
        direct = sorted(
            ((room, told) for room, told in rooms if told["kind"] == "direct"), reverse=True, key=_begun
        )
        return self._look_out(session, [who["id"] for _, told in direct for who in told.get("people", ())])

    def gained(self, session: Any, people: Iterable[int]) -> None:
        """A session's person has a conversation with these people from now on."""
        if session.speaker.is_guest:
            return
        if here := self._look_out(session, people):
            session.deliver(_signal(tuple(here), ()))

    def left(self, session: Any) -> None:
        """The session is gone; the person stays for the grace."""
        if session.speaker is None or session.speaker.is_guest:
            return
        self.runtime.presence.leave(EVERYWHERE, session.speaker.id, session, self.runtime.loop.time())
        for person in self._people.pop(session, ()):
            sessions = self._sessions[person]
            sessions.discard(session)
            if not sessions:
                del self._sessions[person]

    def tell(self, change: Change) -> None:
        """Somebody came or went: each session hears of those it talks with, once for all of them."""
        news: dict[Any, tuple[list[int], list[int]]] = {}
        for index, people in enumerate((change.came, change.went)):
            for person in people:
                for session in self._sessions.get(person, ()):
                    news.setdefault(session, ([], []))[index].append(person)
        blocks: dict[tuple[tuple[int, ...], tuple[int, ...]], Block] = {}
        for session, (came, went) in news.items():
            told = tuple(came), tuple(went)
            if told not in blocks:
                blocks[told] = _signal(*told)
            session.deliver(blocks[told])

    def _look_out(self, session: Any, people: Iterable[int]) -> list[int]:
        """From now on the session is told of these people. Answers who of those that are new to it is here."""
        known = self._people.setdefault(session, set())
        told = self.runtime.presence.told(EVERYWHERE)
        here = []
        for person in people:
            if person == session.speaker.id or person in known or len(known) >= MOST:
                continue
            known.add(person)
            self._sessions.setdefault(person, set()).add(session)
            if person in told:
                here.append(person)
        return sorted(here)


def _begun(room: tuple[int, dict[str, Any]]) -> int:
    return room[0]


def _signal(came: tuple[int, ...], went: tuple[int, ...]) -> Block:
    return Block([encode({"signal": "here", "came": came, "went": went})])
