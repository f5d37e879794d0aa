"""What holds the tests' frames against docs/schemas: each of its ways is seen to notice, and to let pass."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from tempfile import NamedTemporaryFile
from threading import Thread
from typing import Any, Final

import pytest
from playwright.async_api import Browser
from websockets.sync.client import connect
from websockets.sync.server import ServerConnection, serve

from tests import conftest, published, seen
from tests.live.test_client_js import node

# Beside these only what says nothing about a value may stand in a schema of what the server says.
JUDGED: Final = {
    "type",
    "enum",
    "const",
    "anyOf",
    "items",
    "properties",
    "required",
    "additionalProperties",
    "$ref",
}
SAYS_NOTHING: Final = {"title", "description", "default", "$defs"}
TYPING: Final = {"signal": "typing", "room": "main", "by": {"id": 7, "name": "梅", "kind": "guest"}}
WRONG: Final[list[dict[str, Any]]] = [
    {**TYPING, "sort": 1},
    {**TYPING, "room": 7},
    {**TYPING, "by": {"id": 7, "name": "梅", "kind": "robot"}},
    {"signal": "typing", "room": "main"},
    {"signal": "weather", "room": "main"},
    {"re": 1, "ok": {}, "error": {}},
    {"hello": "world"},
]


@pytest.mark.parametrize("frame", WRONG, ids=lambda frame: json.dumps(frame, ensure_ascii=False)[:60])
def test_what_is_not_published_does_not_fit(frame: dict[str, Any]) -> None:
    assert published.misfit_of(TYPING, None) is None
    assert published.misfit_of(frame, None) is not None
    assert published.misfit_of(frame, None) is not None, "not even when it comes again"


def test_an_answer_is_held_against_what_was_asked() -> None:
    answer = {"re": 1, "ok": {"read": 3}}
    asked = {"id": 1, "do": "read", "room": "main", "seq": 3}
    assert published.misfit_of(answer, asked) is None
    assert published.misfit_of(answer, {**asked, "seq": "three"}) is not None
    assert published.misfit_of(answer, {"id": 1, "do": "ping"}) is not None
    assert published.misfit_of(answer, None) is not None


def test_the_schemas_judge_by_nothing_that_a_shape_leaves_out() -> None:
    names = [path.stem for path in published.FOLDER.glob("*.json") if not path.stem.startswith("command-")]
    assert len(names) > 30
    assert {key for name in names for key in keywords(published.schema(name))} <= JUDGED | SAYS_NOTHING
    assert {"kind", "role", "may", "speaking", "level"} <= published.fixed_words()


def keywords(part: Any) -> Iterator[str]:
    if isinstance(part, list):
        for item in part:
            yield from keywords(item)
    elif isinstance(part, dict):
        for key, item in part.items():
            yield key
            for inner in item.values() if key in ("properties", "$defs") else [item]:
                yield from keywords(inner)


@pytest.fixture(scope="module")
def strange() -> Iterator[str]:
    """A server whose sockets say, after whatever they hear, something typed wrongly."""

    def say(socket: ServerConnection) -> None:
        for _ in socket:
            socket.send(json.dumps(TYPING))
            socket.send(json.dumps(WRONG[0]))

    with serve(say, "127.0.0.1", 0) as server:
        Thread(target=server.serve_forever).start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()


def with_the_library(address: str) -> None:
    with connect(address) as socket:
        socket.send("{}")
        assert [json.loads(socket.recv()) for _ in range(2)] == [TYPING, WRONG[0]]


def in_node(address: str) -> None:
    script = (
        f"const socket = new WebSocket({address!r}); let count = 0;"
        "socket.onopen = () => socket.send('{}');"
        "socket.onmessage = () => { if (++count === 2) process.exit(); };"
    )
    subprocess.run(node("--eval", script), check=True, timeout=20)


def in_python(address: str) -> None:
    script = (
        "from websockets.sync.client import connect\n"
        f"with connect({address!r}) as socket: socket.send('{{}}'); socket.recv(); socket.recv()"
    )
    with NamedTemporaryFile("w", suffix=".py") as file:
        file.write(script)
        file.flush()
        subprocess.run([sys.executable, *seen.in_python(), file.name], check=True, timeout=20)


@pytest.mark.parametrize("speak", [with_the_library, in_python, in_node])
def test_what_comes_over_a_socket_is_looked_at(strange: str, speak: Callable[[str], None]) -> None:
    with seen.expected() as found:
        speak(f"{strange}/ws/")
    (told,) = found
    assert "'sort' was unexpected" in told
    assert json.dumps(WRONG[0]) in told
    with seen.expected() as found:
        speak(f"{strange}/elsewhere/")
    assert found == []


@pytest.fixture(scope="module")
def page(strange: str) -> Iterator[str]:
    """A page beside it, whose frames over HTTP are as strange."""

    class Strange(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer("text/html", "<title>strange</title>")

        def do_POST(self) -> None:
            self.answer("application/x-ndjson", f'{json.dumps(WRONG[0])}\n{{"end":{{"pause":0}}}}\n')

        def answer(self, kind: str, text: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *words: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Strange) as server:
        Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.asyncio(loop_scope="session")
async def test_what_a_page_hears_is_looked_at(browser: Browser, strange: str, page: str) -> None:
    context = await browser.new_context()
    with seen.expected() as found:
        window = await context.new_page()
        await window.goto(page)
        async with window.expect_event("requestfinished", lambda request: request.method == "POST"):
            await window.evaluate(
                """async (address) => {
                    const socket = new WebSocket(address);
                    socket.onopen = () => socket.send("{}");
                    for (const _ of [1, 2]) await new Promise((heard) => (socket.onmessage = heard));
                    await (await fetch("/frames/", { method: "POST", body: "{}" })).text();
                }""",
                f"{strange}/ws/",
            )
        await context.close()
    assert ["in a browser" in told for told in found] == [True, False]
    assert all("'sort' was unexpected" in told for told in found)


@pytest.mark.parametrize(("path", "outcome"), [("/ws/", "failed"), ("/elsewhere/", "passed")])
def test_the_test_that_sees_such_a_frame_fails(strange: str, path: str, outcome: str) -> None:
    """The hook of conftest.py, given the report of a test that found nothing."""
    with_the_library(strange + path)
    report = pytest.TestReport("a test", ("a file", 1, "a test"), {}, "passed", None, "call")
    hook = conftest.pytest_runtest_makereport()
    next(hook)
    with pytest.raises(StopIteration):
        hook.send(report)
    assert report.outcome == outcome
    assert ("'sort' was unexpected" in str(report.longrepr)) == (outcome == "failed")
