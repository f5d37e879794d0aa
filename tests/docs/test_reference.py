"""docs/reference is made from the code, and is as the code is."""

from __future__ import annotations

import inspect
import subprocess
import sys
from types import ModuleType

import pytest

import teahouse
from teahouse import client, testing
from tests.servers import ROOT


def test_it_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "bin" / "reference", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_tells_all_that_a_project_calls() -> None:
    page = (ROOT / "docs" / "reference" / "python.md").read_text()
    for name in teahouse.__all__:
        assert name.startswith("__") or f"\n### {name}\n" in page


@pytest.mark.parametrize("module", [client, testing])
def test_it_tells_all_that_objects_have(module: ModuleType) -> None:
    page = (ROOT / "docs" / "reference" / "python.md").read_text()
    kinds = [kind for kind in (getattr(module, name) for name in module.__all__) if inspect.isclass(kind)]
    names = {
        f"{kind.__name__}.{name}"
        for kind in kinds
        for name, value in vars(kind).items()
        if not name.startswith("_") and (inspect.isfunction(value) or isinstance(value, property))
    }
    assert len(names) > 5
    # Which is unittest's.
    assert {name for name in names if f"\n#### {name}\n" not in page} - {"LiveChatTestCase.setUp"} == set()


def test_nothing_of_this_machine_is_in_it() -> None:
    for path in (ROOT / "docs" / "reference").glob("*.md"):
        assert str(ROOT) not in path.read_text()
        assert "/root/" not in path.read_text()
