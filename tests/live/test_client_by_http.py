"""The Python client where no WebSocket gets through: it goes on over HTTP, and back; nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from teahouse.client import Client, Refused, Room, RoomLost, SyncClient, Unreachable
from teahouse.client.by_http import ByHttp
from tests.browser.way import Mode, Way
from tests.live.cast import accounts, fresh
from tests.servers import Teahouse

SECONDS = 30
SENDS = 30
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def server() -> Iterator[Teahouse]:
    with Teahouse(env={"TEAHOUSE_LIMITS": "off"}) as server:
        yield server


@asynccontextmanager
async def behind(server: Teahouse, mode: Mode = "refuses", **who: Any) -> AsyncIterator[tuple[Client, Way]]:
    """Somebody behind a proxy, who comes back at once."""
    async with Way(server.port, mode) as way:
        client = Client(way.url, **who)
        client._connection._chance = lambda: 0.02
        async with client:
            yield client, way


async def heard(room: Room, until: str) -> list[dict[str, Any]]:
    """The events up to the message of that text."""
    found = []
    async with asyncio.timeout(SECONDS):
        async for event in room.events():
            found.append(dict(event))
            if event.get("message", {}).get("text") == until:
                break
    return found


async def signalled(client: Client, signal: str) -> dict[str, Any]:
    async with asyncio.timeout(SECONDS):
        async for frame in client.signals():
            if frame["signal"] == signal:
                return frame
    raise AssertionError("the client was closed")


async def until(client: Client, *, by_http: bool) -> None:
    """Waits for a session of this kind."""
    changed = asyncio.Event()
    client.on_change = changed.set
    async with asyncio.timeout(SECONDS):
        while not client.connected or client.by_http != by_http:
            changed.clear()
            await changed.wait()


async def test_talking_from_the_first_word_to_the_last(server: Teahouse) -> None:
    mei_token, bob_token = await asyncio.to_thread(accounts, server, fresh("Mei"), fresh("Bob"))
    async with behind(server, token=mei_token) as (mei, way), Client(server.url, token=bob_token) as bob:
        assert (mei.by_http, bob.by_http, way.asked) == (True, False, 1)
        name = fresh("http")
        assert (await mei.make(name, room=name))["room"] == name
        here, there = await mei.room(name), await bob.room(name)
        assert await here.send("hello *you*", key="k") == await here.send("hello *you*", key="k")
        (said,) = await heard(there, "hello *you*")
        assert said["message"]["by"] == mei.you
        await there.react(said["message"]["id"], "🍵")
        await there.send("yes?", reply=said["message"]["id"])
        kinds = [event["event"] for event in await heard(here, "yes?")]
        assert kinds == ["message", "reactions", "member", "message"]
        await here.typing()
        assert (await signalled(bob, "typing"))["by"] == mei.you
        assert [one["text"] for one in (await here.history())["messages"]] == ["hello *you*", "yes?"]
        with pytest.raises(Refused, match="not_found"):
            await mei.room("nowhere")
        assert mei.connected


async def test_what_happens_elsewhere_is_told(server: Teahouse) -> None:
    """In own rooms that are not followed, and about one's rights."""
    mei_token, bob_token = await asyncio.to_thread(accounts, server, fresh("Mei"), fresh("Bob"))
    async with behind(server, token=mei_token) as (mei, _), Client(server.url, token=bob_token) as bob:
        name = (await bob.make(fresh("Private"), kind="private"))["room"]
        there = await bob.room(name)
        await there.invite(mei.you["id"])
        await there.send("are you there?")
        # Of the invitation alone it may be told before.
        while (head := await signalled(mei, "head"))["unread"] == 0:
            pass
        assert (head["room"], head["unread"]) == (name, 1)
        here = await mei.room(name)
        await there.remove(mei.you["id"])
        with pytest.raises(RoomLost):
            await heard(here, "nothing")
        assert mei.connected


async def test_lines_and_servers_that_go_and_come(server: Teahouse) -> None:
    """From HTTP over a killed server and a hole to a socket and back to HTTP, in mid conversation."""
    name = fresh("tea")
    async with (
        behind(server, name=fresh("Mei")) as (mei, way),
        Client(server.url, name=fresh("Bob")) as bob,
    ):
        bob._connection._chance = lambda: 0.02
        you = mei.you
        here, there = await mei.room(name, make=True), await bob.room(name)
        before = here.position["seq"]
        ways: list[bool] = []

        async def talk() -> None:
            for number in range(SENDS):
                await here.send(f"mei {number}")
                await there.send(f"bob {number}")
                ways.append(mei.by_http)
                if number == SENDS // 4:
                    await asyncio.to_thread(server.kill)
                    await asyncio.to_thread(server.start)
                elif number == SENDS // 2:
                    way.mode = "open"
                    await until(mei, by_http=False)
                elif number == 3 * SENDS // 4:
                    way.mode = "refuses"
                    way.cut()

        async with asyncio.timeout(2 * SECONDS):
            at_once = [asyncio.create_task(here.send(f"all {number}")) for number in range(SENDS)]
            await talk()
            await asyncio.gather(*at_once)
            await until(mei, by_http=True)
            await there.send("the end")
            events = await heard(here, "the end")
        assert ways[0]
        assert not all(ways)
        assert mei.you == you, "the same guest, by whichever way"
        assert [event["seq"] for event in events] == list(range(before + 1, before + 3 * SENDS + 2))
        texts = [event["message"]["text"] for event in events]
        for who in ("mei", "bob", "all"):
            assert [text for text in texts if text.startswith(who)] == [f"{who} {n}" for n in range(SENDS)]


async def test_what_has_left_before_a_socket_comes_is_answered_where_it_left(
    server: Teahouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Making a room may not be repeated."""
    (token,) = await asyncio.to_thread(accounts, server, fresh("Mei"))
    async with behind(server, token=token) as (mei, way):
        line, retired = mei._connection.line, asyncio.Event()
        assert isinstance(line, ByHttp)
        retire, title = line.retire, fresh("Once")

        def told_and_retire() -> None:
            retired.set()
            retire()

        monkeypatch.setattr(line, "retire", told_and_retire)
        way.passes.clear()
        making = asyncio.create_task(mei.make(title))
        way.mode = "open"
        async with asyncio.timeout(SECONDS):
            await retired.wait()
            way.passes.set()
            assert (await making)["title"] == title
        await until(mei, by_http=False)
        assert [room["title"] for room in (await mei.find_rooms(title))["rooms"]] == [title]


async def test_another_history_is_told(server: Teahouse) -> None:
    async with behind(server, name=fresh("Mei")) as (mei, _):
        room = await mei.room(fresh("tea"), make=True)
        await room.send("before")
        await heard(room, "before")
        status, said = await asyncio.to_thread(server.command_line, "manage", "teahouse_restored")
        assert status == 0, said
        await asyncio.to_thread(server.restart)
        async with asyncio.timeout(SECONDS):
            assert (await anext(room.events()))["event"] == "reset"
        await room.send("after")
        assert [event["event"] for event in await heard(room, "after")] == ["message"]


async def test_a_proxy_that_swallows_sockets(server: Teahouse) -> None:
    async with behind(server, "swallows", name=fresh("Mei")) as (mei, way):
        assert mei.by_http
        room = await mei.room("main")
        await room.send("through")
        way.mode = "hole"
        way.swallowed.clear()
        sending = asyncio.create_task(room.send("out of the hole"))
        async with asyncio.timeout(SECONDS):
            await way.swallowed.wait()
        way.mode = "refuses"
        async with asyncio.timeout(SECONDS):
            await sending
        assert [event["message"]["text"] for event in await heard(room, "out of the hole")] == [
            "through",
            "out of the hole",
        ]


async def test_without_asyncio(server: Teahouse) -> None:
    def talk(url: str) -> list[str]:
        with SyncClient(url, name=fresh("Mei")) as chat:
            assert chat.by_http
            room = chat.room(fresh("sync"), make=True)
            room.send("tea?")
            room.send("tea!")
            return [said["text"] for _, said in zip(range(2), room.messages(timeout=SECONDS), strict=False)]

    async with Way(server.port, "refuses") as way:
        assert await asyncio.to_thread(talk, way.url) == ["tea?", "tea!"]


async def test_where_no_chat_is_there_is_none_over_http() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Unreachable, match="HTTP status 404"):
            await Client(f"http://127.0.0.1:{port}/", name="Mei").__aenter__()


async def test_no_task_is_left(server: Teahouse) -> None:
    async with Way(server.port, "refuses") as way:
        before = asyncio.all_tasks()
        async with Client(way.url, name=fresh("Mei")) as mei:
            assert mei.by_http
            await mei.room("main")
        assert {task for task in asyncio.all_tasks() - before if "client" in repr(task.get_coro())} == set()
