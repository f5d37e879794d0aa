"""Each code block of the documentation runs, or is at least what it says it is."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import textwrap
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.asgi import get_asgi_application
from django.template import engines
from django.urls import include, path
from prometheus_client import CollectorRegistry

from teahouse import metrics
from teahouse.conf import Conf
from teahouse.live.counts import BOUNDS
from teahouse.live.figures import Figures, Totals
from tests.docs import shell
from tests.docs.blocks import INDENTED, Block, all_blocks
from tests.servers import ROOT

BLOCKS = all_blocks()

# Pages with a test of their own, which runs their Python and plays their conversations; it has more around them than
# a block alone. Their other blocks are tried here.
RUN_ELSEWHERE = {
    "docs/api.md": "tests/api/test_api_page.py",
    "docs/bots.md": "tests/live/test_bots.py",
    "docs/clients.md": "tests/live/test_client_docs.py",
    "docs/events.md": "tests/app/test_pages_of_speaking.py",
    "docs/hooks.md": "tests/app/test_pages_of_speaking.py",
    "docs/speaking.md": "tests/app/test_pages_of_speaking.py",
    "docs/start.md": "tests/embed/test_start.py",
    "docs/testing.md": "tests/app/test_testing.py",
    "docs/tutorial.md": "tests/docs/test_tutorial.py",
    "docs/embedding.md": "tests/embed/test_policy.py",
    "docs/own-database.md": "tests/embed/test_own_database.py",
    "docs/protocol.md": "tests/live/test_protocol_page.py",
}

# What does not run, by its page and a part of its first line, and why.
NOT_RUN = {
    ("docs/keeping.md", "15 4 * * *"): "a line of cron; the command in it stands in the block above",
    ("docs/own-database.md", '"OPTIONS": {"pool"'): "a line within a project's dictionary",
    ("docs/design/inside.md", "server     "): "a picture of layers; import-linter holds them",
    ("docs/design/inside.md", "class Block"): "what classes have, shorter than Python can say it",
    ("docs/design/inside.md", "class Outlet"): "what classes have, shorter than Python can say it",
    ("CONTRIBUTING.md", "server → api"): "a picture of layers; import-linter holds them",
}


def reason_for(block: Block) -> str | None:
    return next(
        (why for (page, part), why in NOT_RUN.items() if page == block.page and part in block.first), None
    )


def _json(block: Block) -> None:
    json.loads(block.text)


def _toml(block: Block) -> None:
    tomllib.loads(block.text)


def _python(block: Block) -> None:
    """Runs it where a project's settings, addresses and application are. What has a file is run by whoever follows
    its page."""
    code = compile(textwrap.dedent(block.text), str(block), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if block.file is None:
        there: dict[str, Any] = {"INSTALLED_APPS": [], "urlpatterns": [], "path": path, "include": include}
        there["application"] = get_asgi_application()
        exec(code, there)
        Conf(**there.get("TEAHOUSE", {}))


def _template(block: Block) -> None:
    engines["django"].from_string(block.text)


def _javascript(block: Block) -> None:
    done = subprocess.run(
        ["node", "--input-type=module", "--check"], input=block.text, text=True, capture_output=True
    )
    assert done.returncode == 0, done.stderr


def _style(block: Block) -> None:
    """Its custom properties are those that the elements know."""
    known = "".join(path.read_text() for path in (ROOT / "teahouse" / "static" / "teahouse").rglob("*.css"))
    for name in re.findall(r"^\s*(--teahouse-[\w-]+):", block.text, re.MULTILINE):
        assert f"var({name}" in known, name
    assert block.text.count("{") == block.text.count("}")


def _nginx(block: Block) -> None:
    for line in block.text.splitlines():
        assert re.search(r"[;{}]\s*(#.*)?$", line) or not line.strip(), line
    assert block.text.count("{") == block.text.count("}")


def _ini(block: Block) -> None:
    for line in block.text.splitlines():
        assert re.match(r"^(\[\w+\]|\w+=.*|#.*|)$", line), line


def _yaml(block: Block) -> None:
    """Of Prometheus: where it scrapes, and rules about figures that there are."""
    told = yaml.safe_load(block.text)
    assert told.keys() <= {"scrape_configs", "groups"}
    names = set(re.findall(r"\b(?:teahouse|process)_[a-z_]+", block.text))
    assert names <= figures_there_are(), names - figures_there_are()


def figures_there_are() -> set[str]:
    """Names of samples, of a process with something of everything."""
    own = Figures(
        process="a", redis=True, files=1, totals=Totals(commits=[0] * (len(BOUNDS) + 1), open_files=1)
    )
    registry = CollectorRegistry()
    registry.register(metrics.Collected([own], metrics.Stored(0, 0.0, [metrics.Followed("a", 0, True, 0)])))
    return {sample.name for family in registry.collect() for sample in family.samples}


def test_each_figure_is_told_of() -> None:
    page = (ROOT / "docs" / "deployment.md").read_text()
    told = set(re.findall(r"`((?:teahouse|process)_[a-z_]+)`", page))
    there = {re.sub(r"_(bucket|sum|count)$", "", name) for name in figures_there_are()}
    assert there == told


def _shell(block: Block) -> None:
    shell.check(block.text)


CHECKS: dict[str, Callable[[Block], None]] = {
    INDENTED: _shell,
    "sh": _shell,
    "console": _shell,
    "python": _python,
    "json": _json,
    "toml": _toml,
    "html": _template,
    "javascript": _javascript,
    "js": _javascript,
    "css": _style,
    "nginx": _nginx,
    "ini": _ini,
    "yaml": _yaml,
}


@pytest.mark.parametrize("page", sorted({block.page for block in BLOCKS}))
def test_blocks_are_what_they_say(page: str) -> None:
    there = {"", "python", "transcript", "js", "javascript", "sh"} if page in RUN_ELSEWHERE else set()
    for block in BLOCKS:
        if block.page == page and not reason_for(block) and block.language not in there:
            assert block.language in CHECKS, f"{block}: say in which language this is"
            try:
                CHECKS[block.language](block)
            except Exception as error:
                error.add_note(f"in {block}")
                raise


@pytest.mark.parametrize(("page", "test"), RUN_ELSEWHERE.items())
def test_pages_with_an_own_test_are_named_in_it(page: str, test: str) -> None:
    assert Path(page).name in (ROOT / test).read_text(encoding="utf-8")


def test_what_does_not_run_is_there_and_each_has_its_reason() -> None:
    for page, part in NOT_RUN:
        assert any(block.page == page and part in block.first for block in BLOCKS), (page, part)


@pytest.mark.parametrize(
    "line",
    [
        "teahouse backup --faster",
        "manage.py teahouse_tokens Deploy",
        "bin/docs --pdf",
        "bin/nothing",
        "teahuose serve",
        "if then",
    ],
)
def test_a_wrong_line_is_noticed(line: str) -> None:
    with pytest.raises(shell.WrongLine):
        shell.check(line)
