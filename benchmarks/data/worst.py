"""Twenty texts that cost a Markdown renderer or a lexer the most, each as long as a message may be, or just short of
the length up to which a text is rendered at once, in the loop that serves everyone.
"""

from __future__ import annotations

from typing import Final

LONGEST: Final = 10_000
AT_ONCE: Final = 500


def repeated(piece: str, length: int = LONGEST) -> str:
    return (piece * (length // len(piece) + 1))[:length]


def fenced(language: str, code: str) -> str:
    """Code in this language, to the full length."""
    head, foot = f"```{language}\n", "\n```"
    return head + repeated(code, LONGEST - len(head) - len(foot)) + foot


WORST: Final = {
    "open brackets": repeated("["),
    "open pictures": repeated("!["),
    "links in links": repeated("[a]("),
    "brackets that close": repeated("[", LONGEST // 2) + repeated("]", LONGEST // 2),
    "emphasis that never ends": repeated("*a _b "),
    "stars and underscores": repeated("**__"),
    "struck stars": repeated("~~*a"),
    "quotes in quotes": repeated(">"),
    "quotes, a level each line": "".join("> " * (n % 40 + 1) + "a\n" for n in range(300))[:LONGEST],
    "lists in lists": "".join(" " * (2 * n) + "- a\n" for n in range(99))[:LONGEST],
    "backticks of all lengths": "".join("`" * n + " " for n in range(1, 140))[:LONGEST],
    "a table of thousands of cells": "|a" * 60 + "|\n" + "|-" * 60 + "|\n" + repeated("|" * 60 + "\n", 9_000),
    "addresses without end": repeated("http://a.example.org/(("),
    "nearly links": repeated("www.a@b.c:"),
    "entities": repeated("&amp;&#0;&lt"),
    "escapes": repeated("\\*\\_\\`"),
    "a lexer that looks back (perl)": fenced("perl", "s{{{((/\\"),
    "a lexer that looks ahead (scala)": fenced("scala", 'f"""${a'),
    "open pictures, rendered at once": repeated("![", AT_ONCE),
    "open emphasis in brackets, rendered at once": repeated("*[", AT_ONCE),
}
assert len(WORST) == 20
assert all(len(text) <= LONGEST for text in WORST.values())
