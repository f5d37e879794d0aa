"""What strangers say, as lines of a terminal: nothing commands it, nothing is wider than it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.utils import get_cwidth

from teahouse.server.chat.commands import typed
from teahouse.server.chat.drawn import drawn
from teahouse.server.chat.markup import lines_of
from teahouse.server.chat.text import clean, cut, wrap
from teahouse.server.chat.view import HELD, RoomView

MEI = {"id": 7, "name": "Mei", "kind": "user"}
BOB = {"id": 8, "name": "Bob", "kind": "user"}


def plain(lines: list[list[tuple[str, str]]]) -> list[str]:
    return ["".join(text for _, text in line) for line in lines]


def wrapped(text: str, width: int, indent: int = 0) -> list[str]:
    return plain(wrap([("", text)], width, indent, get_cwidth))


def test_what_would_command_the_terminal_is_not_shown() -> None:
    assert clean("a\x1b[31mb\x07\x9b\u202ec\td\r\ne") == "a\ufffd[31mb\ufffd\ufffd\ufffdc    d\ne"
    assert clean("茶 🍵 é") == "茶 🍵 é"
    assert "\x1b" not in "".join(plain(lines_of("<p>a\x1b]0;title\x07</p>")))


@pytest.mark.parametrize(
    ("text", "width", "indent", "lines"),
    [
        ("one two three", 9, 2, ["one two ", "  three"]),
        ("喝茶喝茶喝茶", 7, 2, ["喝茶喝", "  茶喝", "  茶"]),
        ("tea喝茶", 6, 0, ["tea喝", "茶"]),
        ("abcdefghij", 4, 1, ["abcd", " efg", " hij"]),
        ("", 4, 0, [""]),
        ("茶", 1, 0, ["茶"]),
    ],
)
def test_lines_break_at_blanks_and_between_chinese_characters(
    text: str, width: int, indent: int, lines: list[str]
) -> None:
    assert wrapped(text, width, indent) == lines


@given(st.text(st.sampled_from("ab 茶喝é"), max_size=60), st.integers(4, 20))
def test_no_line_is_wider_and_nothing_but_blanks_is_lost(text: str, width: int) -> None:
    lines = wrapped(text, width, 2)
    assert all(get_cwidth(line.rstrip()) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_a_title_that_is_too_long_is_cut() -> None:
    assert cut("喝茶喝茶", 8, get_cwidth) == "喝茶喝茶"
    assert cut("喝茶喝茶", 7, get_cwidth) == "喝茶喝…"


@pytest.mark.parametrize(
    ("html", "lines"),
    [
        ("<p>a <strong>b</strong> <em>c</em></p>", ["a b c"]),
        ("<p>one<br>two</p>\n<p>three</p>", ["one", "two", "three"]),
        ("<ul>\n<li>one\n<ul>\n<li>in</li>\n</ul>\n</li>\n<li>two</li>\n</ul>", ["• one ", "  • in", "• two"]),
        ('<ol start="3"><li>c</li><li>d</li></ol>', ["3. c", "4. d"]),
        ("<pre><code>if x:\n    y\n\nz\n</code></pre>", ["if x:", "    y", "", "z"]),
        ("<blockquote>\n<p>said</p>\n</blockquote>\n<p>yes</p>", ["│ said", "yes"]),
        ('<p><a href="https://a.example/">https://a.example/</a></p>', ["https://a.example/"]),
        ('<p><a href="https://evil.example/">https://bank.example</a></p>',
         ["https://bank.example <https://evil.example/>"]),
        ("<p>&lt;b&gt; &amp; &eacute;</p>", ["<b> & é"]),
        ("", [""]),
    ],
)  # fmt: skip
def test_what_the_server_made_of_markdown(html: str, lines: list[str]) -> None:
    assert plain(lines_of(html)) == lines


def said(seq: int, by: dict[str, Any] = MEI, **more: Any) -> dict[str, Any]:
    return {"id": seq, "seq": seq, "at": "2026-11-27T10:00:00Z", "by": by, "text": f"text {seq}", **more}


def event(seq: int, kind: str, message: dict[str, Any]) -> Any:
    return {"event": kind, "room": "main", "seq": seq, "at": "", "message": message}


def page(*messages: dict[str, Any], seq: int, before: bool = False) -> Any:
    more = {"before": before, "after": False}
    return {"messages": list(messages), "position": {"epoch": "e", "seq": seq}, "more": more}


def test_a_room_as_it_is_after_each_event() -> None:
    view = RoomView()
    view.page(page(said(1, rev=4), said(2, BOB, rev=2), seq=4, before=True))
    assert not view.apply(event(4, "message", said(1, text="older than the page")))
    assert view.apply(event(5, "message", said(5)))
    assert view.apply(event(6, "reactions", {"id": 2, "reactions": {"🍵": [7]}}))
    assert view.apply(event(7, "message", said(2, BOB, text="edited", edited="now")))
    assert view.apply(event(8, "message", said(8, root={"id": 2, "seq": 2}))), "said in a thread"
    assert view.apply(event(9, "thread", {"id": 2, "thread": {"count": 1, "people": []}}))
    assert not view.apply(event(10, "message", said(3, text="an edit of what is not held")))
    assert view.apply(event(11, "deleted", {**said(1), "deleted": "now"}))
    assert [one["id"] for one in view.all] == [1, 2, 5, 8]
    assert view.messages[2]["reactions"] == {"🍵": [7]}
    assert view.last == 11
    assert view.last_of(person=7, name="")["id"] == 8  # type: ignore[index]
    assert view.last_in_thread() is view.messages[8]
    assert view.last_of(besides=7)["text"] == "edited"  # type: ignore[index]
    view.page(page(said(-1), seq=11), older=True)
    assert (view.first, view.last, view.more_before) == (-1, 11, False)
    lines = "\n".join(plain(drawn(view.all, view.messages.get, 40, get_cwidth)))
    assert "Mei: deleted" in lines
    assert "Bob: edited (edited)\n      🍵 1\n      ↳ 1 in its thread" in lines
    assert "Mei ↳ in a thread Bob: edited\n      text" in lines
    time = f"{datetime.fromisoformat(said(1)['at']).astimezone():%H:%M}"
    reply = said(12, reply={"id": 2, "seq": 2, "by": BOB}, html="<pre><code>x\n</code></pre>")
    assert plain(drawn([reply], view.messages.get, 26, get_cwidth))[1:] == [
        f"{time} Mei ↱ Bob: edited",
        "      x",
    ]
    assert plain(drawn([reply], view.messages.get, 20, get_cwidth))[1] == f"{time} Mei ↱ Bob: ed…"


def test_a_thread_as_it_is_after_each_event() -> None:
    root, inside = said(2, BOB, thread={"count": 2, "people": []}), {"id": 2, "seq": 2}
    view = RoomView(2)
    view.page({**page(said(4, root=inside), seq=5, before=True), "root": root})  # type: ignore[typeddict-item]
    assert (view.first, view.last) == (4, 5)
    assert view.apply(event(6, "message", said(6, root=inside)))
    assert not view.apply(event(7, "message", said(7))), "said in the room"
    assert not view.apply(event(8, "message", said(8, root={"id": 1, "seq": 1}))), "said in another thread"
    assert view.apply(event(9, "message", said(2, BOB, text="the root, edited", edited="now")))
    view.page({**page(said(3, root=inside), seq=9), "root": view.messages[2]}, older=True)  # type: ignore[typeddict-item]
    assert [one["id"] for one in view.all] == [2, 3, 4, 6]
    assert view.messages[2]["text"] == "the root, edited"
    lines = plain(drawn(view.all, view.messages.get, 30, get_cwidth, view.thread))
    assert lines.index("─" * 30) == 3
    assert not any("↳" in line for line in lines)


def test_not_more_messages_are_held_than_so_many() -> None:
    view = RoomView()
    view.page(page(seq=0))
    for seq in range(1, HELD + 11):
        view.apply(event(seq, "message", said(seq)))
    assert (len(view.all), view.first, view.more_before) == (HELD, 11, True)


@pytest.mark.parametrize(
    ("line", "name", "rest"),
    [
        ("hello", None, "hello"),
        ("/join  tea ", "join", "tea"),
        ("/J tea", "join", "tea"),
        ("//join tea", None, "/join tea"),
        ("/etc/hosts is there", None, "/etc/hosts is there"),
        ("/ is a path", None, "/ is a path"),
        ("/quit", "quit", ""),
    ],
)
def test_what_is_a_command(line: str, name: str | None, rest: str) -> None:
    assert typed(line) == (name, rest)
