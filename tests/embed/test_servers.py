"""The same project before each server that speaks ASGI: one message over the socket, and what the page needs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Final

import pytest
from websockets.exceptions import ConnectionClosed

from tests.clients import SECONDS, Client
from tests.embed.conftest import APPLICATION, DAPHNE, Shop, shop_prepared
from tests.scraped import TOKEN, Scrape
from tests.server.conftest import until

UVICORN = ["uvicorn", "--port", "{port}", APPLICATION]
HYPERCORN = ["hypercorn", "--bind", "127.0.0.1:{port}", APPLICATION]
GRANIAN = ["granian", "--interface", "asgi", "--port", "{port}", APPLICATION]
RUNSERVER = ["django", "runserver", "127.0.0.1:{port}", "--noreload"]
POLICY: Final = "tests.embed.host.shop.chat.PolicyOfManyMinds"
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
    """One folder for all of them, one after another. Its policy is async: each server has its own way with threads.
    Each of its views is a transaction, which with SQLite has the file for itself."""
    with shop_prepared(HOST_POLICY=POLICY, HOST_ATOMIC="yes", HOST_METRICS_TOKEN=TOKEN) as shop:
        shop.python(
            "import teahouse; from tests.embed.host.shop.models import Order;"
            "teahouse.room_for(Order.objects.get(pk=1)); from teahouse.actions import people; people.site_bot()"
        )
        yield shop


LEAVE: Final = """
INSERT INTO teahouse_outbox (room_id, person_id, key, text, renderer, event, made_at)
SELECT room.id, person.id, ?, ?, 0, '', '2026-11-28 00:00:00' FROM teahouse_room room, teahouse_person person
WHERE room.slug = 'order-1' AND person.kind = 'bot' LIMIT 1
"""


def leave(shop: Shop, text: str) -> None:
    """A row as `teahouse.post` leaves it, of a process that has died right behind its commit."""
    with closing(
        sqlite3.connect(shop.folder / "talk.sqlite3", timeout=SECONDS, isolation_level=None)
    ) as database:
        assert database.execute(LEAVE, (text, text)).rowcount == 1


def wait_for(shop: Shop, text: str) -> None:
    """Until it is said."""
    with closing(
        sqlite3.connect(shop.folder / "talk.sqlite3", timeout=SECONDS, isolation_level=None)
    ) as database:
        until(
            lambda: database.execute("SELECT 1 FROM teahouse_message WHERE text = ?", (text,)).fetchone(),
            f"said: {text!r}",
        )


@pytest.mark.parametrize("server", SERVERS)
def test_a_message_over_the_socket(prepared: Shop, server: str) -> None:
    shop = prepared
    left = f"left before {server} was there"
    leave(shop, left)
    shop.start(SERVERS[server])
    try:
        # Nobody has opened a socket: pages have been asked for, or with a lifespan not even that.
        wait_for(shop, left)
        page = shop.get("/orders/1/", "Ada")
        assert 'room="order-1" ws="/talk/ws/"' in page
        assert "export" in shop.get("/static/teahouse/words.js")
        with shop.client("Ada") as ada, shop.client("Sam") as sam:
            sam.ok(do="subscribe", room="order-1")
            ada.say("order-1", f"by way of {server}")
            assert sam.event()["message"]["text"] == f"by way of {server}"
            told = [shop.get(f"/orders/1/pay/{how}/") for how in ("fails", "well")]
            assert told == ["failed", "paid"]
            assert Scrape(shop.url, "/talk/metrics").value("teahouse_sessions", protocol="json") == 2
            assert sam.event()["message"]["text"] == "paid: well", "nothing of what was rolled back"
        with shop.client("Otto") as otto:
            assert otto.refused(do="history", room="order-1") == "not_found"
        assert "Nothing to talk about." in shop.get("/orders/1/", "Otto")
        with pytest.raises(ConnectionClosed, match="4004"):
            Client(f"{shop.url}/elsewhere")
    finally:
        shop.kill()
