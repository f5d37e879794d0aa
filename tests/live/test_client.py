"""The Python client against a real server: what it says and hears, and what it is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from teahouse.client import Client, Closed, Refused, Room, RoomLost, SyncClient, Unreachable
from teahouse.client.lines import BySocket
from tests.live.cast import accounts, fresh
from tests.processes import free_port
from tests.servers import Teahouse

SECONDS = 15
shared = pytest.mark.asyncio(loop_scope="module")
REVOKE = """
from teahouse.actions.people import revoke_token
from teahouse.models import Token
revoke_token(Token.objects.get(person__user__username={name!r}))
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Teahouse]:
    """On loopback, without rates, with a queue that a slow reader fills soon."""
    with Teahouse(env={"TEAHOUSE_LIMITS": "off,queue=65536"}) as server:
        yield server


@pytest.fixture(scope="module")
def tokens(server: Teahouse) -> list[str]:
    return accounts(server, "Alice", "Bob", "Charlie")


@asynccontextmanager
async def two(server: Teahouse, tokens: list[str]) -> AsyncIterator[tuple[Client, Client]]:
    async with Client(server.url, token=tokens[0]) as alice, Client(server.url, token=tokens[1]) as bob:
        yield alice, bob


async def next_events(room: Room, count: int = 1) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(SECONDS):
        async for event in room.events():
            found.append(dict(event))
            if len(found) == count:
                break
    return found


@shared
async def test_talking_from_the_first_word_to_the_last(server: Teahouse, tokens: list[str]) -> None:
    async with two(server, tokens) as (alice, bob):
        assert (alice.you["name"], alice.ticket) == ("Alice", None)
        name = fresh("talk")
        await alice.make(name, room=name)
        await (await bob.room(name)).join()
        here, there = await alice.room(name), await bob.room(name)
        await next_events(there)
        sent = await here.send("hello *you*")
        (event,) = await next_events(there)
        assert event["message"]["id"] == sent["message"]
        assert event["message"]["html"] == "<p>hello <em>you</em></p>"
        assert await here.send("hello *you*", key="k") == await here.send("hello *you*", key="k")
        reply = await there.send("yes?", reply=sent["message"])
        await there.react(sent["message"], "🍵")
        await here.edit(sent["message"], "hello Bob")
        threaded = await there.send("below", thread=sent["message"])
        await there.delete(reply["message"])
        kinds = [event["event"] for event in await next_events(here, 8)]
        assert kinds == [
            "message",
            "message",
            "message",
            "reactions",
            "message",
            "message",
            "thread",
            "deleted",
        ]
        page = await there.history(limit=10)
        assert [one.get("text") for one in page["messages"]] == ["hello Bob", "hello *you*", None]
        assert (await there.history(thread=sent["message"]))["messages"][0]["id"] == threaded["message"]
        assert (await there.history(at=datetime.now(UTC), limit=1))["messages"]
        assert [one["text"] for one in (await there.edits(sent["message"]))["edits"]] == ["hello *you*"]
        assert await there.read(page["position"]["seq"]) == page["position"]["seq"]
        assert (await bob.threads())["threads"][0]["message"]["id"] == sent["message"]
        assert (await alice.activity())["activity"][0]["kind"] in {"reply", "reaction"}


@shared
async def test_membership_and_a_private_room_that_is_lost(server: Teahouse, tokens: list[str]) -> None:
    name = fresh("tea")
    async with two(server, tokens) as (alice, bob), Client(server.url, token=tokens[2]) as charlie:
        state = await alice.make("Tea", room=name, kind="private")
        here = await alice.room(state["room"])
        with pytest.raises(Refused) as refused:
            await charlie.room(state["room"])
        assert refused.value.code == "not_found"
        assert await here.invite(bob.you["id"]) == [bob.you["id"]]
        there = await bob.room(state["room"])
        await here.set_role(bob.you["id"], "moderator")
        await here.change(title="Green tea")
        assert (await here.members())["count"] == 2
        assert (await alice.find_people("Bo"))[0]["name"] == "Bob"
        assert [event["event"] for event in await next_events(there, 2)] == ["member", "room"]
        assert there.state["title"] == "Green tea"
        async with asyncio.timeout(SECONDS):
            while "moderate" not in there.may:
                await anext(bob.signals())
        assert there.role == "moderator"
        await here.send("last words")
        await here.remove(bob.you["id"])
        assert [event["event"] for event in await next_events(there, 2)] == ["message", "member"]
        with pytest.raises(RoomLost) as lost:
            await next_events(there)
        assert lost.value.room == state["room"]
        with pytest.raises(Refused):
            await there.send("still here?")
        assert (await bob.room("main")).state["room"] == "main", "the session goes on"


@shared
async def test_an_open_room_is_found_joined_and_left(server: Teahouse, tokens: list[str]) -> None:
    name = fresh("open")
    async with two(server, tokens) as (alice, bob):
        await alice.make(name, room=name)
        assert [room["room"] for room in (await bob.find_rooms(name))["rooms"]] == [name]
        room = await bob.room(name)
        await room.join()
        await room.leave()
        assert [event["event"] for event in await next_events(room, 2)] == ["member", "member"]
        direct = await alice.direct(bob.you["id"])
        assert (await alice.direct(bob.you["id"]))["room"] == direct["room"]
        await room.level("nothing")


@shared
async def test_typing_and_who_is_here(server: Teahouse, tokens: list[str]) -> None:
    async with two(server, tokens) as (alice, bob):
        here, there = await alice.room("main"), await bob.room("main")
        async with asyncio.timeout(SECONDS):
            while {one["id"] for one in here.here} < {alice.you["id"], bob.you["id"]}:
                await anext(alice.signals())
        await there.typing()
        async with asyncio.timeout(SECONDS):
            async for signal in alice.signals():
                if signal["signal"] == "typing":
                    break
        assert signal["by"]["name"] == "Bob"
        await here.unfollow()
        assert [event async for event in here.events()] == []


@shared
async def test_a_guest_comes_back_as_the_same(server: Teahouse) -> None:
    async with Client(server.url, name=fresh("Gina")) as first:
        ticket, who = first.ticket, first.you
    async with Client(server.url, ticket=ticket) as second:
        assert second.you == who


@shared
async def test_who_is_not_let_in_is_told_why(server: Teahouse) -> None:
    with pytest.raises(Refused) as refused:
        async with Client(server.url, token="tok_no"):
            pass
    assert refused.value.code == "bad_token"
    with pytest.raises(Refused) as refused:
        async with Client(server.url, name="Alice"):
            pass
    assert refused.value.code == "name_taken"
    with pytest.raises(Unreachable, match="No answer from"):
        async with Client(f"http://127.0.0.1:{free_port()}/", name="Mei", timeout=0.5):
            pass
    # The program accepts every socket and closes it with 4004 where no chat is.
    with pytest.raises(Unreachable, match=r"There is no chat at .*/elsewhere/ws/"):
        async with Client(f"{server.url}/elsewhere/", name="Mei"):
            pass


@shared
async def test_bad_input_disturbs_nobody(server: Teahouse) -> None:
    async with Client(server.url, name=fresh("Gina")) as chat:
        room = await chat.room("main")
        for text, code in [
            ("", "empty"),
            ("\ud800", "invalid"),
            ("x" * 10_001, "too_long"),
            ("x" * 200_000, "too_long"),
        ]:
            with pytest.raises(Refused) as refused:
                await room.send(text)
            assert refused.value.code == code
        assert (await room.send("and on"))["seq"] > 0


@shared
async def test_a_revoked_token_ends_it_for_whoever_waits(server: Teahouse) -> None:
    name = fresh("Rita")
    (token,) = accounts(server, name)
    async with Client(server.url, token=token) as chat:
        room = await chat.room("main")
        waiting = asyncio.create_task(anext(room.events()))
        revoke = REVOKE.format(name=name)
        status, said = await asyncio.to_thread(
            server.command_line, "manage", "shell", "--no-imports", "-c", revoke
        )
        assert status == 0, said
        with pytest.raises(Closed) as closed:
            await asyncio.wait_for(waiting, SECONDS)
        assert closed.value.code == 4001
        with pytest.raises(Closed):
            await room.send("no more")


@shared
async def test_closing_ends_what_is_waited_for(server: Teahouse) -> None:
    chat = Client(server.url, name=fresh("Gina"))
    async with chat:
        room = await chat.room("main")
        ended = asyncio.create_task(collect(room))
        await asyncio.sleep(0)
    assert await asyncio.wait_for(ended, SECONDS) == []
    with pytest.raises(Closed) as closed:
        await room.send("too late")
    assert closed.value.code == 1000


@shared
async def test_it_is_opened_once_and_asked_when_it_is_open(server: Teahouse) -> None:
    before = asyncio.all_tasks()
    chat = Client(server.url, name=fresh("Gina"))
    with pytest.raises(RuntimeError, match="the client is not open"):
        await chat.room("main")
    async with chat:
        with pytest.raises(RuntimeError, match="opened once"):
            await chat.__aenter__()
        assert (await (await chat.room("main")).send("it goes on"))["message"]
    with pytest.raises(RuntimeError, match="opened once"):
        await chat.__aenter__()
    assert asyncio.all_tasks() == before, "and nothing was begun"


def test_a_token_that_is_not_set_is_no_guest() -> None:
    for token in ("", " "):
        with pytest.raises(ValueError, match="the token is empty"):
            Client("https://chat.example.org", token=token)


@shared
async def test_a_mistake_of_whoever_hears_of_changes_ends_nothing(
    server: Teahouse, caplog: pytest.LogCaptureFixture
) -> None:
    chat = Client(server.url, name=fresh("Gina"))

    def fails() -> None:
        raise KeyError("mine")

    chat.on_change = fails
    async with chat:
        assert (await (await chat.room("main")).send("it goes on"))["message"]
    assert "KeyError: 'mine'" in caplog.text


async def collect(room: Room) -> list[Any]:
    return [event async for event in room.events()]


@shared
async def test_cancelling_takes_back_what_was_not_sent_and_leaves_no_task(server: Teahouse) -> None:
    before = asyncio.all_tasks()
    async with Client(server.url, name=fresh("Gina")) as chat:
        room = await chat.room("main")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(room.events()), 0.05)
        assert (await room.send("and on"))["message"]
    assert asyncio.all_tasks() == before


@shared
async def test_a_slow_reader_is_cut_off_and_misses_nothing(server: Teahouse, tokens: list[str]) -> None:
    name = fresh("slow")
    async with two(server, tokens) as (alice, bob):
        here, there = await alice.room(name, make=True), await bob.room(name)
        line = bob._connection.line
        assert isinstance(line, BySocket)
        socket = line.socket
        socket.transport.pause_reading()
        texts = [f"{n} {'x' * 9_000}" for n in range(300)]
        for text in texts:
            await here.send(text)
        socket.transport.resume_reading()
        got = await next_events(there, len(texts))
        assert [event["message"]["text"] for event in got] == texts


def test_without_asyncio(server: Teahouse, tokens: list[str]) -> None:
    with SyncClient(server.url, token=tokens[0]) as alice, SyncClient(server.url, token=tokens[1]) as bob:
        room = fresh("sync")
        alice.make(room, room=room)
        here, there = alice.room(room), bob.room(room)
        sent = here.send("tea?")
        assert next(iter(there.messages(timeout=SECONDS)))["text"] == "tea?"
        there.react(sent["message"], "🍵")
        there.send("yes", reply=sent["message"])
        with pytest.raises(TimeoutError):
            list(here.events(timeout=0.3))
        here.edit(sent["message"], "coffee?")
        assert [one["text"] for one in here.history()["messages"]] == ["coffee?", "yes"]
        with pytest.raises(Refused):
            there.delete(sent["message"])
        assert here.members()["count"] == 2
    with pytest.raises(RuntimeError, match="not open"):
        here.send("too late")
