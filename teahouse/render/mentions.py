"""Whom a text calls by name."""

import re

# An address (bob@example.com, https://example.com/@bob) is no mention. CJK texts put no space before the @,
# so only what may end an address keeps it from being one.
# Names of people have several words: which of those that follow belong to one, only who knows the people can say.
_WORD = r"\w(?:[\w.\-'’]*\w)?"
_MENTION = re.compile(rf"(?<![A-Za-z0-9_.+\-/@])@({_WORD}(?: {_WORD}){{0,5}})")
# Scripts that put no space between words: a name runs on into what follows, and may be followed by other words.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)
_LONGEST = 60  # As long as names are.
_BACKTICKS = re.compile(r"`+")


def mentioned_names(text: str) -> list[str]:
    """The names after an @, each once, in their order, as they are written; `here` and `room` are names too.

    A name is up to six words, of word characters with dots, hyphens and apostrophes between. Code is not looked at.
    It may run on into what follows (`@Ada Lovelace said`, `@Bob's`, `@梅你好`), so its beginnings are tried too.
    """
    if "@" not in text:
        return []
    return list(dict.fromkeys(_MENTION.findall(_without_code(text))))


def beginnings(name: str) -> list[str]:
    """What a name may be: itself, or what it begins with, the longest first.

    `Bob` is nothing but Bob; `Bob says` may be Bob as well, and in a script without spaces `Bob你好` also Bob你.
    """
    ends = range(min(len(name), _LONGEST + 1) - 1, 0, -1)
    cut = [name[:end] for end in ends if _may_end(name, end)]
    return list(dict.fromkeys([name, *(one.rstrip(" .-'’") for one in cut)]))


def _may_end(name: str, end: int) -> bool:
    return name[end] in " '’" or any(_UNSPACED.match(char) for char in name[end - 1 : end + 1])


def _without_code(text: str) -> str:
    """The text with a line end for each code span and fence: from backticks to the next as many (CommonMark 6.1).

    One pass: backticks without an end are text, but as a fence (at the start of a line) they run to the end.
    """
    if "`" not in text:
        return text
    runs = list(_BACKTICKS.finditer(text))
    next_alike = _next_alike(runs)
    pieces, position, at = [], 0, 0
    while at < len(runs):
        run = runs[at]
        close = next_alike[at]
        is_fence = len(run[0]) >= 3 and not text[text.rfind("\n", 0, run.start()) + 1 : run.start()].strip()
        if close is None and not is_fence:
            at += 1
            continue
        pieces.append(text[position : run.start()])
        position = len(text) if close is None else runs[close].end()
        at = len(runs) if close is None else close + 1
    return "\n".join([*pieces, text[position:]])


def _next_alike(runs: list[re.Match[str]]) -> list[int | None]:
    """For each run of backticks the index of the next one as long."""
    latest: dict[int, int] = {}
    alike: list[int | None] = [None] * len(runs)
    for at in reversed(range(len(runs))):
        length = len(runs[at][0])
        alike[at] = latest.get(length)
        latest[length] = at
    return alike
