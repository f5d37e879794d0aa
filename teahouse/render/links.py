"""What becomes a link in a message, and where it may lead."""

import re
from html import escape
from typing import Any

import nh3
from linkify_it import LinkifyIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

SCHEMES = frozenset({"http", "https", "mailto"})
# Nothing relative to the page of the chat; no javascript:, whatever stands before or within it.
_ADDRESS = nh3.Cleaner(
    tags={"a"}, attributes={"a": {"href"}}, url_schemes=set(SCHEMES), url_relative="deny", link_rel=None
)
# East Asian texts have no space between an address and what follows it; linkify-it knows only ASCII punctuation.
_ENDS_ADDRESS = re.compile(r"[，。！？；：、（）《》〈〉「」『』【】〔〕“”‘’…\u3000]")


def may_lead_to(url: str) -> bool:
    """Whether a link may go there: a whole address of http, https or mailto.

    The cleaner itself is asked, not a pattern: where two readers of addresses differ, a link would lose its
    target at the end, or keep one that it should not have.
    """
    return "href" in _ADDRESS.clean(f'<a href="{escape(url)}">')


class Linkifier:
    """linkify-it, as markdown-it calls it, for a chat.

    An address needs its scheme or `www.`: linkify-it's own guess makes links of `main.py` and `readme.md`.
    """

    def __init__(self) -> None:
        self._linkify = LinkifyIt({}, {"fuzzy_link": False, "fuzzy_email": True})
        for scheme in ("ftp:", "//"):
            self._linkify.add(scheme, None)
        part = self._linkify.re
        # Eight names at most: each www. of `www.www.www.…` would else be followed to the end of the text.
        www = rf"(?:(?:{part['src_domain']})\.){{1,8}}{part['src_domain_root']}"
        www += part["src_port"] + part["src_host_terminator"] + part["src_path"]
        validate = re.compile(f"^{www}", re.IGNORECASE)
        self._linkify.add("www.", {"validate": validate, "normalize": _complete_www})

    def pretest(self, text: str) -> bool:
        return bool(self._linkify.pretest(text)) or "www." in text.lower()

    def test(self, text: str) -> bool:
        return bool(self._linkify.test(text))

    def match(self, text: str) -> list[Any]:
        links, start = [], 0
        for piece in _ENDS_ADDRESS.split(text):
            for link in self._linkify.match(piece) or ():
                link.index += start
                link.last_index += start
                links.append(link)
            start += len(piece) + 1
        return links

    def match_at_start(self, text: str) -> Any:
        end = _ENDS_ADDRESS.search(text)
        return self._linkify.match_at_start(text[: end.start()] if end else text)


def _complete_www(_linkify: Any, link: Any) -> None:
    link.url = "http://" + link.url


def pictures_as_links(state: StateCore) -> None:
    """A markdown-it rule: a picture becomes a link to it, a link without a text shows its address, and one without
    an address is what was typed: in a chat `handlers[name]()` is code.

    A picture shown would tell a stranger's server who reads the room and when.
    """
    for token in state.tokens:
        if token.children:
            token.children = _shown(token.children)


def _shown(tokens: list[Token]) -> list[Token]:
    shown: list[Token] = []
    inside = leads_nowhere = False
    for token in tokens:
        if token.type == "image" and not token.attrs["src"]:
            shown.append(_text(f"![{token.content}]()", token.level))
            continue
        if token.type == "image":
            text = _text(token.content or str(token.attrs["src"]), token.level)
            shown += [text] if inside else [_open(token), text, _close(token)]
            continue
        if token.type == "link_open" and not token.attrs["href"]:
            leads_nowhere = True
            shown.append(_text("[", token.level))
            continue
        if token.type == "link_close" and leads_nowhere:
            leads_nowhere = False
            shown.append(_text("]()", token.level))
            continue
        if token.type == "link_open":
            inside = True
        elif token.type == "link_close":
            inside = False
            if shown[-1].type == "link_open":
                shown.append(_text(str(shown[-1].attrs["href"]), token.level))
        shown.append(token)
    return shown


def _open(image: Token) -> Token:
    return Token("link_open", "a", 1, attrs={"href": image.attrs["src"]}, level=image.level)


def _text(content: str, level: int) -> Token:
    return Token("text", "", 0, content=content, level=level)


def _close(image: Token) -> Token:
    return Token("link_close", "a", -1, level=image.level)
