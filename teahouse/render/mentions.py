"""Whom a text calls by name."""

import re

# An address (bob@example.com, https://example.com/@bob) is no mention. CJK texts put no space before the @,
# so only what may end an address keeps it from being one.
_MENTION = re.compile(r"(?<![A-Za-z0-9_.+\-/@])@(\w(?:[\w.\-]*\w)?)")
# Scripts that put no space between words: a name runs on into what follows, and may be followed by other words.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)
_LONGEST = 60  # As long as names are.
_BACKTICKS = re.compile(r"`+")


def mentioned_names(text: str) -> list[str]:
    """The names after an @, each once, in their order, as they are written; `here` and `room` are names too.

    A name is word characters with dots and hyphens between. Code is not looked at. In a script without spaces
    a name runs on into the words after it (`@梅你好`), so the caller also tries its beginnings.
    """
    if "@" not in text:
        return []
    return list(dict.fromkeys(_MENTION.findall(_without_code(text))))


def beginnings(name: str) -> list[str]:
    """What a name may be in a script without spaces: itself, or what it begins with, the longest first.

    `Bob` is nothing but Bob; `Bob你好` may be Bob, Bob你 or Bob你好.
    """
    ends = range(min(len(name), _LONGEST + 1) - 1, 0, -1)
    cut = [name[:end] for end in ends if _UNSPACED.match(name[end]) or _UNSPACED.match(name[end - 1])]
    return list(dict.fromkeys([name, *(one.rstrip(".-") for one in cut)]))


def _without_code(text: str) -> str:
    """The text with a space for each code span and fenced block: from backticks to the next as many (CommonMark 6.1).

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
    return " ".join([*pieces, text[position:]])


def _next_alike(runs: list[re.Match[str]]) -> list[int | None]:
    """For each run of backticks the index of the next one as long."""
    latest: dict[int, int] = {}
    alike: list[int | None] = [None] * len(runs)
    for at in reversed(range(len(runs))):
        length = len(runs[at][0])
        alike[at] = latest.get(length)
        latest[length] = at
    return alike
