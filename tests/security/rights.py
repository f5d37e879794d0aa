"""Who may do what: one declarative table, from which the tests of each cell and docs/rights.md are made. Pure.

A command of the protocol without a row, or an address without one, makes `test_rights.py` red. To add a command, add a
`Row` here or, for one about rooms and people, in `room_rights.py`: a line for each kind of room (several may share
one; without a line `news` is as `open`), seven outcomes for the roles that got in, or one for all of them. `ok` is what
it says, `same` that it is so already and nothing happens, `-` is `not_found`, everything else is the code of the error.
Who did not get in is answered before the command is looked at, so nobody writes that down.
"""

from __future__ import annotations

from typing import Final

from tests.security import room_rights
from tests.security.table import MEMBERS, OTHERS, OWN, Page, Row

TALK: Final = (
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
        """
        open,archived,@me  same
        private,direct     - - same same same - -
        stream             -
        absent             ok
        """,
        {"make": True},
        stores=True,
    ),
    Row("unsubscribe", "unsubscribe", "open,private,direct,archived,stream,@me,absent  ok"),
    Row(
        "send",
        "send",
        f"""
        open            ok
        news            forbidden forbidden forbidden ok ok ok forbidden
        private,direct  {MEMBERS}
        archived        archived
        stream,absent   -
        @me             forbidden
        """,
        {"key": "k", "text": "tea"},
        stores=True,
    ),
    Row(
        "send in a thread",
        "send",
        f"""
        open            ok
        news            forbidden forbidden forbidden ok ok ok forbidden
        private,direct  {MEMBERS}
        archived        archived
        stream,absent   -
        @me             forbidden
        """,
        {"key": "k", "text": "tea", "thread": OTHERS},
        stores=True,
    ),
    Row(
        "edit one's own",
        "edit",
        f"""
        open            ok
        news            forbidden forbidden forbidden ok ok ok forbidden
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
        "edits of one's own",
        "edits",
        f"""
        open,archived   ok
        private,direct  {MEMBERS}
        stream,absent   -
        @me             -
        """,
        {"message": OWN},
    ),
    Row(
        "edits of another's",
        "edits",
        f"""
        open,archived   ok
        private,direct  {MEMBERS}
        stream,absent   -
        @me             -
        """,
        {"message": OTHERS},
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
        "read a thread",
        "read",
        f"""
        open,archived   ok
        private,direct  {MEMBERS}
        stream,absent   -
        @me             forbidden
        """,
        {"seq": 1, "thread": OTHERS},
    ),
    Row(
        "settings of a room",
        "settings",
        f"""
        open,news,archived  ok
        private,direct      {MEMBERS}
        stream,absent       -
        @me                 forbidden
        """,
        {"level": "all"},
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
        "history of a thread",
        "history",
        f"""
        open,archived      ok
        private,direct     {MEMBERS}
        stream,absent,@me  -
        """,
        {"thread": OTHERS},
    ),
    Row(
        "typing",
        "typing",
        f"""
        open            ok
        news            forbidden forbidden forbidden ok ok ok forbidden
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
        news            forbidden forbidden forbidden forbidden ok ok ok forbidden banned bad_token
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
        absent          own own ok  ok  ok  ok  ok  ok  banned bad_token
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

COMMANDS: Final = (*TALK, *room_rights.ROWS)
ANYWHERE: Final = (
    Row("ping", "ping", "- ok"),
    Row("activity", "activity", "- ok"),
    Row("threads", "threads", "- ok"),
    Row("settings", "settings", "- ok", {"language": "en"}),
    *room_rights.ANYWHERE,
)
"""Commands that concern no room."""


ROOM_PAGE: Final = """
    open,archived      200
    private,direct     404 404 404 200 200 200 404 404 404 404
    stream,@me,absent  404
"""
SAID: Final = """
    open               400 303 303 303 303 303 303 400 400 400
    news               400 403 403 403 303 303 303 400 400 400
    private,direct     404 404 404 303 303 303 404 404 404 404
    archived           400 403 403 403 403 403 403 400 400 400
    stream,@me,absent  404
"""
STAFF: Final = "- sign-in sign-in sign-in sign-in sign-in sign-in 200 sign-in sign-in sign-in"

ACCOUNT: Final = "- sign-in sign-in 200 200 200 200 200 sign-in 403 sign-in"
ACCOUNT_FORM: Final = ACCOUNT.replace("200", "400")
ACCOUNT_DONE: Final = ACCOUNT.replace("200", "302")
ACCOUNT_POST: Final = ACCOUNT.replace("200", "405")
OWNERS: Final = "- sign-in sign-in 403 403 403 403 200 sign-in 403 sign-in"
OWNERS_FORM: Final = OWNERS.replace("200", "400")
OWNERS_POST: Final = OWNERS.replace("200", "405")
OWNERS_NONE: Final = OWNERS.replace("200", "404")
"""Of a person or an invitation that is not there."""
UNSEEN: Final = "- 404 404 404 404 404 404 200 404 404 404"
"""What is not there, for everybody but an owner of the site."""
OWNERS_ASKED: Final = OWNERS.replace("200", "302")
"""For the password, which these logins have never typed."""
APP_DEEDS: Final = (
    ("bots/<int:pk>/tokens/", "bots/0/tokens/"),
    ("bots/<int:pk>/tokens/<int:token>/revoke/", "bots/0/tokens/0/revoke/"),
    ("bots/<int:pk>/incoming/", "bots/0/incoming/"),
    ("bots/<int:pk>/incoming/<int:hook>/revoke/", "bots/0/incoming/0/revoke/"),
    ("bots/<int:pk>/deactivate/", "bots/0/deactivate/"),
    ("bots/", "bots/"),
    ("hooks/", "hooks/"),
    ("hooks/<int:pk>/stop/", "hooks/0/stop/"),
    ("hooks/<int:pk>/start/", "hooks/0/start/"),
    ("hooks/<int:pk>/delete/", "hooks/0/delete/"),
    ("hooks/<int:pk>/deliveries/<int:delivery>/again/", "hooks/0/deliveries/0/again/"),
)
DEEDS: Final = ("deactivate", "activate", "reset-link", "owner", "no-owner", "account")

API_NOWHERE: Final = "- 401 404 404 404 404 404 404 404 404 404"
"""Who says who they are is told; whether it is true nobody looks up for that."""

PAGES: Final = (
    Page("GET", "", "/", "- 200"),
    Page("POST", "", "/", "- 405"),
    # Which rooms stand there is each one's own: tests/web/test_saying.py.
    Page("GET", "rooms/", "/rooms/", "- 200"),
    Page("POST", "rooms/", "/rooms/", "- 405"),
    Page("GET", "rooms/<str:name>/", "/rooms/{room}/", ROOM_PAGE),
    Page("POST", "rooms/<str:name>/", "/rooms/{room}/", "open,private,direct,archived,stream,@me,absent 405"),
    Page("GET", "rooms/<str:name>/<int:seq>/", "/rooms/{room}/1/", ROOM_PAGE),
    Page(
        "POST",
        "rooms/<str:name>/<int:seq>/",
        "/rooms/{room}/1/",
        "open,private,direct,archived,stream,@me,absent 405",
    ),
    Page("GET", "rooms/<str:name>/say/", "/rooms/{room}/say/", ROOM_PAGE),
    # Who is nobody here gives no name either, and is told to.
    Page("POST", "rooms/<str:name>/say/", "/rooms/{room}/say/", SAID, {"text": "tea"}),
    Page("GET", "manifest.webmanifest", "/manifest.webmanifest", "- 200"),
    Page("GET", "worker.js", "/worker.js", "- 200"),
    Page("GET", "offline/", "/offline/", "- 200"),
    # Who brings the token of the settings is nobody: tests/api/test_metrics.py.
    Page("GET", "metrics", "/metrics", "- 401 401 403 403 403 403 200 401 403 401"),
    Page("POST", "metrics", "/metrics", "- 405"),
    Page("GET", "guest/", "/guest/", "- 200"),
    Page("POST", "guest/", "/guest/", "- 200", {"name": "Lan"}),
    # Frames are no form: what each of them comes to is that of the commands.
    Page("GET", "frames/", "/frames/", "- 405"),
    Page("POST", "frames/", "/frames/", "- 415"),
    # Whoever knows the secret speaks, whoever they are; nobody guesses it.
    Page("GET", "hooks/<str:secret>", "/hooks/guessed", "- 404"),
    Page("POST", "hooks/<str:secret>", "/hooks/guessed", "- 404", {"text": "tea"}),
    Page("GET", "hooks/<str:secret>/", "/hooks/guessed/", "- 404"),
    Page("POST", "hooks/<str:secret>/", "/hooks/guessed/", "- 404", {"text": "tea"}),
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
    Page("GET", "join/<str:token>/", "/join/guessed/", "- 410"),
    Page("POST", "join/<str:token>/", "/join/guessed/", "- 410", {"username": "mallory"}),
    Page("GET", "reset/", "/reset/", "- 200"),
    Page("POST", "reset/", "/reset/", "- 200", {"named": "member"}),
    Page("GET", "reset/<str:token>/", "/reset/guessed/", "- 410"),
    Page("POST", "reset/<str:token>/", "/reset/guessed/", "- 410", {"password": "mallory"}),
    Page("GET", "people/<int:pk>/", "/people/1/", ACCOUNT),
    Page("GET", "people/<int:person>/<slug:version>.webp", "/people/1/0123456789abcdef.webp", "- 404"),
    Page("GET", "account/", "/account/", ACCOUNT),
    Page("POST", "account/", "/account/", ACCOUNT_FORM, {"name": "x" * 41}),
    Page("GET", "account/picture/", "/account/picture/", ACCOUNT_POST),
    Page("POST", "account/picture/", "/account/picture/", ACCOUNT_DONE),
    Page("GET", "account/confirm/", "/account/confirm/", ACCOUNT),
    Page("POST", "account/confirm/", "/account/confirm/", ACCOUNT_FORM, {"password": "guessed"}),
    Page("GET", "account/password/", "/account/password/", ACCOUNT),
    Page("POST", "account/password/", "/account/password/", ACCOUNT_FORM, {"present": "guessed"}),
    Page("GET", "account/address/", "/account/address/", ACCOUNT_POST),
    Page("POST", "account/address/", "/account/address/", ACCOUNT_DONE),
    Page("GET", "account/address/<str:token>/", "/account/address/guessed/", ACCOUNT.replace("200", "410")),
    Page("POST", "account/address/<str:token>/", "/account/address/guessed/", ACCOUNT.replace("200", "410")),
    Page("GET", "account/devices/", "/account/devices/", ACCOUNT),
    Page("GET", "account/devices/sign-out/", "/account/devices/sign-out/", ACCOUNT_POST),
    Page("POST", "account/devices/sign-out/", "/account/devices/sign-out/", ACCOUNT_DONE),
    Page("GET", "account/devices/<int:pk>/sign-out/", "/account/devices/0/sign-out/", ACCOUNT_POST),
    Page("POST", "account/devices/<int:pk>/sign-out/", "/account/devices/0/sign-out/", ACCOUNT_DONE),
    Page("GET", "account/tokens/", "/account/tokens/", ACCOUNT),
    Page("POST", "account/tokens/", "/account/tokens/", ACCOUNT_POST),
    Page("GET", "account/tokens/make/", "/account/tokens/make/", ACCOUNT_DONE),
    Page("POST", "account/tokens/make/", "/account/tokens/make/", ACCOUNT_DONE),
    Page("POST", "account/tokens/<int:pk>/revoke/", "/account/tokens/999999/revoke/", ACCOUNT_DONE),
    Page("GET", "account/tokens/<int:pk>/revoke/", "/account/tokens/999999/revoke/", ACCOUNT_POST),
    Page("GET", "account/invitations/", "/account/invitations/", OWNERS),
    Page("POST", "account/invitations/", "/account/invitations/", OWNERS_FORM, {"places": "many"}),
    Page("GET", "account/invitations/<int:pk>/", "/account/invitations/0/", OWNERS_NONE),
    Page("GET", "account/invitations/<int:pk>/revoke/", "/account/invitations/0/revoke/", ACCOUNT_POST),
    Page("POST", "account/invitations/<int:pk>/revoke/", "/account/invitations/0/revoke/", OWNERS_NONE),
    Page("GET", "account/people/", "/account/people/", OWNERS),
    Page("GET", "account/people/<int:pk>/", "/account/people/1/", OWNERS),
    *(
        Page("GET", f"account/people/<int:pk>/{deed}/", f"/account/people/0/{deed}/", OWNERS_POST)
        for deed in DEEDS
    ),
    *(
        Page("POST", f"account/people/<int:pk>/{deed}/", f"/account/people/0/{deed}/", OWNERS_ASKED)
        for deed in DEEDS
    ),
    Page("GET", "account/apps/", "/account/apps/", OWNERS),
    Page("GET", "account/apps/bots/<int:pk>/", "/account/apps/bots/0/", OWNERS_NONE),
    Page("GET", "account/apps/hooks/<int:pk>/", "/account/apps/hooks/0/", OWNERS_NONE),
    *(
        Page("GET", f"account/apps/{pattern}", f"/account/apps/{path}", OWNERS_POST)
        for pattern, path in APP_DEEDS
    ),
    *(
        Page("POST", f"account/apps/{pattern}", f"/account/apps/{path}", OWNERS_ASKED)
        for pattern, path in APP_DEEDS
    ),
    Page("GET", "welcome/", "/welcome/", OWNERS),
    Page("POST", "welcome/", "/welcome/", OWNERS_FORM, {"name": "\u200b"}),
    Page("GET", "welcome/rooms/", "/welcome/rooms/", OWNERS),
    Page("POST", "welcome/rooms/", "/welcome/rooms/", OWNERS_FORM, {"main-title": ""}),
    Page("GET", "welcome/people/", "/welcome/people/", OWNERS),
    Page("POST", "welcome/people/", "/welcome/people/", OWNERS_FORM, {"places": "many"}),
    Page("GET", "status/", "/status/", UNSEEN),
    Page("POST", "status/", "/status/", UNSEEN.replace("200", "405")),
    Page("GET", "status/figures/", "/status/figures/", UNSEEN),
    Page("GET", "api/v1/docs", "/api/v1/docs", "- 200"),
    Page("GET", "api/v1/openapi.json", "/api/v1/openapi.json", "- 200"),
    Page("GET", "api/v1/^(?P<rest>.*)$", "/api/v1/nowhere", API_NOWHERE),
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


def rows_with_rooms() -> tuple[Row, ...]:
    """Rows whose cells have rooms of their own."""
    from tests.security.api_rights import CALLS  # Which is made of the rows of this.

    calls = (call.row for call in CALLS if "{room}" in call.path)
    return (*calls, *COMMANDS, *PLAIN, *(page.row for page in PAGES if "{room}" in page.path))
