"""A newer version of the program, as the one of today meets it in a rolling restart: `serve` run by this module.

It says more than the old one knows: a field in what it stores and shows, a kind of event, and over the bus a field, a
kind of message, and events in a form that the old one cannot take and has to read from the database. It takes nothing
away: that would need a release between.
"""

from __future__ import annotations

import sys
from typing import Any, Final

from tests.live import dying

EACH: Final = 5
"""Each fifth message is pinned, whatever that is."""


def install() -> None:
    from teahouse.bus import Bus
    from teahouse.journal import Transaction

    dying.install()
    about_message, tell = Transaction.about_message, Bus.tell

    def about_more(self: Transaction, room: int, seq: int, kind: str, by: Any, state: Any) -> None:
        more: Any = {**state, "later": {"added": True}}
        about_message(self, room, seq, kind, by, more)
        if kind == "message" and seq % EACH == 0:
            self.about_room(room, "pinned", by, {"later": True}, subject=state["id"])

    def tell_more(self: Bus, data: dict[str, Any]) -> None:
        if "events" in data and len(data["events"]) % 2:
            data = {**data, "events": [[*event, "later"] for event in data["events"]]}
        tell(self, {**data, "later": [1, 2]} if data else data)
        tell(self, {"tomorrow": {"kind": "of message"}})

    Transaction.about_message = about_more  # type: ignore[method-assign]
    Bus.tell = tell_more  # type: ignore[method-assign]


if __name__ == "__main__":
    sys.exit(dying.serve_with(install))
