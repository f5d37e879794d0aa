"""What a terminal chat does: the rooms, the one that is looked at, and what was typed. Draws nothing: `screen.py` does,
whenever `changed` is called."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

from teahouse.client import Client, Refused, Room, RoomLost
from teahouse.events import MessageState, Position
from teahouse.server.chat.commands import help_lines, nearest, typed
from teahouse.server.chat.text import clean
from teahouse.server.chat.view import RoomView
from teahouse.server.words import say

TYPING_EVERY: Final = 3.0
TYPING_LASTS: Final = 5.0
MARK_EVERY: Final = 1.0
LAST_WORDS: Final = 2.0
PAGE: Final = 50


class State:
    """One person's chat. `notices` are what the program itself says, until the next thing is typed."""

    def __init__(self, chat: Client, changed: Callable[[], None]) -> None:
        self.chat = chat
        self.changed = changed
        self.rooms: dict[str, dict[str, Any]] = {}
        self.of_room = RoomView()
        self.of_thread: RoomView | None = None
        self.threads: list[Any] = []  # As they were listed last.
        self.unread_threads = 0
        self.room: Room | None = None
        self.notices: list[str] = []
        self.typing: dict[int, tuple[str, float]] = {}
        self.draft: str | None = None
        self.unsent: dict[asyncio.Task[Any] | None, str] = {}
        self.over: BaseException | None = None
        self._marked: tuple[str, int | None, int] = ("", None, 0)
        self._marking = False
        self._said_typing = 0.0
        self._following: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    # Rooms

    async def enter(self, name: str, *, make: bool = False, since: Position | None = None) -> None:
        """Looks at a room.

        Raises:
            Refused: it is not there, or not one's own to see; then nothing has changed.
        """
        if make:
            await self.chat.command("subscribe", room=name, make=True)
        page = await self.chat.command("history", room=name, limit=PAGE)
        room = await self.chat.room(name, since=page["position"])
        if self._following is not None:
            self._following.cancel()
        if self.room is not None and self.room.name != room.name:
            # The server tells of rooms that are not followed how much is unread in them.
            await self.room.unfollow()
        self.room, self.of_room, self.of_thread, self.typing = room, RoomView(), None, {}
        self.of_room.page(page)
        self.rooms.setdefault(
            room.name, {"room": room.name, "title": room.state["title"], "unread": 0, "mentions": 0}
        )
        self._following = self.start(self._follow(room))
        self.looked()
        self.changed()

    @property
    def view(self) -> RoomView:
        """What is looked at: a thread, or the room itself."""
        return self.of_thread or self.of_room

    async def open_thread(self, root: int) -> None:
        """Looks at a thread of the room.

        Raises:
            Refused: there is no such message here.
        """
        view = RoomView(root)
        view.page(await self._here().history(thread=root, limit=PAGE))
        self.of_thread, self.typing = view, {}
        self.looked()
        self.changed()

    async def older(self) -> None:
        """Messages before the first one that is there."""
        view = self.view
        if self.room is None or not view.more_before or view.first is None:
            return
        view.more_before = False  # One page at a time.
        page = await self.room.history(before=view.first, limit=PAGE, thread=view.thread)
        view.page(page, older=True)
        self.changed()

    def listed(self) -> list[dict[str, Any]]:
        """One's rooms, conversations last, as they stand in a list."""
        return sorted(
            self.rooms.values(), key=lambda one: (one.get("kind") == "direct", title_of(one, self.me).lower())
        )

    @property
    def me(self) -> int:
        return self.chat.you["id"]

    async def next_room(self, step: int) -> None:
        names = [one["room"] for one in self.listed()]
        self.notices = []
        if self.room is not None and len(names) > 1:
            await self.enter(names[(names.index(self.room.name) + step) % len(names)])

    def looked(self) -> None:
        """The end of the room, or of its thread, is on the screen: it is read."""
        if self.room is None or self._marking:
            return
        mark = (self.room.name, self.view.thread, self.view.last)
        if self._marked == mark:
            return
        own = self.rooms.get(self.room.name)
        if own is not None and self.of_thread is None:
            own["unread"] = own["mentions"] = 0
        if self.room.role is not None:
            self._marking = True
            self.start(self._mark(self.room, mark))

    async def _mark(self, room: Room, mark: tuple[str, int | None, int]) -> None:
        try:
            _, thread, seq = self._marked = mark
            await room.read(seq, thread=thread)
            await asyncio.sleep(MARK_EVERY)
        finally:
            self._marking = False
        self.changed()

    # What comes

    async def run(self, name: str) -> None:
        """Until all is over."""
        self.hello()
        self.start(self._hear())
        try:
            await self.enter(name)
        except Refused as refused:
            if refused.code != "not_found" or "make" not in self.chat.hello["may"]:
                raise
            self.notices.append(
                say(
                    f"There is no room {name}; /join {name} makes it.",
                    f"没有房间 {name}；/join {name} 可创建。",
                )
            )
            if self.rooms:
                await self.enter(next(iter(self.rooms)))
        self.changed()

    def hello(self) -> None:
        """A session began: the rooms are as it says."""
        opened = self.room.name if self.room is not None else None
        self.unread_threads = self.chat.hello["threads"]
        visited = {name: own for name, own in self.rooms.items() if name == opened}
        self.rooms = visited | {own["room"]: dict(own) for own in self.chat.rooms}
        self.changed()

    async def _follow(self, room: Room) -> None:
        try:
            async for event in room.events():
                if event["event"] == "reset":
                    self.of_room.page(await room.history(limit=PAGE))
                    self.of_thread = None
                new = self.of_room.apply(event)
                if self.of_thread is not None:
                    new = self.of_thread.apply(event) or new
                if new or event["event"] == "reset":
                    self.typing.pop(event.get("by", {}).get("id", 0), None)
                    self.changed()
        except RoomLost:
            self.rooms.pop(room.name, None)
            self.room = self.of_thread = None
            self.notices.append(say(f"You may read {room.name} no more.", f"你不能再看 {room.name} 了。"))
            if self.rooms:
                await self.enter(next(iter(self.rooms)))
            self.changed()

    async def _hear(self) -> None:
        async for frame in self.chat.signals():
            match frame["signal"]:
                case "typing" if self._types_here(frame):
                    self.typing[frame["by"]["id"]] = (
                        clean(frame["by"]["name"]),
                        time.monotonic() + TYPING_LASTS,
                    )
                case "threads":
                    self.unread_threads = frame["unread"]
                case "head":
                    if (own := self.rooms.get(frame["room"])) is not None:
                        own |= {"unread": frame["unread"], "mentions": frame["mentions"]}
                    else:
                        self.rooms[frame["room"]] = {"title": frame["room"], **frame}
                case "room":
                    self.rooms.setdefault(frame["state"]["room"], {"unread": 0, "mentions": 0}).update(
                        frame["state"]
                    )
            self.changed()

    def _types_here(self, frame: dict[str, Any]) -> bool:
        here = self.room is not None and frame["room"] == self.room.name
        return here and frame.get("thread") == self.view.thread and frame["by"]["id"] != self.me

    def who_types(self) -> list[str]:
        now = time.monotonic()
        return [name for name, until in self.typing.values() if until > now]

    # What is typed

    async def enter_line(self, line: str) -> None:
        """Something was typed and Enter pressed. What is wrong with it becomes a notice."""
        self.notices = []
        command = typed(line)
        try:
            if command.name is None:
                await self._say(command.rest, thread=self.view.thread)
            elif (run := getattr(self, f"_do_{command.name}", None)) is not None:
                await run(command.rest)
            else:
                self.notices.append(nearest(command.name))
        except Refused as refused:
            self.notices.append(clean(refused.message))
            if command.name is None and self.draft is None:
                self.draft = line
        self.changed()

    def typed_something(self) -> None:
        """Tells the others, every few seconds at most."""
        now = time.monotonic()
        if self.room is not None and "speak" in self.room.may and now - self._said_typing > TYPING_EVERY:
            self._said_typing = now
            self.start(self._quietly(self.room.typing(self.view.thread)))

    async def _quietly(self, what: Any) -> None:
        try:
            await what
        except Refused:
            pass  # Typing is worth no message.

    def start(self, what: Any) -> asyncio.Task[Any]:
        """A task of this chat. What the server refuses is told, whatever else it raises ends the chat."""
        task = asyncio.create_task(what)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if isinstance(error, Refused) and self.chat.ended is None:
            self.notices.append(clean(error.message))
        else:
            self.over = self.over or error
        self.changed()

    async def stop(self) -> list[str]:
        """Ends it; what was said last has a moment to be stored. What the server has not acknowledged is returned."""
        if self.unsent and self.chat.connected:
            await asyncio.wait([task for task in self.unsent if task], timeout=LAST_WORDS)
        left = list(self.unsent.values())
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        return left

    def _here(self) -> Room:
        if self.room is None:
            raise Refused(
                {
                    "code": "not_found",
                    "message": say("You are in no room: /join ROOM", "你不在任何房间：/join 房间"),
                }
            )
        return self.room

    def _own_last(self) -> dict[str, Any]:
        if (found := self.view.last_of(person=self.me)) is None:
            raise Refused({"message": say("There is no message of yours here.", "这里没有你的消息。")})
        return found

    def _others_last(self, name: str = "") -> dict[str, Any]:
        if (found := self.view.last_of(besides=self.me, name=name)) is None:
            raise Refused({"message": say("There is no such message here.", "这里没有这样的消息。")})
        return found

    async def _say(self, text: str, *, reply: int | None = None, thread: int | None = None) -> None:
        if not text.strip():
            return
        task = asyncio.current_task()
        self.unsent[task] = text
        self.changed()
        try:
            await self._here().send(text, reply=reply, thread=thread)
        finally:
            del self.unsent[task]

    async def _do_help(self, _: str) -> None:
        self.notices += help_lines()

    async def _do_rooms(self, word: str) -> None:
        for own in self.listed():
            counts = f" {own['unread']}" if own.get("unread") else ""
            self.notices.append(f"{clean(own['room'])}{counts}  {clean(title_of(own, self.me))}")
        found = [one for one in (await self.chat.find_rooms(word))["rooms"] if one["room"] not in self.rooms]
        if found:
            self.notices.append(say("Open, to be joined with /join:", "可用 /join 加入的公开房间："))
        self.notices += [f"{clean(one['room'])} ({one['members']})  {clean(one['title'])}" for one in found]

    async def _do_join(self, name: str) -> None:
        name = name.removeprefix("#")
        try:
            await self.enter(name)
        except Refused as refused:
            if refused.code != "not_found" or "make" not in self.chat.hello["may"]:
                raise
            await self.enter(name, make=True)
        if "join" in self._here().may:
            await self._here().join()

    async def _do_leave(self, _: str) -> None:
        room = self._here()
        await room.leave()
        self.rooms.pop(room.name, None)
        if self.rooms:
            await self.enter(next(iter(self.rooms)))

    async def _do_msg(self, rest: str) -> None:
        name, _, text = rest.partition(" ")
        name = name.removeprefix("@")
        people = [who for who in await self.chat.find_people(name) if who["name"].lower() == name.lower()]
        if not people:
            raise Refused({"message": say(f"Nobody is called {name!r}.", f"没有人叫 {name!r}。")})
        await self.enter((await self.chat.direct(people[0]["id"]))["room"])
        await self._say(text)

    async def _do_who(self, _: str) -> None:
        room = self._here()
        here = ", ".join(sorted(clean(one.get("name", "?")) for one in room.here)) or str(room.here_count)
        self.notices.append(say(f"Here: {here}", f"在这里：{here}"))
        members = await room.members(limit=100)
        names = ", ".join(f"{clean(one['person']['name'])} ({one['role']})" for one in members["members"])
        self.notices.append(
            say(f"{members['count']} members: {names}", f"{members['count']} 名成员：{names}")
        )

    async def _do_reply(self, rest: str) -> None:
        name, text = _named(rest)
        message = self._others_last(name)
        root = message.get("root", {}).get("id", self.view.thread)
        await self._say(text, reply=message["id"], thread=root)

    async def _do_thread(self, rest: str) -> None:
        if rest.isdecimal() and 0 < int(rest) <= len(self.threads):
            listed = self.threads[int(rest) - 1]
            if self.room is None or self.room.name != listed["room"]:
                await self.enter(listed["room"])
            await self.open_thread(listed["message"]["id"])
            return
        name, text = _named(rest)
        root = self._thread_meant(name)
        if text:
            await self._say(text, thread=root)
        else:
            await self.open_thread(root)

    def _thread_meant(self, name: str) -> int:
        """That which is looked at; of who is named their last message's; else the one that the last news came from."""
        if name:
            message = self._others_last(name)
        elif self.view.thread is not None:
            return self.view.thread
        else:
            message = self.view.last_in_thread() or self._others_last()
        root: int = message.get("root", message)["id"]
        return root

    async def _do_threads(self, _: str) -> None:
        listed = await self.chat.threads(limit=20)
        self.threads = listed["threads"]
        for place, one in enumerate(self.threads, 1):
            unread = say(f" ({one['unread']} unread)", f"（{one['unread']} 未读）") if one["unread"] else ""
            self.notices.append(
                f"{place}. {title_of(dict(one), self.me)}{unread}: {_in_short(one['message'])}"
            )
        if not self.threads:
            self.notices.append(say("You take part in no thread.", "你没有参与任何话题。"))

    async def _do_back(self, _: str) -> None:
        self.of_thread = None
        self.looked()

    async def _do_edit(self, text: str) -> None:
        message = self._own_last()
        if text:
            await self._here().edit(message["id"], text)
        else:
            self.draft = f"/edit {message['text']}"

    async def _do_delete(self, _: str) -> None:
        await self._here().delete(self._own_last()["id"])

    async def _do_react(self, emoji: str) -> None:
        await self._here().react(self._others_last()["id"], emoji or "👍")

    async def _do_me(self, text: str) -> None:
        await self._say(f"*{text}*", thread=self.view.thread)

    async def _do_quit(self, _: str) -> None:
        self.over = SystemExit()


def _named(rest: str) -> tuple[str, str]:
    """The name behind an @ with which it begins, or none, and the rest."""
    if not rest.startswith("@"):
        return "", rest
    name, _, text = rest[1:].partition(" ")
    return name, text.strip()


def _in_short(message: MessageState) -> str:
    return " ".join(clean(message.get("text", "")).split())[:60] or say("deleted", "已删除")


def title_of(own: dict[str, Any], me: int) -> str:
    """What a room is called in a list: a conversation by the others in it."""
    if people := own.get("people"):
        return ", ".join(clean(one["name"]) for one in people if one["id"] != me)
    return clean(str(own.get("title") or own["room"]))
