"""Tickets of guests, so that one is the same guest the next time: a file that only its owner can read."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any, NamedTuple


class Known(NamedTuple):
    """Who one was at an address."""

    name: str
    ticket: str


def default_path() -> Path:
    """As the XDG base directories say: state that is no setting and can be lost."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state, "teahouse", "tickets.json")


class Tickets:
    """The file: addresses of chats, each with a name and a ticket."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_path()

    def get(self, address: str) -> Known | None:
        found: Any = self._read().get(address)
        try:
            return Known(str(found["name"]), str(found["ticket"]))
        except (TypeError, KeyError):
            return None

    def keep(self, address: str, name: str, ticket: str) -> None:
        self._write({**self._read(), address: {"name": name, "ticket": ticket}})

    def forget(self, address: str) -> None:
        known = self._read()
        if known.pop(address, None) is not None:
            self._write(known)

    def _read(self) -> dict[str, Any]:
        try:
            read = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}  # None yet, or not ours any more: then one is a new guest.
        return read if isinstance(read, dict) else {}

    def _write(self, known: dict[str, Any]) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # mkstemp makes it 0600 from the first byte on, and the rename leaves no half of a file.
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix="tickets-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(known, file, ensure_ascii=False, indent=1)
        Path(name).replace(self.path)
