"""Who may do what in a room: the table of roles and rights, for the code and for people. In: a kind of room and a role.
Out: rights by name. Pure. `access.py` applies it, docs/rooms.md shows it.
"""

from __future__ import annotations

from enum import IntEnum
from functools import cache
from typing import Final


class Rank(IntEnum):
    """What somebody is in a room, least first. A visitor is signed in and no member."""

    GUEST = 0
    VISITOR = 1
    MEMBER = 2
    MODERATOR = 3
    OWNER = 4


RANKS: Final = {"member": Rank.MEMBER, "moderator": Rank.MODERATOR, "owner": Rank.OWNER}
"""By role. Who has the role `guest` has read there, and does not belong to the room."""

RIGHTS: Final[dict[str, dict[str, Rank]]] = {
    "speak": {"open": Rank.GUEST, "private": Rank.MEMBER, "direct": Rank.MEMBER},
    "call": {"open": Rank.MODERATOR, "private": Rank.MODERATOR, "direct": Rank.MEMBER},
    "react": {"open": Rank.GUEST, "private": Rank.MEMBER, "direct": Rank.MEMBER},
    "join": {"open": Rank.VISITOR},
    "leave": {"open": Rank.MEMBER, "private": Rank.MEMBER, "direct": Rank.MEMBER},
    "invite": {"open": Rank.MEMBER, "private": Rank.MODERATOR},
    "change": {"open": Rank.MODERATOR, "private": Rank.MODERATOR},
    "archive": {"open": Rank.MODERATOR, "private": Rank.MODERATOR},
    "remove": {"open": Rank.MODERATOR, "private": Rank.MODERATOR},
    "moderate": {"open": Rank.MODERATOR, "private": Rank.MODERATOR, "direct": Rank.OWNER},
    "kind": {"open": Rank.OWNER, "private": Rank.OWNER},
    "roles": {"open": Rank.OWNER, "private": Rank.OWNER},
}
"""Right → kind of room → who has it at least. Where a kind is not named, nobody has it."""

ENDS_WITH_THE_ROOM: Final = frozenset({"speak", "call", "react", "join", "invite", "change", "kind"})
"""An archived room is read, and nothing new comes to it."""

WHY_NOT: Final = {
    "speak": "You may read this room, but not speak in it.",
    "call": "Only the room's moderators may call everyone.",
    "react": "You may read this room, but not react in it.",
    "join": "This room cannot be joined.",
    "leave": "You do not belong to this room.",
    "invite": "Only members invite into an open room, and moderators into a private one.",
    "change": "Only the room's moderators may change it.",
    "archive": "Only the room's moderators may archive it.",
    "remove": "Only the room's moderators may remove somebody.",
    "moderate": "Only the room's moderators may do that.",
    "kind": "Only the room's owners may say who may read it.",
    "roles": "Only the room's owners may give roles.",
}
IN_A_CONVERSATION: Final = {
    "invite": "Nobody is added to a conversation: it was said to its people. Begin a new one, with `direct`.",
    "change": "A conversation has no title and no settings.",
    "archive": "A conversation is not archived; whoever has done with it leaves.",
    "remove": "Nobody is removed from a conversation; one may leave.",
    "kind": "A conversation stays one; make a room for more people.",
    "roles": "In a conversation all are alike; there are no roles.",
}
ANNOUNCEMENTS: Final = "In this room only moderators speak."
ARCHIVED: Final = "This room is archived: it can be read, but nothing new is said there."


@cache
def rights(
    kind: str, rank: Rank, *, belongs: bool, archived: bool = False, announcements: bool = False
) -> tuple[str, ...]:
    """The names of the rights, in the table's order. Who belongs can leave, and who does not, join."""
    return tuple(
        right
        for right, least in RIGHTS.items()
        if kind in least
        and rank >= least[kind]
        and not (archived and right in ENDS_WITH_THE_ROOM)
        and not (right == "speak" and announcements and rank < Rank.MODERATOR)
        and right != ("join" if belongs else "leave")
    )
