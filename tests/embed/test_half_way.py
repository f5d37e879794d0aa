"""Whoever adds the lines of docs/start.md in whatever order is led through by `check`, and may always `migrate`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.servers import ROOT, environment


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("half-way")
    command = [sys.executable, "-m", "tests.embed.half_way", str(folder)]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


NAMED = {
    "asgi setting": "ASGI_APPLICATION = ",
    "urls": 'path("chat/", include("teahouse.urls")),',
    "daphne": 'INSTALLED_APPS = ["daphne", …]',
}
"""Which line each that is missing is answered with."""


def test_migrate_works_with_the_app_and_any_of_the_other_lines(told: list[dict[str, Any]]) -> None:
    assert len(told) == 12
    stopped = [one for one in told if one["status"] not in (0, None)]
    assert stopped == []
    assert all("Planned operations:" in one["said"] and "teahouse.0001" in one["said"] for one in told)


def test_each_missing_line_is_named(told: list[dict[str, Any]]) -> None:
    for one in told:
        for line, words in NAMED.items():
            assert (words in one["said"]) == (line not in one["there"]), (one["there"], line, one["said"])
        # Where the application is not named it cannot be looked at.
        bare = "asgi setting" in one["there"] and "sockets" not in one["there"]
        assert ("application = with_teahouse(application)" in one["said"]) == bare, one
        assert ("teahouse.E067" in one["said"]) == ("policy" in one["there"])


def test_a_mistake_that_tables_would_suffer_from_stops_it(tmp_path: Path) -> None:
    """The opposite: a router that lets the tables be made nowhere."""
    script = (
        "import sys; from pathlib import Path; from tests.embed import half_way as h; sys.path.insert(0, sys.argv[1]);"
        "kept = h.settings_of; folder = Path(sys.argv[1]);"
        "h.settings_of = lambda *a: kept(*a) | {'DATABASE_ROUTERS': ['tests.embed.half_way.Nowhere']};"
        "print(h.migrate(frozenset({'urls'}), folder))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert "SystemCheckError" in done.stdout, done.stdout + done.stderr
    assert "teahouse.E066" in done.stdout
