"""The same project before each server that speaks ASGI: one message over the socket, and what the page needs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from websockets.exceptions import ConnectionClosed

from tests.clients import Client
from tests.embed.conftest import APPLICATION, DAPHNE, Shop, shop_prepared

UVICORN = ["uvicorn", "--port", "{port}", APPLICATION]
HYPERCORN = ["hypercorn", "--bind", "127.0.0.1:{port}", APPLICATION]
GRANIAN = ["granian", "--interface", "asgi", "--port", "{port}", APPLICATION]
RUNSERVER = ["django", "runserver", "127.0.0.1:{port}", "--noreload"]
SERVERS = {
    "uvicorn": UVICORN,
    "our wire": [*UVICORN, "--ws", "teahouse.live.wire:WireProtocol"],
    "hypercorn": HYPERCORN,
    "granian": GRANIAN,
    "runserver": RUNSERVER,
    "daphne": DAPHNE,
}


@pytest.fixture(scope="module")
def prepared() -> Iterator[Shop]:
    """One folder for all of them, one after another. Its policy is async: each server has its own way with threads."""
    with shop_prepared(HOST_POLICY="tests.embed.host.shop.chat.PolicyOfManyMinds") as shop:
        yield shop


@pytest.mark.parametrize("server", SERVERS)
def test_a_message_over_the_socket(prepared: Shop, server: str) -> None:
    shop = prepared
    shop.start(SERVERS[server])
    try:
        page = shop.get("/orders/1/", "Ada")
        assert 'room="order-1" ws="/talk/ws/"' in page
        assert "export" in shop.get("/static/teahouse/words.js")
        with shop.client("Ada") as ada, shop.client("Sam") as sam:
            sam.ok(do="subscribe", room="order-1")
            ada.say("order-1", f"by way of {server}")
            assert sam.event()["message"]["text"] == f"by way of {server}"
        with shop.client("Otto") as otto:
            assert otto.refused(do="history", room="order-1") == "not_found"
        assert "Nothing to talk about." in shop.get("/orders/1/", "Otto")
        with pytest.raises(ConnectionClosed, match="4004"):
            Client(f"{shop.url}/elsewhere")
    finally:
        shop.kill()
