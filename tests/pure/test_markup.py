"""What texts become: what a reader of a chat expects, nothing that runs, and nothing that takes long."""

import re
import sys
from html.parser import HTMLParser
from types import FrameType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from teahouse.render import beginnings, mentioned_names, needs_markup, render
from teahouse.render.highlight import CLASSES, languages
from teahouse.render.markup import ALIGNMENTS, HIGHLIGHTED, HTML_LIMIT, SHORT, TAGS, is_short, render_short
from tests.hostile import EXECUTES, PIECES

LINK = 'target="_blank" rel="nofollow noopener noreferrer"'


class Inspector(HTMLParser):
    """Refuses whatever is not on the list, and keeps what a reader would see."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.seen: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        if tag not in ("br", "hr"):
            self.open.append(tag)
        for name, value in attrs:
            self.inspect(tag, name, value or "")
        if tag == "a":
            names = [name for name, _ in attrs]
            assert sorted(names) == ["href", "rel", "target"]

    def inspect(self, tag: str, name: str, value: str) -> None:
        match tag, name:
            case "a", "href":
                assert re.match(r"(https?://|mailto:)", value, re.IGNORECASE), value
                assert not re.search(r"[\s\"<>\x00-\x1f]", value), value
            case "a", "target":
                assert value == "_blank"
            case "a", "rel":
                assert value == "nofollow noopener noreferrer"
            case "ol", "start":
                assert value.isdigit()
            case (("th" | "td"), "align"):
                assert value in ALIGNMENTS
            case "span", "class":
                assert set(value.split()) <= CLASSES
            case "code", "class":
                assert value.removeprefix("language-") in languages().values()
            case _:
                raise AssertionError(f"{tag} may not have {name}={value!r}")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.seen.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError("a comment")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError("a declaration")

    def handle_pi(self, data: str) -> None:
        raise AssertionError("a processing instruction")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError("a declaration")


def seen(html: str) -> str:
    return "".join(Inspector(html).seen)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**strong** _em_ ~~gone~~ `code`", "<strong>strong</strong> <em>em</em> <s>gone</s> <code>code</code>"),
        ("one\ntwo *three*", "one<br>\ntwo <em>three</em>"),
        ("http://example.com", f'<a href="http://example.com" {LINK}>http://example.com</a>'),
        ("www.example.com", f'<a href="http://www.example.com" {LINK}>www.example.com</a>'),
        ("bob@example.com", f'<a href="mailto:bob@example.com" {LINK}>bob@example.com</a>'),
        ("[tea](https://example.com)", f'<a href="https://example.com" {LINK}>tea</a>'),
        ('[tea](https://example.com "title")', f'<a href="https://example.com" {LINK}>tea</a>'),
        ("[](https://example.com)", f'<a href="https://example.com" {LINK}>https://example.com</a>'),
        ("<https://example.com>", f'<a href="https://example.com" {LINK}>https://example.com</a>'),
        # A picture would tell its server who reads; so it is a link.
        ("![cat](https://example.com/c.png)", f'<a href="https://example.com/c.png" {LINK}>cat</a>'),
        ("![](https://example.com)", f'<a href="https://example.com" {LINK}>https://example.com</a>'),
        ("[![cat](http://a.example)](http://b.example)", f'<a href="http://b.example" {LINK}>cat</a>'),
        # What leads nowhere is code, as people write it in a chat; it once lost its parentheses.
        ("*x* handlers[name]()", "<em>x</em> handlers[name]()"),
        ("[*x*]( )", "[<em>x</em>]()"),
        ("*x* ![cat]()", "<em>x</em> ![cat]()"),
        ("# Head", "<strong>Head</strong>"),
        ("&lt;b&gt; \\*x\\*", "&lt;b&gt; *x*"),
        # Punctuation ends an address in Chinese too, where no space does.
        ("看https://example.com/茶馆，好", f'看<a href="https://example.com/%E8%8C%B6%E9%A6%86" {LINK}>'
         "https://example.com/茶馆</a>，好"),
        ("www.example.com/茶，好", f'<a href="http://www.example.com/%E8%8C%B6" {LINK}>www.example.com/茶</a>，好'),
        ("（www.example.com）", f'（<a href="http://www.example.com" {LINK}>www.example.com</a>）'),
        # What is shown is what was typed: decoded it could be written from right to left.
        ("http://a.example/%E2%80%AE", f'<a href="http://a.example/%E2%80%AE" {LINK}>'
         "http://a.example/%E2%80%AE</a>"),
    ],
)  # fmt: skip
def test_a_line(text: str, html: str) -> None:
    assert needs_markup(text)
    assert render(text) == f"<p>{html}</p>"
    assert render_short(text) == f"<p>{html}</p>"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("1986. x\n1987. y", '<ol start="1986">\n<li>x</li>\n<li>y</li>\n</ol>'),
        ("> said\n> so", "<blockquote>\n<p>said<br>\nso</p>\n</blockquote>"),
        ("above\n---\nbelow", "<p>above</p>\n<hr>\n<p>below</p>"),
        ("    if x:\n        y", "<pre><code>if x:\n    y\n</code></pre>"),
        ("```nonesuch onload=x\n<b>\n```", "<pre><code>&lt;b&gt;\n</code></pre>"),
        (
            "```Python3\nx = '<b>'\n```",
            '<pre><code class="language-python"><span class="n">x</span> <span class="o">=</span> '
            "<span class=\"s1\">'&lt;b&gt;'</span>\n</code></pre>",
        ),
    ],
)
def test_a_block(text: str, html: str) -> None:
    assert render(text) == html


def test_a_table_is_aligned_without_style() -> None:
    html = render("tea|price\n-|-:\nLongjing|5")
    assert html is not None
    assert '<th>tea</th>\n<th align="right">price</th>' in html
    assert '<td align="right">5</td>' in html
    Inspector(html)


# What people and programs really write, and what looks like markup and is none.
PLAIN = [
    "",
    "hello",
    "茶馆里今天人很多，大家都在聊天。",
    'What? No! Yes: fine; "quoted" it\'s (so) {so} 50% $5 ^ = | a/b',
    "@梅 你好 @here @bob.",
    "+1",
    "-1 or so",
    "#1 in #channel",
    ":-) :D ;-p <3 >:(",
    "2 * 3 = 6",
    "snake_case and do_it_now",
    "main.py readme.md index.rs example.com",
    "sudo apt-get install -y build-essential && make",
    "for i in *.py; do echo $i; done",
    "<script>alert(1)</script>",
    "if (a < b && c > d) { return [x, y]; }",
    "C:\\Users\\bob",
    "\x0304,12red\x03 \x02bold\x0f \x1b[31mansi\x1b[0m \x07",
    "zero\u200bwidth \u202eleft to right\u202c \ufeff",
    "👩\u200d👩\u200d👧 ❤️ é e\u0301",
    "line one\nline two\n\nline four",
    "a@ b, @ and a @b",
    "ftp://example.com //example.com irc://example.com",
    "17:04 -!- bob [~bob] has joined",
]


@pytest.mark.parametrize("text", PLAIN)
def test_a_plain_text_has_no_html(text: str) -> None:
    assert render(text) is None
    assert render_short(text) is None


@pytest.mark.parametrize(
    "text", ["hello", "茶馆里今天人很多。", "@梅 你好", "+1", "#1 in #channel", ":D", "a < b"]
)
def test_the_usual_text_costs_no_parsing(text: str) -> None:
    assert not needs_markup(text)


@pytest.mark.parametrize("text", EXECUTES)
@pytest.mark.parametrize("render_it", [render, render_short])
def test_nothing_that_runs(text: str, render_it: Any) -> None:
    html = render_it(text)
    if html is not None:
        Inspector(html)


FRAGMENTS = st.sampled_from(PIECES)
TEXTS = st.lists(FRAGMENTS | st.text(max_size=5), max_size=40).map("".join) | st.text(max_size=80)


@settings(max_examples=1000, deadline=None)
@given(TEXTS)
@example("[x](http://a.b\n\n    ```js\n")
@example("*\u2028*")
@example("_\x1f_")
def test_whatever_is_written(text: str) -> None:
    html, short = render(text), render_short(text)
    for each in (html, short):
        if each is not None:
            Inspector(each)
    if not needs_markup(text):
        assert html is None
        # What needs_markup passes over must say the same without it. Markdown itself is asked, not needs_markup.
        assert without_shortcut(text) is None
    if is_short(text):
        assert short == html


def without_shortcut(text: str) -> str | None:
    """Renders also what needs_markup would pass over: a line with markup goes before, and is taken off again."""
    before = "<p><em>x</em></p>\n"
    html = render(f"*x*\n\n{text}")
    if html is None or html == before.strip():
        return None
    rest = html.removeprefix(before)
    plain = re.fullmatch(r"(<p>(?:[^<]|<br>)*</p>\s*)+", rest)
    same = "".join(seen(rest).split()) == "".join(text.replace("\0", "\ufffd").split())
    return None if plain and same else rest


@pytest.mark.parametrize("text", ["\0", "*a*\0*b*", "\ud800 *x*", "`\udfff`", "http://a.b/\ud800"])
def test_what_the_edge_refuses_does_not_crash(text: str) -> None:
    html = render(text)
    assert html is None or "\0" not in html


def test_the_inspector_refuses() -> None:
    for html in (
        "<p onclick=x>",
        "<script>",
        '<a href="javascript:x">',
        "<p>",
        "<!-- -->",
        '<span class="evil">',
    ):
        with pytest.raises((AssertionError, IndexError)):
            Inspector(html)


def test_colours_end_at_their_limit_and_code_does_not() -> None:
    line = "x = 'text'\n"
    code = line * (2 * HIGHLIGHTED // len(line))
    html = render(f"```python\n{code}```")
    assert html is not None
    assert seen(html).strip() == code.strip()
    coloured = html.count('<span class="n">x</span>')
    assert HIGHLIGHTED // len(line) - 1 <= coloured <= HIGHLIGHTED // len(line)
    twice = render(f"```python\n{code[:4400]}```\n\n```python\n{code[:4400]}```")
    assert twice is not None
    assert twice.count('<span class="n">x</span>') == coloured


def test_html_is_bounded() -> None:
    cells = 60
    bomb = "|" + "a|" * cells + "\n|" + "-|" * cells + "\n" + "|\n" * 200
    assert len(bomb) < 2000
    assert render(bomb) is None
    links = " ".join(f"http://a.example/{n}" for n in range(500))
    html = render(links)
    assert html is not None
    assert len(html) < HTML_LIMIT


def test_a_reference_is_not_multiplied() -> None:
    text = f"[a]: http://a.example/{'x' * 300}\n\n" + "[a] " * 40 + "*x*"
    html = render(text)
    assert html is not None
    assert html.count("<a ") == 1
    assert len(html) < 3 * len(text)


def runs(first: str, then: str) -> str:
    return "".join(first * n + then for n in range(1, 40))


# The worst found for markdown-it, linkify-it and nh3, each cut to what is rendered without the worker.
WORST = {
    "brackets": "[" * SHORT,
    "pictures": "![" * SHORT,
    "closed brackets": "[](" * SHORT,
    "brackets in brackets": "[a" * SHORT + "](b)" * SHORT,
    "footnotes": "[^" * SHORT,
    "open links": "[a](b" * SHORT,
    "open titles": '[a](b "' * SHORT,
    "open angles": "[a](<b" * SHORT,
    "emphasis and brackets": "*[" * SHORT,
    "emphasis never closed": "*a " * SHORT,
    "emphasis mixed": "*_" * SHORT,
    "emphasis nested": "*a _b " * SHORT,
    "emphasis in runs": "a***b " * SHORT,
    "strikes": "~~a " * SHORT,
    "backticks": "`a " * SHORT,
    "backticks in runs": runs("`", " ").replace("```", "``a"),
    "autolinks": "<http://" * SHORT,
    "comments": "<!--" * SHORT,
    "entities": "&#x1;" * SHORT,
    "backslashes": "\\*" * SHORT,
    "quotes": ">" * SHORT,
    "quotes in lines": "> a\n" * SHORT,
    "lists": "- a\n" * SHORT,
    "lists in lists": "- " * SHORT,
    "lists deeper and deeper": "".join("  " * n + "- a\n" for n in range(40)),
    "headings": "# a\n" * SHORT,
    "lines": "a\n" * SHORT + "*x*",
    "addresses": "http://a.b/ " * SHORT,
    "open addresses": "http://a/(" * SHORT,
    "schemes": "http://" * SHORT,
    "more schemes": "https:https://" * SHORT,
    "names": "https://a." * SHORT,
    "www": "www." * SHORT,
    "mail": "a@b.c " * SHORT,
    "mail in mail": "a@" * SHORT,
    "mailto": "mailto:" * SHORT,
    "punycode": "http://xn--a " * SHORT,
    "words": "*茶馆" * SHORT,
}  # fmt: skip


@pytest.mark.parametrize("name", WORST)
def test_a_short_text_costs_little_whatever_it_is(name: str) -> None:
    """Counted in lines of Python run, for a clock depends on the machine's other work.

    The worst stands at 16 times what a lively text of the same length takes; with tables it would be 150.
    """
    text = "*x*" + WORST[name][: SHORT - 3]
    assert is_short(text), "not rendered here, so this proves nothing"
    lively = ("Hello *world*, see https://example.com/x and `so on`. " * 20)[:SHORT]
    assert 0.2 < lines_run(text) / lines_run(lively) < 25


def lines_run(text: str) -> int:
    count = 0

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal count
        count += 1
        return trace

    render_short(text)
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        render_short(text)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("text", ["```\nx\n```", "~~~\nx\n~~~", "a|b\n-|-\n1|2", "*x*" + "y" * SHORT])
def test_what_could_take_long_is_not_short(text: str) -> None:
    assert not is_short(text)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("no one", []),
        ("@梅 你好", ["梅 你好"]),
        ("@Ada Lovelace said to @Conor O'Brien, that", ["Ada Lovelace said to", "Conor O'Brien"]),
        ("@a b c d e f g", ["a b c d e f"]),
        ("@Ada  Lovelace @Ada\nLovelace @Ada`of`Lovelace", ["Ada"]),
        ("你好@梅，@bob. 还有 @here、@room", ["梅", "bob", "here", "room"]),
        ("@bob @Bob @bob", ["bob", "Bob"]),
        ("(@a-b) @c.d! @e_f's", ["a-b", "c.d", "e_f's"]),
        ("@梅你好", ["梅你好"]),
        ("bob@example.com https://example.com/@bob a.@b @@c", []),
        ("@ @- @!", []),
        ("`@no` @yes ``@no ` @no`` `@unclosed", ["yes", "unclosed"]),
        ("```\n@no\n``` @yes", ["yes"]),
        ("@yes\n```py\n@no", ["yes"]),
    ],
)
def test_mentioned_names(text: str, names: list[str]) -> None:
    assert mentioned_names(text) == names


@pytest.mark.parametrize(
    ("name", "tried"),
    [
        ("bob", ["bob"]),
        ("room", ["room"]),
        ("Bob你好", ["Bob你好", "Bob你", "Bob"]),
        ("梅hello", ["梅hello", "梅"]),
        ("梅你", ["梅你", "梅"]),
        ("roomservice", ["roomservice"]),
        ("bob.你", ["bob.你", "bob"]),
        ("Ada Lovelace said", ["Ada Lovelace said", "Ada Lovelace", "Ada"]),
        ("Bob's tea", ["Bob's tea", "Bob's", "Bob"]),
        ("梅 你", ["梅 你", "梅"]),
    ],
)
def test_where_a_name_may_end(name: str, tried: list[str]) -> None:
    assert beginnings(name) == tried


@given(TEXTS)
def test_mentions_of_whatever_is_written(text: str) -> None:
    names = mentioned_names(text)
    assert len(set(names)) == len(names)
    assert all(f"@{name}" in text for name in names)
