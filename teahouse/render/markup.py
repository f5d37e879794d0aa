"""What a text may become: Markdown as a chat expects it, cleaned by an allow-list.

Pure; what it costs is bounded by its callers (`renderer.py`).
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from teahouse.render.links import SCHEMES, Linkifier, may_lead_to, pictures_as_links

# Goes up with every change of what a text becomes; a message stores the version that made its HTML.
RENDER_VERSION = 1

# The longest text that is rendered here and not in the worker: the worst one found takes 5 ms
# (docs/design/rendering.md).
SHORT = 500
# Characters of code in one message that are coloured.
HIGHLIGHTED = 5_000
# Characters of HTML: more than any honest text of 10,000 characters needs, so what is beyond stays plain.
HTML_LIMIT = 100_000
# Lists in lists, emphasis in links …: 10,000 brackets cost by how deep they may nest.
NESTING = 10

TAGS = frozenset(
    "a blockquote br code em hr li ol p pre s span strong table tbody td th thead tr ul".split()  # noqa: SIM905
)
ALIGNMENTS = {"left", "center", "right"}

# Every character and beginning of a line that Markdown, as set up below, gives a meaning to, and every link. They
# may let too much through, never too little: `render` returns None for a text that turns out to have no markup.
# Other spaces than these three: some are none to Markdown, such as U+2028.
# Two patterns, because a set of characters at the beginning lets `re` skip all others: a microsecond, not five.
_INLINE = re.compile(
    r"""
    [*_`\]<\\&\r~:@.]
    (?: (?<=\*)(?=[^ \t\n][^*]*\*)
      | (?<=_)(?<![^\W_]_)(?=[^ \t\n][^_]*_)
      | (?<=`)(?=[^`]*`)
      | (?<=\])\(
      | (?<=<)(?=[^\s<>]*[:@])
      | (?<=\\)[!-/:-@\[-`{-~\n]
      | (?<=&)(?=\#?[A-Za-z0-9]{1,40};)
      | (?<=\r)
      | (?<=~)~
      | (?<=[pPsS]:)//
      | (?<=[wW][wW][wW]\.)
      | (?<=[A-Za-z0-9_.+\-;:&=$"]@)\S
    )
    """,
    re.VERBOSE,
)
_LINE_START = re.compile(
    r"""
    ^ (?: [ ]{4} | [ ]{0,3}\t
        | [ \t]* (?: > | \| | _[ \t]*_ | :?-[ \t]*[-|:] | (?: \#{1,6} | [*+\-] | [0-9]{1,9}[.)] ) (?: [ \t] | $ ) )
      )
    """,
    re.VERBOSE | re.MULTILINE,
)
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def needs_markup(text: str) -> bool:
    """Whether the text may have HTML: False for one without a link or anything Markdown gives a meaning to.

    A name after an @ is none: the client marks those.
    """
    if _INLINE.search(text) or _LINE_START.match(text):
        return True
    return "\n" in text and _LINE_START.search(text) is not None


def is_short(text: str) -> bool:
    """Whether `render_short` does all that `render` would, in little time whatever the text is."""
    if len(text) > SHORT or "```" in text or "~~~" in text:
        return False
    return not ("|" in text and "-" in text and "\n" in text)


def render(text: str) -> str | None:
    """Safe HTML, or None where the text has no markup or would have more than HTML_LIMIT characters of HTML.

    The time it takes has no useful bound: for texts of others use `Renderer`.
    """
    return _render(text, _markdown(full=True), _cleaner(full=True))


def render_short(text: str) -> str | None:
    """As `render`, without tables (500 characters can ask for 7,000 cells) and without colours for code."""
    return _render(text, _markdown(full=False), _cleaner(full=False))


def clean_html(html: str) -> str:
    """HTML that a project made, with what a message may hold and no more; its links may lead to its own pages."""
    return _own_cleaner().clean(html).strip()


@cache
def _own_cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags={*TAGS, "small"},
        attributes={"*": set(), "a": {"href"}, "ol": {"start"}},
        url_schemes=set(SCHEMES),
        url_relative="pass_through",
        link_rel="nofollow noopener noreferrer",
    )


def _render(text: str, markdown: MarkdownIt, cleaner: nh3.Cleaner) -> str | None:
    if not needs_markup(text) or _SURROGATE.search(text):
        return None
    env: dict[str, Any] = {}
    tokens = markdown.parse(text, env)
    if _says_only(text, tokens):
        return None
    html: str = markdown.renderer.render(tokens, markdown.options, env)
    if len(html) > HTML_LIMIT:
        return None
    html = cleaner.clean(html).strip()
    return html if html and len(html) <= HTML_LIMIT else None


def _says_only(text: str, tokens: Sequence[Token]) -> bool:
    """Whether the tokens are paragraphs of exactly this text: `2 * 3` and `snake_case` have no markup."""
    said: list[str] = []
    for token in tokens:
        if token.type == "inline":
            for child in token.children or ():
                if child.type not in ("text", "softbreak", "hardbreak"):
                    return False
                said.append(child.content)
                said.append(" ")
        elif token.type not in ("paragraph_open", "paragraph_close"):
            return False
    return "".join("".join(said).split()) == "".join(text.replace("\0", "\ufffd").split())


class ChatMarkdown(MarkdownIt):
    """markdown-it with this chat's opinion of links."""

    def validateLink(self, url: str) -> bool:  # noqa: N802
        return may_lead_to(url)

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802
        # As it was typed. Decoding %E2%80%AE would put a right-to-left override into what the reader checks.
        return link


@cache
def _markdown(*, full: bool) -> MarkdownIt:
    markdown = ChatMarkdown(
        "commonmark", {"html": False, "linkify": True, "breaks": True, "maxNesting": NESTING}
    )
    markdown.linkify = Linkifier()  # all that markdown-it calls of it
    markdown.enable(["linkify", "strikethrough"])
    # reference: [a]: URL and a thousand [a] make megabytes. lheading: a line under a line is a separator in a chat.
    markdown.disable(["reference", "lheading", "html_block", "html_inline"])
    markdown.core.ruler.push("pictures_as_links", pictures_as_links)
    markdown.add_render_rule("heading_open", _heading_open)
    markdown.add_render_rule("heading_close", _heading_close)
    if full:
        markdown.enable("table")
        markdown.core.ruler.push("align_without_style", _align_without_style)
        markdown.add_render_rule("fence", _fence)
    return markdown


@cache
def _cleaner(*, full: bool) -> nh3.Cleaner:
    classes: dict[str, set[str]] = {}
    if full:
        from teahouse.render.highlight import CLASSES, languages

        classes = {
            "span": set(CLASSES),
            "code": {f"language-{name}" for name in languages().values()},
        }
    return nh3.Cleaner(
        tags=set(TAGS),
        attributes={"*": set(), "a": {"href"}, "ol": {"start"}},
        tag_attribute_values={"th": {"align": ALIGNMENTS}, "td": {"align": ALIGNMENTS}},
        set_tag_attribute_values={"a": {"target": "_blank"}},
        allowed_classes=classes,
        url_schemes=set(SCHEMES),
        url_relative="deny",
        link_rel="nofollow noopener noreferrer",
    )


def _heading_open(
    renderer: RendererProtocol, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
) -> str:
    # A heading belongs to a page; in the middle of a conversation it is a line said loudly.
    return "<p><strong>"


def _heading_close(
    renderer: RendererProtocol, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
) -> str:
    return "</strong></p>\n"


def _fence(
    renderer: RendererProtocol, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
) -> str:
    from html import escape

    from teahouse.render.highlight import highlighted, languages

    code = tokens[idx].content
    info = tokens[idx].info.split(maxsplit=1)
    language = languages().get(info[0].lower()) if info else None
    if language is None:
        return f"<pre><code>{escape(code)}</code></pre>\n"
    left = env.setdefault("highlight_left", HIGHLIGHTED)
    html, used = highlighted(code, language, left)
    env["highlight_left"] = left - used
    return f'<pre><code class="language-{language}">{html}</code></pre>\n'


def _align_without_style(state: StateCore) -> None:
    """A markdown-it rule: tables are aligned by attribute, for the Content-Security-Policy lets no style through."""
    for token in state.tokens:
        if token.type in ("th_open", "td_open") and (style := token.attrs.pop("style", None)):
            token.attrs["align"] = str(style).removeprefix("text-align:")
