"""A client that notes which kinds of frames it saw. Whether they fit is looked at of all clients (`tests/seen.py`)."""

from __future__ import annotations

from typing import Any

from tests.clients import Client


class Checked(Client):
    """`seen`: the names of the schemas of what it heard, and the names of events."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        self.seen: set[str] = set()
        self.asked: dict[Any, str] = {}
        super().__init__(*arguments, **more)

    def put(self, **command: Any) -> Any:
        number = super().put(**command)
        self.asked[number] = command["do"]
        return number

    def receive(self) -> dict[str, Any]:
        frame = super().receive()
        match frame:
            case {"ok": _}:
                self.seen.add(f"result-{self.asked[frame['re']]}")
            case {"error": _}:
                self.seen.add("error")
            case {"signal": name}:
                self.seen.add(f"signal-{name}")
            case _:
                self.seen.add(f"event {frame['event']}")
        return frame
