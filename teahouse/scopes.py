"""What a token may be used for. In: the scopes of a token and a command. Out: whether that is one of its uses. Pure.

Scopes take away: what a token may do is what its person may do, and of that no more than its scopes say. A login and a
guest's ticket have none, and do whatever the person may.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from teahouse.live.protocol import Problem

SCOPES: Final = {
    "read": "read rooms, messages and people, and hear what happens",
    "write": "speak, edit, react, join, leave, and set read marks and own settings",
    "manage": "make and change rooms, invite and remove people, give roles",
    "tokens": "list, make and revoke own tokens",
    "hooks": "as an owner of the site: list, make, change and delete webhooks, and see what became of deliveries",
}
USUAL: Final = frozenset({"read", "write", "manage"})
"""What a token is for where nothing was said; all that those could do which were made before there were scopes."""

NEEDS: Final = {
    **dict.fromkeys(("hello", "ping", "unsubscribe"), ""),
    **dict.fromkeys(
        ("subscribe", "history", "edits", "rooms", "members", "people", "activity", "threads"), "read"
    ),
    **dict.fromkeys(
        ("send", "edit", "delete", "react", "read", "typing", "join", "leave", "direct", "settings"), "write"
    ),
    **dict.fromkeys(("list_rooms", "get_room", "get_message", "get_person"), "read"),  # Those of api/own.py.
    **dict.fromkeys(("list_tokens", "make_token", "revoke_token"), "tokens"),
    **dict.fromkeys(  # Those of api/own_hooks.py.
        (
            "list_hooks",
            "get_hook",
            "make_hook",
            "change_hook",
            "delete_hook",
            "list_deliveries",
            "replay_delivery",
        ),
        "hooks",
    ),
    **dict.fromkeys(("make", "change", "archive", "invite", "remove", "role"), "manage"),
}
"""Command → the scope that it needs; none where who speaks may always say it."""


def check(scopes: frozenset[str] | None, needed: str) -> None:
    """Raises: Problem `forbidden`, where somebody has scopes and not the one that is needed."""
    if scopes is not None and needed and needed not in scopes:
        has = ", ".join(name for name in SCOPES if name in scopes)
        raise Problem("forbidden", f"This needs a token with the scope {needed}; this one has {has}.")


def parsed(text: str) -> frozenset[str]:
    """Scopes as somebody writes them: names with blanks or commas between them; none are the usual ones.

    Raises:
        ValueError: there is no scope of such a name.
    """
    names = frozenset(text.replace(",", " ").split())
    if unknown := sorted(names - SCOPES.keys()):
        raise ValueError(f"There is no scope {unknown[0]!r}; there are {', '.join(SCOPES)}.")
    return names or USUAL


def held(stored: str) -> frozenset[str]:
    """Scopes as they are kept, those of a later version of Teahouse too."""
    return frozenset(stored.split()) or USUAL


def stored(scopes: Iterable[str]) -> str:
    """As they are kept: always in the same order."""
    given = set(scopes)
    return " ".join(name for name in SCOPES if name in given)


def listed(stored: str) -> list[str]:
    """The same for people, in the order of SCOPES."""
    given = held(stored)
    return [name for name in SCOPES if name in given]
