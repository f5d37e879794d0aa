"""What each key does, and how names are completed."""

from __future__ import annotations

from collections.abc import Iterator

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from teahouse.server.chat.commands import NAMES
from teahouse.server.chat.state import State
from teahouse.server.chat.talk import Talk
from teahouse.server.chat.text import clean


def keys(state: State, buffer: Buffer, talk: Talk) -> KeyBindings:
    """Those of the chat, beside prompt-toolkit's own for writing."""
    found = KeyBindings()
    _of_writing(found, state, buffer, talk)
    _of_moving(found, state, buffer, talk)
    return found


def _of_writing(keys: KeyBindings, state: State, buffer: Buffer, talk: Talk) -> None:
    @keys.add("enter")
    def enter(event: KeyPressEvent) -> None:
        line, buffer.text = buffer.text, ""
        talk.to_end()
        if line.strip():
            state.start(state.enter_line(line))

    @keys.add("escape", "enter")
    def new_line(event: KeyPressEvent) -> None:
        buffer.insert_text("\n")

    @keys.add("tab")
    def complete(event: KeyPressEvent) -> None:
        if buffer.complete_state:
            buffer.complete_next()
        else:
            buffer.start_completion(select_first=True)

    @keys.add("c-c")
    @keys.add("c-d", filter=Condition(lambda: not buffer.text))
    def leave(event: KeyPressEvent) -> None:
        event.app.exit(result=0)


def _of_moving(keys: KeyBindings, state: State, buffer: Buffer, talk: Talk) -> None:
    @keys.add("pageup")
    def up(event: KeyPressEvent) -> None:
        talk.scroll(talk.height - 1)
        if talk.at_top:
            state.start(state.older())

    @keys.add("pagedown")
    def down(event: KeyPressEvent) -> None:
        talk.scroll(1 - talk.height)

    @keys.add("end")
    def end(event: KeyPressEvent) -> None:
        talk.to_end()
        buffer.cursor_position += buffer.document.get_end_of_line_position()

    @keys.add("c-n")
    def next_room(event: KeyPressEvent) -> None:
        talk.to_end()
        state.start(state.next_room(1))

    @keys.add("c-p")
    def room_before(event: KeyPressEvent) -> None:
        talk.to_end()
        state.start(state.next_room(-1))


class Names(Completer):
    """Commands behind a slash, people behind an @, of those who are here and those who spoke."""

    def __init__(self, state: State) -> None:
        self.state = state

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        before = document.text_before_cursor
        word = before.split(" ")[-1].split("\n")[-1]
        if before.startswith("/") and " " not in before:
            yield from (
                Completion(f"/{name} ", -len(before)) for name in NAMES if name.startswith(before[1:])
            )
        elif before.startswith("/join "):
            yield from (Completion(name, -len(word)) for name in self.state.rooms if name.startswith(word))
        elif word:
            start = word.removeprefix("@").lower()
            yield from (
                Completion(f"@{name} ", -len(word))
                for name in self._people()
                if name.lower().startswith(start)
            )

    def _people(self) -> list[str]:
        room = self.state.room
        here = [clean(one["name"]) for one in room.here if "name" in one] if room is not None else []
        spoke = [clean(one["by"]["name"]) for one in reversed(self.state.view.all)]
        return list(dict.fromkeys([*here, *spoke]))
