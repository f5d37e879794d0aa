"""docs/tutorial.md, followed literally: after each step the project runs, and does what the step says."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from websockets.sync.client import ClientConnection, connect

from tests.clients import SECONDS, Client
from tests.docs.blocks import Block, blocks_of
from tests.docs.project import Project
from tests.processes import temporary_folder
from tests.servers import ROOT

PAGE = ROOT / "docs" / "tutorial.md"
PICTURE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def project() -> Iterator[Project]:
    with temporary_folder("tutorial") as folder:
        made = Project(folder)
        try:
            yield made
        except BaseException:
            print(made.log())
            raise
        finally:
            made.stop()


def steps() -> dict[str, list[Block]]:
    """The blocks below each heading."""
    headings = [
        (number, line.removeprefix("## "))
        for number, line in enumerate(PAGE.read_text().splitlines(), 1)
        if line.startswith("## ")
    ]
    found: dict[str, list[Block]] = {heading: [] for _, heading in headings}
    for block in blocks_of(PAGE):
        found[next(name for line, name in reversed(headings) if line < block.line)].append(block)
    return found


def talk(project: Project, *, name: str = "") -> ClientConnection:
    query = "?" + urlencode({"name": name}) if name else ""
    return connect(f"{project.url.replace('http', 'ws')}/wsmsg/{query}")


# Twelve starts of Django, one behind the other: 6 s of a processor, which others use too.
@pytest.mark.timeout(180)
def test_each_step_leaves_something_that_runs(project: Project) -> None:
    todo = steps()

    def do(heading: str) -> None:
        name = next(name for name in todo if name.startswith(heading))
        for block in todo.pop(name):
            project.follow(block)

    do("Where we begin")
    assert "insertAdjacentHTML" in project.browser().get("/").text
    with talk(project) as one, talk(project) as bob:
        one.send(PICTURE)
        assert PICTURE in str(bob.recv(timeout=SECONDS))

    do("1. ")
    assert "insertAdjacentHTML" in project.browser().get("/").text

    do("2. ")
    with talk(project, name="Mei") as one, talk(project, name="Bob") as bob:
        assert "[已连接!]" in str(bob.recv(timeout=SECONDS))
        one.send(PICTURE)
        said = str(bob.recv(timeout=SECONDS))
        assert "Mei" in said
        assert said.endswith("&lt;img src=x onerror=alert(1)&gt;")

    do("3. ")
    page = project.browser().get("/").text
    assert '<teahouse-room room="main"' in page
    assert "onerror=alert(1)" in page, "what was said in step 2 is its history"
    assert PICTURE not in page
    assert "onerror=alert(1)" in project.browser().get("/chat/rooms/main/").text

    do("4. ")
    order = "from shop.models import Order; Order.objects.create(customer=User.objects.get(username='mei'))"
    sessions = project.sign_up("mei", "otto", and_then=order)
    mei, otto = map(project.browser, sessions)
    do("5. ")
    assert '<teahouse-room room="order-2"' in mei.get("/orders/2/").text
    assert "Sign in to talk about your order." in mei.get("/orders/1/").text, "which is the owner's"
    for stranger in (otto, project.browser()):
        assert "Sign in to talk about your order." in stranger.get("/orders/2/").text
    cookie = {"Cookie": f"sessionid={sessions[0]}", "Origin": project.url}
    with Client(f"{project.url}/chat", additional_headers=cookie) as there:
        there.ok(do="subscribe", room="order-2")
        assert "Order 2, paid" in mei.submit("/orders/2/").text
        assert there.event("message")["message"]["text"] == "Order 2 was **paid**."
    assert "Order 2 was <strong>paid</strong>." in mei.get("/orders/2/").text
    assert todo.keys() == {"What became of it"}
