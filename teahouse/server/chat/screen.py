"""The terminal chat as it is seen: a title, the conversation, what happens, a line to write in, the rooms. Drawn by
prompt-toolkit; what it shows and does is `state.py`'s."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.layout import (
    BufferControl,
    FloatContainer,
    FormattedTextControl,
    HSplit,
    Layout,
    VSplit,
    Window,
)
from prompt_toolkit.layout.containers import Float
from prompt_toolkit.layout.dimension import Dimension
from prompt_toolkit.layout.menus import CompletionsMenu
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.styles import Style
from prompt_toolkit.utils import get_cwidth

from teahouse.client import Client
from teahouse.server.chat.keys import Names, keys
from teahouse.server.chat.state import State, title_of
from teahouse.server.chat.talk import Talk
from teahouse.server.chat.text import Fragments, clean, cut
from teahouse.server.words import say, tell

STYLE: Final = Style.from_dict(
    {
        "bar": "reverse",
        "bar.here": "reverse bold",
        "dim": "ansibrightblack",
        "notice": "ansiyellow",
        "code": "ansicyan",
        "pre": "ansicyan",
        "quote": "ansibrightblack",
        "unread": "bold",
        "mention": "ansired bold",
        "prompt": "bold",
    }
)
INPUT_LINES: Final = 6


class Screen:
    """The application. `run` ends with /quit, Ctrl-C, or the session."""

    def __init__(self, chat: Client, room: str) -> None:
        self.app: Application[int] | None = None
        self.state = State(chat, self._changed)
        self._first = room
        self._buffer = Buffer(multiline=True, completer=Names(self.state), on_text_changed=self._typed)
        self._talk = Talk(self.state)
        chat.on_change = self._session_changed

    async def run(self) -> int:
        """The exit status: 1 where something that was said is perhaps not stored.

        Raises:
            ClientError: the session has ended for good.
        """
        self.app = Application(
            layout=self._layout(),
            key_bindings=keys(self.state, self._buffer, self._talk),
            style=STYLE,
            full_screen=True,
            mouse_support=False,
            color_depth=ColorDepth.DEPTH_4_BIT,
            refresh_interval=1.0,  # What somebody types is shown for some seconds.
        )
        try:
            self.state.start(self.state.run(self._first))
            await self.app.run_async()
        finally:
            unsent = await self.state.stop()
            if unsent:
                tell(
                    say(
                        "Without an answer of the server, so perhaps not sent:",
                        "未得到服务器确认，可能没有发出：",
                    )
                )
            for text in unsent:
                tell(f"  {clean(text)}")
        if self.state.over is not None and not isinstance(self.state.over, SystemExit):
            raise self.state.over
        return 1 if unsent else 0

    def _changed(self) -> None:
        if (draft := self.state.draft) is not None and not self._buffer.text:
            self.state.draft = None
            self._buffer.document = Document(draft)
        if self.app is None or not self.app.is_running:
            return
        if self.state.over is not None:
            if not self.app.future or not self.app.future.done():
                self.app.exit(result=0)
            return
        self.app.invalidate()

    def _session_changed(self) -> None:
        if self.state.chat.connected:
            self.state.hello()
        self._changed()

    def _typed(self, buffer: Buffer) -> None:
        if buffer.text and not buffer.text.startswith("/"):
            self.state.typed_something()

    def _layout(self) -> Layout:
        def bar(text: Callable[[], Any], style: str = "class:bar") -> Window:
            return Window(FormattedTextControl(text), height=1, style=style)

        prompt = Window(FormattedTextControl([("class:prompt", "> ")]), width=2)
        writing = Window(
            BufferControl(self._buffer),
            height=Dimension(min=1, max=INPUT_LINES),
            wrap_lines=True,
            dont_extend_height=True,
        )
        rows = HSplit(
            [
                bar(self._title),
                Window(self._talk, always_hide_cursor=True),
                bar(self._happening, "class:dim"),
                VSplit([prompt, writing]),
                bar(self._rooms),
            ]
        )
        menu = Float(CompletionsMenu(max_height=8), xcursor=True, ycursor=True)
        return Layout(FloatContainer(rows, [menu]), focused_element=writing)

    def _title(self) -> Fragments:
        width = self._width()
        room = self.state.room
        if room is None:
            return [("", " Teahouse")]
        count = say(f"{room.here_count} here ", f"{room.here_count} 人在 ")
        name = clean(title_of({**room.state}, self.state.me))
        topic = f"  {clean(room.state['topic'])}" if room.state["topic"] else ""
        if self.state.view.thread is not None:
            topic = say(" › thread (/back)", " › 话题（/back 返回）")
        left = cut(f" {name}{topic}".replace("\n", " "), width - get_cwidth(count) - 1, get_cwidth)
        return [("", left), ("", " " * (width - get_cwidth(left) - get_cwidth(count))), ("", count)]

    def _happening(self) -> Fragments:
        state = self.state
        if not state.chat.connected:
            waits = (
                say(f" {len(state.unsent)} waiting to be sent.", f" {len(state.unsent)} 条待发送。")
                if state.unsent
                else ""
            )
            return [
                ("class:mention", say(" Connection lost, trying again.", " 连接断开，正在重试。") + waits)
            ]
        if self._talk.anchor is not None:
            return [("", say(" ↓ End: back to the newest", " ↓ 按 End 回到最新"))]
        if names := state.who_types():
            shown = ", ".join(names[:3])
            return [("", cut(say(f" {shown} typing…", f" {shown} 正在输入…"), self._width(), get_cwidth))]
        if count := state.unread_threads:
            told = say(
                f" Something new in {count} of your threads: /threads", f" {count} 个话题有新消息：/threads"
            )
            return [("class:unread", told)]
        return [("", " /help")]

    def _rooms(self) -> Fragments:
        """As many as fit, around the one that is looked at."""
        opened = self.state.room.name if self.state.room is not None else None
        listed = self.state.listed()
        place = next((index for index, one in enumerate(listed) if one["room"] == opened), 0)
        found: Fragments = []
        used = 0
        for own in listed[max(0, place - 2) :] + listed[: max(0, place - 2)]:
            name = cut(title_of(own, self.state.me), 18, get_cwidth)
            count = f"({own['unread']})" if own.get("unread") and own["room"] != opened else ""
            text = f" [{name}] " if own["room"] == opened else f" {name}{count} "
            if used + get_cwidth(text) > self._width():
                break
            used += get_cwidth(text)
            style = "class:bar.here" if own["room"] == opened else "class:unread" if count else ""
            found.append((f"{style} class:mention" if count and own.get("mentions") else style, text))
        return found

    def _width(self) -> int:
        return 80 if self.app is None else self.app.output.get_size().columns
