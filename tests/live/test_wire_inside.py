"""What shows from outside only in memory, or by bad luck: one connection, driven without a socket."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from teahouse.live import wire
from teahouse.live.opened import Opened
from teahouse.live.outlet import outlet_for
from teahouse.live.sendqueue import Block, text_frame
from teahouse.live.wirecheck import MemoryTransport, connection_in_memory, masked

CONT, TEXT = 0x00, 0x01
FIN = 0x80


class Connection:
    """An open connection: the protocol, its transport, and what its application was called with."""

    protocol: Any
    transport: MemoryTransport
    scope: Any
    receive: Any
    send: Any

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.over = asyncio.Event()

    async def application(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        self.scope, self.receive, self.send = scope, receive, send
        self.opened.set()
        await self.over.wait()


@pytest_asyncio.fixture
async def connection() -> AsyncIterator[Connection]:
    connection = Connection()
    connection.protocol, connection.transport = connection_in_memory(wire, connection.application)
    await connection.opened.wait()
    connection.transport.taken()
    yield connection
    connection.protocol.connection_lost(None)
    connection.over.set()
    await asyncio.gather(*connection.protocol.tasks)


@pytest.mark.asyncio
async def test_what_waits_in_the_queue_is_not_overtaken_by_send(connection: Connection) -> None:
    protocol, transport = connection.protocol, connection.transport
    outlet = outlet_for(connection.scope, connection.send, limit=1000, on_slow=lambda: None)
    transport.after_write = protocol.pause_writing  # Full again as soon as anything is written.
    protocol.pause_writing()
    outlet.put(Block(["one"]))
    sending = asyncio.ensure_future(connection.send({"type": "websocket.send", "text": "three"}))
    await asyncio.sleep(0)
    protocol.resume_writing()
    outlet.put(Block(["two"]))
    await asyncio.sleep(0)
    assert not sending.done()

    transport.after_write = None
    protocol.resume_writing()
    await sending

    assert transport.taken() == b"".join(map(text_frame, ["one", "two", "three"]))


@pytest.mark.asyncio
async def test_empty_fragments_are_not_kept(connection: Connection) -> None:
    protocol = connection.protocol
    protocol.data_received(masked(TEXT, b"a"))
    for _ in range(100):
        protocol.data_received(masked(CONT, b"") * 100)
    assert len(protocol.frames) == 1
    protocol.data_received(masked(CONT | FIN, b"b"))
    assert await connection.receive() == {"type": "websocket.receive", "text": "ab"}


@pytest.mark.asyncio
async def test_one_read_is_not_parsed_all_at_once(connection: Connection) -> None:
    """256 KB could be 40,000 messages of six bytes."""
    protocol = connection.protocol
    protocol.data_received(masked(TEXT | FIN, b"") * 40_000)
    assert len(protocol.queue) < 1000
    for _ in range(40_000):
        assert await connection.receive() == {"type": "websocket.receive", "text": ""}
    assert len(protocol.queue) == 0


@pytest.mark.asyncio
async def test_the_request_is_let_go(connection: Connection) -> None:
    """Its headers, cookies among them, are kilobytes that an idle connection does not need."""
    assert not hasattr(connection.protocol, "request")
    assert not hasattr(connection.protocol, "scope")
    assert type(connection.protocol.conn) is Opened  # Not ServerProtocol, whose parser keeps the request.
    # Every attribute of uvicorn's that this class touches is a slot: what is left is a small dict.
    assert not set(vars(connection.protocol)) & set(wire.ATTRIBUTES)


@pytest.mark.asyncio
async def test_who_stopped_waiting_for_a_message_leaves_nothing(connection: Connection) -> None:
    for _ in range(10):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(connection.receive(), timeout=0.001)
    assert connection.protocol.queue._waiters == []
    first, second = asyncio.ensure_future(connection.receive()), asyncio.ensure_future(connection.receive())
    await asyncio.sleep(0)
    connection.protocol.data_received(masked(TEXT | FIN, b"one") + masked(TEXT | FIN, b"two"))
    assert [(await first)["text"], (await second)["text"]] == ["one", "two"]
