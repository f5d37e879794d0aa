"""What a person may be called. In: a name somebody gave, or a user of the project. Out: a name that deceives nobody."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from teahouse.live.protocol import Problem
from teahouse.models.people import NAME_LENGTH, name_key

NAME_CHARACTERS: Final = 40
NAME_KEY_CHARACTERS: Final = 4 * NAME_LENGTH
REFUSED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Unicode categories that a name has none of: controls, text direction, surrogates, private use, line ends."""
JOINERS: Final = "\u200c\u200d"
"""Of category Cf too, but Persian, the scripts of India and emoji are written with them."""
# Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt), and the blank Braille pattern: not seen,
# whatever their category, so `Ann` with one of them is `Ann` to whoever reads it.
_NOT_SEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def clean_name(name: str) -> str:
    """A name as it is kept: NFC, 1 to 40 characters, one of them visible, single spaces between words.

    Raises:
        Problem: `invalid`, saying what is right.
    """
    name = unicodedata.normalize("NFC", name.strip())
    if any(unicodedata.category(char) in REFUSED and char not in JOINERS for char in name):
        raise _bad_name(
            "a name has no line ends, no control characters and none that change the text's direction"
        )
    name = " ".join(name.split())
    if len(name) > NAME_CHARACTERS:
        raise _bad_name(f"a name has 1 to {NAME_CHARACTERS} characters; this one has {len(name)}")
    if not as_seen(name).strip():
        raise _bad_name(f"a name has 1 to {NAME_CHARACTERS} characters, at least one that can be seen")
    # One character may be 18 in NFKC (U+FDFA).
    if len(name_key(name)) > NAME_KEY_CHARACTERS:
        raise _bad_name(f"written out (NFKC) a name has at most {NAME_KEY_CHARACTERS} characters")
    return name


def line(text: str, what: str, longest: int) -> str:
    """A line of text as it is kept: NFC, single spaces between words, nothing that changes the text's direction.

    Raises:
        Problem: `invalid`.
    """
    text = " ".join(unicodedata.normalize("NFC", text).split())
    if any(unicodedata.category(char) in REFUSED and char not in JOINERS for char in text):
        raise Problem("invalid", f"{what}: no control characters, and none that change the text's direction.")
    if len(text) > longest:
        raise Problem("invalid", f"{what}: at most {longest} characters; this one has {len(text)}.")
    return text


def as_seen(name: str) -> str:
    """The name without the characters that nobody sees."""
    return _NOT_SEEN.sub("", name)


def _bad_name(why: str) -> Problem:
    return Problem("invalid", f"name: {why}.")


def name_of(user: Any) -> str:
    """What a user of the project is called here: the full name, else the user name.

    Of an e-mail address, whichever of the two it is, the part before the @: an address is not for everybody.
    """
    full_name = user.get_full_name() if hasattr(user, "get_full_name") else ""
    login = user.get_username()
    if user.get_email_field_name() == user.USERNAME_FIELD:
        login = login.partition("@")[0]
    for name in (full_name, login):
        try:
            return clean_name(_without_host(name.strip())[:NAME_CHARACTERS])
        except Problem:
            continue  # Not chosen for a chat: the next will do.
    return f"user-{user.pk}"


def _without_host(name: str) -> str:
    """The part before the @ of an e-mail address; any other name as it is."""
    if "@" not in name:  # This is asked with each request of who is signed in.
        return name
    try:
        validate_email(name)
    except ValidationError:
        return name
    return name.rpartition("@")[0]
