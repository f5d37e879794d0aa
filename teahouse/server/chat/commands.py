"""What is typed behind a slash, and what it is called. Pure."""

from __future__ import annotations

import difflib
from typing import Final, NamedTuple

from teahouse.server.words import say


class Typed(NamedTuple):
    """A line: a command with what stands behind it, or with `name` None something to be said."""

    name: str | None
    rest: str


NAMES: Final = (
    "help", "rooms", "join", "leave", "msg", "who", "reply", "thread", "threads", "back", "edit", "delete",
    "react", "me", "quit",
)  # fmt: skip
SHORT: Final = {"h": "help", "?": "help", "j": "join", "l": "rooms", "list": "rooms", "w": "who", "r": "reply",
                "t": "thread", "b": "back",
                "e": "edit", "q": "quit", "exit": "quit", "part": "leave", "dm": "msg", "names": "who"}  # fmt: skip


def typed(line: str) -> Typed:
    """`//text` and a path such as `/etc/hosts` are said: a second slash before the first blank begins no command."""
    word, _, rest = line.partition(" ")
    if not word.startswith("/") or "/" in word[1:] or word == "/":
        return Typed(None, line[1:] if line.startswith("//") else line)
    name = word[1:].lower()
    return Typed(SHORT.get(name, name), rest.strip())


def nearest(name: str) -> str:
    """What is said to who typed a command that is not there."""
    close = difflib.get_close_matches(name, NAMES, 1)
    hint = say(f" Did you mean /{close[0]}?", f" 是不是 /{close[0]}？") if close else ""
    return say(f"There is no /{name}.{hint} /help lists all; // before a text says it.",
               f"没有 /{name}。{hint} /help 列出所有命令；以 // 开头则原样说出。")  # fmt: skip


def help_lines() -> list[str]:
    rows = [
        ("/join ROOM", say("go to a room and belong to it", "进入并加入房间")),
        ("/rooms [WORD]", say("your rooms, and open ones with that word", "你的房间，及含该词的公开房间")),
        ("/msg NAME [TEXT]", say("the conversation with somebody", "与某人的私聊")),
        ("/who", say("who is here, and who belongs here", "谁在这里，有哪些成员")),
        (
            "/reply [@NAME] TEXT",
            say("answer the last message, or somebody's last", "回复最后一条，或某人的最后一条"),
        ),
        (
            "/thread [@NAME] [TEXT]",
            say("answer in a thread; without a text, look at it", "在话题中回复；不写内容则查看"),
        ),
        (
            "/threads",
            say(
                "your threads; /thread 1 opens the first",
                "你参与的话题；/thread 1 打开第一个",
            ),
        ),
        ("/back", say("from a thread to its room", "从话题回到房间")),
        (
            "/edit [TEXT]",
            say(
                "change your last message, in the line below if empty",
                "修改你的最后一条；不写内容则在下方编辑",
            ),
        ),
        ("/delete", say("delete your last message", "删除你的最后一条")),
        ("/react EMOJI", say("react to the last message of others", "回应别人的最后一条")),
        ("/me TEXT", say("say what you do, in italics", "以斜体说你在做什么")),
        ("/leave", say("belong to this room no more", "退出此房间")),
        ("/quit", say("leave the chat; Ctrl-C too", "离开聊天；Ctrl-C 也可以")),
    ]
    keys = say(
        "Enter says it, Alt-Enter begins a line. PageUp and PageDown scroll, Ctrl-N and Ctrl-P change the room, Tab "
        "completes names. Text is Markdown.",
        "Enter 发送，Alt-Enter 换行。PageUp/PageDown 滚动，Ctrl-N/Ctrl-P 切换房间，Tab 补全名字。支持 Markdown。",
    )
    return [*(f"{left:<22} {right}" for left, right in rows), keys]
