"""What the table of rights is made of: roles, kinds of rooms, rows of outcomes. Pure; the table is `rights.py`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
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
    "news": "open, and only moderators speak",
    "private": "for its members",
    "direct": "between some people: a moderator or owner is one of them there, as a member is",
    "archived": "open, and archived",
    "stream": "another person's own stream, by its name `@ID`",
    "@me": "one's own stream",
    "absent": "there is no room of this name",
}
REAL: Final = ("open", "news", "private", "direct", "archived")
"""Kinds of which there are rooms, where two things were said: by a member, and by who is asking. Each cell in which
something is to happen has its own; all others share one for each kind and role."""

OWN: Final = "a message of one's own"
OTHERS: Final = "a message of somebody else"
BYSTANDER: Final = "the id of somebody else, who is a member"
NEWCOMER: Final = "the id of somebody with an account who belongs to no room"
GUEST: Final = "the id of a guest"
SELF: Final = "the id of who asks"
ROOM: Final = "the name of the room"
PEOPLE: Final = {BYSTANDER: "bystander", NEWCOMER: "newcomer", GUEST: "guest"}
"""Who stands for an id; with `hermit`, in whose stream nothing happens, they are there beside the roles."""
BESIDES: Final = ("bystander", "newcomer", "hermit")

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
        fields: of the command, besides `id`, `do` and `room`. OWN, OTHERS, BYSTANDER and so on stand for ids, and ROOM
            for the room's name where it is not in `room`.
        lines: a line for each kind of room.
        before: commands that the same session says first.
        stores: whether `ok` is an event of the room, or makes one.
        bystander: the bystander's role in the row's rooms.
    """

    name: str
    do: str
    lines: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    before: tuple[str, ...] = ()
    stores: bool = False
    bystander: str = "member"

    @cached_property
    def rules(self) -> dict[str, Outcomes]:
        """Kind of room → role → what happens."""
        found: dict[str, Outcomes] = {}
        for line in self.lines.strip().splitlines():
            kinds, *words = line.split()
            for kind in kinds.split(","):
                found[kind] = _outcomes(self, words)
        if "open" in found:
            found.setdefault("news", found["open"])
        return {kind: found[kind] for kind in sorted(found, key=[*KINDS, *found].index)}


def _outcomes(row: Row, words: list[str]) -> Outcomes:
    everyone = len(words) == len(ROLES)
    if len(words) not in (1, len(INSIDE), len(ROLES)):
        raise ValueError(f"{row.name}: give 1, {len(INSIDE)} or {len(ROLES)} outcomes, not {words}")
    roles = tuple(ROLES) if everyone else INSIDE
    said = dict(zip(roles, words * len(roles) if len(words) == 1 else words, strict=False))
    return {**OUTSIDE, **said} if not everyone else said


OUTSIDE: Final = {"nobody": "hello_first", "deactivated": "banned", "revoked": "bad_token"}

MEMBERS: Final = "- - ok ok ok - -"


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


def filled(fields: Mapping[str, Any], stands: Mapping[str, Any]) -> dict[str, Any]:
    """The fields with what stands for ids filled in, in lists too."""
    return {
        name: [stands.get(one, one) for one in value]
        if isinstance(value, list)
        else stands.get(value, value)
        if isinstance(value, str)
        else value
        for name, value in fields.items()
    }


def slug(row: Row, kind: str, role: str) -> str:
    """The name of a cell's room."""
    real = kind in REAL
    done = row.stores and row.rules.get(kind, {}).get(role) == "ok"
    name = row.name if done or not real else f"beside a {row.bystander}"
    made = re.sub(r"\W+", "-", f"{name} {kind} {role}".lower()).strip("-")
    return made if real else f"no-{made}"
