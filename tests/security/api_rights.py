"""Who may do what over the HTTP API: each address is a command of the protocol, so a cell comes to what the command's
cell comes to. Pure. `rights.py` says how a row is written; `test_api_rights.py` tries each cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from tests.security import rights
from tests.security.table import BYSTANDER, MEMBERS, NEWCOMER, OTHERS, ROOM, Row

LOOK: Final = f"""
    open,archived,@me  ok
    private,direct     {MEMBERS}
    stream,absent      -
"""
ONE: Final = f"""
    open,archived      ok
    private,direct     {MEMBERS}
    stream,absent,@me  -
"""
HOOKS: Final = "- forbidden forbidden forbidden forbidden forbidden {} forbidden"
TAKE_BACK: Final = f"""
    open            ok
    private,direct  {MEMBERS}
    archived        archived
    stream,absent   -
    @me             forbidden
"""


@dataclass(frozen=True)
class Call:
    """One method of one address.

    Attributes:
        path: below `api/v1/`; `{room}`, `{own}`, `{others}`, `{bystander}`, `{newcomer}` stand for names and ids.
        like: name of the row of a command whose outcomes it has; else the lines of a row.
        body: as a `Row`'s fields.
        pattern: of the address, where that does not follow from the path.
    """

    method: str
    path: str
    like: str
    body: Mapping[str, Any] | None = None
    pattern: str = ""

    @cached_property
    def row(self) -> Row:
        # Names of rooms are made of it, which have at most 64 characters.
        name = f"{self.method} {self.path.replace('rooms/{room}/', '')}" + (
            f", {self.like}" if self.like in SEVERAL else ""
        )
        known: Row | None = next((row for row in ROWS if row.name == self.like), None)
        if known is None:
            return Row(name, "", self.like, self.body or {})
        return Row(
            name, known.do, known.lines, self.body or {}, stores=known.stores, bystander=known.bystander
        )

    @property
    def address(self) -> str:
        """As the URL resolver shows it."""
        path = self.pattern or self.path.partition("?")[0]
        for name in ("own", "others"):
            path = path.replace(f"{{{name}}}", "<message>")
        for name in ("bystander", "newcomer"):
            path = path.replace(f"{{{name}}}", "<person>")
        return f"api/v1/{path.replace('{room}', '<room>').replace('🍵', '<emoji>')}"


ROWS: Final = (*rights.COMMANDS, *rights.ANYWHERE)
SEVERAL: Final = (
    "change the title",
    "change it to private",
    "change title and kind",
    "send",
    "send in a thread",
)

CALLS: Final = (
    Call("GET", "rooms", "- ok"),
    Call("GET", "open-rooms?after={room}", "rooms behind this one"),
    Call("POST", "rooms", "make", {"title": "Tea", "room": ROOM}),
    Call("POST", "conversations", "direct", {"people": [BYSTANDER]}),
    Call("GET", "rooms/{room}", LOOK),
    Call("PATCH", "rooms/{room}", "change the title", {"title": "Cups"}),
    Call("PATCH", "rooms/{room}", "change title and kind", {"title": "Cups", "kind": "private"}),
    Call("PUT", "rooms/{room}/archived", "archive"),
    Call("DELETE", "rooms/{room}/archived", "take out of the archive"),
    Call("PUT", "rooms/{room}/settings", "settings of a room", {"level": "all"}),
    Call("GET", "rooms/{room}/members", "members"),
    Call("POST", "rooms/{room}/members", "invite", {"people": [NEWCOMER]}),
    Call("PUT", "rooms/{room}/members/me", "join"),
    Call("DELETE", "rooms/{room}/members/me", "leave"),
    Call("PATCH", "rooms/{room}/members/{bystander}", "role", {"role": "moderator"}),
    Call("DELETE", "rooms/{room}/members/{bystander}", "remove"),
    Call("DELETE", "rooms/{room}/members/{newcomer}", "remove who is no member"),
    Call("GET", "rooms/{room}/messages", "history"),
    Call("POST", "rooms/{room}/messages", "send", {"text": "tea"}),
    Call("POST", "rooms/{room}/messages", "send in a thread", {"text": "tea", "thread": OTHERS}),
    Call("GET", "rooms/{room}/messages/{others}", ONE),
    Call("PATCH", "rooms/{room}/messages/{own}", "edit one's own", {"text": "more tea"}),
    Call("PATCH", "rooms/{room}/messages/{others}", "edit another's", {"text": "no tea"}),
    Call("DELETE", "rooms/{room}/messages/{own}", "delete one's own"),
    Call("DELETE", "rooms/{room}/messages/{others}", "delete another's"),
    Call("GET", "rooms/{room}/messages/{others}/edits", "edits of another's"),
    Call("GET", "rooms/{room}/messages/{others}/thread", "history of a thread"),
    Call("PUT", "rooms/{room}/messages/{others}/reactions/🍵", "react"),
    Call("DELETE", "rooms/{room}/messages/{others}/reactions/🍵", TAKE_BACK),
    Call("PUT", "rooms/{room}/read", "read", {"seq": 1}),
    Call("GET", "rooms/{room}/events", LOOK),
    Call("GET", "me", "- ok"),
    Call("PATCH", "me/settings", "settings", {"language": "en"}),
    Call("GET", "me/activity", "activity"),
    Call("GET", "me/threads", "threads"),
    Call("GET", "people?room={room}", "people of the room"),
    Call("GET", "people", "people"),
    Call("GET", "people/{newcomer}", "- - ok ok ok ok ok ok"),
    Call("GET", "people/999999", "- -", pattern="people/<person>"),
    # Webhooks are for owners of the site; the bot's token is not for them.
    Call("GET", "hooks", HOOKS.format("ok")),
    # These logins have never typed a password: tests/server/test_token_page.py has those that have.
    Call(
        "POST",
        "hooks",
        HOOKS.format("sign_in_again"),
        {"url": "https://hooks.invalid/", "events": ["closed"]},
    ),
    Call("GET", "hooks/999999", HOOKS.format("-"), pattern="hooks/<hook>"),
    Call("PATCH", "hooks/999999", HOOKS.format("sign_in_again"), {"label": "tea"}, pattern="hooks/<hook>"),
    Call("DELETE", "hooks/999999", HOOKS.format("sign_in_again"), pattern="hooks/<hook>"),
    Call("GET", "hooks/999999/deliveries", HOOKS.format("-"), pattern="hooks/<hook>/deliveries"),
    Call(
        "POST",
        "hooks/999999/deliveries/999999/replay",
        HOOKS.format("sign_in_again"),
        pattern="hooks/<hook>/deliveries/<delivery>/replay",
    ),
    # The bot's token is not for tokens.
    Call("GET", "tokens", "- ok ok ok ok ok ok forbidden"),
    Call("POST", "tokens", "- forbidden{} forbidden".format(5 * " sign_in_again"), {"scopes": ["read"]}),
    Call("DELETE", "tokens/999999", "- - - - - - - forbidden", pattern="tokens/<token>"),
)
