"""A browser talks to a server that compresses: browsers always offer it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.person import Cast
from tests.servers import Teahouse

TEXT = "Has anybody seen the small kettle? 茶壶在哪里？ " * 10

# The extensions of a socket of the page's own, once it is open.
AGREED = """() => new Promise((resolve, reject) => {
    const socket = new WebSocket(location.origin.replace("http", "ws") + "/ws/");
    socket.onopen = () => { resolve(socket.extensions); socket.close(); };
    socket.onerror = reject;
})"""


@pytest.fixture(scope="module")
def site() -> Iterator[Teahouse]:
    with Teahouse(env={"TEAHOUSE_COMPRESSION": "yes"}) as server:
        yield server


@pytest.mark.asyncio(loop_scope="session")
async def test_people_in_browsers_read_each_other(cast: Cast) -> None:
    ada, bob = await cast.person(), await cast.person()
    await ada.enter("Ada", "/rooms/main/")
    await bob.enter("Bob", "/rooms/main/")
    assert "server_no_context_takeover" in await ada.page.evaluate(AGREED)
    texts = [f"{number} {TEXT}".strip() for number in range(5)]
    await ada.say(*texts)
    await bob.sees(*texts)
