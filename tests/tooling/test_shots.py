"""bin/shots: what it takes pictures of, and what it refuses."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.security.rights import PAGES
from tests.servers import ROOT
from tests.shots.__main__ import DOCS
from tests.shots.views import VIEWS

NO_PICTURE = {
    # No pages for people, or the same as another.
    "manifest.webmanifest", "worker.js", "offline/", "guest/", "sign-out/", "status/figures/", "account/confirm/",
    "api/v1/openapi.json", "metrics", "rooms/<str:name>/<int:seq>/",
}  # fmt: skip


def test_every_page_is_in_it() -> None:
    shown = {view.path for view in VIEWS}
    for page in PAGES:
        outcomes = page.row.rules.get("-", {})
        if page.method != "GET" or outcomes.get("site owner") != "200" or page.pattern in NO_PICTURE:
            continue
        if page.pattern.startswith("admin/") or not page.pattern:
            continue
        path = "/" + page.pattern.replace("<int:pk>", "{bob}")
        assert path in shown, f"{page.pattern} has no view in tests/shots/views.py"
    assert {"/", "/rooms/{second}/"} <= shown


@pytest.mark.parametrize("given", [(), ("--docs", "folder"), ("folder", "--only", "nothing")])
def test_what_it_cannot_do_it_says(given: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.shots", *given], cwd=ROOT, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 2
    assert "--docs" in done.stderr


def test_the_documentation_has_its_pictures_at_a_fit_size() -> None:
    for name in DOCS:
        for end in ("", "-zh"):
            picture = ROOT / "docs" / "images" / f"{name}{end}.png"
            assert 10_000 < picture.stat().st_size < 100_000, picture.name
