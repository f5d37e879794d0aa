"""The conversation on the screen, with its scrolling."""

from __future__ import annotations

from prompt_toolkit.layout.controls import UIContent, UIControl
from prompt_toolkit.utils import get_cwidth

from teahouse.server.chat.drawn import drawn
from teahouse.server.chat.state import State
from teahouse.server.chat.text import wrap


class Talk(UIControl):
    """The conversation: always so many lines as there is room for, the last of them at the bottom."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.height = 1
        self.anchor: int | None = (
            None  # The newest message when scrolling began: what comes later moves nothing.
        )
        self.offset = 0
        self.at_top = False

    def create_content(self, width: int, height: int) -> UIContent:
        self.height = height
        messages = self.state.view.all
        if self.anchor is not None:
            messages = [one for one in messages if one["seq"] <= self.anchor]
        else:
            self.state.looked()
        view = self.state.view
        lines = drawn(messages, view.messages.get, width, get_cwidth, view.thread)
        for notice in self.state.notices:
            for line in notice.split("\n"):
                lines += wrap([("class:notice", line)], width, 2, get_cwidth)
        self.offset = max(0, min(self.offset, len(lines) - height))
        end = len(lines) - self.offset
        self.at_top = end <= height
        shown = lines[max(0, end - height) : end]
        shown = [[("", "")]] * (height - len(shown)) + shown
        return UIContent(lambda number: [*shown[number]], line_count=len(shown), show_cursor=False)

    def scroll(self, lines: int) -> None:
        if self.anchor is None and lines > 0:
            self.anchor = max((one["seq"] for one in self.state.view.all), default=0)
        self.offset = max(0, self.offset + lines)
        if self.offset == 0:
            self.to_end()

    def to_end(self) -> None:
        self.anchor, self.offset = None, 0
