"""What a client that has no socket asks for again and again, and what the answers mean: the frames that a socket would
have brought. Pure: `by_http.py` asks. The pages' `polled.js` is its twin.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, NamedTuple

MOST_ROOMS: Final = 200
"""Of which one question asks. A request holds at most `limits.unanswered` frames, 256 by default."""
QUESTION: Final = 0
"""The id of a question's hello; those of its subscriptions are the rooms' names."""


@dataclass(slots=True, eq=False)
class Followed:
    """A room from one answer to the next. Whoever subscribes anew gets a new one, and what is still on its way for the
    old one counts no more."""

    position: dict[str, Any]
    here: Any
    rights: tuple[Any, ...]


class Question(NamedTuple):
    """Commands to ask with, the rooms they ask of, and whether they are all that are followed."""

    commands: list[dict[str, Any]]
    asked: dict[str, Followed]
    whole: bool


@dataclass(slots=True)
class News:
    """What an answer brought: frames as a socket would have told them; whether there is more at once; whether a
    position is of another history, so that everything has to be begun anew."""

    told: list[dict[str, Any]] = field(default_factory=list)
    more: bool = False
    reset: bool = False


class Polled:
    """The rooms that are followed, and what was last told of the others."""

    def __init__(self) -> None:
        self._rooms: dict[str, Followed] = {}
        self._heads: dict[str, tuple[int, ...]] = {}
        self._service = "ok"

    def begin(self, hello: dict[str, Any]) -> None:
        """A session began: what its hello tells is known."""
        self._service = hello["state"]
        for room in hello["rooms"]:
            self._heads[room["room"]] = _head(room["position"]["seq"], room)

    def follow(self, room: str, answer: dict[str, Any]) -> None:
        """The client has subscribed, and was told this."""
        self.leave(room)
        if not answer["more"]:
            self._rooms[room] = Followed(dict(answer["position"]), answer.get("here"), _rights(answer))

    def leave(self, room: str) -> None:
        self._rooms.pop(room, None)

    def ask(self) -> Question:
        """Of more rooms than go into one question each asks of the next ones."""
        asked = dict(islice(self._rooms.items(), MOST_ROOMS))
        whole = len(asked) == len(self._rooms)
        if not whole:
            for room in asked:
                self._rooms[room] = self._rooms.pop(room)
        subscriptions = [
            {"id": room, "do": "subscribe", "room": room, "since": followed.position}
            for room, followed in asked.items()
        ]
        return Question([{"id": QUESTION, "do": "hello", "v": 1}, *subscriptions], asked, whole)

    def take(self, frames: list[dict[str, Any]], asked: dict[str, Followed]) -> News:
        """What the answer to a question of these rooms brings."""
        news = News()
        for frame in frames:
            if "re" not in frame:
                if self._counts(frame, asked):
                    news.told.append(frame)
            elif frame["re"] == QUESTION:
                if "ok" in frame:
                    news.told += self._greeted(frame["ok"])
            else:
                self._subscribed(frame, asked, news)
        return news

    def _subscribed(self, frame: dict[str, Any], asked: dict[str, Followed], news: News) -> None:
        room = frame["re"]
        followed = self._rooms.get(room)
        if followed is None or asked.get(room) is not followed:
            return
        if "ok" in frame:
            news.told += _resumed(room, followed, frame["ok"])
            news.more = news.more or frame["ok"]["more"]
            news.reset = news.reset or "reset" in frame["ok"]
        elif not frame["error"].get("retry"):
            self.leave(room)
            news.told.append({"signal": "rights", "room": room, "role": None, "may": []})

    def _counts(self, frame: dict[str, Any], asked: dict[str, Followed]) -> bool:
        """Whether something that the server says of itself is still wanted."""
        signal = frame.get("signal")
        if signal == "head":
            self._heads[frame["room"]] = _head(frame["seq"], frame)
        elif signal == "service":
            self._service = frame["state"]
        if "event" not in frame and signal != "rights":
            return True
        followed = self._rooms.get(frame["room"])
        if followed is None or asked.get(frame["room"]) is not followed:
            return False
        if signal == "rights":
            followed.rights = _rights(frame)
        else:
            followed.position["seq"] = max(followed.position["seq"], frame["seq"])
        return True

    def _greeted(self, hello: dict[str, Any]) -> list[dict[str, Any]]:
        """What is otherwise than the last hello said."""
        told: list[dict[str, Any]] = []
        if hello["state"] != self._service:
            told.append({"signal": "service", "state": hello["state"]})
        for room in hello["rooms"]:
            name, seq = room["room"], room["position"]["seq"]
            if name in self._rooms or self._heads.get(name) == _head(seq, room):
                continue
            counts = {"unread": room["unread"], "mentions": room["mentions"]}
            told.append({"signal": "head", "room": name, "seq": seq, **counts})
        self.begin(hello)
        return told


def _resumed(room: str, followed: Followed, answer: dict[str, Any]) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = list(answer["events"])
    followed.position = dict(answer["position"])
    here = answer.get("here")
    if here is not None and here != followed.here:
        followed.here = here
        # Too many to be listed: the number alone, as the signal has it.
        people = (
            {"came": here["people"], "went": [], "whole": True}
            if "people" in here
            else {"came": [], "went": []}
        )
        told.append({"signal": "presence", "room": room, "count": here["count"], **people})
    if (rights := _rights(answer)) != followed.rights:
        followed.rights = rights
        told.append({"signal": "rights", "room": room, "role": answer["role"], "may": answer["may"]})
    return told


def _rights(told: dict[str, Any]) -> tuple[Any, ...]:
    return (told["role"], *told["may"])


def _head(seq: int, told: dict[str, Any]) -> tuple[int, ...]:
    return seq, told["unread"], told["mentions"]
