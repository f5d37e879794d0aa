"""Colours for code, by Pygments' CSS classes. Only in the worker: a lexer may take any time it likes."""

from functools import cache
from html import escape

from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexers import get_all_lexers, get_lexer_by_name
from pygments.token import STANDARD_TYPES

CLASSES = frozenset(name for name in STANDARD_TYPES.values() if name)

_FORMATTER: HtmlFormatter[str] = HtmlFormatter(nowrap=True)


@cache
def languages() -> dict[str, str]:
    """What a language may be called, with its main name.

    Pygments' own only: for an unknown name it would read the metadata of every installed package.
    """
    return {
        alias.lower(): aliases[0] for _, aliases, _, _ in get_all_lexers(plugins=False) for alias in aliases
    }


def highlighted(code: str, language: str, at_most: int) -> tuple[str, int]:
    """(HTML of the code, characters that were coloured); `language` is a main name.

    What is beyond `at_most` characters stays plain, from the last line's end before it on.
    """
    end = len(code) if len(code) <= at_most else code.rfind("\n", 0, at_most) + 1
    if not end:
        return escape(code), 0
    lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    return highlight(code[:end], lexer, _FORMATTER) + escape(code[end:]), end
