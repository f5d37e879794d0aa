"""The doctor run as a person runs it, on real environments and real projects."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from teahouse.server.doctor import main
from tests.doctor.environments import Environments
from tests.doctor.projects import Site


@pytest.fixture(scope="session")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Environments:
    base = tmp_path_factory.getbasetemp()
    # A worker's folder lies in the session's, which the others share.
    return Environments((base.parent if base.name.startswith("popen-") else base) / "environments")


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.delenv("WEB_CONCURRENCY", raising=False)
    # pytest-django sets it for our own tests; a project's manage.py names its own.
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A project as startproject makes it, with a chat of the old school."""
    return Site(tmp_path / "site")


class Told:
    """What the doctor said with --json."""

    def __init__(self, status: int, output: str) -> None:
        self.status = status
        self.facts: dict[str, Any] = json.loads(output)
        self.findings: list[dict[str, Any]] = self.facts["findings"]

    @property
    def ids(self) -> list[str]:
        """Of all that is not well, without the prefix."""
        return [one["id"].removeprefix("teahouse.") for one in self.findings if one["id"]]

    @property
    def errors(self) -> list[str]:
        return [one["id"].removeprefix("teahouse.") for one in self.findings if one["level"] == "error"]

    def __getitem__(self, key: str) -> dict[str, Any]:
        """The finding with this id."""
        found = [one for one in self.findings if one["id"] == f"teahouse.{key}"]
        assert found, f"teahouse.{key} was not found, but {self.ids}"
        return found[0]

    def says(self, words: str) -> bool:
        return any(words in one["say"] for one in self.findings)


Doctor = Callable[..., Told]


@pytest.fixture
def doctor(capsys: pytest.CaptureFixture[str]) -> Doctor:
    """`doctor("--python", path)`: runs it with --json."""

    def run(*arguments: str | Path) -> Told:
        capsys.readouterr()
        status = main([str(word) for word in arguments] + ["--json"])
        output, problems = capsys.readouterr()
        assert not problems, problems
        return Told(status, output)

    return run
