"""Who may do what: one declarative table, from which the tests of each cell and docs/rights.md are made. Pure.

A command of the protocol without a row, or an address without one, makes `test_rights.py` red. To add a command, add a
`Row` to COMMANDS: a line for each kind of room (several may share one), seven outcomes for the roles that got in, or
one for all of them. `ok` is what it says, `-` is `not_found`, everything else is the code of the error. Who did not get
in is answered before the command is looked at, so nobody writes that down.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

ROLES: Final = {
    "nobody": "has not said hello; no cookie",
    "guest": "has a ticket",
    "outsider": "signed in, belongs to no room",
    "member": "signed in, belongs to the room",
    "moderator": "of the room",
    "owner": "of the room",
    "site owner": "belongs to no room",
    "bot": "has a token, belongs to no room",
    "deactivated": "signed in, once a member",
    "revoked": "a bot whose token was revoked, a member",
}
INSIDE: Final = tuple(ROLES)[1:8]
"""Those who get in: in the order of a line's seven outcomes."""

KINDS: Final = {
    "open": "open to everyone",
    "private": "for its members",
    "direct": "between some people: a moderator or owner is one of them there, as a member is",
    "archived": "open, and archived",
    "stream": "another person's own stream, by its name `@ID`",
    "@me": "one's own stream",
    "absent": "there is no room of this name",
}
REAL: Final = ("open", "private", "direct", "archived")
"""Kinds of which each cell has a room of its own, where two things were said: by a member, and by who is asking."""

OWN: Final = "a message of one's own"
OTHERS: Final = "a message of somebody else"
BYSTANDER: Final = "the id of somebody else, who is a member"

HIDDEN: Final = "hid-den"
"""A private room to which nobody of the table belongs."""
PASSWORD: Final = "a pot of oolong"
"""Of two more accounts: `lan`, and `gone`, which is closed."""

Outcomes = Mapping[str, str]
"""Role → what happens."""


@dataclass(frozen=True)
class Row:
    """One thing that can be asked of a room.

    Attributes:
        name: what the page calls it.
        do: the command; of the plain protocol and the pages, what they call it.
        fields: of the command, besides `id`, `do` and `room`. OWN, OTHERS and BYSTANDER stand for ids.
        lines: a line for each kind of room.
        before: commands that the same session says first.
        stores: whether `ok` is an event of the room (or, in `made`, makes one).
    """

    name: str
    do: str
    lines: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    before: tuple[str, ...] = ()
    stores: bool = False

    @property
    def rules(self) -> dict[str, Outcomes]:
        """Kind of room → role → what happens."""
        found: dict[str, Outcomes] = {}
        for line in self.lines.strip().splitlines():
            kinds, *words = line.split()
            for kind in kinds.split(","):
                found[kind] = _outcomes(self, words)
        return found


def _outcomes(row: Row, words: list[str]) -> Outcomes:
    everyone = len(words) == len(ROLES)
    if len(words) not in (1, len(INSIDE), len(ROLES)):
        raise ValueError(f"{row.name}: give 1, {len(INSIDE)} or {len(ROLES)} outcomes, not {words}")
    roles = tuple(ROLES) if everyone else INSIDE
    said = dict(zip(roles, words * len(roles) if len(words) == 1 else words, strict=False))
    return {**OUTSIDE, **said} if not everyone else said


OUTSIDE: Final = {"nobody": "hello_first", "deactivated": "banned", "revoked": "bad_token"}

MEMBERS: Final = "- - ok ok ok - -"

COMMANDS: Final = (
    Row(
        "subscribe",
        "subscribe",
        f"""
        open,archived,@me  ok
        private,direct     {MEMBERS}
        stream,absent      -
        """,
    ),
    Row(
        "subscribe and make",
        "subscribe",
        f"""
        open,archived,@me  ok
        private,direct     {MEMBERS}
        stream             -
        absent             ok
        """,
        {"make": True},
    ),
    Row("unsubscribe", "unsubscribe", "open,private,direct,archived,stream,@me,absent  ok"),
    Row(
        "send",
        "send",
        f"""
        open            ok
        private,direct  {MEMBERS}
        archived        archived
        stream,absent   -
        @me             forbidden
        """,
        {"key": "k", "text": "tea"},
        stores=True,
    ),
    Row(
        "edit one's own",
        "edit",
        f"""
        open            ok
        private,direct  {MEMBERS}
        archived        archived
        stream,absent   -
        @me             forbidden
        """,
        {"message": OWN, "text": "more tea"},
        stores=True,
    ),
    Row(
        "edit another's",
        "edit",
        """
        open            forbidden
        private,direct  - - forbidden forbidden forbidden - -
        archived        archived
        stream,absent   -
        @me             forbidden
        """,
        {"message": OTHERS, "text": "no tea"},
        stores=True,
    ),
    Row(
        "delete one's own",
        "delete",
        f"""
        open            ok
        private,direct  {MEMBERS}
        archived        archived
        stream,absent   -
        @me             forbidden
        """,
        {"message": OWN},
        stores=True,
    ),
    Row(
        "delete another's",
        "delete",
        """
        open            forbidden forbidden forbidden ok ok ok forbidden
        private         - - forbidden ok ok - -
        direct          - - forbidden forbidden forbidden - -
        archived        archived
        stream,absent   -
        @me             forbidden
        """,
        {"message": OTHERS},
        stores=True,
    ),
    Row(
        "react",
        "react",
        f"""
        open            ok
        private,direct  {MEMBERS}
        archived        archived
        stream,absent   -
        @me             forbidden
        """,
        {"message": OTHERS, "emoji": "🍵"},
        stores=True,
    ),
    Row(
        "read",
        "read",
        f"""
        open,archived   ok
        private,direct  {MEMBERS}
        stream,absent   -
        @me             forbidden
        """,
        {"seq": 1},
    ),
    Row(
        "history",
        "history",
        f"""
        open,archived,@me  ok
        private,direct     {MEMBERS}
        stream,absent      -
        """,
    ),
    Row(
        "typing",
        "typing",
        f"""
        open            ok
        private,direct  {MEMBERS}
        archived        archived
        stream,absent   -
        @me             forbidden
        """,
        before=("subscribe",),
    ),
    Row(
        "typing, not subscribed",
        "typing",
        """
        open,archived   not_subscribed
        private,direct  - - not_subscribed not_subscribed not_subscribed - -
        stream,absent   -
        @me             not_subscribed
        """,
        before=("unsubscribe",),
    ),
)

PLAIN: Final = (
    Row(
        "come",
        "come",
        """
        open,archived      ok ok ok ok ok ok ok ok banned bad_token
        private,direct     -  -  -  ok ok ok -  -  banned bad_token
        stream,@me         -  -  -  -  -  -  -  -  banned bad_token
        absent             ok ok ok ok ok ok ok ok banned bad_token
        """,
    ),
    Row(
        "say",
        "say",
        """
        open            ok ok ok ok ok ok ok ok banned bad_token
        private,direct  -  -  -  ok ok ok -  -  banned bad_token
        archived        archived archived archived archived archived archived archived archived banned bad_token
        stream,@me      -  -  -  -  -  -  -  -  banned bad_token
        absent          ok ok ok ok ok ok ok ok banned bad_token
        """,
        stores=True,
    ),
    Row(
        "close",
        "close",
        """
        open,archived   own own own own ok  ok  ok  own banned bad_token
        private         -   -   -   own ok  ok  -   -   banned bad_token
        direct          -   -   -   own own own -   -   banned bad_token
        stream,@me      -   -   -   -   -   -   -   -   banned bad_token
        absent          own own own own own own ok  own banned bad_token
        """,
        stores=True,
    ),
)
"""`/wsmsg/<group>`; `close` is `ok` where it closes the group for everyone, `own` where it ends one's own alone."""

HELLO: Final = (
    Row("hello", "hello", "own  guest guest user user user user user bot banned bad_token"),
    Row(
        "hello, without an Origin",
        "hello",
        "none guest guest guest guest guest guest guest bot guest bad_token",
    ),
    Row(
        "hello, from another site's page",
        "hello",
        "another  4003 4003 4003 4003 4003 4003 4003 4003 4003 4003",
    ),
)
"""The kind here is the page's Origin; the outcome what one is then, or the close code."""

ANYWHERE: Final = (Row("ping", "ping", "- ok"),)
"""Commands that concern no room."""


@dataclass(frozen=True)
class Page:
    """One request.

    Attributes:
        method: GET, or POST with the right CSRF token; without one every POST is refused with 403.
        pattern: as the URL resolver shows it; empty for what is answered before Django.
        path: what is asked for; `{room}` is a room of the cell's own.
        lines: as a `Row`'s, with a line for each kind of room where there is one; else the line's kind is `-`.
            A status, or `sign-in`: sent to the page for signing in.
        fields: of the form.
        ends: whether it ends the login, so that each cell needs one of its own.
    """

    method: str
    pattern: str
    path: str
    lines: str
    fields: Mapping[str, str] = field(default_factory=dict)
    ends: bool = False

    @property
    def row(self) -> Row:
        where = (
            self.path.replace("{room}", "<room>")
            .replace("{static}", "<static>")
            .replace("{owner}", "<token>")
        )
        words = [line.split() for line in self.lines.strip().splitlines()]
        lines = "\n".join(
            " ".join([kinds, *(each * 10 if len(each) == 1 else each)]) for kinds, *each in words
        )
        return Row(f"{self.method} {where}", self.method, lines)


ROOM_PAGE: Final = """
    open,archived      200
    private,direct     404 404 404 200 200 200 404 404 404 404
    stream,@me,absent  404
"""
STAFF: Final = "- sign-in sign-in sign-in sign-in sign-in sign-in 200 sign-in sign-in sign-in"

PAGES: Final = (
    Page("GET", "", "/", "- 200"),
    Page("POST", "", "/", "- 405"),
    Page("GET", "rooms/<str:name>/", "/rooms/{room}/", ROOM_PAGE),
    Page("POST", "rooms/<str:name>/", "/rooms/{room}/", "open,private,direct,archived,stream,@me,absent 405"),
    Page("GET", "guest/", "/guest/", "- 200"),
    Page("POST", "guest/", "/guest/", "- 200", {"name": "Lan"}),
    Page("GET", "guest/leave/", "/guest/leave/", "- 405"),
    Page("POST", "guest/leave/", "/guest/leave/", "- 200"),
    Page("GET", "sign-in/", "/sign-in/", "- 200"),
    Page("POST", "sign-in/", "/sign-in/", "- 400", {"username": "member", "password": ""}),
    Page("GET", "sign-out/", "/sign-out/", "- 200"),
    Page("POST", "sign-out/", "/sign-out/", "- 302", ends=True),
    Page("GET", "owner/<str:token>/", "/owner/guessed/", "- 410"),
    Page("POST", "owner/<str:token>/", "/owner/guessed/", "- 410", {"username": "mallory"}),
    # The site has its owner: a link that was never used makes no second one.
    Page("GET", "owner/<str:token>/", "/owner/{owner}/", "- 410"),
    Page("GET", "favicon.ico", "/favicon.ico", "- 302"),
    Page("GET", "admin/login/", "/admin/login/", "- sign-in"),
    Page("POST", "admin/login/", "/admin/login/", "- sign-in"),
    Page("GET", "admin/logout/", "/admin/logout/", "- 200"),
    Page("POST", "admin/logout/", "/admin/logout/", "- 302", ends=True),
    Page("GET", "admin/", "/admin/", STAFF),
    Page("GET", "admin/teahouse/message/", "/admin/teahouse/message/", STAFF),
    Page("GET", "admin/teahouse/token/", "/admin/teahouse/token/", STAFF),
    Page("GET", "admin/auth/user/", "/admin/auth/user/", STAFF),
    Page("GET", "", "/nowhere/", "- 404"),
    Page("GET", "", "{static}teahouse/page.css", "- 200"),
    Page("POST", "", "{static}teahouse/page.css", "- 405"),
    Page("GET", "", "/health/live", "- 200"),
    Page("GET", "", "/health/ready", "- 200"),
)
SOCKETS: Final = {"^ws/?$": "HELLO, ANYWHERE, COMMANDS", r"^wsmsg(?:/(?P<group>[^/]+))?/?$": "PLAIN"}
"""The addresses of sockets, and which rows are theirs."""


def slug(row: Row, kind: str, role: str) -> str:
    """The name of a cell's room."""
    made = re.sub(r"\W+", "-", f"{row.name} {kind} {role}".lower()).strip("-")
    return made if kind in REAL else f"no-{made}"


def rows_with_rooms() -> tuple[Row, ...]:
    """Rows whose cells have rooms of their own."""
    return (*COMMANDS, *PLAIN, *(page.row for page in PAGES if "{room}" in page.path))
