"""What stands in the form of a room's page, for who has no JavaScript. In: a text, and why it was not said. Out: pieces
of HTML for the template.
"""

from __future__ import annotations

import secrets
from html import escape
from typing import Final, NamedTuple

from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from teahouse.live.protocol import Problem
from teahouse.web.form_token import token_for

STATUSES: Final = {
    "not_found": 404,
    "forbidden": 403,
    "archived": 403,
    "banned": 403,
    "bad_token": 403,
    "guests_refused": 403,
    "name_taken": 409,
    "too_fast": 429,
    "busy": 503,
    "unavailable": 503,
}
WORDS: Final = {
    "forbidden": _("You may read this room, but not speak here."),
    "archived": _("The room is archived: nothing new is said here."),
    "banned": _("You are not let in here any more."),
    "bad_token": _("You are no longer signed in here."),
    "guests_refused": _("Guests are not let in here. Sign in first."),
    "name_taken": _("Somebody with an account has this name. Please take another."),
    "bad_name": _("A name has 1 to 40 visible characters."),
    "empty": _("A message needs at least one visible character."),
    "too_long": _("The message is too long."),
    "too_many": _("That would call too many people at once."),
    "too_fast": _("That was too fast. Wait a moment and try again."),
    "busy": _("The server has much to do. Try again in a moment."),
    "unavailable": _("The server cannot store anything at the moment. Try again in a moment."),
}


class Draft(NamedTuple):
    """`key` is the message's, so that a form that is sent twice says it once; empty: a new one. `asked`: whether the
    form itself was asked for, or sent.
    """

    text: str = ""
    name: str = ""
    key: str = ""
    problem: Problem | None = None
    asked: bool = True

    def has_form(self, request: HttpRequest) -> bool:
        """Whether the page has the form, or a link to it.

        A form needs a token, which needs a cookie. Who comes without any cookie mostly has JavaScript, or is a
        machine that reads: the page costs them an eighth less without a token, and they are given no cookie.
        """
        return self.asked or bool(request.COOKIES)

    @property
    def status(self) -> int:
        return 200 if self.problem is None else STATUSES.get(self.problem.code, 400)

    def holes(self, request: HttpRequest, language: str) -> dict[str, bytes]:
        """HTML for the places of this name in the template."""
        holes = {
            "csrf": token_for(request),
            "key": escape(self.key or new_key()),
            "draft": escape(self.text),
            "draft_name": escape(self.name),
            "refused": "",
        }
        if self.problem is not None:
            with translation.override(language):
                said = escape(words_for(self.problem))
            holes["refused"] = f'<p class="refused" role="alert">{said}</p>'
        return {name: html.encode() for name, html in holes.items()}


NOTHING: Final = Draft(asked=False)


def new_key() -> str:
    """A key for a message that nobody has said."""
    return f"form-{secrets.token_urlsafe(12)}"


def words_for(problem: Problem) -> str:
    """Why it was not said, in the language that is active."""
    words = WORDS.get(problem.code)
    return gettext(words) if words is not None else problem.message
