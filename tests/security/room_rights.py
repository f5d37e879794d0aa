"""Who may do what: the rows of the commands about rooms and people. Pure; `rights.py` says how a row is written."""

from __future__ import annotations

from typing import Final

from tests.security.table import BYSTANDER, GUEST, MEMBERS, NEWCOMER, ROOM, SELF, Row

NO_ROOM: Final = """stream,absent   -
        @me             forbidden"""
"""What a command about a room that is no list comes to in somebody's own stream and where there is nothing."""

MAKING: Final = (
    Row(
        "make",
        "make",
        """
        open,private,direct,archived  name_taken
        stream,@me                    invalid
        absent                        ok
        """,
        {"title": "Tea", "room": ROOM},
        stores=True,
    ),
    Row(
        # Behind its name stand characters that nobody guesses: which names are taken is not told.
        "make a private one",
        "make",
        """
        open,private,direct,archived,absent  forbidden ok ok ok ok ok ok
        stream,@me                           forbidden invalid invalid invalid invalid invalid invalid
        """,
        {"title": "Tea", "kind": "private", "room": ROOM},
    ),
    Row(
        "make one of announcements",
        "make",
        """
        open,private,direct,archived  forbidden name_taken name_taken name_taken name_taken name_taken name_taken
        stream,@me                    forbidden invalid invalid invalid invalid invalid invalid
        absent                        forbidden ok ok ok ok ok ok
        """,
        {"title": "Tea", "speaking": "moderators", "room": ROOM},
        stores=True,
    ),
)

CHANGING: Final = (
    Row(
        "change the title",
        "change",
        f"""
        open            forbidden forbidden forbidden ok ok ok forbidden
        private         - - forbidden ok ok - -
        direct          - - forbidden forbidden forbidden - -
        archived        archived
        {NO_ROOM}
        """,
        {"title": "Cups"},
        stores=True,
    ),
    Row(
        "change who speaks",
        "change",
        f"""
        open            forbidden forbidden forbidden ok ok ok forbidden
        news            forbidden forbidden forbidden same same same forbidden
        private         - - forbidden ok ok - -
        direct          - - forbidden forbidden forbidden - -
        archived        archived
        {NO_ROOM}
        """,
        {"speaking": "moderators"},
        stores=True,
    ),
    Row(
        "change it to private",
        "change",
        f"""
        open            forbidden forbidden forbidden forbidden ok ok forbidden
        private         - - forbidden forbidden same - -
        direct          - - forbidden forbidden forbidden - -
        archived        archived
        {NO_ROOM}
        """,
        {"kind": "private"},
        stores=True,
    ),
    Row(
        "change it to open",
        "change",
        f"""
        open            forbidden forbidden forbidden forbidden same same forbidden
        private         - - forbidden forbidden ok - -
        direct          - - forbidden forbidden forbidden - -
        archived        archived
        {NO_ROOM}
        """,
        {"kind": "open"},
        stores=True,
    ),
    Row(
        "change title and kind",
        "change",
        f"""
        open            forbidden forbidden forbidden forbidden ok ok forbidden
        private         - - forbidden forbidden ok - -
        direct          - - forbidden forbidden forbidden - -
        archived        archived
        {NO_ROOM}
        """,
        {"title": "Cups", "kind": "private"},
        stores=True,
    ),
    Row(
        "archive",
        "archive",
        f"""
        open            forbidden forbidden forbidden ok ok ok forbidden
        private         - - forbidden ok ok - -
        direct          - - forbidden forbidden forbidden - -
        archived        forbidden forbidden forbidden same same same forbidden
        {NO_ROOM}
        """,
        stores=True,
    ),
    Row(
        "take out of the archive",
        "archive",
        f"""
        open            forbidden forbidden forbidden same same same forbidden
        private         - - forbidden same same - -
        direct          - - forbidden forbidden forbidden - -
        archived        forbidden forbidden forbidden ok ok ok forbidden
        {NO_ROOM}
        """,
        {"on": False},
        stores=True,
    ),
)

BELONGING: Final = (
    Row(
        "join",
        "join",
        f"""
        open            forbidden ok same same same ok ok
        private,direct  - - same same same - -
        archived        forbidden archived same same same archived archived
        {NO_ROOM}
        """,
        stores=True,
    ),
    Row(
        # The bystander is no owner: the room's only one stays.
        "leave",
        "leave",
        f"""
        open,archived   same same ok ok forbidden same same
        private         - - ok ok forbidden - -
        direct          {MEMBERS}
        {NO_ROOM}
        """,
        stores=True,
    ),
    Row(
        "leave beside an owner",
        "leave",
        f"""
        open,archived   same same ok ok ok same same
        private,direct  {MEMBERS}
        {NO_ROOM}
        """,
        stores=True,
        bystander="owner",
    ),
    Row(
        "invite",
        "invite",
        f"""
        open            forbidden forbidden ok ok ok ok forbidden
        private         - - forbidden ok ok - -
        direct          - - forbidden forbidden forbidden - -
        archived        archived
        {NO_ROOM}
        """,
        {"people": [NEWCOMER]},
        stores=True,
    ),
    Row(
        "invite a member",
        "invite",
        f"""
        open            forbidden forbidden same same same same forbidden
        private         - - forbidden same same - -
        direct          - - forbidden forbidden forbidden - -
        archived        archived
        {NO_ROOM}
        """,
        {"people": [BYSTANDER]},
        stores=True,
    ),
    Row(
        "invite a guest",
        "invite",
        f"""
        open            forbidden forbidden - - - - forbidden
        private         - - forbidden - - - -
        direct          - - forbidden forbidden forbidden - -
        archived        archived
        {NO_ROOM}
        """,
        {"people": [NEWCOMER, GUEST]},
    ),
    Row(
        "remove",
        "remove",
        f"""
        open,archived   forbidden forbidden forbidden ok ok ok forbidden
        private         - - forbidden ok ok - -
        direct          - - forbidden forbidden forbidden - -
        {NO_ROOM}
        """,
        {"person": BYSTANDER},
        stores=True,
    ),
    Row(
        "remove a moderator",
        "remove",
        f"""
        open,archived   forbidden forbidden forbidden ok ok ok forbidden
        private         - - forbidden ok ok - -
        direct          - - forbidden forbidden forbidden - -
        {NO_ROOM}
        """,
        {"person": BYSTANDER},
        stores=True,
        bystander="moderator",
    ),
    Row(
        # Where the site's owner asks nobody else is there: the last owner may go then.
        "remove an owner",
        "remove",
        f"""
        open,archived   forbidden forbidden forbidden forbidden ok ok forbidden
        private         - - forbidden forbidden ok - -
        direct          - - forbidden forbidden forbidden - -
        {NO_ROOM}
        """,
        {"person": BYSTANDER},
        stores=True,
        bystander="owner",
    ),
    Row(
        "remove who is no member",
        "remove",
        f"""
        open,archived   forbidden forbidden forbidden - - - forbidden
        private         - - forbidden - - - -
        direct          - - forbidden forbidden forbidden - -
        {NO_ROOM}
        """,
        {"person": NEWCOMER},
    ),
    Row(
        "role",
        "role",
        f"""
        open,archived   forbidden forbidden forbidden forbidden ok ok forbidden
        private         - - forbidden forbidden ok - -
        direct          - - forbidden forbidden forbidden - -
        {NO_ROOM}
        """,
        {"person": BYSTANDER, "role": "moderator"},
        stores=True,
    ),
    # Who belongs to the room as an owner stays one beside them; to the site's owner, who does not, it is the last.
    Row(
        "role of an owner",
        "role",
        f"""
        open,archived   forbidden forbidden forbidden forbidden ok forbidden forbidden
        private         - - forbidden forbidden ok - -
        direct          - - forbidden forbidden forbidden - -
        {NO_ROOM}
        """,
        {"person": BYSTANDER, "role": "member"},
        stores=True,
        bystander="owner",
    ),
    Row(
        "role of one's own",
        "role",
        f"""
        open,archived   forbidden forbidden forbidden forbidden same - forbidden
        private         - - forbidden forbidden same - -
        direct          - - forbidden forbidden forbidden - -
        {NO_ROOM}
        """,
        {"person": SELF, "role": "owner"},
        stores=True,
    ),
)

LOOKING: Final = (
    Row(
        "rooms behind this one",
        "rooms",
        """
        open,archived                      ok
        private,direct,stream,@me,absent   -
        """,
        {"after": ROOM},
    ),
    Row(
        "members",
        "members",
        f"""
        open,archived,@me  ok
        private,direct     {MEMBERS}
        stream,absent      -
        """,
    ),
    Row(
        "people of the room",
        "people",
        f"""
        open,archived,@me  ok
        private,direct     {MEMBERS}
        stream,absent      -
        """,
        {"search": ""},
    ),
)

ROWS: Final = (*MAKING, *CHANGING, *BELONGING, *LOOKING)

ANYWHERE: Final = (
    Row("direct", "direct", "- forbidden ok ok ok ok ok ok", {"people": [BYSTANDER]}),
    Row("direct with a guest", "direct", "- forbidden - - - - - -", {"people": [BYSTANDER, GUEST]}),
    Row("rooms", "rooms", "- ok"),
    Row("people", "people", "- forbidden ok ok ok ok ok ok", {"search": ""}),
)
