"""The site of the documentation: bin/docs makes it without a warning, and nobody else is asked for anything."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.servers import ROOT


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """The test's output is for what fails."""


def make(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "bin" / "_docs.py"), "--into", str(folder)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    made = make(folder)
    assert made.returncode == 0, made.stdout + made.stderr
    return folder / "site"


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_every_page_is_in_the_navigation_and_no_other(site: Path) -> None:
    told = re.findall(r'= "([\w/-]+)\.md"', (ROOT / "zensical.toml").read_text())
    made = {path.parent.relative_to(site).as_posix() for path in site.rglob("index.html")}
    assert len(told) == len(set(told))
    assert {"." if name == "index" else name for name in told} == made


def test_links_of_the_repository_lead_to_pages_of_the_site(site: Path) -> None:
    start = (site / "index.html").read_text()
    assert 'href="protocol/"' in start
    assert 'href="security/"' in start
    assert 'href="zh/"' in start
    assert 'href="../security/#limits"' in (site / "settings" / "index.html").read_text()


@pytest.mark.asyncio(loop_scope="session")
async def test_nothing_is_asked_of_another_host(site: Path, address: str, browser: Browser) -> None:
    """Not by a page, its fonts or its search, in a browser that would get an answer."""
    elsewhere: list[str] = []
    context = await browser.new_context()
    context.on(
        "request", lambda request: None if request.url.startswith(address) else elsewhere.append(request.url)
    )
    page = await context.new_page()
    await page.goto(address)
    await page.get_by_role("button", name="Search").first.click()
    await page.get_by_placeholder("Search").fill("epoch")
    await expect(page.get_by_role("option", name="Restore")).to_be_visible()
    await page.goto(f"{address}performance/")
    await context.close()
    assert [url for url in elsewhere if not url.startswith(("data:", "blob:"))] == []


def test_a_link_to_nothing_is_no_site(tmp_path: Path) -> None:
    """In a checkout of its own, whose pages may be spoilt."""
    for name in ("docs", "bin"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for path in (*ROOT.glob("*.md"), ROOT / "zensical.toml", ROOT / "LICENSE"):
        shutil.copy(path, tmp_path)
    with (tmp_path / "docs" / "rooms.md").open("a") as page:
        page.write("\n[nowhere](nowhere.md)\n")
    command = [sys.executable, str(tmp_path / "bin" / "_docs.py")]
    made = subprocess.run(command, capture_output=True, text=True)
    assert (made.returncode, made.stderr) == (1, "docs/rooms.md leads to nowhere.md, which is not there.\n")
