"""The renderer and its process: real processes, real signals."""

import asyncio
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from teahouse.render import Renderer, render, render_sync, renderer, worker
from teahouse.render.markup import is_short, needs_markup

CODE = "```python\nx = 1\n```"
# A thousand columns and many rows of nothing: a minute of work, or more.
BOMB = "|" + "a|" * 1000 + "\n|" + "-|" * 1000 + "\n" + "|\n" * 20_000

LONG = {
    "a table": BOMB,
    "brackets": "*x*" + "[" * 10_000,
    "pictures": "*x*" + "![" * 5_000,
    "brackets and emphasis": "*[" * 5_000,
    "schemes": "http://" * 1_400,
    "autolinks": "<http://" * 1_250,
    "names": "https://a." * 1_000,
    "emphasis": "*a _b " * 1_700,
    "lists": "- a\n" * 2_500,
    "quotes": ">" * 10_000,
    "backticks": "".join("`" * n + " " for n in range(140)),
    "entities": "&#x1;" * 2_000,
    "code": "```python\n" + "('[{\"" * 2_000,
    "many languages": "".join(f"```{name}\n" + "((\\" * 150 + "\n```\n" for name in ("c", "js", "perl", "rust")),
    "one long line of code": "```javascript\n" + "/a" * 5_000,
}  # fmt: skip


@pytest_asyncio.fixture
async def bounded() -> AsyncIterator[Renderer]:
    """A renderer with little patience, to be quick."""
    made = Renderer(limit_seconds=0.1)
    yield made
    await made.close()


@pytest_asyncio.fixture
async def usual() -> AsyncIterator[Renderer]:
    made = Renderer()
    yield made
    await made.close()


def worker_pid(made: Renderer) -> int:
    process = made._worker._process
    assert process is not None
    return process.pid


@pytest.mark.asyncio
async def test_a_short_text_is_not_waited_for(usual: Renderer) -> None:
    for text in ("hello", "*hello*", "see https://example.com", "`code`"):
        with pytest.raises(StopIteration) as answered:
            usual.render(text).send(None)
        assert answered.value.value == render(text)
    assert usual._worker._process is None, "a process was started for nothing"


@pytest.mark.parametrize("text", [CODE, "a|b\n-|-\n1|2", "*x* " + "word " * 1_900])
@pytest.mark.asyncio
async def test_others_are_rendered_alike_elsewhere(usual: Renderer, text: str) -> None:
    assert not is_short(text)
    html = await usual.render(text)
    assert html is not None
    assert html == render(text) == usual.render_sync(text)
    assert worker_pid(usual) != os.getpid()
    assert not usual.stayed_plain


@pytest.mark.asyncio
async def test_a_long_plain_text_stays_plain(usual: Renderer) -> None:
    assert await usual.render("word " * 2_000) is None
    assert await usual.render("2 * 3 = 6, 3 *4* is not " * 400) is not None
    assert await usual.render("5 *6 " * 400) is None
    assert not usual.stayed_plain


@pytest.mark.asyncio
async def test_many_at_once_each_get_their_own(usual: Renderer) -> None:
    texts = [f"```python\nx = {n}\n```" for n in range(20)]
    assert await usual.render(CODE) is not None, "it starts; none below has to wait for that"
    assert await asyncio.gather(*map(usual.render, texts)) == [render(text) for text in texts]


@pytest.mark.asyncio
async def test_what_takes_too_long_stays_plain_and_holds_up_nobody(bounded: Renderer) -> None:
    assert await bounded.render(CODE) is not None
    slow = asyncio.create_task(bounded.render(BOMB))
    turns = 0
    while not slow.done():
        await asyncio.sleep(0)
        turns += 1
    assert await slow is None
    assert turns > 50, "the loop stood still"
    assert bounded.stayed_plain == {"time": 1}
    assert await bounded.render(CODE) is not None


@pytest.mark.asyncio
async def test_where_python_runs_the_process_survives(
    bounded: Renderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Only processor time counts here, or a busy machine would end the process by the clock on the wall.
    planted(monkeypatch, "worker.WALL = 1000")
    monkeypatch.setattr(renderer, "WALL", 1000)
    assert await bounded.render("```\nbad\n```") is not None
    pid = worker_pid(bounded)
    assert await bounded.render(BOMB) is None
    assert bounded.stayed_plain == {"time": 1}
    assert await bounded.render(CODE) is not None
    assert worker_pid(bounded) == pid


@pytest.mark.parametrize("name", LONG)
def test_no_long_text_gets_the_better_of_the_process(name: str, shared_bounded: Renderer) -> None:
    text = LONG[name]
    assert needs_markup(text)
    assert not is_short(text)
    shared_bounded.render_sync(text)
    assert shared_bounded.render_sync(CODE) == render(CODE)
    assert set(shared_bounded.stayed_plain) <= {"time"}


@pytest.fixture(scope="module")
def shared_bounded() -> Iterator[Renderer]:
    made = Renderer(limit_seconds=0.1)
    yield made
    asyncio.run(made.close())


@pytest.mark.asyncio
async def test_beyond_the_queue_they_stay_plain_at_once(bounded: Renderer) -> None:
    assert await bounded.render(CODE) is not None
    answers = await asyncio.gather(*[bounded.render(BOMB) for _ in range(renderer.QUEUE + 7)])
    assert answers == [None] * (renderer.QUEUE + 7)
    # Seven found no place. Of the others each takes 0.1 s of the processor, and their patience ends after one.
    assert bounded.stayed_plain["time"] <= renderer.PATIENCE / 0.1 + 1
    assert bounded.stayed_plain["busy"] >= renderer.QUEUE + 7 - (renderer.PATIENCE / 0.1 + 1)
    assert sum(bounded.stayed_plain.values()) == renderer.QUEUE + 7
    assert await bounded.render(CODE) is not None, "the places are free again"


def test_threads_share_one_process(shared_bounded: Renderer) -> None:
    answers: dict[int, str | None] = {}

    def post(n: int) -> None:
        answers[n] = shared_bounded.render_sync(f"```python\nx = {n}\n```")

    threads = [threading.Thread(target=post, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {n: render(f"```python\nx = {n}\n```") for n in range(8)}


def test_render_sync_of_the_process() -> None:
    assert render_sync("hello") is None
    assert render_sync("*hello*") == "<p><em>hello</em></p>"
    assert render_sync(CODE) == render(CODE)


@pytest.mark.asyncio
async def test_a_killed_process_is_started_anew(usual: Renderer, caplog: pytest.LogCaptureFixture) -> None:
    assert await usual.render(CODE) is not None
    pid = worker_pid(usual)
    ended = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    assert is_readable(ended)
    os.close(ended)
    assert await usual.render(CODE) == render(CODE)
    assert worker_pid(usual) != pid
    assert [record.getMessage() for record in caplog.records] == [
        "The rendering process ended between two texts (exit code -9)."
    ]


def planted(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    """The real process with a fault: `fault` runs where a text with "bad" in it is rendered."""
    code = f"""
import sys; sys.path[:] = sys.argv[2:]
import os, re, signal, time
from teahouse.render import worker
real = worker.render
def render(text):
    if "bad" in text:
        {fault}
    return real(text)
worker.render = render
worker.main(float(sys.argv[1]))
"""
    monkeypatch.setattr(renderer, "_START", code)


@pytest.mark.parametrize(
    ("fault", "reason", "said"),
    [
        ("os._exit(3)", "failed", "(exit code 3)"),
        ("os.abort()", "failed", "(exit code -6)"),
        ("raise RuntimeError('planted')", "failed", "RuntimeError: planted"),
        # Where no exception reaches: within one call of C code; and a process that does not run at all.
        ("sum(range(10**12))", "time", None),
        ("os.kill(os.getpid(), signal.SIGSTOP)", "time", None),
        ("time.sleep(60)", "time", None),
    ],
)
@pytest.mark.asyncio
async def test_a_fault_costs_one_text_its_html(
    fault: str,
    reason: str,
    said: str | None,
    bounded: Renderer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    planted(monkeypatch, fault)
    assert await bounded.render("```\ngood\n```") is not None
    assert await bounded.render("```\nbad\n```") is None
    assert bounded.stayed_plain == {reason: 1}
    assert await bounded.render("```\ngood\n```") is not None
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == (said is not None)
    assert said is None or said in messages[0]


@pytest.mark.asyncio
async def test_the_log_is_not_flooded(
    bounded: Renderer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    planted(monkeypatch, "raise RuntimeError")
    for _ in range(20):
        assert await bounded.render("```\nbad\n```") is None
    assert bounded.stayed_plain == {"failed": 20}
    assert len(caplog.records) == 5


@pytest.mark.parametrize("start", ["import sys; sys.exit(7)", "print('no answer')"])
@pytest.mark.asyncio
async def test_without_a_process_texts_stay_plain_and_it_is_not_tried_each_time(
    start: str, usual: Renderer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(renderer, "_START", start)
    for _ in range(3):
        assert await usual.render(CODE) is None
    assert await usual.render("*short*") == "<p><em>short</em></p>"
    assert usual.stayed_plain == {"failed": 3}
    assert len(caplog.records) == 1
    assert "does not start" in caplog.records[0].getMessage()


@pytest.mark.asyncio
async def test_a_missing_interpreter_is_said(
    usual: Renderer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(renderer, "_python", lambda: "/nonexistent/python")
    assert await usual.render(CODE) is None
    assert "/nonexistent/python" in caplog.records[0].getMessage()


@pytest.mark.asyncio
async def test_closed_it_leaves_nothing_and_texts_stay_plain() -> None:
    made = Renderer()
    assert await made.render(CODE) is not None
    ended = os.pidfd_open(worker_pid(made))
    slow = [asyncio.create_task(made.render(BOMB)) for _ in range(3)]
    await asyncio.sleep(0)
    await made.close()
    assert is_readable(ended)
    os.close(ended)
    assert await asyncio.gather(*slow) == [None] * 3
    assert await made.render(CODE) is None
    assert made.render_sync(CODE) is None
    assert await made.render("*short*") is not None
    await made.close()


@pytest.mark.asyncio
async def test_one_that_is_dropped_leaves_nothing() -> None:
    made = Renderer()
    assert await made.render(CODE) is not None
    ended = os.pidfd_open(worker_pid(made))
    del made
    assert is_readable(ended)
    os.close(ended)


def is_readable(pidfd: int) -> bool:
    """Whether the process ends."""
    return bool(select.select([pidfd], [], [], 45)[0])


# Another process that renders; it says the id of its worker and then does what it is told to by a signal.
HOST = f"""
import signal, socket, sys, asyncio
from teahouse.render import Renderer
listening = socket.create_server(("127.0.0.1", 0))
listening.set_inheritable(True)
renderer = Renderer()
assert renderer.render_sync({CODE!r})
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
with listening:
    print(renderer._worker._process.pid, flush=True)
    signal.pause()
"""


@pytest.fixture
def host() -> Iterator[tuple[subprocess.Popen[str], int]]:
    """(the process, the id of its worker); the process leads a group, as a server started from a terminal does."""
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", HOST],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.stderr and process.stderr.read()
        yield process, int(line)
        process.kill()


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_worker_ends_with_its_server(
    end: signal.Signals, host: tuple[subprocess.Popen[str], int]
) -> None:
    process, pid = host
    ended = os.pidfd_open(pid)
    os.killpg(process.pid, end)
    assert is_readable(ended), "an orphan"
    os.close(ended)
    # The worker had the same standard error: that it ends proves that nobody holds it, and it is empty.
    assert process.stderr is not None
    assert process.stderr.read() == ""


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGHUP])
def test_a_worker_that_is_signalled_ends_silently(
    end: signal.Signals, host: tuple[subprocess.Popen[str], int]
) -> None:
    process, pid = host
    ended = os.pidfd_open(pid)
    os.kill(pid, end)
    assert is_readable(ended)
    os.close(ended)
    process.terminate()
    assert process.stderr is not None
    assert process.stderr.read() == ""


@pytest.mark.asyncio
async def test_ctrl_c_is_not_for_the_worker(usual: Renderer) -> None:
    assert await usual.render(CODE) is not None
    pid = worker_pid(usual)
    os.kill(pid, signal.SIGINT)
    assert await usual.render(CODE) is not None
    assert worker_pid(usual) == pid


def test_the_worker_has_no_socket_but_its_own(host: tuple[subprocess.Popen[str], int]) -> None:
    _, pid = host
    files = {int(entry.name): str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()}
    assert [number for number, target in files.items() if target.startswith("socket:")] == [0]
    assert set(files) == {0, 1, 2}
    assert os.getsid(pid) == pid, "Ctrl-C in the terminal would reach it"


def test_the_worker_knows_neither_django_nor_the_chat() -> None:
    code = "import sys, teahouse.render.worker; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    ours = {name for name in loaded.split() if name.startswith("teahouse")}
    assert "django" not in loaded.split()
    assert "teahouse.render.worker" in ours
    assert {name for name in ours if not name.startswith("teahouse.render")} == {
        "teahouse",
        "teahouse.limits",
    }


@pytest.fixture
def alone() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of the socket of a worker that a test starts itself."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def start_alone(theirs: socket.socket, code: str) -> "subprocess.Popen[bytes]":
    started = subprocess.Popen(
        [sys.executable, "-c", f"from teahouse.render import worker; {code}"],
        stdin=theirs.fileno(),
        stderr=subprocess.PIPE,
    )
    theirs.close()
    return started


def test_it_ends_when_nobody_asks(alone: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = alone
    # Longer than a text may take: the time limit of one that was answered is over.
    with start_alone(theirs, "worker.IDLE_SECONDS = 1.5; worker.main(0.1)") as process:
        with ours.makefile("rb") as incoming:
            assert worker.receive(incoming) == (worker.Answer.READY, "")
            worker.send(ours, 0, CODE)
            assert worker.receive(incoming) == (worker.Answer.HTML, render(CODE))
        assert process.wait(45) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_it_ends_itself_where_its_server_no_longer_can(alone: tuple[socket.socket, socket.socket]) -> None:
    """The server was killed while a text held the worker inside one call of C code."""
    ours, theirs = alone
    stuck = "real = worker.render; worker.render = lambda text: real(text) if text != 'bad' else sum(range(10**12))"
    with start_alone(theirs, f"{stuck}; worker.main(0.05)") as process:
        with ours.makefile("rb") as incoming:
            assert worker.receive(incoming) == (worker.Answer.READY, "")
        worker.send(ours, 0, "bad")
        ours.close()
        assert process.wait(45) == -signal.SIGALRM


def test_it_ends_silently_where_nobody_waits_for_the_answer(
    alone: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = alone
    with start_alone(theirs, "worker.main(1.0)") as process:
        for _ in range(20):
            worker.send(ours, 0, CODE)
        ours.close()
        assert process.wait(45) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""


def test_a_forked_child_asks_a_worker_of_its_own() -> None:
    """A server that loads the project and then forks: both would read each other's answers from one socket."""
    code = f"""
import os, sys
from teahouse.render import renderer
first = renderer.render_sync({CODE!r})
theirs = renderer._shared()._worker._process.pid
child = os.fork()
assert renderer.render_sync({CODE!r}) == first
mine = renderer._shared()._worker._process.pid
assert (mine == theirs) == bool(child), (mine, theirs, child)
if not child:
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
assert renderer.render_sync({CODE!r}) == first
assert renderer._shared()._worker._process.pid == theirs, "the child ended its parent's"
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
