"""What can go wrong for a client, each by what happened. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ClientError(Exception):
    """The base of all."""


class Refused(ClientError):
    """The server did not carry a command out.

    Attributes:
        code: a name of the protocol's table "Errors", such as `not_found`.
        message: what was wrong and what is right.
        retry: whether the same may succeed later. The client repeats such commands by itself, so that what reaches
            a caller is final; only the first hello can fail with one.
        after: seconds to wait before that, or None.
    """

    def __init__(self, problem: Mapping[str, Any]) -> None:
        self.code = str(problem.get("code", "invalid"))
        self.message = str(problem.get("message", ""))
        self.retry = bool(problem.get("retry", False))
        self.after: float | None = problem.get("after")
        super().__init__(f"{self.message} ({self.code})")


class RoomLost(Refused):
    """A room that was followed can be read no more: removed from it, or it became private. `room` is its name."""

    def __init__(self, room: str, problem: Mapping[str, Any]) -> None:
        super().__init__(problem)
        self.room = room


class Closed(ClientError):
    """The session has ended for good.

    Attributes:
        code: the close code; 1000 where the program itself closed the client, 4001 where the credential does not hold.
        reason: what the server said with it.
    """

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"The session was closed with {code}{f' ({reason})' if reason else ''}.")
        self.code = code
        self.reason = reason


class Disconnected(ClientError):
    """The connection was lost before the answer came, and the command is none that may be repeated. Perhaps it was
    carried out, perhaps not."""


class Unreachable(ClientError):
    """No session could be begun at that address."""


class NoAnswer(ClientError):
    """Over HTTP nobody has answered, or somebody else on the way has. The client comes back; no caller sees it."""
